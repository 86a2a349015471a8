//! Wheels and sdists in, what is wrong with them out; and the same files in a form that comes out the same everywhere.

mod entry_points;
mod fields;
mod file_name;
mod name;
mod record;
mod tag;
mod version;

pub use entry_points::{InvalidEntryPoints, MAX_ENTRY_POINTS_BYTES, check_entry_points};
pub use fields::{Field, Fields, InvalidFields, MAX_FIELDS_BYTES};
pub use file_name::{FileName, InvalidFileName, WheelTags};
pub use name::{InvalidName, ProjectName};
pub use record::{InvalidRecord, MAX_RECORD_BYTES, RecordLine, RecordedDigest, parse_record};
pub use tag::{InvalidTag, MAX_TAGS, Tag};
pub use version::{InvalidVersion, MAX_VERSION_BYTES, Version};

//! Wheels and sdists in, what is wrong with them out; and the same files in a form that comes out the same everywhere.
//!
//! [`Distribution::read`] reads an archive that nobody vouches for and holds it to the specifications of PyPA: its file name,
//! its metadata, `WHEEL`, `RECORD` and the rest, and finds everything that is wrong at once. [`Distribution::normalise`] writes
//! the same files anew, so that two builds which differ only in times, order, modes, owners and compressor become equal bytes.

mod change;
mod contents;
mod distribution;
mod entry_points;
mod fields;
mod file_name;
mod metadata;
mod name;
mod normal;
mod problem;
mod record;
mod recorded;
mod sdist;
mod tag;
mod text;
mod version;
mod wheel;

pub use change::{Cause, Change};
pub use distribution::{Distribution, DistributionKind, MAX_PROBLEMS};
pub use entry_points::{InvalidEntryPoints, MAX_ENTRY_POINTS_BYTES, check_entry_points};
pub use fields::{Field, Fields, InvalidFields, MAX_FIELDS, MAX_FIELDS_BYTES};
pub use file_name::{FileName, InvalidFileName, WheelTags};
pub use name::{InvalidName, ProjectName};
pub use normal::{Normalisation, NormaliseError, Normalised};
pub use problem::Problem;
pub use record::{InvalidRecord, MAX_RECORD_BYTES, RecordLine, RecordedDigest, parse_record};
pub use tag::{InvalidTag, MAX_TAGS, Tag};
pub use text::InvalidText;
pub use version::{InvalidVersion, MAX_VERSION_BYTES, Version};

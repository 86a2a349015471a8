//! Images: layouts that are read, foreign and hostile ones among them.

#![expect(clippy::unwrap_used, reason = "tests")]

mod archived;
mod building;
mod combining;
mod compared;
mod made;
mod reading;

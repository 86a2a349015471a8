//! The members of an archive, with the digests of their bytes.

use std::collections::HashMap;
use std::io::{self, SeekFrom};

use attest_digest::{Algorithms, Measured, MeasuringReader};

use super::paths::{Bytes, Comparer};
use crate::read::{Entry, ReadError, Summary, read_archive};

/// What one archive holds.
pub(super) struct Listing {
    pub(super) members: Vec<Listed>,
    pub(super) summary: Summary,
    places: HashMap<String, usize>,
}

/// A member, and what its bytes are.
pub(super) struct Listed {
    pub(super) entry: Entry,
    pub(super) measured: Measured,
}

impl Listing {
    pub(super) fn read(comparer: &Comparer, bytes: &mut dyn Bytes) -> Result<Self, ReadError> {
        let algorithms: Algorithms = Algorithms::one(attest_digest::Algorithm::Sha256);
        let mut members = Vec::new();
        bytes.seek(SeekFrom::Start(0))?;
        let summary = read_archive(bytes, &comparer.limits, |entry, content| {
            let mut reader = MeasuringReader::new(content, &algorithms);
            io::copy(&mut reader, &mut io::sink())?;
            let (_, measured) = reader.finish();
            members.push(Listed {
                entry: entry.clone(),
                measured,
            });
            Ok::<(), ReadError>(())
        })?;
        let places = members
            .iter()
            .enumerate()
            .map(|(place, listed): (usize, &Listed)| (listed.name().to_owned(), place))
            .collect();
        Ok(Self {
            members,
            summary,
            places,
        })
    }

    pub(super) fn at(&self, name: &str) -> Option<&Listed> {
        self.places.get(name).map(|place| &self.members[*place])
    }
}

impl Listed {
    pub(super) fn name(&self) -> &str {
        self.entry.path.as_str()
    }
}

//! The outermost tables of the lock files of poetry and pdm.

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Packages, and what is said of all of them.
#[derive(Deserialize)]
#[serde(bound = "Package: DeserializeOwned, Metadata: DeserializeOwned + Default")]
pub(super) struct LockTables<Package, Metadata> {
    #[serde(default = "Vec::new")]
    pub(super) package: Vec<Package>,
    #[serde(default)]
    pub(super) metadata: Metadata,
}

impl<Package: DeserializeOwned, Metadata: DeserializeOwned + Default> LockTables<Package, Metadata> {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }
}

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::{Error, ISSUER, WORKFLOW};

/// One folder of a corpus. Its name ends in `_fail` when it has to be rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConformanceCase {
    /// The name of the folder.
    pub name: String,
    /// Why it is there: where the mistake was made before.
    pub readme: String,
    /// The bundle.
    pub bundle: Value,
    /// The trust root, where it is not that of the corpus.
    pub trusted_root: Option<Value>,
    /// The expected key in PEM, where no certificate is expected.
    pub key: Option<String>,
}

impl ConformanceCase {
    pub(super) fn accepted(name: &str, readme: &str, bundle: Value) -> Self {
        Self {
            name: name.to_owned(),
            readme: readme.to_owned(),
            bundle,
            trusted_root: None,
            key: None,
        }
    }

    pub(super) fn rejected(name: &str, readme: &str, bundle: Value) -> Self {
        Self::accepted(&format!("{name}_fail"), readme, bundle)
    }

    pub(super) fn with_root(mut self, root: Value) -> Self {
        self.trusted_root = Some(root);
        self
    }

    pub(super) fn with_key(mut self, pem: String) -> Self {
        self.key = Some(pem);
        self
    }

    pub(super) fn write(&self, cases: &Path) -> Result<(), Error> {
        let folder = cases.join(&self.name);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("README"), format!("{}\n", self.readme))?;
        fs::write(folder.join("bundle.sigstore.json"), self.bundle.to_string())?;
        if let Some(root) = &self.trusted_root {
            fs::write(folder.join("trusted_root.json"), serde_json::to_string_pretty(root)?)?;
        }
        match &self.key {
            Some(pem) => fs::write(folder.join("key.pub"), pem)?,
            None => {
                fs::write(folder.join("identity"), WORKFLOW)?;
                fs::write(folder.join("issuer"), ISSUER)?;
            }
        }
        Ok(())
    }
}

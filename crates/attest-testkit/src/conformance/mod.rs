//! Cases in the shape of sigstore-conformance for what its corpus lacks: entries of kind `dsse` 0.0.2, witnesses, several
//! times, several authorities, keys and the ways in which they sign, and what went wrong in other verifiers.

mod algorithms;
mod case;
mod evidence;
mod keys;
mod material;
mod roots;
mod witness;

use std::fs;
use std::path::Path;

pub use case::ConformanceCase;
use material::Material;

use crate::Error;

/// Every case, in the order of their names.
///
/// # Errors
/// Never, unless the sandbox changed.
pub fn conformance_cases() -> Result<Vec<ConformanceCase>, Error> {
    let material = Material::new()?;
    let mut all = evidence::cases(&material)?;
    all.extend(witness::cases(&material));
    all.extend(roots::cases(&material)?);
    all.extend(keys::cases(&material)?);
    all.extend(algorithms::cases(&material)?);
    all.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(all)
}

/// Writes a corpus: the cases, and what they share.
///
/// # Errors
/// When a file cannot be written.
pub fn write_conformance(directory: &Path) -> Result<(), Error> {
    let material = Material::new()?;
    let cases = directory.join("bundle-verify");
    fs::create_dir_all(&cases)?;
    fs::write(directory.join("trusted_root.json"), &material.trusted_root)?;
    fs::write(cases.join("a.txt"), material::ARTIFACT)?;
    for case in conformance_cases()? {
        case.write(&cases)?;
    }
    Ok(())
}

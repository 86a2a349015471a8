use std::fs;
use std::path::{Path, PathBuf};

use reqwest::{Certificate, Identity};

use super::{Certificates, Error};

/// The largest file of certificates that is read, in bytes: the bundle of all public authorities has 200 KiB.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// The most files of a registry that are looked at: one authority and one certificate are usual.
const MAX_FILES: usize = 100;

/// What there is for one registry.
#[derive(Default)]
pub(super) struct Material {
    pub(super) authorities: Vec<Certificate>,
    pub(super) client: Option<Identity>,
}

impl Material {
    pub(super) fn is_empty(&self) -> bool {
        self.authorities.is_empty() && self.client.is_none()
    }
}

impl Certificates {
    /// Everything that counts for a host. A client certificate that was named goes to registries, and not where they lead to.
    pub(super) fn for_host(&self, host: &str, is_registry: bool) -> Result<Material, Error> {
        let mut material = Material::default();
        for path in &self.authorities {
            material.authorities.extend(authorities(path)?);
        }
        if let Some((certificate, key)) = self.client.as_ref().filter(|_| is_registry) {
            material.client = Some(identity(certificate, key)?);
        }
        for directory in &self.directories {
            of_directory(&directory.join(host), &mut material)?;
        }
        Ok(material)
    }
}

/// Source: Docker, "Verify repository client with certificates"; `containers-certs.d(5)`.
fn of_directory(directory: &Path, material: &mut Material) -> Result<(), Error> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        // Also a path that is a file: nobody made a directory for this registry.
        Err(error)
            if matches!(
                error.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(());
        }
        Err(error) => return Err(problem(directory, error)),
    };
    let paths = entries.take(MAX_FILES).map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = paths
        .collect::<Result<_, _>>()
        .map_err(|error| problem(directory, error))?;
    paths.sort();
    for path in paths {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("crt") => material.authorities.extend(authorities(&path)?),
            Some("cert") if material.client.is_none() => {
                material.client = Some(identity(&path, &path.with_extension("key"))?);
            }
            _ => {}
        }
    }
    Ok(())
}

fn authorities(path: &Path) -> Result<Vec<Certificate>, Error> {
    let found = Certificate::from_pem_bundle(&read(path)?).map_err(|error| problem(path, error))?;
    match found.is_empty() {
        false => Ok(found),
        true => Err(problem(path, "expected certificates as PEM, found none")),
    }
}

fn identity(certificate: &Path, key: &Path) -> Result<Identity, Error> {
    let mut pem = read(certificate)?;
    pem.push(b'\n');
    pem.extend(read(key)?);
    Identity::from_pem(&pem).map_err(|error| problem(certificate, error))
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| problem(path, error))?;
    let read = file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| problem(path, error))?;
    match bytes.len() as u64 > MAX_FILE_BYTES {
        true => Err(problem(
            path,
            format_args!("expected at most {MAX_FILE_BYTES} bytes, found more"),
        )),
        false => Ok(bytes),
    }
}

fn problem(path: &Path, problem: impl ToString) -> Error {
    Error::Certificates {
        path: path.to_owned(),
        problem: problem.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_is_told_and_what_is_not_there_is_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let certificates = Certificates {
            directories: vec![directory.path().to_owned()],
            ..Certificates::default()
        };
        assert!(certificates.for_host("localhost:5000", true).unwrap().is_empty());
        let of_host = directory.path().join("localhost:5000");
        fs::create_dir(&of_host).unwrap();
        fs::write(of_host.join("readme.txt"), "not looked at").unwrap();
        assert!(certificates.for_host("localhost:5000", true).unwrap().is_empty());
        fs::write(of_host.join("ca.crt"), "not PEM").unwrap();
        let found = certificates.for_host("localhost:5000", true).err().unwrap();
        let expected = Error::Certificates {
            path: of_host.join("ca.crt"),
            problem: "expected certificates as PEM, found none".to_owned(),
        };
        assert_eq!(found, expected);
        assert!(certificates.for_host("localhost:5001", true).unwrap().is_empty());
    }

    #[test]
    fn a_client_certificate_needs_its_key() {
        let directory = tempfile::tempdir().unwrap();
        let of_host = directory.path().join("localhost:5000");
        fs::create_dir(&of_host).unwrap();
        fs::write(of_host.join("client.cert"), "").unwrap();
        let certificates = Certificates {
            directories: vec![directory.path().to_owned()],
            ..Certificates::default()
        };
        let found = certificates.for_host("localhost:5000", true).err().unwrap();
        assert!(matches!(found, Error::Certificates { path, .. } if path == of_host.join("client.key")));
    }
}

use attest_digest::checksums::ChecksumReader;
use serde_json::{Value, json};

/// The files of a list, and the lines that cannot be read.
pub(super) fn describe(bytes: &[u8]) -> Value {
    let mut files: Vec<Value> = Vec::new();
    let mut malformed: Vec<Value> = Vec::new();
    for line in ChecksumReader::new(bytes, None) {
        match line {
            Ok(entry) => {
                let digests = json!({ entry.digest.algorithm().name(): entry.digest.to_hex() });
                files.push(json!({ "name": String::from_utf8_lossy(entry.name.as_bytes()), "digests": digests }));
            }
            Err(error) => malformed.push(error.to_string().into()),
        }
    }
    json!({ "count": files.len(), "files": files, "malformed": malformed })
}

use attest_digest::Digest;

use super::Metadata;
use crate::yaml::scalar;

/// What a provenance file says of a package, before it is signed in the clear (<https://helm.sh/docs/topics/provenance/>):
/// the fields of `Chart.yaml`, a line with `...`, and the digest of the file.
///
/// Every line ends in a line feed and none in a space, so that what is signed is what is read.
#[must_use]
pub fn provenance_text(metadata: &Metadata, file_name: &str, digest: &Digest) -> String {
    let (chart, algorithm, hex) = (metadata.to_yaml(), digest.algorithm(), digest.to_hex());
    format!("{chart}\n...\nfiles:\n  {}: {algorithm}:{hex}\n", scalar(file_name))
}

#[cfg(test)]
mod tests {
    use attest_digest::Algorithm;

    use super::*;

    #[test]
    fn it_has_the_fields_and_the_digest() {
        let metadata =
            Metadata::parse(b"apiVersion: v2\nname: app\nversion: 1.0.0\ndescription: \"a\\n...\\nfiles:\"\n").unwrap();
        let digest = Digest::from_bytes(Algorithm::Sha256, &[0xab; 32]).unwrap();
        let text = provenance_text(&metadata, "app-1.0.0.tgz", &digest);
        let expected = format!(
            "apiVersion: v2\ndescription: \"a\\n...\\nfiles:\"\nname: app\nversion: 1.0.0\n\n...\nfiles:\n  app-1.0.0.tgz: sha256:{}\n",
            "ab".repeat(32)
        );
        assert_eq!(text, expected);
    }
}

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::cyclonedx::Hash;

/// The algorithms of Subresource Integrity and the older ones that package managers still write, with their lengths in bytes.
const ALGORITHMS: [(&str, &str, usize); 5] = [
    ("md5", "MD5", 16),
    ("sha1", "SHA-1", 20),
    ("sha256", "SHA-256", 32),
    ("sha384", "SHA-384", 48),
    ("sha512", "SHA-512", 64),
];

/// The hashes of a package file: `algorithm-base64`, several with blanks between them, options after a question mark.
///
/// Source: W3C Subresource Integrity, section 3.5. Nothing if any of it is malformed.
pub(super) fn hashes(text: &str) -> Option<Vec<Hash>> {
    let mut hashes = Vec::new();
    for word in text.split_ascii_whitespace() {
        let (name, value) = word.split('?').next()?.split_once('-')?;
        let bytes = STANDARD.decode(value).ok()?;
        add(&mut hashes, algorithm(name, bytes.len())?, &bytes);
    }
    Some(hashes)
}

/// The SHA-1 that follows an address after `#`, as Yarn 1 writes it.
pub(super) fn of_fragment(address: &str) -> Option<Hash> {
    let (_, fragment) = address.rsplit_once('#')?;
    let is_sha1 = fragment.len() == 40 && fragment.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_sha1.then(|| Hash {
        alg: "SHA-1",
        content: fragment.to_ascii_lowercase(),
    })
}

fn algorithm(name: &str, length: usize) -> Option<&'static str> {
    let found = ALGORITHMS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name))?;
    (found.2 == length).then_some(found.1)
}

fn add(hashes: &mut Vec<Hash>, alg: &'static str, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    let content = bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect();
    let hash = Hash { alg, content };
    if !hashes.contains(&hash) {
        hashes.push(hash);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_is_named_and_written_in_hexadecimal() {
        let found = hashes("sha1-cfUw57AQr163p993UveJId1X6e4= md5-AAAAAAAAAAAAAAAAAAAAAA==?x=1").unwrap();
        let expected = [
            ("SHA-1", "71f530e7b010af5eb7a7df7752f78921dd57e9ee".to_owned()),
            ("MD5", "0".repeat(32)),
        ];
        let found: Vec<_> = found.into_iter().map(|hash| (hash.alg, hash.content)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_no_hash_of_its_algorithm_is_refused() {
        for text in [
            "sha1-AAAA",
            "sha1",
            "sha9-cfUw57AQr163p993UveJId1X6e4=",
            "sha1-cfUw57AQr163p993UveJId1X6e4",
            "sha512-!",
        ] {
            assert_eq!(hashes(text), None, "{text}");
        }
        assert_eq!(hashes(""), Some(Vec::new()));
    }

    #[test]
    fn a_fragment_is_a_hash_only_if_it_looks_like_one() {
        let digest = "71F530e7b010af5eb7a7df7752f78921dd57e9ee";
        let found = of_fragment(&format!("https://example.com/a.tgz#{digest}")).unwrap();
        assert_eq!(found.content, digest.to_lowercase());
        assert_eq!(of_fragment("https://example.com/a.git#main"), None);
    }
}

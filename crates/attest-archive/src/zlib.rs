use std::io::Read;

use flate2::read::ZlibDecoder;

/// What a zlib stream holds. Whoever reads to its end has its checksum looked at; what follows the stream is left, as far as it was not
/// read ahead.
///
/// Source: RFC 1950.
pub fn inflate_zlib(stream: impl Read) -> impl Read {
    ZlibDecoder::new(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `abc`, stored: a header, a block and its length, the bytes, and their Adler-32.
    const ABC: &[u8] = b"\x78\x01\x01\x03\x00\xfc\xffabc\x02\x4d\x01\x27";

    #[test]
    fn a_stream_is_read_to_its_end_and_held_to_its_sum() {
        let mut text = String::new();
        inflate_zlib(ABC).read_to_string(&mut text).unwrap();
        assert_eq!(text, "abc");
        let mut spoiled = ABC.to_vec();
        spoiled[8] ^= 1;
        assert!(inflate_zlib(&spoiled[..]).read_to_end(&mut Vec::new()).is_err());
    }
}

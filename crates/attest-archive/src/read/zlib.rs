use std::io;

use flate2::{Decompress, FlushDecompress, Status};

/// How much room there is first.
const FIRST: usize = 16 << 10;

/// What a zlib stream (RFC 1950) holds, if that is at most `limit` bytes. What follows the stream is left alone.
///
/// # Errors
/// [`io::ErrorKind::UnexpectedEof`] for a stream that does not end, [`io::ErrorKind::InvalidData`] for one that is damaged or
/// holds more.
pub fn inflate_zlib(stream: &[u8], limit: usize) -> io::Result<Vec<u8>> {
    let mut state = Decompress::new(true);
    let mut content = Vec::new();
    loop {
        let room = content.len().max(FIRST).min(limit.saturating_add(1) - content.len());
        content.reserve_exact(room);
        let before = (state.total_in(), state.total_out());
        let rest = usize::try_from(before.0)
            .ok()
            .and_then(|place| stream.get(place..))
            .unwrap_or_default();
        let status = state
            .decompress_vec(rest, &mut content, FlushDecompress::None)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        if content.len() > limit {
            let reason = format!("expected at most {limit} bytes in a zlib stream, found more");
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        if status == Status::StreamEnd {
            return Ok(content);
        }
        if (state.total_in(), state.total_out()) == before {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn stream(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_stream_is_read_up_to_the_limit_and_no_further() {
        for size in [0, 1, FIRST, FIRST + 1, 1 << 20] {
            let content = vec![7; size];
            let mut bytes = stream(&content);
            bytes.extend([0; 9]);
            assert_eq!(inflate_zlib(&bytes, size).unwrap(), content);
            if size > 0 {
                let error = inflate_zlib(&bytes, size - 1).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            }
        }
    }

    #[test]
    fn a_stream_that_stops_or_is_damaged_is_rejected() {
        let bytes = stream(b"content of some length");
        let error = inflate_zlib(&bytes[..bytes.len() - 1], 100).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        let mut damaged = bytes.clone();
        damaged[0] = 0;
        assert_eq!(
            inflate_zlib(&damaged, 100).unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
        *damaged.last_mut().unwrap() ^= 1;
        damaged[0] = bytes[0];
        assert_eq!(
            inflate_zlib(&damaged, 100).unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
    }
}

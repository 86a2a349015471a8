use crate::DetachedError;

const WHAT: &str = "data in the encoding of SSH";

/// Reads the data types of SSH, RFC 4251, section 5.
pub(super) struct Wire<'a>(&'a [u8]);

impl<'a> Wire<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], DetachedError> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(DetachedError::malformed(WHAT, "it ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn number(&mut self) -> Result<u32, DetachedError> {
        let bytes = self.bytes(4)?.try_into().expect("four bytes were taken");
        Ok(u32::from_be_bytes(bytes))
    }

    pub(super) fn string(&mut self) -> Result<&'a [u8], DetachedError> {
        let length = self.number()?;
        self.bytes(usize::try_from(length).unwrap_or(usize::MAX))
    }

    pub(super) fn text(&mut self) -> Result<&'a str, DetachedError> {
        std::str::from_utf8(self.string()?).map_err(|_| DetachedError::malformed(WHAT, "a name in it is no UTF-8"))
    }

    /// A positive number of any size, in its only spelling, without its sign.
    pub(super) fn positive(&mut self) -> Result<&'a [u8], DetachedError> {
        match self.string()? {
            [0, high, ..] if high & 0x80 == 0 => {
                Err(DetachedError::malformed(WHAT, "a number in it has a needless zero"))
            }
            [0, digits @ ..] if !digits.is_empty() => Ok(digits),
            [high, ..] if high & 0x80 != 0 => Err(DetachedError::malformed(WHAT, "a number in it is negative")),
            digits @ [high, ..] if *high != 0 => Ok(digits),
            _ => Err(DetachedError::malformed(WHAT, "a number in it is zero")),
        }
    }

    pub(super) fn finish(self) -> Result<(), DetachedError> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(DetachedError::malformed(WHAT, "it goes on after its end")),
        }
    }
}

/// Writes a string, RFC 4251, section 5.
pub(super) fn put_string(into: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).expect("what was read as a string, and digests, are shorter than 4 GiB");
    into.extend_from_slice(&length.to_be_bytes());
    into.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positive(bytes: &[u8]) -> Result<Vec<u8>, DetachedError> {
        let mut written = Vec::new();
        put_string(&mut written, bytes);
        let mut wire = Wire::new(&written);
        let number = wire.positive()?.to_vec();
        wire.finish()?;
        Ok(number)
    }

    #[test]
    fn numbers_have_one_spelling() {
        assert_eq!(positive(&[0x7f, 1]), Ok(vec![0x7f, 1]));
        assert_eq!(positive(&[0, 0x80]), Ok(vec![0x80]));
        let refused = [
            (vec![0x80], "a number in it is negative"),
            (vec![0, 1], "a number in it has a needless zero"),
            (vec![], "a number in it is zero"),
            (vec![0], "a number in it is zero"),
        ];
        for (bytes, problem) in refused {
            assert_eq!(positive(&bytes), Err(DetachedError::malformed(WHAT, problem)));
        }
    }

    #[test]
    fn a_string_longer_than_what_is_there_is_refused() {
        let mut wire = Wire::new(&[0xff, 0xff, 0xff, 0xff, 1]);
        assert_eq!(wire.string(), Err(DetachedError::malformed(WHAT, "it ends too early")));
    }
}

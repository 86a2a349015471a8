//! Tar archives made block by block, right or wrong.

/// A header that can be spoilt before its checksum is set.
#[derive(Clone)]
pub(crate) struct Block(pub(crate) [u8; 512]);

impl Block {
    /// A ustar header.
    pub(crate) fn new(name: &str, type_flag: u8, size: usize) -> Self {
        let mut block = Self([0; 512]);
        block
            .put(0, name.as_bytes())
            .put(100, b"0000644\0")
            .put(108, b"0000000\0")
            .put(116, b"0000000\0")
            .put(124, format!("{size:011o}\0").as_bytes())
            .put(136, b"00000000000\0")
            .put(156, &[type_flag])
            .put(257, b"ustar\x0000");
        block
    }

    pub(crate) fn put(&mut self, at: usize, bytes: &[u8]) -> &mut Self {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    pub(crate) fn link(name: &str, type_flag: u8, target: &str) -> Self {
        let mut block = Self::new(name, type_flag, 0);
        block.put(157, target.as_bytes());
        block
    }

    /// The header and its content, padded.
    pub(crate) fn with(mut self, content: &[u8]) -> Vec<u8> {
        self.0[148..156].fill(b' ');
        let sum: u64 = self.0.iter().map(|byte| u64::from(*byte)).sum();
        self.put(148, format!("{sum:06o}\0 ").as_bytes());
        let mut bytes = self.0.to_vec();
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        bytes
    }
}

/// A file.
pub(crate) fn file(name: &str, content: &[u8]) -> Vec<u8> {
    Block::new(name, b'0', content.len()).with(content)
}

/// An extended header.
pub(crate) fn extended(records: &str) -> Vec<u8> {
    Block::new("x", b'x', records.len()).with(records.as_bytes())
}

/// A GNU long name (`L`) or link (`K`).
pub(crate) fn gnu_long(type_flag: u8, text: &str) -> Vec<u8> {
    Block::new("././@LongLink", type_flag, text.len()).with(text.as_bytes())
}

/// The archive of these members, with its end.
pub(crate) fn archive(members: &[Vec<u8>]) -> Vec<u8> {
    [members.concat(), vec![0; 1024]].concat()
}

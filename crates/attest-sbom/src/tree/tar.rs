//! Streams of tar for tests.

const BLOCK: usize = 512;

#[derive(Default)]
pub(crate) struct Tar(Vec<u8>);

impl Tar {
    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        self.member(path, b'0', "", text.as_bytes())
    }

    pub(crate) fn link(self, path: &str, target: &str) -> Self {
        self.member(path, b'2', target, b"")
    }

    pub(crate) fn hard_link(self, path: &str, target: &str) -> Self {
        self.member(path, b'1', target, b"")
    }

    /// A file whose path is longer than a header has room for.
    pub(crate) fn long(self, path: &str, text: &str) -> Self {
        self.member("long", b'L', "", format!("{path}\0").as_bytes())
            .file("short", text)
    }

    pub(crate) fn end(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 2 * BLOCK, 0);
        self.0
    }

    fn member(mut self, path: &str, type_flag: u8, target: &str, bytes: &[u8]) -> Self {
        let mut block = [0; BLOCK];
        block[..path.len()].copy_from_slice(path.as_bytes());
        for (start, text) in [
            (100, "0000644"),
            (108, "0000000"),
            (116, "0000000"),
            (136, "00000000000"),
        ] {
            block[start..start + text.len()].copy_from_slice(text.as_bytes());
        }
        block[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        block[156] = type_flag;
        block[157..157 + target.len()].copy_from_slice(target.as_bytes());
        block[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum::<u64>() + 8 * u64::from(b' ');
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        self.0.extend_from_slice(&block);
        self.0.extend_from_slice(bytes);
        self.0.resize(self.0.len().next_multiple_of(BLOCK), 0);
        self
    }
}

//! Zip archives made record by record, right or wrong.

use flate2::Crc;

/// A member, whose two headers can be told different things.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) local: Header,
    pub(crate) central: Header,
    pub(crate) bytes: Vec<u8>,
    /// What follows the bytes.
    pub(crate) descriptor: Vec<u8>,
    pub(crate) made_by: u16,
    pub(crate) mode: u32,
    /// The lower half of the attributes.
    pub(crate) dos: u16,
    /// Added to the offset that the central directory names.
    pub(crate) shift: i64,
}

#[derive(Clone)]
pub(crate) struct Header {
    pub(crate) name: Vec<u8>,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) checksum: u32,
    pub(crate) compressed: u32,
    pub(crate) size: u32,
    pub(crate) extra: Vec<u8>,
}

/// A file, stored.
pub(crate) fn stored(name: &str, bytes: &[u8]) -> Part {
    let mut crc = Crc::new();
    crc.update(bytes);
    let header = Header {
        name: name.into(),
        flags: 0,
        method: 0,
        checksum: crc.sum(),
        compressed: bytes.len() as u32,
        size: bytes.len() as u32,
        extra: Vec::new(),
    };
    Part {
        local: header.clone(),
        central: header,
        bytes: bytes.into(),
        descriptor: Vec::new(),
        made_by: 3 << 8 | 20,
        mode: 0o100_644,
        dos: 0,
        shift: 0,
    }
}

/// A file, deflated.
pub(crate) fn deflated(name: &str, plain: &[u8]) -> Part {
    use std::io::Write;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(plain).unwrap();
    let mut part = stored(name, plain);
    part.bytes = encoder.finish().unwrap();
    part.both(|header| header.method = 8);
    let length = part.bytes.len() as u32;
    part.both(|header| header.compressed = length);
    part
}

impl Part {
    /// Tells both headers the same.
    pub(crate) fn both(&mut self, change: impl Fn(&mut Header)) {
        change(&mut self.local);
        change(&mut self.central);
    }
}

impl Header {
    fn shared(&self) -> Vec<u8> {
        let mut record = Vec::new();
        for number in [20, self.flags, self.method, 0, 33] {
            record.extend_from_slice(&number.to_le_bytes());
        }
        for number in [self.checksum, self.compressed, self.size] {
            record.extend_from_slice(&number.to_le_bytes());
        }
        for length in [self.name.len(), self.extra.len()] {
            record.extend_from_slice(&(length as u16).to_le_bytes());
        }
        record
    }
}

/// What stands at the end; each field can be changed.
pub(crate) struct End {
    pub(crate) here: u16,
    pub(crate) members: u16,
    pub(crate) size: u32,
    pub(crate) offset: u32,
    pub(crate) comment: Vec<u8>,
}

impl End {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut record = b"PK\x05\x06\0\0\0\0".to_vec();
        record.extend_from_slice(&self.here.to_le_bytes());
        record.extend_from_slice(&self.members.to_le_bytes());
        record.extend_from_slice(&self.size.to_le_bytes());
        record.extend_from_slice(&self.offset.to_le_bytes());
        record.extend_from_slice(&(self.comment.len() as u16).to_le_bytes());
        record.extend_from_slice(&self.comment);
        record
    }
}

/// The members and the central directory, and the end that belongs to them.
pub(crate) fn body(parts: &[Part]) -> (Vec<u8>, End) {
    let (mut body, mut directory) = (Vec::new(), Vec::new());
    for part in parts {
        let offset = (body.len() as i64 + part.shift) as u32;
        body.extend_from_slice(b"PK\x03\x04");
        body.extend_from_slice(&part.local.shared());
        body.extend_from_slice(&part.local.name);
        body.extend_from_slice(&part.local.extra);
        body.extend_from_slice(&part.bytes);
        body.extend_from_slice(&part.descriptor);
        directory.extend_from_slice(b"PK\x01\x02");
        directory.extend_from_slice(&part.made_by.to_le_bytes());
        directory.extend_from_slice(&part.central.shared());
        directory.extend_from_slice(&[0; 6]);
        directory.extend_from_slice(&(part.mode << 16 | u32::from(part.dos)).to_le_bytes());
        directory.extend_from_slice(&offset.to_le_bytes());
        directory.extend_from_slice(&part.central.name);
        directory.extend_from_slice(&part.central.extra);
    }
    let end = End {
        here: parts.len() as u16,
        members: parts.len() as u16,
        size: directory.len() as u32,
        offset: body.len() as u32,
        comment: Vec::new(),
    };
    body.extend_from_slice(&directory);
    (body, end)
}

/// The archive of these members.
pub(crate) fn archive(parts: &[Part]) -> Vec<u8> {
    let (body, end) = body(parts);
    [body, end.bytes()].concat()
}

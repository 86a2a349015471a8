use pgp::errors::Error;
use pgp::packet::{Packet, PacketHeader};
use pgp::types::{PacketLength, Tag};

use crate::DetachedError;

/// A packet, and its body as it was received.
pub(super) struct Received<'a> {
    pub(super) tag: Tag,
    pub(super) body: &'a [u8],
    pub(super) packet: Result<Packet, Error>,
}

impl Received<'_> {
    /// Whether RFC 9580 lets a reader pass over it: unknown versions and kinds that are not critical (section 4.3), and
    /// packets that say nothing in a certificate.
    pub(super) fn is_ignorable(&self) -> bool {
        match &self.packet {
            Ok(packet) => matches!(packet, Packet::Marker(_) | Packet::Padding(_) | Packet::Trust(_)),
            Err(Error::Unsupported { .. }) => true,
            Err(Error::InvalidPacketContent { source }) => matches!(**source, Error::Unsupported { .. }),
            Err(_) => false,
        }
    }
}

const WHAT: &str = "OpenPGP packets";
/// The most packets of one file. A keyring of a thousand certificates has some ten thousand.
const LIMIT: usize = 1 << 20;

/// Takes the bytes apart, to the last one: RFC 9580, section 4.2. Lengths have to be given, as they have to be for every
/// packet that is no data.
pub(super) fn packets(bytes: &[u8]) -> Result<Vec<Received<'_>>, DetachedError> {
    let mut rest = bytes;
    let mut packets = Vec::new();
    while !rest.is_empty() {
        if packets.len() == LIMIT {
            return Err(DetachedError::TooMany {
                what: "OpenPGP packets",
                limit: LIMIT,
            });
        }
        let header = PacketHeader::try_from_reader(&mut rest)
            .map_err(|_| DetachedError::malformed(WHAT, "a header cannot be read"))?;
        let PacketLength::Fixed(length) = header.packet_length() else {
            return Err(DetachedError::malformed(WHAT, "a packet does not say how long it is"));
        };
        let (body, after) = usize::try_from(length)
            .ok()
            .and_then(|length| rest.split_at_checked(length))
            .ok_or(DetachedError::malformed(WHAT, "the last one is cut off"))?;
        rest = after;
        packets.push(Received {
            tag: header.tag(),
            body,
            packet: Packet::from_reader(header, body),
        });
    }
    Ok(packets)
}

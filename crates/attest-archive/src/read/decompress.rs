use std::cell::Cell;
use std::fmt;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use liblzma::bufread::XzDecoder;
use liblzma::stream::Stream;
use zstd::stream::read::Decoder;

use super::buffer::{Buffer, read_exactly};
use super::frame::{Frame, GzipHeader, XzHeader, ZstdHeader};
use super::inflate::Inflate;
use super::{Limits, ReadError};

/// How a stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
    /// xz (The .xz File Format 1.2).
    Xz,
}

impl Compression {
    /// Says how a stream is compressed by its first six bytes.
    #[must_use]
    pub fn recognise(first: &[u8]) -> Self {
        match first {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            _ => Self::None,
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "Zstandard",
            Self::Xz => "xz",
        })
    }
}

/// How many frames are remembered; of the others only how many there are.
const MAX_FRAMES: usize = 16;

/// Reads what a stream holds, decompressed, and refuses what is broken, too large, or followed by something else.
///
/// Several gzip members, Zstandard frames or xz streams in a row are read as one, which their specifications allow;
/// [`Self::frame_count`] says how many there were.
pub struct Decompressor<R: Read> {
    state: State<R>,
    compression: Compression,
    consumed: Rc<Cell<u64>>,
    produced: u64,
    limits: Limits,
    frames: Vec<Frame>,
    frame_count: u64,
}

enum State<R: Read> {
    Between(Buffer<R>),
    Plain(Buffer<R>),
    Gzip(Box<Inflate<Buffer<R>>>),
    Zstd(Decoder<'static, Buffer<R>>),
    Xz(XzDecoder<Buffer<R>>),
    Done,
}

impl<R: Read> fmt::Debug for Decompressor<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decompressor")
            .field("compression", &self.compression)
            .field("produced", &self.produced)
            .field("frames", &self.frames)
            .finish_non_exhaustive()
    }
}

impl<R: Read> Decompressor<R> {
    /// Looks at the first bytes.
    ///
    /// # Errors
    /// [`ReadError::Io`].
    pub fn new(inner: R, limits: &Limits) -> Result<Self, ReadError> {
        let mut inner = Buffer::new(inner);
        let compression = Compression::recognise(inner.fill_buf()?);
        let consumed = inner.consumed();
        Ok(Self {
            state: match compression {
                Compression::None => State::Plain(inner),
                _ => State::Between(inner),
            },
            compression,
            consumed,
            produced: 0,
            limits: limits.clone(),
            frames: Vec::new(),
            frame_count: 0,
        })
    }

    /// How the stream is compressed.
    #[must_use]
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// The headers of the first frames that were read so far.
    #[must_use]
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// How many gzip members, Zstandard frames or xz streams were read so far.
    #[must_use]
    pub fn frame_count(&self) -> u64 {
        self.frame_count
    }

    fn next(&mut self, buffer: &mut [u8]) -> Result<usize, ReadError> {
        loop {
            let read = match &mut self.state {
                State::Done => return Ok(0),
                State::Between(_) => {
                    self.open()?;
                    continue;
                }
                State::Plain(inner) => return Ok(inner.read(buffer)?),
                State::Gzip(member) => member.read(buffer),
                State::Zstd(decoder) => decoder.read(buffer),
                State::Xz(decoder) => decoder.read(buffer),
            };
            match read {
                Ok(0) => self.close()?,
                Ok(read) => return Ok(read),
                Err(error) => return Err(self.broken(error)),
            }
        }
    }

    /// Begins the next frame, or ends.
    fn open(&mut self) -> Result<(), ReadError> {
        let State::Between(mut inner) = std::mem::replace(&mut self.state, State::Done) else {
            return Ok(());
        };
        if self.frame_count > 0 {
            let rest = inner.fill_buf()?;
            if rest.is_empty() {
                return Ok(());
            }
            if Compression::recognise(rest) != self.compression {
                return Err(ReadError::Trailing {
                    after: match self.compression {
                        Compression::Gzip => "the gzip stream",
                        Compression::Zstd => "the Zstandard frames",
                        _ => "the xz stream",
                    },
                });
            }
        }
        let (state, frame) = self.begin(inner)?;
        self.state = state;
        self.frame_count += 1;
        if self.frames.len() < MAX_FRAMES {
            self.frames.push(frame);
        }
        Ok(())
    }

    fn begin(&self, mut inner: Buffer<R>) -> Result<(State<R>, Frame), ReadError> {
        match self.compression {
            Compression::Gzip => {
                let header = GzipHeader::read(&mut inner, self.limits.header)?;
                Ok((State::Gzip(Box::new(Inflate::new(inner))), Frame::Gzip(header)))
            }
            Compression::Zstd => {
                let header = ZstdHeader::peek(inner.fill_buf()?);
                let mut decoder = Decoder::with_buffer(inner)?.single_frame();
                decoder.window_log_max(self.limits.window.max(1024).ilog2())?;
                Ok((State::Zstd(decoder), Frame::Zstd(header)))
            }
            _ => {
                let header = XzHeader::peek(inner.fill_buf()?);
                let stream = Stream::new_stream_decoder(self.limits.window, 0).map_err(io::Error::from)?;
                Ok((State::Xz(XzDecoder::new_stream(inner, stream)), Frame::Xz(header)))
            }
        }
    }

    /// Ends a frame.
    fn close(&mut self) -> Result<(), ReadError> {
        let inner = match std::mem::replace(&mut self.state, State::Done) {
            State::Gzip(member) => finish_gzip(*member)?,
            State::Zstd(decoder) => decoder.finish(),
            State::Xz(decoder) => decoder.into_inner(),
            State::Between(inner) | State::Plain(inner) => inner,
            State::Done => return Ok(()),
        };
        self.state = State::Between(inner);
        Ok(())
    }

    /// What the library says of the stream, or the file below says of itself.
    fn broken(&self, error: io::Error) -> ReadError {
        match ReadError::from(error) {
            ReadError::Io { source } if source.kind() == io::ErrorKind::UnexpectedEof => ReadError::Truncated {
                inside: "the compressed stream",
            },
            ReadError::Io { source } if source.raw_os_error().is_none() => ReadError::Compressed {
                compression: self.compression,
                source,
            },
            other => other,
        }
    }

    fn count(&mut self, read: usize) -> Result<(), ReadError> {
        self.produced += read as u64;
        if self.produced > self.limits.total {
            let limit = self.limits.total;
            return Err(ReadError::TooLarge { limit });
        }
        let compressed = self.consumed.get();
        let limit = self.limits.expansion(compressed);
        match self.compression != Compression::None && self.produced > limit {
            true => Err(ReadError::Bomb { limit, compressed }),
            false => Ok(()),
        }
    }
}

impl<R: Read> Read for Decompressor<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = self.next(buffer)?;
        self.count(read)?;
        Ok(read)
    }
}

/// Holds the trailer against what came out (RFC 1952 section 2.3.1).
fn finish_gzip<R: BufRead>(member: Inflate<R>) -> Result<R, ReadError> {
    let fields = [("checksum", member.checksum()), ("length", member.size() as u32)];
    let mut inner = member.into_inner();
    for (field, expected) in fields {
        let mut bytes = [0; 4];
        read_exactly(&mut inner, &mut bytes, "the end of the gzip stream")?;
        let found = u32::from_le_bytes(bytes);
        if found != expected {
            return Err(ReadError::GzipTrailer { field, expected, found });
        }
    }
    Ok(inner)
}

use std::fs::File;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Bytes that are read at once.
const CHUNK_LEN: usize = 16 << 10;

/// Chunks that wait to be taken.
const WAITING: usize = 2;

/// Nothing means the end.
type Chunk = io::Result<Vec<u8>>;

/// Ends what is read through it, also while it waits for a program that writes nothing for a long time: whoever has closed
/// the other end of stdout waits for nothing more.
#[derive(Clone, Default)]
pub(super) struct Valve(Arc<State>);

#[derive(Default)]
struct State {
    is_shut: AtomicBool,
    /// Wakes who waits for the next chunk.
    wake: Mutex<Option<SyncSender<Chunk>>>,
}

impl Valve {
    /// What is read from a file. Only that of a regular one is sure to come at once; anything else is read by a thread of its
    /// own, which nobody waits for.
    pub(super) fn file(&self, file: File) -> Box<dyn Read + Send> {
        match file.metadata().is_ok_and(|metadata| metadata.is_file()) {
            true => Box::new(file),
            false => self.pipe(file),
        }
    }

    /// What is read from something that others write to.
    pub(super) fn pipe(&self, source: impl Read + Send + 'static) -> Box<dyn Read + Send> {
        let (sender, chunks) = mpsc::sync_channel(WAITING);
        *self.0.wake.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender.clone());
        thread::spawn(move || pump(source, &sender));
        Box::new(Outlet {
            state: Arc::clone(&self.0),
            chunks,
            chunk: Vec::new(),
            taken: 0,
            is_over: false,
        })
    }

    /// From now on everything is at its end.
    pub(super) fn shut(&self) {
        self.0.is_shut.store(true, Ordering::SeqCst);
        if let Some(wake) = &*self.0.wake.lock().unwrap_or_else(PoisonError::into_inner) {
            // Where there is no room for it, nobody waits: the next look finds the valve shut.
            let _: Result<(), TrySendError<Chunk>> = wake.try_send(Ok(Vec::new()));
        }
    }
}

/// Reads until the end, an error, or until nobody takes the chunks any more.
fn pump(mut source: impl Read, chunks: &SyncSender<Chunk>) {
    loop {
        let mut chunk = vec![0; CHUNK_LEN];
        let read = match source.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(len) => {
                chunk.truncate(len);
                Ok(chunk)
            }
            Err(error) => Err(error),
        };
        let is_last = read.as_ref().map_or(true, Vec::is_empty);
        if chunks.send(read).is_err() || is_last {
            return;
        }
    }
}

struct Outlet {
    state: Arc<State>,
    chunks: Receiver<Chunk>,
    chunk: Vec<u8>,
    taken: usize,
    is_over: bool,
}

impl Read for Outlet {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.state.is_shut.load(Ordering::SeqCst) || buffer.is_empty() {
            return Ok(0);
        }
        if self.taken == self.chunk.len() && !self.is_over {
            let chunk = self.chunks.recv().unwrap_or_else(|_| Ok(Vec::new()));
            // Nothing comes after the end, nor after an error.
            self.is_over = !matches!(&chunk, Ok(chunk) if !chunk.is_empty());
            (self.chunk, self.taken) = (chunk?, 0);
        }
        let read = (&self.chunk[self.taken..]).read(buffer)?;
        self.taken += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Something, and then nothing for ever.
    struct Silent(bool);

    impl Read for Silent {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            while std::mem::replace(&mut self.0, true) {
                thread::sleep(Duration::from_secs(3600));
            }
            buffer[0] = b'x';
            Ok(1)
        }
    }

    #[test]
    fn everything_comes_through_and_errors_do() {
        for len in [0, 1, CHUNK_LEN, 5 * CHUNK_LEN + 1] {
            let bytes: Vec<u8> = (0..len).map(|index| index as u8).collect();
            let mut read = Vec::new();
            let mut outlet = Valve::default().pipe(io::Cursor::new(bytes.clone()));
            outlet.read_to_end(&mut read).unwrap();
            assert_eq!(read, bytes);
            assert_eq!(outlet.read(&mut [0]).unwrap(), 0);
        }
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::PermissionDenied.into())
            }
        }
        let mut outlet = Valve::default().pipe(Broken);
        let error = outlet.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(outlet.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn who_waits_is_woken_and_finds_the_end() {
        let valve = Valve::default();
        let mut outlet = valve.pipe(Silent(false));
        let mut byte = [0];
        assert_eq!((outlet.read(&mut byte).unwrap(), byte), (1, *b"x"));
        let waiting = thread::spawn(move || outlet.read(&mut [0]).unwrap());
        valve.shut();
        assert_eq!(waiting.join().unwrap(), 0);
    }
}

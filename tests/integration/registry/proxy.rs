use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// How much goes on at a time, in bytes.
const PIECE: usize = 16 << 10;

/// What stands between a client and a registry: it counts what goes there, goes slowly, and stops for good at a moment.
pub(crate) struct Proxy {
    host: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    line: Mutex<Line>,
    changed: Condvar,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Default)]
struct Line {
    /// How many bytes went to the registry.
    passed: u64,
    /// After how many nothing goes any more, in either direction.
    most: Option<u64>,
    /// Whether that moment has come.
    is_held: bool,
    /// Whether all is over: who notices only now has nothing to wait for.
    is_ended: bool,
    /// How long each piece takes.
    pause: Duration,
}

impl Proxy {
    pub(crate) fn start(registry: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (host, registry) = (listener.local_addr().unwrap().to_string(), registry.to_owned());
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                accepting.join(client, TcpStream::connect(&registry).unwrap());
            }
        });
        Self { host, shared }
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// How many bytes went to the registry since the last time that this was said.
    pub(crate) fn begin(&self, most: Option<u64>) {
        let mut line = self.shared.line.lock().unwrap();
        let pause = line.pause;
        *line = Line {
            most,
            pause,
            ..Line::default()
        };
    }

    pub(crate) fn slow(&self, pause: Duration) {
        self.shared.line.lock().unwrap().pause = pause;
    }

    /// Waits until nothing goes any more because of `most`; false when that takes too long.
    pub(crate) fn wait(&self) -> bool {
        let line = self.shared.line.lock().unwrap();
        let waited = self
            .shared
            .changed
            .wait_timeout_while(line, Duration::from_secs(60), |line| !line.is_held);
        waited.unwrap().0.is_held
    }

    /// Ends every connection, and returns once the registry has done with all of them. Says how many bytes went there.
    pub(crate) fn end(&self) -> u64 {
        let passed = {
            let mut line = self.shared.line.lock().unwrap();
            (line.is_held, line.is_ended) = (false, true);
            line.most = Some(line.passed);
            line.passed
        };
        self.shared.changed.notify_all();
        let threads = std::mem::take(&mut *self.shared.threads.lock().unwrap());
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        passed
    }
}

impl Shared {
    fn join(self: &Arc<Self>, client: TcpStream, registry: TcpStream) {
        let (back, from) = (client.try_clone().unwrap(), registry.try_clone().unwrap());
        let (there, other) = (Arc::clone(self), Arc::clone(self));
        let threads = [
            std::thread::spawn(move || there.forth(client, registry)),
            std::thread::spawn(move || other.back(from, back)),
        ];
        self.threads.lock().unwrap().extend(threads);
    }

    fn forth(&self, mut client: TcpStream, mut registry: TcpStream) {
        let mut piece = [0; PIECE];
        while let Ok(read @ 1..) = client.read(&mut piece) {
            let may_pass = self.pass(read);
            // A registry that closes is seen on the way back.
            let _ = registry.write_all(&piece[..may_pass]);
            if may_pass < read || self.is_over() {
                self.hold();
                break;
            }
        }
        let _ = registry.shutdown(Shutdown::Write);
    }

    /// What comes after the moment goes nowhere, and is read all the same: its end says that the registry is done.
    fn back(&self, mut registry: TcpStream, mut client: TcpStream) {
        let mut piece = [0; PIECE];
        while let Ok(read @ 1..) = registry.read(&mut piece) {
            if !self.is_over() {
                let _ = client.write_all(&piece[..read]);
            }
        }
        let _ = client.shutdown(Shutdown::Both);
    }

    fn pass(&self, read: usize) -> usize {
        let mut line = self.line.lock().unwrap();
        let pause = line.pause;
        let left = line.most.map_or(u64::MAX, |most| most.saturating_sub(line.passed));
        let passes = left.min(read as u64);
        line.passed += passes;
        drop(line);
        std::thread::sleep(pause);
        passes as usize
    }

    fn is_over(&self) -> bool {
        let line = self.line.lock().unwrap();
        line.most.is_some_and(|most| line.passed >= most)
    }

    /// Until all is ended.
    fn hold(&self) {
        let mut line = self.line.lock().unwrap();
        line.is_held = !line.is_ended;
        self.changed.notify_all();
        drop(self.changed.wait_while(line, |line| line.is_held).unwrap());
    }
}

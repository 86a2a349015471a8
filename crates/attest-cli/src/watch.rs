use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// How often a person sees that something is going on.
const REFRESH: Duration = Duration::from_millis(100);

/// Does some work on another thread, and draws meanwhile. It is drawn from this thread only: another would wait for stderr, which
/// this one holds.
pub(crate) fn while_working<T: Send>(draw: impl Fn(), work: impl FnOnce() -> T + Send) -> T {
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let result = work();
            drop(sender);
            result
        });
        while receiver.recv_timeout(REFRESH) == Err::<(), _>(RecvTimeoutError::Timeout) {
            draw();
        }
        match worker.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn what_is_drawn_goes_on_until_the_work_is_done() {
        let drawn = AtomicUsize::new(0);
        let work = || {
            while drawn.load(Ordering::Relaxed) < 2 {
                std::thread::yield_now();
            }
            "done"
        };
        let draw = || {
            drawn.fetch_add(1, Ordering::Relaxed);
        };
        assert_eq!(while_working(draw, work), "done");
    }
}

use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::watch::while_working;

const STYLE: &str = "{bytes} of {total_bytes} {wide_bar} {binary_bytes_per_sec}, {eta} left";

/// How much of what goes to a registry, or comes from one, has gone. Nobody watches: nothing is drawn.
pub(crate) struct Transfer {
    bar: Option<ProgressBar>,
    done: AtomicU64,
    total: AtomicU64,
}

impl Transfer {
    /// Of so many bytes in all.
    pub(crate) fn new(interactive: bool, total: u64) -> Self {
        Self {
            bar: interactive.then(|| bar(total)),
            done: AtomicU64::new(0),
            total: AtomicU64::new(total),
        }
    }

    /// Whether bytes need to be counted: readers of files fill memory that nobody cleared, and what stands between does not.
    pub(crate) fn is_watched(&self) -> bool {
        self.bar.is_some()
    }

    /// Some bytes need not go at all.
    pub(crate) fn leave_out(&self, bytes: u64) {
        let without = |total: u64| Some(total.saturating_sub(bytes));
        let _ = self.total.fetch_update(Ordering::Relaxed, Ordering::Relaxed, without);
    }

    /// Does some work, and shows how far it is.
    pub(crate) fn watch<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.bar {
            None => work(),
            Some(bar) => while_working(|| self.draw(bar), work),
        }
    }

    /// One blob of it.
    pub(crate) fn part(&self) -> Part<'_> {
        Part {
            transfer: self,
            gone: AtomicU64::new(0),
        }
    }

    fn draw(&self, bar: &ProgressBar) {
        bar.set_length(self.total.load(Ordering::Relaxed));
        bar.set_position(self.done.load(Ordering::Relaxed));
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// How much of one blob has gone.
pub(crate) struct Part<'a> {
    transfer: &'a Transfer,
    gone: AtomicU64,
}

/// Bytes that are counted on their way.
pub(crate) struct Counted<'a, I> {
    inner: I,
    part: &'a Part<'a>,
}

impl Part<'_> {
    /// The bytes of the blob from its beginning, counted as they go through. What went before of it went in vain.
    pub(crate) fn counted<I>(&self, inner: I) -> Counted<'_, I> {
        let in_vain = self.gone.swap(0, Ordering::Relaxed);
        self.transfer.done.fetch_sub(in_vain, Ordering::Relaxed);
        Counted { inner, part: self }
    }
}

impl<I> Counted<'_, I> {
    fn count(&self, bytes: usize) {
        self.part.gone.fetch_add(bytes as u64, Ordering::Relaxed);
        self.part.transfer.done.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl<I: Read> Read for Counted<'_, I> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count(read);
        Ok(read)
    }
}

impl<I: Write> Write for Counted<'_, I> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.count(written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn bar(total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(STYLE).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(10)).with_style(style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_one() {
        assert!(ProgressStyle::with_template(STYLE).is_ok());
    }

    #[test]
    fn what_went_in_vain_does_not_count() {
        let transfer = Transfer::new(false, 8);
        let done = || transfer.done.load(Ordering::Relaxed);
        let (part, other) = (transfer.part(), transfer.part());
        part.counted(&b"12345678"[..]).read_exact(&mut [0; 4]).unwrap();
        assert_eq!(done(), 4);
        let mut whole = part.counted(&b"12345678"[..]);
        assert_eq!(done(), 0);
        io::copy(&mut whole, &mut other.counted(io::sink())).unwrap();
        assert_eq!(done(), 16);
    }
}

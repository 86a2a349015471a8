use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::watch::while_working;

/// How far the work is, for a person who watches.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    done: AtomicU64,
}

impl Progress {
    pub(super) fn new(interactive: bool, artifacts: usize) -> Self {
        Self {
            bar: interactive.then(|| bar(artifacts)),
            done: AtomicU64::new(0),
        }
    }

    /// An artifact is done.
    pub(super) fn add_one(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Shows how far the work is, from the thread that holds stderr.
    pub(super) fn draw(&self) {
        if let Some(bar) = &self.bar {
            bar.set_position(self.done.load(Ordering::Relaxed));
        }
    }

    /// Does some work while the bar goes on.
    pub(super) fn watch<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match self.bar {
            None => work(),
            Some(_) => while_working(|| self.draw(), work),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(artifacts: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{pos} of {len} artifacts {wide_bar} {eta}");
    ProgressBar::with_draw_target(Some(artifacts as u64), ProgressDrawTarget::stderr_with_hz(10))
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

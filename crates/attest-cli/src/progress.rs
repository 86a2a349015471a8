use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::watch::while_working;

/// How far the work is, for a person who watches.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    done: AtomicU64,
}

impl Progress {
    /// `total` of such things are to be done.
    pub(crate) fn new(interactive: bool, total: usize, things: &str) -> Self {
        Self {
            bar: interactive.then(|| bar(total, things)),
            done: AtomicU64::new(0),
        }
    }

    /// One of them is done.
    pub(crate) fn add_one(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Shows how far the work is, from the thread that holds stderr.
    pub(crate) fn draw(&self) {
        if let Some(bar) = &self.bar {
            bar.set_position(self.done.load(Ordering::Relaxed));
        }
    }

    /// Does some work while the bar goes on.
    pub(crate) fn watch<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
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

fn bar(total: usize, things: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(&format!("{{pos}} of {{len}} {things} {{wide_bar}} {{eta}}"));
    ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr_with_hz(10))
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

use std::cell::Cell;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use attest_digest::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::number::grouped;
use crate::context::Context;
use crate::failure::Failure;
use crate::process::stdout_failed;

/// How often a person sees that something is going on.
const REFRESH: Duration = Duration::from_millis(100);

const WITHOUT_TOTAL: &str = "{spinner} {bytes}, {msg} {binary_bytes_per_sec}";
const WITH_TOTAL: &str = "{bytes} of {total_bytes} {wide_bar} {binary_bytes_per_sec}, {msg}, {eta} left";

/// What a person sees while files are read. Nobody watches: nothing is drawn.
///
/// Drawn from one thread only: another would wait for stderr, which that one holds.
pub(super) struct Screen {
    bar: Option<ProgressBar>,
    /// When the bar was last told how far it is: with small files, telling it each time would cost more than they do.
    shown: Cell<Option<Instant>>,
    /// Data that goes to the same terminal has to go around the bar.
    shared: bool,
}

impl Screen {
    pub(super) fn new(interactive: bool) -> Self {
        Self {
            bar: interactive.then(bar),
            shown: Cell::new(None),
            shared: interactive && std::io::stdout().is_terminal(),
        }
    }

    pub(super) fn is_watched(&self) -> bool {
        self.bar.is_some()
    }

    /// Shows how far it is, and once all sizes are known, how far it will be.
    pub(super) fn show(&self, progress: &Progress, total: Option<u64>) {
        let Some(bar) = &self.bar else { return };
        if self.shown.get().is_some_and(|shown| shown.elapsed() < REFRESH) {
            return;
        }
        self.shown.set(Some(Instant::now()));
        if let (Some(total), None) = (total, bar.length()) {
            bar.set_style(style(WITH_TOTAL));
            bar.set_length(total);
        }
        bar.set_message(format!("{} files", grouped(progress.files_done())));
        bar.set_position(progress.bytes_read());
    }

    /// Writes data to stdout.
    pub(super) fn print(&self, context: &mut Context<'_>, bytes: &[u8]) -> Result<(), Failure> {
        let written = match &self.bar {
            Some(bar) if self.shared => {
                bar.suspend(|| context.stdout.write_all(bytes).and_then(|()| context.stdout.flush()))
            }
            _ => context.stdout.write_all(bytes),
        };
        written.map_err(|error| stdout_failed(&error))
    }

    /// Writes talk to stderr, with its line endings. A closed stderr is no reason to fail.
    pub(super) fn say(&self, context: &mut Context<'_>, text: impl std::fmt::Display) {
        let _ = match &self.bar {
            Some(bar) => bar.suspend(|| write!(context.stderr, "{text}")),
            None => write!(context.stderr, "{text}"),
        };
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar() -> ProgressBar {
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10)).with_style(style(WITHOUT_TOTAL))
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_templates() {
        for template in [WITHOUT_TOTAL, WITH_TOTAL] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}

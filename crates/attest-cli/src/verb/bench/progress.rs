//! What a person sees meanwhile; nothing in a pipe.

use std::cell::Cell;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// One line about what is being done.
pub(super) struct Progress {
    line: Option<ProgressBar>,
    scenarios: usize,
    scenario: Cell<(usize, &'static str)>,
}

impl Progress {
    pub(super) fn new(interactive: bool, scenarios: usize) -> Self {
        Self {
            line: interactive.then(line),
            scenarios,
            scenario: Cell::new((0, "")),
        }
    }

    /// The next scenario begins with its input.
    pub(super) fn begin(&self, scenario: &'static str) {
        self.scenario.set((self.scenario.get().0 + 1, scenario));
        self.show("makes the input");
    }

    pub(super) fn warm_up(&self, name: &str) {
        self.show(&format!("warms up, {name}"));
    }

    /// A turn begins. It is drawn before the clock starts, and not again until the clock has stopped.
    pub(super) fn round(&self, round: u32, rounds: u32, name: &str) {
        self.show(&format!("round {} of {rounds}, {name}", round + 1));
    }

    fn show(&self, what: &str) {
        if let Some(line) = &self.line {
            let (place, scenario) = self.scenario.get();
            line.set_message(format!("{place} of {}, {scenario}: {what}", self.scenarios));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(line) = &self.line {
            line.finish_and_clear();
        }
    }
}

fn line() -> ProgressBar {
    let style = ProgressStyle::with_template("{elapsed_precise}  scenario {wide_msg}");
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10))
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

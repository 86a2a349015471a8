use std::time::{Duration, Instant};

use crate::context::Context;
use crate::failure::Failure;

/// How long each step took, in the order in which they were first taken.
pub(super) struct Steps {
    begin: Instant,
    taken: Vec<(&'static str, Duration)>,
}

impl Steps {
    pub(super) fn begin() -> Self {
        Self {
            begin: Instant::now(),
            taken: Vec::new(),
        }
    }

    /// Takes a step, and says so to a person who watches. Steps of one name are added up.
    pub(super) fn take<T>(
        &mut self,
        name: &'static str,
        about: &str,
        context: &mut Context<'_>,
        step: impl FnOnce(&mut Context<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if context.interactive {
            context.say(format_args!("{name} {about}"));
        }
        let start = Instant::now();
        let result = step(context);
        self.add(name, start.elapsed());
        result
    }

    fn add(&mut self, name: &'static str, duration: Duration) {
        match self.taken.iter_mut().find(|(taken, _)| *taken == name) {
            Some((_, total)) => *total += duration,
            None => self.taken.push((name, duration)),
        }
    }

    pub(super) fn taken(&self) -> &[(&'static str, Duration)] {
        &self.taken
    }

    pub(super) fn total(&self) -> Duration {
        self.begin.elapsed()
    }
}

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::FileJob;
use crate::{MeasureError, Measured};

/// What the jobs may occupy that were taken from the caller and whose results the caller has not taken back: some ten
/// thousand jobs with paths of usual length. A large file at the head keeps the ones behind it from being handed over, and
/// as many of them can be done meanwhile.
const WINDOW: usize = 4 * 1024 * 1024;

/// The most results that are handed over at once, so that room for new jobs comes back early.
const RUN: usize = 64;

/// A job and its place in the order.
pub(super) struct Numbered<J> {
    pub(super) place: u64,
    pub(super) job: J,
}

/// What became of a job.
pub(super) struct Done<J> {
    pub(super) place: u64,
    pub(super) job: J,
    pub(super) result: Result<Measured, MeasureError>,
}

/// What there is to hand over.
pub(super) enum Run<J> {
    /// The next results, in order.
    Results(VecDeque<Slot<J>>),
    /// None in the time that was given.
    Waiting,
    /// None any more.
    Ended,
}

/// A job's result in the order of the jobs, and what both occupy.
pub(super) struct Slot<J> {
    cost: usize,
    pub(super) done: Option<Done<J>>,
}

/// Jobs on their way from the feeder through the workers to the caller.
pub(super) struct Queue<J> {
    state: Mutex<State<J>>,
    /// For workers: there are jobs, or there will be none.
    work: Condvar,
    /// For the feeder: the window has room.
    room: Condvar,
    /// For the caller: the first slot is filled, or there will be none.
    ready: Condvar,
}

struct State<J> {
    pending: VecDeque<Numbered<J>>,
    slots: VecDeque<Slot<J>>,
    /// The place of the first slot.
    first: u64,
    /// What the window holds, with what the caller is taking at the moment.
    cost: usize,
    /// The feeder brings no more.
    is_fed: bool,
    is_stopped: bool,
}

impl<J: FileJob> Queue<J> {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                pending: VecDeque::new(),
                slots: VecDeque::new(),
                first: 0,
                cost: 0,
                is_fed: false,
                is_stopped: false,
            }),
            work: Condvar::new(),
            room: Condvar::new(),
            ready: Condvar::new(),
        }
    }

    /// Nothing here is left half done by a panic: who panics elsewhere stops the queue.
    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes every job, each as soon as there is room for it.
    pub(super) fn feed(&self, jobs: impl Iterator<Item = J>) {
        for job in jobs {
            if !self.push(job) {
                return;
            }
        }
        self.lock().is_fed = true;
        self.work.notify_all();
        self.ready.notify_all();
    }

    /// Waits for room first, so that no more than the window is ever taken from the caller, but for the job in hand.
    fn push(&self, job: J) -> bool {
        let cost = size_of::<Slot<J>>() + size_of::<Numbered<J>>() + 2 * job.path().as_os_str().len();
        let full = |state: &mut State<J>| state.cost >= WINDOW && !state.is_stopped;
        let mut state = self
            .room
            .wait_while(self.lock(), full)
            .unwrap_or_else(PoisonError::into_inner);
        if state.is_stopped {
            return false;
        }
        let place = state.first + state.slots.len() as u64;
        state.cost += cost;
        state.slots.push_back(Slot { cost, done: None });
        state.pending.push_back(Numbered { place, job });
        drop(state);
        self.work.notify_one();
        true
    }

    /// Waits for a job; none when there are no more.
    pub(super) fn take(&self) -> Option<Numbered<J>> {
        let idle = |state: &mut State<J>| state.pending.is_empty() && !state.is_fed && !state.is_stopped;
        let mut state = self
            .work
            .wait_while(self.lock(), idle)
            .unwrap_or_else(PoisonError::into_inner);
        match state.is_stopped {
            true => None,
            false => state.pending.pop_front(),
        }
    }

    /// Puts a result in its place.
    pub(super) fn put(&self, done: Done<J>) {
        let mut state = self.lock();
        let place = (done.place - state.first) as usize;
        state.slots[place].done = Some(done);
        drop(state);
        if place == 0 {
            self.ready.notify_one();
        }
    }

    /// Waits at most `patience` for results. What they cost is to be given back with [`Self::release`].
    pub(super) fn next_run(&self, patience: Duration) -> Run<J> {
        let nothing = |state: &mut State<J>| !state.is_stopped && !state.is_ready() && !state.is_over();
        let (mut state, _) = self
            .ready
            .wait_timeout_while(self.lock(), patience, nothing)
            .unwrap_or_else(PoisonError::into_inner);
        if state.is_stopped || state.is_over() {
            return Run::Ended;
        }
        let count = state
            .slots
            .iter()
            .take(RUN)
            .take_while(|slot| slot.done.is_some())
            .count();
        if count == 0 {
            return Run::Waiting;
        }
        state.first += count as u64;
        Run::Results(state.slots.drain(..count).collect())
    }

    /// Gives back what results cost that the caller has taken.
    pub(super) fn release(&self, cost: usize) {
        self.lock().cost -= cost;
        self.room.notify_one();
    }

    /// Nothing more is begun, and whoever waits goes home.
    pub(super) fn stop(&self) {
        self.lock().is_stopped = true;
        self.work.notify_all();
        self.room.notify_all();
        self.ready.notify_all();
    }
}

impl<J> State<J> {
    fn is_ready(&self) -> bool {
        self.slots.front().is_some_and(|slot| slot.done.is_some())
    }

    fn is_over(&self) -> bool {
        self.is_fed && self.slots.is_empty()
    }
}

impl<J> Slot<J> {
    pub(super) fn cost(&self) -> usize {
        self.cost
    }
}

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::FileJob;
use super::open_files::OpenFiles;
use super::reading::Reading;
use super::relay::Station;
use crate::{Digest, MeasureError, Measured};

/// What the jobs may occupy that were taken from the caller and whose results the caller has not taken back: some ten
/// thousand jobs with paths of usual length. A large file at the head keeps the ones behind it from being handed over, and
/// as many of them can be done meanwhile.
const WINDOW: usize = 6 * 1024 * 1024;

/// The most results that are handed over at once, so that room for new jobs comes back early.
const RUN: usize = 64;

/// A job and its place in the order.
pub(super) struct Numbered<J> {
    pub(super) place: u64,
    pub(super) job: J,
    /// It said that it is a file, which could not be opened then.
    pub(super) is_known_file: bool,
}

impl<J> Numbered<J> {
    pub(super) fn done(self, result: Result<Measured, MeasureError>) -> Done<J> {
        Done {
            place: self.place,
            job: self.job,
            result,
        }
    }
}

/// What became of a job.
pub(super) struct Done<J> {
    pub(super) place: u64,
    pub(super) job: J,
    pub(super) result: Result<Measured, MeasureError>,
}

/// Work that one worker leaves to another.
pub(super) enum Gift<J> {
    /// A file that was begun.
    Reading(Box<Reading<J>>),
    /// Some algorithms of a file.
    Station(Station),
}

/// What a worker does next.
pub(super) enum Turn<J> {
    Jobs(VecDeque<Numbered<J>>),
    Gift(Gift<J>),
    Over,
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
    /// How many workers wait for gifts, for whoever wonders whether to lock.
    idle: AtomicUsize,
    pub(super) files: OpenFiles,
    is_stopped: AtomicBool,
    workers: usize,
}

struct State<J> {
    pending: VecDeque<Numbered<J>>,
    slots: VecDeque<Slot<J>>,
    /// The place of the first slot.
    first: u64,
    /// What the window holds, with what the caller is taking at the moment.
    cost: usize,
    /// The jobs that are neither done nor given up.
    undone: usize,
    /// The workers that wait, and whether the feeder and the caller do: a call that wakes nobody is not free.
    waiting: usize,
    is_feeder_waiting: bool,
    is_caller_waiting: bool,
    /// What waiting workers will find when they wake, and what was promised to them.
    gifts: Vec<Gift<J>>,
    promised: usize,
    /// The feeder brings no more.
    is_fed: bool,
    is_stopped: bool,
}

impl<J: FileJob> Queue<J> {
    pub(super) fn new(workers: usize) -> Self {
        Self {
            state: Mutex::new(State {
                pending: VecDeque::new(),
                slots: VecDeque::new(),
                first: 0,
                cost: 0,
                undone: 0,
                waiting: 0,
                is_feeder_waiting: false,
                is_caller_waiting: false,
                gifts: Vec::new(),
                promised: 0,
                is_fed: false,
                is_stopped: false,
            }),
            work: Condvar::new(),
            room: Condvar::new(),
            ready: Condvar::new(),
            idle: AtomicUsize::new(0),
            files: OpenFiles::default(),
            is_stopped: AtomicBool::new(false),
            workers,
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
        let mut state = self.lock();
        state.is_fed = true;
        self.note_idle(&state);
        drop(state);
        self.work.notify_all();
        self.ready.notify_all();
    }

    /// Waits for room first, so that no more than the window is ever taken from the caller, but for the job in hand.
    fn push(&self, job: J) -> bool {
        // Doubled, because queues grow by doubling and a job may hold its name in another form as well.
        let digests = job.algorithms().iter().count() * size_of::<Digest>();
        let cost = 2 * (size_of::<Slot<J>>() + size_of::<Numbered<J>>() + job.path().as_os_str().len() + digests);
        let mut state = self.lock();
        while state.cost >= WINDOW && !state.is_stopped {
            state.is_feeder_waiting = true;
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.is_stopped {
            return false;
        }
        let place = state.first + state.slots.len() as u64;
        state.cost += cost;
        state.slots.push_back(Slot { cost, done: None });
        state.pending.push_back(Numbered {
            place,
            job,
            is_known_file: false,
        });
        state.undone += 1;
        // With more than one job somebody is on the way already.
        let wakes = state.waiting > 0 && state.pending.len() == 1;
        drop(state);
        if wakes {
            self.work.notify_one();
        }
        true
    }

    /// Puts results in their places, and takes jobs if there are any. `held` is how many the worker is at.
    pub(super) fn exchange(&self, done: &mut Vec<Done<J>>, held: usize, most: usize) -> VecDeque<Numbered<J>> {
        let mut state = self.lock();
        self.put_locked(&mut state, done);
        self.take_locked(&mut state, held, most)
    }

    /// Puts results in their places.
    pub(super) fn put(&self, done: &mut Vec<Done<J>>) {
        if !done.is_empty() {
            self.put_locked(&mut self.lock(), done);
        }
    }

    fn put_locked(&self, state: &mut State<J>, done: &mut Vec<Done<J>>) {
        state.undone -= done.len();
        for done in done.drain(..) {
            let place = (done.place - state.first) as usize;
            state.slots[place].done = Some(done);
        }
        if state.is_caller_waiting && state.is_ready() {
            state.is_caller_waiting = false;
            self.ready.notify_one();
        }
        if state.is_over() {
            self.work.notify_all();
        }
    }

    /// Leaves the others their share, so that the last files are spread over all workers.
    fn take_locked(&self, state: &mut State<J>, held: usize, most: usize) -> VecDeque<Numbered<J>> {
        let fair = state.undone.div_ceil(self.workers).saturating_sub(held);
        let share = state.pending.len().div_ceil(self.workers).min(fair).min(most);
        let taken = state.pending.drain(..share).collect();
        if state.waiting > 0 && !state.pending.is_empty() {
            self.work.notify_one();
        }
        self.note_idle(state);
        taken
    }

    /// Waits for something to do.
    pub(super) fn wait(&self, most: usize) -> Turn<J> {
        let mut state = self.lock();
        state.waiting += 1;
        self.note_idle(&state);
        let nothing = |state: &mut State<J>| {
            state.pending.is_empty() && state.gifts.is_empty() && !state.is_over() && !state.is_stopped
        };
        let waited = self.work.wait_while(state, nothing);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        if state.is_stopped {
            return Turn::Over;
        }
        let gift = state.gifts.pop();
        self.note_idle(&state);
        match gift {
            Some(gift) => Turn::Gift(gift),
            None if state.pending.is_empty() => Turn::Over,
            None => Turn::Jobs(self.take_locked(&mut state, 0, most)),
        }
    }

    /// How many workers have nothing to do while no job waits; a moment later it may be otherwise.
    pub(super) fn idle(&self) -> usize {
        self.idle.load(Ordering::Relaxed)
    }

    fn note_idle(&self, state: &State<J>) {
        self.idle.store(state.idle(), Ordering::Relaxed);
    }

    /// Jobs that were taken and not begun go back to the head of those that wait.
    pub(super) fn give_back(&self, jobs: &mut VecDeque<Numbered<J>>) {
        let mut state = self.lock();
        while let Some(job) = jobs.pop_back() {
            state.pending.push_front(job);
        }
        self.note_idle(&state);
        drop(state);
        self.work.notify_all();
    }

    /// Binds idle workers to wait for gifts, and says how many: as many gifts have to follow.
    pub(super) fn claim(&self, most: usize) -> usize {
        let mut state = self.lock();
        let claimed = state.idle().min(most);
        state.promised += claimed;
        self.note_idle(&state);
        claimed
    }

    /// Gives what was promised.
    pub(super) fn give(&self, gifts: impl IntoIterator<Item = Gift<J>>) {
        let mut state = self.lock();
        for gift in gifts {
            state.promised -= 1;
            // Nobody would take it any more, and somebody may wait for what becomes of it.
            if !state.is_stopped {
                state.gifts.push(gift);
            }
        }
        drop(state);
        self.work.notify_all();
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }

    /// Waits at most `patience` for results. What they cost is to be given back with [`Self::release`].
    pub(super) fn next_run(&self, patience: Duration) -> Run<J> {
        let nothing = |state: &mut State<J>| {
            state.is_caller_waiting = !state.is_stopped && !state.is_ready() && !state.is_handed_over();
            state.is_caller_waiting
        };
        let (mut state, _) = self
            .ready
            .wait_timeout_while(self.lock(), patience, nothing)
            .unwrap_or_else(PoisonError::into_inner);
        if state.is_stopped || state.is_handed_over() {
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
        let mut state = self.lock();
        state.cost -= cost;
        if state.is_feeder_waiting && state.cost <= WINDOW - WINDOW / 4 {
            state.is_feeder_waiting = false;
            self.room.notify_one();
        }
    }

    /// Nothing more is begun, and whoever waits goes home.
    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        let mut state = self.lock();
        state.is_stopped = true;
        state.gifts.clear();
        drop(state);
        self.work.notify_all();
        self.room.notify_all();
        self.ready.notify_all();
    }
}

impl<J> State<J> {
    fn is_ready(&self) -> bool {
        self.slots.front().is_some_and(|slot| slot.done.is_some())
    }

    fn is_handed_over(&self) -> bool {
        self.is_fed && self.slots.is_empty()
    }

    /// Every job is done, though perhaps not handed over.
    fn is_over(&self) -> bool {
        self.is_fed && self.undone == 0
    }

    /// The workers that wait while no job does, but for those to whom something is promised.
    fn idle(&self) -> usize {
        match self.is_fed && self.pending.is_empty() {
            true => self.waiting.saturating_sub(self.gifts.len() + self.promised),
            false => 0,
        }
    }
}

impl<J> Slot<J> {
    pub(super) fn cost(&self) -> usize {
        self.cost
    }
}

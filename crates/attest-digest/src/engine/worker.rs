use std::collections::VecDeque;
use std::thread;
use std::time::Duration;

use super::buffer::Buffer;
use super::plan::Plan;
use super::queue::{Done, Gift, Numbered, Queue, Turn};
use super::reading::{Reading, Unbegun};
use super::{FileJob, Progress, StopOnPanic, relay};
use crate::lane::{BLOCK, State};

/// How many jobs are taken at once while files are so small that the queue would be in the way.
const BATCH: usize = 32;

/// After how many turns results are handed over that nobody asked for.
const PATIENCE: usize = 64;

/// Fewer bytes are read before an idle thread has woken up.
const WORTH_GIVING: u64 = 1024 * 1024;

/// How long a worker that can open no file leaves those to others who have some open.
const PAUSE: Duration = Duration::from_millis(1);

/// Measures files in lanes: as many at once as the platform likes, each lane filled again as soon as its file is over.
pub(super) struct Worker<'a, J> {
    queue: &'a Queue<J>,
    progress: &'a Progress,
    plan: Plan,
    readings: Vec<Reading<J>>,
    /// A stream whose turn has come. It is read alone: whoever waits for it must not keep files waiting.
    stream: Option<Reading<J>>,
    /// Jobs that were taken and have no lane yet.
    backlog: VecDeque<Numbered<J>>,
    /// Results that were not handed over yet.
    done: Vec<Done<J>>,
    buffers: Vec<Buffer>,
    /// How many files it reads side by side: fewer than planned once the system has refused to open one more.
    most: usize,
    /// Whether the last file to be over fitted into one buffer.
    is_small: bool,
    turns: usize,
}

impl<'a, J: FileJob> Worker<'a, J> {
    pub(super) fn new(queue: &'a Queue<J>, progress: &'a Progress, plan: Plan) -> Self {
        Self {
            queue,
            progress,
            plan,
            readings: Vec::with_capacity(plan.lanes),
            stream: None,
            backlog: VecDeque::with_capacity(BATCH),
            done: Vec::with_capacity(BATCH),
            buffers: Vec::with_capacity(plan.lanes),
            most: plan.lanes,
            is_small: false,
            turns: 0,
        }
    }

    /// Works until there is nothing left to do.
    pub(super) fn work(mut self) {
        let _stop = StopOnPanic(self.queue);
        while !self.queue.is_stopped() {
            self.fill();
            if !self.readings.is_empty() {
                self.turn();
                continue;
            }
            self.queue.put(&mut self.done);
            match self.queue.wait(BATCH.min(self.plan.lanes)) {
                Turn::Jobs(jobs) => self.backlog = jobs,
                Turn::Gift(Gift::Reading(reading)) => self.readings.push(*reading),
                Turn::Gift(Gift::Station(station)) => station.work(),
                Turn::Over => return,
            }
        }
    }

    /// Gives every free lane a file, unless a stream is to be read.
    fn fill(&mut self) {
        if self.readings.first().is_some_and(Reading::is_stream) {
            return;
        }
        while self.stream.is_none() && self.readings.len() < self.most {
            let Some(numbered) = self.next_job() else { return };
            let buffer = self.buffers.pop();
            let buffer = buffer.unwrap_or_else(|| Buffer::new(self.plan.buffer_len));
            let closed = self.queue.files.begin();
            match Reading::begin(numbered, buffer, self.plan.platform).map_err(|unbegun| *unbegun) {
                Ok(reading) if reading.is_stream() => self.stream = Some(reading),
                Ok(reading) => self.readings.push(reading),
                Err(Unbegun::Failed(failed)) => self.retire(failed),
                Err(Unbegun::Later(numbered, buffer, error)) => {
                    if self.queue.files.is_worth_waiting(closed) {
                        self.buffers.push(buffer);
                        return self.put_off(numbered);
                    }
                    self.record((numbered.done(Err(error)), buffer));
                }
            }
        }
        if self.readings.is_empty() && self.stream.is_some() {
            self.queue.put(&mut self.done);
            self.queue.give_back(&mut self.backlog);
            self.readings.extend(self.stream.take());
        }
    }

    /// Goes on with what is open; with nothing, leaves the job to whoever has files to close.
    fn put_off(&mut self, numbered: Numbered<J>) {
        self.backlog.push_front(numbered);
        self.most = self.readings.len().max(1);
        if self.readings.is_empty() {
            self.queue.put(&mut self.done);
            self.queue.give_back(&mut self.backlog);
            thread::sleep(PAUSE);
        }
    }

    fn next_job(&mut self) -> Option<Numbered<J>> {
        if self.backlog.is_empty() {
            let held = self.readings.len();
            let most = if self.is_small { BATCH } else { self.plan.lanes - held };
            self.turns = 0;
            // More may be open by now.
            self.most = (self.most + 1).min(self.plan.lanes);
            self.backlog = self.queue.exchange(&mut self.done, held, most);
        }
        self.backlog.pop_front()
    }

    /// One read for every lane that needs it, and one compression for all.
    fn turn(&mut self) {
        for lane in (0..self.readings.len()).rev() {
            if let Err(error) = self.readings[lane].refill(self.progress) {
                let failed = self.readings.swap_remove(lane).close(Err(error));
                self.retire(failed);
            }
        }
        self.compress();
        for lane in (0..self.readings.len()).rev() {
            if self.readings[lane].is_over() {
                let reading = self.readings.swap_remove(lane);
                self.is_small = reading.size <= self.plan.buffer_len as u64;
                let over = reading.finish();
                self.retire(over);
            }
        }
        self.share();
        self.turns += 1;
        if self.turns >= PATIENCE {
            self.turns = 0;
            self.queue.put(&mut self.done);
        }
    }

    /// Takes as many blocks of every lane as the shortest one has.
    fn compress(&mut self) {
        let Some(len) = self.readings.iter().filter_map(Reading::waiting).min() else {
            return;
        };
        let mut lanes: Vec<_> = self.readings.iter_mut().filter_map(Reading::lane).collect();
        let (mut states, blocks): (Vec<&mut State>, Vec<&[u8]>) = lanes
            .iter_mut()
            .map(|(state, buffer)| (&mut **state, buffer.first(len)))
            .unzip();
        self.plan.platform.compress(&mut states, &blocks);
        let filled = lanes.len();
        lanes.iter_mut().for_each(|(_, buffer)| buffer.consume(len));
        self.progress.count_lanes(filled, self.plan.lanes, len / BLOCK);
    }

    /// What was opened for the job is closed.
    fn retire(&mut self, over: (Done<J>, Buffer)) {
        self.queue.files.end();
        self.record(over);
    }

    fn record(&mut self, (done, buffer): (Done<J>, Buffer)) {
        self.progress.count_files(1);
        self.done.push(done);
        // A file that was given away took its buffer along.
        if self.buffers.len() < self.plan.lanes {
            self.buffers.push(buffer);
        }
    }

    /// When others have nothing to do: jobs that wait here go back, then a whole reading is given away, then the
    /// algorithms of the only reading are.
    fn share(&mut self) {
        if self.queue.idle() == 0 {
            return;
        }
        if !self.backlog.is_empty() {
            self.queue.give_back(&mut self.backlog);
            return;
        }
        let Some((lane, reading)) = self
            .readings
            .iter()
            .enumerate()
            .max_by_key(|(_, reading)| reading.remaining())
        else {
            return;
        };
        if reading.remaining() < WORTH_GIVING {
            return;
        }
        if self.readings.len() > 1 {
            if self.queue.claim(1) == 1 {
                let reading = self.readings.swap_remove(lane);
                self.queue.give([Gift::Reading(Box::new(reading))]);
            }
            return;
        }
        let most = reading.helpers();
        let helpers = if most > 0 { self.queue.claim(most) } else { 0 };
        if helpers > 0 {
            let reading = self.readings.swap_remove(lane);
            self.queue.put(&mut self.done);
            if let Some(over) = relay::run(reading, helpers, self.queue, self.progress, self.plan) {
                self.retire(over);
            }
        }
    }
}

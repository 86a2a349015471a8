use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::draft::{Draft, directory_of, refuse_destination, sync_directory};
use crate::format::MEMORY;
use crate::write::{Packed, Recipe};
use crate::{Content, Error, Format, Kind, Members, NotPutBack, Replacement};

/// One of several archives.
#[derive(Debug, Clone)]
pub struct Order {
    /// What to pack, and how. Its number of threads does not count.
    pub recipe: Recipe,
    /// The file to write.
    pub destination: PathBuf,
}

/// Why there are no archives.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{}`", .destination.display())]
#[non_exhaustive]
pub struct OrderFailed {
    /// The place of the order among the others, from 0.
    pub order: usize,
    /// The file that it would have written.
    pub destination: PathBuf,
    /// Why.
    pub source: Error,
}

/// Writes several archives, all of them or none, in the time that all threads together need.
///
/// Each is written by [`crate::write_archive`]'s rules. They are written side by side, the longest first, on as many threads as
/// their share of the work that is left; all together they take no more memory than one of them may. When something fails, none of
/// them is in its place: what was there before is there again. A process that is killed while the archives get their names, which
/// they do one after the other when all are written, leaves some new and some old; see [`Replacement`].
///
/// # Errors
/// As for [`crate::write_archive`]; also [`Error::SameDestination`], [`Error::ChangedBetween`] when orders have the same members
/// and found other bytes in them, and [`Error::NotPutBack`].
pub fn write_archives(orders: &[Order], threads: NonZeroUsize) -> Result<Vec<Packed>, OrderFailed> {
    refuse_destinations(orders)?;
    let desk = Desk::new(orders, threads);
    std::thread::scope(|scope| {
        for _ in 0..threads.get().min(orders.len()) {
            scope.spawn(|| desk.work());
        }
    });
    let drafts = desk.finish()?;
    refuse_changes(orders, &drafts)?;
    place_all(orders, drafts)
}

fn failed(orders: &[Order], order: usize) -> impl FnOnce(Error) -> OrderFailed {
    let destination = orders[order].destination.clone();
    move |source| OrderFailed {
        order,
        destination,
        source,
    }
}

fn refuse_destinations(orders: &[Order]) -> Result<(), OrderFailed> {
    let mut seen = BTreeSet::new();
    for (place, order) in orders.iter().enumerate() {
        refuse_destination(&order.destination).map_err(failed(orders, place))?;
        if !seen.insert(&order.destination) {
            let path = order.destination.clone();
            return Err(failed(orders, place)(Error::SameDestination { path }));
        }
    }
    Ok(())
}

/// What was packed twice was read twice: both archives must hold the same.
fn refuse_changes(orders: &[Order], drafts: &[Draft]) -> Result<(), OrderFailed> {
    let mut first: Vec<(&Members, &Packed)> = Vec::new();
    for (place, (order, draft)) in orders.iter().zip(drafts).enumerate() {
        let (members, packed) = (&order.recipe.members, draft.packed());
        let Some((_, before)) = first.iter().find(|(other, _)| other.is_clone_of(members)) else {
            first.push((members, packed));
            continue;
        };
        let changed = before
            .members
            .iter()
            .zip(&packed.members)
            .find(|(one, other)| one != other);
        if let Some(((path, _), _)) = changed {
            return Err(failed(orders, place)(Error::ChangedBetween { path: path.clone() }));
        }
    }
    Ok(())
}

fn place_all(orders: &[Order], drafts: Vec<Draft>) -> Result<Vec<Packed>, OrderFailed> {
    let mut replacement = Replacement::default();
    match place_each(orders, drafts, &mut replacement) {
        Ok(packed) => {
            replacement.finish();
            Ok(packed)
        }
        Err(failure) => Err(match replacement.undo() {
            Ok(()) => failure,
            Err(lost) => not_put_back(failure, lost),
        }),
    }
}

fn not_put_back(failure: OrderFailed, lost: NotPutBack) -> OrderFailed {
    let NotPutBack { path, kept, .. } = lost;
    let source = Box::new(failure.source);
    OrderFailed {
        source: Error::NotPutBack { path, kept, source },
        ..failure
    }
}

fn place_each(orders: &[Order], drafts: Vec<Draft>, replacement: &mut Replacement) -> Result<Vec<Packed>, OrderFailed> {
    let mut packed = Vec::new();
    for (place, draft) in drafts.into_iter().enumerate() {
        let destination = &orders[place].destination;
        let placed = replacement.place(destination, Error::write, || draft.place());
        packed.push(placed.map_err(failed(orders, place))?);
    }
    let mut synced = BTreeSet::new();
    for (place, order) in orders.iter().enumerate() {
        let directory = directory_of(&order.destination);
        if synced.insert(directory) {
            sync_directory(directory).map_err(failed(orders, place))?;
        }
    }
    Ok(packed)
}

/// Hands out the orders to threads.
struct Desk<'a> {
    orders: &'a [Order],
    threads: NonZeroUsize,
    /// How long each takes, in relation to the others.
    work: Vec<u64>,
    state: Mutex<State>,
    /// Somebody is done.
    done: Condvar,
    stop: AtomicBool,
}

struct State {
    /// Orders nobody has begun, the longest first.
    waiting: Vec<usize>,
    /// The work of orders that are not done.
    left: u64,
    /// What those under way take.
    memory: usize,
    drafts: BTreeMap<usize, Draft>,
    failure: Option<OrderFailed>,
}

/// An order, the number of its threads, and the memory that they take.
struct Job {
    order: usize,
    threads: NonZeroUsize,
    memory: usize,
}

impl<'a> Desk<'a> {
    fn new(orders: &'a [Order], threads: NonZeroUsize) -> Self {
        let work: Vec<u64> = orders.iter().map(|order| work(&order.recipe)).collect();
        let mut waiting: Vec<usize> = (0..orders.len()).collect();
        waiting.sort_by_key(|order| (std::cmp::Reverse(work[*order]), *order));
        let state = State {
            waiting,
            left: work.iter().sum(),
            memory: 0,
            drafts: BTreeMap::new(),
            failure: None,
        };
        Self {
            orders,
            threads,
            work,
            state: Mutex::new(state),
            done: Condvar::new(),
            stop: AtomicBool::new(false),
        }
    }

    /// What each thread does until nothing is left to begin.
    fn work(&self) {
        while let Some(job) = self.begin() {
            let Order { recipe, destination } = &self.orders[job.order];
            let threads = job.threads;
            let recipe = Recipe {
                threads,
                ..recipe.clone()
            };
            let draft = Draft::write(&recipe, destination, &self.stop);
            self.end(job, draft);
        }
    }

    /// Waits for an order that there is memory for. None when there is none left, or one failed.
    fn begin(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.failure.is_some() || state.waiting.is_empty() {
                return None;
            }
            let fitting = (0..state.waiting.len()).find_map(|place| Some((place, self.job(&state, place)?)));
            if let Some((place, job)) = fitting {
                state.waiting.remove(place);
                state.memory += job.memory;
                return Some(job);
            }
            state = self.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// As many threads as are its share of the work that is left, and as memory allows, which is always one if it is the only one.
    fn job(&self, state: &State, place: usize) -> Option<Job> {
        let order = state.waiting[place];
        let each = self.orders[order].recipe.format.memory();
        let share = (self.threads.get() as u64 * self.work[order]).div_ceil(state.left.max(1)) as usize;
        let fitting = MEMORY.saturating_sub(state.memory).checked_div(each).unwrap_or(1);
        let threads = match NonZeroUsize::new(share.min(fitting)) {
            Some(threads) => threads,
            None if state.memory == 0 || fitting > 0 => NonZeroUsize::MIN,
            None => return None,
        };
        let memory = each * threads.get();
        Some(Job { order, threads, memory })
    }

    fn end(&self, job: Job, draft: Result<Draft, Error>) {
        let mut state = self.lock();
        self.give_back(&mut state, &job);
        match draft {
            Ok(draft) => drop(state.drafts.insert(job.order, draft)),
            Err(error) => {
                self.stop.store(true, std::sync::atomic::Ordering::Relaxed);
                state
                    .failure
                    .get_or_insert_with(|| failed(self.orders, job.order)(error));
            }
        }
        self.done.notify_all();
    }

    fn give_back(&self, state: &mut State, job: &Job) {
        state.memory -= job.memory;
        state.left -= self.work[job.order];
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The drafts, in the order of the orders.
    fn finish(self) -> Result<Vec<Draft>, OrderFailed> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        match state.failure {
            None => Ok(state.drafts.into_values().collect()),
            Some(failure) => Err(failure),
        }
    }
}

/// The time that a byte takes in each format, in relation to the others.
fn work(recipe: &Recipe) -> u64 {
    let time = match recipe.format {
        Format::Tar => 1,
        Format::TarGz | Format::Zip => 15,
        Format::TarZst => 80,
        Format::TarXz => 400,
    };
    let sizes = recipe.members.iter().map(|member| match member.kind() {
        Kind::File { content, .. } => size(content),
        _ => 0,
    });
    // A member without content takes as long as some hundred bytes.
    sizes
        .map(|size| (size + 512).saturating_mul(time))
        .fold(1, u64::saturating_add)
}

/// What is not there is told when it is read.
fn size(content: &Content) -> u64 {
    match content {
        Content::Path(path) => fs::metadata(path).map_or(0, |metadata| metadata.len()),
        Content::Bytes(bytes) => bytes.len() as u64,
        Content::Spooled(spooled) => spooled.size(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Member;

    fn order(format: Format, size: usize) -> Order {
        let file = Member::file("f".parse().unwrap(), Content::Bytes(vec![0; size]), false);
        Order {
            recipe: Recipe {
                format,
                members: Members::new([file]).unwrap(),
                source_date: crate::SourceDate::EARLIEST_FOR_ALL,
                threads: NonZeroUsize::MIN,
                algorithms: "sha256".parse().unwrap(),
            },
            destination: PathBuf::new(),
        }
    }

    #[test]
    fn the_longest_begins_with_its_share_of_the_threads_and_the_others_fit_beside_it() {
        let orders = [
            order(Format::Tar, 1000),
            order(Format::TarXz, 1000),
            order(Format::TarGz, 1000),
        ];
        let desk = Desk::new(&orders, NonZeroUsize::new(2).unwrap());
        let begun: Vec<(usize, usize)> = std::iter::from_fn(|| desk.begin())
            .map(|job| (job.order, job.threads.get()))
            .collect();
        assert_eq!(begun, [(1, 2), (2, 1), (0, 1)]);
    }

    proptest! {
        #[test]
        fn memory_is_never_more_than_one_archive_may_take_and_every_order_is_done(
            orders in prop::collection::vec((0..5_usize, 0..5000_usize), 1..30),
            threads in 1..100_usize,
            endings in prop::collection::vec(any::<prop::sample::Index>(), 30),
        ) {
            let orders: Vec<Order> = orders.into_iter().map(|(format, size)| order(Format::ALL[format], size)).collect();
            let desk = Desk::new(&orders, NonZeroUsize::new(threads).unwrap());
            let (mut under_way, mut done) = (Vec::new(), 0);
            for ending in endings {
                while let Some(job) = fitting(&desk) {
                    prop_assert!(job.threads.get() <= threads);
                    under_way.push(job);
                    prop_assert!(desk.lock().memory <= MEMORY);
                }
                if under_way.is_empty() {
                    break;
                }
                let job = under_way.swap_remove(ending.index(under_way.len()));
                desk.give_back(&mut desk.lock(), &job);
                done += 1;
            }
            prop_assert_eq!(done, orders.len());
        }
    }

    /// The next order, unless it would have to wait.
    fn fitting(desk: &Desk<'_>) -> Option<Job> {
        let state = desk.lock();
        (0..state.waiting.len()).find_map(|place| desk.job(&state, place))?;
        drop(state);
        desk.begin()
    }
}

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Does the same with every item, a few at a time, and begins nothing more once something failed. The first failure in the order
/// of the items is the one that is told.
///
/// # Errors
/// What `act` says.
pub fn concurrently<T: Sync, E: Send>(
    items: &[T],
    at_once: NonZeroUsize,
    act: impl Fn(&T) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let (next, has_failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let failure: Mutex<Option<(usize, E)>> = Mutex::new(None);
    let work = || {
        while !has_failed.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return };
            let Err(error) = act(item) else { continue };
            has_failed.store(true, Ordering::Relaxed);
            let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
            if failure.as_ref().is_none_or(|(first, _)| index < *first) {
                *failure = Some((index, error));
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..at_once.get().min(items.len()) {
            scope.spawn(work);
        }
        work();
    });
    match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some((_, error)) => Err(error),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const FOUR: NonZeroUsize = NonZeroUsize::new(4).unwrap();

    #[test]
    fn everything_is_done_once() {
        let done = Mutex::new(Vec::new());
        let items: Vec<usize> = (0..100).collect();
        let result: Result<(), ()> = concurrently(&items, FOUR, |item| {
            done.lock().unwrap().push(*item);
            Ok(())
        });
        assert_eq!(result, Ok(()));
        let done = done.into_inner().unwrap();
        assert_eq!(done.len(), 100);
        assert_eq!(done.into_iter().collect::<BTreeSet<_>>(), items.into_iter().collect());
        assert_eq!(concurrently(&[] as &[u8], FOUR, |_| Err(())), Ok(()));
    }

    #[test]
    fn after_a_failure_nothing_more_begins() {
        let begun = AtomicUsize::new(0);
        let result = concurrently(&[(); 1000], FOUR, |()| {
            begun.fetch_add(1, Ordering::Relaxed);
            Err("failed")
        });
        assert_eq!(result, Err("failed"));
        assert!(begun.into_inner() <= 4);
    }
}

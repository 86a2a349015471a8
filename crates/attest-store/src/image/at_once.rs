use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Does the same with every item, a few at a time, and gives the results in the order of the items.
pub(super) fn in_order<T: Sync, R: Send>(items: &[T], at_once: NonZeroUsize, act: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = at_once.get().min(items.len());
    if threads < 2 {
        return items.iter().map(act).collect();
    }
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(items.len()));
    let work = || {
        while let (place, Some(item)) = next_of(items, &next) {
            let result = act(item);
            done.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((place, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            // A machine that has no thread to give still has this one.
            let _ = std::thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}

fn next_of<'a, T>(items: &'a [T], next: &AtomicUsize) -> (usize, Option<&'a T>) {
    let place = next.fetch_add(1, Ordering::Relaxed);
    (place, items.get(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_results_stand_in_the_order_of_the_items_whatever_the_number_of_threads() {
        let items: Vec<usize> = (0..100).collect();
        let doubled: Vec<usize> = items.iter().map(|item| item * 2).collect();
        for at_once in [1, 2, 7, 200] {
            let at_once = NonZeroUsize::new(at_once).unwrap();
            assert_eq!(in_order(&items, at_once, |item| item * 2), doubled);
            assert!(in_order(&items[..0], at_once, |item| *item).is_empty());
        }
    }
}

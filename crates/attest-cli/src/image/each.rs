use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use attest_net::registry::concurrently;

/// How many questions a registry is asked at once. Each is small, and most of its time is that of the way.
const AT_ONCE: NonZeroUsize = NonZeroUsize::new(8).expect("eight is not zero");

/// What there is for each item, in their order, several made at once. The first failure ends it.
pub(crate) fn for_each<I: Sync, T: Send, E: Send>(
    items: &[I],
    make: impl Fn(&I) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let numbers: Vec<usize> = (0..items.len()).collect();
    let made = Mutex::new(Vec::with_capacity(items.len()));
    concurrently(&numbers, AT_ONCE, |number| {
        let one = make(&items[*number])?;
        made.lock().unwrap_or_else(PoisonError::into_inner).push((*number, one));
        Ok::<(), E>(())
    })?;
    let mut made = made.into_inner().unwrap_or_else(PoisonError::into_inner);
    made.sort_by_key(|(number, _)| *number);
    Ok(made.into_iter().map(|(_, one)| one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_at_once_comes_in_order_and_a_failure_ends_it() {
        let numbers: Vec<u64> = (0..100).collect();
        let made = for_each(&numbers, |number| Ok::<_, String>(number * 2));
        assert_eq!(made, Ok((0..100).map(|number| number * 2).collect()));
        let failed = for_each(&numbers, |number| match number {
            7 => Err("seven".to_owned()),
            number => Ok(*number),
        });
        assert_eq!(failed, Err("seven".to_owned()));
    }
}

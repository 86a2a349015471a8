use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What names something that was checked: a SHA-256 over everything that went into the check.
pub(crate) type Fingerprint = [u8; 32];

/// In how many parts it is kept, so that threads seldom wait for each other.
const SHARDS: usize = 16;

/// What was checked before and found good. What was found bad is not kept, and neither is what was not checked to the end:
/// forgetting costs time, and nothing else.
///
/// Bounded: a part that is full is emptied.
#[derive(Debug)]
pub(crate) struct Memory<V> {
    shards: Vec<Mutex<HashMap<Fingerprint, Arc<V>>>>,
    limit: usize,
}

impl<V> Memory<V> {
    /// Keeps about this many at most.
    pub(crate) fn of(limit: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            limit: limit.div_ceil(SHARDS),
        }
    }

    /// What was found before, or what `check` finds now, which is kept when it is good.
    pub(crate) fn or_check<E>(
        &self,
        fingerprint: Fingerprint,
        check: impl FnOnce() -> Result<V, E>,
    ) -> Result<Arc<V>, E> {
        let shard = &self.shards[usize::from(fingerprint[0]) % SHARDS];
        if let Some(found) = lock(shard).get(&fingerprint) {
            return Ok(Arc::clone(found));
        }
        // Not under the lock: two threads may check the same at once, and find the same.
        let found = Arc::new(check()?);
        let mut kept = lock(shard);
        if kept.len() >= self.limit {
            kept.clear();
        }
        kept.insert(fingerprint, Arc::clone(&found));
        Ok(found)
    }
}

fn lock<T>(shard: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_good_is_checked_once_and_what_was_bad_every_time() {
        let memory = Memory::of(64);
        let mut checks = 0;
        for answer in [Err("bad"), Err("bad"), Ok(1), Ok(2), Err("bad")] {
            let found = memory.or_check([7; 32], || {
                checks += 1;
                answer
            });
            assert_eq!(found.map(|found| *found), if checks < 3 { Err("bad") } else { Ok(1) });
        }
        assert_eq!(checks, 3);
    }

    #[test]
    fn it_holds_no_more_than_it_may() {
        let memory = Memory::of(SHARDS * 4);
        for number in 0..=255_u8 {
            let _ = memory.or_check([number; 32], || Ok::<_, ()>(number));
        }
        let kept: usize = memory.shards.iter().map(|shard| lock(shard).len()).sum();
        assert!((1..=SHARDS * 4).contains(&kept), "{kept}");
    }
}

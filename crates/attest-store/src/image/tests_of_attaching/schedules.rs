//! Writers whose requests take as long as a die says, in a time of their own: whatever comes in between, nothing is lost.

use std::collections::BTreeSet;
use std::sync::Condvar;

use super::*;

const WRITERS: usize = 8;

/// For each manner of a registry.
const SCHEDULES: u64 = 60;

/// How long anybody takes from reading to writing: the way back and the way there.
const SETTLING: Duration = Duration::from_secs(2);

/// The time of several writers, of whom one is awake.
struct World {
    now: Mutex<Now>,
    changed: Condvar,
}

struct Now {
    time: Duration,
    awake: usize,
    sleeping: BTreeSet<(Duration, usize)>,
}

impl World {
    fn new() -> Self {
        let now = Now {
            time: Duration::ZERO,
            awake: WRITERS,
            sleeping: BTreeSet::new(),
        };
        Self {
            now: Mutex::new(now),
            changed: Condvar::new(),
        }
    }

    fn sleep(&self, writer: usize, duration: Duration) {
        let mut now = self.now.lock().unwrap();
        let turn = (now.time + duration, writer);
        now.sleeping.insert(turn);
        self.rest(&mut now);
        drop(
            self.changed
                .wait_while(now, |now| now.sleeping.contains(&turn))
                .unwrap(),
        );
    }

    fn end(&self) {
        self.rest(&mut self.now.lock().unwrap());
    }

    /// When nobody is awake, time goes on to whoever is first.
    fn rest(&self, now: &mut Now) {
        now.awake -= 1;
        if now.awake > 0 {
            return;
        }
        if let Some((time, _)) = now.sleeping.pop_first() {
            (now.time, now.awake) = (time, 1);
            self.changed.notify_all();
        }
    }
}

/// A writer at a shelf, far away.
struct Far<'a> {
    shelf: &'a Shelf,
    world: &'a World,
    writer: usize,
    schedule: u64,
    longest: Duration,
    throws: Mutex<u64>,
}

impl Far<'_> {
    /// Most ways are short.
    fn travel(&self) {
        let mut throws = self.throws.lock().unwrap();
        *throws += 1;
        let die = sha256(format!("{} {} {throws}", self.schedule, self.writer).as_bytes());
        let (kind, length) = (die.as_bytes()[0], u32::from(die.as_bytes()[1]));
        drop(throws);
        let longest = if kind % 4 == 0 { self.longest } else { self.longest / 50 };
        self.world.sleep(self.writer, longest * length / 255);
    }
}

impl Repository for Far<'_> {
    type Error = String;

    fn manifest(&self, digest: &Digest) -> Result<Option<Vec<u8>>, String> {
        self.shelf.manifest(digest)
    }

    fn tagged(&self, tag: &str) -> Result<Option<Vec<u8>>, String> {
        self.shelf.tagged(tag)
    }

    fn blob(&self, digest: &Digest, size: u64) -> Result<Option<Vec<u8>>, String> {
        self.shelf.blob(digest, size)
    }

    fn referrers(&self, subject: &Digest) -> Result<Listed, String> {
        self.shelf.referrers(subject)
    }
}

impl Writer for Far<'_> {
    fn put_blob(&self, bytes: &[u8]) -> Result<(Digest, u64), String> {
        self.shelf.put_blob(bytes)
    }

    fn put_manifest(&self, media_type: &str, bytes: &[u8]) -> Result<(Digest, bool), String> {
        self.shelf.put_manifest(media_type, bytes)
    }

    fn versioned(&self, tag: &str) -> Result<Option<Versioned>, String> {
        self.travel();
        let found = self.shelf.versioned(tag);
        self.travel();
        found
    }

    fn put_tag(
        &self,
        tag: &str,
        media_type: &str,
        bytes: &[u8],
        condition: Option<&Condition>,
    ) -> Result<TagPut<String>, String> {
        self.travel();
        let put = self.shelf.put_tag(tag, media_type, bytes, condition);
        self.travel();
        put
    }

    fn settling(&self) -> Duration {
        SETTLING
    }

    fn elapsed(&self) -> Duration {
        self.world.now.lock().unwrap().time
    }

    fn pause(&self, duration: Duration) {
        self.world.sleep(self.writer, duration);
    }
}

/// How many of the entries are lost when all have done.
fn lost(manners: &Manners, schedule: u64, longest: Duration) -> usize {
    let (shelf, world, subject) = (Shelf::new(manners.clone()), World::new(), image());
    let stored: BTreeSet<String> = std::thread::scope(|scope| {
        let (shelf, world, subject) = (&shelf, &world, &subject);
        let write = move |writer| {
            let throws = Mutex::default();
            let far = Far {
                shelf,
                world,
                writer,
                schedule,
                longest,
                throws,
            };
            // They begin one after the other, some when others have done.
            far.travel();
            let attaching = Attaching {
                repository: &far,
                subject,
                created: None,
                above: &[],
            };
            let stored = attaching.attach(&NewEvidence::Bundle(&bundle(writer)));
            world.end();
            stored.unwrap().manifest.to_string()
        };
        let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(move || write(writer))).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    assert_eq!(stored.len(), WRITERS);
    let found: BTreeSet<String> = listed(&shelf).into_iter().collect();
    stored.difference(&found).count()
}

fn lost_in_all(manners: &Manners, longest: Duration) -> usize {
    (0..SCHEDULES).map(|schedule| lost(manners, schedule, longest)).sum()
}

/// Those that keep no conditions, or not all.
fn careless() -> [Manners; 4] {
    let none = Manners::default();
    let versions = Manners {
        versions: true,
        ..none.clone()
    };
    let refuses = Manners {
        refuses_conditions: true,
        ..versions.clone()
    };
    let absence = Manners {
        keeps_absence: true,
        ..versions.clone()
    };
    [none, versions, refuses, absence]
}

#[test]
fn nothing_is_lost_where_conditions_are_not_kept_and_nobody_takes_longer_than_the_settling_time() {
    for manners in careless() {
        assert_eq!(lost_in_all(&manners, SETTLING / 2), 0, "{manners:?}");
    }
}

#[test]
fn whoever_takes_longer_undoes_what_others_did() {
    let manners = Manners {
        versions: true,
        ..Manners::default()
    };
    assert!(lost_in_all(&manners, SETTLING * 4) > 0);
}

#[test]
fn nothing_is_lost_where_conditions_are_kept_however_long_anybody_takes() {
    let manners = Manners {
        versions: true,
        conditions: true,
        ..Manners::default()
    };
    assert_eq!(lost_in_all(&manners, SETTLING * 2), 0);
}

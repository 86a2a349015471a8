use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use attest_archive::image::Additions;
use attest_store::image::Attaching;
use rayon::prelude::*;

use super::report::{shown, subject};
use super::task::{Errand, Kept, Task};
use super::{AT_ONCE, pool};
use crate::context::Context;
use crate::failure::Failure;
use crate::image::{Form, attach_failure};
use crate::verb::sign::check::Root;

/// What is stored beside a bundle.
pub(crate) struct Storing<'a> {
    /// When it was made, as RFC 3339 has it.
    pub(crate) created: Option<String>,
    /// Whose certificates stand above that of a signer.
    pub(crate) root: &'a Root,
    /// The same, for a certificate of one's own authority, if they were given.
    pub(crate) above: Vec<Vec<u8>>,
}

/// Stores what was signed beside the images, several at once, and what was named last: whoever finds that signed finds what is below it
/// signed as well. What could not be stored ends it, and is told beside what could.
pub(crate) fn store(tasks: &mut [Task<'_>], storing: &Storing<'_>, context: &mut Context<'_>) -> Result<(), Failure> {
    announce_waiting(tasks, context);
    for is_named in [false, true] {
        let failures = store_some(tasks, storing, is_named)?;
        let Some(first) = failures.into_iter().next() else {
            continue;
        };
        tell(tasks, context);
        return Err(first);
    }
    Ok(())
}

/// Whoever sits before a terminal is told why nothing happens.
fn announce_waiting(tasks: &[Task<'_>], context: &mut Context<'_>) {
    let places = tasks.iter().flat_map(|task| &task.errands);
    let layouts = places.filter_map(|errand| errand.target.place.layout_path());
    tell_locked(&layouts.collect(), context);
}

fn tell_locked(layouts: &BTreeSet<&Path>, context: &mut Context<'_>) {
    if !context.interactive {
        return;
    }
    for path in layouts.iter().filter(|path| Additions::is_locked(path)) {
        context.say(format_args!(
            "waiting for another process that writes into the layout `{}`",
            path.display().to_string().escape_debug()
        ));
    }
}

/// Tells before anything is signed or published that a signature has no place: what is below a tag of cosign 2 may be something else.
pub(super) fn check_tags(tasks: &[Task<'_>]) -> Result<(), Failure> {
    let pool = pool(tasks.len().min(AT_ONCE))?;
    pool.install(|| tasks.par_iter().try_for_each(check_tag))
}

fn check_tag(task: &Task<'_>) -> Result<(), Failure> {
    for errand in task.errands.iter().filter(|errand| errand.form == Form::Tag) {
        let place = errand.target.place;
        let attaching = Attaching {
            repository: place,
            subject: &errand.target.subject,
            created: None,
            above: &[],
        };
        let checked = attaching.check(task.content.cosign_tag());
        checked.map_err(|error| attach_failure(&error, place).at(&errand.target.name))?;
    }
    Ok(())
}

fn store_some(tasks: &mut [Task<'_>], storing: &Storing<'_>, is_named: bool) -> Result<Vec<Failure>, Failure> {
    let has_failed = AtomicBool::new(false);
    let store = |task: &mut Task<'_>| {
        let mut failures = Vec::new();
        for place in 0..task.errands.len() {
            let errand = &task.errands[place];
            if errand.target.is_named != is_named || errand.kept.is_some() || has_failed.load(Ordering::Relaxed) {
                continue;
            }
            match storing.attach(task, errand) {
                Ok(kept) => task.errands[place].kept = kept,
                Err(failure) => {
                    has_failed.store(true, Ordering::Relaxed);
                    failures.push(failure);
                }
            }
        }
        failures
    };
    let pool = pool(tasks.len().min(AT_ONCE))?;
    Ok(pool.install(|| tasks.par_iter_mut().flat_map_iter(store).collect()))
}

impl Storing<'_> {
    fn attach(&self, task: &Task<'_>, errand: &Errand<'_>) -> Result<Option<Kept>, Failure> {
        let Some(bundle) = &task.bundle else {
            return Ok(None);
        };
        let place = errand.target.place;
        let above = match self.above.is_empty() {
            true => self.root.above(bundle),
            false => self.above.clone(),
        };
        let attaching = Attaching {
            repository: place,
            subject: &errand.target.subject,
            created: self.created.clone(),
            above: &above,
        };
        let stored = attaching.attach(&task.content.evidence(errand.form, bundle));
        let stored = stored.map_err(|error| attach_failure(&error, place).at(&errand.target.name))?;
        Ok(Some(Kept {
            manifest: Some(stored.manifest),
            place: stored.place,
            was_there: stored.was_there,
        }))
    }
}

fn tell(tasks: &[Task<'_>], context: &mut Context<'_>) {
    for errand in tasks.iter().flat_map(|task| &task.errands) {
        match &errand.kept {
            Some(kept) => context.say(format_args!("stored: {}: {}", subject(errand), shown(kept))),
            None => context.say(format_args!("not stored: {}", subject(errand))),
        }
    }
    context.say("what is not stored is lost; the same command with `--skip-signed`, and without `--bundle`, signs and stores what is missing");
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::{Instant, SystemTime};

    use super::*;

    fn told(layout: &Path, interactive: bool) -> String {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let mut context = Context {
            stdout: &mut stdout,
            stderr: &mut stderr,
            interactive,
            person: false,
            program: "attest".to_owned(),
            arguments: Vec::new(),
            environment: std::iter::empty().collect(),
            now: SystemTime::UNIX_EPOCH,
            started: Instant::now(),
        };
        tell_locked(&BTreeSet::from([layout]), &mut context);
        String::from_utf8(stderr).unwrap()
    }

    #[test]
    fn whoever_sits_before_a_terminal_is_told_of_a_lock() {
        let scene = tempfile::tempdir().unwrap();
        let marker = scene.path().join("oci-layout");
        fs::write(&marker, "{}").unwrap();
        assert_eq!(told(scene.path(), true), "");
        let held = File::open(&marker).unwrap();
        held.lock().unwrap();
        let expected = format!(
            "waiting for another process that writes into the layout `{}`\n",
            scene.path().display()
        );
        assert_eq!(told(scene.path(), true), expected);
        assert_eq!(told(scene.path(), false), "");
    }
}

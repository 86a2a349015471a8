use std::ops::ControlFlow;

use super::{Event, FileJob, Progress, Source};
use crate::file::measure_input;
use crate::input::Input;
use crate::{MeasureError, Measured};

/// The obvious engine: one job after the other on the calling thread.
pub(super) fn measure<J: FileJob>(
    jobs: impl Iterator<Item = J>,
    progress: &Progress,
    on_event: &mut impl FnMut(Event<J>) -> ControlFlow<()>,
) {
    for mut job in jobs {
        let result = measure_one(&mut job, progress);
        progress.count_files(1);
        if on_event(Event::Done(job, result)).is_break() {
            return;
        }
    }
}

fn measure_one(job: &mut impl FileJob, progress: &Progress) -> Result<Measured, MeasureError> {
    let input = match job.source() {
        Source::File => Input::open(job.path())?,
        Source::Reader(reader) => Input::Reader(reader),
        Source::Failed(error) => return Err(error),
    };
    measure_input(input, job.path(), job.algorithms(), progress)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{Algorithm, Algorithms, Job};

    #[test]
    fn jobs_come_one_after_the_other_until_the_caller_breaks() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        std::fs::write(&path, b"content").unwrap();
        let algorithms = Algorithms::one(Algorithm::Sha256);
        let job = |path| Job {
            path,
            algorithms: &algorithms,
        };
        let jobs = [job(&path), job(Path::new("/missing")), job(&path), job(&path)];
        let (progress, mut results) = (Progress::new(), Vec::new());
        measure(jobs.into_iter(), &progress, &mut |event| {
            let Event::Done(_, result) = event else {
                panic!("nobody waits here")
            };
            results.push(result.map_err(|error| error.code()));
            match results.len() {
                3 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        });
        let measured = Measured::of_bytes(b"content", &algorithms);
        assert_eq!(results, [Ok(measured.clone()), Err("cannot-open"), Ok(measured)]);
        assert_eq!((progress.files_done(), progress.bytes_read()), (3, 14));
    }
}

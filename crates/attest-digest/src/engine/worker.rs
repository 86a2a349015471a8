use super::queue::{Done, Queue};
use super::{FileJob, Progress, Source, StopOnPanic};
use crate::file::Desk;
use crate::{Job, MeasureError, Measured};

/// Measures one job after the other until there are no more.
pub(super) fn work<J: FileJob>(queue: &Queue<J>, progress: &Progress) {
    let _stop = StopOnPanic(queue);
    let mut desk = Desk::new(progress);
    while let Some(mut numbered) = queue.take() {
        let result = measure(&mut desk, &mut numbered.job);
        progress.count_files(1);
        queue.put(Done {
            place: numbered.place,
            job: numbered.job,
            result,
        });
    }
}

fn measure(desk: &mut Desk<'_>, job: &mut impl FileJob) -> Result<Measured, MeasureError> {
    let source = job.source();
    let (path, algorithms) = (job.path(), job.algorithms());
    match source {
        Source::File => desk.measure_file(&Job { path, algorithms }),
        Source::Reader(reader) => desk
            .measure_reader(reader, algorithms)
            .map_err(|source| MeasureError::Read {
                path: path.to_owned(),
                source,
            }),
        Source::Failed(error) => Err(error),
    }
}

use attest_sandbox::Clock;
use jiff::Timestamp;

/// The time of this machine, for a sandbox: it answers over minutes, so one reading at the start is not enough.
pub(crate) struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

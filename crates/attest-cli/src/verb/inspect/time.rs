use jiff::Timestamp;
use serde_json::Value;

/// Seconds since 1970 as a time that people read; null for what lies beyond the calendar.
pub(super) fn of_seconds(seconds: u64) -> Value {
    let time = i64::try_from(seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or(Value::Null, |time| time.to_string().into())
}

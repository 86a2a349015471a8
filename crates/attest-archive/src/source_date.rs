use std::str::FromStr;

use crate::Error;

/// The last second of the year 9999, where four-digit years end.
const LAST: u64 = 253_402_300_799;

const SECONDS_PER_DAY: u64 = 86_400;

/// The modification time of every member, in seconds since 1970-01-01 00:00:00 UTC.
///
/// Written as `SOURCE_DATE_EPOCH` is: ASCII decimal digits and nothing else
/// (<https://reproducible-builds.org/specs/source-date-epoch/>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceDate(u64);

impl SourceDate {
    /// 1980-01-01 00:00:00 UTC, the earliest moment that every format can hold.
    pub const EARLIEST_FOR_ALL: Self = Self(315_532_800);

    /// Takes seconds since 1970.
    ///
    /// # Errors
    /// [`Error::SourceDate`] after the year 9999.
    pub fn from_seconds(seconds: u64) -> Result<Self, Error> {
        match seconds <= LAST {
            true => Ok(Self(seconds)),
            false => Err(Error::SourceDate {
                found: seconds.to_string(),
            }),
        }
    }

    /// Seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// The moment in UTC as RFC 3339 has it: `2023-11-14T22:13:20Z`.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        let (year, month, day) = civil(self.0 / SECONDS_PER_DAY);
        let second = self.0 % SECONDS_PER_DAY;
        let (hours, minutes, seconds) = (second / 3600, second / 60 % 60, second % 60);
        format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}Z")
    }

    /// The moment that a time in the MS-DOS form is in UTC; none when it is no time.
    pub(crate) fn of_dos(time: DosTime) -> Option<Self> {
        let (year, month, day) = (1980 + u64::from(time.date >> 9), time.date >> 5 & 15, time.date & 31);
        let (hours, minutes, seconds) = (time.time >> 11, time.time >> 5 & 63, time.time & 31);
        let second_of_day = u64::from(hours) * 3600 + u64::from(minutes) * 60 + u64::from(seconds) * 2;
        let date = Self(days_since_1970(year, month, day)? * SECONDS_PER_DAY + second_of_day);
        Some(date).filter(|date| date.dos() == time)
    }

    /// The nearest moment that zip can hold: UTC, even seconds, from 1980 to 2107.
    pub(crate) fn dos(self) -> DosTime {
        match civil(self.0 / SECONDS_PER_DAY) {
            (0..1980, ..) => DosTime::FIRST,
            (year @ 1980..=2107, month, day) => DosTime {
                date: ((year - 1980) << 9) as u16 | month << 5 | day,
                time: dos_time(self.0 % SECONDS_PER_DAY),
            },
            _ => DosTime::LAST,
        }
    }
}

impl FromStr for SourceDate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = || Error::SourceDate { found: text.to_owned() };
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid());
        }
        text.parse().map_err(|_| invalid()).and_then(Self::from_seconds)
    }
}

/// A date and a time of day in the MS-DOS form (APPNOTE 4.4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DosTime {
    pub(crate) date: u16,
    pub(crate) time: u16,
}

impl DosTime {
    /// 1980-01-01 00:00:00.
    const FIRST: Self = Self {
        date: 1 << 5 | 1,
        time: 0,
    };
    /// 2107-12-31 23:59:58.
    const LAST: Self = Self {
        date: 127 << 9 | 12 << 5 | 31,
        time: 23 << 11 | 59 << 5 | 29,
    };
}

fn dos_time(second_of_day: u64) -> u16 {
    let (hours, minutes, seconds) = (second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
    (hours << 11 | minutes << 5 | (seconds / 2)) as u16
}

/// The days in 400 years.
const DAYS_PER_ERA: u64 = 146_097;

const DAYS_FROM_MARCH_0000_TO_1970: u64 = 719_468;

/// The other way round, for dates since 1970. What is no date gives nothing, or the days of another date.
fn days_since_1970(year: u64, month: u16, day: u16) -> Option<u64> {
    let (year, month_from_march) = match month {
        1..=2 => (year - 1, u64::from(month) + 9),
        3..=12 => (year, u64::from(month) - 3),
        _ => return None,
    };
    let year_of_era = year % 400;
    let day_of_year = (153 * month_from_march + 2) / 5 + u64::from(day).checked_sub(1)?;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(year / 400 * DAYS_PER_ERA + day_of_era - DAYS_FROM_MARCH_0000_TO_1970)
}

/// Year, month and day of a number of days since 1970-01-01 in the proleptic Gregorian calendar.
///
/// Years are counted from March here, so that the leap day is the last of its year.
fn civil(days_since_1970: u64) -> (u64, u16, u16) {
    let days = days_since_1970 + DAYS_FROM_MARCH_0000_TO_1970;
    let day_of_era = days % DAYS_PER_ERA;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = days / DAYS_PER_ERA * 400 + year_of_era + u64::from(month <= 2);
    (year, month as u16, day as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_decimal_digits_are_a_source_date() {
        assert_eq!("0".parse::<SourceDate>().unwrap().seconds(), 0);
        assert_eq!("1700000000".parse::<SourceDate>().unwrap().seconds(), 1_700_000_000);
        assert_eq!("253402300799".parse::<SourceDate>().unwrap().seconds(), LAST);
        for text in [
            "",
            "-1",
            "+1",
            " 1",
            "1 ",
            "1.0",
            "0x10",
            "1e3",
            "١",
            "253402300800",
            "99999999999999999999",
        ] {
            let error = text.parse::<SourceDate>().unwrap_err();
            assert!(matches!(error, Error::SourceDate { found } if found == text));
        }
    }

    #[test]
    fn days_become_dates() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (58, (1970, 2, 28)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (19_675, (2023, 11, 14)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(civil(days), date, "{days}");
        }
    }

    #[test]
    fn a_date_is_written_as_rfc_3339_has_it() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_700_000_000, "2023-11-14T22:13:20Z"),
            (LAST, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(SourceDate(seconds).to_rfc3339(), text);
        }
    }

    #[test]
    fn a_time_of_zip_comes_back_as_its_moment_or_not_at_all() {
        for seconds in (SourceDate::EARLIEST_FOR_ALL.0..4_354_819_200).step_by(7_654_322) {
            assert_eq!(SourceDate::of_dos(SourceDate(seconds).dos()), Some(SourceDate(seconds)));
        }
        for (date, time) in [
            (0, 0),
            (13 << 5 | 1, 0),
            (2 << 5 | 30, 0),
            (1 << 5 | 1, 24 << 11),
            (1 << 5 | 1, 30),
        ] {
            assert_eq!(SourceDate::of_dos(DosTime { date, time }), None, "{date} {time}");
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut before = civil(0);
        for days in 1..100_000 {
            let day = civil(days);
            let next_day = (before.0, before.1, before.2 + 1);
            let next_month = (before.0, before.1 + 1, 1);
            let next_year = (before.0 + 1, 1, 1);
            assert!([next_day, next_month, next_year].contains(&day), "{before:?} {day:?}");
            before = day;
        }
    }

    #[test]
    fn zip_times_are_clamped_to_what_zip_can_hold() {
        let dos = |seconds| SourceDate(seconds).dos();
        assert_eq!(dos(0), DosTime::FIRST);
        assert_eq!(dos(SourceDate::EARLIEST_FOR_ALL.0), DosTime::FIRST);
        // 2023-11-14 22:13:20 UTC.
        let expected = DosTime {
            date: 43 << 9 | 11 << 5 | 14,
            time: 22 << 11 | 13 << 5 | 10,
        };
        assert_eq!(dos(1_700_000_000), expected);
        assert_eq!(dos(1_700_000_001), expected);
        assert_eq!(dos(4_354_819_199), DosTime::LAST);
        assert_eq!(dos(4_354_819_200), DosTime::LAST);
    }
}

//! Numbers as people read them. The same in every locale.

/// Digits in groups of three: `1,004`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 file`, `1,004 files`.
pub(super) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// Bytes in the units that throughput is quoted in, powers of 1000.
pub(super) fn bytes(number: f64) -> String {
    const UNITS: [&str; 6] = ["B", "kB", "MB", "GB", "TB", "PB"];
    let mut scaled = number;
    let mut units = UNITS.iter();
    let mut unit = units.next();
    while scaled >= 999.995
        && let Some(larger) = units.next()
    {
        scaled /= 1000.0;
        unit = Some(larger);
    }
    match unit {
        Some(&"B") | None => format!("{number:.0} B"),
        Some(unit) => format!("{scaled:.2} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_by_three() {
        for (number, shown) in [
            (0, "0"),
            (999, "999"),
            (1004, "1,004"),
            (100_000, "100,000"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(grouped(number), shown);
        }
        assert_eq!(counted(1, "file", "files"), "1 file");
    }

    #[test]
    fn bytes_have_the_unit_that_fits() {
        for (number, shown) in [
            (0.0, "0 B"),
            (999.0, "999 B"),
            (1000.0, "1.00 kB"),
            (999_999.0, "1.00 MB"),
            (3_600_000_000.0, "3.60 GB"),
            (1e21, "1000000.00 PB"),
        ] {
            assert_eq!(bytes(number), shown);
        }
    }
}

/// What a scalar without quotes means.
///
/// By the core schema of YAML 1.2 (section 10.3.2) and by the types of YAML 1.1 (<https://yaml.org/type/>), which Helm's reader
/// follows: where the two differ it is [`Plain::Disputed`], or a number if one of them says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Plain {
    /// Nothing.
    Null,
    /// A truth value.
    Flag(bool),
    /// A number, of whatever base.
    Number,
    /// `yes`, `off` and their like: a truth value for some readers, a text for others.
    Disputed,
    /// A text.
    Text,
}

impl Plain {
    /// What readers make of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Self::Null,
            "true" | "True" | "TRUE" => Self::Flag(true),
            "false" | "False" | "FALSE" => Self::Flag(false),
            "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Self::Disputed,
            "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Self::Disputed,
            _ if is_number(text) => Self::Number,
            _ => Self::Text,
        }
    }
}

fn is_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(
        unsigned.to_ascii_lowercase().as_str(),
        ".inf" | ".nan" | "inf" | "infinity" | "nan"
    ) {
        return true;
    }
    // YAML 1.1 lets underscores stand between digits.
    let digits = unsigned.replace('_', "");
    let of_base = |prefix: &str, base: u32| {
        let rest = digits.strip_prefix(prefix);
        rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_digit(base)))
    };
    of_base("0x", 16) || of_base("0X", 16) || of_base("0o", 8) || of_base("0b", 2) || is_decimal(&digits)
}

/// Digits with at most one point, and perhaps an exponent; or groups of sixty, as YAML 1.1 counts them.
fn is_decimal(text: &str) -> bool {
    if !text.starts_with(|c: char| c.is_ascii_digit() || c == '.') || !text.contains(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    are_digits(fraction)
        && !exponent.is_empty()
        && are_digits(exponent)
        && whole.split(':').all(are_digits)
        && !whole.ends_with(':')
        && !(whole.is_empty() && fraction.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_either_schema_are_numbers() {
        for text in [
            "1", "-1", "+1", "1.10", "1.", ".5", "1e3", "1E+3", "0x1F", "0o17", "017", "0b11", "1_000", "1:30", ".inf",
            "-.INF", ".NaN",
        ] {
            assert_eq!(Plain::of(text), Plain::Number, "{text}");
        }
    }

    #[test]
    fn texts_that_look_nearly_like_numbers_are_texts() {
        for text in [
            "1.2.3",
            "v1",
            "1a",
            "e3",
            ".",
            "-",
            "1.2-3",
            "0x",
            "0xg",
            "1e",
            "a:b",
            "2024-01-01",
            "1:",
            "~1",
            "nullx",
            "truely",
        ] {
            assert_eq!(Plain::of(text), Plain::Text, "{text}");
        }
    }

    #[test]
    fn what_readers_take_differently_is_disputed() {
        for text in ["yes", "No", "ON", "off", "y", "N"] {
            assert_eq!(Plain::of(text), Plain::Disputed, "{text}");
        }
        assert_eq!(Plain::of("true"), Plain::Flag(true));
        assert_eq!(Plain::of("~"), Plain::Null);
    }
}

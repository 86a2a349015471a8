use semver::{Prerelease, Version};

use super::version::parts;
use super::{ChartError, LooseVersion};

/// The versions that a dependency may have, in the language of Helm (<https://helm.sh/docs/chart_best_practices/dependencies/>,
/// `Masterminds/semver`): `^1.2`, `~1.2.3`, `>=1.2 <2`, `1.x || 2.1 - 2.4`.
///
/// A pre-release is in a range only when the range names one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRange {
    text: String,
    /// Any of these groups, each of them whole.
    groups: Vec<Vec<Bound>>,
}

/// The longest range that is read: a line of text, where real ones have a few words.
const MAX_RANGE_BYTES: usize = 512;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Bound {
    operator: Operator,
    version: Version,
    /// How many of its numbers are given.
    given: Given,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Tilde,
    Caret,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Given {
    Nothing,
    Major,
    Minor,
    Patch,
}

/// Longer ones first, so that none hides another.
const OPERATORS: [(&str, Operator); 11] = [
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterOrEqual),
    ("=>", Operator::GreaterOrEqual),
    ("<=", Operator::LessOrEqual),
    ("=<", Operator::LessOrEqual),
    ("~>", Operator::Tilde),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
];

impl VersionRange {
    /// Reads a range.
    ///
    /// # Errors
    /// [`ChartError::Range`] when it is none.
    pub fn parse(text: &str) -> Result<Self, ChartError> {
        let invalid = || ChartError::Range { found: text.to_owned() };
        if text.len() > MAX_RANGE_BYTES {
            return Err(invalid());
        }
        let groups: Option<Vec<_>> = text.split("||").map(group).collect();
        Ok(Self {
            text: text.to_owned(),
            groups: groups.ok_or_else(invalid)?,
        })
    }

    /// Whether a version lies in it.
    #[must_use]
    pub fn contains(&self, version: &LooseVersion) -> bool {
        let version = version.precedence();
        self.groups.iter().any(|group| {
            let names_prerelease = group.iter().any(|bound| !bound.version.pre.is_empty());
            (version.pre.is_empty() || names_prerelease) && group.iter().all(|bound| bound.admits(version))
        })
    }

    /// The range as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Bounds with spaces or commas between them.
fn group(text: &str) -> Option<Vec<Bound>> {
    let mut bounds = Vec::new();
    let mut rest = text.trim_start();
    loop {
        let (mut bound, after) = bound(rest)?;
        rest = after;
        if let Some((last, after)) = hyphen_range(&bound, rest) {
            bound.operator = Operator::GreaterOrEqual;
            bounds.extend([bound, last]);
            rest = after;
        } else {
            bounds.push(bound);
        }
        let trimmed = rest.trim_start();
        if trimmed.is_empty() {
            return Some(bounds);
        }
        let is_apart = trimmed.len() < rest.len() || trimmed.starts_with(',');
        rest = trimmed.strip_prefix(',').unwrap_or(trimmed).trim_start();
        if !is_apart {
            return None;
        }
    }
}

/// What follows in `1.2 - 2.4`.
fn hyphen_range<'a>(first: &Bound, rest: &'a str) -> Option<(Bound, &'a str)> {
    let after = rest.trim_start().strip_prefix('-')?;
    let is_apart = rest.starts_with(char::is_whitespace) && after.starts_with(char::is_whitespace);
    if first.operator != Operator::Equal || !is_apart {
        return None;
    }
    let (last, after) = bound(after.trim_start())?;
    let operator = Operator::LessOrEqual;
    (last.operator == Operator::Equal).then_some((Bound { operator, ..last }, after))
}

fn bound(text: &str) -> Option<(Bound, &str)> {
    let found = OPERATORS
        .into_iter()
        .find_map(|(sign, operator)| Some((text.strip_prefix(sign)?, operator)));
    let (text, operator) = found.unwrap_or((text, Operator::Equal));
    let text = text.trim_start();
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '*' | '-' | '+')));
    let (version, rest) = text.split_at(end.unwrap_or(text.len()));
    let (version, given) = partial_version(version)?;
    let bound = Bound {
        operator,
        version,
        given,
    };
    Some((bound, rest))
}

/// A version whose last numbers may be left out or be `x`.
fn partial_version(text: &str) -> Option<(Version, Given)> {
    let (numbers, prerelease, build) = parts(text.strip_prefix('v').unwrap_or(text));
    let numbers: Vec<&str> = numbers.split('.').collect();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_wild = |text: &str| matches!(text, "x" | "X" | "*");
    if numbers.len() > 3 || !numbers.iter().all(|text| is_number(text) || is_wild(text)) || build == Some("") {
        return None;
    }
    let given = numbers.iter().take_while(|text| is_number(text)).count();
    let number = |at: usize| if at < given { numbers[at].parse().ok() } else { Some(0) };
    let mut version = Version::new(number(0)?, number(1)?, number(2)?);
    if let Some(prerelease) = prerelease {
        version.pre = Prerelease::new(prerelease).ok().filter(|pre| !pre.is_empty())?;
    }
    let given = [Given::Nothing, Given::Major, Given::Minor, Given::Patch][given];
    Some((version, given))
}

impl Bound {
    fn admits(&self, version: &Version) -> bool {
        match self.operator {
            Operator::Equal if self.given < Given::Patch => self.tilde(version),
            Operator::Equal => *version == self.version,
            Operator::NotEqual => !self.is_same(version),
            Operator::Greater if self.given == Given::Nothing => *version > self.version,
            Operator::Greater => *version > self.version && !self.is_below_unnamed(version),
            Operator::GreaterOrEqual => *version >= self.version,
            Operator::Less => *version < self.version,
            Operator::LessOrEqual => *version <= self.version || self.is_below_unnamed(version),
            Operator::Tilde => self.tilde(version),
            Operator::Caret => self.caret(version),
        }
    }

    /// `1.2` stands for each `1.2.z`.
    fn is_same(&self, version: &Version) -> bool {
        match self.given {
            Given::Nothing | Given::Patch => *version == self.version,
            Given::Major => version.major == self.version.major,
            Given::Minor => self.is_of_series(version) && version.pre == self.version.pre,
        }
    }

    fn is_of_series(&self, version: &Version) -> bool {
        (version.major, version.minor) == (self.version.major, self.version.minor)
    }

    /// Whether a version is of those that a shortened bound stands for.
    fn is_below_unnamed(&self, version: &Version) -> bool {
        match self.given {
            Given::Major => version.major == self.version.major,
            Given::Nothing | Given::Minor => self.is_of_series(version),
            Given::Patch => false,
        }
    }

    fn tilde(&self, version: &Version) -> bool {
        let is_anything = (self.version.major, self.version.minor, self.version.patch) == (0, 0, 0)
            && matches!(self.given, Given::Nothing | Given::Patch);
        *version >= self.version
            && (is_anything
                || (version.major == self.version.major
                    && (version.minor == self.version.minor || self.given <= Given::Major)))
    }

    fn caret(&self, version: &Version) -> bool {
        let bound = &self.version;
        if *version < *bound || version.major != bound.major {
            return false;
        }
        if bound.major > 0 || self.given == Given::Major {
            return true;
        }
        version.minor == bound.minor && (bound.minor > 0 || self.given == Given::Minor || version.patch == bound.patch)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn admits(range: &str, version: &str) -> bool {
        let range = VersionRange::parse(range).unwrap_or_else(|error| panic!("{error}"));
        range.contains(&LooseVersion::parse(version).unwrap())
    }

    /// A range, versions in it, versions outside: as the library that Helm uses has them.
    const RANGES: [(&str, &[&str], &[&str]); 30] = [
        ("1.2.3", &["1.2.3", "v1.2.3", "1.2.3+build"], &["1.2.4", "1.2.3-rc.1"]),
        ("=1.2", &["1.2.0", "1.2.9"], &["1.3.0", "2.2.0"]),
        ("v1.2.x", &["1.2.7"], &["1.3.0"]),
        ("1", &["1.0.0", "1.9.9"], &["2.0.0", "0.9.0"]),
        ("*", &["0.0.1", "9.9.9"], &["1.0.0-rc.1"]),
        ("*-0", &["1.0.0-rc.1", "1.0.0"], &[]),
        ("!=1.2.3", &["1.2.4"], &["1.2.3"]),
        ("!=1.x", &["2.0.0"], &["1.5.0"]),
        ("!=1.2", &["1.3.0"], &["1.2.9"]),
        (">1.2", &["1.3.0", "2.0.0"], &["1.2.5", "1.2.0"]),
        (">1", &["2.0.0"], &["1.5.0"]),
        (">1.2.3", &["1.2.4"], &["1.2.3"]),
        (">= 1.2", &["1.2.0", "3.0.0"], &["1.1.9", "1.3.0-rc.1"]),
        ("=>1.2.3", &["1.2.3"], &["1.2.2"]),
        ("<1.2", &["1.1.9"], &["1.2.0"]),
        ("<=1.2", &["1.2.9", "0.1.0"], &["1.3.0"]),
        ("=<1", &["1.9.9"], &["2.0.0"]),
        ("~1.2.3", &["1.2.3", "1.2.9"], &["1.3.0", "1.2.2"]),
        ("~>1.2", &["1.2.0", "1.2.9"], &["1.3.0"]),
        ("~1", &["1.9.0"], &["2.0.0"]),
        ("^1.2.3", &["1.2.3", "1.9.0"], &["2.0.0", "1.2.2"]),
        ("^0.2.3", &["0.2.9"], &["0.3.0", "0.2.2"]),
        ("^0.0.3", &["0.0.3"], &["0.0.4", "0.1.3"]),
        ("^0.0", &["0.0.9"], &["0.1.0"]),
        ("^0", &["0.9.9"], &["1.0.0"]),
        (">=1.2, <2", &["1.2.0", "1.9.9"], &["2.0.0", "1.1.0"]),
        (">=1.2 <2 !=1.5.0", &["1.4.0"], &["1.5.0"]),
        ("<1 || >= 3.1", &["0.5.0", "3.1.0"], &["2.0.0"]),
        ("1.2 - 2.3.4", &["1.2.0", "2.3.4"], &["2.3.5", "1.1.9"]),
        (">=1.19.0-0", &["1.19.0-rc.1", "1.30.0-gke.1", "1.20.0"], &["1.18.9"]),
    ];

    #[test]
    fn a_range_holds_what_helm_says_it_holds() {
        for (range, inside, outside) in RANGES {
            for version in inside {
                assert!(admits(range, version), "{version} in {range}");
            }
            for version in outside {
                assert!(!admits(range, version), "{version} not in {range}");
            }
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        let long = "1 ".repeat(300);
        for text in [
            "",
            " ",
            "a",
            "1.2.3.4",
            ">>1",
            ">1<2",
            "1 - ",
            "1 ||",
            "^",
            "1.2.3-",
            "1.2.3-é",
            "~~1",
            ",1",
            long.as_str(),
        ] {
            let error = VersionRange::parse(text).unwrap_err();
            assert!(matches!(error, ChartError::Range { found } if found == text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[-0-9xX*.,<>=!~^|v +a]{0,30}", version in "[0-9]{1,2}\\.[0-9]\\.[0-9](-rc)?") {
            if let Ok(range) = VersionRange::parse(&text) {
                let _ = range.contains(&LooseVersion::parse(&version).unwrap());
            }
        }

        #[test]
        fn a_version_lies_in_the_range_of_itself(version in "[0-9]{1,2}\\.[0-9]\\.[0-9](-rc\\.[1-9])?") {
            for operator in ["", "=", ">=", "<=", "~", "^"] {
                let (range, ok) = (format!("{operator}{version}"), true);
                prop_assert_eq!(admits(&range, &version), ok, "{}", range);
            }
        }
    }
}

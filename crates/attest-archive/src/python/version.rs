use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::error::visible;

/// The longest version that is accepted. Versions stand in file names, which end at 255 bytes.
pub const MAX_VERSION_BYTES: usize = 255;

/// A version of a Python project (PyPA version specifiers, PEP 440), kept normalised.
///
/// Equal are versions that mean the same: `1.0` and `1.0.0` are equal, and shown as they are. The order is that of PEP 440:
/// development releases, pre-releases, the release, post-releases.
#[derive(Debug, Clone)]
pub struct Version {
    epoch: Number,
    release: Vec<Number>,
    before: Option<(Stage, Number)>,
    post: Option<Number>,
    dev: Option<Number>,
    local: Vec<String>,
}

/// Why some text is no [`Version`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a version such as `1.2`, `1.2rc1` or `1.2.post1`, found `{}`", visible(.found))]
pub struct InvalidVersion {
    /// The text that was found.
    pub found: String,
}

/// Decimal digits without needless zeros in front: there is no greatest version.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Number(String);

/// How a pre-release is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Alpha,
    Beta,
    Candidate,
}

/// Every spelling, before any that it begins with.
const STAGES: [(&str, Stage); 8] = [
    ("alpha", Stage::Alpha),
    ("a", Stage::Alpha),
    ("beta", Stage::Beta),
    ("b", Stage::Beta),
    ("preview", Stage::Candidate),
    ("pre", Stage::Candidate),
    ("c", Stage::Candidate),
    ("rc", Stage::Candidate),
];

const POSTS: [(&str, ()); 3] = [("post", ()), ("rev", ()), ("r", ())];

const DEVS: [(&str, ()); 1] = [("dev", ())];

impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let invalid = || InvalidVersion { found: text.to_owned() };
        let short = Some(text).filter(|text| text.len() <= MAX_VERSION_BYTES);
        let lower = short.ok_or_else(invalid)?.to_ascii_lowercase();
        let lower = lower.trim_matches(|c: char| c.is_ascii_whitespace());
        parse(Scanner(lower.strip_prefix('v').unwrap_or(lower))).ok_or_else(invalid)
    }
}

fn parse(mut scanner: Scanner<'_>) -> Option<Version> {
    let first = scanner.digits()?;
    let (epoch, first) = match scanner.take("!") {
        true => (first, scanner.digits()?),
        false => (Number::zero(), first),
    };
    let mut release = vec![first];
    while let Some(number) = scanner.attempt(|scanner| scanner.take(".").then(|| scanner.digits())?) {
        release.push(number);
    }
    let before = scanner.attempt(|scanner| scanner.labelled(&STAGES));
    let implicit = scanner.attempt(|scanner| scanner.take("-").then(|| scanner.digits())?);
    let post = implicit.or_else(|| scanner.attempt(|scanner| Some(scanner.labelled(&POSTS)?.1)));
    let dev = scanner.attempt(|scanner| Some(scanner.labelled(&DEVS)?.1));
    let local = match scanner.take("+") {
        true => local_parts(std::mem::take(&mut scanner.0))?,
        false => Vec::new(),
    };
    scanner.0.is_empty().then_some(Version {
        epoch,
        release,
        before,
        post,
        dev,
        local,
    })
}

fn local_parts(text: &str) -> Option<Vec<String>> {
    text.split(['-', '_', '.'])
        .map(|part| match part.bytes().all(|byte| byte.is_ascii_digit()) {
            true => Number::new(part).map(|number| number.0),
            false => part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric())
                .then(|| part.to_owned()),
        })
        .collect()
}

/// What is left of a version.
struct Scanner<'a>(&'a str);

impl Scanner<'_> {
    /// Takes nothing when nothing comes of it.
    fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let before = self.0;
        let found = read(self);
        if found.is_none() {
            self.0 = before;
        }
        found
    }

    fn take(&mut self, prefix: &str) -> bool {
        let rest = self.0.strip_prefix(prefix);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn digits(&mut self) -> Option<Number> {
        let end = self.0.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        Number::new(digits)
    }

    fn separator(&mut self) {
        self.0 = self.0.strip_prefix(['-', '_', '.']).unwrap_or(self.0);
    }

    /// A label and its number, which is zero when there is none.
    fn labelled<T: Copy>(&mut self, labels: &[(&str, T)]) -> Option<(T, Number)> {
        self.separator();
        let (_, label) = labels.iter().find(|(label, _)| self.take(label))?;
        self.separator();
        Some((*label, self.digits().unwrap_or_else(Number::zero)))
    }
}

impl Number {
    fn zero() -> Self {
        Self("0".to_owned())
    }

    fn new(digits: &str) -> Option<Self> {
        let significant = digits.trim_start_matches('0');
        match (digits, significant) {
            ("", _) => None,
            (_, "") => Some(Self::zero()),
            _ => Some(Self(significant.to_owned())),
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0.len(), &self.0).cmp(&(other.0.len(), &other.0))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Version {
    /// Without the part after `+`.
    #[must_use]
    pub fn without_local(&self) -> Self {
        Self {
            local: Vec::new(),
            ..self.clone()
        }
    }

    /// Epoch and release alone.
    #[must_use]
    pub fn base(&self) -> Self {
        Self {
            before: None,
            post: None,
            dev: None,
            ..self.without_local()
        }
    }

    /// Whether it comes before the release: `1.0rc1`, `1.0.dev2`.
    #[must_use]
    pub fn is_pre_release(&self) -> bool {
        self.before.is_some() || self.dev.is_some()
    }

    /// Whether it comes after the release: `1.0.post1`.
    #[must_use]
    pub fn is_post_release(&self) -> bool {
        self.post.is_some()
    }

    /// A development release of the release itself comes before its pre-releases.
    fn stage(&self) -> (u8, Option<&(Stage, Number)>) {
        match (&self.before, &self.post, &self.dev) {
            (Some(before), _, _) => (1, Some(before)),
            (None, None, Some(_)) => (0, None),
            _ => (2, None),
        }
    }

    /// Numbers come after words.
    fn local_order(&self) -> impl Iterator<Item = (bool, usize, &str)> {
        self.local.iter().map(|part| {
            let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
            (is_number, if is_number { part.len() } else { 0 }, part.as_str())
        })
    }

    /// The release without the zeros at its end, which do not count.
    fn significant_release(&self) -> &[Number] {
        let zeros = self.release.iter().rev().take_while(|number| number.0 == "0").count();
        &self.release[..self.release.len() - zeros]
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.epoch == other.epoch
            && self.significant_release() == other.significant_release()
            && self.before == other.before
            && self.post == other.post
            && self.dev == other.dev
            && self.local == other.local
    }
}

impl Eq for Version {}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let of_release = (&self.epoch, self.significant_release()).cmp(&(&other.epoch, other.significant_release()));
        of_release
            .then_with(|| self.stage().cmp(&other.stage()))
            .then_with(|| self.post.cmp(&other.post))
            .then_with(|| (self.dev.is_none(), &self.dev).cmp(&(other.dev.is_none(), &other.dev)))
            .then_with(|| self.local_order().cmp(other.local_order()))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The normal form.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.epoch.0 != "0" {
            write!(f, "{}!", self.epoch.0)?;
        }
        let release: Vec<&str> = self.release.iter().map(|number| number.0.as_str()).collect();
        f.write_str(&release.join("."))?;
        if let Some((stage, number)) = &self.before {
            let stage = match stage {
                Stage::Alpha => "a",
                Stage::Beta => "b",
                Stage::Candidate => "rc",
            };
            write!(f, "{stage}{}", number.0)?;
        }
        if let Some(post) = &self.post {
            write!(f, ".post{}", post.0)?;
        }
        if let Some(dev) = &self.dev {
            write!(f, ".dev{}", dev.0)?;
        }
        match self.local.is_empty() {
            true => Ok(()),
            false => write!(f, "+{}", self.local.join(".")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn normal(text: &str) -> String {
        text.parse::<Version>().unwrap().to_string()
    }

    #[test]
    fn every_spelling_has_one_normal_form() {
        for (text, expected) in [
            ("1.0", "1.0"),
            ("v01.002", "1.2"),
            (" 1.0\n", "1.0"),
            ("1!2.0", "1!2.0"),
            ("0!2", "2"),
            ("1.1.Alpha-2", "1.1a2"),
            ("1.1_beta", "1.1b0"),
            ("1.1c3", "1.1rc3"),
            ("1.1-preview_4", "1.1rc4"),
            ("1.1rc.4", "1.1rc4"),
            ("1.0-5", "1.0.post5"),
            ("1.0-r4", "1.0.post4"),
            ("1.0.rev", "1.0.post0"),
            ("1.0post2.dev3", "1.0.post2.dev3"),
            ("1.2DEV", "1.2.dev0"),
            ("1.0a.dev1", "1.0a0.dev1"),
            ("1.0a--1", "1.0a0.post1"),
            ("1.0+Ubuntu-01_x", "1.0+ubuntu.1.x"),
            ("20261120000000000000000000000", "20261120000000000000000000000"),
        ] {
            assert_eq!(normal(text), expected, "{text}");
        }
    }

    #[test]
    fn what_means_the_same_is_equal() {
        let version = |text: &str| text.parse::<Version>().unwrap();
        assert_eq!(version("1.0"), version("1.0.0"));
        assert_eq!(version("0"), version("0.0"));
        assert_ne!(version("1.0"), version("1.0.1"));
        assert_ne!(version("1.0"), version("1.0+local"));
        assert_ne!(version("1.0a1"), version("1.0b1"));
        assert_ne!(version("1.0.post1"), version("1.0.dev1"));
    }

    #[test]
    fn versions_have_the_order_of_the_specification() {
        let sorted = [
            "1.0.dev456",
            "1.0a1",
            "1.0a2.dev456",
            "1.0a12.dev456",
            "1.0a12",
            "1.0b1.dev456",
            "1.0b2",
            "1.0b2.post345.dev456",
            "1.0b2.post345",
            "1.0rc1.dev456",
            "1.0rc1",
            "1.0",
            "1.0+abc.5",
            "1.0+abc.7",
            "1.0+5",
            "1.0+10",
            "1.0.post456.dev34",
            "1.0.post456",
            "1.0.15",
            "1.1.dev1",
            "10.0",
            "1!0.1",
        ];
        let versions: Vec<Version> = sorted.iter().map(|text| text.parse().unwrap()).collect();
        assert!(versions.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(versions[7].base().to_string(), "1.0");
        assert_eq!(versions[13].without_local().to_string(), "1.0");
        assert!(versions[0].is_pre_release() && !versions[11].is_pre_release());
        assert!(versions[17].is_post_release() && !versions[11].is_post_release());
    }

    #[test]
    fn anything_else_is_rejected() {
        let long = "1".repeat(MAX_VERSION_BYTES + 1);
        for found in [
            "", "v", "a1", "1.", "1..0", "1.0-", "1!", "1.0+", "1.0+a..b", "1.0_1", "1.0 1", "1.0é", "1.x", &long,
        ] {
            let error = found.parse::<Version>().unwrap_err();
            assert_eq!(error, InvalidVersion { found: found.into() });
        }
    }

    proptest! {
        #[test]
        fn a_normal_form_is_its_own(text in "v?([0-9]!)?[0-9]{1,3}(\\.[0-9]{1,3}){0,3}([-_.]?(a|beta|c|rc|pre)[-_.]?[0-9]{0,2})?(-[0-9]|[-_.]?(post|r)[0-9]?)?(\\.?dev[0-9]?)?(\\+[a-z0-9]{1,4}([-_.][a-z0-9]{1,3})?)?") {
            let version: Version = text.parse().unwrap();
            let again: Version = version.to_string().parse().unwrap();
            prop_assert_eq!(again.to_string(), version.to_string());
            prop_assert_eq!(again, version);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,12}", versionlike in "[0-9a-z.!+_-]{0,12}") {
            let _ = text.parse::<Version>();
            let _ = versionlike.parse::<Version>();
        }
    }
}

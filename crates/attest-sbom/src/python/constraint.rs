use attest_archive::python::Version;

/// Which versions are allowed: the version specifiers of PEP 440, and what poetry writes beyond them (`^1.2`, `~1.2`, `1.2`,
/// `1.2.*`, `||`).
///
/// Source: PyPA version specifiers; "Dependency specification" of poetry's documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Constraint {
    alternatives: Vec<Vec<Clause>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Clause {
    Any,
    Same(Version),
    Identical(String),
    Starting(Version),
    Not(Box<Self>),
    AtLeast(Version),
    AtMost(Version),
    Less(Version),
    Greater(Version),
}

/// The most clauses that are looked at. Long lists of excluded versions have some dozens.
const MAX_CLAUSES: usize = 1000;

/// Every operator, before any that it begins with.
const OPERATORS: [&str; 11] = ["===", "~=", "==", "!=", "<=", ">=", "<", ">", "^", "~", "="];

impl Constraint {
    /// Reads a constraint; nothing for one that is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let alternatives = text.split("||").map(clauses).collect::<Option<Vec<_>>>()?;
        let count: usize = alternatives.iter().map(Vec::len).sum();
        (count <= MAX_CLAUSES).then_some(Self { alternatives })
    }

    /// Whether a version is allowed. What is no version by PEP 440 is allowed by its own spelling only.
    pub(super) fn allows(&self, version: &str) -> bool {
        let parsed = version.parse().ok();
        self.alternatives
            .iter()
            .any(|clauses| clauses.iter().all(|clause| clause.allows(version, parsed.as_ref())))
    }
}

fn clauses(text: &str) -> Option<Vec<Clause>> {
    let mut found = Vec::new();
    for part in text.split(',') {
        let mut rest = part.trim();
        if rest.is_empty() {
            found.push(Clause::Any);
        }
        // Poetry takes a blank for a comma.
        while !rest.is_empty() {
            let operator = OPERATORS.iter().find(|operator| rest.starts_with(**operator)).copied();
            rest = rest[operator.map_or(0, str::len)..].trim_start();
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            clause(operator.unwrap_or("=="), &rest[..end], &mut found)?;
            rest = rest[end..].trim_start();
        }
    }
    Some(found)
}

fn clause(operator: &str, text: &str, found: &mut Vec<Clause>) -> Option<()> {
    if text == "*" {
        found.push(Clause::Any);
        return Some(());
    }
    if operator == "===" {
        found.push(Clause::Identical(text.to_owned()));
        return Some(());
    }
    if let Some(start) = text.strip_suffix(".*") {
        let starting = Clause::Starting(start.parse::<Version>().ok()?.base());
        found.push(match operator {
            "!=" => Clause::Not(Box::new(starting)),
            _ => starting,
        });
        return Some(());
    }
    let version: Version = text.parse().ok()?;
    match operator {
        "~=" => found.extend([Clause::Starting(without_last(&version)?), Clause::AtLeast(version)]),
        "^" => found.extend([Clause::Less(after_caret(&version)?), Clause::AtLeast(version)]),
        "~" => found.extend([Clause::Less(after_tilde(&version)?), Clause::AtLeast(version)]),
        "!=" => found.push(Clause::Not(Box::new(Clause::Same(version)))),
        "<=" => found.push(Clause::AtMost(version)),
        ">=" => found.push(Clause::AtLeast(version)),
        "<" => found.push(Clause::Less(version)),
        ">" => found.push(Clause::Greater(version)),
        _ => found.push(Clause::Same(version)),
    }
    Some(())
}

impl Clause {
    fn allows(&self, text: &str, version: Option<&Version>) -> bool {
        match (self, version) {
            (Self::Any, _) => true,
            (Self::Identical(expected), _) => expected.eq_ignore_ascii_case(text),
            (Self::Not(clause), _) => !clause.allows(text, version),
            (_, None) => false,
            (Self::Same(expected), Some(version)) => expected == version || *expected == version.without_local(),
            (Self::Starting(start), Some(version)) => starts_with(version, start),
            (Self::AtLeast(bound), Some(version)) => version.without_local() >= *bound,
            (Self::AtMost(bound), Some(version)) => version.without_local() <= *bound,
            (Self::Less(bound), Some(version)) => {
                let is_before_bound = version.is_pre_release() && !bound.is_pre_release();
                version < bound && !(is_before_bound && version.base() == bound.base())
            }
            (Self::Greater(bound), Some(version)) => {
                let is_after_bound = version.is_post_release() && !bound.is_post_release();
                version.without_local() > *bound && !(is_after_bound && version.base() == bound.base())
            }
        }
    }
}

/// Whether the numbers of `start` are the first ones of a version; missing ones are zero.
fn starts_with(version: &Version, start: &Version) -> bool {
    let (version, start) = (numbers(version), numbers(start));
    start
        .iter()
        .enumerate()
        .all(|(place, number)| version.get(place).map_or("0", String::as_str) == number)
}

/// The numbers of the release; the first one with the epoch.
fn numbers(version: &Version) -> Vec<String> {
    version.base().to_string().split('.').map(str::to_owned).collect()
}

fn without_last(version: &Version) -> Option<Version> {
    let mut numbers = numbers(version);
    numbers.pop();
    numbers.join(".").parse().ok()
}

/// The first version that `^` does not allow: the leftmost number that is not zero, counted up.
fn after_caret(version: &Version) -> Option<Version> {
    let numbers = numbers(version);
    let first = numbers.iter().position(|number| number != "0");
    counted_up(&numbers[..=first.unwrap_or(numbers.len() - 1)])
}

/// The first version that `~` does not allow: the second number, counted up.
fn after_tilde(version: &Version) -> Option<Version> {
    let numbers = numbers(version);
    counted_up(&numbers[..numbers.len().min(2)])
}

fn counted_up(numbers: &[String]) -> Option<Version> {
    let (last, before) = numbers.split_last()?;
    let (epoch, last) = match last.split_once('!') {
        Some((epoch, last)) => (format!("{epoch}!"), last),
        None => (String::new(), last.as_str()),
    };
    let next = last.parse::<u64>().ok()?.checked_add(1)?;
    let mut text = before.join(".");
    if !text.is_empty() {
        text.push('.');
    }
    format!("{text}{epoch}{next}").parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn allows(constraint: &str, version: &str) -> bool {
        Constraint::parse(constraint).unwrap().allows(version)
    }

    #[test]
    fn every_operator_allows_what_the_specification_says_and_nothing_beside() {
        for (constraint, inside, outside) in [
            ("==1.1", "1.1.0", "1.1.1"),
            ("== 1.1", "1.1+local", "1.1.post1"),
            ("==1.1+a", "1.1+a", "1.1"),
            ("==1.1.*", "1.1.5rc1", "1.10"),
            ("!=1.1", "1.1.post1", "1.1"),
            ("!=1.1.*", "1.2", "1.1.9"),
            ("~=2.2", "2.9", "3.0"),
            ("~=1.4.5", "1.4.9", "1.5"),
            (">=1.0,<2", "1.5", "2.0rc1"),
            ("<2.0rc1", "2.0b1", "2.0rc1"),
            ("<=2", "2.0+local", "2.0.post1"),
            (">1.7", "1.8", "1.7.post2"),
            (">1.7", "1.7.1", "1.7+local"),
            (">1.7.post2", "1.7.post3", "1.7.post2"),
            ("===1.0-foo", "1.0-FOO", "1.0"),
            ("*", "0.0.1", "none"),
            ("^1.2.3", "1.9", "2.0"),
            ("^0.2.3", "0.2.9", "0.3"),
            ("^0.0.3", "0.0.3", "0.0.4"),
            ("^0.0", "0.0.9", "0.1"),
            ("^0", "0.9", "1.0"),
            ("~1.2.3", "1.2.9", "1.3"),
            ("~1.2", "1.2.9", "1.3"),
            ("~1", "1.9", "2.0"),
            ("1.2.3", "1.2.3", "1.2.4"),
            ("1.2.*", "1.2.9", "1.3"),
            (">=1.0 <2.0", "1.5", "2.5"),
            ("^1 || ^3", "3.1", "2.0"),
            ("==2!1.*", "2!1.5", "1.5"),
        ] {
            assert!(allows(constraint, inside) || inside == outside, "{constraint} {inside}");
            if outside != "none" {
                assert!(!allows(constraint, outside), "{constraint} {outside}");
            }
        }
    }

    #[test]
    fn what_is_no_constraint_is_none() {
        for text in [
            "==",
            ">=x",
            "1.2.x",
            ">= 1.0 ,, !",
            "~=1",
            "^",
            &"==1,".repeat(MAX_CLAUSES + 1),
        ] {
            assert_eq!(Constraint::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,20}", like in "[<>=!~^,.*| 0-9a-c]{0,16}", version in "[0-9.a+!]{0,8}") {
            let _ = Constraint::parse(&text).map(|constraint| constraint.allows(&version));
            let _ = Constraint::parse(&like).map(|constraint| constraint.allows(&version));
        }
    }
}

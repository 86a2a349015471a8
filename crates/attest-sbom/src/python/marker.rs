//! Environment markers in, whether they hold out.
//!
//! Source: PyPA dependency specifiers, "Environment markers"; PEP 751 for the sets of extras and groups.

use super::constraint::Constraint;

/// A condition on where a package is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Marker {
    Compare(Comparison),
    All(Vec<Self>),
    Any(Vec<Self>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Comparison {
    left: Operand,
    operator: &'static str,
    right: Operand,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Operand {
    Variable(&'static str),
    Text(String),
}

/// What is known of where a package is installed.
pub(super) trait World {
    /// The value of a variable; nothing if it is not known.
    fn value(&self, variable: &str) -> Option<&str>;

    /// Whether a set, `extras` or `dependency_groups`, holds a name; nothing if that is not known.
    fn holds(&self, _set: &str, _name: &str) -> Option<bool> {
        None
    }
}

/// How deep parentheses may stand in each other: managers write two or three.
const MAX_DEPTH: usize = 32;

/// The most words of one marker. The longest that a universal lock has are of some hundred.
const MAX_WORDS: usize = 20_000;

/// Every name of a variable, the old ones with what they are called now.
const VARIABLES: [(&str, &str); 20] = [
    ("os_name", "os_name"),
    ("os.name", "os_name"),
    ("sys_platform", "sys_platform"),
    ("sys.platform", "sys_platform"),
    ("platform_machine", "platform_machine"),
    ("platform.machine", "platform_machine"),
    ("platform_python_implementation", "platform_python_implementation"),
    ("platform.python_implementation", "platform_python_implementation"),
    ("python_implementation", "platform_python_implementation"),
    ("platform_release", "platform_release"),
    ("platform_system", "platform_system"),
    ("platform_version", "platform_version"),
    ("platform.version", "platform_version"),
    ("python_version", "python_version"),
    ("python_full_version", "python_full_version"),
    ("implementation_name", "implementation_name"),
    ("implementation_version", "implementation_version"),
    ("extra", "extra"),
    ("extras", "extras"),
    ("dependency_groups", "dependency_groups"),
];

/// Every operator, before any that it begins with.
const OPERATORS: [&str; 8] = ["===", "~=", "==", "!=", "<=", ">=", "<", ">"];

impl Marker {
    /// Reads a marker; nothing for one that is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let words = words(text)?;
        let mut parser = Parser {
            words: &words,
            depth: 0,
        };
        let marker = parser.any()?;
        parser.words.is_empty().then_some(marker)
    }

    /// Whether it can hold: what is not known of the world counts as fulfilled.
    pub(super) fn can_hold(&self, world: &dyn World) -> bool {
        match self {
            Self::Compare(comparison) => comparison.holds(world).unwrap_or(true),
            Self::All(all) => all.iter().all(|one| one.can_hold(world)),
            Self::Any(any) => any.iter().any(|one| one.can_hold(world)),
        }
    }

    /// Whether it holds whatever is not known of the world.
    pub(super) fn must_hold(&self, world: &dyn World) -> bool {
        match self {
            Self::Compare(comparison) => comparison.holds(world).unwrap_or(false),
            Self::All(all) => all.iter().all(|one| one.must_hold(world)),
            Self::Any(any) => any.iter().any(|one| one.must_hold(world)),
        }
    }

    /// The names of extras that it asks for.
    pub(super) fn extras(&self) -> Vec<String> {
        match self {
            Self::Compare(Comparison { left, operator, right }) => match (left, *operator, right) {
                (Operand::Variable("extra"), "==", Operand::Text(name))
                | (Operand::Text(name), "==", Operand::Variable("extra"))
                | (Operand::Text(name), "in", Operand::Variable("extras")) => vec![super::normalised(name)],
                _ => Vec::new(),
            },
            Self::All(all) | Self::Any(all) => all.iter().flat_map(Self::extras).collect(),
        }
    }
}

impl Comparison {
    fn holds(&self, world: &dyn World) -> Option<bool> {
        if let (Operand::Text(name), Operand::Variable(set @ ("extras" | "dependency_groups"))) =
            (&self.left, &self.right)
        {
            let holds = world.holds(set, &super::normalised(name))?;
            return Some(holds == (self.operator == "in"));
        }
        let (left, right) = (self.left.value(world)?, self.right.value(world)?);
        if self.is_of("extra") {
            let same = super::normalised(left) == super::normalised(right);
            return Some(same == (self.operator == "=="));
        }
        let as_versions = || {
            let constraint = Constraint::parse(&format!("{}{right}", self.operator))?;
            left.parse::<attest_archive::python::Version>().ok()?;
            Some(constraint.allows(left))
        };
        Some(match self.operator {
            "in" => right.contains(left),
            "not in" => !right.contains(left),
            operator => as_versions().unwrap_or_else(|| by_text(left, operator, right)),
        })
    }

    fn is_of(&self, variable: &str) -> bool {
        let is = |operand: &Operand| matches!(operand, Operand::Variable(name) if *name == variable);
        is(&self.left) || is(&self.right)
    }
}

fn by_text(left: &str, operator: &str, right: &str) -> bool {
    match operator {
        "==" | "===" => left == right,
        "!=" => left != right,
        "<" => left < right,
        "<=" => left <= right,
        ">" => left > right,
        ">=" => left >= right,
        _ => false,
    }
}

impl Operand {
    fn value<'a>(&'a self, world: &'a dyn World) -> Option<&'a str> {
        match self {
            Self::Variable(name) => world.value(name),
            Self::Text(text) => Some(text),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Open,
    Close,
    And,
    Or,
    Operator(&'static str),
    Operand(Operand),
}

fn words(text: &str) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '(' => (Word::Open, &rest[1..]),
            ')' => (Word::Close, &rest[1..]),
            '"' | '\'' => {
                let (text, after) = rest[1..].split_once(first)?;
                (Word::Operand(Operand::Text(text.to_owned())), after)
            }
            '=' | '!' | '<' | '>' | '~' => {
                let operator = OPERATORS.iter().find(|operator| rest.starts_with(**operator))?;
                (Word::Operator(operator), &rest[operator.len()..])
            }
            _ => named(rest)?,
        };
        words.push(word);
        rest = after.trim_start();
        if words.len() > MAX_WORDS {
            return None;
        }
    }
    Some(words)
}

fn named(rest: &str) -> Option<(Word, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    let word = match name {
        "and" => Word::And,
        "or" => Word::Or,
        "in" => Word::Operator("in"),
        "not" => {
            let after = after.trim_start().strip_prefix("in")?;
            let ends = after.starts_with([' ', '\t', '\'', '"', '\n']);
            return ends.then_some((Word::Operator("not in"), after));
        }
        name => {
            let (_, variable) = VARIABLES.iter().find(|(written, _)| *written == name)?;
            Word::Operand(Operand::Variable(variable))
        }
    };
    Some((word, after))
}

struct Parser<'a> {
    words: &'a [Word],
    depth: usize,
}

impl Parser<'_> {
    fn any(&mut self) -> Option<Marker> {
        let mut any = vec![self.all()?];
        while self.takes(&Word::Or) {
            any.push(self.all()?);
        }
        Some(if any.len() == 1 { any.pop()? } else { Marker::Any(any) })
    }

    fn all(&mut self) -> Option<Marker> {
        let mut all = vec![self.one()?];
        while self.takes(&Word::And) {
            all.push(self.one()?);
        }
        Some(if all.len() == 1 { all.pop()? } else { Marker::All(all) })
    }

    fn one(&mut self) -> Option<Marker> {
        if self.takes(&Word::Open) {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return None;
            }
            let marker = self.any()?;
            self.depth -= 1;
            return self.takes(&Word::Close).then_some(marker);
        }
        let [Word::Operand(left), Word::Operator(operator), Word::Operand(right), ..] = self.words else {
            return None;
        };
        self.words = &self.words[3..];
        Some(Marker::Compare(Comparison {
            left: left.clone(),
            operator,
            right: right.clone(),
        }))
    }

    fn takes(&mut self, word: &Word) -> bool {
        let takes = self.words.first() == Some(word);
        if takes {
            self.words = &self.words[1..];
        }
        takes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Linux;

    impl World for Linux {
        fn value(&self, variable: &str) -> Option<&str> {
            Some(match variable {
                "os_name" => "posix",
                "sys_platform" => "linux",
                "python_version" => "3.11",
                "python_full_version" => "3.11.7",
                "extra" => "",
                "platform_machine" => "x86_64",
                "platform_python_implementation" => "CPython",
                _ => return None,
            })
        }

        fn holds(&self, set: &str, name: &str) -> Option<bool> {
            (set == "dependency_groups").then_some(name == "default-group")
        }
    }

    fn holds(text: &str) -> bool {
        Marker::parse(text).unwrap().can_hold(&Linux)
    }

    #[test]
    fn markers_hold_where_the_specification_says() {
        for text in [
            "python_version < '3.12'",
            "python_version>=\"3.9\" and sys_platform=='linux'",
            "'3.8' <= python_version",
            "python_version == '3.*'",
            "python_full_version ~= '3.11.2'",
            "os.name == 'posix' and python_implementation != 'PyPy'",
            "sys_platform in 'linux darwin'",
            "platform_machine not in 'arm64 aarch64'",
            "(sys_platform == 'win32' or (os_name == 'posix')) and extra != 'x'",
            "platform_release >= '20'",
            "'Default_Group' in dependency_groups",
            "'dev' not in dependency_groups",
            "'any' in extras",
        ] {
            assert!(holds(text), "{text}");
        }
        for text in [
            "python_version < '3.9'",
            "python_version >= '3.9' and sys_platform == 'win32'",
            "extra == 'socks'",
            "sys_platform == 'win32' or sys_platform == 'darwin'",
            "os_name == 'nt' and platform_release >= '20'",
            "'dev' in dependency_groups",
        ] {
            assert!(!holds(text), "{text}");
        }
    }

    #[test]
    fn three_point_ten_is_more_than_three_point_nine() {
        assert!(holds("'3.10' > '3.9'"));
        assert!(holds("'3.9rc1' < '3.9.1'"));
        assert!(holds("'abc' < 'abd'"));
    }

    #[test]
    fn the_extras_that_are_asked_for_are_named() {
        let marker =
            Marker::parse("python_version < '3' and (extra == 'Two_A' or 'b' == extra) and extra != 'c'").unwrap();
        assert_eq!(marker.extras(), ["two-a", "b"]);
    }

    #[test]
    fn what_is_no_marker_is_none() {
        let deep = format!("{}extra == 'a'{}", "(".repeat(MAX_DEPTH + 1), ")".repeat(MAX_DEPTH + 1));
        let long = "extra == 'a' or ".repeat(MAX_WORDS);
        for text in [
            "",
            "python_version",
            "python_version <",
            "python_version < 3",
            "unknown == 'a'",
            "extra == 'a",
            "extra == 'a' and",
            "(extra == 'a'",
            "extra == 'a')",
            "extra not 'a'",
            &deep,
            &long,
        ] {
            assert_eq!(Marker::parse(text), None);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,30}", like in "(python_version|extra|'a'|\"|==|<|\\(|\\)| and | or | not in |in| ){0,12}") {
            let _ = Marker::parse(&text).map(|marker| marker.can_hold(&Linux));
            let _ = Marker::parse(&like).map(|marker| marker.can_hold(&Linux));
        }
    }
}

//! Names and commands with placeholders, checked when they are read.

use std::fmt;

/// A value that a template can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Placeholder {
    /// `{name}`: the project.
    Name,
    /// `{version}`: the version without a leading `v`.
    Version,
    /// `{os}`: `linux`.
    Os,
    /// `{arch}`: `amd64`.
    Arch,
    /// `{variant}`: `v7`, or nothing.
    Variant,
    /// `{target}`: os, architecture and variant with hyphens, `linux-arm-v7`.
    Target,
    /// `{triple}`: the Rust target triple.
    Triple,
    /// `{exe}`: `.exe` on Windows, else nothing.
    Exe,
}

/// Which values there are where a template stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// One file for the whole release.
    Release,
    /// One file, command or path for each target.
    Target,
}

/// Text with placeholders that all have a value where it is used: `{name}-{version}-{os}-{arch}{variant}`. `{{` and `}}`
/// are braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Value(Placeholder),
}

/// Why some text is no template; `offset` counts bytes from its beginning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTemplate {
    /// A placeholder has no value here.
    #[error("expected a placeholder out of {}, found `{{{found}}}`", names(*.scope))]
    UnknownPlaceholder {
        /// The word between the braces.
        found: String,
        /// Where the template stands.
        scope: Scope,
        /// Where the opening brace is.
        offset: usize,
    },
    /// A brace has no partner.
    #[error("expected every brace to have its partner (a brace itself is written twice), found a single `{brace}`")]
    Brace {
        /// Which one.
        brace: char,
        /// Where it is.
        offset: usize,
    },
}

impl InvalidTemplate {
    /// Where in the template, in bytes from its beginning.
    #[must_use]
    pub fn offset(&self) -> usize {
        match self {
            Self::UnknownPlaceholder { offset, .. } | Self::Brace { offset, .. } => *offset,
        }
    }
}

/// The values of one release, and of one target when there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values<'a> {
    /// The project's name.
    pub name: &'a str,
    /// The release's version.
    pub version: &'a str,
    /// The target with its Rust triple (empty when Rust has none).
    pub target: Option<(crate::Target, &'a str)>,
}

impl Placeholder {
    const RELEASE: [Self; 2] = [Self::Name, Self::Version];
    const TARGET: [Self; 8] = [
        Self::Name,
        Self::Version,
        Self::Os,
        Self::Arch,
        Self::Variant,
        Self::Target,
        Self::Triple,
        Self::Exe,
    ];

    /// The word between the braces.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Version => "version",
            Self::Os => "os",
            Self::Arch => "arch",
            Self::Variant => "variant",
            Self::Target => "target",
            Self::Triple => "triple",
            Self::Exe => "exe",
        }
    }
}

impl Scope {
    /// The placeholders that have a value here.
    #[must_use]
    pub const fn placeholders(self) -> &'static [Placeholder] {
        match self {
            Self::Release => &Placeholder::RELEASE,
            Self::Target => &Placeholder::TARGET,
        }
    }
}

impl Template {
    /// Reads a template for `scope`.
    ///
    /// # Errors
    /// [`InvalidTemplate`] says what and where.
    pub fn parse(source: &str, scope: Scope) -> Result<Self, InvalidTemplate> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = source;
        while let Some(index) = rest.find(['{', '}']) {
            let offset = source.len() - rest.len() + index;
            let brace = if rest.as_bytes()[index] == b'{' { '{' } else { '}' };
            text.push_str(&rest[..index]);
            rest = &rest[index + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                text.push(brace);
                rest = after;
                continue;
            }
            let (word, after) = match rest.split_once('}') {
                Some(split) if brace == '{' => split,
                _ => return Err(InvalidTemplate::Brace { brace, offset }),
            };
            parts.push(Part::Text(std::mem::take(&mut text)));
            parts.push(Part::Value(placeholder(word, scope, offset)?));
            rest = after;
        }
        text.push_str(rest);
        parts.push(Part::Text(text));
        Ok(Self {
            source: source.to_owned(),
            parts,
        })
    }

    /// Whether the template asks for `placeholder`.
    #[must_use]
    pub fn asks_for(&self, placeholder: Placeholder) -> bool {
        self.parts.contains(&Part::Value(placeholder))
    }

    /// The text with every placeholder replaced by its value.
    #[must_use]
    pub fn render(&self, values: &Values<'_>) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Value(placeholder) => values.of(*placeholder),
            })
            .collect()
    }
}

impl Values<'_> {
    fn of(&self, placeholder: Placeholder) -> String {
        let target = self.target.map(|(target, _)| target);
        let text = match placeholder {
            Placeholder::Name => self.name,
            Placeholder::Version => self.version,
            Placeholder::Os => target.map_or("", |target| target.os().name()),
            Placeholder::Arch => target.map_or("", |target| target.arch().name()),
            Placeholder::Variant => target
                .and_then(crate::Target::variant)
                .map_or("", |variant| variant.name()),
            Placeholder::Target => return target.map(crate::Target::hyphenated).unwrap_or_default(),
            Placeholder::Triple => self.target.map_or("", |(_, triple)| triple),
            Placeholder::Exe => target.map_or("", |target| target.os().executable_suffix()),
        };
        text.to_owned()
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

fn placeholder(word: &str, scope: Scope, offset: usize) -> Result<Placeholder, InvalidTemplate> {
    let found = || InvalidTemplate::UnknownPlaceholder {
        found: word.to_owned(),
        scope,
        offset,
    };
    let known = scope.placeholders().iter().copied();
    known.into_iter().find(|known| known.word() == word).ok_or_else(found)
}

fn names(scope: Scope) -> String {
    let names: Vec<String> = scope
        .placeholders()
        .iter()
        .map(|known| format!("{{{}}}", known.word()))
        .collect();
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values() -> Values<'static> {
        Values {
            name: "app",
            version: "1.2.0",
            target: Some(("linux/arm/v7".parse().unwrap(), "armv7-unknown-linux-gnueabihf")),
        }
    }

    #[test]
    fn every_placeholder_has_its_value() {
        let all = "{name} {version} {os} {arch} {variant} {target} {triple} [{exe}] {{}}";
        assert_eq!(
            Template::parse(all, Scope::Target).unwrap().render(&values()),
            "app 1.2.0 linux arm v7 linux-arm-v7 armv7-unknown-linux-gnueabihf [] {}"
        );
    }

    #[test]
    fn an_unknown_placeholder_is_found_where_it_stands() {
        assert_eq!(
            Template::parse("{name}-{ver}", Scope::Release),
            Err(InvalidTemplate::UnknownPlaceholder {
                found: "ver".to_owned(),
                scope: Scope::Release,
                offset: 7
            })
        );
    }

    #[test]
    fn a_placeholder_of_targets_is_unknown_to_the_release() {
        let error = Template::parse("{os}", Scope::Release).unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected a placeholder out of {name} {version}, found `{os}`"
        );
    }

    #[test]
    fn a_single_brace_is_an_error() {
        let open = InvalidTemplate::Brace { brace: '{', offset: 1 };
        assert_eq!(Template::parse("a{name", Scope::Release), Err(open));
        let close = InvalidTemplate::Brace { brace: '}', offset: 1 };
        assert_eq!(Template::parse("a}b", Scope::Release), Err(close));
    }

    proptest! {
        #[test]
        fn text_without_placeholders_is_rendered_as_it_was(text in "\\PC*") {
            let escaped = text.replace('{', "{{").replace('}', "}}");
            let template = Template::parse(&escaped, Scope::Release).unwrap();
            prop_assert_eq!(template.render(&values()), text);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "[{}a-z]*") {
            let _ = Template::parse(&text, Scope::Target);
        }
    }
}

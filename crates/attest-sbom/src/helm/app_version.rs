//! Templates in, out which images have the version of the application as their tag where the values leave it open.
//!
//! Source: Helm, "Built-in Objects" (`.Chart.AppVersion`) and "Template Function List" (`default`, `printf`).

use std::collections::{BTreeMap, BTreeSet};

use super::images::LINE_LIMIT;

/// How a template makes a tag of the version of the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Plain,
    /// `v` and the version.
    Numbered,
    /// With more than that.
    Other,
}

/// By the keys of the images, such as `metrics.image`, how templates fill in their tags.
#[derive(Debug, Default)]
pub(super) struct AppVersions(BTreeMap<String, BTreeSet<Form>>);

/// What stands for the version of the application, in the context of the chart or of everything.
const APP_VERSION: &str = ".Chart.AppVersion";

impl AppVersions {
    /// Takes what a template says of its images: after `image:`, in a part of a template that others include, or behind their
    /// repositories, as in the arguments of a program.
    pub(super) fn read(&mut self, template: &str) {
        let lines = template.lines().filter(|line| line.len() <= LINE_LIMIT);
        for line in lines.filter(|line| line.contains(APP_VERSION)) {
            let line = line.trim();
            let is_of_image = line.trim_start_matches("- ").trim_start().starts_with("image:");
            self.line(line, is_of_image || line.starts_with("{{"));
        }
    }

    fn line(&mut self, line: &str, is_of_image: bool) {
        let mut before = "";
        for action in Action::all(line) {
            let tokens = tokens(action.text);
            let is_statement = tokens.first().is_some_and(|word| STATEMENTS.contains(word));
            let repository = key(before, ".repository").filter(|_| action.before.ends_with(':'));
            let is_meant = |path: &str| !is_statement && (is_of_image || repository == Some(path));
            if let Some((path, form)) = defaulted(&tokens).filter(|(path, _)| is_meant(path)) {
                self.0.entry(path.to_owned()).or_default().insert(action.form(form));
            }
            if let ([only], Some(path)) = (&tokens[..], key(before, ".repository").filter(|_| is_of_image))
                && only.trim_start_matches('$') == APP_VERSION
            {
                let form = action.form(Form::Plain);
                self.0.entry(path.to_owned()).or_default().insert(form);
            }
            before = action.text.trim();
        }
    }

    /// The tag of the image at these keys; nothing if templates disagree about it, or none of them says it.
    pub(super) fn tag(&self, path: &str, app_version: &str) -> Option<String> {
        let forms = self.0.get(path)?;
        match (forms.first(), forms.len()) {
            (Some(Form::Plain), 1) => Some(app_version.to_owned()),
            (Some(Form::Numbered), 1) => Some(format!("v{app_version}")),
            _ => None,
        }
    }
}

/// Actions that compare a tag and do not make one.
const STATEMENTS: [&str; 4] = ["if", "else", "with", "end"];

/// What stands between `{{` and `}}`, and what touches it.
struct Action<'a> {
    text: &'a str,
    before: &'a str,
    after: &'a str,
}

impl<'a> Action<'a> {
    fn all(line: &'a str) -> impl Iterator<Item = Self> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let start = at + line[at..].find("{{")?;
            let inside = start + 2;
            let end = inside + line[inside..].find("}}")?;
            at = end + 2;
            Some(Self {
                text: line[inside..end].trim_matches('-'),
                before: &line[..start],
                after: &line[at..],
            })
        })
    }

    /// What becomes of a tag by what touches it: `:v{{ … }}-slim`. A digest behind it leaves it as it is.
    fn form(&self, form: Form) -> Form {
        let is_alone = self
            .after
            .chars()
            .next()
            .is_none_or(|c| matches!(c, '"' | '\'' | ' ' | '\t' | '@'));
        let is_tag = self.before.ends_with(':') || self.before.ends_with([' ', '"', '\'']) || self.before.is_empty();
        match form {
            _ if !is_alone || self.text.contains("%s%s") => Form::Other,
            Form::Plain if self.before.ends_with(":v") => Form::Numbered,
            form if is_tag => form,
            _ => Form::Other,
        }
    }
}

/// Words, texts and each parenthesis and bar.
fn tokens(action: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    for word in action.split_whitespace() {
        let mut rest = word;
        while let Some(at) = rest.find(['(', ')', '|']) {
            tokens.extend(
                [&rest[..at], &rest[at..=at]]
                    .into_iter()
                    .filter(|token| !token.is_empty()),
            );
            rest = &rest[at + 1..];
        }
        tokens.extend(Some(rest).filter(|rest| !rest.is_empty()));
    }
    tokens
}

/// The image whose tag has the version of the application as its default.
fn defaulted<'a>(tokens: &[&'a str]) -> Option<(&'a str, Form)> {
    let at = tokens.iter().position(|token| *token == "default")?;
    let (form, after) = match &tokens[at + 1..] {
        [version, after @ ..] if is_version(version) => (Form::Plain, after),
        ["(", "printf", "\"v%s\"", version, ")", after @ ..] if is_version(version) => (Form::Numbered, after),
        _ => return None,
    };
    let tag = match &tokens[..at] {
        // A value may be a template itself.
        [.., "tpl", value, "." | "$", "|"] | [.., value, "|"] => value,
        _ => after.first()?,
    };
    Some((key(tag, ".tag")?, form))
}

fn is_version(token: &str) -> bool {
    token.trim_start_matches('$') == APP_VERSION
}

/// The keys that lead to an image, of a value in it: `a.image` of `.Values.a.image.tag`.
fn key<'a>(value: &'a str, part: &str) -> Option<&'a str> {
    let value = value.trim_start_matches('$').strip_prefix(".Values.")?;
    value.strip_suffix(part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tag(template: &str) -> Option<String> {
        let mut versions = AppVersions::default();
        versions.read(template);
        versions.tag("a.image", "1.2")
    }

    #[test]
    fn a_default_is_read_in_the_forms_that_charts_have() {
        for (template, expected) in [
            (
                "  image: \"{{ .Values.a.image.repository }}:{{ .Values.a.image.tag | default .Chart.AppVersion }}\"",
                Some("1.2"),
            ),
            (
                "- image: x:v{{ .Values.a.image.tag | default .Chart.AppVersion }}",
                Some("v1.2"),
            ),
            (
                "image: \"{{ .Values.a.image.repository }}:{{ .Chart.AppVersion }}\"",
                Some("1.2"),
            ),
            (
                "image: {{ printf \"%s:%s\" .Values.a.image.repository (.Values.a.image.tag | default $.Chart.AppVersion) }}",
                Some("1.2"),
            ),
            ("{{- default .Chart.AppVersion .Values.a.image.tag }}", Some("1.2")),
            (
                "image: \"x:{{ .Values.a.image.tag | default .Chart.AppVersion }}@sha256:{{ .Values.a.image.sha }}\"",
                Some("1.2"),
            ),
            (
                "image: \"x:{{ tpl .Values.a.image.tag . | default .Chart.AppVersion}}\"",
                Some("1.2"),
            ),
            (
                "- --with={{ $r }}/{{ .Values.a.image.repository }}:{{ .Values.a.image.tag | default .Chart.AppVersion }}",
                Some("1.2"),
            ),
            (
                "{{- printf \"%s:%s\" $name (default (printf \"v%s\" .Chart.AppVersion) $.Values.a.image.tag) }}",
                Some("v1.2"),
            ),
            (
                "{{- $tag := .Values.a.image.tag | default (printf \"v%s\" .Chart.AppVersion) -}}",
                Some("v1.2"),
            ),
        ] {
            assert_eq!(tag(template).as_deref(), expected, "{template}");
        }
    }

    #[test]
    fn what_makes_something_else_of_it_decides_nothing() {
        for template in [
            "image: \"x:{{ .Values.a.image.tag | default .Chart.AppVersion }}-slim\"",
            "image: \"x:r{{ .Values.a.image.tag | default .Chart.AppVersion }}\"",
            "{{- printf \"%s:%s%s\" $name (default .Chart.AppVersion .Values.a.image.tag) (ternary \"-x\" \"\" .Values.x) }}",
            "{{- if eq (default .Chart.AppVersion .Values.a.image.tag) \"latest\" }}",
            "app.kubernetes.io/version: {{ .Values.a.image.tag | default .Chart.AppVersion }}",
            "{{- default \"1\" .Values.a.image.tag }} # .Chart.AppVersion",
            "{{- default .Chart.AppVersion .Values.b.image.tag }}",
            "- --with={{ .Values.b.image.repository }}:{{ .Values.a.image.tag | default .Chart.AppVersion }}",
            "- --with={{ .Values.a.image.repository }}:{{ .Chart.AppVersion }}",
            "{{- default .Chart.AppVersion .Values.a.image.tag }}\n{{ default (printf \"v%s\" .Chart.AppVersion) .Values.a.image.tag }}",
            "{{ default .Chart.AppVersion",
        ] {
            assert_eq!(tag(template), None, "{template}");
        }
    }

    proptest! {
        #[test]
        fn no_template_makes_it_panic(parts in proptest::collection::vec(
            proptest::sample::select(vec!["{{", "}}", "-", "default", " ", "(", ")", "|", ".Chart.AppVersion", ".Values.a.image.tag", "\u{e9}", "image:", "printf", "\"v%s\""]), 0..24,
        )) {
            tag(&parts.concat());
        }
    }
}

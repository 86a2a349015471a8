use std::path::Path;

use attest_sbom::Error;
use attest_sbom::document::{Component, Document, MAX_BYTES};

use crate::failure::Failure;
use crate::input_file::InputFile;
use crate::visible::visible;

/// Reads a document that anybody wrote, if all of it can be read.
pub(super) fn document(path: &Path) -> Result<Document, Failure> {
    Document::read_whole(&bytes(path)?).map_err(|error| refusal(&error).at(path.display()))
}

/// The whole of a file that may be a document.
pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable = "sbom-document-unreadable";
    let limit = MAX_BYTES as u64;
    InputFile {
        path,
        unreadable,
        limit,
    }
    .read()
}

pub(super) fn refusal(error: &Error) -> Failure {
    match error {
        Error::UnsupportedDocument { .. } => Failure::rejected("sbom-document-unsupported", error)
            .hint("to list what is in a project, run `attest sbom PATH`"),
        _ => Failure::rejected("sbom-document-invalid", error)
            .hint("to see everything that is wrong with it, run `attest sbom validate FILE`"),
    }
}

/// `name version`, for people.
pub(super) fn shown(component: &Component) -> String {
    let name = visible(&component.full_name());
    match &component.version {
        Some(version) => format!("{name} {}", visible(version)),
        None => name,
    }
}

/// Text for Markdown that nothing in it can leave: no link, no mention of an account, no HTML.
pub(super) fn code_span(text: &str) -> String {
    format!("`{}`", visible(text).replace('`', "'").replace('|', "\\|"))
}

/// Text for HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_becomes_markup() {
        assert_eq!(code_span("a`|[x](y)\n@b"), "`a'\\|[x](y)\\n@b`");
        assert_eq!(
            escaped("<a href='x'>&\"\u{1b}"),
            "&lt;a href=&#39;x&#39;&gt;&amp;&quot;\\u{1b}"
        );
    }
}

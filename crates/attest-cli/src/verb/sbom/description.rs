//! What the maker of a document says of it, and in which format it is written where.

use std::path::PathBuf;

use attest_sbom::{Author, Bom, Format, Metadata, Organization, Profile, too_large_for};

use super::refusal::refusal;
use crate::context::Context;
use crate::failure::Failure;
use crate::output_file::OutputFile;
use crate::visible::visible;

/// Options that every verb has which writes a document.
#[derive(Debug, Default, clap::Args)]
pub(super) struct DescriptionArguments {
    /// The file to write [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// What to write: cyclonedx-json@1.4 to @1.7, cyclonedx-xml@1.4 or @1.5, spdx-json@2.3
    #[arg(long, value_name = "FORMAT", default_value_t)]
    pub(super) output_format: Format,
    /// Who made the document, as `NAME <MAIL>`; may be repeated
    #[arg(long, value_name = "AUTHOR", value_parser = author)]
    author: Vec<Author>,
    /// Who supplies the thing that it is about
    #[arg(long, value_name = "NAME", value_parser = organization)]
    supplier: Option<Organization>,
    /// The organization that made the document
    #[arg(long, value_name = "NAME", value_parser = organization)]
    manufacturer: Option<Organization>,
    /// Add what a guideline asks for beyond the minimum elements
    #[arg(long, value_enum)]
    profile: Option<ProfileArgument>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ProfileArgument {
    /// TR-03183-2 of the BSI: properties of files.
    Bsi,
}

fn author(text: &str) -> Result<Author, String> {
    Author::new(text).ok_or_else(|| "expected a name, `NAME <MAIL>` or `<MAIL>`".to_owned())
}

fn organization(text: &str) -> Result<Organization, String> {
    Organization::named(text).ok_or_else(|| "expected a name".to_owned())
}

impl DescriptionArguments {
    /// Adds what was said.
    pub(super) fn metadata(&self, metadata: Metadata) -> Metadata {
        Metadata {
            authors: self.author.clone(),
            supplier: self.supplier.clone(),
            manufacturer: self.manufacturer.clone(),
            profile: match self.profile {
                Some(ProfileArgument::Bsi) => Profile::Bsi,
                None => Profile::Plain,
            },
            ..metadata
        }
    }
}

/// How the name of a document ends.
pub(super) fn ending(arguments: &DescriptionArguments) -> &'static str {
    match arguments.output_format {
        Format::CycloneDxXml14 | Format::CycloneDxXml15 => "cdx.xml",
        Format::Spdx23 => "spdx.json",
        _ => "cdx.json",
    }
}

pub(super) fn write(bom: &Bom, arguments: &DescriptionArguments, context: &mut Context<'_>) -> Result<(), Failure> {
    let bytes = bom.write(arguments.output_format).map_err(refusal)?;
    if let Some(place) = too_large_for(bytes.len()) {
        let length = bytes.len();
        context.say(format_args!(
            "warning: the document has {length} bytes, more than {place} takes as an attestation"
        ));
    }
    let Some(path) = arguments.output.as_deref() else {
        let written = context.stdout.write_all(&bytes);
        return written.map_err(|error| Failure::undecided("stdout-failed", error));
    };
    let mut file = OutputFile::create(path)?;
    file.write(&bytes)?;
    file.commit()?;
    context.say(summary(bom, path));
    Ok(())
}

fn summary(bom: &Bom, path: &std::path::Path) -> String {
    let excluded = bom.excluded_count();
    let completeness = if bom.is_complete() { "complete" } else { "incomplete" };
    format!(
        "{}: {} needs {} packages, {excluded} more for building; {completeness}",
        visible(&path.to_string_lossy()),
        visible(bom.name()),
        bom.component_count() - excluded,
    )
}

#[cfg(test)]
mod tests {
    use attest_sbom::tree::Memory;
    use attest_sbom::{Options, Root, scan};

    use super::*;

    #[test]
    fn neither_a_name_nor_a_path_repaints_the_terminal() {
        let manifest = "[project]\nname = \"a\\u001b[2J\"\nversion = \"1\"\n";
        let inventory = scan(&Memory::new([("pyproject.toml", manifest)]), &Options::default()).unwrap();
        let bom = inventory.document(&Root::default(), &Metadata::default()).unwrap();
        assert!(bom.name().contains('\u{1b}'));
        let summary = summary(&bom, std::path::Path::new("b\u{1b}[2J"));
        assert!(summary.starts_with(r"b\u{1b}[2J: a\u{1b}[2J needs"), "{summary}");
    }
}

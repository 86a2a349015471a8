use attest_archive::SourceDate;
use attest_archive::image::{Annotations, annotation};

/// What everybody says of an image, under OCI's own keys (image-spec 1.1, `annotations.md`): as annotations of the index and
/// of the manifests, and as labels, because some clients and registries read only these.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Annotations that are labels too (org.opencontainers.image.…)")]
pub(super) struct Standard {
    /// What people call it
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// What it is, in a sentence
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// The version of what is in it
    #[arg(long, value_name = "VERSION")]
    image_version: Option<String>,
    /// The commit that it was built from
    #[arg(long, value_name = "COMMIT")]
    revision: Option<String>,
    /// Where its source is; registries link the image to it
    #[arg(long, value_name = "URL")]
    source: Option<String>,
    /// Where to learn more
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Where its documentation is
    #[arg(long, value_name = "URL")]
    documentation: Option<String>,
    /// Its licences, as an SPDX expression
    #[arg(long, value_name = "EXPRESSION")]
    licenses: Option<String>,
    /// Who publishes it
    #[arg(long, value_name = "TEXT")]
    vendor: Option<String>,
    /// Who made it
    #[arg(long, value_name = "TEXT")]
    authors: Option<String>,
}

impl Standard {
    pub(super) fn annotations(&self, created: Option<SourceDate>) -> Annotations {
        let said = [
            ("title", &self.title),
            ("description", &self.description),
            ("version", &self.image_version),
            ("revision", &self.revision),
            ("source", &self.source),
            ("url", &self.url),
            ("documentation", &self.documentation),
            ("licenses", &self.licenses),
            ("vendor", &self.vendor),
            ("authors", &self.authors),
        ];
        let said = said.into_iter().filter_map(|(key, value)| {
            let value = value.as_ref()?;
            Some((format!("org.opencontainers.image.{key}"), value.clone()))
        });
        let created = created.map(|date| (annotation::CREATED.to_owned(), date.to_rfc3339()));
        said.chain(created).collect()
    }
}

use std::path::Path;

use attest_archive::CaseCollision;
use attest_release::git::{Facts, PointerRule, Repository, SourceRequest, Unpacked};
use attest_release::stage::GpgKeys;
use attest_release::{FileName, Variables};
use attest_sbom::Gap;

use super::made::Making;
use super::{Ground, failure};
use crate::context::Context;
use crate::failure::Failure;
use crate::git_failure::git_failure;
use crate::visible::visible;

/// How much of what is not known is said; the lists have all of it.
const SHOWN_GAPS: usize = 20;

/// What makes the list of an image say more.
const NOTHING_FOUND_HINT: &str = "  hint: files alone do not say what they were made of; programs that `cargo auditable` or Go built do, and so \
                                  do the packages of an `image.base`";

impl Making<'_> {
    /// Everything that is to be signed, beside the output.
    pub(super) fn pack(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        self.archives(context)?;
        self.sources(context)?;
        self.file_sets(context)?;
        self.charts(context)?;
        self.distributions(context)?;
        self.images(context)?;
        self.warn(context);
        self.checksums(context)
    }

    fn archives(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let Self {
            ground,
            staging,
            steps,
            tools,
            built: all,
            unlisted,
            ..
        } = self;
        for archive in &ground.plan.archives {
            let built = steps.take("build", &archive.target.to_string(), context, |_| {
                ground.workshop.build(archive).map_err(|error| failure::build(&error))
            })?;
            tools.extend(built.tools.clone());
            let listed_by_digest = steps.take("pack", archive.file.as_str(), context, |_| {
                let packed = staging.pack(archive, &built, &ground.project);
                packed.map_err(|error| failure::stage(&error))
            })?;
            unlisted.extend(listed_by_digest);
            all.insert(archive.target, built);
        }
        Ok(())
    }

    fn sources(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let Self {
            ground, staging, steps, ..
        } = self;
        let Some((_, facts)) = ground.checkout.as_ref().filter(|_| !ground.plan.sources.is_empty()) else {
            return Ok(());
        };
        steps.take("source", facts.commit.id.as_str(), context, |context| {
            let scratch = staging.scratch().map_err(|error| failure::stage(&error))?;
            let unpacked = unpack(ground, facts, scratch.path())?;
            if ground
                .plan
                .sources
                .iter()
                .any(|source| source.rules.pointers == PointerRule::Pointer)
            {
                for path in &unpacked.pointers {
                    let path = visible(path);
                    context.say(format_args!(
                        "warning: `{path}` is a Git LFS pointer; the source archives hold the pointer"
                    ));
                }
            }
            for source in &ground.plan.sources {
                let packed = staging.pack_source(source, &facts.commit, &unpacked);
                packed.map_err(|error| failure::stage(&error))?;
            }
            Ok(())
        })
    }

    fn file_sets(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let Self {
            ground, staging, steps, ..
        } = self;
        for set in &ground.plan.file_sets {
            steps.take("pack", set.file.as_str(), context, |_| {
                let packed = staging.pack_files(set, &ground.project);
                packed.map_err(|error| failure::stage(&error))
            })?;
        }
        Ok(())
    }

    fn charts(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let Self {
            ground,
            arguments,
            staging,
            steps,
            ..
        } = self;
        let variables: Variables = context
            .environment
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let keys = GpgKeys {
            keyring: arguments.gpg_keyring.as_deref(),
            passphrase_file: arguments.gpg_passphrase_file.as_deref(),
            variables: &variables,
        };
        for chart in &ground.plan.charts {
            let warnings = steps.take("chart", chart.file.as_str(), context, |_| {
                let packed = staging.pack_chart(chart, &ground.project, keys);
                packed.map_err(|error| failure::stage(&error))
            })?;
            for warning in warnings {
                context.say(format_args!("warning: `{}`: {warning}", chart.directory));
            }
        }
        Ok(())
    }

    fn distributions(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let Self {
            ground, staging, steps, ..
        } = self;
        for planned in &ground.plan.distributions {
            let warnings = steps.take("python", planned.file.as_str(), context, |_| {
                let normalised = staging.normalise(planned, &ground.project);
                normalised.map_err(|error| failure::stage(&error))
            })?;
            for warning in warnings {
                context.say(format_args!("warning: `{}`: {}", planned.path, visible(&warning)));
            }
        }
        Ok(())
    }

    fn images(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let Self {
            ground,
            staging,
            steps,
            built,
            bases,
            ..
        } = self;
        for image in &ground.plan.images {
            steps.take("image", image.file.as_str(), context, |_| {
                let packed = staging.pack_image(image, built, &ground.project, bases);
                packed.map_err(|error| failure::stage(&error))
            })?;
        }
        Ok(())
    }

    /// Says what may surprise somebody who unpacks, and what is not known of the contents.
    fn warn(&self, context: &mut Context<'_>) {
        let gaps = told(self.staging.gaps());
        let shown = &gaps[..gaps.len().min(SHOWN_GAPS)];
        for (gap, lists) in shown {
            context.say(format_args!("warning: {lists}: {gap}"));
        }
        if shown.iter().any(|(gap, _)| gap.code() == "nothing-found") {
            context.say(NOTHING_FOUND_HINT);
        }
        if gaps.len() > SHOWN_GAPS {
            let more = gaps.len() - SHOWN_GAPS;
            context.say(format_args!(
                "warning: and {more} more of what the lists of contents cannot say"
            ));
        }
        for (file, length, place) in self.staging.large_lists() {
            context.say(format_args!(
                "warning: `{file}` has {length} bytes, more than {place} takes as an attestation"
            ));
        }
        for (file, CaseCollision { first, second }) in self.staging.case_collisions() {
            context.say(format_args!(
                "warning: `{}` and `{}` in `{file}` are one name where case is ignored (Windows, macOS)",
                visible(first.as_str()),
                visible(second.as_str())
            ));
        }
    }

    fn checksums(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let Self {
            ground, staging, steps, ..
        } = self;
        steps.take("checksums", "", context, |_| {
            staging
                .list_checksums(&ground.plan)
                .map_err(|error| failure::stage(&error))
        })
    }
}

/// The files of the commit. All source archives of a release follow the same rules.
fn unpack(ground: &Ground, facts: &Facts, scratch: &Path) -> Result<Unpacked, Failure> {
    let Some(source) = ground.plan.sources.first() else {
        return Ok(Unpacked::default());
    };
    let tag = facts.reference(ground.plan.version.as_str());
    let tag = tag.and_then(|name| name.strip_prefix("refs/tags/"));
    let unpacked = Repository::open(&ground.project, &ground.workshop.variables).and_then(|repository| {
        let revision = repository.revision_of(&facts.commit.id)?.at_tag(tag);
        repository.unpack(&SourceRequest {
            revision: &revision,
            rules: source.rules,
            only: &[],
            scratch,
        })
    });
    unpacked.map_err(|error| git_failure(&error))
}

/// What is not known, and the lists that say so: what is true of all images of a release is said once.
fn told(gaps: &[(FileName, Gap)]) -> Vec<(&Gap, String)> {
    let mut told: Vec<(&Gap, String)> = Vec::new();
    for (file, gap) in gaps {
        match told.iter_mut().find(|(earlier, _)| *earlier == gap) {
            Some((_, lists)) => lists.push_str(&format!(", `{file}`")),
            None => told.push((gap, format!("`{file}`"))),
        }
    }
    told
}

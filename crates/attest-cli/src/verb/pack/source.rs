//! `attest pack source`: a commit in, an archive of its files out that every clone makes alike.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use attest_archive::{Error, Format, GitRecipe, MemberPath, Recipe, SourceDate, write_archive, write_git_archive};
use attest_digest::Algorithms;
use attest_release::Variables;
use attest_release::git::{
    GitError, PointerRule, Repository, Revision, SourceProfile, SourceRequest, SourceRules, SubmoduleRule, Unpacked,
};

use super::date::{self, Date, Origin};
use super::directory::{archive_format, require_directory};
use super::refusal::refusal;
use super::source_report::{Made, Report};
use crate::answer::AnswerFormat;
use crate::context::Context;
use crate::exit::Outcome;
use crate::failure::Failure;
use crate::git_failure::git_failure;
use crate::threads::ThreadsArgument;

const EXAMPLES: &str = "\
Examples:
  attest pack source -o app-1.2.0.tar.gz --revision v1.2.0 --prefix app-1.2.0
  attest pack source ../app -o app.tar.zst --submodules include --lfs resolve
  attest pack source -o app.tar --profile git-archive --revision v1.2.0

Only what is committed is packed: the work tree, the configuration of git, the
attributes of the clone and the environment have no say. docs/SOURCE-ARCHIVES.md
describes the profiles, and what becomes of `export-subst`.";

/// Pack the files of a commit into an archive that every clone makes alike
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// A directory of the repository; below its top, only what lies there is packed
    #[arg(value_name = "REPOSITORY", default_value = ".")]
    repository: PathBuf,
    /// The archive to write; its ending chooses its kind
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// The kind of archive, if FILE's ending does not say: tar.gz, tar.zst, tar.xz, zip or tar
    #[arg(long, value_name = "KIND")]
    archive_format: Option<Format>,
    /// What to pack: a tag, a branch, a commit or a tree. A tag that is named here is what `%D` stands for
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    revision: String,
    /// The directory inside the archive that everything goes below [default: none]
    #[arg(long, value_name = "NAME")]
    prefix: Option<MemberPath>,
    /// The committed bytes, the same with every version of git; or the tar stream that `git archive` writes
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
    /// What becomes of submodules [default: refuse, in profile git-archive omit]
    #[arg(long, value_enum, value_name = "RULE")]
    submodules: Option<Submodules>,
    /// What becomes of Git LFS pointers [default: refuse, in profile git-archive pointer]
    #[arg(long, value_enum, value_name = "RULE")]
    lfs: Option<Lfs>,
    /// Pack only this file or directory; can be given more than once
    #[arg(long, value_name = "PATH")]
    only: Vec<String>,
    /// How to measure the archive and each file: sha256, sha384, sha512, blake3, or several with commas
    #[arg(long, value_name = "LIST", default_value = "sha256")]
    algorithm: Algorithms,
    #[command(flatten)]
    threads: ThreadsArgument,
    /// How to answer on stdout
    #[arg(long, value_enum, default_value_t)]
    format: AnswerFormat,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Profile {
    /// The committed bytes
    #[default]
    Attest,
    /// What `git archive` packs
    GitArchive,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Submodules {
    /// They are an error
    Refuse,
    /// Their files are packed too
    Include,
    /// An empty directory stands for each
    Omit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Lfs {
    /// They are an error
    Refuse,
    /// The content that they stand for is packed
    Resolve,
    /// They are packed as they are
    Pointer,
}

pub(super) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Outcome, Failure> {
    let format = archive_format(arguments.archive_format.into_iter().collect(), &arguments.output)?;
    arguments.refuse_zip(format)?;
    let threads = arguments.threads.resolve(&context.environment)?;
    let failed = |error: GitError| git_failure(&error).at(arguments.repository.display());
    let repository = arguments.open(context)?;
    let revision = repository.resolve(&arguments.revision).map_err(failed)?;
    let date = arguments.date(&revision, context)?;
    let scratch = tempfile::tempdir().map_err(|error| no_scratch(&error))?;
    let unpacked = repository.unpack(&SourceRequest {
        revision: &revision,
        rules: arguments.rules(),
        only: &arguments.paths(),
        scratch: scratch.path(),
    });
    let packing = Packing {
        arguments,
        format,
        date,
        revision: &revision,
        unpacked: &unpacked.map_err(failed)?,
        threads: threads.count(),
    };
    packing.refuse_empty()?;
    let made = packing.write();
    let made = made.map_err(|error| refusal(&error, &arguments.repository, &arguments.output))?;
    let report = Report {
        file: &arguments.output,
        format,
        rules: arguments.rules(),
        date: &packing.date,
        revision: &revision,
        unpacked: packing.unpacked,
        made: &made,
    };
    report.warn(context);
    report.print(arguments.format, context)?;
    Ok(Outcome::Accepted)
}

impl Arguments {
    fn open(&self, context: &Context<'_>) -> Result<Repository, Failure> {
        // Git could not be started there, which looks as if there were no git.
        require_directory(&self.repository)?;
        let variables: Variables = context
            .environment
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Repository::open(&self.repository, &variables)
            .map_err(|error| git_failure(&error).at(self.repository.display()))
    }

    /// As they are committed: a shell that completes the name of a directory puts a slash at its end.
    fn paths(&self) -> Vec<String> {
        let paths = self.only.iter().map(|path| path.trim_end_matches('/').to_owned());
        paths.collect()
    }

    fn rules(&self) -> SourceRules {
        let rules = match self.profile {
            Profile::Attest => SourceProfile::Attest,
            Profile::GitArchive => SourceProfile::GitArchive,
        }
        .rules();
        let submodules = self.submodules.map(|rule| match rule {
            Submodules::Refuse => SubmoduleRule::Refuse,
            Submodules::Include => SubmoduleRule::Include,
            Submodules::Omit => SubmoduleRule::Omit,
        });
        let pointers = self.lfs.map(|rule| match rule {
            Lfs::Refuse => PointerRule::Refuse,
            Lfs::Resolve => PointerRule::Resolve,
            Lfs::Pointer => PointerRule::Pointer,
        });
        SourceRules {
            submodules: submodules.unwrap_or(rules.submodules),
            pointers: pointers.unwrap_or(rules.pointers),
            ..rules
        }
    }

    fn refuse_zip(&self, format: Format) -> Result<(), Failure> {
        match self.profile == Profile::GitArchive && format == Format::Zip {
            true => Err(Failure::usage(
                "profile-without-zip",
                "expected a format with a tar archive inside for profile `git-archive`, found `zip`: the times in \
                 git's zip archives are those of the local time zone",
            )
            .hint("pack a zip archive that is the same everywhere with `--profile attest`")),
            false => Ok(()),
        }
    }

    /// What `git archive` writes has the time of the commit whatever the environment says.
    fn date(&self, revision: &Revision, context: &Context<'_>) -> Result<Date, Failure> {
        let given = match (self.profile, &revision.commit) {
            (Profile::GitArchive, Some(_)) => None,
            _ => date::of_environment(&context.environment)?,
        };
        if let Some(date) = given {
            return Ok(date);
        }
        let failed = |error: GitError| git_failure(&error).at(self.repository.display());
        let Some(commit) = &revision.commit else {
            let revision = self.revision.clone();
            return Err(failed(GitError::NoTime { revision }));
        };
        let seconds = u64::try_from(commit.seconds).map_err(|error| date::unknown(&error, &self.repository))?;
        let value = SourceDate::from_seconds(seconds).map_err(|error| date::unknown(&error, &self.repository))?;
        let origin = Origin::Commit;
        Ok(Date { value, origin })
    }
}

/// Everything that is known when the archive is written.
struct Packing<'a> {
    arguments: &'a Arguments,
    format: Format,
    date: Date,
    revision: &'a Revision,
    unpacked: &'a Unpacked,
    threads: NonZeroUsize,
}

impl Packing<'_> {
    /// Nothing is nothing, but an archive of it is what `git archive` makes.
    fn refuse_empty(&self) -> Result<(), Failure> {
        match self.unpacked.entries.is_empty() && self.arguments.profile == Profile::Attest {
            true => Err(
                Failure::usage("nothing-to-pack", "expected committed files, found none")
                    .at(self.arguments.repository.display()),
            ),
            false => Ok(()),
        }
    }

    fn write(&self) -> Result<Made, Error> {
        match self.arguments.profile {
            Profile::Attest => self.write_ours(),
            Profile::GitArchive => self.write_as_git(),
        }
    }

    fn write_ours(&self) -> Result<Made, Error> {
        let recipe = Recipe {
            format: self.format,
            members: self.unpacked.members(self.arguments.prefix.as_ref())?,
            source_date: self.date.value,
            threads: self.threads,
            algorithms: self.arguments.algorithm.clone(),
        };
        let packed = write_archive(&recipe, &self.arguments.output)?;
        let files = packed.members.into_iter();
        Ok(Made {
            measured: packed.measured,
            files: files.map(|(path, measured)| (path.to_string(), measured)).collect(),
            compressor: packed.compressor,
            case_collisions: recipe.members.case_collisions(),
        })
    }

    fn write_as_git(&self) -> Result<Made, Error> {
        let commit = self.revision.commit.as_ref().map(|commit| &commit.id);
        let (seconds, prefix) = (self.date.value.seconds(), self.arguments.prefix.as_ref());
        let recipe = GitRecipe {
            format: self.format,
            tree: self.unpacked.git_tree(commit, seconds, prefix),
            threads: self.threads,
            algorithms: self.arguments.algorithm.clone(),
        };
        let packed = write_git_archive(&recipe, &self.arguments.output)?;
        let files = packed.files.into_iter();
        // What only git packs, names that are no text and links that lead out, has no cases to fold.
        let members = self.unpacked.members(prefix);
        Ok(Made {
            measured: packed.measured,
            files: files.map(|(path, measured)| (shown(&path), measured)).collect(),
            compressor: packed.compressor,
            case_collisions: members.map(|members| members.case_collisions()).unwrap_or_default(),
        })
    }
}

/// A name as it is told, whatever its encoding.
fn shown(path: &[u8]) -> String {
    match std::str::from_utf8(path) {
        Ok(path) => path.to_owned(),
        Err(_) => path.escape_ascii().to_string(),
    }
}

fn no_scratch(error: &std::io::Error) -> Failure {
    let message = format_args!("cannot make a temporary directory: {error}");
    Failure::undecided("scratch-not-made", message).hint("set TMPDIR to a directory that can be written to")
}

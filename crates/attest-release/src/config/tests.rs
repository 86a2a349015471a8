use attest_sbom::{Author, Organization, Profile};

use super::*;
use crate::{InvalidTarget, InvalidTemplate, Target, template::Scope};

fn parse(text: &str) -> Config {
    Config::parse("attest.toml", text).unwrap()
}

fn problems(text: &str) -> Vec<String> {
    match Config::parse("attest.toml", text) {
        Err(Error::Configuration { problems }) => problems.iter().map(ToString::to_string).collect(),
        other => panic!("expected problems, found {other:?}"),
    }
}

fn kinds(text: &str) -> Vec<ProblemKind> {
    match Config::parse("attest.toml", text) {
        Err(Error::Configuration { problems }) => problems.into_iter().map(|problem| problem.kind).collect(),
        other => panic!("expected problems, found {other:?}"),
    }
}

fn targets(texts: &[&str]) -> Vec<Target> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn what_cosign_2_reads_is_recorded_in_the_first_version_of_the_log() {
    let sign =
        |text: &str| Config::parse("attest.toml", &format!("format = 1\n[sign]\n{text}")).map(|config| config.sign);
    let legacy = sign("legacy = true").unwrap().unwrap();
    assert!(legacy.legacy);
    assert_eq!(legacy.rekor_version, Some(RekorVersion::V1));
    assert!(sign("legacy = true\nrekor-version = 1").is_ok());
    let refused = sign("legacy = true\nrekor-version = 2").unwrap_err().to_string();
    assert!(refused.contains("expected 1 beside `legacy = true`"), "{refused}");
    assert_eq!(sign("legacy = false").unwrap().unwrap().rekor_version, None);
}

#[test]
fn every_value_but_the_format_has_a_default() {
    let config = parse("format = 1\n[[binary]]\nname = \"app\"\ncargo = {}\n");
    assert_eq!(config.project.version, VersionSource::Found);
    assert_eq!(config.build.targets, Target::DEFAULT);
    assert_eq!(config.binaries[0].targets, Target::DEFAULT);
    assert_eq!(
        config.archive.format_for("linux/amd64".parse().unwrap()),
        ArchiveFormat::TarGz
    );
    assert_eq!(
        config.archive.format_for("windows/amd64".parse().unwrap()),
        ArchiveFormat::Zip
    );
    assert!(config.archive.wrap && config.source.is_some() && config.checksums.is_some() && config.sbom.is_some());
    let sign = config.sign.unwrap();
    assert!(!sign.per_archive && sign.rekor_version.is_none() && sign.expected.is_none());
    let BuildSteps::Cargo(cargo) = &config.binaries[0].steps else {
        panic!("expected cargo")
    };
    assert_eq!((cargo.bin.as_str(), cargo.profile.as_str()), ("app", "release"));
}

#[test]
fn several_problems_are_told_at_once_in_the_order_of_the_file() {
    let text = "format = 1\n[project]\nnmae = \"app\"\nversion = 3\n\n[archive]\nformat = \"tgz\"\nwrap = \"yes\"\n";
    assert_eq!(
        problems(text),
        [
            "attest.toml:3:1: unknown key `project.nmae`, did you mean `name`?",
            "attest.toml:4:11: expected a string for `project.version`, found a number",
            "attest.toml:7:10: expected one of tar.gz, tar.zst, tar.xz, zip for `format`, found `tgz`",
            "attest.toml:8:8: expected true or false for `archive.wrap`, found a string",
        ]
    );
}

#[test]
fn a_file_from_the_future_is_refused_for_that_alone() {
    let future = ProblemKind::FromTheFuture { supported: 1, found: 2 };
    assert_eq!(kinds("format = 2\n[flux]\ncapacitor = 1.21\n"), [future]);
    let odd = |found: &str| ProblemKind::UnknownFormat {
        supported: 1,
        found: found.to_owned(),
    };
    assert_eq!(kinds("format = 0\n"), [odd("0")]);
    assert_eq!(kinds("format = \"1\"\n"), [odd("\"1\"")]);
    let missing = ProblemKind::MissingKey {
        key: "format".to_owned(),
    };
    assert_eq!(kinds("[project]\n"), [missing]);
}

#[test]
fn broken_toml_is_told_with_its_place() {
    let found = problems("format = 1\n[project\nname = \"a\"\n");
    assert!(found[0].starts_with("attest.toml:2:"), "{found:?}");
    assert!(found[0].contains("expected TOML"), "{found:?}");
}

#[test]
fn a_column_counts_characters_and_not_bytes() {
    let text = "format = 1\nproject = { description = \"größe\", nmae = \"x\" }\n";
    assert_eq!(
        problems(text),
        ["attest.toml:2:36: unknown key `project.nmae`, did you mean `name`?"]
    );
}

#[test]
fn a_placeholder_is_found_where_it_stands() {
    let text = "format = 1\n[archive]\nname = \"{name}-{verison}\"\n";
    let Err(Error::Configuration { problems }) = Config::parse("attest.toml", text) else {
        panic!()
    };
    assert_eq!((problems[0].line, problems[0].column), (3, 16));
    let kind = InvalidTemplate::UnknownPlaceholder {
        found: "verison".to_owned(),
        scope: Scope::Target,
        offset: 7,
    };
    assert_eq!(problems[0].kind, ProblemKind::Template(kind));
}

#[test]
fn a_binary_is_built_in_exactly_one_way() {
    let kind = |found| ProblemKind::BuildKind {
        binary: "app".to_owned(),
        found,
    };
    assert_eq!(kinds("format = 1\n[[binary]]\nname = \"app\"\n"), [kind(0)]);
    assert_eq!(
        kinds("format = 1\n[[binary]]\nname = \"app\"\ncargo = {}\ngo = {}\n"),
        [kind(2)]
    );
}

#[test]
fn the_targets_of_prebuilt_files_are_the_default_ones() {
    let config = parse(
        "format = 1\n[[binary]]\nname = \"app\"\nprebuilt = { \"linux/arm64\" = \"b/a\", \"darwin/arm64\" = \"b/c\" }\n",
    );
    assert_eq!(config.build.targets, targets(&["darwin/arm64", "linux/arm64"]));
}

#[test]
fn a_target_without_its_prebuilt_file_is_an_error_and_so_is_a_file_without_target() {
    let text = "format = 1\n[build]\ntargets = [\"linux/amd64\"]\n[[binary]]\nname = \"app\"\nprebuilt = { \"linux/arm64\" = \"a\" }\n";
    assert_eq!(
        kinds(text),
        [
            ProblemKind::NoPrebuilt {
                binary: "app".to_owned(),
                target: "linux/amd64".to_owned()
            },
            ProblemKind::ForeignTarget {
                target: "linux/arm64".to_owned()
            },
        ]
    );
}

#[test]
fn two_spellings_of_one_target_are_that_target_twice() {
    let twice = ProblemKind::Twice {
        what: "target",
        value: "linux/arm/v7".to_owned(),
    };
    let text =
        "format = 1\n[build]\ntargets = [\"linux/arm\", \"linux/arm/v7\"]\n[[binary]]\nname = \"a\"\ncargo = {}\n";
    assert_eq!(kinds(text), std::slice::from_ref(&twice));
    let text = "format = 1\n[[binary]]\nname = \"a\"\nprebuilt = { \"linux/arm\" = \"a\", \"linux/arm/v7\" = \"b\" }\n";
    assert_eq!(kinds(text), [twice]);
}

#[test]
fn a_triple_can_be_replaced_and_must_exist_for_cargo() {
    let text = |target: &str, rest: &str| {
        format!("format = 1\n[build]\ntargets = [\"{target}\"]\n{rest}\n[[binary]]\nname = \"a\"\ncargo = {{}}\n")
    };
    let musl = "triples = { \"linux/amd64\" = \"x86_64-unknown-linux-musl\" }";
    let config = parse(&text("linux/amd64", musl));
    assert_eq!(
        config.build.triple(targets(&["linux/amd64"])[0]),
        Some("x86_64-unknown-linux-musl")
    );
    let missing = ProblemKind::NoTriple {
        target: "netbsd/arm64".to_owned(),
    };
    assert_eq!(kinds(&text("netbsd/arm64", "")), [missing]);
}

#[test]
fn names_that_do_not_tell_targets_apart_are_refused() {
    let text = "format = 1\n[build]\ntargets = [\"linux/amd64\", \"linux/arm64\"]\n[archive]\nname = \"{name}-{os}\"\n[[binary]]\nname = \"a\"\ncargo = {}\n";
    let kind = ProblemKind::SameArchiveName {
        template: "{name}-{os}".to_owned(),
        name: "name-linux".to_owned(),
        first: "linux/amd64".to_owned(),
        second: "linux/arm64".to_owned(),
    };
    assert_eq!(kinds(text), [kind]);
}

#[test]
fn a_tool_without_a_command_or_a_name_is_refused() {
    for tools in ["{ cc = \" \" }", "{ \"\" = \"cc --version\" }"] {
        let command = format!("{{ run = [\"make\"], output = \"app\", tools = {tools} }}");
        let text = format!("format = 1\n[[binary]]\nname = \"a\"\ncommand = {command}\n");
        assert!(
            matches!(&kinds(&text)[..], [ProblemKind::Unusable { key, .. }] if key == "binary.command.tools"),
            "{tools}"
        );
    }
}

#[test]
fn paths_out_of_the_project_are_refused() {
    for (key, value) in [
        ("prebuilt", "{ \"linux/amd64\" = \"../app\" }"),
        ("command", "{ run = [\"make\"], output = \"/tmp/app\" }"),
    ] {
        let text = format!("format = 1\n[[binary]]\nname = \"a\"\n{key} = {value}\n");
        assert!(matches!(kinds(&text)[..], [ProblemKind::Unusable { .. }, ..]), "{key}");
    }
}

#[test]
fn an_identity_needs_its_issuer() {
    let missing = ProblemKind::MissingKey {
        key: "sign.certificate-oidc-issuer".to_owned(),
    };
    assert_eq!(
        kinds("format = 1\n[sign]\ncertificate-identity = \"a@example.com\"\n"),
        [missing]
    );
}

#[test]
fn targets_without_any_binary_are_an_error() {
    let missing = ProblemKind::MissingKey {
        key: "binary".to_owned(),
    };
    assert_eq!(kinds("format = 1\n[build]\ntargets = [\"linux/amd64\"]\n"), [missing]);
}

#[test]
fn an_unknown_system_is_told_where_it_stands() {
    let text = "format = 1\n[archive.format-by-os]\nwindow = \"zip\"\n";
    let found = InvalidTarget::Os {
        found: "window".to_owned(),
    };
    assert_eq!(kinds(text), [ProblemKind::Target(found)]);
}

#[test]
fn a_file_beyond_the_limit_is_refused_unread() {
    let text = format!("format = 1\n#{}", " ".repeat(MAX_CONFIG_BYTES as usize));
    assert!(matches!(
        Config::parse("attest.toml", &text),
        Err(Error::ConfigurationTooLarge { .. })
    ));
}

#[test]
fn only_configured_targets_can_be_kept() {
    let mut config = parse("format = 1\n[[binary]]\nname = \"app\"\ncargo = {}\n");
    config.narrow_to(&targets(&["linux/arm64"])).unwrap();
    assert_eq!(config.build.targets, targets(&["linux/arm64"]));
    let error = config.narrow_to(&targets(&["linux/amd64"])).unwrap_err();
    assert!(matches!(error, Error::ForeignTarget { .. }));
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC*") {
            let _ = Config::parse("attest.toml", &text);
        }

        #[test]
        fn no_misplaced_value_makes_the_reader_panic(
            table in prop::sample::select(&keys::ALL[..]),
            key in 0..10_usize,
            value in prop::sample::select(vec!["1", "-1", "true", "\"x\"", "\"{\"", "[]", "[1]", "[\"x\"]", "[{}]", "{}", "{a=1}", "1.5", "2026-01-01"]),
        ) {
            let key = table.keys[key % table.keys.len()];
            let head = match table.path {
                "" => String::new(),
                "binary" => "[[binary]]\nname = \"a\"\n".to_owned(),
                path if path.starts_with("binary.") => format!("[[binary]]\nname = \"a\"\n[{path}]\n"),
                path => format!("[{path}]\n"),
            };
            let text = match (table.path, key) {
                ("", "format") => format!("format = {value}\n"),
                ("binary", "name") => format!("format = 1\n[[binary]]\nname = {value}\n"),
                _ => format!("format = 1\n{head}{key} = {value}\n"),
            };
            let _ = Config::parse("attest.toml", &text);
        }
    }
}

#[test]
fn a_set_of_files_is_a_directory_or_patterns_and_has_a_name() {
    let config = parse("format = 1\n[[files]]\nname = \"{name}-docs\"\ndirectory = \"docs\"\n");
    let FileSetContents::Directory(path) = &config.file_sets[0].contents else {
        panic!("expected a directory")
    };
    assert_eq!(path.as_str(), "docs");
    assert_eq!(config.file_sets[0].formats, [ArchiveFormat::TarGz]);
    assert!(config.file_sets[0].wrap);
    for keys in ["", "directory = \"docs\"\nfiles = [\"a\"]\n"] {
        let text = format!("format = 1\n[[files]]\nname = \"docs\"\n{keys}");
        assert_eq!(kinds(&text), [ProblemKind::FileSetContents]);
    }
    let missing = ProblemKind::MissingKey {
        key: "files.name".to_owned(),
    };
    assert_eq!(kinds("format = 1\n[[files]]\ndirectory = \"docs\"\n"), [missing]);
}

const BINARY: &str = "format = 1\n[[binary]]\nname = \"app\"\ncargo = {}\n[[image]]\n";

#[test]
fn an_image_has_a_default_for_everything() {
    let config = parse(BINARY);
    let image = &config.images[0];
    assert_eq!(image.name.to_string(), "{name}-{version}-image");
    assert_eq!(image.tags[0].to_string(), "{version}");
    assert_eq!((&image.binaries, &image.base), (&None, &None));
}

#[test]
fn what_cannot_stand_in_an_image_is_told_with_its_place() {
    let text = format!(
        "{BINARY}binaries = [\"ap\"]\nports = [\"0\"]\nuser = \"a b\"\ntags = [\"-\"]\nenvironment = {{ \"A=B\" = \"1\" }}\n"
    );
    assert_eq!(
        problems(&text),
        [
            "attest.toml:6:13: expected one of app for `image.binaries`, found `ap`, did you mean `app`?",
            "attest.toml:7:10: expected a port such as `8080` or `53/udp` for `image.ports`, found `0`",
            "attest.toml:8:8: expected a word without spaces for `image.user`, found `a b`",
            "attest.toml:9:9: expected a tag such as `v1.2.0` for `image.tags`, found `-`",
            "attest.toml:10:17: expected the name of a variable for `image.environment`, found `A=B`",
        ]
    );
}

#[test]
fn a_chart_needs_its_directory_and_python_its_files() {
    let config = parse("format = 1\n[[chart]]\ndirectory = \"chart\"\nversion = \"{version}\"\n");
    assert_eq!(config.charts[0].directory.as_str(), "chart");
    assert_eq!(config.charts[0].version.as_ref().unwrap().to_string(), "{version}");
    assert_eq!((&config.charts[0].app_version, &config.python), (&None, &None));
    let missing = |key: &str| ProblemKind::MissingKey { key: key.to_owned() };
    assert_eq!(
        kinds("format = 1\n[[chart]]\n[python]\n"),
        [missing("chart.directory"), missing("python.files")]
    );
    let empty = kinds("format = 1\n[python]\nfiles = []\n");
    assert!(matches!(&empty[..], [ProblemKind::Unusable { key, .. }] if key == "python.files"));
}

#[test]
fn the_rules_of_source_archives_follow_the_profile_until_they_are_said() {
    use crate::git::{PointerRule, SourceProfile, SubmoduleRule};
    let rules = |text: &str| parse(&format!("format = 1\n[source]\n{text}")).source.unwrap().rules;
    assert_eq!(rules(""), SourceProfile::Attest.rules());
    assert_eq!(rules("").submodules, SubmoduleRule::Refuse);
    let git = rules("profile = \"git-archive\"\nlfs = \"resolve\"\n");
    assert_eq!(git.profile, SourceProfile::GitArchive);
    assert_eq!(
        (git.submodules, git.pointers),
        (SubmoduleRule::Omit, PointerRule::Resolve)
    );
    assert_eq!(
        problems("format = 1\n[source]\nprofile = \"git-archiv\"\nsubmodules = \"yes\"\nlfs = \"omit\"\n"),
        [
            "attest.toml:3:11: expected one of attest, git-archive for `profile`, found `git-archiv`, did you mean `git-archive`?",
            "attest.toml:4:14: expected one of refuse, include, omit for `submodules`, found `yes`",
            "attest.toml:5:7: expected one of refuse, resolve, pointer for `lfs`, found `omit`, did you mean `pointer`?",
        ]
    );
}

#[test]
fn profile_git_archive_has_no_zip() {
    let found = problems("format = 1\n[source]\nprofile = \"git-archive\"\nformats = [\"tar.gz\", \"zip\"]\n");
    assert_eq!(
        found,
        [
            "attest.toml:4:11: expected formats that profile git-archive has (tar.gz, tar.zst, tar.xz) for `source.formats`, found `zip`"
        ]
    );
}

#[test]
fn a_pattern_is_told_under_the_key_that_it_stands_at() {
    let text = "format = 1\n[[files]]\nname = \"docs\"\nfiles = [\"a/**\"]\n[python]\nfiles = [\"b/**\"]\n";
    assert_eq!(
        problems(text),
        [
            "attest.toml:4:10: expected a pattern without `**` for `files.files`, found `a/**`",
            "attest.toml:6:10: expected a pattern without `**` for `python.files`, found `b/**`",
        ]
    );
}

#[test]
fn an_annotation_has_a_key() {
    let kinds = kinds(&format!("{BINARY}annotations = {{ \"\" = \"x\" }}\n"));
    assert!(matches!(&kinds[..], [ProblemKind::Unusable { key, .. }] if key == "image.annotations"));
}

#[test]
fn what_is_said_of_lists_is_read_and_refused_where_it_says_nothing() {
    let text = "format = 1\n[sbom]\nauthors = [\"Ann <ann@example.com>\"]\nsupplier = \"Example\"\nmanufacturer = \"Works\"\nprofile = \"bsi\"\n";
    let sbom = Config::parse("attest.toml", text).unwrap().sbom.unwrap();
    assert_eq!(sbom.authors, [Author::new("Ann <ann@example.com>").unwrap()]);
    assert_eq!(sbom.supplier, Organization::named("Example"));
    assert_eq!(sbom.manufacturer, Organization::named("Works"));
    assert_eq!(sbom.profile, Profile::Bsi);
    let text = "format = 1\n[sbom]\nauthors = [\" \"]\nsupplier = \"\"\nprofile = \"bis\"\n";
    assert_eq!(
        problems(text),
        [
            "attest.toml:3:12: expected names, as `NAME <MAIL>` or either of the two for `sbom.authors`, found ` `",
            "attest.toml:4:12: expected a name for `sbom.supplier`, found ``",
            "attest.toml:5:11: expected one of bsi for `profile`, found `bis`",
        ]
    );
}

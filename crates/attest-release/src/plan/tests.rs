use super::*;
use crate::manifest::{Ecosystem, Manifest};

const CONFIG: &str = r#"
format = 1
[build]
targets = ["linux/amd64", "linux/arm/v7", "windows/amd64"]
skip-unavailable = true
[[binary]]
name = "app"
cargo = { features = ["tls"] }
[[binary]]
name = "tool"
targets = ["linux/amd64"]
command = { run = ["make", "tool-{target}"], output = "build/{target}/tool{exe}", environment = { V = "{version}" } }
[source]
formats = ["tar.gz", "zip"]
"#;

fn config(text: &str) -> Config {
    Config::parse("attest.toml", text).unwrap()
}

fn facts() -> Facts {
    let manifest = Manifest::parse(Ecosystem::Cargo, "[package]\nname = \"app\"\nversion = \"1.2.0\"\n");
    Facts {
        manifests: [manifest].into_iter().collect(),
        commit: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
        files: ["LICENSE", "README.md", "src/main.rs"].map(str::to_owned).into(),
        ..Facts::default()
    }
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.files().into_iter().map(|file| file.name.as_str()).collect()
}

#[test]
fn every_file_has_its_name_and_place() {
    let plan = Plan::new(&config(CONFIG), &facts()).unwrap();
    assert_eq!(
        names(&plan),
        [
            "app-1.2.0-linux-amd64.tar.gz",
            "app-1.2.0-linux-armv7.tar.gz",
            "app-1.2.0-windows-amd64.zip",
            "app-1.2.0-source.tar.gz",
            "app-1.2.0-source.zip",
            "app-1.2.0-linux-amd64.cdx.json",
            "app-1.2.0-linux-armv7.cdx.json",
            "app-1.2.0-windows-amd64.cdx.json",
            "app-1.2.0-source.tar.gz.cdx.json",
            "app-1.2.0-source.zip.cdx.json",
            "SHA256SUMS",
            "app-1.2.0.sigstore.json",
            "app-1.2.0-linux-amd64.cdx.sigstore.json",
            "app-1.2.0-linux-armv7.cdx.sigstore.json",
            "app-1.2.0-windows-amd64.cdx.sigstore.json",
            "app-1.2.0-source.tar.gz.cdx.sigstore.json",
            "app-1.2.0-source.zip.cdx.sigstore.json",
        ]
    );
    let windows = &plan.archives[2];
    assert_eq!(windows.binaries[0].file.as_str(), "app.exe");
    assert_eq!(windows.root.as_ref().unwrap().as_str(), "app-1.2.0-windows-amd64");
    assert_eq!(windows.files, ["LICENSE", "README.md"]);
    let PlannedSteps::Command {
        run,
        output,
        environment,
        ..
    } = &plan.archives[0].binaries[1].steps
    else {
        panic!("expected a command")
    };
    assert_eq!(run[..], ["make", "tool-linux-amd64"]);
    assert_eq!(output.as_str(), "build/linux-amd64/tool");
    assert_eq!(environment["V"], "1.2.0");
}

#[test]
fn a_target_that_cannot_be_built_is_left_out_only_when_that_is_allowed() {
    let target: Target = "windows/amd64".parse().unwrap();
    let reason = "run `rustup target add x86_64-pc-windows-gnu`";
    let facts = Facts {
        unavailable: [(target, reason.to_owned())].into(),
        ..facts()
    };
    let plan = Plan::new(&config(CONFIG), &facts).unwrap();
    assert_eq!(plan.archives.len(), 2);
    let reason = reason.to_owned();
    assert_eq!(
        plan.skipped,
        [Skipped {
            target,
            reason: reason.clone()
        }]
    );
    let strict = config(&CONFIG.replace("skip-unavailable = true", ""));
    let error = Plan::new(&strict, &facts).unwrap_err();
    assert!(matches!(error, Error::Unavailable { target: t, reason: r } if t == target && r == reason));
}

#[test]
fn a_bundle_beside_every_archive_is_made_when_asked_for() {
    let plan = Plan::new(&config(&format!("{CONFIG}[sign]\nper-archive = true\n")), &facts()).unwrap();
    assert!(names(&plan).contains(&"app-1.2.0-linux-amd64.tar.gz.sigstore.json"));
    assert!(names(&plan).contains(&"app-1.2.0-source.zip.sigstore.json"));
}

#[test]
fn what_is_not_signed_has_its_provenance_in_a_file() {
    let plan = Plan::new(&config(&format!("{CONFIG}[sign]\nenabled = false\n")), &facts()).unwrap();
    assert_eq!(plan.bundle, None);
    assert_eq!(plan.provenance.unwrap().as_str(), "app-1.2.0.provenance.json");
}

#[test]
fn two_files_of_one_name_are_refused_even_when_only_case_differs() {
    let text = format!("{CONFIG}name = \"APP-{{version}}-linux-AMD64\"\n");
    let error = Plan::new(&config(&text), &facts()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected every file to have its own name, but `app-1.2.0-linux-amd64.tar.gz` and `APP-1.2.0-linux-AMD64.tar.gz` are one on some file systems"
    );
}

#[test]
fn the_version_comes_from_where_the_configuration_says() {
    let tagged = Facts {
        tags: vec!["v2.0.0".to_owned()],
        ..facts()
    };
    let version = |source: &str| {
        let text = format!("format = 1\nproject = {{ version = \"{source}\" }}\n");
        Plan::new(&config(&text), &tagged).unwrap().version.to_string()
    };
    assert_eq!(version("from-cargo"), "1.2.0");
    assert_eq!(version("from-tag"), "2.0.0");
    assert_eq!(version("3.1"), "3.1");
    let untagged = Plan::new(&config("format = 1\nproject = { version = \"from-tag\" }\n"), &facts());
    assert!(matches!(untagged, Err(Error::NoVersion { place: "a git tag" })));
}

#[test]
fn what_is_asked_for_and_missing_is_an_error() {
    let without_files = Facts {
        files: Default::default(),
        ..facts()
    };
    let asked = config(&format!("{CONFIG}[archive]\nfiles = [\"NEWS*\"]\n"));
    assert!(matches!(Plan::new(&asked, &facts()), Err(Error::NoMatch { pattern }) if pattern == "NEWS*"));
    assert!(Plan::new(&config(CONFIG), &without_files).is_ok());
    let prebuilt = config("format = 1\n[[binary]]\nname = \"a\"\nprebuilt = { \"linux/amd64\" = \"bin/a\" }\n");
    assert!(matches!(Plan::new(&prebuilt, &facts()), Err(Error::PrebuiltMissing { path, .. }) if path == "bin/a"));
    let no_commit = Facts {
        commit: None,
        ..facts()
    };
    assert!(matches!(Plan::new(&config(CONFIG), &no_commit), Err(Error::NoCommit)));
    let nothing = config("format = 1\n[source]\nenabled = false\n");
    assert!(matches!(Plan::new(&nothing, &facts()), Err(Error::NothingToRelease)));
    assert!(matches!(
        Plan::new(&config("format = 1\n"), &Facts::default()),
        Err(Error::NoName)
    ));
}

#[test]
fn the_table_shows_every_file_and_what_is_left_out() {
    let target: Target = "windows/amd64".parse().unwrap();
    let facts = Facts {
        unavailable: [(target, "no linker".to_owned())].into(),
        dirty: true,
        ..facts()
    };
    let text = config(
        "format = 1\nbuild = { targets = [\"linux/amd64\", \"windows/amd64\"], skip-unavailable = true }\n[[binary]]\nname = \"app\"\ncargo = {}\n",
    );
    assert_eq!(
        Plan::new(&text, &facts).unwrap().to_string(),
        "\
app 1.2.0, commit 0123456789ab, with changes that are not committed

FILE                                       KIND       TARGET       FROM
app-1.2.0-linux-amd64.tar.gz               archive    linux/amd64  app (cargo x86_64-unknown-linux-gnu), LICENSE, README.md
app-1.2.0-source.tar.gz                    source     -            commit 0123456789ab
app-1.2.0-linux-amd64.cdx.json             sbom       linux/amd64  app-1.2.0-linux-amd64.tar.gz
app-1.2.0-source.tar.gz.cdx.json           sbom       -            app-1.2.0-source.tar.gz
SHA256SUMS                                 checksums  -            4 files
app-1.2.0.sigstore.json                    bundle     -            5 files
app-1.2.0-linux-amd64.cdx.sigstore.json    bundle     -            app-1.2.0-linux-amd64.tar.gz
app-1.2.0-source.tar.gz.cdx.sigstore.json  bundle     -            app-1.2.0-source.tar.gz

left out:
  windows/amd64: no linker
"
    );
}

#[test]
fn a_plan_names_the_rules_of_its_source_archives_that_are_not_the_usual() {
    let text = config("format = 1\n[source]\nprofile = \"git-archive\"\nsubmodules = \"include\"\n");
    let plan = Plan::new(&text, &facts()).unwrap();
    let inputs = plan.files().remove(0).inputs;
    assert_eq!(
        inputs,
        [
            "commit 0123456789ab",
            "profile git-archive",
            "submodules include",
            "lfs pointer"
        ]
    );
}

#[test]
fn the_json_form_says_the_same() {
    let json = Plan::new(&config(CONFIG), &facts()).unwrap().to_json();
    assert_eq!(json["schema"], PLAN_SCHEMA);
    assert_eq!(json["files"].as_array().unwrap().len(), 17);
    assert_eq!(json["files"][1]["target"], "linux/arm/v7");
    assert_eq!(json["files"][0]["inputs"][0], "app (cargo x86_64-unknown-linux-gnu)");
}

#[test]
fn of_several_tags_the_latest_version_counts() {
    let config = config("format = 1\n[project]\nname = \"app\"\nversion = \"from-tag\"\n[source]\n");
    let version = |tags: &[&str]| {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        Plan::new(&config, &Facts { tags, ..facts() }).map(|plan| plan.version.to_string())
    };
    assert_eq!(version(&["latest", "v1.10.0", "v1.9.0"]).unwrap(), "1.10.0");
    assert_eq!(version(&["v1.2.0", "v1.2.0-rc.1"]).unwrap(), "1.2.0");
    let error = version(&["latest", "nightly"]).unwrap_err();
    assert!(
        matches!(
            error,
            Error::UnusableVersion {
                place: "the git tag",
                ..
            }
        ),
        "{error}"
    );
    assert!(matches!(version(&[]).unwrap_err(), Error::NoVersion { .. }));
}

#[test]
fn two_targets_that_leave_one_output_are_refused() {
    let text = CONFIG.replace("targets = [\"linux/amd64\"]\n", "");
    Plan::new(&config(&text), &facts()).unwrap();
    let text = text.replace("build/{target}/tool{exe}", "build/{os}/tool");
    assert_eq!(
        Plan::new(&config(&text), &facts()).unwrap_err().to_string(),
        "expected every build command to have an output of its own, but those for `linux/amd64` and `linux/arm/v7` leave \
         `build/linux/tool`"
    );
}

const FILES: &str = "format = 1\n[source]\nenabled = false\n[[files]]\nname = \"{name}-{version}-docs\"\n";

#[test]
fn a_set_of_files_is_planned_once_for_each_format() {
    let text = format!("{FILES}directory = \"docs\"\nformats = [\"tar.gz\", \"zip\"]\n[sign]\nper-archive = true\n");
    let facts = Facts {
        directories: ["docs".to_owned()].into(),
        ..facts()
    };
    let plan = Plan::new(&config(&text), &facts).unwrap();
    assert_eq!(
        names(&plan),
        [
            "app-1.2.0-docs.tar.gz",
            "app-1.2.0-docs.zip",
            "app-1.2.0-docs.tar.gz.cdx.json",
            "app-1.2.0-docs.zip.cdx.json",
            "SHA256SUMS",
            "app-1.2.0.sigstore.json",
            "app-1.2.0-docs.tar.gz.sigstore.json",
            "app-1.2.0-docs.zip.sigstore.json",
            "app-1.2.0-docs.tar.gz.cdx.sigstore.json",
            "app-1.2.0-docs.zip.cdx.sigstore.json",
        ]
    );
    assert_eq!(plan.file_sets[0].root.as_ref().unwrap().as_str(), "app-1.2.0-docs");
    assert_eq!(
        plan.file_sets[1].contents,
        PlannedContents::Directory("docs".to_owned())
    );
}

#[test]
fn a_set_of_files_that_is_not_there_is_refused() {
    let text = format!("{FILES}directory = \"docs\"\n");
    let error = Plan::new(&config(&text), &facts()).unwrap_err();
    assert!(matches!(error, Error::DirectoryMissing { path } if path == "docs"));
    let text = format!("{FILES}files = [\"README.md\", \"docs/*.md\"]\n");
    let error = Plan::new(&config(&text), &facts()).unwrap_err();
    assert!(matches!(error, Error::NoMatch { pattern } if pattern == "docs/*.md"));
    let text = format!("{FILES}files = [\"README.md\", \"LIC*\"]\n");
    let plan = Plan::new(&config(&text), &facts()).unwrap();
    let files = ["LICENSE", "README.md"].map(str::to_owned).into();
    assert_eq!(plan.file_sets[0].contents, PlannedContents::Files(files));
}

const IMAGE: &str = "[[image]]\nbinaries = [\"app\"]\nlabels = { \"org.opencontainers.image.title\" = \"App\" }\n";

#[test]
fn an_image_holds_every_linux_target_that_has_its_binaries() {
    let plan = Plan::new(&config(&format!("{CONFIG}{IMAGE}")), &facts()).unwrap();
    let image = &plan.images[0];
    assert_eq!(image.file.as_str(), "app-1.2.0-image.tar");
    let platforms: Vec<String> = image.platforms.keys().map(ToString::to_string).collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm/v7"]);
    assert_eq!(image.settings.entrypoint, Some(vec!["/usr/local/bin/app".to_owned()]));
    assert_eq!(image.settings.labels["org.opencontainers.image.title"], "App");
    assert_eq!(image.annotations["org.opencontainers.image.title"], "app");
    assert_eq!(image.annotations["org.opencontainers.image.version"], "1.2.0");
    let two = IMAGE.replace("[\"app\"]", "[\"app\", \"tool\"]");
    let plan = Plan::new(&config(&format!("{CONFIG}{two}")), &facts()).unwrap();
    let platforms: Vec<String> = plan.images[0].platforms.keys().map(ToString::to_string).collect();
    assert_eq!(platforms, ["linux/amd64"]);
    assert_eq!(plan.images[0].settings.entrypoint, None);
}

#[test]
fn an_image_without_a_linux_target_is_refused() {
    let text = CONFIG.replace("\"linux/amd64\", \"linux/arm/v7\", ", "");
    let text = text.replace("targets = [\"linux/amd64\"]\n", "targets = [\"windows/amd64\"]\n");
    let error = Plan::new(&config(&format!("{text}{IMAGE}")), &facts()).unwrap_err();
    assert!(matches!(error, Error::NothingForImage { file } if file == "app-1.2.0-image.tar"));
}

fn with_chart() -> Facts {
    let chart = ChartFacts {
        name: "web".to_owned(),
        version: "0.1.0".to_owned(),
    };
    Facts {
        charts: [("chart".to_owned(), chart)].into(),
        ..facts()
    }
}

#[test]
fn a_chart_is_called_by_its_name_and_the_version_that_it_gets() {
    let text = "format = 1\n[source]\nenabled = false\n[[chart]]\ndirectory = \"chart\"\n";
    let plan = Plan::new(&config(text), &with_chart()).unwrap();
    assert_eq!(plan.charts[0].file.as_str(), "web-0.1.0.tgz");
    let stamped = config(&format!(
        "{text}version = \"{{version}}\"\napp-version = \"v{{version}}\"\n"
    ));
    let plan = Plan::new(&stamped, &with_chart()).unwrap();
    assert_eq!(plan.charts[0].file.as_str(), "web-1.2.0.tgz");
    assert_eq!(plan.charts[0].stamp.app_version.as_deref(), Some("v1.2.0"));
    let error = Plan::new(&config(text), &facts()).unwrap_err();
    assert!(matches!(error, Error::ChartMissing { path } if path == "chart"));
    let odd = config(&format!("{text}version = \"v{{version}}\"\n"));
    let error = Plan::new(&odd, &with_chart()).unwrap_err();
    assert!(matches!(error, Error::UnusableChartVersion { version, .. } if version == "v1.2.0"));
}

#[test]
fn wheels_and_sdists_keep_their_names() {
    let text = "format = 1\n[source]\nenabled = false\n[python]\nfiles = [\"out/*\"]\n";
    let facts = Facts {
        files: ["out/app-1.2.0-py3-none-any.whl", "out/app-1.2.0.tar.gz"]
            .map(str::to_owned)
            .into(),
        ..facts()
    };
    let plan = Plan::new(&config(text), &facts).unwrap();
    let kinds: Vec<(&str, FileKind)> = plan
        .files()
        .into_iter()
        .map(|file| (file.name.as_str(), file.kind))
        .collect();
    assert_eq!(
        kinds[..2],
        [
            ("app-1.2.0-py3-none-any.whl", FileKind::Wheel),
            ("app-1.2.0.tar.gz", FileKind::Sdist)
        ]
    );
}

#[test]
fn an_image_of_all_binaries_is_only_for_targets_that_have_them_all() {
    let plan = Plan::new(&config(&format!("{CONFIG}[[image]]\n")), &facts()).unwrap();
    let platforms: Vec<String> = plan.images[0].platforms.keys().map(ToString::to_string).collect();
    assert_eq!(platforms, ["linux/amd64"]);
}

#[test]
#[cfg(unix)]
fn a_directory_that_leads_out_of_the_project_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let project = directory.path().join("project");
    for name in ["project/docs", "elsewhere"] {
        std::fs::create_dir_all(directory.path().join(name)).unwrap();
    }
    std::os::unix::fs::symlink("../elsewhere", project.join("out")).unwrap();
    std::os::unix::fs::symlink("docs", project.join("in")).unwrap();
    for (path, is_refused) in [("docs", false), ("in", false), ("out", true)] {
        for table in [
            format!("[[files]]\nname = \"x\"\ndirectory = \"{path}\""),
            format!("[[chart]]\ndirectory = \"{path}\""),
        ] {
            let found = Facts::of_directory(&project, &config(&format!("format = 1\n{table}\n")));
            let refused = matches!(found, Err(Error::OutsideProject { path: ref found }) if found == path);
            assert_eq!(refused, is_refused, "{table}");
        }
    }
}

#[test]
fn what_is_published_has_its_place_and_nothing_else_has_the_same() {
    let images =
        format!("{CONFIG}{IMAGE}tags = [\"v{{version}}\", \"latest\"]\npublish = \"oci://example.org/{{name}}\"\n");
    let plan = Plan::new(&config(&images), &facts()).unwrap();
    let published: Vec<Published<'_>> = plan.published().collect();
    assert_eq!(published.len(), 1);
    assert_eq!(published[0].file.as_str(), "app-1.2.0-image.tar");
    assert_eq!(published[0].sbom.unwrap().as_str(), "app-1.2.0-image.tar.cdx.json");
    let list = |platform: &str| published[0].sbom_for(&platform.parse().unwrap()).map(FileName::as_str);
    assert_eq!(list("linux/amd64"), Some("app-1.2.0-image.tar.linux-amd64.cdx.json"));
    assert_eq!(list("linux/arm/v7"), Some("app-1.2.0-image.tar.linux-arm-v7.cdx.json"));
    assert_eq!(list("windows/amd64"), None);
    assert_eq!(published[0].publication.repository, "oci://example.org/app");
    assert_eq!(published[0].publication.tags, ["latest", "v1.2.0"]);
    let shown = plan.to_string();
    let expected = "\npublished with --publish:\n  app-1.2.0-image.tar: oci://example.org/app:latest, v1.2.0\n";
    assert!(shown.ends_with(expected), "{shown}");
    assert_eq!(plan.to_json()["publish"][0]["tags"][1], "v1.2.0");
    let second = IMAGE.replace("[[image]]\n", "[[image]]\nname = \"other\"\n");
    let twice = format!("{images}{second}tags = [\"latest\"]\npublish = \"oci://example.org/app\"\n");
    let error = Plan::new(&config(&twice), &facts()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected every place in a registry once, but `app-1.2.0-image.tar` and `other.tar` are both published as \
         `oci://example.org/app:latest`"
    );
    assert!(
        Plan::new(&config(CONFIG), &facts())
            .unwrap()
            .published()
            .next()
            .is_none()
    );
}

#[test]
fn an_image_for_one_platform_has_one_list() {
    let image = IMAGE.replace("[\"app\"]", "[\"tool\"]") + "publish = \"oci://example.org/tool\"\n";
    let plan = Plan::new(&config(&format!("{CONFIG}{image}")), &facts()).unwrap();
    assert_eq!(plan.images[0].platforms.len(), 1);
    let published = plan.published().next().unwrap();
    assert_eq!(published.sbom.unwrap().as_str(), "app-1.2.0-image.tar.cdx.json");
    assert_eq!(published.sbom_for(&"linux/amd64".parse().unwrap()), None);
    let lists = plan.files().iter().filter(|file| file.kind == FileKind::Sbom).count();
    assert_eq!(lists, plan.archives.len() + plan.sources.len() + 1);
}

#[test]
fn a_chart_is_published_as_helm_names_it() {
    let text = "format = 1\n[source]\nenabled = false\n[[chart]]\ndirectory = \"chart\"\nversion = \"{version}+b.1\"\n\
                publish = \"oci://example.org/charts\"\n";
    let plan = Plan::new(&config(text), &with_chart()).unwrap();
    let published = plan.published().next().unwrap();
    assert_eq!(published.publication.repository, "oci://example.org/charts/web");
    assert_eq!(published.publication.tags, ["1.2.0_b.1"]);
}

#[test]
fn a_chart_with_a_key_has_a_signature_unless_nothing_is_signed() {
    let text =
        "format = 1\n[source]\nenabled = false\n[[chart]]\ndirectory = \"chart\"\nkey = \"release@example.com\"\n";
    let plan = |text: &str| Plan::new(&config(text), &with_chart()).unwrap();
    let signatures = |plan: &Plan| -> Vec<String> {
        let files = plan.files().into_iter().filter(|file| file.kind == FileKind::Signature);
        files.map(|file| file.name.to_string()).collect()
    };
    let signed = plan(text);
    assert_eq!(signatures(&signed), [format!("{}.prov", signed.charts[0].file)]);
    assert_eq!(signed.charts[0].signature.as_ref().unwrap().key, "release@example.com");
    assert_eq!(signatures(&plan(&format!("{text}[sign]\nenabled = false\n"))), [""; 0]);
}

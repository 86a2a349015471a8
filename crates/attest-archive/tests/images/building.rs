use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use attest_archive::image::{
    Annotations, Base, Destination, Error, ImageRecipe, LayerCompression, Layout, Root, Settings, Written, media_type,
    write_image,
};
use tempfile::TempDir;

use crate::made::{Made, tagged};

/// Every file below a directory, by name.
pub(crate) fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(
                files(&entry.path())
                    .into_iter()
                    .map(|(below, bytes)| (format!("{name}/{below}"), bytes)),
            ),
            false => {
                found.insert(name, fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

/// A root with what archives refuse: links that lead out, and one that leads nowhere.
#[cfg(unix)]
pub(crate) fn root_directory() -> TempDir {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    for name in ["etc", "usr/bin", "home/app", "tmp"] {
        fs::create_dir_all(at(name)).unwrap();
    }
    fs::write(at("usr/bin/app"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(at("usr/bin/app"), fs::Permissions::from_mode(0o4711)).unwrap();
    fs::write(at("home/app/notes"), "x").unwrap();
    fs::set_permissions(at("tmp"), fs::Permissions::from_mode(0o1777)).unwrap();
    symlink("/proc/mounts", at("etc/mtab")).unwrap();
    symlink("../../../up", at("etc/up")).unwrap();
    directory
}

pub(crate) fn recipe<'a>() -> ImageRecipe<'a> {
    ImageRecipe {
        roots: BTreeMap::new(),
        base: None,
        taken: Vec::new(),
        attached: Vec::new(),
        settings: Settings::default(),
        annotations: Annotations::new(),
        tags: BTreeSet::from(["v1".parse().unwrap()]),
        compression: LayerCompression::Gzip,
        source_date: "1700000000".parse().unwrap(),
        threads: NonZeroUsize::MIN,
    }
}

pub(crate) fn write(recipe: &ImageRecipe<'_>, path: &Path) -> Result<Written, Error> {
    let (path, replace) = (path.to_owned(), false);
    write_image(recipe, Destination::Directory { path, replace })
}

pub(crate) fn two_roots(directory: &Path) -> ImageRecipe<'static> {
    let mut recipe = recipe();
    for platform in ["linux/arm64", "linux/amd64"] {
        let root = Root::from_directory(directory).unwrap();
        recipe.roots.insert(platform.parse().unwrap(), Some(root));
    }
    recipe
}

#[cfg(unix)]
#[test]
fn two_platforms_make_an_index_sorted_by_platform_and_share_a_layer() {
    let root = root_directory();
    let out = tempfile::tempdir().unwrap();
    let path = out.path().join("layout");
    let written = write(&two_roots(root.path()), &path).unwrap();
    let layout = Layout::open(&path).unwrap();
    let top = layout.find(Some("v1")).unwrap();
    assert!(top.is_index());
    assert_eq!(top.digest(), written.descriptor.digest());
    let images = layout.images(&top).unwrap();
    let platforms: Vec<String> = images
        .iter()
        .map(|image| image.descriptor.platform().unwrap().to_string())
        .collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64"]);
    assert_eq!(images[0].manifest.layers(), images[1].manifest.layers());
    // One layer, two configurations, two manifests, one index, and the two files of the layout.
    assert_eq!(files(&path).len(), 8);
}

#[cfg(unix)]
#[test]
fn the_bytes_depend_on_no_number_of_threads_and_on_no_mode_of_the_disk() {
    use std::os::unix::fs::PermissionsExt as _;
    let (first, second) = (root_directory(), root_directory());
    fs::set_permissions(second.path().join("etc"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(second.path().join("home/app/notes"), fs::Permissions::from_mode(0o600)).unwrap();
    let big: Vec<u8> = (0..3_000_000_u32).map(|n| (n.wrapping_mul(n) >> 9) as u8).collect();
    for root in [&first, &second] {
        fs::write(root.path().join("home/app/big"), &big).unwrap();
    }
    for compression in ["gzip", "zstd", "none"] {
        let mut outs = Vec::new();
        for (root, threads) in [(&first, 1), (&second, 2), (&first, 7)] {
            let out = tempfile::tempdir().unwrap();
            let mut recipe = two_roots(root.path());
            recipe.threads = NonZeroUsize::new(threads).unwrap();
            recipe.compression = compression.parse().unwrap();
            write(&recipe, &out.path().join("layout")).unwrap();
            outs.push(files(out.path()));
        }
        assert!(outs[0] == outs[1] && outs[0] == outs[2], "{compression}");
    }
}

/// Path, mode, owner and link of each member of a layer.
fn listed(layer: &[u8]) -> Vec<String> {
    let mut archive = tar::Archive::new(layer);
    archive
        .entries()
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let (header, path) = (entry.header(), entry.path().unwrap().display().to_string());
            let link = entry.link_name().unwrap().map(|link| format!(" -> {}", link.display()));
            let (mode, user, group) = (header.mode().unwrap(), header.uid().unwrap(), header.gid().unwrap());
            format!("{path} {mode:o} {user}:{group}{}", link.unwrap_or_default())
        })
        .collect()
}

#[cfg(unix)]
#[test]
fn a_root_keeps_its_links_and_has_the_modes_and_owners_that_were_asked_for() {
    let root = root_directory();
    let at = |path: &str| path.parse().unwrap();
    let plain = Root::from_directory(root.path()).unwrap();
    let privileged: Vec<&str> = plain.privileged().iter().map(|path| path.as_str()).collect();
    assert_eq!(privileged, ["tmp", "usr/bin/app"]);
    let changed = plain
        .with_mode(&at("tmp"), "1777".parse().unwrap())
        .and_then(|root| root.with_owner(&at("home"), "1000:50".parse().unwrap()))
        .and_then(|root| root.with_owner(&at("home/app/notes"), "7".parse().unwrap()))
        .unwrap();
    assert_eq!(changed.privileged().len(), 1);
    let mut recipe = recipe();
    recipe.compression = LayerCompression::None;
    recipe.roots.insert("linux/amd64".parse().unwrap(), Some(changed));
    let out = tempfile::tempdir().unwrap();
    let written = write(&recipe, &out.path().join("layout")).unwrap();
    let layout = Layout::open(&out.path().join("layout")).unwrap();
    let layer = &written.images[0].manifest.layers()[0];
    assert_eq!(Some(layer.digest()), written.images[0].diff_id.as_ref());
    let mut bytes = Vec::new();
    layout.blob(layer).unwrap().read_to_end(&mut bytes).unwrap();
    assert_eq!(
        listed(&bytes),
        [
            "etc/ 755 0:0",
            "etc/mtab 777 0:0 -> /proc/mounts",
            "etc/up 777 0:0 -> ../../../up",
            "home/ 755 1000:50",
            "home/app/ 755 1000:50",
            "home/app/notes 644 7:7",
            "tmp/ 1777 0:0",
            "usr/ 755 0:0",
            "usr/bin/ 755 0:0",
            "usr/bin/app 755 0:0",
        ]
    );
}

#[cfg(unix)]
#[test]
fn an_exception_for_what_is_not_there_and_a_whiteout_are_rejected() {
    let root = root_directory();
    let plain = Root::from_directory(root.path()).unwrap();
    let absent = plain.clone().with_mode(&"opt".parse().unwrap(), "755".parse().unwrap());
    assert!(matches!(absent, Err(Error::NoSuchMember { path, .. }) if path == "opt"));
    let link = plain
        .clone()
        .with_mode(&"etc/mtab".parse().unwrap(), "755".parse().unwrap());
    assert!(matches!(link, Err(Error::NoSuchMember { path, .. }) if path == "etc/mtab"));
    let absent = plain.with_owner(&"opt".parse().unwrap(), "1".parse().unwrap());
    assert!(matches!(absent, Err(Error::NoSuchMember { path, .. }) if path == "opt"));
    fs::write(root.path().join("etc/.wh.passwd"), "").unwrap();
    let error = Root::from_directory(root.path()).unwrap_err();
    assert!(matches!(error, Error::Whiteout { path } if path == "etc/.wh.passwd"));
}

fn program(directory: &TempDir) -> Root {
    let path = directory.path().join("app");
    fs::write(&path, "#!/bin/sh\n").unwrap();
    Root::of_program(
        &path,
        "usr/local/bin/app".parse().unwrap(),
        &"linux/amd64".parse().unwrap(),
    )
    .unwrap()
}

#[test]
fn one_platform_alone_is_named_without_an_index() {
    let directory = tempfile::tempdir().unwrap();
    let mut recipe = recipe();
    recipe
        .roots
        .insert("linux/amd64".parse().unwrap(), Some(program(&directory)));
    recipe.annotations.insert("a".into(), "b".into());
    let path = directory.path().join("layout");
    write(&recipe, &path).unwrap();
    let layout = Layout::open(&path).unwrap();
    let top = layout.find(None).unwrap();
    assert!(top.is_manifest());
    assert_eq!(top.platform().unwrap().to_string(), "linux/amd64");
    assert_eq!(layout.manifest(&top).unwrap().annotations()["a"], "b");
}

#[test]
fn a_base_is_taken_for_the_same_platform_its_layers_byte_for_byte() {
    let made = Made::new();
    let images = vec![made.image("linux/amd64", b"one"), made.image("linux/arm64", b"two")];
    made.name(vec![tagged(made.index(images), "v1")]);
    let layout = Layout::open(made.path()).unwrap();
    let descriptor = layout.find(None).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut recipe = recipe();
    recipe.base = Some(Base::new(
        &layout,
        descriptor.clone(),
        Some("example.org/base:1".into()),
    ));
    recipe.roots.insert("linux/arm64/v8".parse().unwrap(), None);
    recipe
        .roots
        .insert("linux/amd64".parse().unwrap(), Some(program(&directory)));
    let path = directory.path().join("layout");
    let written = write(&recipe, &path).unwrap();
    let out = Layout::open(&path).unwrap();
    for (image, layers) in written.images.iter().zip([2, 1]) {
        assert_eq!(image.manifest.layers().len(), layers);
        assert_eq!(
            image.manifest.annotations()["org.opencontainers.image.base.name"],
            "example.org/base:1"
        );
        out.blob(&image.manifest.layers()[0])
            .unwrap()
            .copy_to(&mut Vec::new())
            .unwrap();
    }
    let top = out.nested_index(&written.descriptor).unwrap();
    assert_eq!(
        top.annotations()["org.opencontainers.image.base.digest"],
        descriptor.digest().to_string()
    );
    recipe.roots.insert("linux/s390x".parse().unwrap(), None);
    let error = write(&recipe, &directory.path().join("other")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the base image is not for `linux/s390x`: it is for `linux/amd64`, `linux/arm64`"
    );
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_failure_leaves_nothing_behind_and_what_was_there_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let root = program(&directory);
    let path = directory.path().join("layout");
    let mut recipe = recipe();
    recipe.roots.insert("linux/amd64".parse().unwrap(), Some(root));
    write(&recipe, &path).unwrap();
    let before = files(&path);
    fs::remove_file(directory.path().join("app")).unwrap();
    let replace = true;
    for destination in [
        Destination::Directory {
            path: path.clone(),
            replace,
        },
        Destination::Archive {
            path: directory.path().join("new.tar"),
        },
    ] {
        let error = write_image(&recipe, destination).unwrap_err();
        assert!(matches!(error, Error::Archive(attest_archive::Error::Read { .. })));
        assert_eq!(names(directory.path()), ["layout"]);
        assert_eq!(files(&path), before);
    }
}

#[test]
fn a_directory_is_replaced_only_if_it_is_a_layout_and_that_was_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let mut recipe = recipe();
    recipe
        .roots
        .insert("linux/amd64".parse().unwrap(), Some(program(&directory)));
    let path = directory.path().join("layout");
    fs::create_dir(&path).unwrap();
    write(&recipe, &path).unwrap();
    let error = write(&recipe, &path).unwrap_err();
    assert!(matches!(error, Error::Exists { is_layout: true, .. }));
    recipe.tags = BTreeSet::from(["v2".parse().unwrap()]);
    let replace = |path: PathBuf| Destination::Directory { path, replace: true };
    write_image(&recipe, replace(path.clone())).unwrap();
    assert!(Layout::open(&path).unwrap().find(Some("v2")).is_ok());
    let other = directory.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("letter"), "").unwrap();
    let error = write_image(&recipe, replace(other)).unwrap_err();
    assert!(matches!(error, Error::Exists { is_layout: false, .. }));
    assert_eq!(names(directory.path()), ["app", "layout", "other"]);
}

#[test]
fn an_archive_holds_the_same_layout_and_is_the_same_everywhere() {
    let directory = tempfile::tempdir().unwrap();
    let mut recipe = recipe();
    recipe
        .roots
        .insert("linux/amd64".parse().unwrap(), Some(program(&directory)));
    let path = directory.path().join("layout.tar");
    let written = write_image(&recipe, Destination::Archive { path: path.clone() }).unwrap();
    let first = fs::read(&path).unwrap();
    assert_eq!(written.archive.unwrap().size(), first.len() as u64);
    write_image(&recipe, Destination::Archive { path: path.clone() }).unwrap();
    assert!(fs::read(&path).unwrap() == first);
    let layout = Layout::open(&path).unwrap();
    let top = layout.find(Some("v1")).unwrap();
    let manifest = layout.manifest(&top).unwrap();
    layout
        .blob(&manifest.layers()[0])
        .unwrap()
        .copy_to(&mut Vec::new())
        .unwrap();
    assert_eq!(manifest.layers()[0].media_type(), media_type::LAYER_GZIP);
}

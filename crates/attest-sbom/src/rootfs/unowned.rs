//! The programs of a system that no database of packages knows, each with its size and its SHA-256 out: above all those that an image
//! was made for.
//!
//! What says of itself what it was built from is listed as that, and what lies in packages of others is theirs.

use std::collections::HashSet;

use crate::binary;
use crate::cyclonedx::ComponentKind;
use crate::inventory::Inventory;
use crate::packed::may_be_of_others;
use crate::plain;
use crate::scan::Scan;
use crate::tree::Entry;
use crate::{Gap, apk, dpkg, rpm};

/// The most that are listed: a language that was unpacked beside the packages brings some hundred.
const MAX_PROGRAMS: usize = 1_000;

/// Lists the programs of a system of packages that belong to none of them. Nothing is said where no package says which files it has.
pub(crate) fn list_unowned(scan: &Scan<'_>, inventory: &mut Inventory) {
    let system = inventory.whole().map(|key| &inventory.packages()[key.place()]);
    let is_system = system.is_some_and(|system| system.kind == ComponentKind::OperatingSystem);
    if !is_system || !scan.options.kinds.is_empty() {
        return;
    }
    let mut left = candidates(scan, inventory);
    if left.is_empty() || !take_owned(scan, &mut left) {
        return;
    }
    let entries = scan.listing().entries().iter();
    let unowned = entries.filter(|entry| left.contains(entry.path.as_str()) && binary::is_program(&scan.head(entry)));
    let unowned: Vec<&Entry> = unowned.collect();
    for entry in unowned.iter().take(MAX_PROGRAMS) {
        match plain::component(scan, entry) {
            Ok(component) => {
                inventory.add(component);
            }
            Err(gap) => inventory.gap(gap),
        }
    }
    note(&unowned, inventory);
}

fn note(unowned: &[&Entry], inventory: &mut Inventory) {
    match unowned {
        [] => {}
        [one] => {
            let detail =
                "no package owns this program, and nothing tells what it was made of: it is listed by its digest";
            inventory.gap(Gap::new("no-list", &one.path, detail));
        }
        several => {
            let count = several.len();
            let detail = format!(
                "no package owns {count} programs, and nothing tells what they were made of: they are listed by their digests"
            );
            inventory.gap(Gap::new("no-list", "", detail));
        }
    }
    if unowned.len() > MAX_PROGRAMS {
        let detail = format!("expected at most {MAX_PROGRAMS} programs that no package owns; the rest is not listed");
        inventory.gap(Gap::new("too-many-files", "", detail));
    }
}

/// What may be a program, and was not found to be anything.
fn candidates<'s>(scan: &Scan<'s>, inventory: &Inventory) -> HashSet<&'s str> {
    let known = inventory.places();
    let entries = scan.listing().entries().iter();
    let likely = entries.filter(|entry| binary::may_be_program(entry));
    let paths = likely.map(|entry| entry.path.as_str());
    paths
        .filter(|path| !known.contains(path) && !may_be_of_others(path))
        .collect()
}

/// Takes out what packages own. Whether any of them says which files it has.
fn take_owned<'s>(scan: &Scan<'s>, left: &mut HashSet<&'s str>) -> bool {
    let mut says_files = false;
    let last = |path: &'s str| path.rsplit('/').next().unwrap_or(path);
    let names: HashSet<&str> = left.iter().copied().map(last).collect();
    let mut claim = |_: &'static str, _: &str, path: &str| {
        says_files = true;
        // Where `/bin` is a link into `/usr`, packages may own what they call `/bin/sh`. Most names are those of no program.
        if !left.remove(path)
            && names.contains(path.rsplit('/').next().unwrap_or(path))
            && scan.listing().at(path).is_none()
            && let Some(entry) = scan.listing().resolve(path)
        {
            left.remove(entry.path.as_str());
        }
    };
    dpkg::claim(scan, &mut claim);
    apk::claim(scan, &mut claim);
    rpm::claim(scan, &mut claim);
    says_files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Memory;
    use crate::{Options, scan};

    /// What there is beside one package of a system: names, and gaps.
    fn found(list: &str, files: &[&str]) -> (Vec<String>, Vec<String>) {
        let status = "Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n\n";
        let mut all: Vec<(&str, &[u8])> = vec![
            ("etc/os-release", b"ID=debian\n"),
            ("var/lib/dpkg/status", status.as_bytes()),
            ("var/lib/dpkg/info/a.list", list.as_bytes()),
        ];
        let program = {
            let mut program = b"\x7fELF\x02\x01\x01".to_vec();
            program.resize(64, 0);
            program
        };
        all.extend(files.iter().map(|path| (*path, program.as_slice())));
        let inventory = scan(&Memory::new(all), &Options::default()).unwrap();
        let listed = inventory.packages().iter();
        let listed = listed.filter(|package| package.kind == ComponentKind::File);
        let names = listed.map(|package| package.name.clone()).collect();
        (names, inventory.gaps().map(Gap::to_string).collect())
    }

    #[test]
    fn a_program_that_no_package_owns_is_listed_by_its_digest() {
        let owned = "/.\n/usr/lib/liba.so\n";
        let (names, gaps) = found(owned, &["usr/lib/liba.so"]);
        assert_eq!((names.len(), gaps.len()), (0, 0), "{gaps:?}");
        let (names, gaps) = found(owned, &["usr/lib/liba.so", "app/server.bin"]);
        assert_eq!(names, ["app/server.bin"]);
        assert_eq!(
            gaps,
            [
                "app/server.bin: no-list: no package owns this program, and nothing tells what it was made of: it is listed by its digest"
            ]
        );
        let (names, gaps) = found(owned, &["app/a.bin", "app/b.bin"]);
        assert_eq!(names, ["app/a.bin", "app/b.bin"]);
        assert_eq!(
            gaps,
            [
                "no-list: no package owns 2 programs, and nothing tells what they were made of: they are listed by their digests"
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_package_owns_what_it_put_through_a_link_of_a_directory_and_not_what_its_own_link_leads_to() {
        use crate::tree::Directory;
        let directory = tempfile::tempdir().unwrap();
        let place = |path: &str| directory.path().join(path);
        for path in ["etc", "usr/lib", "var/lib/dpkg/info", "app"] {
            std::fs::create_dir_all(place(path)).unwrap();
        }
        let status = "Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n\n";
        let program = [&b"\x7fELF\x02\x01\x01"[..], &[0; 57]].concat();
        for (path, bytes) in [
            ("etc/os-release", &b"ID=debian\n"[..]),
            ("var/lib/dpkg/status", status.as_bytes()),
            ("var/lib/dpkg/info/a.list", b"/.\n/lib/liba.so\n/usr/lib/libb.so\n"),
            ("usr/lib/liba.so", &program),
            ("app/libb.so", &program),
        ] {
            std::fs::write(place(path), bytes).unwrap();
        }
        for (target, link) in [("usr/lib", "lib"), ("../../app/libb.so", "usr/lib/libb.so")] {
            std::os::unix::fs::symlink(target, place(link)).unwrap();
        }
        let inventory = scan(&Directory::new(directory.path()).unwrap(), &Options::default()).unwrap();
        let gaps: Vec<(&str, &str)> = inventory.gaps().map(|gap| (gap.code(), gap.place())).collect();
        assert_eq!(gaps, [("no-list", "app/libb.so")]);
    }

    #[test]
    fn nothing_is_said_of_packages_that_do_not_say_which_files_they_have_and_of_what_others_made() {
        assert_eq!(found("", &["app/server.bin"]), (vec![], vec![]));
        let of_others = "usr/local/lib/python3.12/site-packages/b/c.so";
        assert_eq!(found("/.\n", &[of_others]), (vec![], vec![]));
    }
}

//! Files in, the installed packages that say that these are theirs out.
//!
//! Source: PyPA "Recording installed projects", the `RECORD` file.

use std::collections::{BTreeSet, HashMap};

use rayon::prelude::*;

use super::installed::{Form, RECORD, form, of_directory};
use super::{directory, join_directory, normalised};
use crate::scan::Scan;
use crate::tree::Entry;

/// A package of a hundred thousand files has a line of some 100 bytes for each.
const RECORD_LIMIT: u64 = 16 << 20;

/// Normalised name and version of the package that each of some files belongs to. A record that cannot be read owns nothing.
pub(crate) fn owners(scan: &Scan<'_>, files: &BTreeSet<&str>) -> HashMap<String, (String, String)> {
    if files.is_empty() {
        return HashMap::new();
    }
    let is_record = |entry: &&Entry| form(&format!("{}/METADATA", entry.parent())) == Some(Form::DistInfo);
    let records: Vec<&Entry> = scan.named(RECORD).filter(is_record).collect();
    let owned: Vec<Vec<(String, (String, String))>> = records
        .par_iter()
        .map(|record| owned(scan, &record.path, files).unwrap_or_default())
        .collect();
    let mut owners = HashMap::new();
    for (file, package) in owned.into_iter().flatten() {
        owners.entry(file).or_insert(package);
    }
    owners
}

fn owned(scan: &Scan<'_>, record: &str, files: &BTreeSet<&str>) -> Option<Vec<(String, (String, String))>> {
    let (name, version) = of_directory(record, Form::DistInfo)?;
    let package = (normalised(&name), version);
    let text = scan.text(record, RECORD_LIMIT).ok()??;
    let installed = directory(directory(record));
    let named = text.lines().filter_map(|line| line.rsplitn(3, ',').last());
    let paths = named.map(|path| join_directory(installed, path.trim_matches('"')));
    let owned = paths.filter(|path| files.contains(path.as_str()));
    Some(owned.map(|path| (path, package.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;
    use crate::tree::Memory;

    #[test]
    fn a_file_belongs_to_the_package_whose_record_names_it() {
        let site = "v/lib/python3.12/site-packages";
        let records = [
            (
                format!("{site}/A_b-1.0.dist-info/RECORD"),
                "ab/x.so,sha256=x,1\n\"ab/y,z.so\",,\n../../../bin/tool,,\n",
            ),
            (format!("{site}/c-2.dist-info/RECORD"), "ab/x.so,,\nc/x.so\n"),
            (format!("{site}/~d-2.dist-info/RECORD"), "d/x.so,,\n"),
            ("e/RECORD".to_owned(), "x.so,,\n"),
        ];
        let tree = Memory::new(records.iter().map(|(path, text)| (path.as_str(), *text)));
        let paths = ["ab/x.so", "ab/y,z.so", "c/x.so", "d/x.so", "f/x.so"].map(|path| format!("{site}/{path}"));
        let mut files: BTreeSet<&str> = paths.iter().map(String::as_str).collect();
        files.extend(["v/bin/tool", "e/x.so"]);
        let options = Options::default();
        let owners = owners(&Scan::of(&tree, &options), &files);
        let owner = |path: &str| owners.get(path).map(|(name, version)| format!("{name} {version}"));
        let found: Vec<Option<String>> = files.iter().map(|path| owner(path)).collect();
        let [ab, c] = ["a-b 1.0", "c 2"].map(|owner| Some(owner.to_owned()));
        assert_eq!(found, [None, ab.clone(), ab.clone(), ab, c, None, None]);
    }
}

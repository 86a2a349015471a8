//! `Chart.yaml`, an index and the package of a chart: read without a panic, and whatever is accepted is read back as the same
//! when it is written, stamped or not.
#![no_main]

use std::io::Cursor;

use attest_archive::chart::{ArchivedChart, Index, Metadata, Stamp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(metadata) = Metadata::parse_foreign(data) {
        let written = metadata.to_yaml();
        let again = Metadata::parse_foreign(written.as_bytes()).expect("what is written is read");
        assert_eq!(again.to_yaml(), written);
        stamp(data, &metadata);
    }
    if let Ok(index) = Index::parse(data) {
        let date = "0".parse().expect("a date");
        let again = Index::parse(index.to_yaml(date).as_bytes());
        assert_eq!(again.expect("what is written is read"), index);
    }
    if let Ok(package) = ArchivedChart::read(Cursor::new(data)) {
        let _ = package.metadata();
    }
});

fn stamp(data: &[u8], before: &Metadata) {
    let stamp = Stamp {
        version: Some("1.2.3-rc.1+b".parse().expect("a version")),
        app_version: Some("1.10".to_owned()),
    };
    let Ok(stamped) = stamp.apply(data) else { return };
    let after = Metadata::parse(&stamped).expect("what is stamped is read");
    assert_eq!(after.version().as_str(), "1.2.3-rc.1+b");
    assert_eq!(after.app_version(), Some("1.10"));
    assert_eq!(after.name(), before.name());
    assert_eq!(after.dependencies(), before.dependencies());
}

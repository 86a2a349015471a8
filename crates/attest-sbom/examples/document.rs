//! Lists what is in a directory or a file, or what of it is shipped:
//! `cargo run -p attest-sbom --example document -- PATH [TARGET] > bom.json`.
#![expect(clippy::print_stderr, reason = "it is a program")]

use std::error::Error;
use std::io::Write;
use std::path::Path;

use attest_sbom::tree::{Directory, Tree};
use attest_sbom::{Metadata, Options, Root, scan};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("expected a path")?;
    let path = Path::new(&path);
    let tree: Box<dyn Tree> = match path.is_dir() {
        true => Box::new(Directory::new(path)?),
        false => Box::new(Directory::of_file(path, &Options::default())?),
    };
    let mut options = Options::default();
    options.shipped = std::env::args().nth(2);
    let inventory = scan(&*tree, &options)?;
    for gap in inventory.gaps() {
        eprintln!("{gap}");
    }
    let metadata = Metadata {
        timestamp: Some("0".parse()?),
        ..Metadata::default()
    };
    let bom = inventory.document(&Root::default(), &metadata)?;
    Ok(std::io::stdout().write_all(&bom.to_json())?)
}

//! Lists what is in every image of a layout or an archive: `cargo run -p attest-sbom --example images -- PATH DIRECTORY`.
#![expect(clippy::print_stderr, reason = "it is a program")]

use std::error::Error;
use std::path::Path;

use attest_sbom::tree::{Archive, Directory, Tree};
use attest_sbom::{Metadata, Options, Root, oci};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(path), Some(out)) = (arguments.next(), arguments.next()) else {
        return Err("expected a path and a directory".into());
    };
    let (path, out) = (Path::new(&path), Path::new(&out));
    let (options, scratch) = (Options::default(), out);
    let tree: Box<dyn Tree> = match path.is_dir() {
        true => Box::new(Directory::new(path)?),
        false => Box::new(Archive::open(path, &options, scratch)?.ok_or("expected an archive")?),
    };
    let images = oci::images(&*tree);
    let metadata = Metadata {
        timestamp: Some("0".parse()?),
        ..Metadata::default()
    };
    let mut documents = Vec::new();
    for image in &images.platforms {
        let inventory = image.scan(&*tree, &options, scratch);
        inventory.gaps().for_each(|gap| eprintln!("{gap}"));
        let bom = inventory.document(&Root::default(), &metadata)?;
        let name = format!("{}.cdx.json", image.platform().replace('/', "-"));
        std::fs::write(out.join(name), bom.to_json())?;
        documents.push((image, bom));
    }
    images.gaps.iter().for_each(|gap| eprintln!("{gap}"));
    let links: Vec<_> = documents.iter().map(|(image, bom)| (*image, bom)).collect();
    let index = oci::index(&images, &links, &Root::default(), &metadata);
    std::fs::write(out.join("index.cdx.json"), index.to_json())?;
    Ok(())
}

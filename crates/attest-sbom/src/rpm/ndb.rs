//! `Packages.db`: slots that say where headers lie. Source: rpm, `lib/backend/ndb/rpmpkg.c`.

use super::blobs::{Problem, Source, Visit, little};

const MAGIC: &[u8] = b"RpmP";
const VERSION: u32 = 0;
const SLOT: usize = 16;
const SLOT_MAGIC: &[u8] = b"Slot";
/// The file begins with as many bytes as two slots take.
const FIRST_SLOT: usize = 2;
const PAGE: usize = 4096;
/// The unit in which a slot says where its header lies.
const BLOCK: u64 = 16;
const HEAD: usize = 16;
const HEAD_MAGIC: &[u8] = b"BlbS";

pub(super) fn is_ndb(head: &[u8]) -> bool {
    head.starts_with(MAGIC) && little(head, 4) == Some(VERSION)
}

pub(super) fn visit(source: &mut Source<'_>, each: &mut Visit<'_>) -> Result<(), Problem> {
    let head = source.piece(0, FIRST_SLOT * SLOT)?;
    if !is_ndb(&head) {
        let what = "another beginning";
        return Err(Problem::Broken { what, offset: 0 });
    }
    let pages = little(&head, 12).unwrap_or(0);
    for page in 0..u64::from(pages) {
        let bytes = source.piece(page * PAGE as u64, PAGE)?;
        let skipped = if page == 0 { FIRST_SLOT } else { 0 };
        for slot in bytes.chunks_exact(SLOT).skip(skipped) {
            if !slot.starts_with(SLOT_MAGIC) {
                let (what, offset) = ("a slot that is none", page * PAGE as u64);
                return Err(Problem::Broken { what, offset });
            }
            if let Some((package, block)) = used(slot) {
                each(&blob(source, package, u64::from(block) * BLOCK)?);
            }
        }
    }
    Ok(())
}

/// Number and place of the package in a slot that is in use.
fn used(slot: &[u8]) -> Option<(u32, u32)> {
    let (package, block) = (little(slot, 4)?, little(slot, 8)?);
    (block != 0).then_some((package, block))
}

fn blob(source: &mut Source<'_>, package: u32, offset: u64) -> Result<Vec<u8>, Problem> {
    let head = source.piece(offset, HEAD)?;
    if !head.starts_with(HEAD_MAGIC) || little(&head, 4) != Some(package) {
        let what = "no header where a slot says so";
        return Err(Problem::Broken { what, offset });
    }
    let length = little(&head, 12).unwrap_or(0);
    source.allow(u64::from(length))?;
    source.piece(offset + HEAD as u64, length as usize)
}

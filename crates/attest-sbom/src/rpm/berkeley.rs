//! `Packages` of Berkeley DB: a table of hashes whose values lie on pages of their own.
//!
//! Source: Berkeley DB 5.3, `src/dbinc/db_page.h`.

use super::blobs::{Problem, Source, Visit, big, little};

const MAGIC: u32 = 0x0006_1561;
/// Where it stands.
const MAGIC_AT: usize = 12;
const META: usize = 72;
const PAGE_HEADER: usize = 26;
/// The types of pages that hold keys and values.
const HASH: [u8; 2] = [2, 13];
const OVERFLOW: u8 = 7;
/// The types of items: one on its page, one on pages of its own.
const ON_PAGE: u8 = 1;
const OFF_PAGE: u8 = 3;

/// In which order the bytes of a number stand, which is that of the machine that wrote it.
#[derive(Clone, Copy)]
struct Order(fn(&[u8], usize) -> Option<u32>);

impl Order {
    fn of(head: &[u8]) -> Option<Self> {
        let orders = [Self(little), Self(big)];
        orders
            .into_iter()
            .find(|order| order.word(head, MAGIC_AT) == Some(MAGIC))
    }

    fn word(self, bytes: &[u8], at: usize) -> Option<u32> {
        (self.0)(bytes, at)
    }

    fn half(self, bytes: &[u8], at: usize) -> Option<u16> {
        let bytes: [u8; 2] = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(match (self.0)(&[1, 0, 0, 0], 0) {
            Some(1) => u16::from_le_bytes(bytes),
            _ => u16::from_be_bytes(bytes),
        })
    }
}

pub(super) fn is_hash(head: &[u8]) -> bool {
    Order::of(head).is_some()
}

struct Database<'a, 'b> {
    source: &'a mut Source<'b>,
    order: Order,
    page: usize,
    last: u32,
}

pub(super) fn visit(source: &mut Source<'_>, each: &mut Visit<'_>) -> Result<(), Problem> {
    let head = source.piece(0, META)?;
    let broken = |what| Problem::Broken { what, offset: 0 };
    let order = Order::of(&head).ok_or_else(|| broken("another beginning"))?;
    let page = order.word(&head, 20).unwrap_or(0);
    if !(512..=65536).contains(&page) || !page.is_power_of_two() {
        return Err(broken("a size of pages that is none"));
    }
    let page = page as usize;
    let last = order.word(&head, 32).unwrap_or(0);
    let mut database = Database {
        source,
        order,
        page,
        last,
    };
    for number in 1..=last {
        let bytes = database.page(number)?;
        if HASH.contains(&bytes[25]) {
            database.values(number, &bytes, each)?;
        }
    }
    Ok(())
}

impl Database<'_, '_> {
    fn page(&mut self, number: u32) -> Result<Vec<u8>, Problem> {
        self.source.piece(u64::from(number) * self.page as u64, self.page)
    }

    fn broken(&self, what: &'static str, page: u32) -> Problem {
        let offset = u64::from(page) * self.page as u64;
        Problem::Broken { what, offset }
    }

    /// Keys and values stand in turns, from the end of the page; only the values are packages.
    fn values(&mut self, number: u32, page: &[u8], each: &mut Visit<'_>) -> Result<(), Problem> {
        let count = usize::from(self.order.half(page, 20).unwrap_or(0));
        let place = |item: usize| self.order.half(page, PAGE_HEADER + 2 * item).map(usize::from);
        let places: Option<Vec<usize>> = (0..count).map(place).collect();
        let places = places.ok_or_else(|| self.broken("more items than a page has room for", number))?;
        for item in (1..count).step_by(2) {
            let bytes = page.get(places[item]..places[item - 1]);
            let key = page.get(places[item - 1]..item.checked_sub(2).map_or(self.page, |before| places[before]));
            let (Some(bytes), Some(key)) = (bytes, key) else {
                return Err(self.broken("an item behind the end of its page", number));
            };
            // The number of the last package is kept under the number 0.
            if key.iter().skip(1).all(|byte| *byte == 0) {
                continue;
            }
            match bytes.first() {
                Some(&ON_PAGE) => each(&bytes[1..]),
                Some(&OFF_PAGE) => each(&self.overflow(number, bytes)?),
                _ => return Err(self.broken("an item of an unknown type", number)),
            }
        }
        Ok(())
    }

    fn overflow(&mut self, number: u32, item: &[u8]) -> Result<Vec<u8>, Problem> {
        let (Some(mut next), Some(length)) = (self.order.word(item, 4), self.order.word(item, 8)) else {
            return Err(self.broken("an item that is cut off", number));
        };
        self.source.allow(u64::from(length))?;
        let length = length as usize;
        let mut bytes = Vec::new();
        while bytes.len() < length {
            if next == 0 || next > self.last {
                return Err(self.broken("a header that ends early", number));
            }
            let page = self.page(next)?;
            let used = usize::from(self.order.half(&page, 22).unwrap_or(0));
            let data = page
                .get(PAGE_HEADER..PAGE_HEADER + used)
                .filter(|data| !data.is_empty() && page[25] == OVERFLOW);
            let data = data.ok_or_else(|| self.broken("another page where a header goes on", next))?;
            bytes.extend_from_slice(&data[..data.len().min(length - bytes.len())]);
            next = self.order.word(&page, 16).unwrap_or(0);
        }
        Ok(bytes)
    }
}

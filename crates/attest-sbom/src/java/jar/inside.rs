//! The bytes of a jar in, everything in it that says what it is out. Nothing is unpacked to anywhere.

use std::io::{Cursor, SeekFrom};

use attest_archive::read::{Limits, ReadError, ZipListed, list_zip};
use attest_digest::{Algorithm, Algorithms, Measured, measure_reader};

use super::package::{Found, Package, directory};
use super::{Coordinates, Gap, Manifest, POM_LIMIT, about, damaged, is_archive, listing};
use crate::cyclonedx::LicenceChoice;
use crate::licence;
use crate::tree::Content;

/// A jar, and the jars in it.
#[derive(Debug)]
pub(super) struct Jar {
    /// Where it lies; `!/` stands between a jar and what is in it.
    pub(super) place: String,
    pub(super) sha256: String,
    pub(super) manifest: Manifest,
    /// The packages that Maven left its files of, in the order of their directories.
    pub(super) packages: Vec<Package>,
    /// What the licence files in it say.
    pub(super) texts: Option<LicenceChoice>,
    /// What its files say of the licences of packages that it was built with.
    pub(super) listed: Vec<(Coordinates, Vec<LicenceChoice>)>,
    /// What the packages of all its classes have in common, such as `org.example.app`, or `org` alone.
    pub(super) name_space: Option<String>,
    pub(super) inner: Vec<Jar>,
    pub(super) gaps: Vec<Gap>,
}

/// The largest manifests, with a digest of each class, take a few megabytes.
const MANIFEST_LIMIT: u64 = 16 << 20;

/// The longest licence texts repeat the licence of everything that a product contains.
const TEXT_LIMIT: u64 = 1 << 20;

/// A web application in an enterprise application holds jars that may hold jars: four.
const MAX_DEPTH: usize = 6;

/// The central directory of the largest jars, with 50,000 classes, takes 5 MB; it is held in memory.
const DIRECTORY_LIMIT: u64 = 16 << 20;

/// The longest path that systems take; names in archives may be longer.
const NAME_LIMIT: usize = 4096;

/// A jar with more licence files than this lists those of everything that it contains.
const MAX_TEXTS: usize = 16;

/// How much of one file of the tree is looked at, with everything in it.
pub(super) struct Allowance {
    /// Bytes that come out of compressed jars: ten times those of the largest applications.
    inflated: u64,
    /// Bytes of manifests and licences: those of a thousand packages take 20 MB.
    read: u64,
    /// Bytes held in memory at a time: a compressed jar in a jar must be, to be read at any place. The largest that are
    /// published, with programs of several systems in them, take 100 MB.
    held: u64,
    /// The largest applications have some hundreds.
    jars: usize,
    depth: usize,
}

impl Default for Allowance {
    fn default() -> Self {
        Self {
            inflated: 4 << 30,
            read: 64 << 20,
            held: 128 << 20,
            jars: 5_000,
            depth: MAX_DEPTH,
        }
    }
}

/// Looks into a jar.
pub(super) fn look(mut content: &mut dyn Content, place: &str, allowance: &mut Allowance) -> Result<Jar, Gap> {
    let mut wanted = Wanted::default();
    let mut limits = Limits::default();
    limits.names = DIRECTORY_LIMIT;
    let members = list_zip(&mut content, &limits, |name| wanted.sees(name)).map_err(|error| gap(place, &error))?;
    let mut jar = Jar {
        place: place.to_owned(),
        sha256: sha256(content).map_err(|error| Gap::new("unreadable", place, error.to_string()))?,
        manifest: Manifest::default(),
        packages: Vec::new(),
        texts: None,
        listed: Vec::new(),
        name_space: wanted.name_space(),
        inner: Vec::new(),
        gaps: Vec::new(),
    };
    let mut files = Files::default();
    for member in members.iter().filter(|member| !member.is_directory()) {
        if !is_archive(&member.name) {
            files.take(&mut jar, content, member, allowance);
            continue;
        }
        if let Some(gap) = jar.beyond(member, allowance) {
            jar.gaps.push(gap);
            break;
        }
        jar.look_into(content, member, allowance);
    }
    files.finish(&mut jar);
    Ok(jar)
}

fn sha256(content: &mut dyn Content) -> std::io::Result<String> {
    content.seek(SeekFrom::Start(0))?;
    let measured = measure_reader(content, &Algorithms::one(Algorithm::Sha256))?;
    Ok(hex(&measured))
}

fn hex(measured: &Measured) -> String {
    let digest = measured.digest(Algorithm::Sha256).expect("this is what was asked for");
    digest.to_hex()
}

fn gap(place: &str, error: &ReadError) -> Gap {
    match error {
        ReadError::MemberTooLarge { .. } | ReadError::HeaderTooLarge { .. } | ReadError::TooManyMembers { .. } => {
            Gap::new("too-large", place, error.to_string())
        }
        ReadError::Io { source } => Gap::new("unreadable", place, source.to_string()),
        error => damaged(place, error),
    }
}

impl Jar {
    /// Why jars in this one are not looked into any more.
    fn beyond(&self, member: &ZipListed, allowance: &Allowance) -> Option<Gap> {
        if member.name.len() > NAME_LIMIT {
            let detail = format!(
                "expected names of at most {NAME_LIMIT} bytes, found {}",
                member.name.len()
            );
            return Some(Gap::new("too-large", &self.place, detail));
        }
        if allowance.depth == 0 {
            let detail = format!("expected at most {MAX_DEPTH} jars in each other");
            return Some(Gap::new(
                "too-deep",
                &format!("{}!/{}", self.place, member.name),
                detail,
            ));
        }
        let most = Allowance::default().jars;
        (allowance.jars == 0).then(|| {
            Gap::new(
                "too-large",
                &self.place,
                format!("expected at most {most} jars in all in one file"),
            )
        })
    }

    /// A jar in this one: where it is only stored, it is read in its place, and not copied.
    fn look_into(&mut self, mut content: &mut dyn Content, member: &ZipListed, allowance: &mut Allowance) {
        let place = format!("{}!/{}", self.place, member.name);
        allowance.depth -= 1;
        allowance.jars -= 1;
        let looked = match member.window(&mut content) {
            Ok(Some(mut window)) => look(&mut window, &place, allowance),
            Ok(None) => look_copied(content, member, &place, allowance),
            Err(error) => Err(gap(&place, &error)),
        };
        allowance.depth += 1;
        match looked {
            Ok(jar) => self.inner.push(jar),
            Err(gap) => self.gaps.push(gap),
        }
    }
}

fn look_copied(
    mut content: &mut dyn Content,
    member: &ZipListed,
    place: &str,
    allowance: &mut Allowance,
) -> Result<Jar, Gap> {
    let limit = allowance.held.min(allowance.inflated);
    let bytes = member.bytes(&mut content, limit).map_err(|error| gap(place, &error))?;
    let size = bytes.len() as u64;
    allowance.inflated -= size;
    allowance.held -= size;
    let looked = look(&mut Cursor::new(bytes), place, allowance);
    allowance.held += size;
    looked
}

/// Which members are worth reading.
#[derive(Default)]
struct Wanted {
    /// The beginning that the paths of all classes share.
    classes: Option<String>,
}

/// Where classes lie that are no classes of the jar's own name space.
const CLASSES: [&str; 2] = ["WEB-INF/classes/", "BOOT-INF/classes/"];

impl Wanted {
    fn sees(&mut self, name: &str) -> bool {
        if let Some(class) = name.strip_suffix(".class") {
            self.class(class);
            return false;
        }
        what(name).is_some()
    }

    fn class(&mut self, path: &str) {
        let below = CLASSES
            .iter()
            .find_map(|above| path.strip_prefix(above))
            .unwrap_or(path);
        let Some((package, _)) = below.rsplit_once('/').filter(|_| !below.starts_with("META-INF/")) else {
            return;
        };
        match &mut self.classes {
            None => self.classes = Some(package.to_owned()),
            Some(common) => common.truncate(shared(common, package)),
        }
    }

    /// As Java writes it.
    fn name_space(self) -> Option<String> {
        let common = self.classes?.replace('/', ".");
        (!common.is_empty()).then_some(common)
    }
}

/// How many bytes two paths share, in whole parts.
fn shared(common: &str, path: &str) -> usize {
    let mut length = 0;
    for (part, other) in common.split('/').zip(path.split('/')) {
        if part != other {
            break;
        }
        length += part.len() + usize::from(length > 0);
    }
    length
}

/// What a member is good for.
enum What {
    Archive,
    Manifest,
    Package,
    Licence,
    /// What plug-ins of Eclipse say of themselves.
    About,
    /// A list of the packages that the jar was built with.
    List,
}

fn what(name: &str) -> Option<What> {
    if is_archive(name) {
        return Some(What::Archive);
    }
    if name.eq_ignore_ascii_case("META-INF/MANIFEST.MF") {
        return Some(What::Manifest);
    }
    if directory(name).is_some() {
        return Some(What::Package);
    }
    if listing::is_list(name) {
        return Some(What::List);
    }
    let file = name.strip_prefix("META-INF/").unwrap_or(name);
    if file == about::NAME {
        return Some(What::About);
    }
    (!file.contains('/') && licence::is_licence_file(file)).then_some(What::Licence)
}

/// The files of one jar, as they are read.
#[derive(Default)]
struct Files {
    packages: Found,
    texts: Vec<String>,
    about: Option<LicenceChoice>,
}

impl Files {
    fn take(&mut self, jar: &mut Jar, mut content: &mut dyn Content, member: &ZipListed, allowance: &mut Allowance) {
        let Some(what) = what(&member.name) else {
            return;
        };
        if matches!(what, What::Licence) && self.texts.len() == MAX_TEXTS {
            return;
        }
        let limit = match what {
            What::Manifest => MANIFEST_LIMIT,
            What::Licence | What::About | What::List => TEXT_LIMIT,
            What::Package | What::Archive => POM_LIMIT,
        };
        let place = || format!("{}!/{}", jar.place, member.name);
        let bytes = match member.bytes(&mut content, limit.min(allowance.read)) {
            Ok(bytes) => bytes,
            Err(error) => {
                let gap = gap(&place(), &error);
                jar.gaps.push(gap);
                return;
            }
        };
        allowance.read -= bytes.len() as u64;
        match (what, directory(&member.name)) {
            (What::Manifest, _) => jar.manifest = Manifest::parse(&bytes),
            (What::Licence, _) => self.texts.push(super::xml::text(&bytes)),
            (What::About, _) => self.about = about::licence(&super::xml::text(&bytes)),
            (What::List, _) => jar.listed.extend(listing::parse(&super::xml::text(&bytes))),
            (_, Some(directory)) => {
                let above = format!("{}!/{directory}", jar.place);
                self.packages.add(&above, &place(), &bytes);
            }
            _ => {}
        }
    }

    fn finish(self, jar: &mut Jar) {
        let (packages, gaps) = self.packages.finish();
        jar.packages = packages.into_iter().map(|(_, package)| package).collect();
        jar.gaps.extend(gaps);
        jar.texts = licence::of_texts(self.texts.iter().map(String::as_str)).or(self.about);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::java::jar::tests::jar;

    #[test]
    fn what_all_classes_share_is_the_name_space() {
        let name_space = |names: &[&str]| {
            let mut wanted = Wanted::default();
            for name in names {
                wanted.sees(name);
            }
            wanted.name_space()
        };
        let found = name_space(&["org/example/a/A.class", "org/example/b/B.class", "module-info.class"]);
        assert_eq!(found.as_deref(), Some("org.example"));
        assert_eq!(name_space(&["org/example/A.class", "com/example/B.class"]), None);
        assert_eq!(
            name_space(&["org/example/A.class", "org/examples/B.class"]).as_deref(),
            Some("org")
        );
        assert_eq!(
            name_space(&["META-INF/versions/9/org/A.class", "BOOT-INF/classes/com/x/A.class"]).as_deref(),
            Some("com.x")
        );
    }

    fn gaps(bytes: Vec<u8>, mut allowance: Allowance) -> Vec<String> {
        fn all(jar: Jar, gaps: &mut Vec<String>) {
            gaps.extend(jar.gaps.iter().map(|gap| format!("{} {}", gap.code(), gap.place())));
            for inner in jar.inner {
                all(inner, gaps);
            }
        }
        let mut gaps = Vec::new();
        all(
            look(&mut Cursor::new(bytes), "a.jar", &mut allowance).unwrap(),
            &mut gaps,
        );
        gaps
    }

    #[test]
    fn one_file_may_ask_only_for_so_much() {
        let inner = jar(&[("META-INF/MANIFEST.MF", "Bundle-Version: 1\n".repeat(100))]);
        let outer = jar(&[("b.jar", &inner), ("c.jar", &inner)]);
        let of = |change: fn(&mut Allowance)| {
            let mut allowance = Allowance::default();
            change(&mut allowance);
            gaps(outer.clone(), allowance)
        };
        assert_eq!(of(|_| {}), [""; 0]);
        assert_eq!(of(|allowance| allowance.jars = 1), ["too-large a.jar"]);
        assert_eq!(
            of(|allowance| allowance.held = 10),
            ["too-large a.jar!/b.jar", "too-large a.jar!/c.jar"]
        );
        assert_eq!(of(|allowance| allowance.depth = 0), ["too-deep a.jar!/b.jar"]);
        assert_eq!(
            of(|allowance| allowance.read = 2000),
            ["too-large a.jar!/c.jar!/META-INF/MANIFEST.MF"]
        );
    }
}

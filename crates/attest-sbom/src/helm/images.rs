//! Values and templates of a chart in, the images that they name out.

use std::collections::{BTreeMap, BTreeSet};

use attest_archive::yaml::{Node, NodeContent};

use super::image::Image;
use super::node::{child, entries, items, text};

/// The most images of one chart: the largest have some hundred.
const MAX_IMAGES: usize = 10_000;

/// What `values.yaml` names.
#[derive(Debug, Default)]
pub(super) struct Values {
    pub(super) images: Vec<Image>,
    /// The keys that lead to each mapping or text that names an image, such as `metrics.image`.
    pub(super) paths: BTreeSet<String>,
    /// Images that have neither tag nor digest, by their keys.
    pub(super) untagged: BTreeMap<String, Image>,
    /// The keys of what is shaped like an image and does not name one.
    pub(super) unread: BTreeSet<String>,
}

impl Values {
    /// Looks for images wherever they stand.
    ///
    /// An image is a mapping with `repository` and what else belongs to one, or a text at a key that ends in `image`,
    /// perhaps with a tag beside it.
    pub(super) fn read(root: &Node) -> Self {
        let global = child(root, "global").and_then(|global| text(global, "imageRegistry"));
        let mut values = Self::default();
        // Readers of YAML have limited how deep it is.
        let mut left = vec![(String::new(), String::new(), root)];
        while let Some((path, key, node)) = left.pop() {
            if values.images.len() >= MAX_IMAGES {
                break;
            }
            values.add_mapping(&path, of_mapping(&key, node, global));
            values.add_pairs(&path, node);
            for (name, value) in entries(node) {
                let below = joined(&path, name);
                match &value.content {
                    NodeContent::Map(_) | NodeContent::List(_) => left.push((below, name.to_owned(), value)),
                    NodeContent::Plain(written) | NodeContent::Quoted(written) => {
                        values.add_text(below, of_text(name, written, node));
                    }
                }
            }
            for item in items(node) {
                if let (true, Some(image)) = (is_image_key(&key), item.text().and_then(of_item)) {
                    values.images.push(image);
                }
                left.push((path.clone(), String::new(), item));
            }
        }
        values
    }

    fn add_text(&mut self, path: String, found: Option<Image>) {
        if let Some(image) = found {
            self.images.push(image);
            self.paths.insert(path);
        }
    }

    /// What a mapping names, or looks as if it did.
    fn add_mapping(&mut self, path: &str, found: Option<Option<Image>>) {
        match found {
            Some(Some(image)) => {
                if !image.is_named_exactly() {
                    self.untagged.insert(path.to_owned(), image.clone());
                }
                self.images.push(image);
                self.paths.insert(path.to_owned());
            }
            Some(None) => drop(self.unread.insert(path.to_owned())),
            None => {}
        }
    }

    /// Images whose repository and tag stand at two keys of one mapping: `imageRepository` and `imageTag`.
    fn add_pairs(&mut self, path: &str, node: &Node) {
        for (name, _) in entries(node) {
            let Some((pair, repository)) = Pair::of(name, node) else {
                continue;
            };
            let keys = [Some(name.to_owned())].into_iter().chain(pair.keys.map(Some)).flatten();
            match Image::new(pair.registry, repository, pair.tag, pair.digest) {
                Some(image) => {
                    self.images.push(image);
                    self.paths.extend(keys.map(|key| joined(path, &key)));
                }
                None => drop(self.unread.insert(joined(path, name))),
            }
        }
    }
}

/// What stands beside the key of a repository.
struct Pair<'n> {
    keys: [String; 3],
    registry: Option<&'n str>,
    tag: Option<&'n str>,
    digest: Option<&'n str>,
}

impl<'n> Pair<'n> {
    /// Nothing for repositories of sources and charts, which have tags, too.
    fn of(name: &str, node: &'n Node) -> Option<(Self, &'n str)> {
        let suffixes = [
            ("Repository", ["Registry", "Tag", "Digest"]),
            ("Repo", ["Registry", "Tag", "Digest"]),
            ("_repository", ["_registry", "_tag", "_digest"]),
            ("_repo", ["_registry", "_tag", "_digest"]),
        ];
        let (begin, others) = suffixes.iter().find_map(|(suffix, others)| {
            let begin = name.strip_suffix(suffix).filter(|begin| !begin.is_empty())?;
            Some((begin, others))
        })?;
        let keys = others.map(|other| format!("{begin}{other}"));
        let [registry, tag, digest] = [0, 1, 2].map(|place: usize| text(node, &keys[place]));
        let repository = text(node, name)?;
        let is_pair = is_image_key(begin) || tag.is_some() || digest.is_some();
        let lower = begin.to_ascii_lowercase();
        let is_of_sources =
            repository.contains("://") || ["git", "chart", "helm"].iter().any(|word| lower.contains(word));
        let pair = Self {
            keys,
            registry,
            tag,
            digest,
        };
        (is_pair && (is_image_key(begin) || !is_of_sources)).then_some((pair, repository))
    }
}

/// The keys that lead to a value; nothing that anything is compared with if they are too long.
fn joined(path: &str, name: &str) -> String {
    match path {
        _ if path.len() + name.len() > MAX_PATH => String::new(),
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

/// Templates write each of these out; the longest have some dozens of characters.
const MAX_PATH: usize = 512;

/// Whether a key by its name leads to an image or a list of them.
fn is_image_key(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    lower.ends_with("image") || lower.ends_with("images")
}

fn of_item(text: &str) -> Option<Image> {
    Image::parse(text).filter(Image::is_named_exactly)
}

/// Nothing if it is not shaped like an image; nothing inside if it is, and names none.
fn of_mapping(key: &str, node: &Node, global: Option<&str>) -> Option<Option<Image>> {
    let mut digest = text(node, "digest").or_else(|| text(node, "sha")).map(str::to_owned);
    if let Some(bare) = digest.as_mut().filter(|digest| !digest.contains(':')) {
        // Some charts write only the number.
        *bare = format!("sha256:{bare}");
    }
    let marks = ["tag", "digest", "sha", "registry", "pullPolicy", "imagePullPolicy"];
    let is_marked = marks.iter().any(|mark| child(node, mark).is_some());
    let repository = match text(node, "repository").or_else(|| text(node, "repo")) {
        // Sources have addresses, and tags.
        Some(address) if address.contains("://") && !is_image_key(key) => return None,
        Some(repository) if is_marked || is_image_key(key) => repository,
        Some(_) => return None,
        // Fewer charts call it its name.
        None => text(node, "name").filter(|_| is_image_key(key) && child(node, "tag").is_some())?,
    };
    let registry = text(node, "registry");
    let registry = match global {
        // It replaces what each image says, as the charts do that have it.
        Some(global) if registry.is_some() => Some(global),
        _ => registry,
    };
    if registry.is_none() && text(node, "tag").is_none() && digest.is_none() {
        return Some(Image::parse(repository));
    }
    Some(Image::new(registry, repository, text(node, "tag"), digest.as_deref()))
}

/// A text at a key such as `image` or `initImage`; its tag may stand beside it.
fn of_text(key: &str, written: &str, beside: &Node) -> Option<Image> {
    let lower = key.to_ascii_lowercase();
    if !lower.ends_with("image") {
        return None;
    }
    let image = Image::parse(written.trim())?;
    if image.is_named_exactly() {
        return Some(image);
    }
    let tags = [format!("{key}Tag"), format!("{key}Version"), "tag".to_owned()];
    let tag = tags.iter().find_map(|tag| text(beside, tag));
    // A word without a tag may be anything.
    let is_path = image.repository().contains('/');
    match tag {
        Some(tag) => Image::new(None, image.repository(), Some(tag), None),
        None => Some(image).filter(|_| is_path),
    }
}

/// What a template says of images.
#[derive(Debug, Default)]
pub(super) struct Template {
    /// Written out.
    pub(super) images: Vec<Image>,
    /// Put together from something that is not among the known values.
    pub(super) unknown: usize,
}

/// The longest line of a template that is looked into: what names an image takes some hundred bytes.
pub(super) const LINE_LIMIT: usize = 4 << 10;

impl Template {
    /// Looks at the lines `image: …` and `{ image: … }`. `known` are the keys of values that name images.
    pub(super) fn read(template: &str, known: &BTreeSet<String>) -> Self {
        let mut found = Self::default();
        for line in template.lines() {
            if line.len() > LINE_LIMIT {
                found.unknown += usize::from(["image:", "image\":"].iter().any(|key| line.contains(key)));
                continue;
            }
            let line = line.trim_start().trim_start_matches("- ").trim_start();
            match line.strip_prefix("image:") {
                Some(written) => found.take(written.split(" #").next().unwrap_or_default(), known),
                None => in_flow(line).for_each(|written| found.take(written, known)),
            }
        }
        found
    }

    fn take(&mut self, written: &str, known: &BTreeSet<String>) {
        let written = written.trim();
        let plain = written.trim_matches(['"', '\'']);
        if written.contains("{{") {
            self.unknown += usize::from(!is_known(written, known));
        } else if let Some(image) = Image::parse(plain) {
            self.images.push(image);
        } else if plain.contains(['/', ':']) && !plain.contains(char::is_whitespace) {
            // It is written like the name of an image; a text in words is none.
            self.unknown += 1;
        }
    }
}

/// What stands at the keys `image` of mappings on one line, such as `{ name: a, image: "b/c:1" }`.
fn in_flow(line: &str) -> impl Iterator<Item = &str> {
    let is_comment = line.starts_with('#');
    let keys = line.match_indices("image").filter(move |_| !is_comment);
    keys.filter_map(|(at, key)| {
        let (before, after) = (&line[..at], &line[at + key.len()..]);
        let (before, after, is_quoted) = match after.strip_prefix(['"', '\'']) {
            Some(after) => (before.strip_suffix(['"', '\''])?, after, true),
            None => (before, after, false),
        };
        let begins = before.trim_end().ends_with(['{', ',']) && !before.trim_end().ends_with("{{");
        let is_inside = before.replace("{{", "").contains('{');
        let value = after.trim_start().strip_prefix(':')?;
        let is_key = is_quoted || value.starts_with(char::is_whitespace);
        let value = value.trim_start();
        (begins && is_inside && is_key).then(|| &value[..end_of_value(value)])
    })
}

/// Where a value ends in a mapping on one line.
fn end_of_value(value: &str) -> usize {
    if let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        return value[1..].find(quote).map_or(value.len(), |end| end + 2);
    }
    let mut offset = 0;
    while let Some(found) = value[offset..].find(['{', '}', ',']) {
        let at = offset + found;
        if !value[at..].starts_with("{{") {
            return at;
        }
        // What a template puts in is part of the value.
        offset = value[at..].find("}}").map_or(value.len(), |end| at + end + 2);
    }
    value.len()
}

/// Whether a template takes an image from values that were read.
fn is_known(written: &str, known: &BTreeSet<String>) -> bool {
    let uses = written.match_indices(".Values.").map(|(at, prefix)| {
        let path = &written[at + prefix.len()..];
        let end = path
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_')))
            .unwrap_or(path.len());
        &path[..end]
    });
    let mut uses = uses.peekable();
    let is_of = |path: &str| {
        let ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]);
        ends.map(|end| &path[..end]).any(|beginning| known.contains(beginning))
    };
    uses.peek().is_some() && uses.all(is_of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::helm::node::parse;

    #[test]
    fn a_line_beyond_all_measure_is_not_looked_into() {
        let values = ".Values.a".repeat(LINE_LIMIT / 9);
        let known = BTreeSet::from(["a".to_owned()]);
        for (line, images, unknown) in [
            (format!("image: {{{{ {values} }}}}"), 0, 1),
            (format!("{{ image: a/b:1, x: {values} }}"), 0, 1),
            (values, 0, 0),
            ("image: a/b:1".to_owned(), 1, 0),
        ] {
            let template = Template::read(&line, &known);
            assert_eq!(
                (template.images.len(), template.unknown),
                (images, unknown),
                "{line:.20}"
            );
        }
    }

    fn images(text: &str) -> Vec<String> {
        let node = parse(text.as_bytes()).unwrap().unwrap();
        let shown = Values::read(&node).images.into_iter().map(|image| {
            let component = image.component();
            format!("{}:{}", component.name, component.version.unwrap_or_default())
        });
        let mut shown: Vec<String> = shown.collect();
        shown.sort();
        shown
    }

    #[test]
    fn images_are_found_in_every_form() {
        let values = "image:\n  registry: docker.io\n  repository: a/b\n  tag: 1.0\n  digest: ''\nsidecar:\n  image: ghcr.io/c/d:v2\n\
            initImage: e/f\ninitImageTag: '3'\nplain:\n  image: g\n  tag: 4\nlist:\n- image: h/i:5\nimages:\n- j:6\n\
            named:\n  image:\n    name: k/l\n    tag: 7\nuntagged:\n  repository: m/n\n  pullPolicy: Always\n";
        assert_eq!(
            images(values),
            [
                "docker.io/a/b:1.0",
                "e/f:3",
                "g:4",
                "ghcr.io/c/d:v2",
                "h/i:5",
                "j:6",
                "k/l:7",
                "m/n:"
            ]
        );
    }

    #[test]
    fn what_is_no_image_is_not_listed() {
        let values = "git:\n  repository: https://example.com/a.git\n  tag: v1\nchart:\n  repository: a/b\nimage: nginx\n\
            imagePullPolicy: Always\npullImage: true now\n";
        assert_eq!(images(values), [""; 0]);
    }

    #[test]
    fn repository_and_tag_may_stand_at_two_keys_of_one_mapping() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        let text = format!(
            "imageRepository: a/b\nimageTag: 1\ncontroller:\n  agentRepo: c/d\n  agentTag: '2'\n  image_repository: e/f\n\
             short:\n  repo: g/h\n  tag: 3\nboth:\n  repository: i/j\n  tag: v4@{digest}\nonly:\n  repository: k/l\n  tag: {digest}\n\
             gitRepository: x/y\ngitTag: v1\nchartRepo: x/y\nchartTag: 1\nlogRepository: x/y\n"
        );
        let only = format!("k/l:{digest}");
        assert_eq!(
            images(&text),
            ["a/b:1", "c/d:2", "e/f:", "g/h:3", "i/j:v4", only.as_str()]
        );
        let node = parse(text.as_bytes()).unwrap().unwrap();
        let values = Values::read(&node);
        assert!(values.paths.contains("imageTag") && values.paths.contains("controller.agentRepo"));
        assert_eq!(values.unread, BTreeSet::new());
    }

    #[test]
    fn what_is_shaped_like_an_image_and_names_none_is_told() {
        let text = "a:\n  image:\n    repository: Upper/Case\n    tag: 1\nb:\n  repository: c/d\n  tag: 'x y'\nimageRepository: '{{ x }}'\n\
            git:\n  repository: https://example.com/a.git\n  tag: v1\n";
        let node = parse(text.as_bytes()).unwrap().unwrap();
        let values = Values::read(&node);
        let unread: Vec<&str> = values.unread.iter().map(String::as_str).collect();
        assert_eq!(unread, ["a.image", "b", "imageRepository"]);
        assert_eq!(values.images, []);
    }

    #[test]
    fn images_of_mappings_on_one_line_are_found() {
        let template = "- { image: \"a/b:2\" }\n- {name: x, image: c/d:3, args: [y]}\ncontainers: [{\"image\":\"e/f:4\"}]\n\
            - { image: {{ .Values.image.repository }}:{{ .Values.image.tag }}, name: x }\n- { image: {{ .Values.other }} }\n\
            # { image: x/y:1 }\ntext: a, image: x/y:1\n{{ image: x/y:1 }}\n- {pullimage: x/y:1}\n- { image: a/B:1 }\n";
        let found = Template::read(template, &BTreeSet::from(["image".to_owned()]));
        let expected = ["a/b:2", "c/d:3", "e/f:4"].map(|text| Image::parse(text).unwrap());
        assert_eq!(found.images, expected);
        assert_eq!(found.unknown, 2, "`other`, and what is no name");
    }

    #[test]
    fn a_registry_for_all_replaces_the_one_of_each() {
        let values = "global:\n  imageRegistry: registry.example.com\na:\n  image:\n    registry: docker.io\n    repository: a/b\n    tag: 1\n";
        assert_eq!(images(values), ["registry.example.com/a/b:1"]);
    }

    #[test]
    fn a_template_is_read_as_far_as_it_is_written_out() {
        let template = "spec:\n  containers:\n  - image: \"a/b:1\" # ours\n  - image: \"{{ .Values.image.repository }}:{{ .Values.image.tag }}\"\n  - image: {{ include \"x.image\" . }}\n";
        let found = Template::read(template, &BTreeSet::from(["image".to_owned()]));
        assert_eq!(found.images, [Image::parse("a/b:1").unwrap()]);
        assert_eq!(found.unknown, 1);
    }
}

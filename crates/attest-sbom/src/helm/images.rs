//! Values and templates of a chart in, the images that they name out.

use std::collections::BTreeSet;

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
            if let Some(image) = of_mapping(&key, node, global) {
                values.images.push(image);
                values.paths.insert(path.clone());
            }
            for (name, value) in entries(node) {
                let below = joined(&path, name);
                match &value.content {
                    NodeContent::Map(_) | NodeContent::List(_) => left.push((below, name.to_owned(), value)),
                    NodeContent::Plain(written) | NodeContent::Quoted(written) => {
                        if let Some(image) = of_text(name, written, node) {
                            values.images.push(image);
                            values.paths.insert(below);
                        }
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

fn of_mapping(key: &str, node: &Node, global: Option<&str>) -> Option<Image> {
    let mut digest = text(node, "digest").or_else(|| text(node, "sha")).map(str::to_owned);
    if let Some(bare) = digest.as_mut().filter(|digest| !digest.contains(':')) {
        // Some charts write only the number.
        *bare = format!("sha256:{bare}");
    }
    let marks = ["tag", "digest", "sha", "registry", "pullPolicy", "imagePullPolicy"];
    let is_marked = marks.iter().any(|mark| child(node, mark).is_some());
    let repository = match text(node, "repository") {
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
        return Image::parse(repository);
    }
    Image::new(registry, repository, text(node, "tag"), digest.as_deref())
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

impl Template {
    /// Looks at the lines `image: …`. `known` are the keys of values that name images.
    pub(super) fn read(template: &str, known: &BTreeSet<String>) -> Self {
        let mut found = Self::default();
        for line in template.lines() {
            let line = line.trim_start().trim_start_matches("- ").trim_start();
            let Some(written) = line.strip_prefix("image:") else {
                continue;
            };
            let written = written.split(" #").next().unwrap_or_default().trim();
            if !written.contains("{{") {
                let image = Image::parse(written.trim_matches(['"', '\'']));
                found.images.extend(image);
            } else if !is_known(written, known) {
                found.unknown += 1;
            }
        }
        found
    }
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

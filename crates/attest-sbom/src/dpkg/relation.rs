//! What a package needs. Source: Debian Policy Manual, section 7.1, "Syntax of relationship fields".

/// A package that satisfies a need, perhaps beside others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Relation<'a> {
    pub(super) name: &'a str,
    /// What follows the colon: an architecture, or `any`.
    pub(super) architecture: Option<&'a str>,
}

/// Every package that a field names, alternatives included; versions, architectures and profiles of builds are left out.
pub(super) fn relations(field: &str) -> impl Iterator<Item = Relation<'_>> {
    field.split([',', '|']).filter_map(|text| {
        let text = text.trim();
        let end = text.find([' ', '\t', '\n', '\r', '(', '[', '<']).unwrap_or(text.len());
        let (name, architecture) = match text[..end].split_once(':') {
            Some((name, architecture)) => (name, Some(architecture)),
            None => (&text[..end], None),
        };
        (!name.is_empty()).then_some(Relation { name, architecture })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_versions_and_architectures_are_told_apart() {
        let found: Vec<_> = relations("a (>= 1.2~), b:any | c(<< 3),\n d [amd64] <!nocheck>, e:i386 ,, ")
            .map(|relation| (relation.name, relation.architecture))
            .collect();
        assert_eq!(
            found,
            [
                ("a", None),
                ("b", Some("any")),
                ("c", None),
                ("d", None),
                ("e", Some("i386"))
            ]
        );
    }
}

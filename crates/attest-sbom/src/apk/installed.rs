use crate::Error;

/// A paragraph of the database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Package<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    pub(super) architecture: Option<&'a str>,
    pub(super) licence: Option<&'a str>,
    pub(super) maintainer: Option<&'a str>,
    /// The package of the sources.
    pub(super) origin: Option<&'a str>,
    pub(super) checksum: Option<&'a str>,
    depends: &'a str,
    provides: &'a str,
    paragraph: &'a str,
}

/// Every package; of one without a name or a version, or with two of them, that there is one.
pub(crate) fn packages(text: &str) -> impl Iterator<Item = Result<Package<'_>, Error>> {
    text.split("\n\n")
        .filter(|paragraph| !paragraph.trim().is_empty())
        .map(Package::new)
}

impl<'a> Package<'a> {
    fn new(paragraph: &'a str) -> Result<Self, Error> {
        let mut package = Self {
            name: "",
            version: "",
            architecture: None,
            licence: None,
            maintainer: None,
            origin: None,
            checksum: None,
            depends: "",
            provides: "",
            paragraph,
        };
        for (letter, value) in fields(paragraph) {
            match letter {
                "P" if package.name.is_empty() => package.name = value,
                "V" if package.version.is_empty() => package.version = value,
                "P" | "V" => return Err(package.repeated(letter)),
                "A" => package.architecture = Some(value),
                "L" => package.licence = Some(value),
                "m" => package.maintainer = Some(value),
                "o" => package.origin = Some(value),
                "C" => package.checksum = Some(value),
                "D" => package.depends = value,
                "p" => package.provides = value,
                _ => {}
            }
        }
        match package.name.is_empty() || package.version.is_empty() {
            true => Err(Error::UnnamedPackage {
                name: package.name.to_owned(),
            }),
            false => Ok(package),
        }
    }

    fn repeated(&self, field: &str) -> Error {
        Error::RepeatedField {
            name: self.name.to_owned(),
            field: field.to_owned(),
        }
    }

    /// What it needs, without versions; conflicts are left out.
    pub(super) fn needs(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let words = self.depends.split_ascii_whitespace();
        words.filter(|word| !word.starts_with('!')).map(without_version)
    }

    /// What it provides beside its name, without versions.
    pub(super) fn provides(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.provides.split_ascii_whitespace().map(without_version)
    }

    /// Directory and name of every file.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let mut directory = "";
        fields(self.paragraph).filter_map(move |(letter, value)| {
            if letter == "F" {
                directory = value;
            }
            (letter == "R").then_some((directory, value))
        })
    }

    /// Every directory.
    pub(crate) fn directories(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        fields(self.paragraph).filter_map(|(letter, value)| (letter == "F").then_some(value))
    }
}

fn fields(paragraph: &str) -> impl Iterator<Item = (&str, &str)> {
    paragraph.lines().filter_map(|line| line.split_once(':'))
}

/// `name>=1.2`, `so:libc.so.6=6`, `name~1`, `name@edge`.
fn without_version(word: &str) -> &str {
    let end = word.find(['<', '>', '=', '~', '@']).unwrap_or(word.len());
    &word[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "C:Q1abc=\nP:a\nV:1.0-r0\nA:x86_64\nL:MIT\no:src\nm:A <a@example.com>\nD:so:libc.so.1 b>=2 !c /bin/sh d@edge\n\
                        p:so:liba.so.1=1.2 cmd:a=1.0-r0\nF:usr\nF:usr/bin\nR:a\na:0:0:755\nZ:Q1x=\nR:b\n\n\nP:broken\n\n";

    #[test]
    fn a_paragraph_is_a_package() {
        let mut found = packages(TEXT);
        let package = found.next().unwrap().unwrap();
        assert_eq!(
            (package.name, package.version, package.origin),
            ("a", "1.0-r0", Some("src"))
        );
        assert_eq!(
            package.needs().collect::<Vec<_>>(),
            ["so:libc.so.1", "b", "/bin/sh", "d"]
        );
        assert_eq!(package.provides().collect::<Vec<_>>(), ["so:liba.so.1", "cmd:a"]);
        assert_eq!(
            package.files().collect::<Vec<_>>(),
            [("usr/bin", "a"), ("usr/bin", "b")]
        );
        let error = found.next().unwrap().unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected a name and a version of every package, found only the name `broken`"
        );
        assert!(found.next().is_none());
    }
}

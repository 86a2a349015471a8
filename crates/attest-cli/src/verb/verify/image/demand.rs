use attest_verify::{Verified, VerifiedBundle};

use super::super::arguments::Arguments;
use super::super::build::{Admitted, Inadmissible, Wanted};
use super::super::problem::Problem;
use super::arguments::Annotation;
use crate::failure::Failure;
use crate::predicate_type::IMAGE_SIGNATURE;

/// The most characters of a type that nobody asked for which are told: known ones have less than a hundred.
const MAX_TOLD: usize = 255;

/// What has to be signed of an image: each of them.
pub(super) struct Demands<'a> {
    each: Vec<Wanted>,
    annotations: &'a [Annotation],
}

/// What evidence says that it is, or turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A signature of an image: a statement that says no more, or a payload of simple signing.
    Signature,
    /// A statement of another type.
    Statement(String),
    /// A signature over the bytes of a file. Who made it may not have known that they are a manifest.
    Bytes,
    /// A statement that cannot be read.
    Unreadable,
}

/// What was found out about evidence whose signature is good.
pub(super) struct Sound<'a> {
    pub(super) kind: &'a Kind,
    pub(super) bundle: &'a VerifiedBundle,
    /// What its signer says of the image.
    pub(super) annotations: &'a dyn Fn(&str) -> Option<String>,
}

impl Kind {
    pub(super) fn of_statement(predicate_type: &str) -> Self {
        match predicate_type == IMAGE_SIGNATURE {
            true => Self::Signature,
            false => Self::Statement(predicate_type.to_owned()),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Signature => "a signature of it".to_owned(),
            Self::Statement(uri) => {
                let told: String = uri.chars().take(MAX_TOLD).collect();
                format!("a statement of type `{told}`")
            }
            Self::Unreadable => "a statement that cannot be read".to_owned(),
            Self::Bytes => "a signature over bytes that does not speak of an image".to_owned(),
        }
    }

    fn predicate_type(&self) -> Option<&str> {
        match self {
            Self::Statement(uri) => Some(uri),
            Self::Signature | Self::Bytes | Self::Unreadable => None,
        }
    }
}

impl<'a> Demands<'a> {
    /// A signature where nothing is said; every type that is named; provenance where something is asked of it.
    pub(super) fn read(arguments: &'a Arguments) -> Result<Self, Failure> {
        let has_key = arguments.identity.key.is_some();
        let each = arguments.build.read_each(&arguments.claims, has_key)?;
        let annotations = arguments.image.annotations();
        if !annotations.is_empty() && !each.iter().any(Wanted::is_signature) {
            return Err(Failure::usage(
                "annotations-without-signature",
                "expected annotations to be asked of a signature, found only other types",
            )
            .at("--annotations")
            .hint("add `--type signature`: only signatures of images carry them"));
        }
        Ok(Self { each, annotations })
    }

    pub(super) fn len(&self) -> usize {
        self.each.len()
    }

    pub(super) fn is_signature(&self, demand: usize) -> bool {
        self.each.get(demand).is_some_and(Wanted::is_signature)
    }

    /// What a manifest that meets all of them is.
    pub(super) fn participle(&self) -> &'static str {
        match (self.each.iter().any(Wanted::is_signature), self.each.len()) {
            (true, 1) => "signed",
            (true, _) => "signed and attested",
            (false, _) => "attested",
        }
    }

    /// What a demand asks for, as in a sentence.
    pub(super) fn shown(&self, demand: usize) -> String {
        match self.each.get(demand) {
            Some(wanted) if !wanted.is_signature() => wanted.type_shown(),
            _ => "a signature".to_owned(),
        }
    }

    /// What was asked for, by the names of JSON fields.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields: Vec<(&'static str, String)> = Vec::new();
        for (name, value) in self.each.iter().flat_map(Wanted::shown) {
            match fields.iter_mut().find(|(known, _)| *known == name) {
                Some((_, values)) if !values.split(", ").any(|known| known == value) => {
                    *values = format!("{values}, {value}");
                }
                Some(_) => {}
                None => fields.push((name, value)),
            }
        }
        let annotations = self.annotations.iter().map(|one| format!("{}={}", one.name, one.value));
        let annotations: Vec<String> = annotations.collect();
        if !annotations.is_empty() {
            fields.push(("annotations", annotations.join(", ")));
        }
        fields
    }

    /// Whether evidence of a kind may meet a demand.
    pub(super) fn concerns(&self, demand: usize, kind: &Kind) -> bool {
        let Some(wanted) = self.each.get(demand) else {
            return false;
        };
        match (wanted.is_signature(), kind.predicate_type()) {
            (true, _) => *kind == Kind::Signature,
            (false, Some(uri)) => wanted.accepts_type(uri),
            (false, None) => false,
        }
    }

    /// Why evidence of a kind meets none of them.
    pub(super) fn of_another_kind(&self, kind: &Kind) -> Problem {
        let wanted: Vec<String> = (0..self.len()).map(|demand| self.shown(demand)).collect();
        let message = format_args!("expected {}, found {}", wanted.join(" or "), kind.shown());
        Problem::rejected("predicate-type-mismatch", message)
    }

    /// Whether evidence whose signature is good, and that is of the right kind, meets a demand.
    pub(super) fn admit(&self, demand: usize, sound: &Sound<'_>) -> Result<Admitted, Problem> {
        if *sound.kind == Kind::Signature {
            return self.check_annotations(sound);
        }
        let Some(wanted) = self.each.get(demand) else {
            return Err(self.of_another_kind(sound.kind));
        };
        wanted.admit(sound.bundle).map_err(|inadmissible| match inadmissible {
            Inadmissible::Aside(problem) | Inadmissible::Rejected(problem) => problem,
        })
    }

    fn check_annotations(&self, sound: &Sound<'_>) -> Result<Admitted, Problem> {
        let mut admitted = Admitted::default();
        for Annotation { name, value } in self.annotations {
            let found = (sound.annotations)(name);
            if found.as_ref() != Some(value) {
                let found = found.map_or_else(|| "none".to_owned(), |found| format!("`{found}`"));
                return Err(Problem::rejected(
                    "annotation-mismatch",
                    format_args!("expected annotation `{name}` to be `{value}`, found {found}"),
                ));
            }
        }
        if !self.annotations.is_empty() {
            admitted.checked.push("annotations");
        }
        Ok(admitted)
    }
}

/// What the statement says of the subject that was matched.
pub(super) fn annotation_of(verified: &Verified, name: &str) -> Option<String> {
    let value = verified.subject()?.annotations().get(name)?;
    value.as_str().map(str::to_owned)
}

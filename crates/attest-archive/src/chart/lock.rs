use attest_digest::{Algorithm, Algorithms, Measured};
use serde::Serialize;

use super::dependency::REQUIREMENTS;
use super::fields::Document;
use super::go_json::go_json;
use super::metadata::{ApiVersion, LIMITS};
use super::{ChartError, Dependency};

/// Which files say what a chart depends on, and which versions were chosen.
#[derive(Debug, Clone, Copy)]
pub(super) struct LockFiles {
    pub(super) dependencies: &'static str,
    pub(super) lock: &'static str,
}

impl ApiVersion {
    pub(super) const fn lock_files(self) -> LockFiles {
        match self {
            Self::V1 => LockFiles {
                dependencies: REQUIREMENTS,
                lock: "requirements.lock",
            },
            Self::V2 => LockFiles {
                dependencies: "Chart.yaml",
                lock: "Chart.lock",
            },
        }
    }
}

/// A lock file: the version of each dependency that was chosen, and a digest of what they were chosen for.
#[derive(Debug)]
pub(super) struct Lock {
    files: LockFiles,
    digest: String,
    chosen: Vec<Dependency>,
}

impl Lock {
    pub(super) fn parse(bytes: &[u8], files: LockFiles) -> Result<Self, ChartError> {
        let document = Document { file: files.lock };
        let node = document.parse(bytes, LIMITS)?;
        document.refuse_other_case(&node, "", ["generated", "digest"].into_iter())?;
        let entries = document.entries(&node, "")?;
        let text = |field: &'static str| {
            let found = entries.iter().find(|(key, _)| *key == field);
            let (_, node) = found.ok_or_else(|| document.missing(field))?;
            document.text(node, field).map(|text| (text, *node))
        };
        let (generated, place) = text("generated")?;
        if !is_moment(&generated) {
            return Err(document.unexpected(place, "generated", "a moment such as `2026-01-31T12:00:00Z`"));
        }
        Ok(Self {
            files,
            digest: text("digest")?.0,
            chosen: Dependency::list(document, &node)?,
        })
    }

    /// Checks that it locks these dependencies: the same ones, each with a version in its range, and with the digest that Helm
    /// makes of both (`internal/resolver`, `HashReq`).
    pub(super) fn check(&self, wanted: &[Dependency]) -> Result<(), ChartError> {
        if self.chosen.len() != wanted.len() {
            let (locked, asked) = (self.chosen.len(), wanted.len());
            return Err(self.out_of_step(format!("expected {asked} dependencies, found {locked}")));
        }
        for (wanted, chosen) in wanted.iter().zip(&self.chosen) {
            self.check_one(wanted, chosen)?;
        }
        let (wanted, chosen) = (self.with_repositories(wanted), &self.chosen);
        let is_known = [digest(&(&wanted, chosen)), digest_of_helm_2(&wanted)].contains(&self.digest);
        match is_known {
            true => Ok(()),
            false => Err(self.out_of_step("its digest is of others".to_owned())),
        }
    }

    fn check_one(&self, wanted: &Dependency, chosen: &Dependency) -> Result<(), ChartError> {
        if wanted.name != chosen.name {
            let found = crate::error::visible(&chosen.name);
            return Err(self.out_of_step(format!("expected `{}`, found `{found}`", wanted.name)));
        }
        // What is chosen may be the range itself: Helm locks so what has no repository.
        let is_chosen = match (wanted.range()?, super::LooseVersion::parse(&chosen.version)) {
            (Some(range), Some(version)) => range.contains(&version),
            _ => wanted.version == chosen.version,
        };
        match is_chosen || wanted.version == chosen.version {
            true => Ok(()),
            false => Err(self.out_of_step(format!(
                "expected `{}` of `{}`, found `{}`",
                crate::error::visible(&wanted.version),
                wanted.name,
                crate::error::visible(&chosen.version)
            ))),
        }
    }

    /// What Helm made the digest of: a repository that goes by a name of the user's own stands there by its address.
    fn with_repositories(&self, wanted: &[Dependency]) -> Vec<Dependency> {
        let pairs = wanted.iter().zip(&self.chosen);
        pairs
            .map(|(wanted, chosen)| {
                let mut wanted = wanted.clone();
                if wanted.repository.starts_with('@') || wanted.repository.starts_with("alias:") {
                    wanted.repository.clone_from(&chosen.repository);
                }
                wanted
            })
            .collect()
    }

    /// What was chosen for a dependency: an exact version, or a range that was taken over.
    pub(super) fn version_of(&self, at: usize) -> Option<&str> {
        self.chosen.get(at).map(|chosen| chosen.version.as_str())
    }

    fn out_of_step(&self, problem: String) -> ChartError {
        ChartError::LockOutOfStep {
            lock: self.files.lock,
            chart: self.files.dependencies,
            problem,
        }
    }
}

#[derive(Serialize)]
struct OfHelm2<'a> {
    dependencies: &'a [Dependency],
}

fn digest_of_helm_2(wanted: &[Dependency]) -> String {
    digest(&OfHelm2 { dependencies: wanted })
}

/// `sha256:` and the digest of the JSON that Go would write.
fn digest(value: &impl Serialize) -> String {
    let json = serde_json::to_string(value).expect("texts, flags and lists are always JSON");
    let measured = Measured::of_bytes(go_json(&json).as_bytes(), &Algorithms::one(Algorithm::Sha256));
    let digest = measured.digest(Algorithm::Sha256).expect("this is what was asked for");
    format!("sha256:{}", digest.to_hex())
}

/// Whether a text has the form of RFC 3339, which Go reads.
pub(super) fn is_moment(text: &str) -> bool {
    let (date_and_time, zone) = match text.strip_suffix('Z') {
        Some(rest) => (rest, ""),
        None => text
            .split_at_checked(text.len().saturating_sub(6))
            .unwrap_or((text, "")),
    };
    let has_form = |text: &str, form: &str| {
        text.len() == form.len()
            && text.bytes().zip(form.bytes()).all(|(found, wanted)| match wanted {
                b'0' => found.is_ascii_digit(),
                b'+' => matches!(found, b'+' | b'-'),
                _ => found == wanted,
            })
    };
    let (whole, fraction) = date_and_time.split_once('.').unwrap_or((date_and_time, "0"));
    has_form(whole, "0000-00-00T00:00:00")
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
        && (zone.is_empty() || has_form(zone, "+00:00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: LockFiles = ApiVersion::V2.lock_files();

    fn dependencies(text: &str) -> Vec<Dependency> {
        let document = Document { file: "Chart.yaml" };
        let node = document.parse(text.as_bytes(), LIMITS).unwrap();
        Dependency::list(document, &node).unwrap()
    }

    fn lock(digest: &str, dependencies: &str) -> Lock {
        let text = format!("generated: \"2026-01-31T12:00:00.5+01:00\"\ndigest: {digest}\n{dependencies}");
        Lock::parse(text.as_bytes(), FILES).unwrap()
    }

    const WANTED: &str = "dependencies:\n- {name: db, version: '>=1.2 <2', repository: 'https://example.com/a&b', condition: db.on, \
                          tags: [x], import-values: [data, {parent: p, child: c}], alias: store}\n";
    const CHOSEN: &str = "dependencies: [{name: db, version: 1.4.0, repository: 'https://example.com/a&b'}]\n";

    /// What `sha256sum` says of the JSON as it is written out here.
    fn expected() -> String {
        let json = r#"[[{"name":"db","version":"\u003e=1.2 \u003c2","repository":"https://example.com/a\u0026b","condition":"db.on","tags":["x"],"import-values":["data",{"child":"c","parent":"p"}],"alias":"store"}],[{"name":"db","version":"1.4.0","repository":"https://example.com/a\u0026b"}]]"#;
        let measured = Measured::of_bytes(json.as_bytes(), &Algorithms::one(Algorithm::Sha256));
        format!("sha256:{}", measured.digest(Algorithm::Sha256).unwrap().to_hex())
    }

    #[test]
    fn a_lock_is_held_against_its_dependencies_by_the_digest_of_helm() {
        lock(&expected(), CHOSEN).check(&dependencies(WANTED)).unwrap();
        let with_own_name = WANTED.replace("https://example.com/a&b", "@mine");
        lock(&expected(), CHOSEN).check(&dependencies(&with_own_name)).unwrap();
    }

    #[test]
    fn what_changed_after_locking_is_named() {
        for (from, to, words) in [
            ("db.on", "db.off", "its digest is of others"),
            (">=1.2 <2", ">=1.5 <2", "expected `>=1.5 <2` of `db`, found `1.4.0`"),
            ("name: db", "name: bd", "expected `bd`, found `db`"),
            (
                "alias: store}",
                "alias: store}\n- {name: more}",
                "expected 2 dependencies, found 1",
            ),
        ] {
            let error = lock(&expected(), CHOSEN)
                .check(&dependencies(&WANTED.replace(from, to)))
                .unwrap_err();
            let ChartError::LockOutOfStep {
                lock: "Chart.lock",
                problem,
                ..
            } = error
            else {
                panic!("{error}")
            };
            assert_eq!(problem, words);
        }
    }

    #[test]
    fn a_lock_file_has_a_moment_and_a_digest() {
        for (text, is_field) in [
            ("digest: x\n", false),
            ("generated: \"2026-01-31T12:00:00Z\"\n", false),
            ("generated: now\ndigest: x\n", true),
        ] {
            let error = Lock::parse(text.as_bytes(), FILES).unwrap_err();
            assert_eq!(matches!(error, ChartError::Field { .. }), is_field, "{error}");
            assert_eq!(matches!(error, ChartError::FieldMissing { .. }), !is_field, "{error}");
        }
    }

    #[test]
    fn a_key_that_helm_takes_for_a_field_is_refused() {
        let text = "generated: \"2026-01-31T12:00:00Z\"\ndigest: x\n";
        assert!(Lock::parse(format!("{text}made-by: x\n").as_bytes(), FILES).is_ok());
        for (more, field) in [
            ("Digest: y\n", "digest"),
            ("GENERATED: y\n", "generated"),
            ("Dependencies: []\n", "dependencies"),
            ("dependencies: [{name: db, Version: 2.0.0}]\n", "version"),
        ] {
            let error = Lock::parse(format!("{text}{more}").as_bytes(), FILES).unwrap_err();
            assert!(
                matches!(error, ChartError::FieldCase { expected, .. } if expected == field),
                "{more}: {error}"
            );
        }
    }

    #[test]
    fn moments_have_one_form() {
        for text in ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.123456789-07:00"] {
            assert!(is_moment(text), "{text}");
        }
        for text in [
            "",
            "Z",
            "2026-01-31",
            "2026-01-31T12:00:00",
            "2026-01-31T12:00:00.Z",
            "2026-01-31 12:00:00Z",
            "é026-01-31T12:00:00Z",
        ] {
            assert!(!is_moment(text), "{text}");
        }
    }
}

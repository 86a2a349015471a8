//! Licences of a component in, whether a policy takes them out.

use std::fmt;
use std::str::FromStr;

use spdx::{AdditionItem, LicenseId, LicenseItem, LicenseReq, Licensee};

use crate::Error;
use crate::document::{Component, Terms};
use crate::licence::{self, DECLARED};

/// What licences a component may have.
///
/// Of an expression joined by `OR` one branch must be taken, of one joined by `AND` all. A licence is taken if no rule
/// denies it and, where any rule allows something, one allows it. What nobody knows is taken only where
/// [`Policy::allow_unknown`] says so.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Policy {
    /// What is allowed; everything that is known when this is empty.
    pub allow: Vec<Rule>,
    /// What is denied, even if it is allowed.
    pub deny: Vec<Rule>,
    /// Licences that are no SPDX expression and are taken, word for word.
    pub allow_names: Vec<String>,
    /// Whether a component may say nothing of its licence.
    pub allow_unknown: bool,
}

/// One licence or a kind of licences, as a user writes it.
///
/// A rule without an exception is about the licence with any exception, too, since an exception only permits more. `GPL-2.0`
/// stands for `GPL-2.0-only` and `GPL-2.0-or-later`; `GPL-2.0-only` allows what may also be used under a later version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule(Meaning);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Meaning {
    OsiApproved,
    FsfFree,
    Copyleft,
    Licence(LicenseReq),
}

/// Whether the licences of a component are taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Verdict {
    /// They are.
    Allowed,
    /// They are not, because of these.
    Denied(Vec<String>),
    /// It says nothing of them.
    Unknown,
}

impl FromStr for Rule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Ok(Self(match text.trim() {
            "osi-approved" => Meaning::OsiApproved,
            "fsf-free" => Meaning::FsfFree,
            "copyleft" => Meaning::Copyleft,
            text => {
                let unknown = |_| Error::UnknownLicence { found: text.to_owned() };
                let licensee = Licensee::parse_mode(&licence::in_case_of_list(text), DECLARED);
                Meaning::Licence(licensee.map_err(unknown)?.into_req())
            }
        }))
    }
}

impl Rule {
    /// Whether the rule names this very exception, too.
    fn names_exception_of(&self, licence: &LicenseReq) -> bool {
        matches!(&self.0, Meaning::Licence(rule) if rule.addition.is_some() && rule.addition == licence.addition)
    }

    fn allows(&self, licence: &LicenseReq) -> bool {
        match &self.0 {
            Meaning::Licence(rule) => {
                covers_exception(rule.addition.as_ref(), licence.addition.as_ref())
                    && Version::of(&licence.license).may_be_used_as(&Version::of(&rule.license))
            }
            _ => self.is_kind_of(licence),
        }
    }

    fn denies(&self, licence: &LicenseReq) -> bool {
        match &self.0 {
            Meaning::Licence(rule) => {
                let (rule_version, version) = (Version::of(&rule.license), Version::of(&licence.license));
                covers_exception(rule.addition.as_ref(), licence.addition.as_ref()) && rule_version.stem == version.stem
            }
            _ => self.is_kind_of(licence),
        }
    }

    fn is_kind_of(&self, licence: &LicenseReq) -> bool {
        let Some(id) = licence.license.id() else {
            return false;
        };
        match self.0 {
            Meaning::OsiApproved => any_name(id, LicenseId::is_osi_approved),
            Meaning::FsfFree => any_name(id, LicenseId::is_fsf_free_libre),
            Meaning::Copyleft => any_name(id, LicenseId::is_copyleft),
            Meaning::Licence(_) => false,
        }
    }
}

/// The list marks only some of the names of one licence.
fn any_name(id: LicenseId, is_marked: fn(LicenseId) -> bool) -> bool {
    let stem = stem(id.name);
    let others = [format!("{stem}-only"), format!("{stem}-or-later")];
    is_marked(id) || others.iter().filter_map(|name| spdx::license_id(name)).any(is_marked)
}

fn covers_exception(rule: Option<&AdditionItem>, licence: Option<&AdditionItem>) -> bool {
    rule.is_none() || rule == licence
}

fn stem(name: &str) -> &str {
    let name = name.strip_suffix('+').unwrap_or(name);
    let name = name.strip_suffix("-only").unwrap_or(name);
    name.strip_suffix("-or-later").unwrap_or(name)
}

/// A licence, and which of its versions.
struct Version {
    /// The name without `-only`, `-or-later` and `+`.
    stem: String,
    /// Whether it says `-or-later` or `+`, and whether it says `-only`.
    or_later: bool,
    is_only: bool,
}

impl Version {
    fn of(licence: &LicenseItem) -> Self {
        match licence {
            LicenseItem::Spdx { id, or_later } => Self {
                stem: stem(id.name).to_owned(),
                or_later: *or_later || id.name.ends_with("-or-later") || id.name.ends_with('+'),
                is_only: id.name.ends_with("-only"),
            },
            LicenseItem::Other(reference) => Self {
                stem: reference.to_string(),
                or_later: false,
                is_only: true,
            },
        }
    }

    /// Family and number: `LGPL` and `2.1`.
    fn parts(&self) -> Option<(&str, Vec<u32>)> {
        let (family, number) = self.stem.rsplit_once('-')?;
        let number: Result<Vec<u32>, _> = number.split('.').map(str::parse).collect();
        Some((family, number.ok()?))
    }

    /// Whether what is under this licence may be used under that of a rule.
    fn may_be_used_as(&self, rule: &Self) -> bool {
        if self.stem == rule.stem {
            // Who takes `-or-later` alone does not take `-only`.
            return self.or_later || !rule.or_later || !self.is_only;
        }
        match (self.parts(), rule.parts()) {
            (Some((family, number)), Some((other, later))) => self.or_later && family == other && later > number,
            _ => false,
        }
    }
}

impl Policy {
    /// Whether it says anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.allow.is_empty() && self.deny.is_empty() && self.allow_names.is_empty() && !self.allow_unknown
    }

    /// Judges the licences that count for a component; all of them must be taken.
    #[must_use]
    pub fn judge(&self, component: &Component) -> Verdict {
        let licences = component.effective_licences();
        if licences.is_empty() {
            return match self.allow_unknown {
                true => Verdict::Allowed,
                false => Verdict::Unknown,
            };
        }
        let mut denied: Vec<String> = licences
            .iter()
            .flat_map(|licence| self.refused(&licence.terms))
            .collect();
        denied.sort();
        denied.dedup();
        match denied.is_empty() {
            true => Verdict::Allowed,
            false => Verdict::Denied(denied),
        }
    }

    /// The parts of the terms for which they are not taken.
    fn refused(&self, terms: &Terms) -> Vec<String> {
        let text = terms.text();
        if self.allow_names.iter().any(|name| name == text) {
            return Vec::new();
        }
        let Ok(expression) = licence::parse(text) else {
            return vec![text.to_owned()];
        };
        if expression.evaluate(|licence| self.takes(licence)) {
            return Vec::new();
        }
        let refused = expression
            .requirements()
            .filter(|requirement| !self.takes(&requirement.req));
        refused.map(|requirement| requirement.req.to_string()).collect()
    }

    fn takes(&self, licence: &LicenseReq) -> bool {
        let is_excepted = self
            .allow
            .iter()
            .any(|rule| rule.names_exception_of(licence) && rule.allows(licence));
        if is_excepted && !self.deny.iter().any(|rule| rule.names_exception_of(licence)) {
            return true;
        }
        let is_denied = self.deny.iter().any(|rule| rule.denies(licence));
        let is_allowed = self.allow.is_empty() || self.allow.iter().any(|rule| rule.allows(licence));
        is_allowed && !is_denied
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Meaning::OsiApproved => f.write_str("osi-approved"),
            Meaning::FsfFree => f.write_str("fsf-free"),
            Meaning::Copyleft => f.write_str("copyleft"),
            Meaning::Licence(licence) => licence.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Licence;

    fn rules(text: &str) -> Vec<Rule> {
        let named = text.split(',').filter(|name| !name.is_empty());
        named.map(|name| name.parse().unwrap()).collect()
    }

    fn takes(allow: &str, deny: &str, licence: &str) -> bool {
        let policy = Policy {
            allow: rules(allow),
            deny: rules(deny),
            ..Policy::default()
        };
        let terms = Terms::Expression(licence.to_owned());
        policy.judge(&component(vec![terms])) == Verdict::Allowed
    }

    fn component(terms: Vec<Terms>) -> Component {
        let licence = |terms| Licence {
            terms,
            acknowledgement: None,
        };
        Component {
            licences: terms.into_iter().map(licence).collect(),
            ..Component::default()
        }
    }

    #[test]
    fn or_needs_one_branch_and_and_needs_all() {
        for (licence, expected) in [
            ("MIT", true),
            ("Apache-2.0", false),
            ("MIT OR Apache-2.0", true),
            ("MIT AND Apache-2.0", false),
            ("MIT AND ISC", true),
            ("mit", true),
            ("(Mit OR gpl-3.0-ONLY) AND isc", true),
            ("(MIT OR GPL-3.0-only) AND (Apache-2.0 OR ISC)", true),
            ("(MIT AND GPL-3.0-only) OR Apache-2.0", false),
        ] {
            assert_eq!(takes("MIT,ISC", "", licence), expected, "{licence}");
            assert_eq!(takes("mit,isc", "", licence), expected, "{licence}");
        }
    }

    #[test]
    fn what_is_denied_is_denied_even_if_it_is_allowed() {
        for (allow, deny, licence, expected) in [
            ("", "GPL-3.0", "MIT", true),
            ("", "GPL-3.0", "GPL-3.0-only", false),
            ("", "GPL-3.0", "GPL-3.0-or-later", false),
            ("", "GPL-3.0-only", "GPL-3.0-or-later", false),
            ("", "GPL-3.0", "GPL-3.0-only OR MIT", true),
            ("", "GPL-3.0", "GPL-3.0-only AND MIT", false),
            ("", "GPL-3.0", "GPL-2.0-only", true),
            ("osi-approved", "copyleft", "MIT", true),
            ("osi-approved", "copyleft", "MPL-2.0", false),
            ("osi-approved", "", "GPL-2.0", true),
            ("fsf-free", "", "Apache-2.0", true),
            ("osi-approved", "", "SSPL-1.0", false),
        ] {
            assert_eq!(takes(allow, deny, licence), expected, "{allow} {deny} {licence}");
        }
    }

    #[test]
    fn an_exception_permits_more_and_never_less() {
        for (allow, deny, licence, expected) in [
            ("Apache-2.0", "", "Apache-2.0 WITH LLVM-exception", true),
            ("Apache-2.0 WITH LLVM-exception", "", "Apache-2.0", false),
            (
                "Apache-2.0 WITH LLVM-exception",
                "",
                "Apache-2.0 WITH LLVM-exception",
                true,
            ),
            ("", "GPL-2.0", "GPL-2.0-only WITH Classpath-exception-2.0", false),
            (
                "GPL-2.0-only WITH Classpath-exception-2.0,MIT",
                "GPL-2.0",
                "GPL-2.0-only WITH Classpath-exception-2.0",
                true,
            ),
            (
                "GPL-2.0-only WITH Classpath-exception-2.0,MIT",
                "GPL-2.0-only WITH Classpath-exception-2.0",
                "GPL-2.0-only WITH Classpath-exception-2.0",
                false,
            ),
        ] {
            assert_eq!(takes(allow, deny, licence), expected, "{allow} {deny} {licence}");
        }
    }

    #[test]
    fn a_later_version_may_be_chosen_where_the_licence_says_so() {
        for (allow, licence, expected) in [
            ("GPL-2.0-only", "GPL-2.0-or-later", true),
            ("GPL-2.0-or-later", "GPL-2.0-only", false),
            ("GPL-2.0", "GPL-2.0-only", true),
            ("GPL-3.0-only", "GPL-2.0-or-later", true),
            ("GPL-3.0-only", "GPL-2.0-only", false),
            ("GPL-2.0-only", "GPL-3.0-or-later", false),
            ("LGPL-3.0-only", "GPL-2.0-or-later", false),
            ("Apache-2.0", "Apache-1.1+", true),
            ("Apache-1.1", "Apache-2.0+", false),
        ] {
            assert_eq!(takes(allow, "", licence), expected, "{allow} {licence}");
        }
    }

    #[test]
    fn what_nobody_knows_is_taken_only_in_words() {
        let named = component(vec![Terms::Name("Commercial".to_owned())]);
        let silent = component(vec![]);
        let mut policy = Policy {
            deny: rules("GPL-3.0"),
            ..Policy::default()
        };
        assert_eq!(policy.judge(&named), Verdict::Denied(vec!["Commercial".to_owned()]));
        assert_eq!(policy.judge(&silent), Verdict::Unknown);
        policy.allow_names = vec!["Commercial".to_owned()];
        policy.allow_unknown = true;
        assert_eq!(policy.judge(&named), Verdict::Allowed);
        assert_eq!(policy.judge(&silent), Verdict::Allowed);
    }

    #[test]
    fn every_licence_of_a_component_must_be_taken_and_the_refused_ones_are_named() {
        let policy = Policy {
            allow: rules("MIT"),
            ..Policy::default()
        };
        let terms = ["MIT OR ISC", "Zlib AND MIT", "Zlib"].map(|text| Terms::Expression(text.to_owned()));
        assert_eq!(
            policy.judge(&component(terms.to_vec())),
            Verdict::Denied(vec!["Zlib".to_owned()])
        );
    }

    #[test]
    fn a_rule_that_names_no_licence_is_refused() {
        for found in ["", "MITT", "MIT OR ISC", "GPL"] {
            let expected = Error::UnknownLicence {
                found: found.to_owned(),
            };
            assert_eq!(found.parse::<Rule>(), Err(expected));
        }
        for text in [
            "MIT",
            "LicenseRef-ours",
            "GPL-2.0-only WITH Classpath-exception-2.0",
            "copyleft",
        ] {
            assert_eq!(text.parse::<Rule>().unwrap().to_string(), text);
        }
    }
}

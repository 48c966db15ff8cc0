//! Licence expressions (SPDX 2.3 annex D) from what packages write: SPDX itself, DEP-5, Python's metadata.
//!
//! Nothing is guessed: a name that is no licence we know for certain becomes a `LicenseRef-`, with the name kept beside.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_store::Digest;

use super::licence_names::{exception_id, licence_id};
use crate::wheel::Metadata;

pub use super::licence_names::LICENCE_IDS;

/// What something says its licence is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Licence {
    /// An SPDX expression; `None` when nothing is said.
    pub expression: Option<String>,
    /// What each `LicenseRef-…` in it stands for: the name that was written.
    pub references: BTreeMap<String, String>,
    /// Licences that its text refers to, without saying that these are all.
    pub mentions: BTreeSet<String>,
}

impl Licence {
    /// An expression as SPDX or DEP-5 has it: `MIT OR Apache-2.0`, `GPL-2+ with GCC exception`. What is no expression is
    /// the name of a licence.
    pub fn parse(text: &str) -> Self {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut licence = Self::default();
        if text.is_empty() {
            return licence;
        }
        let expression = match licence_id(&text) {
            Some(id) => id,
            None => match Parser::parse(&text) {
                Some((expression, references)) => {
                    licence.references = references;
                    expression
                }
                None => licence.refer(&text),
            },
        };
        licence.expression = Some(expression);
        licence
    }

    /// All of several licences at once.
    pub fn all(licences: impl IntoIterator<Item = Self>) -> Self {
        let (mut expressions, mut all) = (BTreeSet::new(), Self::default());
        for licence in licences {
            expressions.extend(licence.expression);
            all.references.extend(licence.references);
            all.mentions.extend(licence.mentions);
        }
        let is_alone = expressions.len() == 1;
        let terms: Vec<String> =
            expressions.into_iter().map(|term| if is_alone { term } else { grouped(term) }).collect();
        Self { expression: (!terms.is_empty()).then(|| terms.join(" AND ")), ..all }
    }

    /// What a Python distribution's metadata says: `License-Expression` (PEP 639), else `License` where it is a name, else
    /// the classifiers.
    pub fn of_distribution(metadata: &Metadata) -> Self {
        if let Some(expression) = &metadata.license_expression {
            return Self::parse(expression);
        }
        let is_name = |text: &&String| text.len() <= LONGEST_NAME && !text.contains('\n');
        let named = metadata.license.as_ref().filter(is_name).map(|text| Self::parse(text));
        if let Some(named) = named.as_ref().filter(|named| named.references.is_empty()) {
            return named.clone();
        }
        let classifiers = metadata.classifiers.iter().filter_map(|text| text.strip_prefix("License :: "));
        let names =
            classifiers.filter_map(|text| text.rsplit(" :: ").next()).filter(|name| *name != "OSI Approved");
        let classified = Self::all(names.map(|name| match licence_id(name) {
            Some(id) => Self { expression: Some(id), ..Self::default() },
            None => Self::named(name),
        }));
        match classified.expression.is_some() && classified.references.is_empty() {
            true => classified,
            false => named.unwrap_or(classified),
        }
    }

    /// A licence of which only the name is known.
    fn named(name: &str) -> Self {
        let mut licence = Self::default();
        licence.expression = Some(licence.refer(name));
        licence
    }

    fn refer(&mut self, name: &str) -> String {
        let id = reference(name);
        self.references.insert(id.clone(), name.to_owned());
        id
    }
}

/// `LicenseRef-` and the name, as far as it may stand there; a digest tells apart what would look the same.
fn reference(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    let kept: String = name.chars().take(LONGEST_NAME).map(plain).collect();
    let kept = kept.trim_matches('-');
    let is_same = kept == name.replace(' ', "-");
    match is_same && !kept.is_empty() {
        true => format!("LicenseRef-{kept}"),
        false => format!("LicenseRef-{kept}-{}", &Digest::of(name).hex()[..8]).replace("--", "-"),
    }
}

fn grouped(term: String) -> String {
    if term.contains(' ') { format!("({term})") } else { term }
}

/// Reads both grammars: operators in either case, parentheses, and DEP-5's comma, which binds weakest.
struct Parser<'a> {
    tokens: Vec<&'a str>,
    at: usize,
    depth: usize,
    references: BTreeMap<String, String>,
}

impl<'a> Parser<'a> {
    fn parse(text: &'a str) -> Option<(String, BTreeMap<String, String>)> {
        if text.len() > LONGEST_EXPRESSION {
            return None;
        }
        let mut parser = Self { tokens: tokens(text), at: 0, depth: 0, references: BTreeMap::new() };
        let expression = parser.weakest()?;
        (parser.at == parser.tokens.len()).then_some((expression, parser.references))
    }

    fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).copied()
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn operator(&mut self) -> Option<&'static str> {
        if self.take("and") {
            return Some("AND");
        }
        (self.take("or") || self.take("and/or")).then_some("OR")
    }

    fn weakest(&mut self) -> Option<String> {
        let mut left = self.either()?;
        while self.take(",") {
            let operator = self.operator()?;
            left = format!("{} {operator} {}", grouped(left), grouped(self.either()?));
        }
        Some(left)
    }

    fn either(&mut self) -> Option<String> {
        let mut left = self.both()?;
        while self.take("or") || self.take("and/or") {
            left = format!("{left} OR {}", self.both()?);
        }
        Some(left)
    }

    fn both(&mut self) -> Option<String> {
        let mut left = self.one()?;
        while self.take("and") {
            left = format!("{left} AND {}", self.one()?);
        }
        Some(left)
    }

    fn one(&mut self) -> Option<String> {
        if self.take("(") {
            self.depth += 1;
            if self.depth > DEEPEST {
                return None;
            }
            let inner = self.weakest()?;
            self.depth -= 1;
            return self.take(")").then(|| grouped(inner));
        }
        let name = self.words()?;
        if !self.take("with") {
            return Some(self.licence(&name));
        }
        let exception = self.words()?;
        let id = licence_id(&name);
        match id.as_deref().and_then(|id| exception_id(&exception, id)) {
            Some(exception) => Some(format!("{} WITH {exception}", self.licence(&name))),
            // An exception we do not know is part of what the licence says.
            None => Some(self.refer(&format!("{name} with {exception}"))),
        }
    }

    /// Words up to the next operator.
    fn words(&mut self) -> Option<String> {
        let start = self.at;
        while self.peek().is_some_and(|token| !OPERATORS.iter().any(|word| token.eq_ignore_ascii_case(word)))
        {
            self.at += 1;
        }
        (self.at > start).then(|| self.tokens[start..self.at].join(" "))
    }

    fn licence(&mut self, name: &str) -> String {
        if let Some(id) = licence_id(name) {
            return id;
        }
        // A reference of the writer's own stays as it is; what it means is not written here.
        self.refer(name.strip_prefix("LicenseRef-").unwrap_or(name))
    }

    fn refer(&mut self, name: &str) -> String {
        let id = reference(name);
        self.references.insert(id.clone(), name.to_owned());
        id
    }
}

fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    for word in text.split_whitespace() {
        let mut rest = word;
        while let Some(at) = rest.find(['(', ')', ',']) {
            if at > 0 {
                tokens.push(&rest[..at]);
            }
            tokens.push(&rest[at..=at]);
            rest = &rest[at + 1..];
        }
        if !rest.is_empty() {
            tokens.push(rest);
        }
    }
    tokens
}

const OPERATORS: [&str; 7] = ["and", "or", "and/or", "with", "(", ")", ","];
/// Longer text is a licence, not its name.
const LONGEST_NAME: usize = 100;
const LONGEST_EXPRESSION: usize = 2000;
const DEEPEST: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        Licence::parse(text).expression.unwrap_or_default()
    }

    #[test]
    fn expressions_of_spdx_and_debian_read_the_same() {
        assert_eq!(parsed("MIT OR Apache-2.0"), "MIT OR Apache-2.0");
        assert_eq!(parsed("mit or (apache-2.0 and  isc)"), "MIT OR (Apache-2.0 AND ISC)");
        assert_eq!(parsed("GPL-2+ or Artistic, and Expat"), "(GPL-2.0-or-later OR Artistic-1.0) AND MIT");
        assert_eq!(parsed("GPL-3+ with GCC exception"), "GPL-3.0-or-later WITH GCC-exception-3.1");
        assert_eq!(parsed("Apache-2.0 WITH LLVM-exception"), "Apache-2.0 WITH LLVM-exception");
        assert_eq!(parsed("BSD 3-Clause License"), "BSD-3-Clause");
        assert_eq!(parsed(" \n"), "");
    }

    #[test]
    fn what_is_not_known_keeps_its_name() {
        let licence = Licence::parse("GPL-2+ with Plugin exception and Expat");
        let expression = licence.expression.unwrap_or_default();
        assert!(expression.starts_with("LicenseRef-GPL-2-with-Plugin-exception-"), "{expression}");
        assert!(expression.ends_with(" AND MIT"), "{expression}");
        let names: Vec<&String> = licence.references.values().collect();
        assert_eq!(names, ["GPL-2+ with Plugin exception"]);
        assert_eq!(parsed("public-domain"), "LicenseRef-public-domain");
        assert_eq!(parsed("LicenseRef-Own"), "LicenseRef-Own");
        assert!(parsed("MIT OR").starts_with("LicenseRef-MIT-OR"));
        assert_ne!(parsed("a/b"), parsed("a_b"));
        for junk in ["(", "((((", ")", ",", "and", "with x", &"(".repeat(5000), "é\u{1F600}", "--"] {
            assert!(parsed(junk).starts_with("LicenseRef-"), "{junk}");
        }
    }

    #[test]
    fn several_licences_are_joined_once_each() {
        let of = |texts: &[&str]| Licence::all(texts.iter().map(|text| Licence::parse(text))).expression;
        assert_eq!(of(&["MIT", "GPL-2 or MIT", "Expat"]).as_deref(), Some("(GPL-2.0-only OR MIT) AND MIT"));
        assert_eq!(of(&["GPL-2 or MIT"]).as_deref(), Some("GPL-2.0-only OR MIT"));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn python_metadata_says_it_in_three_ways() {
        let of = |text: &str| {
            let metadata = Metadata::parse("METADATA", &format!("Name: x\nVersion: 1\n{text}")).unwrap();
            Licence::of_distribution(&metadata).expression.unwrap_or_default()
        };
        assert_eq!(of("License-Expression: MIT OR Apache-2.0\nLicense: BSD\n"), "MIT OR Apache-2.0");
        assert_eq!(of("License: Apache 2.0\n"), "Apache-2.0");
        let bsd = "Classifier: License :: OSI Approved :: MIT License\n";
        assert_eq!(of(&format!("License: as the file says\n{bsd}")), "MIT");
        assert_eq!(of(&format!("License: Copyright (c)\n  Permission is hereby\n{bsd}")), "MIT");
        assert_eq!(of("Classifier: License :: OSI Approved :: BSD License\n"), "LicenseRef-BSD-License");
        assert_eq!(
            of("License: BSD\nClassifier: License :: OSI Approved :: BSD License\n"),
            "LicenseRef-BSD"
        );
        assert_eq!(of("Classifier: License :: OSI Approved\n"), "");
        assert_eq!(of(""), "");
    }
}

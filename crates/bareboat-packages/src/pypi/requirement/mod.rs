//! One dependency specifier: `name[extra] >=1 ; marker` or `name @ url ; marker` (PEP 508).

mod marker;
mod scan;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};

pub use marker::{Comparison, Marker, MarkerEnvironment};

use self::scan::Scanner;
use super::name::DistributionName;

/// What one dependency specifier asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// The distribution.
    pub name: DistributionName,
    /// Its extras.
    pub extras: BTreeSet<DistributionName>,
    /// Which versions, or where the file is.
    pub wanted: Wanted,
    /// When it applies; `None` means always.
    pub marker: Option<Marker>,
}

/// Which distribution a requirement accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Any version inside the specifiers; empty means any.
    Versions(VersionSpecifiers),
    /// The one at this URL or path.
    Url(String),
}

impl Requirement {
    /// A requirement for any version of `name`.
    pub fn any(name: DistributionName) -> Self {
        let wanted = Wanted::Versions(VersionSpecifiers::empty());
        Self { name, extras: BTreeSet::new(), wanted, marker: None }
    }

    /// True when it applies in `environment`.
    pub fn applies(&self, environment: &MarkerEnvironment) -> bool {
        self.marker.as_ref().is_none_or(|marker| marker.evaluate(environment))
    }

    /// The version of a lone `==` or `===` pin without wildcard.
    pub fn pinned(&self) -> Option<Version> {
        let Wanted::Versions(specifiers) = &self.wanted else {
            return None;
        };
        match &specifiers[..] {
            [one]
                if matches!(one.operator(), pep440_rs::Operator::Equal | pep440_rs::Operator::ExactEqual) =>
            {
                Some(one.version().clone())
            }
            _ => None,
        }
    }
}

impl FromStr for Requirement {
    type Err = RequirementError;

    fn from_str(text: &str) -> Result<Self, RequirementError> {
        let mut scanner = Scanner::new(text);
        let name = scan_name(&mut scanner, "a name")?;
        let extras = scan_extras(&mut scanner)?;
        let wanted = match scanner.take_symbol("@") {
            true => Wanted::Url(scan_url(&mut scanner)?),
            false => Wanted::Versions(scan_versions(&mut scanner)?),
        };
        let marker = match scanner.take_symbol(";") {
            true => Some(Marker::scan(&mut scanner)?),
            false => None,
        };
        scanner.expect_end()?;
        Ok(Self { name, extras, wanted, marker })
    }
}

fn scan_name(scanner: &mut Scanner<'_>, what: &str) -> Result<DistributionName, RequirementError> {
    let word = scanner.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    DistributionName::new(word).map_err(|_| scanner.error(&format!("{what} is missing")))
}

fn scan_extras(scanner: &mut Scanner<'_>) -> Result<BTreeSet<DistributionName>, RequirementError> {
    let mut extras = BTreeSet::new();
    if !scanner.take_symbol("[") || scanner.take_symbol("]") {
        return Ok(extras);
    }
    loop {
        extras.insert(scan_name(scanner, "the name of an extra")?);
        if scanner.take_symbol("]") {
            return Ok(extras);
        }
        if !scanner.take_symbol(",") {
            return Err(scanner.error("`]` is missing"));
        }
    }
}

fn scan_url(scanner: &mut Scanner<'_>) -> Result<String, RequirementError> {
    match scanner.take_while(|c| !c.is_whitespace()) {
        "" => Err(scanner.error("the URL is missing")),
        url => Ok(url.to_owned()),
    }
}

fn scan_versions(scanner: &mut Scanner<'_>) -> Result<VersionSpecifiers, RequirementError> {
    scanner.skip_space();
    let at = scanner.error("");
    let parenthesised = scanner.take_symbol("(");
    let text = scanner.take_while(|c| !matches!(c, ';' | ')' | '(' | '@'));
    if parenthesised && !scanner.take_symbol(")") {
        return Err(scanner.error("`)` is missing"));
    }
    // A trailing comma is accepted by every installer although the grammar has none.
    let text = text.trim().trim_end_matches(',');
    if text.is_empty() {
        return Ok(VersionSpecifiers::empty());
    }
    VersionSpecifiers::from_str(text)
        .map_err(|_| at.because(&format!("`{}` is not a version specifier", clip(text))))
}

fn clip(text: &str) -> String {
    text.chars().take(60).collect()
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)?;
        for (index, extra) in self.extras.iter().enumerate() {
            write!(f, "{}{extra}", if index == 0 { "[" } else { "," })?;
        }
        if !self.extras.is_empty() {
            f.write_str("]")?;
        }
        match &self.wanted {
            Wanted::Url(url) => write!(f, " @ {url}")?,
            Wanted::Versions(specifiers) => {
                let texts: Vec<String> = specifiers.iter().map(ToString::to_string).collect();
                f.write_str(&texts.join(","))?;
            }
        }
        match &self.marker {
            Some(marker) => write!(f, " ; {marker}"),
            None => Ok(()),
        }
    }
}

/// A dependency specifier or marker that breaks the grammar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequirementError {
    text: String,
    column: usize,
    why: String,
}

impl RequirementError {
    fn new(text: &str, column: usize, why: &str) -> Self {
        Self { text: text.chars().take(300).collect(), column, why: why.to_owned() }
    }

    fn because(self, why: &str) -> Self {
        Self { why: why.to_owned(), ..self }
    }

    /// Where it was noticed: bytes from the start of the specifier.
    pub fn column(&self) -> usize {
        self.column
    }
}

impl fmt::Display for RequirementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", crate::pypi::redact::redact_text(&self.text), self.why)
    }
}

impl std::error::Error for RequirementError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Requirement {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn reads_names_extras_versions_and_markers() {
        let requirement = parse("Uvicorn [standard, Ws_Proto] >=0.30,<1 ; python_version >= '3.8'");
        assert_eq!(
            requirement.to_string(),
            "uvicorn[standard,ws-proto]>=0.30,<1 ; python_version >= \"3.8\""
        );
        assert_eq!(parse("flask").to_string(), "flask");
        assert_eq!(parse("flask (>=2.0)").to_string(), "flask>=2.0");
        assert_eq!(parse("flask>=2,").to_string(), "flask>=2");
        assert_eq!(parse("a[]~=1.4.2").to_string(), "a~=1.4.2");
        assert_eq!(parse("flask==3.0.3").pinned().unwrap().to_string(), "3.0.3");
        assert_eq!(parse("flask==3.*").pinned(), None);
    }

    #[test]
    fn reads_urls_up_to_white_space() {
        let requirement =
            parse("pip @ https://index.test/pip-1.0-py3-none-any.whl#sha256=aa;b ; os_name=='posix'");
        assert_eq!(
            requirement.wanted,
            Wanted::Url("https://index.test/pip-1.0-py3-none-any.whl#sha256=aa;b".to_owned())
        );
        assert!(requirement.marker.is_some());
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, why) in [
            ("", "a name is missing"),
            ("flask[", "the name of an extra is missing"),
            ("flask[a b]", "`]` is missing"),
            ("flask >> 1", "is not a version specifier"),
            ("flask @", "the URL is missing"),
            ("flask ; nonsense == 'x'", "is not a marker variable"),
            ("flask (>=1", "`)` is missing"),
            ("flask==1 extra words", "is not a version specifier"),
        ] {
            let error = text.parse::<Requirement>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}

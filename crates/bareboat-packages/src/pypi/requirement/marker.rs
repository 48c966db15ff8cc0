//! Environment markers: parsed once, evaluated for a target (dependency specifiers, "Environment Markers").
//!
//! Also understands the `extras` and `dependency_groups` sets that lock files may ask about (PEP 751). Comparison
//! follows the specification as amended: version rules for version-like variables, equality otherwise, and an
//! ordering of texts that are no versions is never true.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifier};

use super::RequirementError;
use super::scan::Scanner;
use crate::pypi::name::DistributionName;
use crate::pypi::target::Target;

/// A parsed marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Marker {
    /// True when one part is.
    Any(Vec<Marker>),
    /// True when all parts are.
    All(Vec<Marker>),
    /// A comparison.
    Compare(Comparison),
}

/// One comparison of a marker, such as `python_version < "3.12"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    left: Operand,
    operator: String,
    right: Operand,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Operand {
    Variable(Variable),
    Text(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Variable {
    ImplementationName,
    ImplementationVersion,
    OsName,
    PlatformMachine,
    PlatformPythonImplementation,
    PlatformRelease,
    PlatformSystem,
    PlatformVersion,
    PythonFullVersion,
    PythonVersion,
    SysPlatform,
    Extra,
    Extras,
    DependencyGroups,
}

/// What a marker is evaluated against: a target, and which extras and dependency groups are wanted.
#[derive(Debug, Clone)]
pub struct MarkerEnvironment {
    target: Target,
    /// Extras that are active.
    pub extras: BTreeSet<DistributionName>,
    /// Dependency groups that are active.
    pub groups: BTreeSet<DistributionName>,
    /// Raw values for which `extra == "…"` holds besides the names in `extras`, as written in a lock.
    pub raw_extras: BTreeSet<String>,
}

impl MarkerEnvironment {
    /// The environment of `target` without extras or groups.
    pub fn new(target: &Target) -> Self {
        let (extras, groups, raw_extras) = Default::default();
        Self { target: target.clone(), extras, groups, raw_extras }
    }

    /// What markers are evaluated for.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The same target with `extras` active.
    pub fn with_extras(&self, extras: BTreeSet<DistributionName>) -> Self {
        Self { extras, ..self.clone() }
    }

    /// Every variable with its value, as the target's own interpreter would report it, except that kernel
    /// release and version are empty: an image does not know which kernel will run it.
    pub fn variables(&self) -> [(&'static str, String); 11] {
        VARIABLES[..11]
            .iter()
            .map(|&(name, variable)| (name, self.value(variable)))
            .collect::<Vec<_>>()
            .try_into()
            .expect("eleven variables give eleven values")
    }

    fn value(&self, variable: Variable) -> String {
        let text = match variable {
            Variable::ImplementationName => "cpython",
            Variable::OsName => "posix",
            Variable::PlatformMachine => self.target.architecture.machine(),
            Variable::PlatformPythonImplementation => "CPython",
            Variable::PlatformSystem => "Linux",
            Variable::SysPlatform => "linux",
            Variable::PythonVersion => return self.target.python.short(),
            Variable::PythonFullVersion | Variable::ImplementationVersion => {
                return self.target.python.to_string();
            }
            Variable::PlatformRelease | Variable::PlatformVersion => "",
            Variable::Extra | Variable::Extras | Variable::DependencyGroups => "",
        };
        text.to_owned()
    }
}

impl Marker {
    /// True when the marker holds in `environment`.
    pub fn evaluate(&self, environment: &MarkerEnvironment) -> bool {
        match self {
            Self::Any(parts) => parts.iter().any(|part| part.evaluate(environment)),
            Self::All(parts) => parts.iter().all(|part| part.evaluate(environment)),
            Self::Compare(comparison) => comparison.evaluate(environment),
        }
    }

    /// Reads a marker up to the end of the scanner's text.
    pub(super) fn scan(scanner: &mut Scanner<'_>) -> Result<Self, RequirementError> {
        Self::scan_any(scanner, 0)
    }

    fn scan_any(scanner: &mut Scanner<'_>, depth: usize) -> Result<Self, RequirementError> {
        let mut parts = vec![Self::scan_all(scanner, depth)?];
        while scanner.take_word("or") {
            parts.push(Self::scan_all(scanner, depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Self::Any(parts) })
    }

    fn scan_all(scanner: &mut Scanner<'_>, depth: usize) -> Result<Self, RequirementError> {
        let mut parts = vec![Self::scan_one(scanner, depth)?];
        while scanner.take_word("and") {
            parts.push(Self::scan_one(scanner, depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Self::All(parts) })
    }

    fn scan_one(scanner: &mut Scanner<'_>, depth: usize) -> Result<Self, RequirementError> {
        if !scanner.take_symbol("(") {
            return Comparison::scan(scanner).map(Self::Compare);
        }
        if depth == MAX_DEPTH {
            return Err(scanner.error("the marker is nested too deeply"));
        }
        let inner = Self::scan_any(scanner, depth + 1)?;
        if !scanner.take_symbol(")") {
            return Err(scanner.error("`)` is missing"));
        }
        Ok(inner)
    }
}

impl FromStr for Marker {
    type Err = RequirementError;

    fn from_str(text: &str) -> Result<Self, RequirementError> {
        let mut scanner = Scanner::new(text);
        let marker = Self::scan(&mut scanner)?;
        scanner.expect_end()?;
        Ok(marker)
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, word) = match self {
            Self::Compare(comparison) => return comparison.fmt(f),
            Self::Any(parts) => (parts, "or"),
            Self::All(parts) => (parts, "and"),
        };
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                write!(f, " {word} ")?;
            }
            match part {
                Self::Compare(comparison) => comparison.fmt(f)?,
                nested => write!(f, "({nested})")?,
            }
        }
        Ok(())
    }
}

impl Comparison {
    fn scan(scanner: &mut Scanner<'_>) -> Result<Self, RequirementError> {
        let left = Operand::scan(scanner)?;
        let operator = match OPERATORS.iter().find(|symbol| scanner.take_symbol(symbol)) {
            Some(symbol) => (*symbol).to_owned(),
            None if scanner.take_word("in") => "in".to_owned(),
            None if scanner.take_word("not") && scanner.take_word("in") => "not in".to_owned(),
            None => return Err(scanner.error("a comparison is missing, such as `==` or `in`")),
        };
        let right = Operand::scan(scanner)?;
        let comparison = Self { left, operator, right };
        if comparison.variable().is_none() {
            return Err(scanner.error("neither side is a variable"));
        }
        Ok(comparison)
    }

    fn variable(&self) -> Option<Variable> {
        match (&self.left, &self.right) {
            (Operand::Variable(variable), _) | (_, Operand::Variable(variable)) => Some(*variable),
            _ => None,
        }
    }

    fn evaluate(&self, environment: &MarkerEnvironment) -> bool {
        let text = |operand: &Operand| match operand {
            Operand::Variable(variable) => environment.value(*variable),
            Operand::Text(text) => text.clone(),
        };
        let (left, right) = (text(&self.left), text(&self.right));
        match self.variable() {
            Some(Variable::Extra) => {
                let wanted = if left.is_empty() { right } else { left };
                let active = environment.raw_extras.contains(&wanted) || has(&environment.extras, &wanted);
                active == (self.operator != "!=")
            }
            Some(Variable::Extras) => has(&environment.extras, &left) == (self.operator != "not in"),
            Some(Variable::DependencyGroups) => {
                has(&environment.groups, &left) == (self.operator != "not in")
            }
            Some(
                Variable::PythonVersion
                | Variable::PythonFullVersion
                | Variable::ImplementationVersion
                | Variable::PlatformRelease,
            ) => compare_versions(&left, &self.operator, &right),
            _ => compare_texts(&left, &self.operator, &right),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.left, self.operator, self.right)
    }
}

impl Operand {
    fn scan(scanner: &mut Scanner<'_>) -> Result<Self, RequirementError> {
        if let Some(text) = scanner.take_quoted()? {
            return Ok(Self::Text(text));
        }
        let word = scanner.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
        let known = VARIABLES.iter().find(|(name, _)| *name == word);
        known
            .map(|(_, variable)| Self::Variable(*variable))
            .ok_or_else(|| scanner.error(&format!("`{word}` is not a marker variable")))
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) if text.contains('"') => write!(f, "'{text}'"),
            Self::Text(text) => write!(f, "\"{text}\""),
            Self::Variable(variable) => {
                let name = VARIABLES.iter().find(|(_, known)| known == variable).map_or("", |(name, _)| name);
                f.write_str(name)
            }
        }
    }
}

fn has(names: &BTreeSet<DistributionName>, wanted: &str) -> bool {
    DistributionName::new(wanted).is_ok_and(|name| names.contains(&name))
}

fn compare_versions(left: &str, operator: &str, right: &str) -> bool {
    let Ok(specifier) = VersionSpecifier::from_str(&format!("{operator}{right}")) else {
        return compare_texts(left, operator, right);
    };
    Version::from_str(left).is_ok_and(|version| specifier.contains(&version))
}

fn compare_texts(left: &str, operator: &str, right: &str) -> bool {
    match operator {
        "==" | "===" | "<=" | ">=" => left == right,
        "!=" => left != right,
        "in" => right.contains(left),
        "not in" => !right.contains(left),
        _ => false,
    }
}

/// No marker in use nests deeper than a handful.
const MAX_DEPTH: usize = 32;

/// Longest first, so that `==` does not hide `===`.
const OPERATORS: [&str; 8] = ["===", "==", "~=", "!=", "<=", ">=", "<", ">"];

/// The specification's variables, then the spellings from before PEP 508 that old metadata still holds.
const VARIABLES: [(&str, Variable); 20] = [
    ("implementation_name", Variable::ImplementationName),
    ("implementation_version", Variable::ImplementationVersion),
    ("os_name", Variable::OsName),
    ("platform_machine", Variable::PlatformMachine),
    ("platform_python_implementation", Variable::PlatformPythonImplementation),
    ("platform_release", Variable::PlatformRelease),
    ("platform_system", Variable::PlatformSystem),
    ("platform_version", Variable::PlatformVersion),
    ("python_full_version", Variable::PythonFullVersion),
    ("python_version", Variable::PythonVersion),
    ("sys_platform", Variable::SysPlatform),
    ("extra", Variable::Extra),
    ("extras", Variable::Extras),
    ("dependency_groups", Variable::DependencyGroups),
    ("os.name", Variable::OsName),
    ("sys.platform", Variable::SysPlatform),
    ("platform.version", Variable::PlatformVersion),
    ("platform.machine", Variable::PlatformMachine),
    ("platform.python_implementation", Variable::PlatformPythonImplementation),
    ("python_implementation", Variable::PlatformPythonImplementation),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deb::Architecture;
    use crate::pypi::target::PythonVersion;

    fn environment() -> MarkerEnvironment {
        MarkerEnvironment::new(&Target::new(PythonVersion::new(3, 13, 5), (2, 41), Architecture::Amd64))
    }

    fn holds(text: &str) -> bool {
        text.parse::<Marker>().unwrap_or_else(|error| panic!("{text}: {error}")).evaluate(&environment())
    }

    #[test]
    fn compares_versions_as_versions() {
        for text in [
            "python_version >= '3.9'",
            "python_version == '3.13'",
            "python_version == '3.*'",
            "python_full_version == '3.13.5'",
            "python_full_version ~= '3.13.2'",
            "'3.8' < python_version",
            "python_version in '3.12 3.13'",
            "python_version not in '2.7, 3.5'",
            "implementation_version > '3.9.1'",
            "python_version < '4' and (os_name == 'nt' or sys_platform == 'linux')",
            "os.name == 'posix' and python_implementation == 'CPython'",
            "extra != 'socks'",
        ] {
            assert!(holds(text), "{text}");
        }
    }

    #[test]
    fn leaves_out_other_platforms_and_older_interpreters() {
        for text in [
            "sys_platform == 'win32'",
            "platform_machine == 'aarch64'",
            "python_version < '3.9'",
            "platform_system == 'Darwin' or platform_system == 'Windows'",
            "platform_python_implementation == 'PyPy'",
            "platform_release >= '5'",
            "extra == 'socks'",
            "sys_platform > 'a'",
        ] {
            assert!(!holds(text), "{text}");
        }
    }

    #[test]
    fn knows_active_extras_and_groups() {
        let mut environment = environment();
        environment.extras.insert(DistributionName::new("Standard_Extra").unwrap());
        environment.groups.insert(DistributionName::new("prod").unwrap());
        for (text, expected) in [
            ("extra == 'standard.extra'", true),
            ("'standard-extra' == extra", true),
            ("extra != 'standard-extra'", false),
            ("'standard-extra' in extras", true),
            ("'other' in extras", false),
            ("'prod' in dependency_groups", true),
            ("'prod' not in dependency_groups", false),
        ] {
            assert_eq!(text.parse::<Marker>().unwrap().evaluate(&environment), expected, "{text}");
        }
    }

    #[test]
    fn says_where_a_marker_is_wrong() {
        for (text, column) in [
            ("python_version", 14),
            ("pyton == '3'", 5),
            ("os_name == 'posix", 11),
            ("(os_name == 'x'", 15),
            ("'a' == 'b'", 10),
        ] {
            let error = text.parse::<Marker>().unwrap_err();
            assert_eq!(error.column(), column, "{text}: {error}");
        }
        assert!("(".repeat(1000).parse::<Marker>().is_err());
    }

    #[test]
    fn prints_what_it_read() {
        let text = "python_version < \"3.12\" and (extra == \"a\" or os_name != \"nt\")";
        assert_eq!(text.parse::<Marker>().unwrap().to_string(), text);
    }
}

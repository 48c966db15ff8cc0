//! Names and versions inside a wheel: do they mean the same distribution?
//!
//! Follows PyPA's name normalisation (PEP 503) and version specifiers (PEP 440).

use std::str::FromStr;

use pep440_rs::Version;

use super::WheelError;
use super::archive::Archive;

/// The project name as everybody compares it: lower case, runs of `-`, `_`, `.` as one `-`.
pub(super) fn normalized(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for part in name.split(['-', '_', '.']).filter(|part| !part.is_empty()) {
        if !normal.is_empty() {
            normal.push('-');
        }
        normal.push_str(&part.to_ascii_lowercase());
    }
    normal
}

/// ASCII letters, digits, `-`, `_` and `.`, the first and last one a letter or digit.
pub(super) fn is_project_name(name: &str) -> bool {
    let ends_well = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    ends_well(name.chars().next())
        && ends_well(name.chars().next_back())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// Whether two versions are one, `escaped` being written with `_` for `-` as in file names.
pub(super) fn same_version(escaped: &str, version: &str) -> bool {
    let parse = |text: &str| Version::from_str(&text.replace('_', "-")).ok();
    escaped == version.replace('-', "_")
        || matches!((parse(escaped), parse(version)), (Some(a), Some(b)) if a == b)
}

/// `NAME-VERSION` of the only `.dist-info` directory at the top of the archive.
pub(super) fn dist_info_stem(archive: &Archive) -> Result<String, WheelError> {
    let mut found: Option<&str> = None;
    for name in archive.members.keys() {
        let Some((top, _)) = name.split_once('/') else { continue };
        let Some(stem) = top.strip_suffix(".dist-info") else { continue };
        match found {
            Some(first) if first != stem => {
                let named = |stem: &str| format!("{stem}.dist-info");
                return Err(WheelError::SeveralDistInfo { first: named(first), second: named(stem) });
            }
            _ => found = Some(stem),
        }
    }
    found.map(str::to_owned).ok_or_else(|| WheelError::Missing { name: "NAME-VERSION.dist-info".into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_names_and_versions_as_the_index_does() {
        assert_eq!(normalized("Zope.__Interface"), "zope-interface");
        assert!(same_version("1.0", "1.0.0") && same_version("1.0+cu_12", "1.0+cu.12"));
        assert!(same_version("2004d_x", "2004d-x") && !same_version("1.0", "1.1"));
        assert!(is_project_name("a") && is_project_name("a.b_c-D1"));
        for bad in ["", "..", "-a", "a/b", "a b", "é"] {
            assert!(!is_project_name(bad), "{bad}");
        }
    }
}

//! Python in an image: interpreters, and the directories their packages are in.

use std::collections::BTreeSet;

use bareboat_image::TreePath;

use super::Facts;

/// A CPython.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interpreter {
    /// Its minor version: 13 for 3.13.
    pub minor: u32,
    /// Its program's real path; a standard library may be there without one.
    pub program: Option<TreePath>,
    /// Its standard library.
    pub library: Option<TreePath>,
}

/// A directory of packages that belongs to a Python version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SiteDirectory {
    /// `…/lib/python3.13/site-packages`.
    pub path: TreePath,
    /// 13 for `python3.13`; `None` for Debian's directory for all versions.
    pub minor: Option<u32>,
    /// The root of the virtual environment that it is in, if it is in one.
    pub environment: Option<TreePath>,
}

/// Interpreters by their programs and by their standard libraries.
pub(super) fn interpreters(facts: &Facts) -> Vec<Interpreter> {
    let mut found: BTreeSet<Interpreter> = BTreeSet::new();
    let mut libraries: Vec<(u32, TreePath)> = Vec::new();
    let mut programs: Vec<(u32, TreePath)> = Vec::new();
    for path in facts.tree().entries.keys() {
        let name = path.file_name();
        if name == b"os.py" || name == b"os.pyc" {
            let library = path.parent().unwrap_or_default();
            libraries.extend(minor_of(library.file_name()).map(|minor| (minor, library)));
        } else if let Some(minor) = minor_of(name) {
            let real = facts
                .real(path)
                .filter(|real| facts.content(real).is_some_and(|content| content.elf().is_some()));
            programs.extend(real.map(|real| (minor, real)));
        }
    }
    libraries.sort();
    libraries.dedup();
    programs.sort();
    programs.dedup();
    for (minor, program) in &programs {
        // The program's own: `/usr/local/bin/python3.13` reads `/usr/local/lib/python3.13`.
        let prefix = program.parent().and_then(|bin| bin.parent()).unwrap_or_default();
        let of_version = || libraries.iter().filter(|(other, _)| other == minor).map(|(_, library)| library);
        let library =
            of_version().find(|library| library.starts_with(&prefix)).or_else(|| of_version().next());
        found.insert(Interpreter {
            minor: *minor,
            program: Some(program.clone()),
            library: library.cloned(),
        });
    }
    for (minor, library) in libraries {
        if !found.iter().any(|interpreter| interpreter.library.as_ref() == Some(&library)) {
            found.insert(Interpreter { minor, program: None, library: Some(library) });
        }
    }
    found.into_iter().collect()
}

/// Directories of packages that hold something.
pub(super) fn sites(facts: &Facts) -> Vec<SiteDirectory> {
    let is_site = |path: &&TreePath| matches!(path.file_name(), b"site-packages" | b"dist-packages");
    let mut sites = BTreeSet::new();
    for path in facts.tree().entries.keys().filter(is_site) {
        if !facts.is_directory(path) || facts.tree().below(path).next().is_none() {
            continue;
        }
        let parent = path.parent().unwrap_or_default();
        let minor = minor_of(parent.file_name());
        if minor.is_none() && parent.file_name() != b"python3" {
            continue;
        }
        let environment = parent.parent().and_then(|lib| lib.parent());
        let environment = environment
            .filter(|root| root.join("pyvenv.cfg").is_ok_and(|file| facts.tree().get(&file).is_some()));
        sites.insert(SiteDirectory { path: path.clone(), minor, environment });
    }
    sites.into_iter().collect()
}

/// 13 for `python3.13` and `python3.13t`.
fn minor_of(name: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(name).ok()?.strip_prefix("python3.")?;
    let digits = digits.strip_suffix('t').unwrap_or(digits);
    digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

impl Facts {
    /// Minor versions of interpreters that are there.
    pub fn python_versions(&self) -> BTreeSet<u32> {
        self.interpreters.iter().map(|interpreter| interpreter.minor).collect()
    }

    /// The directory of packages that `path` is or is in.
    pub fn site_of(&self, path: &TreePath) -> Option<&SiteDirectory> {
        let mut directory = Some(path.clone());
        while let Some(at) = directory {
            // They are in the order of their paths.
            if let Ok(index) = self.sites.binary_search_by(|site| site.path.cmp(&at)) {
                return self.sites.get(index);
            }
            directory = at.parent();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_names() {
        assert_eq!(minor_of(b"python3.13"), Some(13));
        assert_eq!(minor_of(b"python3.13t"), Some(13));
        for name in [&b"python3"[..], b"python3.", b"python3.13-config", b"python2.7", b"python3.+1"] {
            assert_eq!(minor_of(name), None);
        }
    }
}

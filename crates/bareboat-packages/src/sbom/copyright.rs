//! Debian's copyright files (Policy 12.5): which licences a package is under.
//!
//! Read are machine-readable files (DEP-5, copyright-format 1.0), and in others the names of the licences that Debian
//! keeps in `/usr/share/common-licenses`. A reference there does not say whether later versions may be chosen, so such a
//! name is a certain licence only where that makes no difference.

use std::collections::BTreeSet;

use super::Licence;
use super::licence_names::licence_id;
use crate::deb::paragraphs;

/// The licences that a package's copyright file names; nothing when it names none.
pub fn copyright_licences(text: &str) -> Licence {
    // Some people put a signature's or an editor's line before the format.
    let is_machine_readable = text.lines().take(5).any(|line| {
        let line = line.to_ascii_lowercase();
        line.starts_with("format") && (line.contains("copyright-format") || line.contains("dep5"))
    });
    if is_machine_readable {
        let licences = machine_readable(text);
        if licences.expression.is_some() {
            return licences;
        }
    }
    common(text)
}

/// The licences of all paragraphs about files. Those about a licence alone only spell it out.
fn machine_readable(text: &str) -> Licence {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for paragraph in paragraphs(text) {
        let (files, licence) = (paragraph.get("Files"), paragraph.get("License"));
        // The packaging itself is not in the package.
        let is_packaging =
            files.is_some_and(|files| files.split_whitespace().all(|file| file.starts_with("debian/")));
        if files.is_none() || is_packaging {
            continue;
        }
        names.extend(
            licence.and_then(|licence| licence.lines().next()).map(str::trim).filter(|name| !name.is_empty()),
        );
    }
    Licence::all(names.into_iter().take(MOST_NAMES).map(Licence::parse))
}

fn common(text: &str) -> Licence {
    const PLACE: &str = "/usr/share/common-licenses/";
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for (at, _) in text.match_indices(PLACE) {
        let rest = &text[at + PLACE.len()..];
        let end =
            rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '.')).unwrap_or(rest.len());
        names.insert(rest[..end].trim_end_matches(['.', '-']));
    }
    names.remove("");
    let certain = |name: &str| {
        let has_later = ["GPL", "LGPL", "GFDL"].iter().any(|family| name.starts_with(family));
        match licence_id(name).filter(|_| !has_later) {
            Some(id) => Licence { expression: Some(id), ..Licence::default() },
            None => Licence::named(name),
        }
    };
    Licence::all(names.into_iter().take(MOST_NAMES).map(certain))
}

/// Different licences of one package: no real package has a tenth.
const MOST_NAMES: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_readable_files_name_the_licence_of_every_file() {
        let text = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\
                    Upstream-Name: x\n\n\
                    Files: *\nCopyright: 2020 A\nLicense: GPL-2+ or Artistic\n text\n\n\
                    Files: a b\nCopyright: B\nLicense: Expat\n\n\
                    Files: debian/*\nLicense: GPL-3+\n\n\
                    License: Expat\n Permission is hereby granted\n";
        let licence = copyright_licences(text);
        assert_eq!(licence.expression.as_deref(), Some("(GPL-2.0-or-later OR Artistic-1.0) AND MIT"));
        assert!(licence.references.is_empty());
    }

    #[test]
    fn others_name_common_licences_and_no_more_than_that_is_said() {
        let text = "see /usr/share/common-licenses/GPL-2. And `/usr/share/common-licenses/Apache-2.0',\n\
                    /usr/share/common-licenses/GPL-2, /usr/share/common-licenses/";
        let licence = copyright_licences(text);
        assert_eq!(licence.expression.as_deref(), Some("Apache-2.0 AND LicenseRef-GPL-2"));
        assert_eq!(licence.references.get("LicenseRef-GPL-2").map(String::as_str), Some("GPL-2"));
        assert_eq!(copyright_licences("do what you like"), Licence::default());
    }
}

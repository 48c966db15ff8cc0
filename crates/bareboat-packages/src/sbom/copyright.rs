//! Debian's copyright files (Policy 12.5): which licences a package is under.
//!
//! Machine-readable files (DEP-5, copyright-format 1.0) say which licences the files are under. Of others only the names
//! are noted that refer to Debian's `/usr/share/common-licenses`: they say neither that these are all licences nor
//! whether later versions may be chosen.

use std::collections::BTreeSet;

use super::Licence;
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

/// The names that a text refers to. It has other licences besides, which nobody can tell.
fn common(text: &str) -> Licence {
    const PLACE: &str = "/usr/share/common-licenses/";
    let mut mentions: BTreeSet<String> = BTreeSet::new();
    for (at, _) in text.match_indices(PLACE) {
        let rest = &text[at + PLACE.len()..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '.'));
        let name = rest[..end.unwrap_or(rest.len())].trim_end_matches(['.', '-']);
        if !name.is_empty() && mentions.len() < MOST_NAMES {
            mentions.insert(name.chars().take(LONGEST_NAME).collect());
        }
    }
    Licence { mentions, ..Licence::default() }
}

/// A file's name is not longer.
const LONGEST_NAME: usize = 255;
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
    fn others_mention_common_licences_and_no_more_than_that_is_said() {
        let text = "see /usr/share/common-licenses/GPL-2. And `/usr/share/common-licenses/Apache-2.0',\n\
                    /usr/share/common-licenses/GPL-2, /usr/share/common-licenses/";
        let licence = copyright_licences(text);
        assert_eq!(licence.expression, None, "it does not say that these are all");
        assert_eq!(licence.mentions.into_iter().collect::<Vec<_>>(), ["Apache-2.0", "GPL-2"]);
        assert_eq!(copyright_licences("do what you like"), Licence::default());
    }
}

//! INI files as Python's tools write them: `setup.cfg`, `pip.conf`.

use std::collections::BTreeMap;

/// Sections by name, keys by lower-case name with `-` for `_`, and the lines of each value with their numbers.
pub(super) type Ini = BTreeMap<String, BTreeMap<String, Vec<IniLine>>>;

/// One line of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IniLine {
    /// The line in the file, from 1.
    pub(super) number: usize,
    /// Its text, trimmed and not empty.
    pub(super) text: String,
}

/// Reads `text`; lines that are neither section, key nor continuation are passed over.
pub(super) fn parse_ini(text: &str) -> Ini {
    let mut ini = Ini::new();
    let (mut section, mut key) = (None, None);
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        let indented = line.starts_with(char::is_whitespace);
        if let Some(name) =
            trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).filter(|_| !indented)
        {
            ini.entry(name.trim().to_owned()).or_default();
            section = Some(name.trim().to_owned());
            key = None;
            continue;
        }
        let value = match (indented, trimmed.split_once(['=', ':'])) {
            (true, _) => trimmed,
            (false, Some((name, value))) => {
                key = Some(name.trim().to_ascii_lowercase().replace('_', "-"));
                value.trim()
            }
            (false, None) => continue,
        };
        let (Some(section), Some(key)) = (&section, &key) else { continue };
        let lines = ini.entry(section.clone()).or_default().entry(key.clone()).or_default();
        if !value.is_empty() {
            lines.push(IniLine { number: index + 1, text: value.to_owned() });
        }
    }
    ini
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sections_continuations_and_comments() {
        let ini = parse_ini(
            "stray\n[a b]\nKey_One = 1\n# no\n    2 # kept\n[c]\nk: v\n\n  [w]\nempty =\n[broken\n= x",
        );
        let texts = |section: &str, key: &str| -> Vec<String> {
            ini[section][key].iter().map(|line| format!("{} {}", line.number, line.text)).collect()
        };
        assert_eq!(texts("a b", "key-one"), ["3 1", "5 2 # kept"]);
        assert_eq!(texts("c", "k"), ["7 v", "9 [w]"]);
        assert!(ini["c"]["empty"].is_empty());
    }
}

//! Files: whether they are there, whose they are, what is in them.

use std::collections::BTreeMap;

use bareboat_image::{Entry, Kind, TreePath};

use super::schema::{ContentTest, ExistenceTest};
use crate::facts::Facts;

pub(super) fn existence(test: &ExistenceTest, facts: &Facts) -> Vec<String> {
    let path = &test.path;
    let found = find(facts, path);
    let entry = match (found, test.should_exist) {
        (None, true) => return vec![format!("`{path}` does not exist")],
        (Some(_), false) => return vec![format!("`{path}` exists, and should not")],
        (None, false) => return Vec::new(),
        (Some(entry), true) => entry,
    };
    let mut faults = Vec::new();
    let mode = mode_text(&entry);
    if let Some(wanted) = test.permissions.as_ref().filter(|wanted| **wanted != mode) {
        faults.push(format!("the permissions of `{path}` are `{mode}`, not `{wanted}`"));
    }
    for (what, wanted, found) in [("user", test.uid, entry.owner.uid), ("group", test.gid, entry.owner.gid)] {
        if let Some(wanted) = wanted.filter(|wanted| *wanted != found) {
            faults.push(format!("`{path}` belongs to {what} {found}, not {wanted}"));
        }
    }
    if let Some((who, _)) = test.executable_by.as_ref().filter(|(_, bits)| entry.mode & bits == 0) {
        faults.push(format!("`{path}` is not executable by {who}: its permissions are `{mode}`"));
    }
    faults
}

/// The entry at `path`: links are followed on the way, and the last one is not.
fn find(facts: &Facts, path: &str) -> Option<Entry> {
    let path = path.trim_end_matches('/');
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    if name.is_empty() || name == "." || name == ".." {
        return facts.at(path).and_then(|path| entry(facts, &path));
    }
    let directory = facts.at(directory)?;
    entry(facts, &directory.join(name).ok()?)
}

fn entry(facts: &Facts, path: &TreePath) -> Option<Entry> {
    match facts.tree().get(path) {
        Some(Entry { kind: Kind::HardLink { target }, .. }) => facts.tree().get(target).cloned(),
        Some(entry) => Some(entry.clone()),
        // A directory that no layer lists: engines make it like this.
        None => facts.is_directory(path).then(|| Entry::directory(0o755)),
    }
}

pub(super) fn content(
    test: &ContentTest,
    facts: &Facts,
    contents: &BTreeMap<TreePath, Vec<u8>>,
) -> Vec<String> {
    let path = &test.path;
    let Some(real) =
        facts.at(path).filter(|real| facts.tree().get(real).is_some() || facts.is_directory(real))
    else {
        return vec![format!("`{path}` does not exist")];
    };
    let Some(content) = contents.get(&real) else {
        return vec![format!("`{path}` is no regular file, or too large to read")];
    };
    let mut faults = Vec::new();
    test.content.judge(&format!("`{path}`"), content, &mut faults);
    faults
}

/// Type and permissions as Go prints them (`io/fs`, `FileMode.String`): `-rw-r--r--`, `drwxr-xr-x`, `Lrwxrwxrwx`,
/// `urwxr-xr-x` with the setuid bit. It is what these tests are written with.
fn mode_text(entry: &Entry) -> String {
    let mut text = String::new();
    text.push_str(match entry.kind {
        Kind::Directory => "d",
        Kind::Symlink { .. } => "L",
        Kind::Fifo => "p",
        Kind::BlockDevice { .. } | Kind::CharDevice { .. } => "D",
        Kind::File { .. } | Kind::HardLink { .. } => "",
    });
    for (bit, letter) in [(0o4000, 'u'), (0o2000, 'g')] {
        if entry.mode & bit != 0 {
            text.push(letter);
        }
    }
    if matches!(entry.kind, Kind::CharDevice { .. }) {
        text.push('c');
    }
    if entry.mode & 0o1000 != 0 {
        text.push('t');
    }
    if text.is_empty() {
        text.push('-');
    }
    for (index, letter) in "rwxrwxrwx".chars().enumerate() {
        text.push(if entry.mode & (0o400 >> index) != 0 { letter } else { '-' });
    }
    text
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    #[test]
    fn permissions_read_as_go_prints_them() {
        let file = |mode: u16| Entry { mode, ..Entry::file(bareboat_store::Digest::of(b""), 0, 0) };
        assert_eq!(mode_text(&file(0o644)), "-rw-r--r--");
        assert_eq!(mode_text(&file(0o4755)), "urwxr-xr-x");
        assert_eq!(mode_text(&Entry::directory(0o755)), "drwxr-xr-x");
        assert_eq!(mode_text(&Entry::directory(0o1777)), "dtrwxrwxrwx");
        assert_eq!(mode_text(&Entry { mode: 0o777, ..Entry::symlink("x") }), "Lrwxrwxrwx");
    }
}

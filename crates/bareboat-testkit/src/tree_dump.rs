//! What a container would see, as text, from the decompressed layers: a second opinion that shares no code with what it
//! judges. Simple and slow; for archives that tests made.
//!
//! One line per path, in path order: `-rw-r--r-- UID:GID /path SIZE sha256:HEX`, `l… /path -> target`, `h… /path =>
//! /first`, `c… /path MAJOR,MINOR`, extended attributes as `name=hex`. Names that are not plain text are for other
//! tests.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::Read;
use std::rc::Rc;

use sha2::{Digest, Sha256};
use tar::EntryType;

/// The dump of `layers`, lowest first, each an uncompressed tar.
///
/// # Panics
/// For anything but an ordinary archive.
pub fn of_layers(layers: &[&[u8]]) -> String {
    let mut files: BTreeMap<String, Rc<String>> = BTreeMap::new();
    for layer in layers {
        apply(&mut files, layer);
    }
    let mut text = String::new();
    let mut first_names: Vec<(Rc<String>, String)> = Vec::new();
    for (path, line) in &files {
        let (head, tail) = line.split_once('\u{0}').expect("every line has a place for its path");
        let first = first_names.iter().find(|(known, _)| Rc::ptr_eq(known, line));
        match first {
            Some((_, first)) if head.starts_with('-') => {
                let attributes =
                    tail.splitn(4, ' ').nth(3).map(|rest| format!(" {rest}")).unwrap_or_default();
                text.push_str(&format!("h{}/{path} => /{first}{attributes}\n", &head[1..]));
            }
            _ => text.push_str(&format!("{head}/{path}{tail}\n")),
        }
        first_names.push((Rc::clone(line), path.clone()));
    }
    text
}

fn apply(files: &mut BTreeMap<String, Rc<String>>, layer: &[u8]) {
    // Whiteouts first: they mean lower layers, wherever they stand.
    for entry in tar::Archive::new(layer).entries().unwrap() {
        let path = name(&entry.unwrap().path_bytes());
        let (directory, base) = path.rsplit_once('/').unwrap_or(("", &path));
        let inside =
            |name: &str| if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") };
        match base.strip_prefix(".wh.") {
            Some(".wh..opq") => remove_below(files, directory),
            Some(hidden) => {
                files.remove(&inside(hidden));
                remove_below(files, &inside(hidden));
            }
            None => {}
        }
    }
    let mut archive = tar::Archive::new(layer);
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = name(&entry.path_bytes());
        if path.rsplit('/').next().is_some_and(|base| base.starts_with(".wh.")) {
            make_parents(files, &path);
            continue;
        }
        let kind = entry.header().entry_type();
        let line = match kind {
            EntryType::Link => Rc::clone(&files[&name(&entry.link_name_bytes().unwrap())]),
            _ => Rc::new(describe(&mut entry)),
        };
        if kind != EntryType::Directory {
            remove_below(files, &path);
        }
        make_parents(files, &path);
        files.insert(path, line);
    }
}

/// Unpacking makes the directories around an entry that no entry lists.
fn make_parents(files: &mut BTreeMap<String, Rc<String>>, path: &str) {
    let mut parent = path;
    while let Some((directory, _)) = parent.rsplit_once('/') {
        if !files.get(directory).is_some_and(|line| line.starts_with('d')) {
            files.insert(directory.to_owned(), Rc::new("drwxr-xr-x 0:0 \u{0}".to_owned()));
        }
        parent = directory;
    }
}

/// Everything of a line but the path, whose place a NUL keeps.
fn describe(entry: &mut tar::Entry<'_, &[u8]>) -> String {
    let mut attributes = String::new();
    if let Some(records) = entry.pax_extensions().unwrap() {
        let mut found = BTreeMap::new();
        for record in records {
            let record = record.unwrap();
            if let Some(name) = record.key().unwrap().strip_prefix("SCHILY.xattr.") {
                found.insert(name.to_owned(), record.value_bytes().to_vec());
            }
        }
        for (name, value) in found {
            attributes.push_str(&format!(" {name}={}", hex(&value)));
        }
    }
    let mut content = Vec::new();
    entry.read_to_end(&mut content).unwrap();
    let header = entry.header();
    let target = || name_of_link(&entry.link_name_bytes().unwrap());
    let (letter, tail) = match header.entry_type() {
        EntryType::Directory => ('d', String::new()),
        EntryType::Regular => ('-', format!(" {} sha256:{}", content.len(), hex(&Sha256::digest(&content)))),
        EntryType::Symlink => ('l', format!(" -> {}", target())),
        EntryType::Fifo => ('p', String::new()),
        EntryType::Char | EntryType::Block => {
            let numbers = (header.device_major().unwrap().unwrap(), header.device_minor().unwrap().unwrap());
            let letter = if header.entry_type() == EntryType::Char { 'c' } else { 'b' };
            (letter, format!(" {},{}", numbers.0, numbers.1))
        }
        other => panic!("{other:?}"),
    };
    let mode = permissions(header.mode().unwrap());
    let (uid, gid) = (header.uid().unwrap(), header.gid().unwrap());
    format!("{letter}{mode} {uid}:{gid} \u{0}{tail}{attributes}")
}

fn permissions(mode: u32) -> String {
    let mut letters: Vec<char> = "rwxrwxrwx".chars().collect();
    for (at, letter) in letters.iter_mut().enumerate() {
        if mode >> (8 - at) & 1 == 0 {
            *letter = '-';
        }
    }
    for (bit, at, letter) in [(0o4000, 2, 's'), (0o2000, 5, 's'), (0o1000, 8, 't')] {
        if mode & bit != 0 {
            letters[at] = if letters[at] == 'x' { letter } else { letter.to_ascii_uppercase() };
        }
    }
    letters.into_iter().collect()
}

fn remove_below(files: &mut BTreeMap<String, Rc<String>>, directory: &str) {
    let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
    files.retain(|path, _| !path.starts_with(&prefix));
}

fn name(bytes: &[u8]) -> String {
    let text = name_of_link(bytes);
    text.split('/').filter(|part| !part.is_empty() && *part != ".").collect::<Vec<_>>().join("/")
}

fn name_of_link(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(entries: &[(&str, EntryType, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, kind, content) in entries {
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(*kind);
            header.set_mode(0o1755);
            header.set_uid(1);
            header.set_gid(2);
            let is_link = matches!(kind, EntryType::Link | EntryType::Symlink);
            header.set_size(if is_link { 0 } else { content.len() as u64 });
            match is_link {
                true => builder.append_link(&mut header, path, content).unwrap(),
                false => builder.append_data(&mut header, path, content.as_bytes()).unwrap(),
            }
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn layers_cover_each_other() {
        let lower = layer(&[
            ("a", EntryType::Directory, ""),
            ("a/x", EntryType::Regular, "x"),
            ("a/y", EntryType::Link, "a/x"),
            ("b", EntryType::Regular, "b"),
        ]);
        let upper = layer(&[("a/.wh.x", EntryType::Regular, ""), ("b/c", EntryType::Symlink, "../a")]);
        let digest = "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
        assert_eq!(
            of_layers(&[&lower, &upper]),
            format!(
                "drwxr-xr-t 1:2 /a\n-rwxr-xr-t 1:2 /a/y 1 {digest}\ndrwxr-xr-x 0:0 /b\nlrwxr-xr-t 1:2 /b/c -> ../a\n"
            )
        );
        assert!(of_layers(&[&lower]).contains("hrwxr-xr-t 1:2 /a/y => /a/x\n"));
    }
}

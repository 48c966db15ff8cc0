//! What containers see, against hand-written cases and a model that works like a union mount.

use proptest::prelude::*;

use super::*;
use crate::Owner;

fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap()
}

fn member(at: &str, kind: MemberKind, mode: u16) -> Member {
    Member { path: path(at), kind, mode, owner: Owner::ROOT, xattrs: BTreeMap::new(), mtime: 0 }
}

/// `d PATH`, `f PATH CONTENT`, `l PATH TARGET`, `h PATH TARGET`, `w PATH` (any name, for whiteouts).
fn parse(line: &str) -> (Member, Digest) {
    let words: Vec<_> = line.split(' ').collect();
    let content = words.get(2).copied().unwrap_or_default();
    let kind = match words[0] {
        "d" => MemberKind::Other(Kind::Directory),
        "l" => MemberKind::Other(Kind::Symlink { target: content.into() }),
        "h" => MemberKind::Other(Kind::HardLink { target: path(content) }),
        _ => MemberKind::File { size: content.len() as u64 },
    };
    let mode = if words[0] == "d" { 0o700 } else { 0o644 };
    (member(words[1], kind, mode), Digest::of(content))
}

fn try_merge(layers: &[&[&str]]) -> Result<Merged, MergeError> {
    let mut merger = Merger::new();
    for layer in layers {
        merger.begin_layer();
        for line in *layer {
            let (member, content) = parse(line);
            merger.add(member, content)?;
        }
    }
    Ok(merger.finish())
}

fn merge(layers: &[&[&str]]) -> Merged {
    try_merge(layers).unwrap()
}

fn dump(merged: &Merged) -> Vec<String> {
    let line = |(path, entry): (&TreePath, &Entry)| match &entry.kind {
        Kind::Directory => format!("d {path}"),
        Kind::File { size, .. } => format!("f {path} {size}"),
        Kind::Symlink { target } => format!("l {path} {target}"),
        Kind::HardLink { target } => format!("h {path} {target}"),
        other => format!("{other:?} {path}"),
    };
    merged.tree.entries.iter().map(line).collect()
}

#[test]
fn whiteouts_hide_lower_layers_only() {
    let merged =
        merge(&[&["d a", "f a/x 1", "f a/y 22"], &["f a/x 333", "w a/.wh.x", "w a/.wh.y", "w a/.wh.gone"]]);
    assert_eq!(dump(&merged), ["d /a", "f /a/x 3"]);
    assert_eq!((merged.shipped, merged.visible), (6, 3));
    let causes: Vec<_> = merged.hidden.iter().map(|hidden| (hidden.size, hidden.by, hidden.cause)).collect();
    assert_eq!(causes, [(1, 1, HiddenCause::Deleted), (2, 1, HiddenCause::Deleted)]);
    assert_eq!(merged.layers[1].whiteouts.len(), 3);
}

#[test]
fn opaque_directories_hide_all_lower_children_whatever_the_order() {
    let lower: &[&str] = &["d a", "f a/x 1", "d a/d", "f a/d/z 1", "f ab 1"];
    let merged = merge(&[lower, &["f a/new 1", "w a/.wh..wh..opq"]]);
    assert_eq!(dump(&merged), ["d /a", "f /a/new 1", "f /ab 1"]);
    let merged = merge(&[lower, &["w .wh..wh..opq", "f new 1", "w .wh..wh.plnk"]]);
    assert_eq!(dump(&merged), ["f /new 1"]);
}

#[test]
fn later_entries_win_within_a_layer() {
    let merged = merge(&[&["f a 1", "f a 22", "d b", "f b/x 1", "f b 333", "f c 1", "d c", "f c/y 1"]]);
    assert_eq!(dump(&merged), ["f /a 2", "f /b 3", "d /c", "f /c/y 1"]);
    let duplicates: Vec<_> = merged.layers[0].duplicates.iter().map(ToString::to_string).collect();
    assert_eq!(duplicates, ["/a", "/b", "/c"]);
    assert_eq!(merged.shipped - merged.visible, 3, "the replaced a, b/x and c");
}

#[test]
fn directories_merge_and_everything_else_replaces() {
    let merged = merge(&[&["d a", "f a/x 1", "f b 1", "d c", "f c/y 1"], &["d a", "d b", "f c 1"]]);
    assert_eq!(dump(&merged), ["d /a", "f /a/x 1", "d /b", "f /c 1"]);
    assert_eq!(merged.layer_of[&path("a")], 1);
    assert_eq!(merged.origins[&path("a/x")], Origin { layer: 0, member: Some(1) });
}

#[test]
fn hard_links_keep_their_content_when_another_name_is_replaced() {
    let merged = merge(&[&["f a 1", "h b a", "h c b"], &["f a 22"], &["w .wh.b"]]);
    assert_eq!(dump(&merged), ["f /a 2", "f /c 1"]);
    assert_eq!((merged.shipped, merged.visible, merged.hidden.len()), (3, 3, 0));
    let merged = merge(&[&["f b 1", "h a b"], &["h c a"]]);
    assert_eq!(dump(&merged), ["f /a 1", "h /b /a", "h /c /a"]);
    assert_eq!(merged.layer_of[&path("c")], 1);
    assert_eq!(merged.origins[&path("c")], Origin { layer: 0, member: Some(0) });
}

#[test]
fn links_in_parents_are_followed_within_a_layer_and_stay_inside() {
    let merged = merge(&[&["d usr", "d usr/lib", "l lib /usr/../../usr/lib", "f lib/x 1", "h y lib/x"]]);
    assert_eq!(
        dump(&merged),
        ["l /lib /usr/../../usr/lib", "d /usr", "d /usr/lib", "f /usr/lib/x 1", "h /y /usr/lib/x"]
    );
}

#[test]
fn a_lower_link_used_as_a_directory_becomes_one() {
    let merged = merge(&[&["d usr", "d usr/lib", "l lib usr/lib"], &["f lib/x 1"]]);
    assert_eq!(dump(&merged), ["d /lib", "f /lib/x 1", "d /usr", "d /usr/lib"]);
    assert_eq!(merged.origins[&path("lib")], Origin { layer: 1, member: None });
}

#[test]
fn unlisted_parents_keep_the_metadata_of_lower_directories() {
    let merged = merge(&[&["d tmp"], &["f tmp/x 1", "f new/y 1"]]);
    assert_eq!(merged.tree.get(&path("tmp")).unwrap().mode, 0o700);
    assert_eq!(merged.tree.get(&path("new")).unwrap().mode, 0o755);
}

#[test]
fn changed_metadata_is_told_from_changed_content() {
    let merged = merge(&[&["f a 1", "f b 1"], &["f a 1", "f b 2"]]);
    let causes: Vec<_> = merged.hidden.iter().map(|hidden| hidden.cause).collect();
    assert_eq!(causes, [HiddenCause::MetadataOnly, HiddenCause::Replaced]);
}

#[test]
fn what_no_engine_can_unpack_is_refused() {
    for layer in [
        &["h a gone"][..],
        &["h a a"],
        &["f a 1", "h a a"],
        &["d a", "h b a"],
        &["f a 1", "f a/b 1"],
        &["l a a", "f a/b 1"],
        &["w a/.wh."],
        &["w a/.wh..."],
    ] {
        assert!(try_merge(&[layer]).is_err(), "{layer:?}");
    }
}

/// One layer of the model: kind and content by path, whiteouts, opaque directories.
#[derive(Debug, Clone, Default)]
struct ModelLayer {
    files: BTreeMap<String, Option<String>>,
    whiteouts: BTreeSet<String>,
    opaque: BTreeSet<String>,
}

impl ModelLayer {
    fn is_directory(&self, at: &str) -> bool {
        let below = format!("{at}/");
        self.files.get(at) == Some(&None) || self.names().any(|path| path.starts_with(&below))
    }

    /// All names whose parents unpacking makes.
    fn names(&self) -> impl Iterator<Item = String> {
        let markers = self.opaque.iter().map(|directory| format!("{directory}/."));
        self.files.keys().chain(&self.whiteouts).cloned().chain(markers)
    }
}

/// Looks a directory up as a union mount does: through the layers that still shine through there.
fn union(
    layers: &[ModelLayer],
    stack: &[usize],
    directory: &str,
    found: &mut BTreeMap<String, Option<String>>,
) {
    let names: BTreeSet<String> = stack
        .iter()
        .flat_map(|&layer| layers[layer].names())
        .filter_map(|path| match directory {
            "" => Some(path),
            _ => Some(path.strip_prefix(directory)?.strip_prefix('/')?.to_owned()),
        })
        .map(|rest| rest.split('/').next().unwrap().to_owned())
        .collect();
    for name in names {
        let at = if directory.is_empty() { name } else { format!("{directory}/{name}") };
        let mut below = Vec::new();
        for &layer in stack {
            if let Some(Some(content)) = layers[layer].files.get(&at) {
                if below.is_empty() {
                    found.insert(at.clone(), Some(content.clone()));
                }
                break;
            }
            if layers[layer].is_directory(&at) {
                below.push(layer);
            }
            if layers[layer].whiteouts.contains(&at) || layers[layer].opaque.contains(&at) {
                break;
            }
        }
        if !below.is_empty() {
            found.insert(at.clone(), None);
            union(layers, &below, &at, found);
        }
    }
}

fn layers() -> impl Strategy<Value = Vec<ModelLayer>> {
    let at = || "[ab](/[abc]){0,2}";
    let files = proptest::collection::btree_map(at(), proptest::option::of("[xyz]{1,3}"), 0..6);
    let set = || proptest::collection::btree_set(at(), 0..3);
    let layer = (files, set(), set()).prop_map(|(mut files, whiteouts, opaque)| {
        // A layer is a tree: nothing lies below a file.
        let paths: Vec<String> = files.keys().cloned().collect();
        for path in &paths {
            if matches!(files.get(path), Some(Some(_))) {
                files.retain(|other, _| !other.starts_with(&format!("{path}/")));
            }
        }
        ModelLayer { files, whiteouts, opaque }
    });
    proptest::collection::vec(layer, 1..5)
}

proptest! {
    #[test]
    fn merged_layers_are_what_a_union_mount_shows(layers in layers(), reverse in any::<bool>()) {
        let mut merger = Merger::new();
        for layer in &layers {
            merger.begin_layer();
            let mut lines: Vec<String> = layer.files.iter().map(|(at, content)| match content {
                Some(content) => format!("f {at} {content}"),
                None => format!("d {at}"),
            }).collect();
            let split = |at: &String| match at.rsplit_once('/') {
                Some((parent, name)) => format!("w {parent}/.wh.{name}"),
                None => format!("w .wh.{at}"),
            };
            lines.extend(layer.whiteouts.iter().map(split));
            lines.extend(layer.opaque.iter().map(|at| format!("w {at}/.wh..wh..opq")));
            if reverse {
                lines.reverse();
            }
            for line in lines {
                let (member, content) = parse(&line);
                // Whiteouts below this layer's own files are nonsense that engines cannot unpack.
                let _ = merger.add(member, content);
            }
        }
        let merged = merger.finish();
        let stack: Vec<usize> = (0..layers.len()).rev().collect();
        let mut expected = BTreeMap::new();
        union(&layers, &stack, "", &mut expected);
        let found: BTreeMap<String, Option<String>> = merged.tree.entries.iter().map(|(at, entry)| {
            let content = match &entry.kind {
                Kind::File { digest, .. } => layers.iter().flat_map(|layer| layer.files.values())
                    .flatten().find(|content| Digest::of(content.as_str()) == *digest).cloned(),
                _ => None,
            };
            (at.to_string()[1..].to_owned(), content)
        }).collect();
        prop_assert_eq!(found, expected);
        let hidden: u64 = merged.hidden.iter().map(|hidden| hidden.size).sum();
        prop_assert_eq!(merged.shipped, merged.visible + hidden);
    }
}

fn unpackable() -> impl Strategy<Value = Vec<Vec<(String, Entry, Vec<u8>)>>> {
    let at = || "[ab](/[abc]){0,2}";
    let content = || proptest::collection::vec(97u8..100, 0..3);
    let entry = prop_oneof![
        4 => (at(), content()).prop_map(|(at, content)| {
            (at, Entry::file(Digest::of(&content), content.len() as u64, 0o644), content)
        }),
        3 => at().prop_map(|at| (at, Entry::directory(0o750), Vec::new())),
        1 => at().prop_map(|at| {
            let at = at.rsplit_once('/').map_or(format!(".wh.{at}"), |(parent, name)| format!("{parent}/.wh.{name}"));
            (at, Entry::file(Digest::of(b""), 0, 0), Vec::new())
        }),
    ];
    proptest::collection::vec(proptest::collection::vec(entry, 0..7), 1..4)
}

proptest! {
    #[test]
    fn the_testkits_second_opinion_agrees(layers in unpackable()) {
        let mut merger = Merger::new();
        let mut tars = Vec::new();
        for layer in layers {
            merger.begin_layer();
            let mut tar = Vec::new();
            let mut kinds: BTreeMap<String, bool> = BTreeMap::new();
            for (at, entry, content) in layer {
                // The second opinion knows layers that are trees: each path once, nothing below files.
                let is_directory = entry.kind == Kind::Directory;
                let clashes = kinds.contains_key(&at)
                    || kinds.iter().any(|(other, directory)| {
                        at.starts_with(&format!("{other}/")) && !directory
                            || other.starts_with(&format!("{at}/"))
                    });
                if clashes {
                    continue;
                }
                kinds.insert(at.clone(), is_directory);
                crate::tar::write::write_header(&mut tar, &path(&at), &entry, 0).unwrap();
                tar.extend_from_slice(&content);
                tar.resize(tar.len() + crate::tar::write::padding(content.len() as u64), 0);
            }
            tar.extend_from_slice(&crate::tar::write::END_OF_ARCHIVE);
            let mut reader = crate::tar::read::TarReader::new(&tar[..], Default::default());
            while let Some(member) = reader.next_member().unwrap() {
                let mut content = Vec::new();
                std::io::Read::read_to_end(&mut reader.content(), &mut content).unwrap();
                merger.add(member, Digest::of(&content)).unwrap();
            }
            tars.push(tar);
        }
        let tars: Vec<&[u8]> = tars.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(merger.finish().tree.dump(), bareboat_testkit::tree_dump::of_layers(&tars));
    }
}

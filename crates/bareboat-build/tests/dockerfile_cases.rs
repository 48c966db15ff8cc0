//! Builds every case file below `tests/dockerfile/` and compares what comes out, entry by entry. No case needs
#![allow(clippy::unwrap_used)]
//! privileges, a network or an engine.
//!
//! A case file begins with a sentence; sections follow, each with a line `== NAME` before it:
//!
//! - `context` and `image NAME`: one entry per line, `MODE [UID:GID] PATH/` for a directory, `MODE [UID:GID] PATH = TEXT`
//!   for a file (`\n`, `\t` and `\0` mean what they mean), `link PATH -> TARGET`, `hard PATH => PATH`, `fifo PATH`. An
//!   image's line `config {…}` is its configuration;
//! - `archive NAME FORMAT`: a file of the context in the format `tar`, `gzip`, `zstd` or `xz`, with an image's entries;
//! - `options`: `target=NAME`, `arg NAME=VALUE`, `platform=OS/ARCHITECTURE`, `context NAME=image:NAME`, `label NAME=VALUE`;
//! - `Dockerfile`;
//! - what is expected: `tree`, `config`, `history`, `warnings`, or `error`.
//!
//! With `BAREBOAT_BLESS=1` the expectations are written anew; read every one of them.

use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use bareboat_build::dockerfile::{
    BaseImage, Built, Modes, NamedContext, Problem, Request, Text, Wanted, Workshop, build,
};
use bareboat_build::event::Event;
use bareboat_image::source::{Select, Source};
use bareboat_image::tar::read::Limits;
use bareboat_image::{
    Compression, Entry, FileMeta, ImageConfig, Kind, Layer, Owner, PartWriter, Platform, TreePath, join,
};
use bareboat_report::Fault;
use bareboat_store::{Cancel, Digest, FetchOptions, Fetcher, Store};
use bareboat_testkit::tree_dump;

#[test]
fn every_case_builds_what_it_says() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dockerfile");
    let mut files = Vec::new();
    find(&directory, &mut files);
    files.sort();
    assert!(files.len() >= 20, "only {} case files in {}", files.len(), directory.display());
    let bless = std::env::var_os("BAREBOAT_BLESS").is_some();
    let mut faults = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        let found = Case::parse(&text).run();
        if found != text && bless {
            std::fs::write(file, &found).unwrap();
        } else if found != text {
            faults.push(format!("{}:\n{}", file.display(), difference(&text, &found)));
        }
    }
    assert!(faults.is_empty(), "{} of {} cases differ\n{}", faults.len(), files.len(), faults.join("\n"));
}

fn find(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find(&path, files);
        } else if path.extension().is_some_and(|kind| kind == "case") {
            files.push(path);
        }
    }
}

fn difference(expected: &str, found: &str) -> String {
    let mut text = String::new();
    let (expected, found): (Vec<_>, Vec<_>) = (expected.lines().collect(), found.lines().collect());
    expected
        .iter()
        .filter(|line| !found.contains(line))
        .for_each(|line| text.push_str(&format!("- {line}\n")));
    found
        .iter()
        .filter(|line| !expected.contains(line))
        .for_each(|line| text.push_str(&format!("+ {line}\n")));
    if text.is_empty() { "the order of lines differs\n".to_owned() } else { text }
}

/// A case file: its sentence, and its sections in order.
struct Case<'t> {
    title: &'t str,
    sections: Vec<(&'t str, String)>,
}

const EXPECTED: [&str; 5] = ["tree", "config", "history", "warnings", "error"];

impl<'t> Case<'t> {
    fn parse(text: &'t str) -> Self {
        let (title, rest) = text.split_once("\n== ").unwrap_or((text, ""));
        let sections = rest.split("\n== ").map(|section| {
            let (name, body) = section.split_once('\n').unwrap_or((section, ""));
            (name, format!("{}\n", body.trim_end_matches('\n')))
        });
        Self { title, sections: sections.collect() }
    }

    fn section(&self, name: &str) -> Option<&str> {
        self.sections.iter().find(|(known, _)| *known == name).map(|(_, body)| body.as_str())
    }

    /// The case with what really came out as its expectation.
    fn run(&self) -> String {
        let mut text = self.title.to_owned();
        let outcome = self.outcome();
        for (name, body) in &self.sections {
            let body = match EXPECTED.contains(name) {
                true => outcome.get(name).cloned().unwrap_or_else(|| "(nothing)\n".to_owned()),
                false => body.clone(),
            };
            text.push_str(&format!("\n== {name}\n{}", body.trim_end_matches('\n')));
        }
        if let Some(error) = outcome.get("error").filter(|_| self.section("error").is_none()) {
            text.push_str(&format!("\n== error\n{}", error.trim_end_matches('\n')));
        }
        format!("{text}\n")
    }

    fn outcome(&self) -> BTreeMap<&'static str, String> {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("store")).unwrap();
        let context = directory.path().join("context");
        std::fs::create_dir(&context).unwrap();
        self.section("context").unwrap_or_default().lines().for_each(|line| make(&context, line));
        for (name, body) in &self.sections {
            if let Some((name, format)) = name.strip_prefix("archive ").and_then(|name| name.split_once(' '))
            {
                std::fs::write(context.join(name), archive(&store, body, format)).unwrap();
            }
        }
        let images: BTreeMap<&str, BaseImage> = self
            .sections
            .iter()
            .filter_map(|(name, body)| Some((name.strip_prefix("image ")?, image(&store, body))))
            .collect();
        let bases = |wanted: Wanted<'_>, _: &Platform| match wanted {
            Wanted::Name(name) | Wanted::Place(name) => images.get(name).cloned().ok_or(Problem::Base {
                message: format!("no image `{name}`"),
                causes: Vec::new(),
                hint: None,
                fault: Fault::Input,
            }),
        };
        let fetcher =
            Fetcher::new(FetchOptions { offline: true, ..FetchOptions::default() }, Arc::new(|_| {}));
        let host = Platform::linux("amd64");
        let mut options = Options::new(self.section("options").unwrap_or_default());
        let platforms = [options.platform.take().unwrap_or_else(|| host.clone())];
        let source = self.section("Dockerfile").unwrap_or_default().replace("\\u{feff}", "\u{feff}");
        let request = Request {
            file: Text { name: "Dockerfile".into(), source: source.into_bytes().into() },
            path: Some(context.join("Dockerfile")),
            context: Some(context),
            target: options.target.as_deref(),
            arguments: options.arguments,
            contexts: options.contexts,
            platforms: &platforms,
            host: &host,
            labels: options.labels,
            annotations: BTreeMap::new(),
            no_cache: false,
            modes: Modes::Kept,
            compression: Compression::Gzip,
            epoch: Some(0),
            no_network: false,
            hosts: Vec::new(),
            secrets: BTreeMap::new(),
            agents: BTreeMap::new(),
            tier: None,
            bases: &bases,
            fetcher: &fetcher,
        };
        let warnings = Arc::new(Mutex::new(String::new()));
        let told = warnings.clone();
        let observer = move |event: Event| {
            if let Event::Warning { text } = event {
                told.lock().unwrap().push_str(&format!("{text}\n"));
            }
        };
        let workshop = Workshop { store: &store, observer: &observer, cancel: Cancel::new() };
        let built = build(&workshop, &request);
        let again = build(&workshop, &request);
        let mut outcome = match built {
            Ok(built) => {
                let again = again.unwrap();
                assert!(again.unchanged && again.descriptor == built.descriptor, "{}", self.title);
                describe(&store, &built)
            }
            Err(error) => {
                let hint = error.hint().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
                BTreeMap::from([("error", format!("{error}{hint}\n"))])
            }
        };
        let warnings = warnings.lock().unwrap().clone();
        if !warnings.is_empty() {
            // Once for each of the two builds, unless the second knew the step.
            let mut lines: Vec<&str> = warnings.lines().collect();
            lines.dedup();
            let half = lines.len() / 2;
            if lines.len().is_multiple_of(2) && lines[..half] == lines[half..] {
                lines.truncate(half);
            }
            outcome.insert("warnings", lines.join("\n") + "\n");
        }
        outcome
    }
}

#[derive(Default)]
struct Options {
    target: Option<String>,
    platform: Option<Platform>,
    arguments: BTreeMap<String, String>,
    contexts: BTreeMap<String, NamedContext>,
    labels: BTreeMap<String, String>,
}

impl Options {
    fn new(text: &str) -> Self {
        let mut options = Self::default();
        for line in text.lines() {
            let pair = |text: &str| {
                let (name, value) = text.split_once('=').unwrap();
                (name.to_owned(), value.to_owned())
            };
            if let Some(target) = line.strip_prefix("target=") {
                options.target = Some(target.to_owned());
            } else if let Some(platform) = line.strip_prefix("platform=") {
                options.platform = Some(platform.parse().unwrap());
            } else if let Some(argument) = line.strip_prefix("arg ") {
                options.arguments.extend([pair(argument)]);
            } else if let Some(label) = line.strip_prefix("label ") {
                options.labels.extend([pair(label)]);
            } else if let Some(context) = line.strip_prefix("context ") {
                let (name, place) = pair(context);
                let image = place.strip_prefix("image:").unwrap();
                options.contexts.insert(name, NamedContext::Image(image.to_owned()));
            } else {
                assert!(line.is_empty(), "option {line}");
            }
        }
        options
    }
}

/// An entry line, taken apart: mode, owner, path, and what follows it.
struct Line<'l> {
    word: &'l str,
    owner: Owner,
    path: &'l str,
    rest: &'l str,
}

impl<'l> Line<'l> {
    fn new(line: &'l str) -> Self {
        let (word, rest) = line.split_once(' ').unwrap();
        let (first, after) = rest.split_once(' ').unwrap_or((rest, ""));
        let owner = first
            .split_once(':')
            .and_then(|(uid, gid)| Some(Owner { uid: uid.parse().ok()?, gid: gid.parse().ok()? }));
        let rest = if owner.is_some() { after } else { rest };
        let end = [" = ", " -> ", " => "].iter().filter_map(|sign| rest.find(sign)).min();
        let (path, rest) = rest.split_at(end.unwrap_or(rest.len()));
        let rest = rest.get(3..).unwrap_or_default();
        let rest = if rest.is_empty() { rest } else { rest.strip_prefix(' ').unwrap_or(rest) };
        Self { word, owner: owner.unwrap_or_default(), path, rest }
    }

    fn mode(&self) -> u32 {
        u32::from_str_radix(self.word, 8).unwrap()
    }

    fn text(&self) -> String {
        self.rest.replace("\\n", "\n").replace("\\t", "\t").replace("\\0", "\0")
    }
}

fn make(root: &Path, line: &str) {
    if line.is_empty() {
        return;
    }
    let entry = Line::new(line);
    let path = root.join(entry.path);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).unwrap();
    }
    match entry.word {
        "link" => std::os::unix::fs::symlink(entry.rest, &path).unwrap(),
        "hard" => std::fs::hard_link(root.join(entry.rest), &path).unwrap(),
        "fifo" => {
            rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o644.into(), 0).unwrap()
        }
        _ => {
            if entry.path.ends_with('/') {
                std::fs::create_dir_all(&path).unwrap();
            } else {
                std::fs::write(&path, entry.text()).unwrap();
            }
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(entry.mode())).unwrap();
        }
    }
}

fn archive(store: &Store, body: &str, format: &str) -> Vec<u8> {
    let compression = if format == "zstd" { Compression::Zstd } else { Compression::Gzip };
    let layer = image_with(store, body, compression).layers.remove(0);
    let compressed = store.read(&layer.digest, 1 << 20).unwrap();
    let mut tar = Vec::new();
    match format {
        "gzip" | "zstd" => return compressed,
        _ => flate2::read::MultiGzDecoder::new(&compressed[..]).read_to_end(&mut tar).unwrap(),
    };
    if format == "xz" {
        let mut xz = Vec::new();
        liblzma::read::XzEncoder::new(&tar[..], 1).read_to_end(&mut xz).unwrap();
        return xz;
    }
    assert_eq!(format, "tar");
    tar
}

fn image(store: &Store, body: &str) -> BaseImage {
    image_with(store, body, Compression::Gzip)
}

fn image_with(store: &Store, body: &str, compression: Compression) -> BaseImage {
    let mut config = ImageConfig::new(Platform::linux("amd64"));
    let mut writer = PartWriter::new(store, compression, 0).unwrap();
    for line in body.lines().filter(|line| !line.is_empty()) {
        if let Some(json) = line.strip_prefix("config ") {
            config.config = serde_json::from_str(json).unwrap();
            continue;
        }
        let entry = Line::new(line);
        let path = TreePath::new(entry.path).unwrap();
        match entry.word {
            "link" => writer.append(&path, &Entry::symlink(entry.rest)).unwrap(),
            "hard" => {
                let target = TreePath::new(entry.rest).unwrap();
                let mut link = Entry::directory(0o644);
                link.kind = Kind::HardLink { target };
                writer.append(&path, &link).unwrap();
            }
            _ if entry.path.ends_with('/') => {
                let directory = Entry { owner: entry.owner, ..Entry::directory(entry.mode() as u16) };
                writer.append(&path, &directory).unwrap();
            }
            _ => {
                let mut meta = FileMeta { owner: entry.owner, ..FileMeta::new(entry.mode() as u16) };
                if entry.path.ends_with("ping") {
                    meta.xattrs.insert("security.capability".to_owned(), vec![1, 0, 0, 2]);
                }
                writer.append_bytes(&path, &meta, entry.text().as_bytes()).unwrap();
            }
        }
    }
    let layer = join(store, &[writer.finish().unwrap()], compression).unwrap();
    BaseImage { config, layers: vec![layer] }
}

fn describe(store: &Store, built: &Built) -> BTreeMap<&'static str, String> {
    let image = &built.images[0];
    let config = serde_json::to_value(&image.config.config).unwrap();
    let mut lines: Vec<String> =
        config.as_object().unwrap().iter().map(|(key, value)| format!("{key} {value}")).collect();
    lines.extend(image.config.author.iter().map(|author| format!("author {author}")));
    if image.config.platform != Platform::linux("amd64") {
        lines.push(format!("platform {}", image.config.platform));
    }
    let steps = image.config.history.iter().map(|step| {
        let what = step.created_by.as_deref().unwrap_or_default();
        format!("{}{what}\n", if step.empty_layer { "  " } else { "+ " })
    });
    BTreeMap::from([
        ("tree", tree(store, &image.layers)),
        ("config", lines.join("\n") + "\n"),
        ("history", steps.collect()),
    ])
}

/// The merged tree by the test kit's own reading of the layers, with short contents in place of digests.
fn tree(store: &Store, layers: &[Layer]) -> String {
    let mut contents = BTreeMap::new();
    let source = Source::layers(store, layers);
    let opened = source.image(&Select::default()).unwrap();
    let mut tars = Vec::new();
    for (number, layer) in layers.iter().enumerate() {
        let visit = &mut |member: &bareboat_image::tar::read::Member, content: &mut dyn Read| {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes)?;
            let known = format!(" {} {}", member.size(), Digest::of(&bytes));
            contents.insert(known, String::from_utf8_lossy(&bytes).into_owned());
            Ok(())
        };
        opened.visit_layer(number, Limits::default(), visit).unwrap();
        let mut tar = Vec::new();
        let blob = store.open_blob(&layer.digest).unwrap();
        flate2::read::MultiGzDecoder::new(blob).read_to_end(&mut tar).unwrap();
        tars.push(tar);
    }
    let tars: Vec<&[u8]> = tars.iter().map(Vec::as_slice).collect();
    let mut text = tree_dump::of_layers(&tars);
    for (digest, content) in contents.into_iter().filter(|(_, content)| content.len() < 200) {
        text = text.replace(&digest, &format!(" {content:?}"));
    }
    text
}

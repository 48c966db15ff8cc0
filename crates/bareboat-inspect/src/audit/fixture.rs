//! Images for tests, from a few lines of text:
//!
//! ```text
//! platform linux/arm64            user 65532:65532          workdir /app            tag app:1
//! entrypoint ["/usr/bin/app"]     cmd ["--port", "80"]      healthcheck ["CMD", "/check"]
//! env PATH=/usr/bin               label key=value           expose 80/tcp         volume /data
//! created 2026-01-01T00:00:00Z    history "RUN true"        (a step without layer)
//! layer "RUN make"                (what follows is in a new layer)
//! dir /tmp 1777 [UID:GID]         file /etc/x 0644 [UID:GID] ["text\n" | size=1000]
//! link /bin usr/bin               hard /b /a                remove /x             opaque /y
//! elf /usr/bin/app 0755 [UID:GID] program=LOADER needs=LIBRARY wants=LIBRARY:VERSION defines=VERSION soname=NAME
//!     runpath=DIR machine=arm64 static
//!     text=BYTES            (behind the file; `&nbsp;` and `&nl;` in it)
//! cap /bin/ping HEX               (a file with that security.capability)
//! time 1795428000                 (when what follows in the layer was changed last; else 1970)
//! ```

use std::collections::BTreeMap;

use bareboat_image::source::{Select, Source};
use bareboat_image::tar::read::Limits;
use bareboat_image::{
    Compression, Entry, FileMeta, Healthcheck, History, ImageConfig, Kind, Owner, PartWriter, Platform,
    TreePath, join, write_image,
};
use bareboat_store::Store;
use bareboat_testkit::elf::{AARCH64, ElfMaker, X86_64};

use crate::facts::{Checksums, Facts, Reading};

enum Item {
    File(TreePath, FileMeta, Vec<u8>),
    Other(TreePath, Entry),
    Time(i64),
}

struct Fixture {
    tag: Option<String>,
    config: ImageConfig,
    layers: Vec<Vec<Item>>,
}

/// The facts of the image that `text` describes.
pub(crate) fn facts(text: &str) -> Facts {
    let mut fixture =
        Fixture { tag: None, config: ImageConfig::new(Platform::linux("amd64")), layers: Vec::new() };
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let words = words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        fixture.line(&words, line);
    }
    fixture.facts()
}

/// Words, of which `"…"` is one, with `\n`, `\"` and `\\` in it.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut word = String::new();
            let mut characters = quoted.char_indices();
            let mut end = quoted.len();
            while let Some((at, character)) = characters.next() {
                match character {
                    '"' => {
                        end = at + 1;
                        break;
                    }
                    '\\' => match characters.next() {
                        Some((_, 'n')) => word.push('\n'),
                        Some((_, other)) => word.push(other),
                        None => {}
                    },
                    other => word.push(other),
                }
            }
            words.push(word);
            rest = quoted[end..].trim_start();
        } else {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            words.push(rest[..end].to_owned());
            rest = rest[end..].trim_start();
        }
    }
    words
}

fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap()
}

/// `0755 [1:2]` at the start of `words`, and what follows.
fn meta<'w>(words: &'w [&'w str]) -> (FileMeta, &'w [&'w str]) {
    let mut meta = FileMeta::new(u16::from_str_radix(words[0], 8).expect("an octal mode"));
    let owner = words.get(1).and_then(|word| {
        let (uid, gid) = word.split_once(':')?;
        Some(Owner { uid: uid.parse().ok()?, gid: gid.parse().ok()? })
    });
    meta.owner = owner.unwrap_or_default();
    (meta, &words[1 + usize::from(owner.is_some())..])
}

impl Fixture {
    fn line(&mut self, words: &[&str], line: &str) {
        let rest = line.trim().split_once(' ').map_or("", |(_, rest)| rest.trim());
        let list = || serde_json::from_str::<Vec<String>>(rest).expect("a JSON list");
        let config = &mut self.config.config;
        match words[0] {
            "platform" => self.config.platform = rest.parse().unwrap(),
            "tag" => self.tag = Some(rest.to_owned()),
            "created" => self.config.created = Some(rest.to_owned()),
            "user" => config.user = rest.to_owned(),
            "workdir" => config.working_dir = rest.to_owned(),
            "entrypoint" => config.entrypoint = Some(list()),
            "cmd" => config.cmd = Some(list()),
            "healthcheck" => {
                config.healthcheck = Some(Healthcheck { test: list(), ..Healthcheck::default() })
            }
            "env" => config.env.push(rest.to_owned()),
            "label" => {
                let (name, value) = rest.split_once('=').unwrap();
                config.labels.insert(name.to_owned(), value.to_owned());
            }
            "expose" => drop(config.exposed_ports.insert(rest.to_owned())),
            "volume" => drop(config.volumes.insert(rest.to_owned())),
            "history" => self.history(words[1], true),
            "layer" => {
                self.history(words[1], false);
                self.layers.push(Vec::new());
            }
            _ => {
                let item = item(words);
                if self.layers.is_empty() {
                    self.history("COPY . /", false);
                    self.layers.push(Vec::new());
                }
                self.layers.last_mut().unwrap().push(item);
            }
        }
    }

    fn history(&mut self, created_by: &str, empty_layer: bool) {
        let created_by = Some(created_by.to_owned());
        self.config.history.push(History { created_by, empty_layer, ..History::default() });
    }

    fn facts(self) -> Facts {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("store")).unwrap();
        let layers: Vec<_> = self
            .layers
            .iter()
            .map(|items| {
                let mut writer = PartWriter::new(&store, Compression::Gzip, 0).unwrap();
                let mut parts = Vec::new();
                for item in items {
                    match item {
                        Item::Time(time) => {
                            let next = PartWriter::new(&store, Compression::Gzip, *time).unwrap();
                            parts.push(std::mem::replace(&mut writer, next).finish().unwrap());
                        }
                        Item::File(path, meta, content) => {
                            drop(writer.append_bytes(path, meta, content).unwrap())
                        }
                        Item::Other(path, entry) => writer.append(path, entry).unwrap(),
                    }
                }
                parts.push(writer.finish().unwrap());
                join(&store, &parts, Compression::Gzip).unwrap()
            })
            .collect();
        let descriptor = write_image(&store, self.config, &layers, BTreeMap::new()).unwrap();
        let source = Source::store(&store, descriptor);
        let mut image = source.image(&Select::default()).unwrap();
        image.name = self.tag;
        let (limits, checksums) = (Limits::default(), Checksums::Md5);
        let reading = Reading { name: "test", temporary_directory: directory.path(), limits, checksums };
        Facts::read(&image, &reading).unwrap()
    }
}

fn item(words: &[&str]) -> Item {
    if words[0] == "time" {
        return Item::Time(words[1].parse().unwrap());
    }
    let at = path(words[1]);
    let whiteout = |name: &str, directory: Option<TreePath>| {
        Item::File(directory.unwrap_or_default().join(name).unwrap(), FileMeta::new(0), Vec::new())
    };
    match words[0] {
        "dir" => {
            let (meta, _) = meta(&words[2..]);
            Item::Other(at, Entry { owner: meta.owner, ..Entry::directory(meta.mode) })
        }
        "file" => {
            let (meta, rest) = meta(&words[2..]);
            let content = match rest.first() {
                Some(word) if word.starts_with("size=") => vec![b'x'; word[5..].parse().unwrap()],
                word => word.copied().unwrap_or_default().as_bytes().to_vec(),
            };
            Item::File(at, meta, content)
        }
        "cap" => {
            let mut meta = FileMeta::new(0o755);
            let value = (0..words[2].len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&words[2][at..at + 2], 16).unwrap());
            meta.xattrs.insert("security.capability".to_owned(), value.collect());
            Item::File(at, meta, ElfMaker::static_program(X86_64).build())
        }
        "elf" => {
            let (meta, rest) = meta(&words[2..]);
            Item::File(at, meta, elf(rest))
        }
        "link" => Item::Other(at, Entry::symlink(words[2])),
        "hard" => {
            let kind = Kind::HardLink { target: path(words[2]) };
            Item::Other(at, Entry { kind, ..Entry::directory(0o755) })
        }
        "remove" => whiteout(&format!(".wh.{}", String::from_utf8_lossy(at.file_name())), at.parent()),
        "opaque" => whiteout(".wh..wh..opq", Some(at)),
        other => panic!("`{other}` is nothing an image has"),
    }
}

/// The values of `name=value` words.
fn values<'o>(options: &'o [&'o str], name: &'o str) -> impl Iterator<Item = &'o str> {
    options.iter().filter_map(move |word| word.strip_prefix(name)?.strip_prefix('='))
}

fn elf(options: &[&str]) -> Vec<u8> {
    let option = |name: &'static str| values(options, name);
    let machine = if options.contains(&"machine=arm64") { AARCH64 } else { X86_64 };
    let mut maker = match option("program").next() {
        Some(loader) => ElfMaker::program(machine, loader),
        None if options.contains(&"static") => ElfMaker::static_program(machine),
        None => ElfMaker::library(machine),
    };
    for library in option("needs") {
        maker = maker.needs(library);
    }
    for wanted in option("wants") {
        let (library, version) = wanted.split_once(':').unwrap();
        maker = maker.needs_versions(library, &[version]);
    }
    for version in option("defines") {
        maker = maker.defines_versions(&[version]);
    }
    for soname in option("soname") {
        maker = maker.soname(soname);
    }
    for directory in option("runpath") {
        maker = maker.runpath(directory);
    }
    let mut bytes = maker.build();
    option("text").for_each(|text| {
        bytes.extend_from_slice(text.replace("&nbsp;", " ").replace("&nl;", "\n").as_bytes())
    });
    bytes
}

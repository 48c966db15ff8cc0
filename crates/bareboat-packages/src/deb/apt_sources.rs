//! Debian mirrors found in a host's apt configuration: `sources.list` lines and deb822 `.sources` paragraphs.
//!
//! Follows `sources.list(5)`. The text comes in as data; [`read_host_sources`] is the one function that reads
//! files, below the root it is given. Which of the places found truly is Debian's archive is decided later by
//! signature: here only what clearly is something else (another suite, component, keyring) is left out.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::control::paragraphs;
use super::debian_release::ArchiveKind;

/// A host's apt configuration, file by file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostSources {
    /// Content of `sources.list` and of `*.list` and `*.sources` in `sources.list.d`, by file name, in apt's
    /// order.
    pub files: Vec<(String, String)>,
    /// Content of the lists that `mirror+file:` addresses name, by absolute path.
    pub mirror_lists: BTreeMap<String, String>,
}

/// A place that may hold one of Debian's archives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostMirror {
    /// Which archive.
    pub archive: ArchiveKind,
    /// Address of the directory that holds `dists` and `pool`, without trailing slash.
    pub url: String,
}

impl HostSources {
    /// The mirrors named, each once, in order. Text that apt itself would refuse is skipped.
    pub fn mirrors(&self) -> Vec<HostMirror> {
        let mut mirrors = Vec::new();
        for (name, text) in &self.files {
            let sources = if name.ends_with(".sources") { deb822(text) } else { one_line(text) };
            for mirror in sources.iter().flat_map(|source| self.mirrors_of(source)) {
                if !mirrors.contains(&mirror) {
                    mirrors.push(mirror);
                }
            }
        }
        mirrors
    }

    fn mirrors_of(&self, source: &Source) -> Vec<HostMirror> {
        let Some(archive) = source.archive() else { return Vec::new() };
        source
            .uris
            .iter()
            .flat_map(|uri| self.addresses(uri))
            .map(|url| HostMirror { archive, url: url.trim_end_matches('/').to_owned() })
            .collect()
    }

    /// What fetching can use of `uri`: itself, or the addresses in the list it names.
    fn addresses(&self, uri: &str) -> Vec<String> {
        if let Some(path) = mirror_list_path(uri) {
            let Some(list) = self.mirror_lists.get(path) else { return Vec::new() };
            // A line is an address with optional tab-separated metadata (apt-transport-mirror(1)).
            let addresses = list.lines().filter_map(|line| line.split_ascii_whitespace().next());
            return addresses.filter_map(fetchable).collect();
        }
        fetchable(uri).into_iter().collect()
    }

    fn mirror_list_paths(&self) -> Vec<String> {
        let sources = self
            .files
            .iter()
            .flat_map(|(name, text)| if name.ends_with(".sources") { deb822(text) } else { one_line(text) });
        let uris = sources.flat_map(|source| source.uris);
        uris.filter_map(|uri| mirror_list_path(&uri).map(str::to_owned)).collect()
    }
}

/// Reads the apt configuration below `root` (`/` for the machine itself). Missing and unreadable files are no
/// error: a host without apt has no mirrors to offer.
pub fn read_host_sources(root: &Path) -> HostSources {
    let apt = root.join("etc/apt");
    let mut paths = vec![apt.join("sources.list")];
    let mut parts: Vec<PathBuf> = fs::read_dir(apt.join("sources.list.d"))
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    parts.retain(|path| {
        path.extension().is_some_and(|extension| extension == "list" || extension == "sources")
    });
    parts.sort();
    paths.extend(parts.into_iter().take(MAX_FILES));
    let mut sources = HostSources::default();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        sources.files.extend(read_text(&path).map(|text| (name, text)));
    }
    for path in sources.mirror_list_paths().into_iter().take(MAX_FILES) {
        if let Some(text) = read_text(&root.join(path.trim_start_matches('/'))) {
            sources.mirror_lists.insert(path, text);
        }
    }
    sources
}

fn read_text(path: &Path) -> Option<String> {
    let mut text = String::new();
    fs::File::open(path).ok()?.take(MAX_FILE_SIZE).read_to_string(&mut text).ok()?;
    Some(text)
}

const MAX_FILES: usize = 200;
const MAX_FILE_SIZE: u64 = 1 << 20;

fn mirror_list_path(uri: &str) -> Option<&str> {
    let path = uri.strip_prefix("mirror+file:")?;
    let path = path.strip_prefix("//").unwrap_or(path);
    path.starts_with('/').then_some(path)
}

/// `uri` as a fetcher writes it, if its scheme is one that can be fetched; apt writes `file:/srv`, others
/// `file:///srv`.
fn fetchable(uri: &str) -> Option<String> {
    match uri.strip_prefix("file:") {
        Some(path) if path.starts_with('/') => Some(format!("file:///{}", path.trim_start_matches('/'))),
        _ => ["http://", "https://"].iter().any(|scheme| uri.starts_with(scheme)).then(|| uri.to_owned()),
    }
}

/// One `deb` entry.
#[derive(Debug, Default)]
struct Source {
    uris: Vec<String>,
    suites: Vec<String>,
    components: Vec<String>,
    signed_by: String,
}

impl Source {
    /// The archive this entry can stand for, if it may be Debian's at all.
    ///
    /// A suite of any release will do: all of them share one pool. Third parties use Debian's suite names too,
    /// but then name their own keyring.
    fn archive(&self) -> Option<ArchiveKind> {
        let own_keyring = self.signed_by.split_ascii_whitespace().any(|keyring| {
            keyring.rsplit('/').next().is_some_and(|file| !file.starts_with("debian-archive-"))
        });
        if own_keyring || !self.components.iter().any(|component| component == "main") {
            return None;
        }
        self.suites.iter().find_map(|suite| suite_archive(suite))
    }
}

fn suite_archive(suite: &str) -> Option<ArchiveKind> {
    let suite = suite.trim_end_matches('/');
    let (name, pocket) = suite.split_once(['-', '/']).unwrap_or((suite, ""));
    if !SUITES.contains(&name) {
        return None;
    }
    match pocket {
        "security" => Some(ArchiveKind::Security),
        // Before Debian 11 the security suite was `buster/updates`.
        "updates" if suite.contains('/') => Some(ArchiveKind::Security),
        "" | "updates" | "proposed-updates" | "backports" | "backports-sloppy" => Some(ArchiveKind::Main),
        _ => None,
    }
}

const SUITES: [&str; 13] = [
    "buster",
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "duke",
    "sid",
    "oldoldstable",
    "oldstable",
    "stable",
    "testing",
    "unstable",
    "experimental",
];

/// `deb [signed-by=/x arch=amd64] http://archive.test/debian trixie main contrib`, one entry a line.
fn one_line(text: &str) -> Vec<Source> {
    text.lines().filter_map(one_line_source).collect()
}

fn one_line_source(line: &str) -> Option<Source> {
    let line = line.split('#').next()?.trim();
    let mut rest = line.strip_prefix("deb")?;
    if !rest.starts_with([' ', '\t']) {
        return None;
    }
    let mut source = Source::default();
    rest = rest.trim_start();
    if let Some(options) = rest.strip_prefix('[') {
        let (options, after) = options.split_once(']')?;
        for option in options.split_ascii_whitespace() {
            if let Some(keyring) = option.strip_prefix("signed-by=") {
                source.signed_by = keyring.replace(',', " ");
            }
        }
        rest = after;
    }
    let mut words = rest.split_ascii_whitespace().map(str::to_owned);
    source.uris.push(words.next()?);
    source.suites.push(words.next()?);
    source.components.extend(words);
    Some(source)
}

fn deb822(text: &str) -> Vec<Source> {
    // Comments may stand between the lines of one value.
    let text: String =
        text.lines().filter(|line| !line.starts_with('#')).flat_map(|line| [line, "\n"]).collect();
    let list = |value: Option<&str>| -> Vec<String> {
        value.unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect()
    };
    paragraphs(&text)
        .filter(|paragraph| {
            let enabled = !paragraph.get("Enabled").is_some_and(|value| value.eq_ignore_ascii_case("no"));
            enabled && list(paragraph.get("Types")).iter().any(|kind| kind == "deb")
        })
        .map(|paragraph| Source {
            uris: list(paragraph.get("URIs")),
            suites: list(paragraph.get("Suites")),
            components: list(paragraph.get("Components")),
            signed_by: keyring_file(paragraph.get("Signed-By").unwrap_or_default()),
        })
        .collect()
}

/// `Signed-By` is a list of files and fingerprints, or a whole key; a key of its own marks a third party.
fn keyring_file(value: &str) -> String {
    if value.contains("BEGIN PGP") { "inline-key".to_owned() } else { value.replace(',', " ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(name: &str, text: &str) -> Vec<String> {
        let sources =
            HostSources { files: vec![(name.to_owned(), text.to_owned())], ..HostSources::default() };
        sources.mirrors().into_iter().map(|mirror| format!("{} {}", mirror.archive, mirror.url)).collect()
    }

    #[test]
    fn reads_one_line_sources() {
        let text = "# deb http://no.test/debian trixie main\n\
            deb http://archive.test/debian/ bookworm main contrib # note\n\
            deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://b.test/debian trixie-updates main\n\
            deb-src http://src.test/debian trixie main\n\
            deb http://s.test/debian-security stable-security main\n\
            deb http://old.test/debian-security buster/updates main\n\
            deb http://archive.test/debian trixie main\n\
            deb file:/srv/debian trixie main\n";
        assert_eq!(
            found("sources.list", text),
            [
                "main http://archive.test/debian",
                "main http://b.test/debian",
                "security http://s.test/debian-security",
                "security http://old.test/debian-security",
                "main file:///srv/debian",
            ]
        );
    }

    #[test]
    fn reads_deb822_sources_with_several_addresses() {
        let text = "Types: deb deb-src\nURIs: http://a.test/debian\n# between\n https://b.test/debian\nSuites: bookworm bookworm-updates\n\
            Components: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n\
            Types: deb\nURIs: http://a.test/debian-security\nSuites: bookworm-security\nComponents: main\n\n\
            Enabled: no\nTypes: deb\nURIs: http://off.test/debian\nSuites: trixie\nComponents: main\n";
        assert_eq!(
            found("debian.sources", text),
            [
                "main http://a.test/debian",
                "main https://b.test/debian",
                "security http://a.test/debian-security"
            ]
        );
    }

    #[test]
    fn leaves_out_third_parties_and_unusable_schemes() {
        for line in [
            "deb https://docker.test/linux/debian bookworm stable",
            "deb [signed-by=/etc/apt/keyrings/wine.gpg] https://wine.test/debian bookworm main",
            "deb https://pg.test/apt bookworm-pgdg main",
            "deb http://ubuntu.test/ubuntu noble main",
            "deb http://x.test/debian trixie-debug main",
            "deb cdrom:[Debian]/ trixie main",
            "deb ftp://x.test/debian trixie main",
            "deb http://x.test/debian",
            "debx http://x.test/debian trixie main",
            "deb [unclosed http://x.test/debian trixie main",
        ] {
            assert_eq!(found("sources.list", line), Vec::<String>::new(), "{line}");
        }
        let inline = "Types: deb\nURIs: http://x.test/debian\nSuites: trixie\nComponents: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n";
        assert_eq!(found("x.sources", inline), Vec::<String>::new());
    }

    #[test]
    fn reads_files_below_a_root_in_order_with_their_mirror_lists() {
        let root = tempfile::tempdir().unwrap();
        let apt = root.path().join("etc/apt");
        fs::create_dir_all(apt.join("sources.list.d")).unwrap();
        fs::create_dir_all(apt.join("mirrors")).unwrap();
        fs::write(apt.join("sources.list"), "deb http://first.test/debian trixie main\n").unwrap();
        let cloud = "Types: deb\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites: trixie\nComponents: main\n";
        fs::write(apt.join("sources.list.d/b.sources"), cloud).unwrap();
        fs::write(apt.join("sources.list.d/a.list"), "deb http://second.test/debian trixie main\n").unwrap();
        fs::write(apt.join("sources.list.d/c.save"), "deb http://never.test/debian trixie main\n").unwrap();
        fs::write(apt.join("mirrors/debian.list"), "https://third.test/debian\tpriority:1\n\nnonsense\n")
            .unwrap();
        let mirrors: Vec<_> =
            read_host_sources(root.path()).mirrors().into_iter().map(|mirror| mirror.url).collect();
        assert_eq!(
            mirrors,
            ["http://first.test/debian", "http://second.test/debian", "https://third.test/debian"]
        );
        assert_eq!(read_host_sources(&root.path().join("absent")).mirrors(), []);
    }

    proptest! {
        #[test]
        fn never_panics(text in "(deb|Types: deb|URIs:|Suites: trixie|[a-z\\[\\]#: /\n\t]){0,20}") {
            found("sources.list", &text);
            found("x.sources", &text);
        }
    }
}

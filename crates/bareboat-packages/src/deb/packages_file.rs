//! From an archive's `Packages` text to a compact table, and from a row of it to a [`PackageRecord`].
//!
//! The text of Debian's main component is 57 MB, half of it descriptions and tags. The table keeps what
//! composing an image can ask for and is cached under the digest of the index file.

use bareboat_store::Digest;

use super::architecture::Architecture;
use super::control::{Paragraph, paragraphs};
use super::debian_release::Suite;
use super::dependency::is_package_name;
use super::record::{PackageRecord, provisions};
use super::release_file::is_plain_path;
use super::sorted_lines::SortedLines;
use super::version::Version;

/// The packages of one suite.
#[derive(Debug, Clone)]
pub(super) struct SuitePackages {
    suite: Suite,
    packages: SortedLines,
    /// Virtual names with the names of those that provide them.
    provisions: SortedLines,
}

/// First line of a table of packages; the number changes when the columns do.
const PACKAGES_HEADING: &str = "bareboat debian packages 1";
const PROVISIONS_HEADING: &str = "bareboat debian provisions 1";
/// Between both tables: a line that can start no row.
const SEPARATOR: &str = "\n\n";

impl SuitePackages {
    /// Reads what [`compact`] wrote; `None` when it is something else.
    pub fn open(suite: Suite, mut text: String) -> Option<Self> {
        let middle = memchr::memmem::find(text.as_bytes(), SEPARATOR.as_bytes())?;
        let provisions = text[middle + SEPARATOR.len()..].to_owned();
        text.truncate(middle + 1);
        Some(Self {
            suite,
            packages: SortedLines::open(text, PACKAGES_HEADING)?,
            provisions: SortedLines::open(provisions, PROVISIONS_HEADING)?,
        })
    }

    /// How many packages there are, each version counted.
    pub fn len(&self) -> usize {
        self.packages.len()
    }

    /// Every version of the package `name` here.
    pub fn versions<'a>(&'a self, name: &'a str) -> impl Iterator<Item = PackageRow<'a>> {
        self.packages.find(name).map(|row| PackageRow { suite: &self.suite, row })
    }

    /// Every package, ordered by name.
    pub fn rows(&self) -> impl Iterator<Item = PackageRow<'_>> {
        self.packages.rows().map(|row| PackageRow { suite: &self.suite, row })
    }

    /// Rows that contain `text` anywhere: a fast preselection.
    pub fn rows_containing<'a>(&'a self, text: &'a str) -> impl Iterator<Item = PackageRow<'a>> {
        let table = self.packages.text();
        let mut after = 0;
        memchr::memmem::find_iter(table.as_bytes(), text.as_bytes()).filter_map(move |at| {
            if at < after {
                return None;
            }
            let start = memchr::memrchr(b'\n', &table.as_bytes()[..at])? + 1;
            let end = at + memchr::memchr(b'\n', &table.as_bytes()[at..])?;
            after = end;
            Some(PackageRow { suite: &self.suite, row: &table[start..end] })
        })
    }

    /// Names of packages of which some version provides `name`.
    pub fn providers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.provisions.find(name).filter_map(|row| row.split('\t').nth(1))
    }
}

/// One row, not yet taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct PackageRow<'a> {
    suite: &'a Suite,
    row: &'a str,
}

impl<'a> PackageRow<'a> {
    /// Package name.
    pub fn name(&self) -> &'a str {
        self.row.split('\t').next().unwrap_or_default()
    }

    /// Version.
    pub fn version(&self) -> &'a str {
        self.row.split('\t').nth(1).unwrap_or_default()
    }

    /// The suite it is in.
    pub fn suite(&self) -> &'a Suite {
        self.suite
    }

    /// The row taken apart; `None` when it is no row of ours.
    pub fn record(&self) -> Option<PackageRecord> {
        let mut columns = self.row.split('\t');
        let mut next = || columns.next();
        let (name, version) = (next()?.to_owned(), next()?.parse::<Version>().ok()?);
        let (architecture, source, source_version) = (next()?, next()?, next()?);
        let record = PackageRecord {
            architecture: architecture.to_owned(),
            source: if source.is_empty() { name.clone() } else { source.to_owned() },
            source_version: if source_version.is_empty() {
                version.clone()
            } else {
                source_version.parse().ok()?
            },
            name,
            version,
            suite: self.suite.name.clone(),
            archive: self.suite.archive(),
            path: next()?.to_owned(),
            sha256: Digest::from_hex(next()?).ok()?,
            size: next()?.parse().ok()?,
            installed_size: next()?.parse().ok()?,
            section: next()?.to_owned(),
            priority: next()?.to_owned(),
            essential: next()? == "yes",
            multi_arch: next()?.to_owned(),
            pre_depends: next()?.to_owned(),
            depends: next()?.to_owned(),
            provides: next()?.to_owned(),
            conflicts: next()?.to_owned(),
            breaks: next()?.to_owned(),
        };
        next().is_none().then_some(record)
    }
}

/// Turns the text of a `Packages` index into the compact tables that [`SuitePackages::open`] reads.
///
/// Packages of other architectures are left out.
///
/// # Errors
/// A package without one of the fields that say what and where it is.
pub(super) fn compact(text: &str, architecture: Architecture) -> Result<String, PackagesFileError> {
    let (mut packages, mut provided) = (Vec::new(), Vec::new());
    for paragraph in paragraphs(text) {
        let stanza = Stanza::read(&paragraph);
        if stanza.architecture != "all" && stanza.architecture != architecture.debian() {
            continue;
        }
        packages.push(stanza.row().map_err(|field| PackagesFileError {
            package: stanza.package.chars().take(80).collect(),
            field,
        })?);
        provided.extend(provisions(stanza.provides).map(|(name, _)| format!("{name}\t{}", stanza.package)));
    }
    let mut tables = SortedLines::write(PACKAGES_HEADING, packages);
    tables.extend(["\n", &SortedLines::write(PROVISIONS_HEADING, provided)]);
    Ok(tables)
}

/// The fields of interest of one paragraph.
#[derive(Default)]
struct Stanza<'a> {
    package: &'a str,
    version: &'a str,
    architecture: &'a str,
    source: &'a str,
    path: &'a str,
    sha256: &'a str,
    size: &'a str,
    installed_size: &'a str,
    section: &'a str,
    priority: &'a str,
    essential: &'a str,
    multi_arch: &'a str,
    pre_depends: &'a str,
    depends: &'a str,
    provides: &'a str,
    conflicts: &'a str,
    breaks: &'a str,
}

impl<'a> Stanza<'a> {
    /// Names are compared exactly: an archive's tools write one spelling, and this runs two million times.
    fn read(paragraph: &Paragraph<'a>) -> Self {
        let mut stanza = Self::default();
        for (name, value) in paragraph.fields() {
            let field = match name {
                "Package" => &mut stanza.package,
                "Version" => &mut stanza.version,
                "Architecture" => &mut stanza.architecture,
                "Source" => &mut stanza.source,
                "Filename" => &mut stanza.path,
                "SHA256" => &mut stanza.sha256,
                "Size" => &mut stanza.size,
                "Installed-Size" => &mut stanza.installed_size,
                "Section" => &mut stanza.section,
                "Priority" => &mut stanza.priority,
                "Essential" => &mut stanza.essential,
                "Multi-Arch" => &mut stanza.multi_arch,
                "Pre-Depends" => &mut stanza.pre_depends,
                "Depends" => &mut stanza.depends,
                "Provides" => &mut stanza.provides,
                "Conflicts" => &mut stanza.conflicts,
                "Breaks" => &mut stanza.breaks,
                _ => continue,
            };
            *field = value;
        }
        stanza
    }

    /// The row, or the name of the field that is wrong.
    fn row(&self) -> Result<String, &'static str> {
        let good = |good: bool, field: &'static str| if good { Ok(()) } else { Err(field) };
        good(is_package_name(self.package), "Package")?;
        good(Version::check(self.version).is_ok(), "Version")?;
        good(is_plain_path(self.path), "Filename")?;
        good(Digest::from_hex(self.sha256).is_ok(), "SHA256")?;
        good(self.size.parse::<u64>().is_ok(), "Size")?;
        let (source, source_version) = self.source();
        good(source_version.is_empty() || Version::check(source_version).is_ok(), "Source")?;
        let installed = self.installed_size.parse::<u64>().unwrap_or(0).saturating_mul(1024).to_string();
        let columns = [
            self.package,
            self.version,
            self.architecture,
            source,
            source_version,
            self.path,
            self.sha256,
            self.size,
            &installed,
            self.section,
            self.priority,
            self.essential,
            self.multi_arch,
            self.pre_depends,
            self.depends,
            self.provides,
            self.conflicts,
            self.breaks,
        ];
        let mut row = String::with_capacity(columns.iter().map(|column| column.len() + 1).sum());
        for (index, column) in columns.iter().enumerate() {
            if index > 0 {
                row.push('\t');
            }
            push_on_one_line(&mut row, column);
        }
        Ok(row)
    }

    /// Name and version of the source package, each empty when it is the package's own.
    fn source(&self) -> (&'a str, &'a str) {
        let (name, version) = match self.source.split_once('(') {
            Some((name, version)) => (name.trim(), version.trim_end_matches(')').trim()),
            None => (self.source, ""),
        };
        (if name == self.package { "" } else { name }, if version == self.version { "" } else { version })
    }
}

/// Appends `value`, its line breaks and tabs (a folded field has some) as blanks.
fn push_on_one_line(row: &mut String, value: &str) {
    if memchr::memchr3(b'\n', b'\t', b'\r', value.as_bytes()).is_none() {
        return row.push_str(value);
    }
    row.extend(value.chars().map(|c| if matches!(c, '\n' | '\t' | '\r') { ' ' } else { c }));
}

/// A package in an index lacks something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("its package `{package}` has no good `{field}` field")]
pub struct PackagesFileError {
    package: String,
    field: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deb::debian_release::{ArchiveKind, DebianRelease};
    use proptest::prelude::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn stanza(name: &str, version: &str, extra: &str) -> String {
        format!(
            "Package: {name}\nVersion: {version}\nArchitecture: amd64\nFilename: pool/main/{name}.deb\nSHA256: {HEX}\nSize: 9\n{extra}\n"
        )
    }

    fn open(text: &str) -> SuitePackages {
        let suite = DebianRelease::Trixie.suites().remove(2);
        SuitePackages::open(suite, compact(text, Architecture::Amd64).unwrap()).unwrap()
    }

    #[test]
    fn keeps_every_field_of_interest() {
        let extra = "Source: src (1.0-1)\nInstalled-Size: 3\nSection: libs\nPriority: required\nEssential: yes\nMulti-Arch: same\n\
            Pre-Depends: p\nDepends: a (>= 1),\n b | c\nProvides: v (= 2), w\nConflicts: x\nBreaks: y\nDescription: d\n long\n";
        let packages = open(&stanza("lib", "1.0-1+b1", extra));
        let record = packages.versions("lib").next().unwrap().record().unwrap();
        assert_eq!((&record.source[..], record.source_version.as_str()), ("src", "1.0-1"));
        assert_eq!((record.size, record.installed_size, record.essential), (9, 3072, true));
        assert_eq!((record.archive, &record.suite[..]), (ArchiveKind::Security, "trixie-security"));
        assert_eq!(record.path, "pool/main/lib.deb");
        assert_eq!(record.dependencies().unwrap().len(), 3);
        assert_eq!(record.exclusions().unwrap().len(), 2);
        assert_eq!(
            (record.provides("v"), record.provides("w"), record.provides("z")),
            (Some(Some("2")), Some(None), None)
        );
        assert_eq!(packages.providers("v").collect::<Vec<_>>(), ["lib"]);
    }

    #[test]
    fn a_package_is_its_own_source_unless_it_says_otherwise() {
        let packages = open(&stanza("lib", "1.0", ""));
        let record = packages.versions("lib").next().unwrap().record().unwrap();
        assert_eq!((&record.source[..], record.source_version.as_str()), ("lib", "1.0"));
    }

    #[test]
    fn finds_rows_by_text_and_skips_other_architectures() {
        let other = stanza("other", "1", "").replace("amd64", "i386");
        let packages =
            open(&(stanza("a", "1", "Depends: zlib1g, zlib1g\n") + &stanza("b", "1", "") + &other));
        assert_eq!(packages.len(), 2);
        assert_eq!(packages.rows_containing("zlib1g").map(|row| row.name()).collect::<Vec<_>>(), ["a"]);
    }

    #[test]
    fn refuses_packages_without_the_essentials() {
        let good = stanza("a", "1", "");
        for (from, to, field) in [
            ("Package: a", "Package: ../a", "Package"),
            ("Version: 1\n", "", "Version"),
            ("pool/main", "../main", "Filename"),
            ("pool/main", "/main", "Filename"),
            (HEX, "00", "SHA256"),
            ("Size: 9", "Size: many", "Size"),
        ] {
            let error = compact(&good.replace(from, to), Architecture::Amd64).unwrap_err();
            assert_eq!(error.field, field);
        }
    }

    #[test]
    fn refuses_tables_of_another_make() {
        let suite = DebianRelease::Trixie.suites().remove(0);
        for text in ["", "\n\n", "bareboat debian packages 0\n\n\nbareboat debian provisions 1\n"] {
            assert!(SuitePackages::open(suite.clone(), text.to_owned()).is_none());
        }
        assert!(SuitePackages::open(suite, compact("", Architecture::Amd64).unwrap()).is_some());
    }

    proptest! {
        #[test]
        fn what_it_writes_it_reads_whatever_the_index_says(text in "(Package|Version|Architecture|Provides|Size): [a-z1:.-]{0,6}(\n|\n\n| \t| x\n)") {
            let text = stanza("a", "1", "") + &text + &stanza("b", "2", "");
            if let Ok(table) = compact(&text, Architecture::Amd64) {
                let packages = SuitePackages::open(DebianRelease::Trixie.suites().remove(0), table).unwrap();
                prop_assert!(packages.rows().all(|row| row.record().is_some()));
            }
        }
    }
}

//! Libraries and programs that Python distributions load or start by name at run time.
//!
//! Nothing in their files says so (no `DT_NEEDED`), so they are known here by distribution. Each was found by an import
//! or a call that failed without it. What a hint adds is checked like any other package.

use std::collections::BTreeSet;

use super::Release;

/// What a distribution needs that its files do not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint {
    /// Normalised name of the distribution (PEP 503).
    pub distribution: &'static str,
    /// Only when the application imports this module.
    pub when_imported: Option<&'static str>,
    /// How badly.
    pub need: Need,
    /// It searches with `ctypes.util.find_library`, which asks `/sbin/ldconfig`: see [`LDCONFIG`].
    pub find_library: bool,
    /// What it is for.
    pub why: &'static str,
    packages: [&'static [&'static str]; 3],
    /// Not when one of these is there, too.
    unless: &'static [&'static str],
}

/// How badly a distribution needs something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Importing it fails without.
    Import,
    /// It starts a program, which may be large and may never be started: suggest it, do not add it.
    Program,
}

/// The package with `/usr/sbin/ldconfig`, all that `ctypes.util.find_library` needs beside the loader cache; the slices
/// cut everything else.
pub const LDCONFIG: &str = "libc-bin";

impl Hint {
    /// The packages of `release`.
    pub fn packages(&self, release: Release) -> &'static [&'static str] {
        match release {
            Release::Bookworm => self.packages[0],
            Release::Trixie => self.packages[1],
            Release::Forky => self.packages[2],
        }
    }

    /// True when it holds for an application that imports these modules (dotted names).
    pub fn applies(&self, imports: &BTreeSet<String>) -> bool {
        let is_imported = |module: &str| {
            imports.iter().any(|name| {
                name.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        };
        self.when_imported.is_none_or(is_imported)
    }
}

/// The hints for a set of distributions (normalised names); which of them hold may depend on [`Hint::applies`].
pub fn of_distributions(distributions: &BTreeSet<String>) -> Vec<&'static Hint> {
    let is_there = |hint: &&Hint| {
        distributions.contains(hint.distribution)
            && !hint.unless.iter().any(|other| distributions.contains(*other))
    };
    TABLE.iter().filter(is_there).collect()
}

type Packages = &'static [&'static str];

const fn library(distribution: &'static str, packages: [Packages; 3], why: &'static str) -> Hint {
    let (need, unless) = (Need::Import, &[]);
    Hint { distribution, when_imported: None, need, find_library: false, why, packages, unless }
}

const fn by_find_library(distribution: &'static str, packages: [Packages; 3], why: &'static str) -> Hint {
    Hint { find_library: true, ..library(distribution, packages, why) }
}

const fn program(distribution: &'static str, packages: Packages, why: &'static str) -> Hint {
    Hint { need: Need::Program, ..library(distribution, [packages; 3], why) }
}

const PANGO: Packages =
    &["libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "libfontconfig1", "fonts-dejavu-core"];
const ENCHANT: Packages = &["libenchant-2-2", "hunspell-en-us"];

const TABLE: &[Hint] = &[
    library("cairocffi", [&["libcairo2"]; 3], "draws with libcairo"),
    Hint {
        when_imported: Some("django.contrib.gis"),
        ..by_find_library(
            "django",
            [
                &["libgdal32", "libgeos-c1v5", "libproj25"],
                &["libgdal36", "libgeos-c1t64", "libproj25"],
                &["libgdal39", "libgeos-c1t64", "libproj25"],
            ],
            "GeoDjango loads GDAL and GEOS",
        )
    },
    program("ffmpeg-python", &["ffmpeg"], "starts ffmpeg"),
    by_find_library(
        "filemagic",
        [
            &["libmagic1", "libmagic-mgc"],
            &["libmagic1t64", "libmagic-mgc"],
            &["libmagic1t64", "libmagic-mgc"],
        ],
        "recognises files with libmagic",
    ),
    program("gitpython", &["git"], "starts git"),
    program("graphviz", &["graphviz"], "starts dot"),
    by_find_library(
        "libarchive-c",
        [&["libarchive13"], &["libarchive13t64"], &["libarchive13t64"]],
        "unpacks with libarchive",
    ),
    program("ocrmypdf", &["tesseract-ocr", "ghostscript"], "starts tesseract and gs"),
    program("pdf2image", &["poppler-utils"], "starts pdftoppm"),
    Hint {
        unless: &["psycopg-binary", "psycopg-c"],
        ..by_find_library("psycopg", [&["libpq5"]; 3], "speaks to PostgreSQL through libpq")
    },
    program("pydub", &["ffmpeg"], "starts ffmpeg"),
    by_find_library("pyenchant", [ENCHANT; 3], "checks spelling with libenchant"),
    library("pygobject", [&["gir1.2-glib-2.0"]; 3], "reads type libraries"),
    by_find_library(
        "pylibdmtx",
        [&["libdmtx0b"], &["libdmtx0t64"], &["libdmtx0t64"]],
        "reads Data Matrix codes with libdmtx",
    ),
    Hint { unless: &["pypandoc-binary"], ..program("pypandoc", &["pandoc"], "starts pandoc") },
    by_find_library("pyseccomp", [&["libseccomp2"]; 3], "filters system calls with libseccomp"),
    by_find_library(
        "pysodium",
        [&["libsodium23"], &["libsodium23"], &["libsodium26"]],
        "encrypts with libsodium",
    ),
    program("pytesseract", &["tesseract-ocr"], "starts tesseract"),
    library(
        "python-magic",
        [
            &["libmagic1", "libmagic-mgc"],
            &["libmagic1t64", "libmagic-mgc"],
            &["libmagic1t64", "libmagic-mgc"],
        ],
        "recognises files with libmagic",
    ),
    program("python-gnupg", &["gnupg"], "starts gpg"),
    library("pyttsx3", [&["libespeak-ng1"]; 3], "speaks with libespeak-ng"),
    by_find_library("pyusb", [&["libusb-1.0-0"]; 3], "reaches USB devices through libusb"),
    Hint {
        unless: &["pyvips-binary"],
        ..library(
            "pyvips",
            [&["libvips42"], &["libvips42t64"], &["libvips42t64"]],
            "processes images with libvips",
        )
    },
    by_find_library(
        "pyzbar",
        [&["libzbar0"], &["libzbar0t64"], &["libzbar0t64"]],
        "reads bar codes with libzbar",
    ),
    by_find_library("sounddevice", [&["libportaudio2"]; 3], "plays and records through PortAudio"),
    by_find_library(
        "wand",
        [&["libmagickwand-6.q16-6"], &["libmagickwand-7.q16-10"], &["libmagickwand-7.q16-10"]],
        "processes images with ImageMagick",
    ),
    library("weasyprint", [PANGO; 3], "lays out text with Pango"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn names(distributions: &[&str], imports: &[&str]) -> Vec<&'static str> {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let hints = of_distributions(&set(distributions));
        hints.iter().filter(|hint| hint.applies(&set(imports))).map(|hint| hint.distribution).collect()
    }

    #[test]
    fn a_hint_applies_to_its_distribution_alone() {
        assert_eq!(names(&["weasyprint", "flask"], &[]), ["weasyprint"]);
        assert!(names(&["flask"], &[]).is_empty());
    }

    #[test]
    fn geodjango_counts_only_when_imported() {
        assert!(names(&["django"], &["django.contrib.admin", "django.contrib.gist"]).is_empty());
        assert_eq!(names(&["django"], &["django.contrib.gis.db.models"]), ["django"]);
    }

    #[test]
    fn a_distribution_that_brings_its_own_needs_nothing() {
        assert_eq!(names(&["psycopg"], &[]), ["psycopg"]);
        assert!(names(&["psycopg", "psycopg-binary"], &[]).is_empty());
    }

    #[test]
    fn packages_follow_the_release() {
        let set = BTreeSet::from(["pyzbar".to_owned()]);
        let hint = of_distributions(&set)[0];
        assert_eq!(hint.packages(Release::Bookworm), ["libzbar0"]);
        assert_eq!(hint.packages(Release::Trixie), ["libzbar0t64"]);
        assert!(hint.find_library && hint.need == Need::Import);
    }
}

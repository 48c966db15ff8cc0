//! Slices: which of a package's files an image carries.
//!
//! The rules are data (`slice_rules.rs`), each with its reason; this file only applies them. Every rule was checked
//! by importing the whole standard library and the most used wheels in the sliced tree.

use std::fmt;
use std::str::FromStr;

use bareboat_image::TreePath;
use serde::{Deserialize, Serialize};

use super::slice_rules::{RULES, Rule, Unless};

/// How much of each package goes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Slice {
    /// Everything a program can need at run time. The default.
    #[default]
    Safe,
    /// Every file of every package.
    Full,
    /// `Safe` without terminals, `dbm` and engines: for network services.
    Web,
}

impl FromStr for Slice {
    type Err = UnknownSlice;

    fn from_str(text: &str) -> Result<Self, UnknownSlice> {
        match text {
            "safe" => Ok(Self::Safe),
            "full" => Ok(Self::Full),
            "web" => Ok(Self::Web),
            _ => Err(UnknownSlice { text: text.chars().take(80).collect() }),
        }
    }
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Safe => "safe",
            Self::Full => "full",
            Self::Web => "web",
        })
    }
}

/// Not the name of a slice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown slice `{text}`: want `safe`, `full` or `web`")]
pub struct UnknownSlice {
    text: String,
}

/// A slice with what the application at hand changes about it. Part of a package part's cache key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Slicing {
    /// The slice.
    pub slice: Slice,
    /// Something in the image calls `iconv_open`: keep every character set converter.
    pub needs_gconv: bool,
    /// Something in the image is linked to `libmvec.so.1`.
    pub needs_mvec: bool,
    /// The user asked for this package by name: nothing is cut but what is cut from every package.
    pub named: bool,
}

/// Whether a file goes into the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It goes in.
    Keep,
    /// It stays out.
    Drop(&'static str),
}

impl Slicing {
    /// What happens to `path` (merged `/usr`) of `package`. The first matching rule decides; without one, it is kept.
    pub fn verdict(&self, package: &str, path: &TreePath) -> Verdict {
        if self.slice == Slice::Full {
            return Verdict::Keep;
        }
        let rule = RULES.iter().find(|rule| self.applies(rule, package) && matches(rule.pattern, path));
        rule.map_or(Verdict::Keep, |rule| rule.verdict)
    }

    fn applies(&self, rule: &Rule, package: &str) -> bool {
        (!rule.web_only || self.slice == Slice::Web)
            && (rule.package.is_empty()
                || !self.named && matches_name(rule.package.as_bytes(), package.as_bytes()))
            && match rule.unless {
                Unless::Never => true,
                Unless::Gconv => !self.needs_gconv,
                Unless::Mvec => !self.needs_mvec,
            }
    }
}

/// Matches component by component: `*` is any run of bytes inside one, a final `**` the directory itself and
/// everything below it.
fn matches(pattern: &str, path: &TreePath) -> bool {
    let mut components = path.components();
    for part in pattern.split('/') {
        if part == "**" {
            return true;
        }
        match components.next() {
            Some(component) if matches_name(part.as_bytes(), component) => {}
            _ => return false,
        }
    }
    components.next().is_none()
}

fn matches_name(pattern: &[u8], name: &[u8]) -> bool {
    let Some(star) = pattern.iter().position(|&byte| byte == b'*') else {
        return pattern == name;
    };
    let (head, tail) = (&pattern[..star], &pattern[star + 1..]);
    let Some(rest) = name.strip_prefix(head) else { return false };
    (0..=rest.len()).any(|skip| matches_name(tail, &rest[skip..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeps(slicing: Slicing, package: &str, path: &str) -> bool {
        slicing.verdict(package, &TreePath::new(path).unwrap()) == Verdict::Keep
    }

    const SAFE: Slicing = Slicing { slice: Slice::Safe, needs_gconv: false, needs_mvec: false, named: false };
    const WEB: Slicing = Slicing { slice: Slice::Web, ..SAFE };
    const FULL: Slicing = Slicing { slice: Slice::Full, ..SAFE };
    const GCONV: Slicing = Slicing { needs_gconv: true, ..SAFE };

    #[test]
    fn licences_always_travel() {
        for slicing in [SAFE, WEB, FULL] {
            assert!(keeps(slicing, "libc6", "usr/share/doc/libc6/copyright"));
            assert!(keeps(slicing, "libgcc-s1", "usr/share/doc/libgcc-s1"));
            assert!(keeps(slicing, "base-files", "usr/share/common-licenses/GPL-3"));
        }
        assert!(!keeps(SAFE, "libc6", "usr/share/doc/libc6/changelog.gz"));
        assert!(keeps(FULL, "libc6", "usr/share/doc/libc6/changelog.gz"));
    }

    #[test]
    fn cuts_the_test_suite_and_keeps_what_libraries_import() {
        let stdlib = "libpython3.13-stdlib";
        for gone in ["test/support/__init__.py", "pydoc_data/topics.py", "turtle.py"] {
            assert!(!keeps(SAFE, stdlib, &format!("usr/lib/python3.13/{gone}")), "{gone}");
        }
        for kept in ["pydoc.py", "doctest.py", "unittest/mock.py", "venv/__init__.py", "testing.py"] {
            assert!(keeps(WEB, stdlib, &format!("usr/lib/python3.13/{kept}")), "{kept}");
        }
        let module =
            |name: &str| format!("usr/lib/python3.13/lib-dynload/{name}.cpython-313-x86_64-linux-gnu.so");
        assert!(!keeps(SAFE, stdlib, &module("_testcapi")) && !keeps(SAFE, stdlib, &module("xxlimited")));
        assert!(keeps(WEB, stdlib, &module("_codecs_jp")) && keeps(WEB, stdlib, &module("_sqlite3")));
    }

    #[test]
    fn web_alone_cuts_terminals_and_databases() {
        for module in ["_curses", "_curses_panel", "readline", "_dbm", "nis", "_crypt"] {
            let path = format!("usr/lib/python3.11/lib-dynload/{module}.cpython-311-x86_64-linux-gnu.so");
            assert!(keeps(SAFE, "libpython3.11-stdlib", &path), "{module}");
            assert!(!keeps(WEB, "libpython3.11-stdlib", &path), "{module}");
        }
    }

    #[test]
    fn character_sets_are_kept_whole_when_something_converts() {
        let path = |name: &str| format!("usr/lib/x86_64-linux-gnu/gconv/{name}");
        for name in ["UTF-16.so", "ISO8859-15.so", "CP1252.so", "gconv-modules.cache", "UNICODE.so"] {
            assert!(keeps(SAFE, "libc6", &path(name)), "{name}");
        }
        for name in ["BIG5.so", "libJIS.so", "IBM037.so"] {
            assert!(!keeps(SAFE, "libc6", &path(name)) && keeps(GCONV, "libc6", &path(name)), "{name}");
        }
    }

    #[test]
    fn the_libraries_manylinux_promises_stay() {
        for name in ["libnsl.so.1", "libanl.so.1", "libutil.so.1", "librt.so.1", "libresolv.so.2"] {
            assert!(keeps(WEB, "libc6", &format!("usr/lib/x86_64-linux-gnu/{name}")), "{name}");
        }
        let vectors = "usr/lib/x86_64-linux-gnu/libmvec.so.1";
        assert!(!keeps(SAFE, "libc6", vectors) && keeps(FULL, "libc6", vectors));
        assert!(keeps(Slicing { needs_mvec: true, ..SAFE }, "libc6", vectors));
        let debugging = "usr/lib/aarch64-linux-gnu/libthread_db.so.1";
        assert!(!keeps(SAFE, "libc6", debugging));
    }

    #[test]
    fn a_package_asked_for_by_name_keeps_its_tools() {
        let named = Slicing { named: true, ..WEB };
        assert!(!keeps(WEB, "libc-bin", "usr/bin/getconf") && keeps(named, "libc-bin", "usr/bin/getconf"));
        assert!(!keeps(named, "libc-bin", "usr/share/man/man1/getconf.1.gz"));
    }

    #[test]
    fn stars_stay_inside_a_component() {
        let path = |text: &str| TreePath::new(text).unwrap();
        assert!(matches("a/*/c", &path("a/b/c")) && !matches("a/*/c", &path("a/b/b/c")));
        assert!(
            matches("a/**", &path("a")) && matches("a/**", &path("a/b/c")) && !matches("a/**", &path("ab"))
        );
        assert!(matches("x*.so", &path("xy.so.so")) && !matches("x*.so", &path("xso")));
    }

    #[test]
    fn no_rule_is_dead_or_without_reason() {
        for rule in RULES {
            if let Verdict::Drop(reason) = rule.verdict {
                assert!(reason.len() > 10, "{}", rule.pattern);
            }
        }
    }
}

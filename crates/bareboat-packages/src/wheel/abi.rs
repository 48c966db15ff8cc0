//! Will the interpreter load an extension module? Judged by names alone: the file's suffix and its wheel's tags.
//!
//! CPython looks for a module's file under three suffixes, in this order: its own tag (`.cpython-313-x86_64-linux-gnu.so`,
//! PEP 3149), `.abi3.so` (PEP 384) and `.so`. A file tagged for anything else is not even seen. The two short suffixes
//! name no release, so only the wheel's tags (PEP 425) say what the file was built for. What the file itself needs
//! (processor, libraries, symbols) is for ELF facts to say.

use crate::pypi::{Tag, Target};

/// What is known of one extension module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it loads.
    pub fit: Fit,
    /// Why, as a clause that can stand after a colon.
    pub because: String,
}

/// Whether an extension module loads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// The interpreter finds it and it is built for this interpreter.
    Loads,
    /// The interpreter finds it; nothing says what it was built for.
    Unproven,
    /// The interpreter does not look at it. No harm when the module has another file.
    Unseen,
    /// The interpreter finds it and it is built for another one: it crashes or fails to import.
    Wrong,
}

/// A file name split into the module it is for and the suffix that says what it was built for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtensionName<'a> {
    /// Name of the module, without package.
    pub module: &'a str,
    /// What the suffix says.
    pub suffix: Suffix<'a>,
}

/// What stands between an extension module's name and `.so`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suffix<'a> {
    /// Nothing.
    Bare,
    /// `abi3`: the stable ABI.
    Stable,
    /// Any other tag, such as `cpython-313-x86_64-linux-gnu`.
    Tagged(&'a str),
}

impl<'a> ExtensionName<'a> {
    /// Reads a file name; `None` when it cannot be an extension module's: no `.so` at the end, a version after it, or a
    /// name no `import` statement can say.
    pub fn parse(file_name: &'a str) -> Option<Self> {
        let stem = file_name.strip_suffix(".so")?;
        let (module, suffix) = match stem.split_once('.') {
            None => (stem, Suffix::Bare),
            Some((module, "abi3")) => (module, Suffix::Stable),
            Some((module, tag)) => (module, Suffix::Tagged(tag)),
        };
        let is_identifier = !module.is_empty()
            && !module.starts_with(|c: char| c.is_ascii_digit())
            && module.chars().all(|c| c == '_' || c.is_alphanumeric());
        is_identifier.then_some(Self { module, suffix })
    }
}

/// The interpreter's own extension tag: `cpython-313-x86_64-linux-gnu`.
pub fn own_suffix(target: &Target) -> String {
    format!("cpython-{}-{}-linux-gnu", target.python.digits(), target.architecture.machine())
}

/// Judges the file `file_name` of a wheel whose `WHEEL` states `wheel_tags`; `None` when it is no extension module.
///
/// Plain `.so` files are often libraries that nobody imports: their verdict counts only for what is imported.
pub fn judge(file_name: &str, wheel_tags: &[String], target: &Target) -> Option<Verdict> {
    let name = ExtensionName::parse(file_name)?;
    Some(match name.suffix {
        Suffix::Tagged(tag) if tag == own_suffix(target) => {
            verdict(Fit::Loads, format!("its suffix is that of CPython {}", target.python.short()))
        }
        Suffix::Tagged(tag) => verdict(Fit::Unseen, foreign(tag, target)),
        Suffix::Stable => judge_stable(wheel_tags, target),
        Suffix::Bare => judge_bare(wheel_tags, target),
    })
}

fn verdict(fit: Fit, because: String) -> Verdict {
    Verdict { fit, because }
}

/// Why a tag is not this interpreter's.
fn foreign(tag: &str, target: &Target) -> String {
    let own = target.python.short();
    let rest = match tag.split_once('-') {
        Some(("cpython", rest)) => rest,
        _ => return format!("it is tagged `{tag}`, which CPython {own} does not look for"),
    };
    let (version, platform) = rest.split_once('-').unwrap_or((rest, ""));
    let digits = version.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let flags = &version[digits.len()..];
    let release = match digits.split_at_checked(1) {
        Some((major, minor)) if !minor.is_empty() => format!("{major}.{minor}"),
        _ => digits.to_owned(),
    };
    match flags {
        _ if release != own => format!("it is built for CPython {release}, not {own}"),
        "t" => format!("it is built for the free-threaded CPython {own}"),
        "d" => format!("it is built for a debug build of CPython {own}"),
        _ => format!(
            "it is built for the platform `{platform}`, not `{}-linux-gnu`",
            target.architecture.machine()
        ),
    }
}

/// The stable ABI only grows: a module built for 3.9 loads in 3.13, one built for 3.14 may want what 3.13 lacks.
fn judge_stable(wheel_tags: &[String], target: &Target) -> Verdict {
    let own = target.python.short();
    let oldest =
        expand(wheel_tags).filter(|tag| tag.abi == "abi3").filter_map(|tag| minor_of(&tag.python)).min();
    match oldest {
        Some(minor) if minor <= target.python.minor => {
            verdict(Fit::Loads, format!("it uses the stable ABI of CPython 3.{minor}, which {own} has"))
        }
        Some(minor) => {
            let because = format!("it uses the stable ABI of CPython 3.{minor}, which is newer than {own}");
            verdict(Fit::Wrong, because)
        }
        None => {
            let because = "it uses the stable ABI, and its wheel does not say since which release".to_owned();
            verdict(Fit::Unproven, because)
        }
    }
}

/// A file without any tag fits when the wheel's own tag does, as long as that names an ABI.
fn judge_bare(wheel_tags: &[String], target: &Target) -> Verdict {
    let own = format!("cp{}", target.python.digits());
    let tags: Vec<Tag> = expand(wheel_tags).collect();
    if tags.iter().any(|tag| tag.abi == own) {
        return verdict(Fit::Loads, format!("its wheel is built for CPython {}", target.python.short()));
    }
    if tags.iter().any(|tag| tag.abi == "abi3") {
        return judge_stable(wheel_tags, target);
    }
    match tags.iter().find(|tag| !matches!(tag.abi.as_str(), "none" | "")) {
        Some(tag) => {
            let because = format!("its wheel is built for `{}`, not for `{own}`", tag.abi);
            verdict(Fit::Wrong, because)
        }
        None => {
            verdict(Fit::Unproven, "neither its name nor its wheel says for which interpreter it is".into())
        }
    }
}

/// Single tags of compressed ones: `cp311.cp312-abi3-any` stands for two (PEP 425).
fn expand(wheel_tags: &[String]) -> impl Iterator<Item = Tag> + '_ {
    wheel_tags.iter().flat_map(|tag| {
        let mut parts = tag.split('-');
        let mut part = || parts.next().unwrap_or_default();
        let (pythons, abis, platforms) = (part(), part(), part());
        pythons.split('.').flat_map(move |python| {
            abis.split('.').flat_map(move |abi| {
                platforms.split('.').map(move |platform| Tag {
                    python: python.to_owned(),
                    abi: abi.to_owned(),
                    platform: platform.to_owned(),
                })
            })
        })
    })
}

/// 9 for `cp39`. CPython 2 has no stable ABI.
fn minor_of(python: &str) -> Option<u32> {
    python.strip_prefix("cp3")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deb::Architecture;
    use crate::pypi::PythonVersion;

    fn judged(file_name: &str, wheel_tag: &str) -> (Fit, String) {
        let target = Target::new(PythonVersion::new(3, 13, 5), (2, 41), Architecture::Amd64);
        let verdict = judge(file_name, &[wheel_tag.to_owned()], &target).unwrap();
        (verdict.fit, verdict.because)
    }

    #[track_caller]
    fn assert_judged(file_name: &str, wheel_tag: &str, fit: Fit, because: &str) {
        let (found, said) = judged(file_name, wheel_tag);
        assert!(found == fit && said.contains(because), "{file_name}, {wheel_tag}: {found:?}, {said}");
    }

    const OWN: &str = "cp313-cp313-manylinux_2_28_x86_64";

    #[test]
    fn believes_the_interpreters_own_suffix() {
        assert_judged("_m.cpython-313-x86_64-linux-gnu.so", "py3-none-any", Fit::Loads, "CPython 3.13");
    }

    #[test]
    fn says_what_a_foreign_suffix_is_for() {
        for (name, because) in [
            ("_m.cpython-311-x86_64-linux-gnu.so", "CPython 3.11, not 3.13"),
            ("_m.cpython-39-x86_64-linux-gnu.so", "CPython 3.9, not 3.13"),
            ("_m.cpython-313t-x86_64-linux-gnu.so", "free-threaded"),
            ("_m.cpython-313d-x86_64-linux-gnu.so", "debug build"),
            ("_m.cpython-313-aarch64-linux-gnu.so", "`aarch64-linux-gnu`, not `x86_64-linux-gnu`"),
            ("_m.cpython-313-x86_64-linux-musl.so", "`x86_64-linux-musl`"),
            ("_m.cpython-313-darwin.so", "`darwin`"),
            ("_m.pypy310-pp73-x86_64-linux-gnu.so", "tagged `pypy310"),
        ] {
            assert_judged(name, OWN, Fit::Unseen, because);
        }
    }

    #[test]
    fn asks_the_wheel_about_the_stable_abi() {
        assert_judged(
            "_rust.abi3.so",
            "cp39-abi3-manylinux_2_34_x86_64",
            Fit::Loads,
            "CPython 3.9, which 3.13 has",
        );
        assert_judged("_rust.abi3.so", "cp37.cp311-abi3-linux_x86_64", Fit::Loads, "3.7");
        assert_judged("_rust.abi3.so", "cp314-abi3-manylinux_2_34_x86_64", Fit::Wrong, "newer than 3.13");
        assert_judged("_rust.abi3.so", "py3-none-any", Fit::Unproven, "does not say");
    }

    #[test]
    fn asks_the_wheel_about_names_without_a_tag() {
        assert_judged("_m.so", OWN, Fit::Loads, "CPython 3.13");
        assert_judged("_m.so", "cp36-abi3-manylinux1_x86_64", Fit::Loads, "stable ABI");
        assert_judged("_m.so", "cp312-cp312-manylinux1_x86_64", Fit::Wrong, "`cp312`, not for `cp313`");
        assert_judged("_m.so", "py3-none-manylinux1_x86_64", Fit::Unproven, "neither");
        assert_judged("_m.so", "nonsense", Fit::Unproven, "neither");
    }

    #[test]
    fn leaves_plain_libraries_alone() {
        for name in
            ["libfoo.so.6", "libgfortran-040039e1.so", "x.py", "lib-1.so", "1.so", ".so", "_m.pyd", "x.dylib"]
        {
            assert_eq!(ExtensionName::parse(name), None, "{name}");
        }
        assert!(ExtensionName::parse("libfoo.so").is_some());
    }
}

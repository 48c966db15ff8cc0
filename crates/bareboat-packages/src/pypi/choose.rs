//! One file of a pinned distribution for a target: the best wheel, else the source distribution.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use bareboat_store::Digest;

use super::error::PypiError;
use super::file_name::{SdistName, WheelName};
use super::pin::{LockedFile, Pin};
use super::tags::TagRanks;
use super::target::Target;

/// The file that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// A wheel the target accepts.
    Wheel(LockedFile),
    /// No wheel fits; this source distribution must be built for the target.
    NeedsBuild(LockedFile),
}

/// The best wheel among `files`: closest tag, then highest build number, then name.
pub fn best_wheel<'a>(
    files: impl IntoIterator<Item = &'a LockedFile>,
    ranks: &TagRanks,
) -> Option<&'a LockedFile> {
    let ranked = files.into_iter().filter_map(|file| {
        let name: WheelName = file.name.parse().ok()?;
        Some((name.rank(ranks)?, Reverse(name.build), &file.name, file))
    });
    ranked.min_by(|a, b| (a.0, &a.1, a.2).cmp(&(b.0, &b.1, b.2))).map(|(_, _, _, file)| file)
}

/// Chooses among the files of `pin` those whose digest is in `allowed` (any when that is empty).
///
/// # Errors
/// [`PypiError::DigestNotAllowed`] when files exist but none is allowed, [`PypiError::NoFile`] when none can be used.
pub fn choose_file(
    pin: &Pin,
    allowed: &BTreeSet<Digest>,
    target: &Target,
    ranks: &TagRanks,
) -> Result<Choice, PypiError> {
    let is_allowed =
        |file: &&LockedFile| allowed.is_empty() || file.sha256.is_none_or(|sha256| allowed.contains(&sha256));
    let candidates: Vec<&LockedFile> = pin.files.iter().filter(is_allowed).collect();
    if candidates.is_empty() && !pin.files.is_empty() {
        let where_allowed = "the project".to_owned();
        return Err(PypiError::DigestNotAllowed {
            name: pin.name.clone(),
            version: pin.version_text(),
            where_allowed,
        });
    }
    if let Some(wheel) = best_wheel(candidates.iter().copied(), ranks) {
        return Ok(Choice::Wheel(wheel.clone()));
    }
    let sdist = candidates.iter().find(|file| SdistName::parse(&file.name, &pin.name).is_ok());
    match sdist {
        Some(sdist) => Ok(Choice::NeedsBuild((*sdist).clone())),
        None => Err(PypiError::NoFile {
            name: pin.name.clone(),
            version: pin.version_text(),
            target: target.to_string(),
            found: describe(&pin.files),
        }),
    }
}

/// What there is instead of a fitting wheel, in a few words.
fn describe(files: &[LockedFile]) -> String {
    let tags: BTreeSet<String> = files
        .iter()
        .filter_map(|file| file.name.parse::<WheelName>().ok())
        .map(|name| {
            format!("{}-{}-{}", name.pythons.join("."), name.abis.join("."), name.platforms.join("."))
        })
        .collect();
    match tags.len() {
        0 => "it lists no file".to_owned(),
        count if count > SHOWN_TAGS => {
            let shown: Vec<String> = tags.into_iter().take(SHOWN_TAGS).collect();
            format!("there are only {}, and {} more", shown.join(", "), count - SHOWN_TAGS)
        }
        _ => format!("there is only {}", tags.into_iter().collect::<Vec<_>>().join(", ")),
    }
}

const SHOWN_TAGS: usize = 4;

#[cfg(test)]
mod tests {
    use super::super::name::DistributionName;
    use super::super::pin::Origin;
    use super::super::target::PythonVersion;
    use super::*;
    use crate::deb::Architecture;

    fn target(minor: u32, glibc: u32) -> Target {
        Target::new(PythonVersion::new(3, minor, 2), (2, glibc), Architecture::Amd64)
    }

    fn pin(names: &[&str]) -> Pin {
        let mut pin = Pin::new(DistributionName::new("x").unwrap(), "1.0".parse().ok(), Origin::Index);
        let file = |name: &&str| {
            LockedFile::at_url(&format!("https://files.test/{name}"), Some(Digest::of(name)), None)
        };
        pin.files = names.iter().filter_map(file).collect();
        pin
    }

    fn chosen(pin: &Pin, target: &Target) -> Result<Choice, PypiError> {
        choose_file(pin, &BTreeSet::new(), target, &TagRanks::new(target))
    }

    #[test]
    fn takes_the_closest_wheel_that_the_glibc_allows() {
        let pin = pin(&[
            "x-1.0-cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            "x-1.0-cp39-abi3-manylinux_2_34_x86_64.whl",
            "x-1.0-cp311-abi3-manylinux_2_28_x86_64.whl",
            "x-1.0-cp311-abi3-manylinux_2_38_x86_64.whl",
            "x-1.0-cp313-cp313-musllinux_1_2_x86_64.whl",
            "x-1.0-py3-none-any.whl",
            "x-1.0.tar.gz",
        ]);
        for (minor, glibc, expected) in [
            (13, 41, "x-1.0-cp311-abi3-manylinux_2_38_x86_64.whl"),
            (11, 36, "x-1.0-cp311-abi3-manylinux_2_28_x86_64.whl"),
            (9, 36, "x-1.0-cp39-abi3-manylinux_2_34_x86_64.whl"),
            (9, 31, "x-1.0-cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"),
            (8, 31, "x-1.0-py3-none-any.whl"),
        ] {
            let Ok(Choice::Wheel(file)) = chosen(&pin, &target(minor, glibc)) else {
                panic!("{minor} {glibc}")
            };
            assert_eq!(file.name, expected);
        }
    }

    #[test]
    fn prefers_the_highest_build_number() {
        let pin = pin(&["x-1.0-py3-none-any.whl", "x-1.0-10-py3-none-any.whl", "x-1.0-9z-py3-none-any.whl"]);
        let Ok(Choice::Wheel(file)) = chosen(&pin, &target(13, 41)) else { panic!() };
        assert_eq!(file.name, "x-1.0-10-py3-none-any.whl");
    }

    #[test]
    fn builds_when_no_wheel_fits_and_names_what_there_is_otherwise() {
        let sdist =
            chosen(&pin(&["x-1.0-cp313-cp313-win_amd64.whl", "x-1.0.tar.gz"]), &target(13, 41)).unwrap();
        assert!(matches!(sdist, Choice::NeedsBuild(file) if file.name == "x-1.0.tar.gz"));
        let error = chosen(&pin(&["x-1.0-cp313-cp313-win_amd64.whl"]), &target(13, 41)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`x` 1.0 has no wheel for CPython 3.13.2 on x86_64 with glibc 2.41: there is only cp313-cp313-win_amd64"
        );
    }

    #[test]
    fn takes_only_files_whose_digest_is_allowed() {
        let pin = pin(&["x-1.0-cp313-cp313-manylinux_2_17_x86_64.whl", "x-1.0-py3-none-any.whl"]);
        let target = target(13, 41);
        let only = BTreeSet::from([Digest::of("x-1.0-py3-none-any.whl")]);
        let Ok(Choice::Wheel(file)) = choose_file(&pin, &only, &target, &TagRanks::new(&target)) else {
            panic!()
        };
        assert_eq!(file.name, "x-1.0-py3-none-any.whl");
        let none = BTreeSet::from([Digest::of("other")]);
        let error = choose_file(&pin, &none, &target, &TagRanks::new(&target)).unwrap_err();
        assert!(matches!(error, PypiError::DigestNotAllowed { .. }));
    }
}

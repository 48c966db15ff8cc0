//! File names of wheels and source distributions (binary and source distribution formats, PEP 427, PEP 625).

use std::fmt;
use std::str::FromStr;

use pep440_rs::Version;

use super::name::DistributionName;
use super::tags::{Tag, TagRanks};

/// What the name of a `.whl` file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WheelName {
    /// The distribution, normalised.
    pub name: DistributionName,
    /// Its version.
    pub version: Version,
    /// The build number that breaks ties, greatest wins: digits, then the rest.
    pub build: Option<(u64, String)>,
    /// The interpreters, interfaces and platforms of the compressed tag set.
    pub pythons: Vec<String>,
    /// Binary interfaces.
    pub abis: Vec<String>,
    /// Platforms.
    pub platforms: Vec<String>,
}

impl WheelName {
    /// Every tag of the compressed set.
    pub fn tags(&self) -> impl Iterator<Item = Tag> + '_ {
        self.pythons.iter().flat_map(move |python| {
            self.abis.iter().flat_map(move |abi| {
                self.platforms.iter().map(move |platform| Tag {
                    python: python.clone(),
                    abi: abi.clone(),
                    platform: platform.clone(),
                })
            })
        })
    }

    /// The best rank among the tags, 0 best; `None` when the target accepts none.
    pub fn rank(&self, ranks: &TagRanks) -> Option<usize> {
        self.tags().filter_map(|tag| ranks.rank(&tag)).min()
    }
}

impl FromStr for WheelName {
    type Err = FileNameError;

    fn from_str(file: &str) -> Result<Self, FileNameError> {
        let invalid = |why| FileNameError::new(file, why);
        let stem = file.strip_suffix(".whl").ok_or_else(|| invalid("it does not end in `.whl`"))?;
        let parts: Vec<&str> = stem.split('-').collect();
        let (build, tags) = match parts.len() {
            5 => (None, &parts[2..]),
            6 => (
                Some(
                    build_number(parts[2])
                        .ok_or_else(|| invalid("its build tag does not start with a digit"))?,
                ),
                &parts[3..],
            ),
            _ => return Err(invalid("it has not five or six parts")),
        };
        if parts[0].contains("__") {
            return Err(invalid("its name holds `__`"));
        }
        let name = DistributionName::new(parts[0]).map_err(|_| invalid("its name is not one"))?;
        let version = Version::from_str(parts[1]).map_err(|_| invalid("its version is not one"))?;
        let set = |text: &str| -> Result<Vec<String>, FileNameError> {
            let tags: Vec<String> = text.split('.').map(str::to_ascii_lowercase).collect();
            let sound =
                |tag: &String| !tag.is_empty() && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if tags.len() > MAX_TAGS || !tags.iter().all(sound) {
                return Err(invalid("its tags are not tags"));
            }
            Ok(tags)
        };
        Ok(Self {
            name,
            version,
            build,
            pythons: set(tags[0])?,
            abis: set(tags[1])?,
            platforms: set(tags[2])?,
        })
    }
}

fn build_number(text: &str) -> Option<(u64, String)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, text[end..].to_owned()))
}

/// What the name of a source distribution says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SdistName {
    /// The distribution, normalised.
    pub name: DistributionName,
    /// Its version.
    pub version: Version,
}

impl SdistName {
    /// Reads `name-version.tar.gz` (or `.zip`, `.tar.bz2`, `.tar.xz`, `.tgz`) of the distribution `name`.
    ///
    /// Names before PEP 625 hold dashes, so the name must be known to find where the version begins.
    ///
    /// # Errors
    /// Another extension, another name, or a version that is none.
    pub fn parse(file: &str, name: &DistributionName) -> Result<Self, FileNameError> {
        let invalid = |why| FileNameError::new(file, why);
        let stem = SDIST_EXTENSIONS
            .iter()
            .find_map(|extension| file.strip_suffix(extension))
            .ok_or_else(|| invalid("it does not end as source distributions do"))?;
        let splits = stem.match_indices('-').map(|(at, _)| (&stem[..at], &stem[at + 1..]));
        let version = splits
            .filter(|(head, _)| DistributionName::new(head).is_ok_and(|head| head == *name))
            .find_map(|(_, tail)| Version::from_str(tail).ok())
            .ok_or_else(|| invalid("it is not the distribution's name and a version"))?;
        Ok(Self { name: name.clone(), version })
    }

    /// True for file names with an extension of source distributions.
    pub fn is_sdist(file: &str) -> bool {
        SDIST_EXTENSIONS.iter().any(|extension| file.ends_with(extension))
    }
}

/// The file name in the last segment of a URL or path, percent-decoded, without query and fragment.
///
/// `None` when the segment is empty or would not stay inside a directory.
pub fn file_name_of(location: &str) -> Option<String> {
    let path = location.split(['#', '?']).next().unwrap_or(location);
    let segment = path.rsplit('/').next()?;
    let mut name = Vec::with_capacity(segment.len());
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            name.push(byte);
            continue;
        }
        let digits = [bytes.next()?, bytes.next()?];
        name.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
    }
    let name = String::from_utf8(name).ok()?;
    let escapes = matches!(name.as_str(), "" | "." | "..") || name.contains(['/', '\\', '\0']);
    (!escapes).then_some(name)
}

/// More tags than any wheel has; a product of three such sets is still small.
const MAX_TAGS: usize = 64;

const SDIST_EXTENSIONS: [&str; 6] = [".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz", ".tar.zst"];

/// A file name that breaks the format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileNameError {
    file: String,
    why: &'static str,
}

impl FileNameError {
    fn new(file: &str, why: &'static str) -> Self {
        Self { file: file.chars().take(200).collect(), why }
    }
}

impl fmt::Display for FileNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not the file name of a distribution: {}", self.file, self.why)
    }
}

impl std::error::Error for FileNameError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn wheel(text: &str) -> WheelName {
        text.parse().unwrap()
    }

    #[test]
    fn reads_compressed_tag_sets_and_build_numbers() {
        let name = wheel(
            "Zope.Interface-6.0.post1-2b-cp311.cp312-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        );
        assert_eq!(name.name.as_str(), "zope-interface");
        assert_eq!(name.version.to_string(), "6.0.post1");
        assert_eq!(name.build, Some((2, "b".to_owned())));
        assert_eq!(name.tags().count(), 4);
        assert_eq!(name.tags().next().unwrap().to_string(), "cp311-abi3-manylinux_2_17_x86_64");
    }

    #[test]
    fn refuses_malformed_wheel_names() {
        for text in [
            "x-1.0-py3-none-any.zip",
            "x-1.0-none-any.whl",
            "x-1.0-a1-py3-none-any.whl",
            "x-one-py3-none-any.whl",
            "a__b-1.0-py3-none-any.whl",
            "x-1.0-py3--any.whl",
            "x-1.0-py3-none-any-any-any.whl",
            "-1.0-py3-none-any.whl",
        ] {
            assert!(text.parse::<WheelName>().is_err(), "{text}");
        }
    }

    #[test]
    fn finds_the_version_of_old_and_new_sdist_names() {
        let name = DistributionName::new("zope.interface").unwrap();
        for file in ["zope.interface-6.0.tar.gz", "zope_interface-6.0.zip", "zope-interface-6.0.tar.bz2"] {
            assert_eq!(SdistName::parse(file, &name).unwrap().version.to_string(), "6.0", "{file}");
        }
        assert!(SdistName::parse("zope-6.0.tar.gz", &name).is_err());
        assert!(SdistName::parse("zope.interface-6.0.exe", &name).is_err());
    }

    #[test]
    fn takes_file_names_from_urls_and_refuses_escapes() {
        assert_eq!(file_name_of("https://index.test/a/x%2Blocal.whl#sha256=00").unwrap(), "x+local.whl");
        for location in ["https://index.test/a/", "a/..", "a/%2e%2e", "a/x%2fy", "a/%zz", "a/%f"] {
            assert_eq!(file_name_of(location), None, "{location}");
        }
    }
}

//! `METADATA` and `WHEEL`: what a wheel says about itself.
//!
//! Follows PyPA's core metadata specification (up to 2.5) and the binary distribution format. Both files are header
//! fields as in e-mail: `Name: value`, continued on indented lines, ended by a blank line. Never evaluates a marker or
//! a requirement; those stay text.

use super::WheelError;

/// The core metadata that resolving, licences and inventories need. Fields that may repeat keep their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata {
    /// `Name` as the makers write it.
    pub name: String,
    /// `Version` as written.
    pub version: String,
    /// `Summary`.
    pub summary: Option<String>,
    /// `License-Expression`: an SPDX expression.
    pub license_expression: Option<String>,
    /// `License`: free text, sometimes a whole licence.
    pub license: Option<String>,
    /// `License-File`, relative to `.dist-info/licenses`.
    pub license_files: Vec<String>,
    /// `Classifier`.
    pub classifiers: Vec<String>,
    /// `Requires-Dist`: dependency specifiers with their markers.
    pub requires_dist: Vec<String>,
    /// `Requires-Python`.
    pub requires_python: Option<String>,
    /// `Provides-Extra`.
    pub provides_extra: Vec<String>,
    /// `Home-page`.
    pub home_page: Option<String>,
    /// `Project-URL`: `label, url`.
    pub project_urls: Vec<String>,
    /// `Author` or, without one, `Author-email`.
    pub author: Option<String>,
}

impl Metadata {
    /// Reads the text of `METADATA`; `file` is its path, for messages.
    ///
    /// # Errors
    /// A missing `Name` or `Version`.
    pub fn parse(file: &str, text: &str) -> Result<Self, WheelError> {
        let mut metadata = Self::default();
        let mut author_email = None;
        for (field, value) in fields(text) {
            let known = |value: String| (!value.is_empty() && value != "UNKNOWN").then_some(value);
            match field.to_ascii_lowercase().as_str() {
                "name" => metadata.name = value,
                "version" => metadata.version = value,
                "summary" => metadata.summary = known(value),
                "license-expression" => metadata.license_expression = known(value),
                "license" => metadata.license = known(value),
                "license-file" => metadata.license_files.push(value),
                "classifier" => metadata.classifiers.push(value),
                "requires-dist" => metadata.requires_dist.push(value),
                "requires-python" => metadata.requires_python = known(value),
                "provides-extra" => metadata.provides_extra.push(value),
                "home-page" => metadata.home_page = known(value),
                "project-url" => metadata.project_urls.push(value),
                "author" => metadata.author = known(value),
                "author-email" => author_email = known(value),
                _ => {}
            }
        }
        metadata.author = metadata.author.or(author_email);
        for (field, value) in [("Name", &metadata.name), ("Version", &metadata.version)] {
            if value.is_empty() {
                return Err(WheelError::malformed(file, format!("has no field `{field}`")));
            }
        }
        Ok(metadata)
    }
}

/// What `WHEEL` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WheelInfo {
    /// `Tag`, each as `python-abi-platform`, possibly with compressed sets (`py2.py3-none-any`).
    pub tags: Vec<String>,
    /// `Root-Is-Purelib`.
    pub root_is_purelib: bool,
    /// `Generator`.
    pub generator: Option<String>,
    /// `Build`: the build number.
    pub build: Option<String>,
}

impl WheelInfo {
    /// Reads the text of `WHEEL`.
    ///
    /// # Errors
    /// A missing or foreign `Wheel-Version`: an installer must refuse a major version it does not know.
    pub fn parse(file: &str, text: &str) -> Result<Self, WheelError> {
        let mut info = Self::default();
        let mut version = None;
        for (field, value) in fields(text) {
            match field.to_ascii_lowercase().as_str() {
                "wheel-version" => version = Some(value),
                "tag" => info.tags.push(value),
                "root-is-purelib" => info.root_is_purelib = value.eq_ignore_ascii_case("true"),
                "generator" => info.generator = Some(value),
                "build" => info.build = Some(value),
                _ => {}
            }
        }
        match version.as_deref().map(|version| (version, version.split('.').next().unwrap_or_default())) {
            Some((_, "1")) => Ok(info),
            Some((version, _)) => {
                let why = format!("has the format version `{version}`; only 1.x is known");
                Err(WheelError::malformed(file, why))
            }
            None => Err(WheelError::malformed(file, "has no field `Wheel-Version`")),
        }
    }
}

/// The header fields of `text` in order, continuation lines joined by line feeds, up to the first blank line.
///
/// Lines that are neither are skipped: old tools wrote multi-line licences without indenting them, and both pip and
/// uv read on.
fn fields(text: &str) -> Vec<(&str, String)> {
    let mut fields: Vec<(&str, String)> = Vec::new();
    for line in text.strip_prefix('\u{feff}').unwrap_or(text).lines() {
        if line.is_empty() {
            break;
        }
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push('\n');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim_end(), value.trim().to_owned()));
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_fields_continuations_and_stops_at_the_body() {
        let text = "Metadata-Version: 2.1\r\nname: Demo\r\nVersion: 1.0\r\nLicense: MIT\r\n        and more\r\n\
                    stray words\r\nRequires-Dist: a>1; extra == 'x'\r\nRequires-Dist: b\r\nSummary: UNKNOWN\r\n\
                    Author-email: A <a@b.test>\r\n\r\nName: not this\r\n";
        let metadata = Metadata::parse("METADATA", text).unwrap();
        assert_eq!((metadata.name.as_str(), metadata.version.as_str()), ("Demo", "1.0"));
        assert_eq!(metadata.license.as_deref(), Some("MIT\nand more"));
        assert_eq!(metadata.requires_dist, ["a>1; extra == 'x'", "b"]);
        assert_eq!(metadata.summary, None);
        assert_eq!(metadata.author.as_deref(), Some("A <a@b.test>"));
    }

    #[test]
    fn wants_a_name_and_a_version() {
        assert!(Metadata::parse("METADATA", "Name: a\n").is_err());
        assert!(Metadata::parse("METADATA", "Version: 1\n").is_err());
    }

    #[test]
    fn refuses_a_wheel_format_of_the_future() {
        assert!(WheelInfo::parse("WHEEL", "Wheel-Version: 1.9\nTag: py3-none-any\n").is_ok());
        assert!(WheelInfo::parse("WHEEL", "Wheel-Version: 2.0\n").is_err());
        assert!(WheelInfo::parse("WHEEL", "Tag: py3-none-any\n").is_err());
    }
}

//! Index settings in the files of `uv` and `pip`.

use serde::Deserialize;

use crate::pypi::error::PypiError;
use crate::pypi::ini::parse_ini;
use crate::pypi::locks::parse_toml;

/// The index settings of one configuration file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct IndexSettings {
    pub(super) default: Option<String>,
    pub(super) extra: Vec<String>,
    /// An index that only some distributions come from, or pages of files.
    pub(super) has_explicit: bool,
}

/// Reads a `uv.toml`.
pub(super) fn read_uv_toml(file: &str, text: &str) -> Result<IndexSettings, PypiError> {
    parse_toml::<UvSettings>(file, text).map(UvSettings::into_settings)
}

/// Reads `[tool.uv]` of a `pyproject.toml`; `None` when it has no such table.
pub(super) fn read_pyproject(file: &str, text: &str) -> Result<Option<IndexSettings>, PypiError> {
    let document: Pyproject = parse_toml(file, text)?;
    Ok(document.tool.uv.map(UvSettings::into_settings))
}

#[derive(Deserialize, Default)]
struct Pyproject {
    #[serde(default)]
    tool: Tool,
}

#[derive(Deserialize, Default)]
struct Tool {
    uv: Option<UvSettings>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
struct UvSettings {
    index: Vec<UvIndex>,
    index_url: Option<String>,
    extra_index_url: Vec<String>,
    find_links: Vec<String>,
    pip: Option<UvPipSettings>,
}

#[derive(Deserialize)]
struct UvIndex {
    url: String,
    #[serde(default)]
    default: bool,
    #[serde(default)]
    explicit: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
struct UvPipSettings {
    index_url: Option<String>,
    extra_index_url: Vec<String>,
}

impl UvSettings {
    fn into_settings(self) -> IndexSettings {
        let pip = self.pip.unwrap_or_default();
        let has_explicit = !self.find_links.is_empty() || self.index.iter().any(|index| index.explicit);
        let flagged = self.index.iter().find(|index| index.default).map(|index| index.url.clone());
        let others =
            self.index.into_iter().filter(|index| !index.default && !index.explicit).map(|index| index.url);
        IndexSettings {
            default: flagged.or(pip.index_url).or(self.index_url),
            extra: others.chain(pip.extra_index_url).chain(self.extra_index_url).collect(),
            has_explicit,
        }
    }
}

/// Reads a `pip.conf` (INI): `[global]`, overridden by `[install]`, as for `pip install`.
///
/// Lines that are no settings are passed over: pip, not we, should complain about them.
pub(super) fn read_pip_conf(text: &str) -> IndexSettings {
    let mut ini = parse_ini(text);
    let mut words = |key: &str| -> Vec<String> {
        let sections = ["install", "global"].into_iter().filter_map(|name| ini.get_mut(name)?.remove(key));
        let lines = sections.into_iter().find(|lines| !lines.is_empty()).unwrap_or_default();
        lines.iter().flat_map(|line| line.text.split_whitespace()).map(str::to_owned).collect()
    };
    let default = words("index-url").into_iter().next();
    IndexSettings { default, extra: words("extra-index-url"), has_explicit: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_spelling_of_uv() {
        let text = "[[index]]\nname = \"a\"\nurl = \"https://a.test/simple\"\n[[index]]\nurl = \"https://b.test/simple\"\ndefault = true\n[[index]]\nurl = \"https://torch.test\"\nexplicit = true\n";
        let settings = read_uv_toml("uv.toml", text).unwrap();
        assert_eq!(settings.default.as_deref(), Some("https://b.test/simple"));
        assert_eq!(settings.extra, ["https://a.test/simple"]);
        let pyproject = "[tool.uv]\nindex-url = \"https://c.test\"\n[tool.uv.pip]\nextra-index-url = [\"https://d.test\"]\n";
        let settings = read_pyproject("pyproject.toml", pyproject).unwrap().unwrap();
        assert_eq!((settings.default.as_deref(), settings.extra.len()), (Some("https://c.test"), 1));
        assert_eq!(read_pyproject("pyproject.toml", "[project]\nname = \"x\"\n").unwrap(), None);
        assert!(read_uv_toml("uv.toml", "index-url = 3").unwrap_err().to_string().contains("uv.toml:1"));
    }

    #[test]
    fn reads_sections_and_continued_values_of_pip() {
        let text = "# all\n[global]\nindex_url = https://a.test/simple\nextra-index-url =\n    https://b.test\n    https://c.test\ntimeout: 5\n[list]\nindex-url = https://no.test\n[install]\nindex-url: https://d.test/simple\n";
        let settings = read_pip_conf(text);
        assert_eq!(settings.default.as_deref(), Some("https://d.test/simple"));
        assert_eq!(settings.extra, ["https://b.test", "https://c.test"]);
        assert_eq!(read_pip_conf("nonsense\n[global\n=\n"), IndexSettings::default());
    }
}

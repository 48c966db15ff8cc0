//! The project's own settings for uv, with the metadata added that only a build could have told uv.

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};

use super::metadata::StaticMetadata;
use crate::pypi::error::{Place, PypiError};
use crate::pypi::project::ProjectDir;

/// A `uv.toml` that says what the project says, and what `metadata` says.
///
/// # Errors
/// Settings that cannot be read.
pub(super) fn settings_with(project: &ProjectDir, metadata: &[StaticMetadata]) -> Result<String, PypiError> {
    let mut document = project_settings(project)?;
    let mut tables = match document.remove("dependency-metadata") {
        Some(Item::ArrayOfTables(tables)) => tables,
        Some(Item::Value(toml_edit::Value::Array(array))) => inline_tables(array),
        _ => ArrayOfTables::new(),
    };
    for entry in metadata {
        let mut table = Table::new();
        table.insert("name", value(entry.name.as_str()));
        table.insert("version", value(entry.version.as_str()));
        table.insert("requires-dist", value(entry.requires.iter().collect::<Array>()));
        table.insert(
            "provides-extra",
            value(entry.extras.iter().map(|extra| extra.as_str()).collect::<Array>()),
        );
        tables.push(table);
    }
    document.insert("dependency-metadata", Item::ArrayOfTables(tables));
    Ok(document.to_string())
}

fn inline_tables(array: Array) -> ArrayOfTables {
    let tables = array.into_iter().filter_map(|entry| match entry {
        toml_edit::Value::InlineTable(table) => Some(table.into_table()),
        _ => None,
    });
    tables.collect()
}

fn project_settings(project: &ProjectDir) -> Result<DocumentMut, PypiError> {
    let parse = |file: &str, text: &str| {
        text.parse::<DocumentMut>().map_err(|error| PypiError::syntax(Place::file(file), error.message()))
    };
    if let Some(text) = project.read("uv.toml")? {
        return parse("uv.toml", &text);
    }
    let mut settings = DocumentMut::new();
    let Some(text) = project.read("pyproject.toml")? else { return Ok(settings) };
    let document = parse("pyproject.toml", &text)?;
    let table = document.get("tool").and_then(|tool| tool.get("uv")).and_then(Item::as_table_like);
    for key in SETTINGS {
        if let Some(item) = table.and_then(|table| table.get(key)) {
            settings.insert(key, item.clone());
        }
    }
    Ok(settings)
}

/// Those keys of `[tool.uv]` that change a resolution and may also stand in a `uv.toml`.
const SETTINGS: [&str; 19] = [
    "index",
    "index-url",
    "extra-index-url",
    "no-index",
    "find-links",
    "index-strategy",
    "keyring-provider",
    "resolution",
    "prerelease",
    "fork-strategy",
    "dependency-metadata",
    "exclude-newer",
    "exclude-newer-package",
    "no-sources",
    "allow-insecure-host",
    "system-certs",
    "native-tls",
    "constraint-dependencies",
    "override-dependencies",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pypi::name::DistributionName;

    #[test]
    fn adds_to_what_the_project_says() {
        let directory = tempfile::tempdir().unwrap();
        let project = ProjectDir::new(directory.path());
        let text = "[tool.uv]\npackage = false\nprerelease = \"allow\"\ndependency-metadata = [{ name = \"a\", requires-dist = [] }]\n[[tool.uv.index]]\nurl = \"https://index.test/simple\"\n[tool.uv.sources]\nx = { path = \"x\" }\n";
        std::fs::write(directory.path().join("pyproject.toml"), text).unwrap();
        let metadata = StaticMetadata {
            name: DistributionName::new("docopt").unwrap(),
            version: "0.6.2".to_owned(),
            requires: vec!["six".to_owned()],
            extras: Vec::new(),
        };
        let settings = settings_with(&project, &[metadata]).unwrap();
        let parsed: toml::Value = toml::from_str(&settings).unwrap();
        assert_eq!(parsed["prerelease"].as_str(), Some("allow"));
        assert_eq!(parsed["index"][0]["url"].as_str(), Some("https://index.test/simple"));
        assert_eq!(parsed["dependency-metadata"][0]["name"].as_str(), Some("a"));
        assert_eq!(parsed["dependency-metadata"][1]["requires-dist"][0].as_str(), Some("six"));
        assert!(parsed.get("sources").is_none() && parsed.get("package").is_none());
    }
}

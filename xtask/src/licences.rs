//! Checks that every dependency may be used: the licences, names and sources that `cargo metadata` states against
//! `deny.toml`, which `cargo deny` reads, too.

use std::collections::BTreeSet;

/// What `deny.toml` says.
struct Policy {
    licences: BTreeSet<String>,
    banned: BTreeSet<String>,
}

impl Policy {
    fn read() -> Result<Self, String> {
        let path = crate::root().join("deny.toml");
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        Self::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let document: toml::Table = toml::from_str(text).map_err(|error| error.to_string())?;
        let list = |table: &str, key: &str| -> Result<Vec<toml::Value>, String> {
            let list = document.get(table).and_then(|table| table.get(key)?.as_array());
            list.cloned().ok_or_else(|| format!("there is no list `{key}` in `[{table}]`"))
        };
        let name = |value: &toml::Value| {
            let named = value.as_str().or_else(|| value.get("crate")?.as_str());
            named.map(str::to_owned).ok_or_else(|| format!("`{value}` names nothing"))
        };
        Ok(Self {
            licences: list("licenses", "allow")?.iter().map(name).collect::<Result<_, _>>()?,
            banned: list("bans", "deny")?.iter().map(name).collect::<Result<_, _>>()?,
        })
    }

    /// Why a package may not be used.
    fn objection(&self, package: &serde_json::Value) -> Option<String> {
        let name = package["name"].as_str().unwrap_or_default();
        if !package["license"].as_str().is_some_and(|licence| self.allows(licence)) {
            return Some(format!("licence {}", package["license"]));
        }
        if self.banned.contains(name) {
            return Some("banned".to_owned());
        }
        // Our own crates have no source; everything else comes from the registry.
        let source = package["source"].as_str().unwrap_or("registry+");
        (!source.starts_with("registry+")).then(|| format!("source {source}"))
    }

    /// True when an SPDX expression can be met: of every `AND` part one `OR` alternative is allowed. The old form with
    /// a slash means `OR`.
    fn allows(&self, expression: &str) -> bool {
        let plain = expression.replace(['(', ')'], "").replace('/', " OR ");
        let allowed = |licence: &str| self.licences.contains(licence.trim());
        plain.split(" AND ").all(|part| part.split(" OR ").any(allowed))
    }
}

/// Fails with every package that `deny.toml` does not allow.
pub fn check() -> Result<(), String> {
    let policy = Policy::read()?;
    let output = crate::cargo()
        .args(["metadata", "--format-version=1", "--locked"])
        .output()
        .map_err(|error| format!("cannot run `cargo metadata`: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cannot read `cargo metadata`: {error}"))?;
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    let wrong: Vec<String> = packages
        .iter()
        .filter_map(|package| {
            let why = policy.objection(package)?;
            Some(format!("{} {}: {why}", package["name"], package["version"]))
        })
        .collect();
    if !wrong.is_empty() {
        return Err(wrong.join("\n"));
    }
    println!("licences: {} packages may be used", packages.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy::parse("[licenses]\nallow = [\"MIT\", \"Apache-2.0\", \"Unicode-3.0\"]\n[bans]\ndeny = [{ crate = \"openssl\" }]\n")
            .unwrap()
    }

    #[test]
    fn reads_expressions_of_either_age() {
        let policy = policy();
        assert!(policy.allows("MIT/Apache-2.0") && policy.allows("(MIT OR GPL-3.0) AND Unicode-3.0"));
        assert!(!policy.allows("LGPL-2.0-or-later") && !policy.allows("MIT AND GPL-3.0"));
    }

    #[test]
    fn objects_to_licences_names_and_sources() {
        let package = |name: &str, licence: &str, source: &str| serde_json::json!({ "name": name, "license": licence, "source": source });
        let objection = |name, licence, source| policy().objection(&package(name, licence, source));
        assert_eq!(objection("a", "MIT", "registry+x"), None);
        assert_eq!(objection("a", "GPL-3.0", "registry+x").as_deref(), Some("licence \"GPL-3.0\""));
        assert_eq!(objection("openssl", "MIT", "registry+x").as_deref(), Some("banned"));
        assert_eq!(objection("a", "MIT", "git+x").as_deref(), Some("source git+x"));
    }

    #[test]
    fn the_policy_is_there() {
        let policy = Policy::read().unwrap();
        assert!(policy.allows("MIT") && !policy.allows("GPL-3.0") && policy.banned.contains("openssl-sys"));
    }
}

//! Checks that every dependency may be used: the licences that `cargo metadata` states against an allow-list.

use std::process::Command;

/// SPDX identifiers of licences that an MIT or Apache-2.0 program can be built from.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// Fails with every package whose licence is not allowed.
pub fn check() -> Result<(), String> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked"])
        .current_dir(crate::root())
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
        .filter(|package| !package["license"].as_str().is_some_and(allows))
        .map(|package| format!("{} {}: licence {}", package["name"], package["version"], package["license"]))
        .collect();
    if !wrong.is_empty() {
        return Err(wrong.join("\n"));
    }
    println!("licences: {} packages may be used", packages.len());
    Ok(())
}

/// True when an SPDX expression can be met: of every `AND` part one `OR` alternative is allowed. The old form with
/// a slash means `OR`.
fn allows(expression: &str) -> bool {
    let plain = expression.replace(['(', ')'], "").replace('/', " OR ");
    plain.split(" AND ").all(|part| part.split(" OR ").any(|licence| ALLOWED.contains(&licence.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_expressions_of_either_age() {
        assert!(allows("MIT/Apache-2.0") && allows("(MIT OR GPL-3.0) AND Unicode-3.0"));
        assert!(!allows("LGPL-2.0-or-later") && !allows("MIT AND GPL-3.0"));
    }
}

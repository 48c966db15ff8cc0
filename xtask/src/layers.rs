//! Checks that a crate imports only what lies below it, against `cargo metadata`.

use std::collections::BTreeMap;

/// The house, from the ground up (`ARCHITECTURE.md`). A crate may import any crate of a lower floor, and those
/// named beside it on its own.
const FLOORS: &[(&str, u8, &[&str])] = &[
    ("bareboat-report", 0, &[]),
    ("bareboat-sandbox", 1, &[]),
    ("bareboat-dockerfile", 1, &[]),
    ("bareboat-store", 1, &[]),
    ("bareboat-image", 1, &["bareboat-store"]),
    ("bareboat-packages", 2, &[]),
    ("bareboat-build", 3, &[]),
    ("bareboat-inspect", 3, &[]),
    ("bareboat", 4, &[]),
];

/// Fails with every import that goes up or sideways.
pub fn check() -> Result<(), String> {
    let output = crate::cargo()
        .args(["metadata", "--format-version=1", "--no-deps"])
        .output()
        .map_err(|error| format!("cannot run `cargo metadata`: {error}"))?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cannot read `cargo metadata`: {error}"))?;
    let floors: BTreeMap<&str, (u8, &[&str])> =
        FLOORS.iter().map(|(name, floor, beside)| (*name, (*floor, *beside))).collect();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        if matches!(name, "bareboat-testkit" | "xtask") {
            continue;
        }
        let Some((floor, beside)) = floors.get(name) else {
            wrong.push(format!("`{name}` has no floor in xtask/src/layers.rs"));
            continue;
        };
        seen += 1;
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let other = dependency["name"].as_str().unwrap_or_default();
            let development = dependency["kind"] == "dev";
            if other == "bareboat-testkit" && !development {
                wrong.push(format!("`{name}` imports `bareboat-testkit` outside its tests"));
            }
            if let Some((below, _)) = floors.get(other)
                && below >= floor
                && !beside.contains(&other)
            {
                wrong.push(format!("`{name}` (floor {floor}) imports `{other}` (floor {below})"));
            }
        }
    }
    if !wrong.is_empty() {
        return Err(wrong.join("\n"));
    }
    println!("layers: {seen} crates import only what lies below them");
    Ok(())
}

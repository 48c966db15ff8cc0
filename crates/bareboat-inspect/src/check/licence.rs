//! Licence texts that name a licence which many companies do not allow: AGPL, WTFPL. These are the words that
//! container-structure-test looks for, and the package it lets pass.

use std::collections::BTreeMap;

use bareboat_image::TreePath;

use super::schema::LicenceTest;
use crate::facts::Facts;

const UNWANTED: [&str; 2] = ["AGPL", "WTFPL"];
/// It names one only to say that it is not under it.
const ALLOWED: &str = "libgnutls30";

pub(super) fn judge(
    test: &LicenceTest,
    facts: &Facts,
    contents: &BTreeMap<TreePath, Vec<u8>>,
) -> Vec<String> {
    let mut faults = Vec::new();
    if test.debian {
        let packages = debian(facts);
        if packages.is_empty() {
            faults.push("`/usr/share/doc` has no directories of packages".to_owned());
        }
        for (package, file) in packages {
            match file {
                Some(file) => faults.extend(unwanted(&format!("/{}", file.to_str_lossy()), facts, contents)),
                None => faults.push(format!("package `{package}` has no copyright file")),
            }
        }
    }
    faults.extend(test.files.iter().flat_map(|file| unwanted(file, facts, contents)));
    faults
}

/// Packages with a directory for documents, and their copyright files.
pub(super) fn debian(facts: &Facts) -> Vec<(String, Option<TreePath>)> {
    let Some(documents) = facts.at("/usr/share/doc") else { return Vec::new() };
    let mut names: Vec<String> = facts
        .tree()
        .below(&documents)
        .filter_map(|(path, _)| path.strip_prefix(&documents))
        .filter_map(|below| Some(String::from_utf8_lossy(below.components().next()?).into_owned()))
        .collect();
    names.dedup();
    let is_package = |name: &String| {
        let directory = facts.at(&format!("/usr/share/doc/{name}"));
        name != ALLOWED && directory.is_some_and(|directory| facts.is_directory(&directory))
    };
    let with_file = |name: String| {
        let file = facts.at(&format!("/usr/share/doc/{name}/copyright"));
        let file = file.filter(|file| facts.file(file).is_some());
        (name, file)
    };
    names.into_iter().filter(is_package).map(with_file).collect()
}

fn unwanted(path: &str, facts: &Facts, contents: &BTreeMap<TreePath, Vec<u8>>) -> Vec<String> {
    let Some(content) = facts.at(path).and_then(|real| contents.get(&real)) else {
        return vec![format!("`{path}` cannot be read")];
    };
    let text = String::from_utf8_lossy(content).to_uppercase();
    let found = UNWANTED.iter().filter(|word| text.contains(*word));
    found.map(|word| format!("`{path}` names the licence {word}")).collect()
}

//! Closures over small indexes.

use super::*;
use crate::deb::packages_index::tests::index;

fn closure(packages: &[&str], roots: &[&str], exclude: &[&str]) -> Result<Vec<String>, ClosureError> {
    let exclude = exclude.iter().map(|name| (*name).to_owned()).collect();
    let closure = index([packages, &[], &[]]).closure(roots, &exclude)?;
    Ok(closure.packages.into_iter().map(|selected| selected.record.name).collect())
}

#[test]
fn follows_dependencies_and_pre_dependencies_once() {
    let packages = ["a 1 | Depends: b, c | Pre-Depends: d", "b 1 | Depends: a, d", "c 1", "d 1", "e 1"];
    assert_eq!(closure(&packages, &["a"], &[]).unwrap(), ["a", "b", "c", "d"]);
    assert_eq!(closure(&packages, &[], &[]).unwrap(), Vec::<String>::new());
}

#[test]
fn takes_the_first_alternative_unless_another_is_there_already() {
    let packages = ["a 1 | Depends: x / y", "b 1 | Depends: y", "x 1", "y 1", "z 1 | Depends: gone / y"];
    assert_eq!(closure(&packages, &["a"], &[]).unwrap(), ["a", "x"]);
    assert_eq!(closure(&packages, &["y", "a"], &[]).unwrap(), ["a", "y"]);
    assert_eq!(closure(&packages, &["z"], &[]).unwrap(), ["y", "z"]);
}

#[test]
fn takes_providers_by_priority_and_respects_provided_versions() {
    let packages = [
        "a 1 | Depends: awk (>= 2)",
        "b 1 | Depends: awk",
        "mawk 1 | Provides: awk | Priority: required",
        "gawk 1 | Provides: awk (= 2) | Priority: optional",
        "busy 1 | Provides: awk | Priority: optional",
    ];
    assert_eq!(closure(&packages, &["b"], &[]).unwrap(), ["b", "mawk"]);
    assert_eq!(closure(&packages, &["a"], &[]).unwrap(), ["a", "gawk"]);
    assert_eq!(closure(&packages, &["a", "b"], &[]).unwrap(), ["a", "b", "gawk"]);
    assert_eq!(closure(&packages, &["busy", "b"], &[]).unwrap(), ["b", "busy"]);
}

#[test]
fn leaves_out_what_is_excluded_and_says_who_needs_it() {
    let packages = [
        "a 1 | Depends: debconf (>= 1) / debconf-2.0, awk",
        "debconf 2 | Depends: perl",
        "perl 5",
        "mawk 1 | Provides: awk",
    ];
    let exclude = ["debconf", "mawk"].map(str::to_owned).into();
    let closure = index([&packages, &[], &[]]).closure(&["a"], &exclude).unwrap();
    assert_eq!(closure.packages.len(), 1);
    let reasons: Vec<_> = closure.left_out.iter().map(|(name, reason)| format!("{name}: {reason}")).collect();
    assert_eq!(reasons, ["debconf: `a` needs `debconf (>= 1) | debconf-2.0`", "mawk: `a` needs `awk`"]);
}

#[test]
fn explains_what_nothing_satisfies() {
    let packages = [
        "a 1 | Depends: b",
        "b 2 | Depends: c (>= 3)",
        "c 2",
        "d 1 | Depends: libfoo1",
        "libfoo2 1",
        "e 1 | Depends: v (>= 2)",
        "p 1 | Provides: v (= 1)",
    ];
    let error = closure(&packages, &["a"], &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "nothing in Debian 13 (trixie) satisfies `c (>= 3)` (there is `c 2`); it is needed by `b 2`, which is needed by `a 1`"
    );
    let error = closure(&packages, &["d"], &[]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no package in Debian 13 (trixie) is or provides `libfoo1`; it is needed by `d 1`"
    );
    assert_eq!(error.hint().unwrap(), "there is `libfoo2`");
    assert!(matches!(closure(&packages, &["e"], &[]), Err(ClosureError::Unsatisfiable { .. })));
    assert!(matches!(closure(&packages, &["a b"], &[]), Err(ClosureError::Malformed { package: None, .. })));
}

#[test]
fn keeps_packages_apart_that_exclude_each_other() {
    let packages = [
        "a 1 | Conflicts: mta | Provides: mta",
        "b 1 | Provides: mta | Conflicts: mta",
        "old 1",
        "new 1 | Breaks: old (<< 2)",
        "c 1 | Depends: b / old",
    ];
    let error = closure(&packages, &["a", "b"], &[]).unwrap_err();
    assert_eq!(error.to_string(), "`b` excludes `mta`, so it cannot be together with `a`");
    assert!(matches!(closure(&packages, &["old", "new"], &[]), Err(ClosureError::Clash { .. })));
    assert!(matches!(closure(&packages, &["new", "old"], &[]), Err(ClosureError::Clash { .. })));
    assert_eq!(closure(&packages, &["a", "c"], &[]).unwrap(), ["a", "c", "old"]);
}

#[test]
fn reads_roots_as_relations_and_ignores_other_architectures() {
    let packages = ["a 2 | Depends: b [arm64], c:any, d:i386 / e", "c 1", "d 1", "e 1"];
    assert_eq!(closure(&packages, &["a (>= 2)"], &[]).unwrap(), ["a", "c", "e"]);
    assert!(closure(&packages, &["a (>= 3)"], &[]).is_err());
}

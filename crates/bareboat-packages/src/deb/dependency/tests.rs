//! Relationship fields, good and bad.

use super::*;
use proptest::prelude::*;

fn printed(field: &str) -> Vec<String> {
    parse_clauses(field).unwrap().iter().map(ToString::to_string).collect()
}

#[test]
fn reads_alternatives_versions_qualifiers_and_restrictions() {
    let field = "libc6 (>= 2.38), debconf (>=0.5)|debconf-2.0,python3:any , gcc:native[linux-any !hurd-i386],\n x:i386(<2),";
    assert_eq!(
        printed(field),
        [
            "libc6 (>= 2.38)",
            "debconf (>= 0.5) | debconf-2.0",
            "python3:any",
            "gcc:native [linux-any !hurd-i386]",
            "x:i386 (<= 2)",
        ]
    );
    assert_eq!(printed(""), Vec::<String>::new());
}

#[test]
fn refuses_malformed_clauses() {
    for field in [
        "(>= 1)",
        "a (>= 1",
        "a (1)",
        "a (>= )",
        "a b",
        "a (= 1) (= 2)",
        "a |",
        "a <!nocheck>",
        "a:",
        "é",
        "a [x",
    ] {
        assert!(parse_clauses(field).is_err(), "{field}");
    }
    assert!(parse_clauses(&"a,".repeat(MAX_CLAUSES + 1)).is_err());
}

#[test]
fn compares_versions_with_every_operator() {
    for (field, admitted) in [
        ("a (<< 2)", [true, false, false]),
        ("a (<= 2)", [true, true, false]),
        ("a (= 2)", [false, true, false]),
        ("a (>= 2)", [false, true, true]),
        ("a (>> 2)", [false, false, true]),
        ("a", [true, true, true]),
    ] {
        let clause = parse_clause(field).unwrap();
        let relation = &clause.alternatives[0];
        assert_eq!(["1", "2", "3"].map(|version| relation.admits(version)), admitted, "{field}");
    }
}

#[test]
fn needs_a_versioned_provision_for_a_version() {
    let clause = parse_clause("a (>= 2) | a").unwrap();
    assert!(!clause.alternatives[0].admits_provided(None));
    assert!(clause.alternatives[0].admits_provided(Some("2")));
    assert!(clause.alternatives[1].admits_provided(None));
}

#[test]
fn applies_restrictions_to_architectures() {
    for (restriction, amd64, arm64) in [
        ("", true, true),
        ("[amd64]", true, false),
        ("[!amd64]", false, true),
        ("[!amd64 !arm64]", false, false),
        ("[linux-any]", true, true),
        ("[any-arm64 i386]", false, true),
        ("[kfreebsd-any]", false, false),
    ] {
        let field = format!("a {restriction}");
        let clause = parse_clause(&field).unwrap();
        assert_eq!(clause.alternatives[0].applies_to(Architecture::Amd64), amd64, "{restriction}");
        assert_eq!(clause.alternatives[0].applies_to(Architecture::Arm64), arm64, "{restriction}");
    }
}

proptest! {
    #[test]
    fn prints_what_it_parses_again(field in "[a-c:()\\[\\]<>=|,.! 0-9\u{e9}]{0,40}") {
        if let Ok(clauses) = parse_clauses(&field) {
            let text = clauses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            prop_assert_eq!(parse_clauses(&text).unwrap(), clauses);
        }
    }
}

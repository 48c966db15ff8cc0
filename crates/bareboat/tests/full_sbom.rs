//! Bills of materials before other people's validators: CycloneDX's schema, SPDX's own checks, the purl parser.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
mod apps;
#[allow(dead_code)]
mod example;

use std::path::{Path, PathBuf};
use std::process::Command;

use bareboat_packages::sbom::{Bill, Component, LICENCE_IDS, Licence, cyclonedx, spdx};
use bareboat_testkit::full;

/// A Python with the validators.
struct Validators {
    directory: tempfile::TempDir,
}

/// Prints `valid`, or what is wrong.
const CHECK: &str = r#"
import json, sys
kind, path = sys.argv[1:]
if kind == "cyclonedx":
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator
    faults = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(path).read())
    print(faults or "valid")
elif kind == "spdx":
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
    faults = validate_full_spdx_document(parse_file(path), "SPDX-2.3")
    print([fault.validation_message for fault in faults][:5] or "valid")
else:
    from packageurl import PackageURL
    document = json.load(open(path))
    parts = document["components"] + [document["metadata"]["component"]]
    purls = [part["purl"] for part in parts if "purl" in part]
    print(len(purls), [purl for purl in purls if PackageURL.from_string(purl).type not in ("deb", "pypi", "generic", "oci")])
"#;

impl Validators {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let environment = directory.path().join("venv");
        apps::run(Command::new("python3").args(["-m", "venv"]).arg(&environment));
        apps::run(Command::new(environment.join("bin/pip")).args([
            "install",
            "-q",
            "cyclonedx-python-lib[json-validation]==11.12.0",
            "spdx-tools==0.8.5",
            "packageurl-python==0.17.6",
        ]));
        Self { directory }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn says(&self, kind: &str, file: &Path) -> String {
        let mut command = Command::new(self.directory.path().join("venv/bin/python"));
        let output = command.args(["-c", CHECK, kind]).arg(file).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        if output.status.success() { text } else { String::from_utf8_lossy(&output.stderr).into_owned() }
    }
}

#[test]
fn documents_of_a_real_image_are_valid_and_broken_ones_are_not() {
    const NAME: &str = "full_sbom";
    if !full::wanted(NAME) {
        return;
    }
    let validators = Validators::new();
    let mut build = apps::bareboat();
    example::build(build.arg("build").arg(example::Locked::example().path()).args(["-t", "sbom-test/web:1"]));
    for (format, kind, name) in
        [("spdx-json", "spdx", "a.spdx.json"), ("cyclonedx-json", "cyclonedx", "b.json")]
    {
        let mut sbom = apps::bareboat();
        let document = apps::run(sbom.args(["sbom", "sbom-test/web:1", "--format", format])).stdout;
        let document = String::from_utf8(document).unwrap();
        let file = validators.file(name, &document);
        assert_eq!(validators.says(kind, &file), "valid");
        let broken = match kind {
            "spdx" => document.replacen("\"checksumValue\": \"", "\"checksumValue\": \"zz", 1),
            _ => document.replacen("\"type\": \"library\"", "\"type\": \"libary\"", 1),
        };
        assert_ne!(broken, document);
        let file = validators.file(&format!("broken-{name}"), &broken);
        assert_ne!(validators.says(kind, &file), "valid");
        for part in
            ["pkg:deb/debian/libc6@", "pkg:generic/python@3.", "operating-system", "LGPL-2.1-or-later"]
        {
            let part = if kind == "spdx" {
                part.replace("operating-system", "OPERATING-SYSTEM")
            } else {
                part.to_owned()
            };
            assert!(document.contains(&part), "{part} is not in the {kind} document");
        }
    }
    let said = validators.says("purl", &validators.directory.path().join("b.json"));
    assert!(said.ends_with(" []") && !said.starts_with("0 "), "{said}");
}

#[test]
fn every_known_licence_is_one_of_the_published_list() {
    const NAME: &str = "full_sbom_licences";
    if !full::wanted(NAME) {
        return;
    }
    let validators = Validators::new();
    let component = |(number, id): (usize, &&str)| Component {
        id: format!("c-{number}"),
        name: (*id).to_owned(),
        licence: Licence::parse(id),
        ..Component::default()
    };
    let mut bill =
        Bill { components: LICENCE_IDS.iter().enumerate().map(component).collect(), ..Bill::default() };
    bill.subject.name = "licences".to_owned();
    bill.tool_version = "1".to_owned();
    let further = [
        "GPL-3+ with GCC exception or Expat, and BSD",
        "Apache-2.0 WITH LLVM-exception",
        "a licence of my own (really)",
    ];
    for (number, text) in further.into_iter().enumerate() {
        let licence = Licence::parse(text);
        bill.components.push(Component {
            id: format!("d-{number}"),
            name: text.to_owned(),
            licence,
            ..Component::default()
        });
    }
    assert_eq!(validators.says("cyclonedx", &validators.file("a.json", &cyclonedx(&bill))), "valid");
    assert_eq!(validators.says("spdx", &validators.file("a.spdx.json", &spdx(&bill))), "valid");
}

//! SPDX 2.3 as JSON (ISO/IEC 5962's successor; the JSON schema of the specification's repository).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::serial::{uuid, whole_seconds};
use super::{Bill, Component, ComponentKind};

/// The document, with a line end.
pub fn spdx(bill: &Bill) -> String {
    let mut document = json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": DOCUMENT,
        "name": bill.subject.name,
        "creationInfo": {
            "created": bill.subject.created.as_deref().and_then(whole_seconds).unwrap_or_else(|| NEVER.to_owned()),
            "creators": [format!("Tool: bareboat-{}", bill.tool_version)],
        },
        "packages": packages(bill),
        "relationships": relationships(bill),
    });
    let references = references(bill);
    if !references.is_empty() {
        document["hasExtractedLicensingInfos"] = Value::Array(references);
    }
    if !bill.gaps.is_empty() {
        document["comment"] = json!(format!("not complete: {}", bill.gaps.join("; ")));
    }
    // The specification's own place for documents whose maker has no site for them (clause 6.5).
    let namespace = format!("https://spdx.org/spdxdocs/bareboat-{}", uuid(&document));
    document["documentNamespace"] = json!(namespace);
    format!("{document:#}\n")
}

fn packages(bill: &Bill) -> Vec<Value> {
    let mut packages = vec![subject(bill)];
    packages.extend(bill.components.iter().map(|component| package(bill, component)));
    packages
}

/// The image itself.
fn subject(bill: &Bill) -> Value {
    let subject = &bill.subject;
    let mut package = json!({
        "SPDXID": SUBJECT,
        "name": subject.name,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": false,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "supplier": "NOASSERTION",
        "primaryPackagePurpose": "CONTAINER",
    });
    if let Some(digest) = &subject.digest {
        package["versionInfo"] = json!(digest);
        package["checksums"] = json!([{ "algorithm": "SHA256", "checksumValue": digest.hex() }]);
    }
    let layers: Vec<Value> =
        (subject.layers.iter().flatten()).map(|digest| other("layer-diff-id", &digest.to_string())).collect();
    let purl = subject.purl.iter().map(|purl| manager("purl", purl));
    let external: Vec<Value> = purl.chain(layers).collect();
    if !external.is_empty() {
        package["externalRefs"] = Value::Array(external);
    }
    package
}

fn package(bill: &Bill, component: &Component) -> Value {
    let mut package = json!({
        "SPDXID": format!("SPDXRef-{}", component.id),
        "name": component.name,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": false,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": component.licence.expression.as_deref().unwrap_or("NOASSERTION"),
        "copyrightText": "NOASSERTION",
        "supplier": component.supplier.as_deref().map_or_else(|| "NOASSERTION".to_owned(), supplier),
        "primaryPackagePurpose": match component.kind {
            ComponentKind::Library => "LIBRARY",
            ComponentKind::Platform | ComponentKind::Application => "APPLICATION",
            ComponentKind::OperatingSystem => "OPERATING-SYSTEM",
            ComponentKind::File => "FILE",
        },
    });
    let texts = [
        ("versionInfo", component.version.clone()),
        ("summary", component.description.clone()),
        ("homepage", component.homepage.clone()),
        ("sourceInfo", source(bill, component)),
        ("licenseComments", mentions(component)),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            package[key] = json!(text);
        }
    }
    if let Some(digest) = &component.sha256 {
        package["checksums"] = json!([{ "algorithm": "SHA256", "checksumValue": digest.hex() }]);
    }
    let layer = bill.layer(component).and_then(|(_, diff_id)| diff_id);
    let external = [
        component.purl.as_deref().map(|purl| manager("purl", purl)),
        component.cpe.as_deref().map(|cpe| {
            json!({
                "referenceCategory": "SECURITY", "referenceType": "cpe23Type", "referenceLocator": cpe,
            })
        }),
        component.files.map(|digest| other("files-sha256", &digest.to_string())),
        layer.map(|digest| other("layer-diff-id", &digest.to_string())),
    ];
    let external: Vec<Value> = external.into_iter().flatten().collect();
    if !external.is_empty() {
        package["externalRefs"] = Value::Array(external);
    }
    package
}

fn mentions(component: &Component) -> Option<String> {
    let names: Vec<&str> = component.licence.mentions.iter().map(String::as_str).collect();
    (!names.is_empty()).then(|| format!("its copyright file refers to {}", names.join(", ")))
}

/// How we know of it, and where it is.
fn source(bill: &Bill, component: &Component) -> Option<String> {
    let layer = bill.layer(component).map(|(number, _)| format!("layer {number}"));
    let evidence = component.evidence.as_ref().map(|evidence| format!("found by {evidence}"));
    let parts: Vec<String> = [evidence, layer].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", in "))
}

fn manager(kind: &str, locator: &str) -> Value {
    json!({ "referenceCategory": "PACKAGE-MANAGER", "referenceType": kind, "referenceLocator": locator })
}

fn other(kind: &str, locator: &str) -> Value {
    json!({ "referenceCategory": "OTHER", "referenceType": kind, "referenceLocator": locator })
}

/// `Person: NAME (ADDRESS)` or `Organization: …` (clause 7.5). A field says only a name; teams call themselves so, or
/// have a list's address.
fn supplier(text: &str) -> String {
    let (name, address) = match text.split_once('<') {
        Some((name, rest)) => (name.trim(), rest.split('>').next().unwrap_or_default().trim()),
        None => (text.trim(), ""),
    };
    let name: String =
        name.trim_matches('"').chars().filter(|c| !matches!(c, '(' | ')') && !c.is_control()).collect();
    if name.is_empty() {
        return "NOASSERTION".to_owned();
    }
    const TEAMS: [&str; 8] =
        ["team", "maintainers", "group", "developers", "packagers", "project", "list", "debian"];
    let is_team = TEAMS.iter().any(|word| name.to_ascii_lowercase().contains(word))
        || address.contains("@lists.")
        || address.contains("@packages.debian.org");
    let kind = if is_team { "Organization" } else { "Person" };
    let is_address = address.contains('@') && !address.contains(['(', ')', ' ']);
    match is_address {
        true => format!("{kind}: {name} ({address})"),
        false => format!("{kind}: {name}"),
    }
}

fn relationships(bill: &Bill) -> Vec<Value> {
    let relation = |from: &str, kind: &str, to: &str| json!({ "spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to });
    let id = |id: &str| format!("SPDXRef-{id}");
    let mut relationships = vec![relation(DOCUMENT, "DESCRIBES", SUBJECT)];
    relationships.extend(bill.components.iter().map(|part| relation(SUBJECT, "CONTAINS", &id(&part.id))));
    for component in &bill.components {
        let needs =
            bill.needs(component).map(|needed| relation(&id(&component.id), "DEPENDS_ON", &id(needed)));
        relationships.extend(needs);
    }
    relationships
}

/// What each `LicenseRef-…` of the document stands for (clause 10).
fn references(bill: &Bill) -> Vec<Value> {
    let all: BTreeMap<&String, &String> =
        bill.components.iter().flat_map(|component| &component.licence.references).collect();
    let one = |(id, name): (&String, &String)| {
        let text =
            format!("The package says: {name}. Its copyright file or metadata in the image has the text.");
        json!({ "licenseId": id, "name": name, "extractedText": text })
    };
    all.into_iter().map(one).collect()
}

const DOCUMENT: &str = "SPDXRef-DOCUMENT";
const SUBJECT: &str = "SPDXRef-image";
/// For images that do not say when they were made.
const NEVER: &str = "1970-01-01T00:00:00Z";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suppliers_are_people_or_teams() {
        assert_eq!(
            supplier("GNU Libc Maintainers <debian-glibc@lists.debian.org>"),
            "Organization: GNU Libc Maintainers (debian-glibc@lists.debian.org)"
        );
        assert_eq!(supplier("Matthias Klose <doko@debian.org>"), "Person: Matthias Klose (doko@debian.org)");
        assert_eq!(supplier("A (B) <x y>"), "Person: A B");
        assert_eq!(supplier("<>"), "NOASSERTION");
    }
}

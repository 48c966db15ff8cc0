//! CycloneDX 1.6 as JSON (ECMA-424).

use serde_json::{Map, Value, json};

use super::serial::{uuid, whole_seconds};
use super::{Bill, Component, ComponentKind, LICENCE_IDS, Licence};

/// The document, with a line end.
pub fn cyclonedx(bill: &Bill) -> String {
    let mut document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": metadata(bill),
        "components": bill.components.iter().map(|part| component(bill, part)).collect::<Vec<_>>(),
        "dependencies": dependencies(bill),
    });
    if !bill.gaps.is_empty() {
        document["compositions"] = json!([{ "aggregate": "incomplete", "assemblies": [SUBJECT] }]);
    }
    let serial = format!("urn:uuid:{}", uuid(&document));
    document["serialNumber"] = json!(serial);
    format!("{document:#}\n")
}

fn metadata(bill: &Bill) -> Value {
    let subject = &bill.subject;
    let mut image = json!({ "bom-ref": SUBJECT, "type": "container", "name": subject.name });
    if let Some(digest) = &subject.digest {
        image["version"] = json!(digest);
    }
    if let Some(purl) = &subject.purl {
        image["purl"] = json!(purl);
    }
    let layers =
        subject.layers.iter().enumerate().filter_map(|(index, digest)| Some((index + 1, (*digest)?)));
    let properties =
        layers.map(|(number, digest)| property(&format!("layer:{number}:diff-id"), &digest.to_string()));
    let gaps = bill.gaps.iter().map(|gap| property("gap", gap));
    let properties: Vec<Value> = properties.chain(gaps).collect();
    if !properties.is_empty() {
        image["properties"] = Value::Array(properties);
    }
    let tool = json!({ "type": "application", "name": "bareboat", "version": bill.tool_version });
    let mut metadata = json!({ "component": image, "tools": { "components": [tool] } });
    if let Some(created) = subject.created.as_deref().and_then(whole_seconds) {
        metadata["timestamp"] = json!(created);
    }
    metadata
}

fn component(bill: &Bill, part: &Component) -> Value {
    let mut fields = Map::new();
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(key.to_owned(), value);
        }
    };
    set("bom-ref", Some(json!(part.id)));
    set("type", Some(json!(kind(part.kind))));
    set("name", Some(json!(part.name)));
    set("version", part.version.as_ref().map(|text| json!(text)));
    set("description", part.description.as_ref().map(|text| json!(text)));
    set("publisher", part.supplier.as_ref().map(|text| json!(text)));
    set("licenses", licences(&part.licence));
    set("purl", part.purl.as_ref().map(|text| json!(text)));
    set("cpe", part.cpe.as_ref().map(|text| json!(text)));
    set("hashes", part.sha256.map(|digest| json!([{ "alg": "SHA-256", "content": digest.hex() }])));
    set("externalReferences", part.homepage.as_ref().map(|url| json!([{ "type": "website", "url": url }])));
    let (number, diff_id) = match bill.layer(part) {
        Some((number, diff_id)) => (Some(number), diff_id),
        None => (None, None),
    };
    let mentions: Vec<&str> = part.licence.mentions.iter().map(String::as_str).collect();
    let properties = [
        ("licence:mentions", (!mentions.is_empty()).then(|| mentions.join(", "))),
        ("evidence", part.evidence.clone()),
        ("files:sha256", part.files.map(|digest| digest.hex())),
        ("layer", number.map(|number| number.to_string())),
        ("layer:diff-id", diff_id.map(|digest| digest.to_string())),
    ];
    let properties: Vec<Value> =
        properties.iter().filter_map(|(name, value)| Some(property(name, value.as_ref()?))).collect();
    set("properties", (!properties.is_empty()).then_some(Value::Array(properties)));
    Value::Object(fields)
}

fn kind(kind: ComponentKind) -> &'static str {
    match kind {
        ComponentKind::Library => "library",
        ComponentKind::Platform => "platform",
        ComponentKind::Application => "application",
        ComponentKind::OperatingSystem => "operating-system",
        ComponentKind::File => "file",
    }
}

/// A single known licence by its identifier, anything else as an expression.
fn licences(licence: &Licence) -> Option<Value> {
    let expression = licence.expression.as_deref()?;
    Some(match LICENCE_IDS.contains(&expression) {
        true => json!([{ "license": { "id": expression, "acknowledgement": "declared" } }]),
        false => json!([{ "expression": expression, "acknowledgement": "declared" }]),
    })
}

fn property(name: &str, value: &str) -> Value {
    json!({ "name": format!("bareboat:{name}"), "value": value })
}

fn dependencies(bill: &Bill) -> Vec<Value> {
    let tops: Vec<&str> = bill.tops().into_iter().map(|part| part.id.as_str()).collect();
    let mut dependencies = vec![json!({ "ref": SUBJECT, "dependsOn": tops })];
    for part in &bill.components {
        let needs: Vec<&str> = bill.needs(part).collect();
        dependencies.push(match needs.is_empty() {
            true => json!({ "ref": part.id }),
            false => json!({ "ref": part.id, "dependsOn": needs }),
        });
    }
    dependencies
}

const SUBJECT: &str = "image";

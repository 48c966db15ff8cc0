//! What an image was made of and how, as a SLSA provenance predicate (SLSA 1.0, "Build: Provenance").
//!
//! Everything is named by digest, as the lock has it. Nothing says on which machine, when, by whom or from which mirror
//! it was built: the same inputs have the same provenance, byte for byte.

use bareboat_image::Platform;
use bareboat_packages::deb::LockedDeb;
use bareboat_packages::pypi::{DistributionSource, LockedDistribution};
use bareboat_packages::sbom::purl::escaped;
use bareboat_store::Digest;
use serde_json::{Map, Value, json};

use crate::app::lock::{LockFile, Locked};
use crate::app::options::Options;

/// The type of in-toto statements that hold it.
pub const PREDICATE_TYPE: &str = "https://slsa.dev/provenance/v1";
/// The type of in-toto statements (in-toto attestation framework, "Statement" v1).
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// What went into one image.
pub(crate) struct Inputs<'a> {
    pub(crate) platform: &'a Platform,
    pub(crate) options: &'a Options,
    /// The debug variant's tools are in it.
    pub(crate) is_debug: bool,
    pub(crate) lock: &'a LockFile,
    pub(crate) locked: &'a Locked,
    /// The digest of the application's files.
    pub(crate) application: Digest,
}

/// The predicate as canonical bytes.
pub(crate) fn predicate(inputs: &Inputs<'_>) -> Vec<u8> {
    let value = json!({
        "buildDefinition": {
            "buildType": "https://bareboat.dev/build/application/v1",
            "externalParameters": parameters(inputs),
            "resolvedDependencies": dependencies(inputs),
        },
        "runDetails": {
            "builder": {
                "id": "https://bareboat.dev/builder/v1",
                "version": { "bareboat": env!("CARGO_PKG_VERSION") },
            },
        },
    });
    serde_json::to_vec(&value).expect("plain data")
}

/// An in-toto statement: the predicate `bytes` about the image `digest` in the repository `name`.
///
/// # Panics
/// Never for bytes that [`crate::app::build::build`] made.
pub fn statement(name: &str, digest: &Digest, bytes: &[u8]) -> Vec<u8> {
    let predicate: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let value = json!({
        "_type": STATEMENT_TYPE,
        "subject": [{ "name": name, "digest": { "sha256": digest.hex() } }],
        "predicateType": PREDICATE_TYPE,
        "predicate": predicate,
    });
    serde_json::to_vec(&value).expect("plain data")
}

/// What was asked for, as far as it was.
fn parameters(inputs: &Inputs<'_>) -> Value {
    let options = inputs.options;
    let mut parameters = Map::new();
    parameters.insert("platform".to_owned(), json!(inputs.platform.to_string()));
    let texts = [
        ("debian", &options.debian),
        ("user", &options.user),
        ("slice", &options.slice),
        ("variant", &options.variant),
        ("compression", &options.compression),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            parameters.insert(name.to_owned(), json!(text));
        }
    }
    if options.arbitrary_user {
        parameters.insert("arbitraryUser".to_owned(), json!(true));
    }
    parameters.insert("verified".to_owned(), json!(options.verify));
    Value::Object(parameters)
}

/// What went in: the application, the lock, and everything the lock names for this platform.
fn dependencies(inputs: &Inputs<'_>) -> Vec<Value> {
    let lock = Digest::of(inputs.lock.text());
    let mut all = vec![
        json!({ "name": "application", "digest": { "bareboatTree": inputs.application.hex() } }),
        json!({ "name": "bareboat.lock", "digest": { "sha256": lock.hex() } }),
    ];
    let debug: &[LockedDeb] = if inputs.is_debug { &inputs.locked.debug } else { &[] };
    all.extend(inputs.locked.packages.iter().chain(debug).map(package));
    all.extend(inputs.locked.distributions.iter().map(distribution));
    all
}

fn package(deb: &LockedDeb) -> Value {
    let (name, version) = (escaped(&deb.name), escaped(deb.version.as_str()));
    json!({
        "uri": format!("pkg:deb/debian/{name}@{version}?arch={}", deb.architecture),
        "name": deb.path.rsplit('/').next().unwrap_or(&deb.name),
        "digest": { "sha256": deb.sha256.hex() },
    })
}

fn distribution(one: &LockedDistribution) -> Value {
    let version = one.version.as_ref().map(|version| format!("@{}", escaped(version))).unwrap_or_default();
    let mut value = json!({ "uri": format!("pkg:pypi/{}{version}", one.name) });
    if let Some(file) = &one.filename {
        value["name"] = json!(file);
    }
    if let Some(digest) = &one.sha256 {
        value["digest"] = json!({ "sha256": digest.hex() });
    }
    if let DistributionSource::Git(git) = &one.source {
        value["digest"] = json!({ "gitCommit": git.commit });
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_names_its_subject_and_holds_the_predicate() {
        let digest = Digest::of("image");
        let bytes = statement("ghcr.io/acme/web", &digest, br#"{"buildDefinition":{}}"#);
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(value["subject"][0]["digest"]["sha256"], digest.hex());
        assert_eq!(value["predicate"]["buildDefinition"], json!({}));
    }

    #[test]
    fn the_predicate_names_everything_by_digest_and_no_host() {
        const LOCKED: &str = r#"
            [[packages]]
            name = "libc6"
            version = "1:2.41+dfsg-12"
            architecture = "amd64"
            archive = "main"
            path = "pool/main/g/glibc/libc6_2.41_amd64.deb"
            sha256 = "sha256:0000000000000000000000000000000000000000000000000000000000000001"
            size = 1
            reason = "x"
            [[distributions]]
            name = "flask"
            version = "3.1"
            kind = "wheel"
            filename = "flask-3.1-py3-none-any.whl"
            sha256 = "sha256:0000000000000000000000000000000000000000000000000000000000000002"
            url = "https://me:secret@index.test/flask-3.1-py3-none-any.whl"
        "#;
        let locked: Locked = toml::from_str(LOCKED).unwrap();
        let lock = LockFile::new(Digest::of("inputs"), "trixie", "3.13.5");
        let options = Options { slice: Some("safe".to_owned()), ..Options::default() };
        let platform = Platform::linux("amd64");
        let inputs = Inputs {
            platform: &platform,
            options: &options,
            is_debug: false,
            lock: &lock,
            locked: &locked,
            application: Digest::of("application"),
        };
        let text = String::from_utf8(predicate(&inputs)).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        let dependencies = value["buildDefinition"]["resolvedDependencies"].as_array().unwrap();
        assert_eq!(dependencies.len(), 4);
        assert_eq!(dependencies[2]["uri"], "pkg:deb/debian/libc6@1:2.41%2Bdfsg-12?arch=amd64");
        assert_eq!(dependencies[3]["uri"], "pkg:pypi/flask@3.1");
        assert!(dependencies.iter().all(|one| one["digest"].is_object()));
        assert!(!text.contains("index.test") && !text.contains("secret"), "{text}");
    }
}

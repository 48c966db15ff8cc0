//! What `build --push` sends along with an image: its bill of materials and where it comes from.
//!
//! Both refer to the image of one platform and are found at the registry by it; nobody who pulls the image sees them.

use std::collections::BTreeMap;

use bareboat_build::app::build::{Built, BuiltImage};
use bareboat_build::provenance;
use bareboat_image::Reference;
use bareboat_image::registry::Artifact;
use bareboat_image::source::{Select, Source};
use bareboat_inspect::bill;
use bareboat_inspect::facts::Checksums;
use bareboat_packages::sbom::spdx;
use bareboat_store::Digest;

use super::image;
use super::registry::with_registries;
use crate::cli::RegistryArgs;
use crate::failure::Failure;
use crate::logins;
use crate::session::Session;

const SPDX: &str = "application/spdx+json";
const IN_TOTO: &str = "application/vnd.in-toto+json";
const LARGEST: u64 = 256 << 20;

/// Attaches both to each image of `built`, which is at `reference`.
pub fn attest(
    session: &Session,
    arguments: &RegistryArgs,
    built: &Built,
    reference: &Reference,
) -> Result<(), Failure> {
    let name = reference.name();
    for one in &built.images {
        let documents = [bill_of(session, &name, one)?, origin(session, &name, one)?];
        with_registries(session, arguments, &logins::find, |registries| {
            for document in &documents {
                registries.attach(&one.manifest, reference, document)?;
            }
            Ok(())
        })?;
    }
    session.terminal.say("  with its bill of materials (SPDX) and provenance (SLSA)");
    Ok(())
}

/// The bill of materials, from the image's own bytes. They need not be read again for the next push.
fn bill_of(session: &Session, name: &str, one: &BuiltImage) -> Result<Artifact, Failure> {
    let store = &session.store;
    let version = env!("CARGO_PKG_VERSION");
    let key = Digest::of(format!("bill of materials {version} {name} {}", one.manifest.digest));
    let known = store.action(&key).and_then(|record| String::from_utf8(record).ok()?.parse().ok());
    let bytes = match known.and_then(|digest: Digest| store.read(&digest, LARGEST).ok()) {
        Some(bytes) => bytes,
        None => {
            let source = Source::store(store, one.manifest.clone());
            let image = source.image(&Select::default()).map_err(Failure::from_source)?;
            let facts = image::read(session, name, &image, Checksums::None)?;
            let bytes = spdx(&bill::bill(&facts, version)).into_bytes();
            let digest = store.insert(&bytes)?;
            store.put_action(&key, digest.to_string().as_bytes())?;
            bytes
        }
    };
    Ok(artifact(SPDX, bytes, BTreeMap::new()))
}

fn origin(session: &Session, name: &str, one: &BuiltImage) -> Result<Artifact, Failure> {
    let predicate = session.store.read(&one.provenance, LARGEST)?;
    let bytes = provenance::statement(name, &one.manifest.digest, &predicate);
    // Where BuildKit, too, says what a statement is about.
    let kind = ("in-toto.io/predicate-type".to_owned(), provenance::PREDICATE_TYPE.to_owned());
    Ok(artifact(IN_TOTO, bytes, BTreeMap::from([kind])))
}

fn artifact(kind: &str, bytes: Vec<u8>, annotations: BTreeMap<String, String>) -> Artifact {
    Artifact { artifact_type: kind.to_owned(), media_type: kind.to_owned(), bytes, annotations }
}

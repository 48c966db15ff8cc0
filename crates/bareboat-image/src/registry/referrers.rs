//! What refers to an image: the referrers API, and the tag that stands for it at registries without one
//! (distribution-spec 1.1, "Listing Referrers" and "Referrers Tag Schema").

use bareboat_store::{Call, Digest, Method};

use super::exchange::{Access, Repository, next_page};
use super::{Registries, RegistryError};
use crate::json::DocumentError;
use crate::media_type::{self, Document};
use crate::{Descriptor, Index, Manifest, Reference};

impl Registries<'_> {
    /// The artifacts whose subject is the image at `reference`, of one type or of all, as the registry lists them.
    ///
    /// # Errors
    /// As [`Registries::resolve`] for a reference without digest.
    pub fn referrers(
        &self,
        reference: &Reference,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, RegistryError> {
        let repository = self.repository(reference)?;
        let digest = match reference.digest() {
            Some(digest) => *digest,
            None => self.resolve(reference)?.digest,
        };
        let mut found = match listed(&repository, &digest)? {
            Some(listed) => listed,
            None => fallback(&repository, &digest)?.manifests,
        };
        // A registry may filter, and need not.
        found.retain(|one| artifact_type.is_none_or(|wanted| one.artifact_type.as_deref() == Some(wanted)));
        Ok(found)
    }

    /// Writes a manifest or index, and where the registry does not keep the list of what refers to what, adds it to the
    /// list of its subject.
    pub(super) fn place(
        &self,
        repository: &Repository<'_>,
        at: &str,
        document: &Descriptor,
        bytes: &[u8],
    ) -> Result<(), RegistryError> {
        let reply = repository.put_manifest(at, &document.media_type, bytes)?;
        let fail =
            |source: DocumentError| RegistryError::Document { name: document.digest.to_string(), source };
        let (subject, artifact_type, annotations) = match media_type::document(&document.media_type) {
            Some(Document::Index) => {
                let index = Index::parse(bytes).map_err(fail)?;
                (index.subject, index.artifact_type, index.annotations)
            }
            _ => {
                let manifest = Manifest::parse(bytes).map_err(fail)?;
                let kind = manifest.artifact_type.unwrap_or(manifest.config.media_type);
                (manifest.subject, Some(kind), manifest.annotations)
            }
        };
        let Some(subject) = subject else { return Ok(()) };
        if reply.header("oci-subject").is_some() {
            return Ok(());
        }
        let size = bytes.len() as u64;
        let entry = Descriptor {
            artifact_type,
            annotations,
            ..Descriptor::new(document.media_type.as_str(), document.digest, size)
        };
        add(repository, &subject.digest, entry)
    }
}

/// What the API lists; `None` where there is none.
fn listed(repository: &Repository<'_>, digest: &Digest) -> Result<Option<Vec<Descriptor>>, RegistryError> {
    const PAGES: usize = 1000;
    let mut found = Vec::new();
    let mut next = Some(repository.address(&format!("referrers/{digest}")));
    for page in 0..PAGES {
        let Some(url) = next.take() else { break };
        let call = Call::new(Method::Get, &url).header("Accept", media_type::INDEX);
        let reply = repository.ask(Access::Pull, &call)?;
        match reply.status {
            200 => {}
            401 | 403 => {
                return Err(repository.refused(&reply, Access::Pull, "list what refers to an image"));
            }
            // Older registries do not know the address and say so in their own ways.
            _ if page == 0 => return Ok(None),
            _ => return Err(repository.refused(&reply, Access::Pull, "list what refers to an image")),
        }
        match Index::parse(&reply.bytes) {
            Ok(index) => found.extend(index.manifests),
            Err(_) if page == 0 => return Ok(None),
            Err(source) => return Err(RegistryError::Document { name: digest.to_string(), source }),
        }
        next = next_page(&reply, &url);
    }
    Ok(Some(found))
}

/// `sha256-HEX`.
fn tag(digest: &Digest) -> String {
    format!("sha256-{}", digest.hex())
}

/// The index that stands for the API; an empty one when there is none yet.
fn fallback(repository: &Repository<'_>, digest: &Digest) -> Result<Index, RegistryError> {
    let name = tag(digest);
    match repository.manifest(&name)? {
        Some((_, bytes)) => Index::parse(&bytes).map_err(|source| RegistryError::Document { name, source }),
        None => Ok(Index::new(Vec::new())),
    }
}

/// Adds one entry. Two writers at the same moment may lose one's; the specification knows of no way around that.
fn add(repository: &Repository<'_>, subject: &Digest, entry: Descriptor) -> Result<(), RegistryError> {
    let mut index = fallback(repository, subject)?;
    if index.manifests.iter().any(|known| known.digest == entry.digest) {
        return Ok(());
    }
    index.manifests.push(entry);
    repository.put_manifest(&tag(subject), media_type::INDEX, &index.to_bytes()).map(drop)
}

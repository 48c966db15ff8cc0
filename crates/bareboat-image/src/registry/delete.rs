//! Deleting tags and images (distribution-spec, "Content Management").

use bareboat_store::{Call, Method};

use super::copy::digested;
use super::error::said;
use super::exchange::Access;
use super::{Registries, RegistryError};
use crate::Reference;

impl Registries<'_> {
    /// Deletes what `reference` names: with a digest the image and every tag of it, else the tag alone.
    ///
    /// # Errors
    /// [`RegistryError::NotFound`]; [`RegistryError::Undeletable`] from registries that do not do this.
    pub fn delete(&self, reference: &Reference) -> Result<(), RegistryError> {
        let repository = self.repository(reference)?;
        let at = match reference.digest() {
            Some(digest) => digest.to_string(),
            None => reference.tag().unwrap_or("latest").to_owned(),
        };
        let call = Call::new(Method::Delete, repository.address(&format!("manifests/{at}")));
        let reply = repository.ask(Access::Delete, &call)?;
        match reply.status {
            200..=204 => Ok(()),
            404 => Err(RegistryError::NotFound { name: reference.familiar(), said: said(&reply) }),
            // Many registries know no deletion of tags; distribution answers `UNSUPPORTED`.
            400 | 405 => {
                let is_tag = reference.digest().is_none();
                let image = if is_tag { Some(digested(reference, &self.resolve(reference)?)?) } else { None };
                Err(RegistryError::Undeletable {
                    domain: reference.domain().to_owned(),
                    what: if is_tag { "tags" } else { "images" },
                    instead: image.map(|image| image.familiar()),
                    said: said(&reply),
                })
            }
            _ => Err(repository.refused(&reply, Access::Delete, &format!("delete `{at}`"))),
        }
    }
}

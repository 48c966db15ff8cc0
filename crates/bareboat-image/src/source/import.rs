//! Takes an image of a layout or archive into the store, document by document and blob by blob, as it is.

use std::collections::BTreeSet;
use std::io;

use bareboat_store::{Digest, Store};

use super::error::in_archive;
use super::{Root, Select, Source, SourceError};
use crate::media_type::{self, Document};
use crate::{Descriptor, Index, Manifest};

impl Source<'_> {
    /// Copies the image that fits `select` into `store`; its descriptor. Without a platform an index comes whole.
    ///
    /// # Errors
    /// [`SourceError::None`], [`SourceError::Several`]; a blob that is missing or not what its digest says; an image
    /// without a manifest, which only an engine can turn into one that has.
    pub fn import(&self, select: &Select, store: &Store) -> Result<Descriptor, SourceError> {
        let top = match select.platform {
            Some(_) => self.image(select)?.descriptor,
            None => self.root(select)?,
        };
        let top = top.ok_or(SourceError::Missing { what: "its manifest".into() })?;
        let mut pending = vec![top.clone()];
        let mut seen: BTreeSet<Digest> = BTreeSet::new();
        while let Some(descriptor) = pending.pop() {
            if !seen.insert(descriptor.digest) {
                continue;
            }
            match media_type::document(&descriptor.media_type) {
                Some(Document::Index) => {
                    let bytes = self.blobs.document(&descriptor)?;
                    pending.extend(Index::parse(&bytes)?.manifests);
                    store.insert(&bytes)?;
                }
                Some(Document::Manifest) => {
                    let bytes = self.blobs.document(&descriptor)?;
                    let manifest = Manifest::parse(&bytes)?;
                    pending.extend(manifest.layers.into_iter().chain([manifest.config]));
                    store.insert(&bytes)?;
                }
                None => self.import_blob(&descriptor, store)?,
            }
        }
        Ok(top)
    }

    /// The only thing listed, or the only one of that name.
    fn root(&self, select: &Select) -> Result<Option<Descriptor>, SourceError> {
        let listed: Vec<(Option<&str>, Option<&Descriptor>)> = self
            .roots
            .iter()
            .map(|root| match root {
                Root::Oci { descriptor, name } => (name.as_deref(), Some(&**descriptor)),
                Root::Docker(_) | Root::Files(_) | Root::Layers(_) => (None, None),
            })
            .collect();
        let fits = |name: Option<&str>| {
            select.name.as_deref().is_none_or(|wanted| {
                name.is_some_and(|name| name == wanted || super::same_reference(name, wanted))
            })
        };
        let found: Vec<_> = listed.iter().filter(|(name, _)| fits(*name)).collect();
        let shown = |list: &[&(Option<&str>, Option<&Descriptor>)]| {
            let title = |(name, descriptor): &(Option<&str>, Option<&Descriptor>)| {
                let digest = descriptor.map(|descriptor| descriptor.digest.to_string());
                [name.map(str::to_owned), digest].into_iter().flatten().collect::<Vec<_>>().join(" ")
            };
            list.iter().map(|one| title(one)).collect()
        };
        match &found[..] {
            [one] => Ok(one.1.cloned()),
            [] => Err(SourceError::None { choices: shown(&listed.iter().collect::<Vec<_>>()) }),
            several => Err(SourceError::Several { choices: shown(several) }),
        }
    }

    fn import_blob(&self, descriptor: &Descriptor, store: &Store) -> Result<(), SourceError> {
        if store.contains(&descriptor.digest) {
            return Ok(());
        }
        let what = format!("blob {}", descriptor.digest);
        let mut content = io::Read::take(self.blobs.open(&descriptor.digest)?, descriptor.size + 1);
        let mut writer = store.writer_sized(descriptor.size)?;
        io::copy(&mut content, &mut writer).map_err(in_archive(&what))?;
        writer.finish_expecting(&descriptor.digest)?;
        Ok(())
    }
}

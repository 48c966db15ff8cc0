//! From the store to a registry.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use bareboat_store::Digest;

use super::exchange::Repository;
use super::upload::{Sent, Upload};
use super::{PushEvent, Registries, RegistryError};
use crate::{Descriptor, Reference, blobs, media_type};

/// Where blobs come from that are not in the store.
#[derive(Clone, Copy)]
pub(super) struct Supply<'a> {
    /// The repository that has them, which the registry may take them from itself.
    pub(super) from: &'a Reference,
    /// Brings one into the store.
    pub(super) bring: &'a (dyn Fn(&Descriptor) -> Result<(), RegistryError> + Sync),
}

/// What a push did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pushed {
    /// Blobs that were sent.
    pub sent: usize,
    /// Their bytes.
    pub sent_bytes: u64,
    /// Blobs that the registry took from another of its repositories.
    pub mounted: usize,
    /// Their bytes.
    pub mounted_bytes: u64,
    /// Blobs that were there already.
    pub present: usize,
    /// Their bytes.
    pub present_bytes: u64,
}

impl Registries<'_> {
    /// Sends the image or index at `descriptor` to `reference`: blobs first, then manifests, last the tag. Without a tag
    /// it has its digest only.
    ///
    /// # Errors
    /// An image that is not whole in the store; a registry that refuses; the network's. Without an error the image is
    /// there, with one its tag is as it was.
    pub fn push(
        &self,
        descriptor: &Descriptor,
        reference: &Reference,
        observer: &(dyn Fn(PushEvent) + Sync),
    ) -> Result<Pushed, RegistryError> {
        self.send(descriptor, reference, None, observer)
    }

    /// [`Registries::push`] with blobs that need not be in the store.
    pub(super) fn send(
        &self,
        descriptor: &Descriptor,
        reference: &Reference,
        supply: Option<Supply<'_>>,
        observer: &(dyn Fn(PushEvent) + Sync),
    ) -> Result<Pushed, RegistryError> {
        let repository = self.repository(reference)?;
        let (documents, contents): (Vec<Descriptor>, Vec<Descriptor>) = blobs(self.store, descriptor)?
            .into_iter()
            .partition(|blob| media_type::document(&blob.media_type).is_some());
        observer(PushEvent::Expected(contents.iter().map(|blob| blob.size).sum()));
        let pushed = self.contents(&repository, reference, &contents, supply, observer)?;
        // Parents stand before what they list, and must come after it.
        for document in documents.iter().rev() {
            let bytes = self.store.read(&document.digest, crate::json::MAX_DOCUMENT)?;
            let is_top = document.digest == descriptor.digest;
            let at = match reference.tag().filter(|_| is_top) {
                Some(tag) => tag.to_owned(),
                None => document.digest.to_string(),
            };
            self.place(&repository, &at, document, &bytes)?;
        }
        Ok(pushed)
    }

    /// Sends what is missing of `blobs`, several at a time. The first error stops what has not begun.
    pub(super) fn contents(
        &self,
        repository: &Repository<'_>,
        reference: &Reference,
        blobs: &[Descriptor],
        supply: Option<Supply<'_>>,
        observer: &(dyn Fn(PushEvent) + Sync),
    ) -> Result<Pushed, RegistryError> {
        let next = AtomicUsize::new(0);
        let work = || -> Result<Pushed, RegistryError> {
            let mut pushed = Pushed::default();
            while let Some(blob) = blobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Err(error) = self.content(repository, reference, blob, supply, observer, &mut pushed) {
                    next.store(blobs.len(), Ordering::Relaxed);
                    return Err(error);
                }
            }
            Ok(pushed)
        };
        let threads = if self.settings.uploads == 0 { 4 } else { self.settings.uploads };
        let results: Vec<Result<Pushed, RegistryError>> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads.min(blobs.len().max(1))).map(|_| scope.spawn(work)).collect();
            let join = |worker: std::thread::ScopedJoinHandle<'_, _>| {
                worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            workers.into_iter().map(join).collect()
        });
        let mut all = Pushed::default();
        for result in results {
            all.add(result?);
        }
        Ok(all)
    }

    fn content(
        &self,
        repository: &Repository<'_>,
        reference: &Reference,
        blob: &Descriptor,
        supply: Option<Supply<'_>>,
        observer: &(dyn Fn(PushEvent) + Sync),
        pushed: &mut Pushed,
    ) -> Result<(), RegistryError> {
        if repository.has_blob(&blob.digest)? {
            observer(PushEvent::Settled(blob.size));
            pushed.present += 1;
            pushed.present_bytes += blob.size;
            return self.remember(reference, &blob.digest);
        }
        let near = supply.map(|supply| supply.from).filter(|from| from.domain() == reference.domain());
        let near = near.map(|from| from.path().to_owned()).filter(|path| path != reference.path());
        let from = near.or_else(|| self.elsewhere(reference, &blob.digest));
        let bring = || match supply {
            Some(supply) if !self.store.contains(&blob.digest) => (supply.bring)(blob),
            _ => Ok(()),
        };
        let (digest, size) = (blob.digest, blob.size);
        let upload = Upload { repository, store: self.store, digest, size, from, bring: &bring, observer };
        match upload.run()? {
            Sent::Mounted => {
                observer(PushEvent::Settled(blob.size));
                pushed.mounted += 1;
                pushed.mounted_bytes += blob.size;
            }
            Sent::Bytes => {
                pushed.sent += 1;
                pushed.sent_bytes += blob.size;
            }
        }
        self.remember(reference, &blob.digest)
    }

    /// Another repository of the same registry that had the blob when we last saw it.
    fn elsewhere(&self, reference: &Reference, digest: &Digest) -> Option<String> {
        let known = self.store.action(&place_key(reference.domain(), digest))?;
        let names: BTreeSet<String> = serde_json::from_slice(&known).ok()?;
        names.into_iter().find(|name| name != reference.path())
    }

    /// Remembers where a blob is, for [`Registries::elsewhere`].
    pub(super) fn remember(&self, reference: &Reference, digest: &Digest) -> Result<(), RegistryError> {
        const MOST: usize = 4;
        let key = place_key(reference.domain(), digest);
        let known = self.store.action(&key);
        let mut names: BTreeSet<String> =
            known.and_then(|known| serde_json::from_slice(&known).ok()).unwrap_or_default();
        if names.len() < MOST && names.insert(reference.path().to_owned()) {
            let record = serde_json::to_vec(&names).expect("a set of texts");
            self.store.put_action(&key, &record)?;
        }
        Ok(())
    }
}

/// Key of the record that says in which repositories of a registry a blob is.
fn place_key(domain: &str, digest: &Digest) -> Digest {
    Digest::of(format!("registry place {domain} {digest}"))
}

impl Pushed {
    pub(super) fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.sent_bytes += other.sent_bytes;
        self.mounted += other.mounted;
        self.mounted_bytes += other.mounted_bytes;
        self.present += other.present;
        self.present_bytes += other.present_bytes;
    }
}

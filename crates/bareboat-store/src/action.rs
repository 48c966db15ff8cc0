//! The action cache: small results by cache key.

use std::fs;

use crate::publish::publish_bytes;
use crate::record::{self, Found};
use crate::{Digest, Store, StoreError};

impl Store {
    /// The result kept under `key`. Counts as a use of it.
    ///
    /// A damaged record is removed and counts as absent; so does one that cannot be read: the result can always be
    /// made again.
    pub fn action(&self, key: &Digest) -> Option<Vec<u8>> {
        let path = self.action_path(key);
        match record::read(&path).ok()? {
            Found::Whole(name, payload) if name == key.hex() => {
                self.touch(&path, &fs::metadata(&path).ok()?);
                Some(payload)
            }
            Found::Absent => None,
            Found::Whole(..) | Found::Damaged => {
                let _ = fs::remove_file(&path);
                None
            }
        }
    }

    /// Keeps `result` (at most 32 MiB; put what is larger into a blob and keep its digest) under `key`, replacing
    /// what was there.
    pub fn put_action(&self, key: &Digest, result: &[u8]) -> Result<(), StoreError> {
        let record = record::encode(&key.hex(), result)?;
        publish_bytes(&self.temporary_directory(), &self.action_path(key), &record, self.modes())
    }
}

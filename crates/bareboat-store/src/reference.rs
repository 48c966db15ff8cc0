//! Named pointers: the only mutable things in the store. Image tags are such.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};

use crate::publish::{publish, temporary_file};
use crate::record::{self, Found};
use crate::store::list;
use crate::{Store, StoreError};

impl Store {
    /// What `name` points to; `None` when there is no such name or its record is damaged.
    ///
    /// Any text is a name: the file is called by the name's digest and the record holds the name itself, so length,
    /// slashes, dots and letter case play no part.
    pub fn reference(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match record::read(&self.reference_path(name))? {
            Found::Whole(found, payload) if found == name => Ok(Some(payload)),
            _ => Ok(None),
        }
    }

    /// Points `name` at `value` (at most 32 MiB). Readers see the old value or the new one, also after a power cut:
    /// unlike blobs and actions, a name that somebody gave cannot be made again, so it is synchronised.
    pub fn set_reference(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        let path = self.reference_path(name);
        let record = record::encode(name, value)?;
        let mut file = temporary_file(&self.temporary_directory())?;
        file.write_all(&record)
            .and_then(|()| file.as_file().sync_data())
            .map_err(|error| StoreError::io_sized("write", file.path(), error, Some(record.len() as u64)))?;
        publish(file, &path, self.modes().record, self.modes())?;
        let directory = self.root().join("references");
        File::open(&directory)
            .and_then(|opened| opened.sync_all())
            .map_err(|error| StoreError::io("synchronise", &directory, error))
    }

    /// All names and what they point to. Damaged records are left out; [`Store::verify`] reports them.
    pub fn references(&self) -> Result<BTreeMap<String, Vec<u8>>, StoreError> {
        let mut references = BTreeMap::new();
        for (path, _) in list(&self.root().join("references"))? {
            if let Found::Whole(name, payload) = record::read(&path)? {
                references.insert(name, payload);
            }
        }
        Ok(references)
    }

    /// Forgets `name`; false when there was none.
    pub fn remove_reference(&self, name: &str) -> Result<bool, StoreError> {
        let path = self.reference_path(name);
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StoreError::io("remove", &path, error)),
        }
    }
}

//! Digests, blobs, the action cache, locks, HTTP and verified fetch.
//!
//! Everything bareboat keeps on disk lives in one [`Store`], addressed by content. Nothing here knows what a
//! package, a layer or an image is.

mod action;
mod blob;
mod cancel;
mod digest;
mod error;
mod fetch;
mod lock;
mod prune;
mod publish;
mod record;
mod reference;
mod roots;
mod store;
mod usage;
mod verify;

pub use blob::BlobWriter;
pub use cancel::Cancel;
pub use digest::{Digest, DigestError, DigestReader, DigestWriter};
pub use error::StoreError;
pub use fetch::{
    BasicCredentials, Call, Content, Document, FetchError, FetchEvent, FetchOptions, Fetched, Fetcher, Get,
    Method, Observer, Proxies, Reply, Request, Roots, Validators, redact_url,
};
pub use lock::Lock;
pub use prune::{PruneOptions, Pruned};
pub use store::Store;
pub use usage::Usage;
pub use verify::{CorruptEntry, EntryKind, Repair, Verified, VerifyProgress};

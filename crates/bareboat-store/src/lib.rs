//! Digests, blobs, the action cache, locks, HTTP and verified fetch.
//!
//! Everything bareboat keeps on disk lives in one [`Store`], addressed by content. Nothing here knows what a
//! package, a layer or an image is.

mod digest;

pub use digest::{Digest, DigestError, DigestReader, DigestWriter};

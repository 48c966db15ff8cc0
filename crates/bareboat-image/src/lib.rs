//! References, descriptors, manifests, layers, images, trees, tar and layouts.

mod blocks;
mod compression;
mod config;
mod deflate;
mod descriptor;
mod image;
mod index;
pub mod json;
mod layer;
mod manifest;
pub mod media_type;
mod merge;
mod part;
mod path;
mod platform;
mod reference;
pub mod tar;
mod time;
mod tree;

pub use compression::Compression;
pub use config::{ContainerConfig, Healthcheck, History, ImageConfig, RootFs};
pub use deflate::{DeflateFault, Deflated};
pub use descriptor::Descriptor;
pub use image::{ImageError, StoredImage, blobs, read_images, write_image, write_index};
pub use index::Index;
pub use layer::{Layer, LayerError, join};
pub use manifest::Manifest;
pub use merge::{Hidden, HiddenCause, LayerSummary, MergeError, Merged, Merger, Origin, Whiteout};
pub use part::{FileMeta, Part, PartError, PartWriter};
pub use path::{PathError, TreePath};
pub use platform::{Platform, PlatformError};
pub use reference::{Reference, ReferenceError};
pub use time::rfc3339;
pub use tree::{Entry, Kind, Owner, Tree};

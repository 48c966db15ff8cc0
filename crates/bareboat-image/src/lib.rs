//! References, descriptors, manifests, layers, images, trees, tar and layouts.

mod blocks;
mod compression;
mod deflate;
mod descriptor;
pub mod json;
mod layer;
pub mod media_type;
mod part;
mod path;
mod platform;
pub mod tar;
mod tree;

pub use compression::Compression;
pub use deflate::{DeflateFault, Deflated};
pub use descriptor::Descriptor;
pub use layer::{Layer, LayerError, join};
pub use part::{FileMeta, Part, PartError, PartWriter};
pub use path::{PathError, TreePath};
pub use platform::{Platform, PlatformError};
pub use tree::{Entry, Kind, Owner, Tree};

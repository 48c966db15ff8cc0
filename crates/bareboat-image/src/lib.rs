//! References, descriptors, manifests, layers, images, trees, tar and layouts.

mod path;
mod tree;

pub use path::{PathError, TreePath};
pub use tree::{Entry, Kind, Owner, Tree};

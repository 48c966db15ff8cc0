//! Base images: where they come from is the caller's business.

use bareboat_image::{ImageConfig, Layer, Platform};

use super::error::Problem;

/// Finds the image that FROM or `--from` names, for a platform, with its layers in the store.
pub type Bases<'a> = dyn Fn(Wanted<'_>, &Platform) -> Result<BaseImage, Problem> + Sync + 'a;

/// How an image is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// By FROM or `--from`: a reference.
    Name(&'a str),
    /// By [`super::NamedContext::Image`], which says where it is.
    Place(&'a str),
}

/// An image to build on or to copy from.
#[derive(Debug, Clone)]
pub struct BaseImage {
    /// Its configuration.
    pub config: ImageConfig,
    /// Its layers in the store, lowest first.
    pub layers: Vec<Layer>,
}

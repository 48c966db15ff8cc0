//! `inspect`: the facts of one image, as text for people and as a document for programs.

mod json;
mod text;

pub(crate) use json::document;
pub use json::json;
pub use text::text;

#[cfg(test)]
mod tests;

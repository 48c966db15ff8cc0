//! Findings as text for people and as documents for programs; one file per format.

mod diff;
mod json;
mod text;

pub use diff::diff;
pub use json::json;
pub use text::{TextStyle, text};

//! Findings as text for people and as documents for programs; one file per format.

mod json;
mod text;

pub use json::json;
pub use text::{TextStyle, text};

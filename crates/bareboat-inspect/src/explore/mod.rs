//! `explore`: an image layer by layer and file by file, with an answer to "why is this here".
//!
//! Everything here is state and text; the terminal is the caller's. Keys are those that people know from dive.

mod draw;
mod plain;
mod state;
mod tree;
mod why;

#[cfg(test)]
mod tests;

pub use draw::{Line, Style, view};
pub use plain::plain;
pub use state::{Action, Explorer, Key};

//! What is known about base images without asking anybody.
//!
//! Facts are dated and generated, never guessed: what is not known is `None`, and whoever asks then stays silent.

mod date;
mod facts;

pub use date::Date;
pub use facts::{
    BaseFacts, Distribution, Interpreter, Libc, LibcFamily, PackageManager, ShellFacts, ShellKind, Tools,
};

/// What is known about the image `reference` names, as it is written in a FROM after expansion; `scratch` too.
pub fn lookup(reference: &str) -> Option<BaseFacts> {
    (reference == "scratch").then(BaseFacts::scratch)
}

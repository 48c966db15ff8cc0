//! Diagnostics, hints and what they share: whose fault an error is, and "did you mean".

mod fault;
mod suggest;

pub use fault::Fault;
pub use suggest::closest;

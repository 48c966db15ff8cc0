//! Plan graph, front ends, solver, operations and cutting layers.
//!
//! A front end makes [`plan::Step`]s; [`solve::Context`] turns each into a [`piece::Piece`]; [`merge`] lays the
//! pieces over each other; [`cut`] makes layers of them; [`image`] writes the configuration.

pub mod app;
pub mod cut;
pub mod dockerfile;
mod error;
pub mod event;
pub mod image;
mod inventory;

pub mod merge;
pub mod op;
pub mod piece;
pub mod plan;
pub mod provenance;
pub mod run;
pub mod solve;
pub mod verify;

pub use error::BuildError;
pub use inventory::Inventory;

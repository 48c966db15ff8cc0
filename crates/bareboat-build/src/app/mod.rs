//! The application front end: a directory becomes a plan (detect → lock → plan).

pub mod build;
mod bytecode_choice;
pub mod compose;
pub mod config;
pub mod describe;
pub mod detect;
pub mod dockerfile_hints;
pub mod generated;
pub mod imports;
pub mod lock;
pub mod options;
pub mod outdated;
mod own_package;
mod plain_file;
pub mod project;
pub mod python_source;
mod resolve;
pub mod runtime;
pub mod sdist;
pub mod target;
pub mod words;

pub use options::{Options, Surroundings};

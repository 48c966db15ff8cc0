//! The application front end: a directory becomes a plan (detect → lock → plan).

pub mod build;
mod bytecode_choice;
pub mod compose;
pub mod config;
pub mod describe;
pub mod detect;
pub mod dockerfile_hints;
mod dynamic_version;
pub mod generated;
pub mod imports;
mod layers;
pub mod lock;
mod one_image;
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

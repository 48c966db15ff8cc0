//! The package index: which one the host uses, what it lists, and where its files are.

mod configuration;
mod discover;
mod hosts;
mod html;
mod simple;

pub use discover::{Index, IndexSource, Surroundings, discover_index};
pub use hosts::FileHosts;
pub use simple::{IndexFile, ProjectPage, SimpleIndex};

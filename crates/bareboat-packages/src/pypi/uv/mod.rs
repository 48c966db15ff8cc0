//! `uv` as the resolver: found or fetched, asked about a target, its answers and failures translated.
//!
//! uv only computes. It never builds anything here and never sees the host's Python: the interpreter it is given is a
//! [`description`] of the target's. Its answer is a `pylock.toml`, from which the files are chosen by
//! [`super::choose_file`].

mod command;
mod description;
mod failure;
mod find;
mod metadata;
mod pinned;
mod resolve;
mod settings;

pub use find::{Uv, UvSearch, find_uv};
pub use pinned::{UV_VERSION, fetch_uv};
pub use resolve::{Demand, Resolver};

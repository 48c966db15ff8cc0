//! Development only: fake registry, Debian archive and package index; .deb, wheel and tar makers.

pub mod deb;
pub mod debian_archive;
pub mod elf;
pub mod full;
pub mod http;
pub mod openpgp;
pub mod package_index;
pub mod program;
pub mod registry;
pub mod sdist;
pub mod tree_dump;
pub mod wheel;

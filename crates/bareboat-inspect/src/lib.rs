//! Looks, never builds: lint rules, audit rules, compare.

pub mod knowledge;
pub mod lint;
mod page;

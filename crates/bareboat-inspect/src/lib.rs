//! Looks, never builds: lint rules, audit rules, compare.

pub mod audit;
pub mod bill;
pub mod check;
pub mod compare;
pub mod explore;
pub mod facts;
pub mod inspect;
pub mod knowledge;
pub mod lint;
mod page;
mod yaml;

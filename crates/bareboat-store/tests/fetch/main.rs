//! Fetching from a loopback server that misbehaves in every way we know.
#![allow(clippy::unwrap_used)]

mod credentials;
mod documents;
mod downloads;
mod faults;
mod setup;

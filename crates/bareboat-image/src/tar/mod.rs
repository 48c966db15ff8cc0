//! The tar format: writing one canonical encoding, reading what others wrote under strict limits.

pub mod read;
pub mod write;

//! The application front end: a directory becomes a plan (detect → lock → plan).

pub mod config;
pub mod detect;
pub mod python_source;
pub mod words;

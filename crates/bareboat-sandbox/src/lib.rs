//! Runs one process without root.

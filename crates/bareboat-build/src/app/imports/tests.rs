//! Whole applications: which imports are found, missing, unknown.

mod checked;
mod scanned;

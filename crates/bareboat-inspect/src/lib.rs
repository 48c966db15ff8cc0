//! Looks, never builds: lint rules, audit rules, compare.

//! The `bareboat` command: arguments, terminal, progress and exit codes.

fn main() {}

//! Plan graph, front ends, solver, operations and cutting layers.

pub mod app;

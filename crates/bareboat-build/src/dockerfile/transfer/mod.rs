//! COPY and ADD: which files go where, and the layer they make.

pub(super) mod archive;
pub(super) mod changes;
pub(super) mod copy;
pub(super) mod mode;
pub(super) mod parents;
pub(super) mod select;
pub(super) mod write;

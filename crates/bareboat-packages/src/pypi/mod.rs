//! Python distributions: from a project directory to the exact files for a target.
//!
//! A project's own lock file is read when it has one; otherwise [`uv`] resolves. Either way the outcome is a list of
//! [`Pin`]s with candidate files, of which the best for the [`Target`] is chosen here. Nothing in this module runs a
//! package's code, and the host's Python never matters.

mod file_name;
mod name;
mod redact;
mod requirement;
mod tags;
mod target;

pub use file_name::{FileNameError, SdistName, WheelName, file_name_of};
pub use name::{DistributionName, NameError};
pub use redact::redact_text;
pub use requirement::{Comparison, Marker, MarkerEnvironment, Requirement, RequirementError, Wanted};
pub use tags::{Tag, TagRanks};
pub use target::{Architecture, PythonVersion, Target, TargetError};

//! Python distributions: from a project directory to the exact files for a target.
//!
//! A project's own lock file is read when it has one; otherwise [`uv`] resolves. Either way the outcome is a list of
//! [`Pin`]s with candidate files, of which the best for the [`Target`] is chosen here. Nothing in this module runs a
//! package's code, and the host's Python never matters.

mod choose;
mod complete;
mod declared;
mod error;
mod file_name;
mod index;
mod ini;
mod lock;
mod locked;
mod locks;
mod name;
mod pin;
mod process;
mod project;
mod python_wish;
mod redact;
mod requirement;
mod requirements_txt;
mod sources;
mod tags;
mod target;
mod uv;
mod wanted;

pub use choose::{Choice, best_wheel, choose_file};
pub use declared::{Declared, Dependency};
pub use error::{Place, PypiError};
pub use file_name::{FileNameError, SdistName, WheelName, file_name_of};
pub use index::{
    FileHosts, Index, IndexFile, IndexSource, ProjectPage, SimpleIndex, Surroundings, discover_index,
};
pub use lock::{
    DistributionLock, LockTools, Parts, fetch_distributions, lock_distributions, lock_requirements,
};
pub use locked::{DistributionKind, DistributionSource, GitCommit, LockedDistribution};
pub use locks::{
    LockContext, Locked, read_pdm_lock, read_pipfile_lock, read_poetry_lock, read_pylock, read_uv_lock,
};
pub use name::{DistributionName, NameError};
pub use pin::{LockedFile, Origin, Pin};
pub use process::{HostRunner, Outcome, Process, Runner};
pub use project::ProjectDir;
pub use python_wish::{PythonChoice, PythonWish, Strength, choose_python, python_wishes};
pub use redact::redact_text;
pub use requirement::{Comparison, Marker, MarkerEnvironment, Requirement, RequirementError, Wanted};
pub use requirements_txt::{Entry, EntryKind, IndexOptions, RequirementsFile};
pub use sources::{DependencySource, SourceKind, Sources, find_sources};
pub use tags::{Tag, TagRanks};
pub use target::{PythonVersion, Target, TargetError};
pub use uv::{Demand, Resolver, UV_VERSION, Uv, UvSearch, fetch_uv, find_uv};

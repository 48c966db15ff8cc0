//! What can go wrong while building, whose doing it is, and what to do about it.

use bareboat_image::{LayerError, PartError};
use bareboat_packages::bytecode::BytecodeError;
use bareboat_packages::deb::{ArchiveError, ClosureError, MirrorError};
use bareboat_packages::debfile::DebError;
use bareboat_packages::pypi::PypiError;
use bareboat_packages::system::placement::PlaceError;
use bareboat_packages::wheel::WheelError;
use bareboat_report::Fault;
use bareboat_store::StoreError;

use crate::app::config::ConfigError;
use crate::app::detect::DetectError;
use crate::app::sdist::SourceError;
use crate::plan::Origin;

/// Why a build failed.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// An operation on somebody's files failed.
    #[error("cannot unpack {origin}: {error}")]
    Origin {
        /// Whose files.
        origin: Origin,
        /// What happened.
        error: Box<BuildError>,
    },
    /// The store, the cache or a download.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Writing a part.
    #[error(transparent)]
    Part(PartError),
    /// Joining a layer.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// A Debian package is hostile or damaged.
    #[error(transparent)]
    Deb(#[from] DebError),
    /// A Debian package cannot be placed in the tree.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// `bareboat.lock` cannot be used.
    #[error("cannot use `bareboat.lock`: {reason}")]
    LockFile {
        /// Why.
        reason: String,
    },
    /// A file cannot be written.
    #[error("cannot write `{path}`: {reason}")]
    Write {
        /// The file.
        path: String,
        /// The system's reason.
        reason: String,
    },
    /// Compiling to bytecode.
    #[error(transparent)]
    Bytecode(#[from] BytecodeError),
    /// A plan wants bytecode but names no interpreter.
    #[error("the plan wants bytecode and has no interpreter")]
    NoInterpreter,
    /// A generated file cannot be made.
    #[error("cannot generate a file of the image: {reason}")]
    Generated {
        /// Why.
        reason: String,
    },
    /// Two packages bring the same file with different content.
    #[error("{text}")]
    Conflict {
        /// Which file, which packages.
        text: String,
    },
    /// A platform we cannot build for.
    #[error("cannot build for `{platform}`: only linux/amd64 and linux/arm64")]
    Platform {
        /// As asked for.
        platform: String,
    },
    /// The command's program is not in the image.
    #[error("the image has no program `{program}`, and the command starts it")]
    Program {
        /// As the command names it.
        program: String,
    },
    /// The Debian archive: unreachable, expired, badly signed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Packages that need something that is not there.
    #[error(transparent)]
    Closure(#[from] ClosureError),
    /// A mirror's address.
    #[error(transparent)]
    Mirror(#[from] MirrorError),
    /// A package that the release does not have.
    #[error("the release has no package `{name}`")]
    NoPackage {
        /// As asked for.
        name: String,
        /// Names that were perhaps meant.
        close: Vec<String>,
    },
    /// Python's side of locking and fetching.
    #[error(transparent)]
    Pypi(#[from] PypiError),
    /// A distribution's name cannot be one.
    #[error("{reason}")]
    Name {
        /// Why.
        reason: String,
    },
    /// Building a source distribution.
    #[error(transparent)]
    Source(#[from] Box<SourceError>),
    /// A distribution has no wheel and nothing that one can be built from: it is a commit of a repository.
    #[error("`{name}` has no wheel, and bareboat builds from archives, not from repositories")]
    NoWheel {
        /// Its name.
        name: String,
    },
    /// A distribution lies where the application's directory does not reach.
    #[error("`{name}` lies in `{path}`, outside the application's directory, and cannot be in the image")]
    Outside {
        /// Its name.
        name: String,
        /// Its directory, relative to the application's.
        path: String,
        /// The directory of the workspace that both belong to, relative to the application's.
        workspace: Option<String>,
        /// The application's directory, relative to the workspace's.
        member: String,
    },
    /// `--locked` was given and the lock does not fit.
    #[error("{}", if *stale { "`bareboat.lock` no longer fits the application, and `--locked` was given" } else { "there is no `bareboat.lock`, and `--locked` was given" })]
    Unlocked {
        /// There is one, but for something else.
        stale: bool,
    },
    /// The lock has nothing for an architecture.
    #[error("`bareboat.lock` has nothing for {architecture}")]
    NotLocked {
        /// Debian's name of it.
        architecture: String,
    },
    /// Maintainer scripts do something that nothing replaces, and that is not allowed.
    #[error("maintainer scripts do what nothing replaces, and `--strict` was given:\n  {}", actions.join("\n  "))]
    Uncovered {
        /// Package and action.
        actions: Vec<String>,
    },
    /// The image would not start.
    #[error("the image would not start:\n{}", findings.join("\n"))]
    Unproved {
        /// One per problem: file, who brought it, what is missing, what to do.
        findings: Vec<String>,
    },
    /// A wheel is hostile or damaged.
    #[error(transparent)]
    Wheel(#[from] WheelError),
    /// A file of a wheel is not what its `RECORD` promises.
    #[error("{path} is not what the wheel's `RECORD` promises")]
    Record {
        /// Path in the image.
        path: String,
    },
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No entry point.
    #[error(transparent)]
    Detect(#[from] DetectError),
    /// A file of the application changed between two looks.
    #[error("{path} changed while it was being read")]
    Changed {
        /// Path in the image.
        path: String,
    },
    /// A file cannot be read.
    #[error("cannot read `{path}`: {reason}")]
    Read {
        /// The file.
        path: String,
        /// The system's reason.
        reason: String,
    },
    /// Not a directory.
    #[error("`{path}` is not a directory")]
    NoDirectory {
        /// As given.
        path: String,
    },
    /// A file name that an image cannot hold.
    #[error("`{path}`: the name is not UTF-8")]
    FileName {
        /// The file.
        path: String,
    },
    /// `.dockerignore` cannot be read.
    #[error("cannot use `.dockerignore`: {reason}")]
    IgnoreFile {
        /// Which line and why.
        reason: String,
    },
    /// A file name that means something else in a layer.
    #[error("{path} cannot be in an image: in a layer, a name that begins with `.wh.` takes files away")]
    Whiteout {
        /// Path in the image.
        path: String,
    },
    /// Building a Dockerfile.
    #[error(transparent)]
    Dockerfile(Box<crate::dockerfile::DockerfileError>),
    /// A link that leads out of the application's directory.
    #[error("the link `{path}` leads out of the application's directory, to `{target}`")]
    LinkLeaves {
        /// The link.
        path: String,
        /// Its target.
        target: String,
    },
}

impl BuildError {
    /// The same error, with whose files it happened to.
    pub(crate) fn in_origin(self, origin: &Origin) -> Self {
        match self {
            already @ BuildError::Origin { .. } => already,
            error => BuildError::Origin { origin: origin.clone(), error: Box::new(error) },
        }
    }

    /// True when something the store should have is damaged or gone; once it is fetched again, all may be well.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            BuildError::Origin { error, .. } => error.is_damage(),
            BuildError::Store(error) => {
                matches!(error, StoreError::Missing { .. } | StoreError::Corrupt { .. })
            }
            _ => false,
        }
    }

    /// Whose doing it is.
    pub fn fault(&self) -> Fault {
        match self {
            BuildError::Origin { error, .. } => error.fault(),
            BuildError::Store(_) | BuildError::Part(_) | BuildError::Layer(_) | BuildError::Write { .. } => {
                Fault::World
            }
            BuildError::NoInterpreter => Fault::Bug,
            BuildError::Dockerfile(error) => error.fault(),
            BuildError::Source(error) => error.fault(),
            BuildError::Archive(_) => Fault::World,
            BuildError::Pypi(
                PypiError::Store(_)
                | PypiError::NoResolver { .. }
                | PypiError::ResolverUnreachable { .. }
                | PypiError::Run { .. },
            ) => Fault::World,
            BuildError::Pypi(_) => Fault::Input,
            BuildError::Bytecode(_) | BuildError::Generated { .. } | BuildError::Conflict { .. } => {
                Fault::World
            }
            BuildError::Deb(_) | BuildError::Place(_) | BuildError::Wheel(_) | BuildError::Record { .. } => {
                Fault::World
            }
            _ => Fault::Input,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            BuildError::Origin { error, .. } => error.hint(),
            BuildError::Store(error) => error.hint(),
            BuildError::Part(error) => error.hint(),
            BuildError::Layer(error) => error.hint(),
            BuildError::Config(error) => error.hint(),
            BuildError::Dockerfile(error) => error.hint(),
            BuildError::Detect(error) => error.hint(),
            BuildError::Bytecode(error) => error.hint(),
            BuildError::Deb(_) | BuildError::Wheel(_) | BuildError::Record { .. } => Some(
                "run `bareboat cache verify --repair`; if it stays, the package itself is broken upstream"
                    .to_owned(),
            ),
            BuildError::Archive(error) => error.hint(),
            BuildError::Closure(error) => error.hint(),
            BuildError::Source(error) => error.hint(),
            BuildError::Pypi(error) => error.hint(),
            BuildError::NoPackage { close, .. } if !close.is_empty() => {
                Some(format!("did you mean `{}`?", close.join("`, `")))
            }
            BuildError::NoWheel { name } => Some(format!(
                "name an archive of it with `{name} @ https://…/{name}-1.0.tar.gz`, or take it from Debian: \
                 `[debian-python]` with `{name} = \"python3-{name}\"` in `bareboat.toml`"
            )),
            BuildError::Outside { workspace: Some(workspace), member, .. } => Some(format!(
                "build the workspace, `bareboat build {workspace}`, with a `command` that starts `{member}` in its `bareboat.toml`"
            )),
            BuildError::Outside { .. } => Some(
                "build a directory that holds both, with the `command` in its `bareboat.toml`".to_owned(),
            ),
            BuildError::Unlocked { .. } | BuildError::NotLocked { .. } => {
                Some("run `bareboat lock`".to_owned())
            }
            BuildError::Program { program } => Some(format!(
                "add the distribution or Debian package that brings `{program}`, or set `command` in `bareboat.toml`"
            )),
            BuildError::LockFile { .. } => Some("remove it and run `bareboat lock`".to_owned()),
            BuildError::Changed { .. } => {
                Some("build again when nothing writes into the directory".to_owned())
            }
            BuildError::Whiteout { .. } => {
                Some("rename the file, or exclude it in `.dockerignore`".to_owned())
            }
            BuildError::LinkLeaves { .. } => {
                Some("replace the link by a copy, or exclude it in `.dockerignore`".to_owned())
            }
            _ => None,
        }
    }
}

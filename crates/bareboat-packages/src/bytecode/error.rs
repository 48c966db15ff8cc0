//! Why bytecode could not be made. A source that is no Python is not among these: see [`super::Outcome`].

use std::io;
use std::path::PathBuf;

/// What stopped the compiler.
#[derive(Debug, thiserror::Error)]
pub enum BytecodeError {
    /// The directory holds no interpreter that this machine can start.
    #[error("no interpreter `python{}.{}` for this machine in `{}`", python.0, python.1, root.display())]
    NoInterpreter {
        /// Directory of the composed root.
        root: PathBuf,
        /// Release asked for.
        python: (u8, u8),
    },
    /// The interpreter could not be started.
    #[error("cannot start the image's own interpreter `{}`", program.display())]
    Start {
        /// The dynamic loader that starts it.
        program: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The interpreter started but did not introduce itself as expected.
    #[error("the image's own interpreter does not work on this machine: {why}")]
    Unusable {
        /// Its last words, or what is wrong with its first ones.
        why: String,
    },
    /// The interpreter died while it compiled a file.
    #[error("the interpreter died while it compiled `{path}`: {how}")]
    Crashed {
        /// Path in the image.
        path: String,
        /// Exit status and last words.
        how: String,
    },
    /// A file took too long.
    #[error("compiling `{path}` took longer than {seconds} s")]
    TooSlow {
        /// Path in the image.
        path: String,
        /// The limit.
        seconds: u64,
    },
    /// The interpreter's answer is not bytecode this tool understands.
    #[error("the interpreter's bytecode for `{path}` has an unknown form: {why}")]
    UnknownForm {
        /// Path in the image.
        path: String,
        /// What was found.
        why: String,
    },
    /// A temporary file could not be made.
    #[error("cannot make a temporary file")]
    Temporary {
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl BytecodeError {
    /// What to do about it, where something can be done.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoInterpreter { .. } | Self::Start { .. } | Self::Unusable { .. } => {
                "check that the cache is on a file system mounted without `noexec`, or build without bytecode"
                    .into()
            }
            Self::Crashed { path, .. } | Self::TooSlow { path, .. } => {
                format!("leave `{path}` out of the image, or build without bytecode")
            }
            Self::UnknownForm { .. } => "build without bytecode and report this".into(),
            Self::Temporary { .. } => return None,
        })
    }
}

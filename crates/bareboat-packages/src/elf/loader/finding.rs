//! What keeps a file from loading.

use std::fmt;

use bareboat_image::TreePath;
use serde::Serialize;

use crate::deb::Architecture;

/// One fault of one ELF file. [`fmt::Display`] completes the sentence "`FILE` …".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Finding {
    /// It is for another processor or word size.
    WrongMachine {
        /// `e_machine` of the file.
        machine: u16,
        /// What the image is for.
        wanted: Architecture,
    },
    /// The program interpreter is not in the image, or is not a loader for it.
    MissingInterpreter {
        /// As the program names it.
        interpreter: String,
    },
    /// A needed library is nowhere the loader looks.
    MissingLibrary {
        /// The needed name.
        soname: String,
        /// Directories searched, in order.
        searched: Vec<String>,
        /// Files of that name where the loader does not look.
        elsewhere: Vec<TreePath>,
    },
    /// A needed library is not where the loader looks, but a neighbour in the Python environment has it and may have
    /// loaded it before.
    PreloadedOnly {
        /// The needed name.
        soname: String,
        /// Files of that name.
        candidates: Vec<TreePath>,
    },
    /// A needed library of a graphics driver, which the container engine brings in with the device.
    FromHost {
        /// The needed name.
        soname: String,
    },
    /// A needed library is nowhere, but nothing loads the file that needs it: it came along with another of its package.
    Unused {
        /// The needed name.
        soname: String,
    },
    /// The library found does not define a symbol version that is wanted.
    MissingVersion {
        /// The needed name.
        soname: String,
        /// The version, such as `GLIBC_2.38`.
        version: String,
        /// The library found.
        provider: TreePath,
    },
    /// It wants an executable stack, which the loader refuses for libraries opened at run time since glibc 2.41.
    ExecutableStack,
}

impl Finding {
    /// True when the file may still load: something unprovable, not something broken.
    pub fn is_uncertain(&self) -> bool {
        matches!(self, Self::PreloadedOnly { .. } | Self::FromHost { .. } | Self::Unused { .. })
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::MissingLibrary { soname, .. } | Self::MissingInterpreter { interpreter: soname }
                if soname.contains("musl") =>
            {
                Some(
                    "use the package's `manylinux` wheel: this one is for musl (Alpine), the image has glibc"
                        .into(),
                )
            }
            Self::MissingVersion { version, .. } if version.starts_with("GLIBC") => {
                Some("target a newer Debian release, or an older version of the package".into())
            }
            Self::ExecutableStack => {
                Some("ask its authors to link it with `-z noexecstack`, or target Debian 12".into())
            }
            _ => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongMachine { machine, wanted } => {
                write!(f, "is for {}, the image for {wanted}", machine_name(*machine))
            }
            Self::MissingInterpreter { interpreter } => {
                write!(f, "wants the loader `{interpreter}`, which is not in the image")
            }
            Self::MissingLibrary { soname, elsewhere, .. } => match elsewhere.first() {
                None => write!(f, "needs `{soname}`, which is nowhere in the image"),
                Some(path) => {
                    write!(f, "needs `{soname}`, which is at `{path}`, where the loader does not look")
                }
            },
            Self::PreloadedOnly { soname, candidates } => {
                write!(f, "needs `{soname}`")?;
                match candidates.first() {
                    Some(path) => write!(f, ", which only `{path}` provides, if it is loaded before"),
                    None => Ok(()),
                }
            }
            Self::FromHost { soname } => {
                write!(f, "needs `{soname}`, which the container engine brings in with the graphics device")
            }
            Self::Unused { soname } => {
                write!(
                    f,
                    "needs `{soname}`, which is nowhere in the image, and nothing loads the file itself"
                )
            }
            Self::MissingVersion { soname, version, provider } => {
                write!(f, "wants version `{version}` of `{soname}`, which `{provider}` does not define")
            }
            Self::ExecutableStack => {
                f.write_str("wants an executable stack, which glibc 2.41 and later refuse")
            }
        }
    }
}

/// The names people use (`e_machine`, gABI chapter 4).
fn machine_name(machine: u16) -> String {
    match machine {
        3 => "i386".to_owned(),
        40 => "armhf".to_owned(),
        62 => "amd64".to_owned(),
        183 => "arm64".to_owned(),
        21 => "ppc64".to_owned(),
        22 => "s390x".to_owned(),
        243 => "riscv64".to_owned(),
        258 => "loong64".to_owned(),
        other => format!("machine {other}"),
    }
}

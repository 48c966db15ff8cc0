//! A [`Sandbox`] turned into what the new process needs, so that it has nothing left to allocate or decide.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::{CString, OsStr, OsString};
use std::fs;
use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::termios::Winsize;

use crate::error::SandboxError;
use crate::kernel::StringArray;
use crate::sandbox::{Network, Privileges, RootMode, Sandbox, Seccomp, Terminal, User};
use crate::standard;

/// Everything the new process needs, apart from how its ids are mapped.
pub(crate) struct Blueprint {
    /// Canonical, so that opening it follows no link.
    pub(crate) root: CString,
    pub(crate) layering: Layering,
    pub(crate) sources: Vec<Source>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) hostname: Option<Vec<u8>>,
    pub(crate) network: Network,
    pub(crate) credentials: Credentials,
    pub(crate) seccomp: Vec<libc::sock_filter>,
    pub(crate) working_directory: CString,
    /// The size of the terminal to make, if any.
    pub(crate) terminal: Option<Winsize>,
    pub(crate) program: Program,
}

/// How the root is mounted.
pub(crate) enum Layering {
    ReadOnly,
    Writable,
    Chroot,
    Overlay { below: Vec<CString>, upper: CString, work: CString },
}

/// A host directory, or one file in it, that something is bound from.
pub(crate) struct Source {
    pub(crate) directory: CString,
    /// The file's name; none for the directory itself.
    pub(crate) name: Option<CString>,
    /// What else is laid under the directory before anything is bound from it.
    pub(crate) stack: Option<Stack>,
}

/// Directories under another one, and what is bound from all of them.
pub(crate) struct Stack {
    /// Topmost first.
    pub(crate) below: Vec<CString>,
    /// Where changes go: `upper` and `work`.
    pub(crate) changes: Option<(CString, CString)>,
    /// Relative; `.` for everything.
    pub(crate) path: CString,
}

/// One mount, link or mask inside the root, made in order.
pub(crate) struct Operation {
    pub(crate) target: CString,
    pub(crate) kind: Kind,
    /// Whether a failure ends the set-up.
    pub(crate) required: bool,
    /// Whether the target lies in the root itself, not in something mounted before.
    pub(crate) in_root: bool,
}

/// What an [`Operation`] does.
pub(crate) enum Kind {
    /// A new instance of a kernel file system; its root is given to an owner other than root.
    FileSystem { name: CString, data: CString, restrictions: Restrictions, owner: Option<(u32, u32)> },
    /// A host path; `submounts` says whether something is mounted below it. Whether it is a `file` turns out inside
    /// when it lies in a [`Stack`].
    Bind { source: usize, file: Cell<bool>, submounts: bool, restrictions: Restrictions },
    /// A read-only file made from bytes, given to an owner other than root.
    Content { name: CString, bytes: Vec<u8>, mode: u32, owner: Option<(u32, u32)> },
    /// A symbolic link.
    Link { to: CString },
    /// Hides a file or directory that may exist.
    Mask,
    /// Makes a file or directory that may exist read-only.
    Protect,
}

/// Flags for a mount.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Restrictions {
    pub(crate) read_only: bool,
    pub(crate) no_set_user_id: bool,
    pub(crate) no_devices: bool,
    pub(crate) no_execution: bool,
}

impl Restrictions {
    pub(crate) const DATA: Self =
        Self { read_only: false, no_set_user_id: true, no_devices: true, no_execution: false };
    pub(crate) const KERNEL: Self = Self { no_execution: true, ..Self::DATA };
    pub(crate) const KERNEL_READ_ONLY: Self = Self { read_only: true, ..Self::KERNEL };
    pub(crate) const DEVICE: Self = Self { no_devices: false, ..Self::KERNEL };
}

/// Who the application is.
pub(crate) struct Credentials {
    pub(crate) user: User,
    pub(crate) capabilities: crate::Capabilities,
    pub(crate) no_new_privileges: bool,
}

/// What the application executes.
pub(crate) struct Program {
    /// Paths to try, in order; with none, the process ends with success instead, which is how probing works.
    pub(crate) candidates: Vec<CString>,
    pub(crate) arguments: StringArray,
    pub(crate) environment: StringArray,
}

/// The new process's memory for descriptors, allocated before it exists.
pub(crate) struct Scene {
    /// The opened [`Source`]s.
    pub(crate) sources: Vec<Option<OwnedFd>>,
    /// The opened directories below an overlay's root.
    pub(crate) below: Vec<OwnedFd>,
    /// How many path components had to be made for each operation's mount point.
    pub(crate) made: Vec<u16>,
    /// The list of this process's children, where there is no process namespace.
    pub(crate) children: Option<OwnedFd>,
    /// Descriptors to keep open.
    pub(crate) keep: Vec<RawFd>,
    /// Whether only one user exists inside.
    pub(crate) single: bool,
}

impl Scene {
    pub(crate) fn new(blueprint: &Blueprint, single: bool) -> Self {
        Self {
            single,
            children: None,
            sources: blueprint.sources.iter().map(|_| None).collect(),
            below: Vec::with_capacity(match &blueprint.layering {
                Layering::Overlay { below, .. } => below.len(),
                _ => 0,
            }),
            made: vec![0; blueprint.operations.len()],
            keep: Vec::with_capacity(8),
        }
    }
}

impl Blueprint {
    /// Checks the description and prepares it.
    ///
    /// # Errors
    /// A path or string that cannot be right, or a root or source that does not exist.
    pub(crate) fn new(sandbox: &Sandbox) -> Result<Self, SandboxError> {
        let root = fs::canonicalize(&sandbox.root)
            .map_err(|error| SandboxError::Root { path: sandbox.root.clone(), error })?;
        if !root.is_dir() {
            let error = std::io::Error::from_raw_os_error(libc::ENOTDIR);
            return Err(SandboxError::Root { path: root, error });
        }
        let mut builder = standard::Builder::new();
        let is_chroot = sandbox.root_mode == RootMode::Chroot;
        match sandbox.mounts.first().filter(|_| is_chroot) {
            Some(mount) => {
                let value = mount.target().display().to_string();
                return Err(SandboxError::Invalid { what: "mount: nothing can be mounted here", value });
            }
            None if is_chroot => {}
            None => standard::add_standard_mounts(&mut builder, sandbox.network)?,
        }
        let mut mounts: Vec<_> = sandbox.mounts.iter().collect();
        // Parents first, otherwise in the order given.
        mounts.sort_by_key(|mount| mount.target().components().count());
        for mount in mounts {
            builder.add(mount)?;
        }
        let (sources, operations) = builder.finish();
        Ok(Self {
            root: c_path(&root)?,
            layering: layering(&sandbox.root_mode)?,
            sources,
            operations,
            hostname: sandbox.hostname.as_deref().map(hostname).transpose()?,
            network: sandbox.network,
            credentials: Credentials {
                user: sandbox.user.clone(),
                capabilities: sandbox.capabilities,
                no_new_privileges: sandbox.privileges == Privileges::NoNew,
            },
            seccomp: match sandbox.seccomp {
                _ if is_chroot => Vec::new(),
                Seccomp::Off => Vec::new(),
                Seccomp::Default => crate::seccomp::default_filter(),
            },
            working_directory: c_path(&inside_path(&sandbox.working_directory)?)?,
            terminal: (sandbox.terminal == Terminal::Own).then(crate::terminal::size),
            program: program(sandbox)?,
        })
    }
}

fn layering(mode: &RootMode) -> Result<Layering, SandboxError> {
    Ok(match mode {
        RootMode::ReadOnly => Layering::ReadOnly,
        RootMode::Writable => Layering::Writable,
        RootMode::Chroot => Layering::Chroot,
        RootMode::Overlay { below, upper, work } => Layering::Overlay {
            below: below.iter().map(|path| real_path(path)).collect::<Result<_, _>>()?,
            upper: real_path(upper)?,
            work: real_path(work)?,
        },
    })
}

/// Canonical, so that opening it follows no link.
pub(crate) fn real_path(path: &Path) -> Result<CString, SandboxError> {
    let real =
        fs::canonicalize(path).map_err(|error| SandboxError::MountSource { path: path.to_owned(), error })?;
    c_path(&real)
}

fn hostname(name: &str) -> Result<Vec<u8>, SandboxError> {
    // The kernel's limit is 64 bytes; the characters are those of RFC 1123.
    let valid = !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    if valid {
        Ok(name.as_bytes().to_vec())
    } else {
        Err(SandboxError::Invalid { what: "host name", value: name.to_owned() })
    }
}

fn program(sandbox: &Sandbox) -> Result<Program, SandboxError> {
    let name = match sandbox.arguments.first() {
        Some(name) if !name.is_empty() => name,
        _ => return Err(SandboxError::NoProgram),
    };
    let candidates = match name.as_bytes().contains(&b'/') {
        true => vec![c_string(name, "program")?],
        false => search_path(&sandbox.environment)
            .map(|directory| c_path(&directory.join(name)))
            .collect::<Result<_, _>>()?,
    };
    let arguments = sandbox.arguments.iter().map(|argument| c_string(argument, "argument"));
    Ok(Program {
        candidates,
        arguments: StringArray::new(arguments.collect::<Result<_, _>>()?),
        environment: StringArray::new(environment(&sandbox.environment)?),
    })
}

/// The directories that a name without slash is searched in.
pub(crate) fn search_path(environment: &[(OsString, OsString)]) -> impl Iterator<Item = PathBuf> {
    let given = environment.iter().rev().find(|(name, _)| name == "PATH").map(|(_, value)| value.as_os_str());
    let path = given.unwrap_or(OsStr::new("/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
    path.as_bytes().split(|&byte| byte == b':').map(|directory| match directory {
        b"" => PathBuf::from("."),
        _ => PathBuf::from(OsStr::from_bytes(directory)),
    })
}

/// `NAME=value` strings; of several values for one name the last one counts, at the first one's place.
fn environment(pairs: &[(OsString, OsString)]) -> Result<Vec<CString>, SandboxError> {
    let mut places: BTreeMap<&OsStr, usize> = BTreeMap::new();
    let mut strings: Vec<CString> = Vec::with_capacity(pairs.len());
    for (name, value) in pairs {
        if name.is_empty() || name.as_bytes().contains(&b'=') {
            let value = name.to_string_lossy().into_owned();
            return Err(SandboxError::Invalid { what: "name of an environment variable", value });
        }
        let mut bytes = name.as_bytes().to_vec();
        bytes.push(b'=');
        bytes.extend_from_slice(value.as_bytes());
        // The value may be a secret: only the name is shown.
        let string = CString::new(bytes).map_err(|_| SandboxError::Invalid {
            what: "environment variable with a NUL byte",
            value: name.to_string_lossy().into_owned(),
        })?;
        match places.get(name.as_os_str()) {
            Some(&place) => strings[place] = string,
            None => {
                places.insert(name, strings.len());
                strings.push(string);
            }
        }
    }
    Ok(strings)
}

/// An absolute path inside, normalised.
pub(crate) fn inside_path(path: &Path) -> Result<PathBuf, SandboxError> {
    use std::path::Component;
    let invalid = || SandboxError::Invalid {
        what: "path inside (it must be absolute, without `..`)",
        value: path.to_string_lossy().into_owned(),
    };
    let mut normal = PathBuf::from("/");
    let mut components = path.components();
    if components.next() != Some(Component::RootDir) {
        return Err(invalid());
    }
    for component in components {
        match component {
            Component::Normal(name) => normal.push(name),
            Component::CurDir => {}
            _ => return Err(invalid()),
        }
    }
    // What the new process handles paths in.
    if normal.as_os_str().len() >= crate::inside::PATH_SPACE {
        return Err(invalid());
    }
    Ok(normal)
}

pub(crate) fn c_path(path: &Path) -> Result<CString, SandboxError> {
    c_string(path.as_os_str(), "path")
}

fn c_string(text: &OsStr, what: &'static str) -> Result<CString, SandboxError> {
    CString::new(text.to_owned().into_vec())
        .map_err(|_| SandboxError::Invalid { what, value: text.to_string_lossy().into_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalises_inner_paths_and_refuses_escapes() {
        assert_eq!(inside_path(Path::new("/a//b/./c/")).unwrap(), Path::new("/a/b/c"));
        assert_eq!(inside_path(Path::new("/")).unwrap(), Path::new("/"));
        for bad in ["", "a", "/a/../b", "./a"] {
            assert!(inside_path(Path::new(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_last_value_of_a_variable_wins_at_the_first_place() {
        let pairs = [("A", "1"), ("B", "2"), ("A", "3")].map(|(name, value)| (name.into(), value.into()));
        let strings = environment(&pairs).unwrap();
        assert_eq!(strings, [c"A=3".to_owned(), c"B=2".to_owned()]);
        assert!(environment(&[("A=B".into(), "x".into())]).is_err());
        assert!(environment(&[("".into(), "x".into())]).is_err());
    }

    #[test]
    fn host_names_are_checked() {
        assert!(hostname("web-1.example").is_ok());
        for bad in ["", "a b", "x\n", &"a".repeat(65)] {
            assert!(hostname(bad).is_err(), "{bad}");
        }
    }
}

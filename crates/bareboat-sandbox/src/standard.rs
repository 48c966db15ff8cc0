//! The mounts that every sandbox has, `/proc`, `/dev` and `/sys`, and how given mounts become operations.
//!
//! The masked and read-only paths are those that the OCI runtimes' default configuration names.

use std::cell::Cell;
use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::blueprint::{Kind, Operation, Restrictions, Source, Stack, c_path, inside_path, real_path};
use crate::error::SandboxError;
use crate::mount::{Access, Changes, Mount};
use crate::sandbox::Network;

/// Collects operations and the host paths they need.
pub(crate) struct Builder {
    sources: Vec<Source>,
    operations: Vec<Operation>,
    mounted: Vec<PathBuf>,
    mount_table: String,
}

/// The index of `/dev/null`'s source, which masks files.
pub(crate) const NULL_SOURCE: usize = 0;

const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

const LINKS: [(&str, &str); 5] = [
    ("/dev/fd", "/proc/self/fd"),
    ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"),
    ("/dev/stderr", "/proc/self/fd/2"),
    ("/dev/ptmx", "pts/ptmx"),
];

const MASKED: [&str; 13] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
    "/sys/kernel/security",
];

const PROTECTED: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/// Adds `/proc`, `/dev` and `/sys`.
pub(crate) fn add_standard_mounts(builder: &mut Builder, network: Network) -> Result<(), SandboxError> {
    builder.file_system("/proc", "proc", "", Restrictions::KERNEL, true)?;
    let device_directory = Restrictions { no_execution: true, ..Restrictions::DATA };
    builder.file_system("/dev", "tmpfs", "mode=0755,size=64k", device_directory, true)?;
    for name in DEVICES {
        let path = Path::new("/dev").join(name);
        builder.bind(&path, &path, Restrictions::DEVICE, name == "null")?;
    }
    for (target, to) in LINKS {
        builder.push(target, Kind::Link { to: c_path(Path::new(to))? }, true)?;
    }
    let terminals = Restrictions { no_devices: false, ..Restrictions::KERNEL };
    builder.file_system("/dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=0620", terminals, true)?;
    builder.file_system("/dev/shm", "tmpfs", "mode=1777", Restrictions::KERNEL, true)?;
    builder.file_system("/dev/mqueue", "mqueue", "", Restrictions::KERNEL, false)?;
    // A network namespace of our own comes with the right to a fresh sysfs that shows its interfaces.
    match network {
        Network::None => builder.file_system("/sys", "sysfs", "", Restrictions::KERNEL_READ_ONLY, false)?,
        Network::Host => {
            builder.bind(Path::new("/sys"), Path::new("/sys"), Restrictions::KERNEL_READ_ONLY, false)?;
        }
    }
    for target in PROTECTED {
        builder.push(target, Kind::Protect, true)?;
    }
    for target in MASKED {
        builder.push(target, Kind::Mask, true)?;
    }
    Ok(())
}

impl Builder {
    pub(crate) fn new() -> Self {
        let null = Source { directory: c"/dev".to_owned(), name: Some(c"null".to_owned()), stack: None };
        let mount_table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        Self { sources: vec![null], operations: Vec::new(), mounted: Vec::new(), mount_table }
    }

    /// Adds one given mount.
    pub(crate) fn add(&mut self, mount: &Mount) -> Result<(), SandboxError> {
        match mount {
            Mount::Bind { source, target, access } => {
                let read_only = *access == Access::ReadOnly;
                self.bind(source, target, Restrictions { read_only, ..Restrictions::DATA }, true)
            }
            Mount::Tmpfs { target, size, mode, owner } => {
                let mut data = format!("mode={:04o}", mode & 0o7777);
                if let Some(size) = size {
                    data.push_str(&format!(",size={size}"));
                }
                let (name, data) = (c"tmpfs".to_owned(), c_path(Path::new(&data))?);
                let owner = Some(*owner).filter(|owner| *owner != (0, 0));
                let kind = Kind::FileSystem { name, data, restrictions: Restrictions::DATA, owner };
                self.push(target, kind, true)
            }
            Mount::Layers { layers, path, changes, target } => {
                self.stack(layers, path, changes.as_ref(), target)
            }
            Mount::File { target, content, mode, owner } => {
                let name = CString::new(format!("file-{}", self.operations.len()))
                    .map_err(|_| SandboxError::Invalid { what: "path", value: String::new() })?;
                let mode = mode & 0o777;
                let owner = Some(*owner).filter(|owner| *owner != (0, 0));
                self.push(target, Kind::Content { name, bytes: content.clone(), mode, owner }, true)
            }
        }
    }

    pub(crate) fn finish(self) -> (Vec<Source>, Vec<Operation>) {
        (self.sources, self.operations)
    }

    fn file_system(
        &mut self,
        target: impl AsRef<Path>,
        name: &str,
        data: &str,
        restrictions: Restrictions,
        required: bool,
    ) -> Result<(), SandboxError> {
        let text = |text: &str| c_path(Path::new(text));
        let kind = Kind::FileSystem { name: text(name)?, data: text(data)?, restrictions, owner: None };
        self.push(target, kind, required)
    }

    fn bind(
        &mut self,
        source: &Path,
        target: &Path,
        restrictions: Restrictions,
        required: bool,
    ) -> Result<(), SandboxError> {
        let real = match fs::canonicalize(source) {
            Ok(real) => real,
            Err(_) if !required => return Ok(()),
            Err(error) => return Err(SandboxError::MountSource { path: source.to_owned(), error }),
        };
        let file = !real.is_dir();
        let (directory, name) = match (file, real.parent(), real.file_name()) {
            (true, Some(parent), Some(name)) => (parent, Some(c_path(Path::new(name))?)),
            _ => (real.as_path(), None),
        };
        let submounts = !file && has_submounts(&self.mount_table, &real);
        self.sources.push(Source { directory: c_path(directory)?, name, stack: None });
        let file = Cell::new(file);
        let kind = Kind::Bind { source: self.sources.len() - 1, file, submounts, restrictions };
        self.push(target, kind, required)
    }

    fn stack(
        &mut self,
        layers: &[PathBuf],
        path: &Path,
        changes: Option<&Changes>,
        target: &Path,
    ) -> Result<(), SandboxError> {
        let Some((top, below)) = layers.split_first() else {
            let value = target.display().to_string();
            return Err(SandboxError::Invalid { what: "mount of layers: it has none", value });
        };
        let whole = inside_path(&Path::new("/").join(path))?;
        let relative = whole.strip_prefix("/").ok().filter(|path| !path.as_os_str().is_empty());
        let pair = |changes: &Changes| Ok((real_path(&changes.upper)?, real_path(&changes.work)?));
        let stack = Stack {
            below: below.iter().map(|layer| real_path(layer)).collect::<Result<_, _>>()?,
            path: c_path(relative.unwrap_or(Path::new(".")))?,
            changes: changes.map(pair).transpose()?,
        };
        let restrictions = Restrictions { read_only: changes.is_none(), ..Restrictions::DATA };
        self.sources.push(Source { directory: real_path(top)?, name: None, stack: Some(stack) });
        let (source, file) = (self.sources.len() - 1, Cell::new(false));
        self.push(target, Kind::Bind { source, file, submounts: false, restrictions }, true)
    }

    fn push(&mut self, target: impl AsRef<Path>, kind: Kind, required: bool) -> Result<(), SandboxError> {
        let target = inside_path(target.as_ref())?;
        if target == Path::new("/") {
            return Err(SandboxError::Invalid { what: "mount target", value: "/".to_owned() });
        }
        let in_root = !self.mounted.iter().any(|mounted| target.starts_with(mounted));
        self.operations.push(Operation { target: c_path(&target)?, kind, required, in_root });
        self.mounted.push(target);
        Ok(())
    }
}

/// Whether a line of `/proc/self/mountinfo` names a mount point strictly below `directory`.
fn has_submounts(mount_table: &str, directory: &Path) -> bool {
    let prefix = directory.as_os_str().as_bytes();
    mount_table.lines().filter_map(|line| line.split(' ').nth(4)).any(|point| {
        let point = unescape(point);
        let rest = point.strip_prefix(prefix);
        prefix == b"/" && point != b"/" || rest.is_some_and(|rest| rest.first() == Some(&b'/'))
    })
}

/// Undoes the octal escapes (`\040`) of mount tables.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let octal = (byte == b'\\').then(|| tail.get(..3)).flatten();
        match octal.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()) {
            Some(value) => {
                bytes.push(value);
                rest = &tail[3..];
            }
            None => {
                bytes.push(byte);
                rest = tail;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_mounts_below_a_directory() {
        let table =
            "22 27 0:21 / /proc rw - proc proc rw\n30 25 0:27 / /data/with\\040space rw - tmpfs t rw\n";
        assert!(has_submounts(table, Path::new("/data")));
        assert!(has_submounts(table, Path::new("/")));
        assert!(!has_submounts(table, Path::new("/data/with space")));
        assert!(!has_submounts(table, Path::new("/dat")));
    }

    #[test]
    fn only_targets_outside_other_mounts_lie_in_the_root() {
        let mut builder = Builder::new();
        add_standard_mounts(&mut builder, Network::None).unwrap();
        builder.add(&Mount::file("/etc/hosts", "x")).unwrap();
        let (_, operations) = builder.finish();
        let in_root: Vec<_> = operations
            .iter()
            .filter(|operation| operation.in_root)
            .map(|operation| operation.target.to_str().unwrap())
            .collect();
        assert_eq!(in_root, ["/proc", "/dev", "/sys", "/etc/hosts"]);
    }
}

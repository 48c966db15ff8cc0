//! The attack surface: sets of files with the evidence for each, never a score.
//!
//! What the image's user can execute, and among it shells, interpreters, package managers, compilers and network tools;
//! what raises privileges; what the user can write, and which of that is code.

use std::collections::{BTreeMap, BTreeSet};

use bareboat_image::{Entry, Kind, TreePath};

use super::{Access, Facts, Program};

/// The sets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Surface {
    /// Files that the user can execute, by path.
    pub executables: Vec<Executable>,
    /// Regular files with the setuid or the setgid bit.
    pub set_id: Vec<TreePath>,
    /// Files with capabilities, with their names.
    pub capabilities: Vec<(TreePath, String)>,
    /// What the user can write: the outermost directories, and files outside them. Empty for root, who can write
    /// everything.
    pub writable: Vec<WritablePath>,
    /// What everybody can write.
    pub world_writable: Vec<TreePath>,
}

/// A program under all its names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Executable {
    /// Its first name.
    pub path: TreePath,
    /// Further names: hard links and symbolic links, by path.
    pub links: Vec<TreePath>,
    /// It is BusyBox.
    pub is_busybox: bool,
}

/// Something that the user can write.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WritablePath {
    /// Where.
    pub path: TreePath,
    /// Why it is code: `PATH`, `the interpreter's modules`; `None` where it is not.
    pub code: Option<&'static str>,
}

/// Groups of programs by name. Names are exact; a trailing version is taken off first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tool {
    /// Command shells.
    Shell,
    /// Interpreters of other languages.
    Interpreter,
    /// Whatever installs software.
    PackageManager,
    /// Whatever makes programs.
    Compiler,
    /// Whatever moves data over a network.
    Network,
}

impl Tool {
    const ALL: [Self; 5] =
        [Self::Shell, Self::Interpreter, Self::PackageManager, Self::Compiler, Self::Network];

    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Shell => &[
                "sh", "ash", "bash", "dash", "zsh", "ksh", "mksh", "fish", "csh", "tcsh", "rbash", "busybox",
                "toybox",
            ],
            Self::Interpreter => {
                &["python", "perl", "ruby", "node", "php", "lua", "tclsh", "awk", "gawk", "mawk", "java"]
            }
            Self::PackageManager => &[
                "apt", "apt-get", "dpkg", "apk", "rpm", "dnf", "microdnf", "yum", "tdnf", "zypper", "pacman",
                "opkg", "pip", "uv", "poetry", "conda", "mamba", "npm", "gem", "cargo",
            ],
            Self::Compiler => &[
                "gcc", "cc", "g++", "c++", "clang", "clang++", "tcc", "ld", "as", "make", "cmake", "go",
                "rustc", "javac",
            ],
            Self::Network => &[
                "curl",
                "wget",
                "nc",
                "ncat",
                "netcat",
                "socat",
                "telnet",
                "ftp",
                "ftpget",
                "ftpput",
                "tftp",
                "ssh",
                "scp",
                "rsync",
                "nmap",
                "dig",
                "tcpdump",
                "ssl_client",
            ],
        }
    }

    /// What a program of this name is.
    pub fn of(name: &[u8]) -> impl Iterator<Item = Self> {
        let name = String::from_utf8_lossy(name);
        let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-').to_owned();
        let name = name.into_owned();
        Self::ALL.into_iter().filter(move |tool| {
            tool.names()
                .iter()
                .any(|known| *known == name || *known == stem && name != stem && !stem.is_empty())
        })
    }
}

impl Executable {
    /// All names, the first one first.
    pub fn names(&self) -> impl Iterator<Item = &TreePath> {
        [&self.path].into_iter().chain(&self.links)
    }

    /// The names that make it such a tool.
    pub fn names_as(&self, tool: Tool) -> Vec<&TreePath> {
        let named = |path: &&TreePath| {
            is_place_of_programs(path) && Tool::of(path.file_name()).any(|found| found == tool)
        };
        let mut names: Vec<&TreePath> = self.names().filter(named).collect();
        if names.is_empty() && self.is_busybox && tool == Tool::Shell {
            names.push(&self.path);
        }
        names
    }
}

impl Surface {
    pub(super) fn find(facts: &Facts) -> Self {
        let mut surface = Self { executables: executables(facts), ..Self::default() };
        for (path, entry) in &facts.tree().entries {
            let is_file = matches!(entry.kind, Kind::File { .. });
            if is_file && entry.mode & 0o6000 != 0 {
                surface.set_id.push(path.clone());
            }
            if let Some(value) = entry.xattrs.get("security.capability").filter(|_| is_file) {
                surface.capabilities.push((path.clone(), capabilities(value)));
            }
            if is_world_writable(entry) {
                surface.world_writable.push(path.clone());
            }
        }
        if !facts.user.is_root() {
            surface.writable = writable(facts);
        }
        surface
    }

    /// Programs of one kind, with the names that make them so.
    pub fn tools(&self, tool: Tool) -> impl Iterator<Item = (&Executable, Vec<&TreePath>)> {
        let named = move |executable| (executable, Executable::names_as(executable, tool));
        self.executables.iter().map(named).filter(|(_, names)| !names.is_empty())
    }
}

/// Scripts of packages in `/etc`, and plugins in `/usr/lib`, have the names of programs they work for.
fn is_place_of_programs(path: &TreePath) -> bool {
    let directory = path.parent().unwrap_or_default();
    let text = directory.to_str_lossy();
    let holds_others = ["etc", "usr/share", "usr/lib", "usr/libexec", "lib"]
        .iter()
        .any(|place| text.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    !holds_others || matches!(directory.file_name(), b"bin" | b"sbin")
}

/// Everybody may write it, and nothing protects it: a sticky directory keeps others' files safe.
fn is_world_writable(entry: &Entry) -> bool {
    let matters = match entry.kind {
        Kind::Directory => entry.mode & 0o1000 == 0,
        Kind::File { .. } => true,
        _ => false,
    };
    matters && entry.mode & 0o002 != 0
}

fn executables(facts: &Facts) -> Vec<Executable> {
    let mut links: BTreeMap<&TreePath, Vec<TreePath>> = BTreeMap::new();
    let mut found: BTreeMap<TreePath, Vec<TreePath>> = BTreeMap::new();
    for (path, entry) in &facts.tree().entries {
        match &entry.kind {
            Kind::File { .. } if entry.mode & 0o111 != 0 && is_executable(facts, path) => {
                found.insert(path.clone(), Vec::new());
            }
            Kind::HardLink { target } => links.entry(target).or_default().push(path.clone()),
            _ => {}
        }
    }
    for (target, names) in links {
        if let Some(known) = found.get_mut(target) {
            known.extend(names);
        }
    }
    for (path, entry) in &facts.tree().entries {
        if let Kind::Symlink { .. } = entry.kind
            && let Some(known) = facts.real(path).and_then(|real| found.get_mut(&real))
        {
            known.push(path.clone());
        }
    }
    let executable = |(path, mut links): (TreePath, Vec<TreePath>)| {
        links.sort();
        let is_busybox = facts.content(&path).is_some_and(|content| content.is_busybox);
        Executable { path, links, is_busybox }
    };
    found.into_iter().map(executable).collect()
}

/// The kernel starts it for the user; a library with the bit is no program.
fn is_executable(facts: &Facts, path: &TreePath) -> bool {
    let is_library =
        facts.content(path).and_then(|content| content.elf()).is_some_and(|elf| !elf.is_program());
    !is_library && Program::of_file(facts, path).fault.is_none()
}

/// Names of the capabilities in an attribute (capabilities(7), `VFS_CAP_REVISION_2` and `_3`).
fn capabilities(value: &[u8]) -> String {
    let word = |at: usize| {
        value.get(at..).and_then(|rest| rest.first_chunk::<4>()).map_or(0, |bytes| u32::from_le_bytes(*bytes))
    };
    let (low, high) = (u64::from(word(4)), u64::from(word(12)));
    let permitted = low | if value.len() >= 20 { high << 32 } else { 0 };
    let names: Vec<String> = (0..64u32)
        .filter(|bit| permitted >> bit & 1 != 0)
        .map(|bit| {
            CAPABILITIES.get(bit as usize).map_or_else(|| format!("cap_{bit}"), |name| format!("cap_{name}"))
        })
        .collect();
    let effective = if word(0) & 1 != 0 { "ep" } else { "p" };
    match names.is_empty() {
        true => "none".to_owned(),
        false => format!("{}={effective}", names.join(",")),
    }
}

/// What the user can write, outermost first.
fn writable(facts: &Facts) -> Vec<WritablePath> {
    let code = code_directories(facts);
    let mut found: Vec<WritablePath> = Vec::new();
    let mut covered: Option<TreePath> = None;
    for (path, entry) in &facts.tree().entries {
        let is_link = matches!(entry.kind, Kind::Symlink { .. } | Kind::HardLink { .. });
        let is_covered = covered.as_ref().is_some_and(|directory| path.starts_with(directory));
        let kind = code.iter().find(|(directory, _)| path.starts_with(directory)).map(|(_, why)| *why);
        // Inside a writable directory only code is worth a line of its own, once.
        if is_link || !facts.may(Access::Write, path) || is_covered && kind.is_none() {
            continue;
        }
        if is_covered && found.last().is_some_and(|last| last.code.is_some() && path.starts_with(&last.path))
        {
            continue;
        }
        if entry.kind == Kind::Directory && !is_covered {
            covered = Some(path.clone());
        }
        found.push(WritablePath { path: path.clone(), code: kind });
    }
    found
}

/// Where programs, libraries and modules are taken from.
fn code_directories(facts: &Facts) -> Vec<(TreePath, &'static str)> {
    let mut directories: BTreeSet<(TreePath, &'static str)> = BTreeSet::new();
    let mut add = |text: &str, why| directories.extend(facts.at(text).map(|path| (path, why)));
    facts.search_path().iter().for_each(|directory| add(directory, "on `PATH`"));
    let library_path = facts.variable("LD_LIBRARY_PATH").unwrap_or_default();
    library_path
        .split(':')
        .filter(|part| !part.is_empty())
        .for_each(|part| add(part, "a directory of libraries"));
    ["/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib"]
        .iter()
        .for_each(|part| add(part, "a directory of libraries"));
    let modules = facts.variable("PYTHONPATH").unwrap_or_default();
    modules.split(':').filter(|part| !part.is_empty()).for_each(|part| add(part, "Python's search path"));
    directories.extend(facts.sites.iter().map(|site| (site.path.clone(), "Python's search path")));
    let program = facts.start().chain.first().and_then(TreePath::parent);
    directories.extend(program.map(|directory| (directory, "where the command's program is")));
    directories.into_iter().filter(|(path, _)| !path.is_root()).collect()
}

/// By number (capability.h).
const CAPABILITIES: &[&str] = &[
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_known_by_name_with_or_without_a_version() {
        let of = |name: &str| Tool::of(name.as_bytes()).collect::<Vec<_>>();
        assert_eq!(of("bash"), [Tool::Shell]);
        assert_eq!(of("pip3.13"), [Tool::PackageManager]);
        assert_eq!(of("gcc-14"), [Tool::Compiler]);
        assert_eq!(of("python3"), [Tool::Interpreter]);
        assert_eq!(of("x86_64-linux-gnu-gcc"), []);
        assert_eq!(of("shred"), []);
        assert_eq!(of("7"), []);
    }

    #[test]
    fn capabilities_have_names() {
        let revision_2 = [1, 0, 0, 2, 0, 0x24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(capabilities(&revision_2), "cap_net_bind_service,cap_net_raw=ep");
        assert_eq!(capabilities(&[]), "none");
    }
}

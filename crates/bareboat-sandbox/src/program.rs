//! Why a program could not be executed, from its first bytes: what `execve` says with one number.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Our own refusal to execute something, as an error number that executing a program never gives.
pub(crate) const REFUSED: rustix::io::Errno = rustix::io::Errno::REMOTE;

/// What the beginning of a file says about executing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// Text whose first line names an interpreter.
    Script { interpreter: PathBuf },
    /// An ELF file for this machine number (gABI `e_machine`), with the loader it asks for.
    Elf { machine: u16, interpreter: Option<PathBuf> },
    /// Text without such a line.
    Text,
    /// Nothing at all.
    Empty,
    /// Something else.
    Unknown,
}

/// The interpreter in a `#!` line. Never allocates.
pub(crate) fn shebang(head: &[u8]) -> Option<&[u8]> {
    let line = head.strip_prefix(b"#!")?;
    let line = line.split(|&byte| byte == b'\n').next()?;
    // The kernel splits at blanks and keeps a carriage return.
    let mut words = line.split(|&byte| byte == b' ' || byte == b'\t' || byte == 0);
    words.find(|word| !word.is_empty())
}

/// Looks at the first bytes of a file.
pub(crate) fn nature(head: &[u8]) -> Nature {
    if head.is_empty() {
        return Nature::Empty;
    }
    if let Some(interpreter) = shebang(head) {
        return Nature::Script { interpreter: OsStr::from_bytes(interpreter).into() };
    }
    if head.starts_with(b"\x7fELF") {
        return elf(head).unwrap_or(Nature::Unknown);
    }
    let is_text = std::str::from_utf8(&head[..head.len().min(64)]).is_ok_and(|text| !text.contains('\0'));
    if is_text { Nature::Text } else { Nature::Unknown }
}

/// System V gABI, chapters 4 and 5.
fn elf(head: &[u8]) -> Option<Nature> {
    const INTERPRETER: u32 = 3;
    let wide = *head.get(4)? == 2;
    let little = *head.get(5)? == 1;
    let number = |offset: usize, size: usize| -> Option<u64> {
        let bytes = head.get(offset..offset.checked_add(size)?)?;
        let add = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        Some(if little { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) })
    };
    let machine = u16::try_from(number(18, 2)?).ok()?;
    let (table, entry_size, count) = if wide {
        (number(32, 8)?, number(54, 2)?, number(56, 2)?)
    } else {
        (number(28, 4)?, number(42, 2)?, number(44, 2)?)
    };
    let interpreter = (0..count.min(64)).find_map(|index| {
        let entry = usize::try_from(table.checked_add(index.checked_mul(entry_size)?)?).ok()?;
        if number(entry, 4)? != u64::from(INTERPRETER) {
            return None;
        }
        let field = |wide_offset, narrow_offset| match wide {
            true => number(entry.checked_add(wide_offset)?, 8),
            false => number(entry.checked_add(narrow_offset)?, 4),
        };
        let offset = usize::try_from(field(8, 4)?).ok()?;
        let size = usize::try_from(field(32, 16)?).ok()?;
        let name = head.get(offset..offset.checked_add(size)?)?;
        let name = name.split(|&byte| byte == 0).next()?;
        Some(PathBuf::from(OsStr::from_bytes(name)))
    });
    Some(Nature::Elf { machine, interpreter })
}

/// The usual name of a machine number.
pub(crate) fn machine_name(machine: u16) -> String {
    match machine {
        3 => "386".to_owned(),
        8 => "mips".to_owned(),
        20 | 21 => "ppc64le".to_owned(),
        22 => "s390x".to_owned(),
        40 => "arm".to_owned(),
        62 => "amd64".to_owned(),
        183 => "arm64".to_owned(),
        243 => "riscv64".to_owned(),
        258 => "loong64".to_owned(),
        other => format!("ELF machine {other}"),
    }
}

/// The machine number of the programs this one can run.
pub(crate) fn own_machine() -> u16 {
    if cfg!(target_arch = "aarch64") { 183 } else { 62 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_interpreters_as_the_kernel_does() {
        assert_eq!(shebang(b"#!/bin/sh -e\nx"), Some(&b"/bin/sh"[..]));
        assert_eq!(shebang(b"#! \t/usr/bin/env python"), Some(&b"/usr/bin/env"[..]));
        assert_eq!(shebang(b"#!/bin/sh\r\n"), Some(&b"/bin/sh\r"[..]));
        assert_eq!(shebang(b"#!\n/bin/sh"), None);
        assert_eq!(shebang(b"# !/bin/sh"), None);
    }

    #[test]
    fn tells_files_apart() {
        assert_eq!(nature(b""), Nature::Empty);
        assert_eq!(nature(b"echo hello\n"), Nature::Text);
        assert_eq!(nature(b"\x00\x01\x02"), Nature::Unknown);
        assert_eq!(nature(b"\x7fELF"), Nature::Unknown);
    }

    #[test]
    fn reads_the_loader_of_an_elf_file() {
        let mut file = vec![0; 0x200];
        file[..6].copy_from_slice(b"\x7fELF\x02\x01");
        file[18] = 183;
        file[32] = 64;
        file[54] = 56;
        file[56] = 2;
        let entry = 64 + 56;
        file[entry] = 3;
        file[entry + 8..entry + 10].copy_from_slice(&0x180_u16.to_le_bytes());
        file[entry + 32] = 12;
        file[0x180..0x18c].copy_from_slice(b"/lib/ld.so.1");
        let expected = Nature::Elf { machine: 183, interpreter: Some("/lib/ld.so.1".into()) };
        assert_eq!(nature(&file), expected);
        // Every cut of it is looked at without a panic.
        for end in 0..file.len() {
            let _ = nature(&file[..end]);
        }
    }
}

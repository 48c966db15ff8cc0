//! What one ELF file says about itself.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor, Read, Seek};

use serde::{Deserialize, Serialize};

use crate::deb::Architecture;

/// The facts of one ELF file that decide whether it loads, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElfFacts {
    /// Word size.
    pub class: ElfClass,
    /// Most significant byte first.
    #[serde(default, skip_serializing_if = "is_false")]
    pub big_endian: bool,
    /// `e_machine` of the gABI: 62 is x86-64, 183 AArch64.
    pub machine: u16,
    /// What kind of file it is.
    pub kind: ElfKind,
    /// The program interpreter (`PT_INTERP`); C libraries may have one too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<String>,
    /// `DT_SONAME`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soname: Option<String>,
    /// `DT_NEEDED`, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needed: Vec<String>,
    /// `DT_RPATH`, unexpanded, colon-separated. The loader ignores it where there is a run path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rpath: Option<String>,
    /// `DT_RUNPATH`, unexpanded, colon-separated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runpath: Option<String>,
    /// Symbol versions it wants, by the library (`DT_VERNEED`). Weak needs, which the loader only warns about, are
    /// left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub version_needs: BTreeMap<String, BTreeSet<String>>,
    /// Symbol versions it defines (`DT_VERDEF`), without the one that repeats its own name.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub version_definitions: BTreeSet<String>,
    /// It converts between character sets with the C library: it imports `iconv_open`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub imports_iconv: bool,
    /// It may load libraries that no table names: it imports `dlopen`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub imports_dlopen: bool,
    /// Its stack must be executable (`PT_GNU_STACK`). Since glibc 2.41 such a library cannot be loaded at run time.
    #[serde(default, skip_serializing_if = "is_false")]
    pub executable_stack: bool,
    /// It does not use the default directories (`DF_1_NODEFLIB`).
    #[serde(default, skip_serializing_if = "is_false")]
    pub no_default_libraries: bool,
    /// The x86-64 level it declares to need: 0 for the baseline or none, 1 to 3 for v2 to v4.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub x86_isa_level: u8,
}

/// Word size of an ELF file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ElfClass {
    /// 32 bits.
    #[serde(rename = "32")]
    Bits32,
    /// 64 bits.
    #[serde(rename = "64")]
    Bits64,
}

/// What an ELF file is, from `e_type` and what tells programs from libraries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ElfKind {
    /// A program at a fixed address.
    Executable,
    /// A position-independent program.
    PieExecutable,
    /// A shared library, extension module or plugin.
    SharedObject,
    /// Not linked yet (`.o`).
    Relocatable,
    /// A core dump or something newer.
    Other,
}

impl ElfFacts {
    /// Reads the facts of `source`, in small pieces.
    ///
    /// # Errors
    /// [`ElfError::NotElf`]; else it breaks off, points outside itself, or exceeds a bound.
    pub fn read(source: impl Read + Seek) -> Result<Self, ElfError> {
        super::parse::parse(source)
    }

    /// The same for a file that is in memory.
    ///
    /// # Errors
    /// As [`ElfFacts::read`].
    pub fn of_bytes(bytes: &[u8]) -> Result<Self, ElfError> {
        Self::read(Cursor::new(bytes))
    }

    /// True when the first bytes of a file are those of ELF.
    pub fn is_elf(start: &[u8]) -> bool {
        start.starts_with(b"\x7fELF")
    }

    /// It is for this processor, word size and byte order.
    pub fn is_for(&self, architecture: Architecture) -> bool {
        self.machine == architecture.elf_machine() && self.class == ElfClass::Bits64 && !self.big_endian
    }

    /// A program, not a library.
    pub fn is_program(&self) -> bool {
        matches!(self.kind, ElfKind::Executable | ElfKind::PieExecutable)
    }

    /// A program that needs no loader and no library.
    pub fn is_static(&self) -> bool {
        self.is_program() && self.interpreter.is_none() && self.needed.is_empty()
    }
}

/// Why an ELF file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ElfError {
    /// It does not start with the four bytes of ELF.
    #[error("not an ELF file")]
    NotElf,
    /// Reading failed.
    #[error("cannot read: {0}")]
    Read(io::Error),
    /// A header field has an impossible value.
    #[error("impossible {field} in the ELF header")]
    Header {
        /// Which.
        field: &'static str,
    },
    /// Something lies outside the file.
    #[error("{size} bytes at {offset} lie outside the ELF file")]
    OutOfFile {
        /// From the start of the file.
        offset: u64,
        /// Bytes.
        size: u64,
    },
    /// An address that no segment loads from the file.
    #[error("address {address:#x} of {what} is in no segment of the ELF file")]
    Unmapped {
        /// The address.
        address: u64,
        /// The table.
        what: &'static str,
    },
    /// A string without end.
    #[error("endless string at {offset} of the ELF file")]
    Text {
        /// From the start of the file.
        offset: u64,
    },
    /// More entries than any real file has.
    #[error("too many {what} in the ELF file")]
    TooMany {
        /// The table.
        what: &'static str,
    },
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero(value: &u8) -> bool {
    *value == 0
}

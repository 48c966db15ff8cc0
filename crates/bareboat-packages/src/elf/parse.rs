//! ELF header, segments and the dynamic section.

use std::io::{Read, Seek};

use super::source::{Shape, Source};
use super::{ElfClass, ElfError, ElfFacts, ElfKind, imports, versions};

/// Reads everything.
pub(super) fn parse(reader: impl Read + Seek) -> Result<ElfFacts, ElfError> {
    let mut source = Source::new(reader)?;
    let start = source.some(0, HEADER)?;
    if !ElfFacts::is_elf(start) {
        return Err(ElfError::NotElf);
    }
    let header = Header::parse(start)?;
    let segments = segments(&mut source, &header)?;
    let mut facts = header.facts();
    for segment in &segments {
        match segment.kind {
            PT_INTERP => facts.interpreter = Some(source.text(segment.offset)?),
            PT_GNU_STACK => facts.executable_stack = segment.flags & PF_X != 0,
            PT_GNU_PROPERTY => facts.x86_isa_level = isa_level(&mut source, header.shape, segment)?,
            _ => {}
        }
    }
    let mut file = File { source, shape: header.shape, segments };
    let Some(dynamic) = file.dynamic()? else {
        return Ok(facts);
    };
    file.names(&dynamic, &mut facts)?;
    facts.version_needs = versions::needs(&mut file, &dynamic)?;
    facts.version_definitions = versions::definitions(&mut file, &dynamic)?;
    let imports = imports::watched(&mut file, &dynamic)?;
    facts.imports_iconv = imports.contains("iconv_open");
    facts.imports_dlopen = imports.contains("dlopen");
    facts.no_default_libraries = dynamic.flags_1 & DF_1_NODEFLIB != 0;
    if facts.kind == ElfKind::SharedObject && dynamic.flags_1 & DF_1_PIE != 0 {
        facts.kind = ElfKind::PieExecutable;
    }
    Ok(facts)
}

/// An ELF file with its segments known.
pub(super) struct File<R> {
    pub source: Source<R>,
    pub shape: Shape,
    segments: Vec<Segment>,
}

/// A segment of the program header table.
#[derive(Clone, Copy)]
struct Segment {
    kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
    size: u64,
}

/// The entries of the dynamic section that matter. Tables are addresses; names are offsets into the string table.
#[derive(Default)]
pub(super) struct Dynamic {
    pub strings: u64,
    pub strings_size: u64,
    pub symbols: u64,
    pub hash: Option<u64>,
    pub gnu_hash: Option<u64>,
    pub version_needs: Option<u64>,
    pub version_definitions: Option<u64>,
    needed: Vec<u64>,
    soname: Option<u64>,
    rpath: Option<u64>,
    runpath: Option<u64>,
    flags_1: u64,
}

impl<R: Read + Seek> File<R> {
    /// The file offset of a loaded address.
    pub(super) fn offset(&self, address: u64, what: &'static str) -> Result<u64, ElfError> {
        let loads = self.segments.iter().filter(|segment| segment.kind == PT_LOAD);
        let inside =
            |segment: &&Segment| address.checked_sub(segment.address).is_some_and(|skip| skip < segment.size);
        let segment = { loads }.find(inside).ok_or(ElfError::Unmapped { address, what })?;
        let offset = segment.offset.checked_add(address - segment.address);
        offset.ok_or(ElfError::Unmapped { address, what })
    }

    /// The name at `index` of the string table.
    pub(super) fn name(&mut self, dynamic: &Dynamic, index: u64) -> Result<String, ElfError> {
        let unmapped = ElfError::Unmapped { address: dynamic.strings, what: "a name" };
        let address = dynamic.strings.checked_add(index).ok_or(unmapped)?;
        let offset = self.offset(address, "a name")?;
        self.source.text(offset)
    }

    fn dynamic(&mut self) -> Result<Option<Dynamic>, ElfError> {
        let Some(segment) = self.segments.iter().copied().find(|segment| segment.kind == PT_DYNAMIC) else {
            return Ok(None);
        };
        let entry = if self.shape.wide { 16 } else { 8 };
        let mut dynamic = Dynamic::default();
        for index in 0..(segment.size / entry).min(MOST_DYNAMIC + 1) {
            if index == MOST_DYNAMIC {
                return Err(ElfError::TooMany { what: "dynamic entries" });
            }
            let offset = segment.offset.saturating_add(index * entry);
            let bytes = self.source.bytes(offset, entry as usize)?;
            let tag = self.shape.word(bytes, 0, 0);
            let value = self.shape.word(bytes, 4, 8);
            match tag {
                DT_NULL => break,
                DT_NEEDED => dynamic.needed.push(value),
                DT_HASH => dynamic.hash = Some(value),
                DT_STRTAB => dynamic.strings = value,
                DT_SYMTAB => dynamic.symbols = value,
                DT_STRSZ => dynamic.strings_size = value,
                DT_SONAME => dynamic.soname = Some(value),
                DT_RPATH => dynamic.rpath = Some(value),
                DT_RUNPATH => dynamic.runpath = Some(value),
                DT_GNU_HASH => dynamic.gnu_hash = Some(value),
                DT_VERNEED => dynamic.version_needs = Some(value),
                DT_VERDEF => dynamic.version_definitions = Some(value),
                DT_FLAGS_1 => dynamic.flags_1 = value,
                _ => {}
            }
        }
        Ok(Some(dynamic))
    }

    fn names(&mut self, dynamic: &Dynamic, facts: &mut ElfFacts) -> Result<(), ElfError> {
        for &index in &dynamic.needed {
            facts.needed.push(self.name(dynamic, index)?);
        }
        let mut optional = |index: Option<u64>| index.map(|index| self.name(dynamic, index)).transpose();
        facts.soname = optional(dynamic.soname)?;
        facts.rpath = optional(dynamic.rpath)?;
        facts.runpath = optional(dynamic.runpath)?;
        Ok(())
    }
}

/// The ELF header's fields that matter.
struct Header {
    shape: Shape,
    kind: u16,
    machine: u16,
    segments_at: u64,
    segment_size: u16,
    segment_count: u16,
}

impl Header {
    fn parse(start: &[u8]) -> Result<Self, ElfError> {
        let wide = match start.get(4) {
            Some(1) => false,
            Some(2) => true,
            _ => return Err(ElfError::Header { field: "class" }),
        };
        let big = match start.get(5) {
            Some(1) => false,
            Some(2) => true,
            _ => return Err(ElfError::Header { field: "byte order" }),
        };
        let size = if wide { 64 } else { 52 };
        let header = start.get(..size).ok_or(ElfError::OutOfFile { offset: 0, size: size as u64 })?;
        let shape = Shape { wide, big };
        let at = |narrow, wide_at| shape.half(header, if wide { wide_at } else { narrow });
        Ok(Self {
            shape,
            kind: shape.half(header, 16),
            machine: shape.half(header, 18),
            segments_at: shape.word(header, 28, 32),
            segment_size: at(42, 54),
            segment_count: at(44, 56),
        })
    }

    fn facts(&self) -> ElfFacts {
        ElfFacts {
            class: if self.shape.wide { ElfClass::Bits64 } else { ElfClass::Bits32 },
            big_endian: self.shape.big,
            machine: self.machine,
            kind: match self.kind {
                1 => ElfKind::Relocatable,
                2 => ElfKind::Executable,
                3 => ElfKind::SharedObject,
                _ => ElfKind::Other,
            },
            interpreter: None,
            soname: None,
            needed: Vec::new(),
            rpath: None,
            runpath: None,
            version_needs: Default::default(),
            version_definitions: Default::default(),
            imports_iconv: false,
            imports_dlopen: false,
            executable_stack: false,
            no_default_libraries: false,
            x86_isa_level: 0,
        }
    }
}

fn segments<R: Read + Seek>(source: &mut Source<R>, header: &Header) -> Result<Vec<Segment>, ElfError> {
    let size = if header.shape.wide { 56 } else { 32 };
    if header.segment_count == 0 {
        return Ok(Vec::new());
    }
    if header.segment_size != size {
        return Err(ElfError::Header { field: "segment header size" });
    }
    // The kernel refuses more than a page or so (elf(5)); 0xffff would mean "look in section 0".
    if header.segment_count > MOST_SEGMENTS {
        return Err(ElfError::TooMany { what: "segments" });
    }
    let shape = header.shape;
    let mut segments = Vec::new();
    for index in 0..u64::from(header.segment_count) {
        let offset = header.segments_at.saturating_add(index * u64::from(size));
        let bytes = source.bytes(offset, size.into())?;
        segments.push(Segment {
            kind: shape.int(bytes, 0),
            flags: shape.int(bytes, if shape.wide { 4 } else { 24 }),
            offset: shape.word(bytes, 4, 8),
            address: shape.word(bytes, 8, 16),
            size: shape.word(bytes, 16, 32),
        });
    }
    Ok(segments)
}

/// The highest bit of the needed x86 instruction set levels (x86-64 psABI, `.note.gnu.property`).
fn isa_level<R: Read + Seek>(
    source: &mut Source<R>,
    shape: Shape,
    segment: &Segment,
) -> Result<u8, ElfError> {
    let size = usize::try_from(segment.size).unwrap_or(usize::MAX).min(MOST_PROPERTIES);
    let note = source.bytes(segment.offset, size)?;
    let is_property = shape.int(note, 8) == NT_GNU_PROPERTY_TYPE_0 && note.get(12..16) == Some(b"GNU\0");
    let mut properties = if is_property { note.get(16..).unwrap_or_default() } else { &[] };
    while properties.len() >= 8 {
        let length = shape.int(properties, 4) as usize;
        if shape.int(properties, 0) == GNU_PROPERTY_X86_ISA_1_NEEDED {
            let bits = shape.int(properties, 8) & 0xf;
            return Ok(bits.checked_ilog2().unwrap_or(0) as u8);
        }
        let padded = length.saturating_add(8).next_multiple_of(if shape.wide { 8 } else { 4 });
        properties = properties.get(padded..).unwrap_or_default();
    }
    Ok(0)
}

const HEADER: usize = 64;
const MOST_SEGMENTS: u16 = 512;
const MOST_DYNAMIC: u64 = 8192;
const MOST_PROPERTIES: usize = 4096;

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;
const PT_GNU_STACK: u32 = 0x6474_e551;
const PT_GNU_PROPERTY: u32 = 0x6474_e553;
const PF_X: u32 = 1;
const NT_GNU_PROPERTY_TYPE_0: u32 = 5;
const GNU_PROPERTY_X86_ISA_1_NEEDED: u32 = 0xc000_8002;

const DT_NULL: u64 = 0;
const DT_NEEDED: u64 = 1;
const DT_HASH: u64 = 4;
const DT_STRTAB: u64 = 5;
const DT_SYMTAB: u64 = 6;
const DT_STRSZ: u64 = 10;
const DT_SONAME: u64 = 14;
const DT_RPATH: u64 = 15;
const DT_RUNPATH: u64 = 29;
const DT_GNU_HASH: u64 = 0x6fff_fef5;
const DT_FLAGS_1: u64 = 0x6fff_fffb;
const DT_VERDEF: u64 = 0x6fff_fffc;
const DT_VERNEED: u64 = 0x6fff_fffe;
const DF_1_NODEFLIB: u64 = 0x800;
const DF_1_PIE: u64 = 0x0800_0000;

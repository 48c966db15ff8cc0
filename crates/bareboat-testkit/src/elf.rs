//! Makes small ELF files: headers, segments and a dynamic section, no code. `ldconfig` and `readelf` accept them.
//!
//! Follows the System V gABI and the Linux Standard Base's symbol versioning.

/// `e_machine` of x86-64.
pub const X86_64: u16 = 62;
/// `e_machine` of AArch64.
pub const AARCH64: u16 = 183;

/// What the file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Library,
    Program,
    PieProgram,
}

/// An ELF file in the making. Every list may stay empty.
#[derive(Debug, Clone)]
pub struct ElfMaker {
    machine: u16,
    wide: bool,
    big: bool,
    kind: Kind,
    dynamic: bool,
    interpreter: Option<String>,
    soname: Option<String>,
    needed: Vec<String>,
    rpath: Option<String>,
    runpath: Option<String>,
    needs: Vec<(String, Vec<String>)>,
    defines: Vec<String>,
    imports: Vec<String>,
    executable_stack: bool,
    isa_level: Option<u32>,
}

impl ElfMaker {
    /// A 64-bit little-endian shared library without soname.
    pub fn library(machine: u16) -> Self {
        Self {
            machine,
            wide: true,
            big: false,
            kind: Kind::Library,
            dynamic: true,
            interpreter: None,
            soname: None,
            needed: Vec::new(),
            rpath: None,
            runpath: None,
            needs: Vec::new(),
            defines: Vec::new(),
            imports: Vec::new(),
            executable_stack: false,
            isa_level: None,
        }
    }

    /// A position-independent program with an interpreter.
    pub fn program(machine: u16, interpreter: &str) -> Self {
        let interpreter = Some(interpreter.to_owned());
        Self { kind: Kind::PieProgram, interpreter, ..Self::library(machine) }
    }

    /// A static program at a fixed address, without dynamic section.
    pub fn static_program(machine: u16) -> Self {
        Self { kind: Kind::Program, dynamic: false, ..Self::library(machine) }
    }

    /// Makes it a 32-bit file.
    pub fn narrow(mut self) -> Self {
        self.wide = false;
        self
    }

    /// Makes it big-endian.
    pub fn big_endian(mut self) -> Self {
        self.big = true;
        self
    }

    /// Sets `DT_SONAME`.
    pub fn soname(mut self, name: &str) -> Self {
        self.soname = Some(name.to_owned());
        self
    }

    /// Adds a `DT_NEEDED`.
    pub fn needs(mut self, library: &str) -> Self {
        self.needed.push(library.to_owned());
        self
    }

    /// Adds a `DT_NEEDED`, unless it is there, and versions wanted from that library.
    pub fn needs_versions(mut self, library: &str, versions: &[&str]) -> Self {
        if !self.needed.iter().any(|needed| needed == library) {
            self.needed.push(library.to_owned());
        }
        self.needs.push((library.to_owned(), owned(versions)));
        self
    }

    /// Defines symbol versions.
    pub fn defines_versions(mut self, versions: &[&str]) -> Self {
        self.defines.extend(owned(versions));
        self
    }

    /// Sets `DT_RPATH`.
    pub fn rpath(mut self, path: &str) -> Self {
        self.rpath = Some(path.to_owned());
        self
    }

    /// Sets `DT_RUNPATH`.
    pub fn runpath(mut self, path: &str) -> Self {
        self.runpath = Some(path.to_owned());
        self
    }

    /// Adds an undefined symbol.
    pub fn imports(mut self, symbol: &str) -> Self {
        self.imports.push(symbol.to_owned());
        self
    }

    /// Asks for an executable stack.
    pub fn executable_stack(mut self) -> Self {
        self.executable_stack = true;
        self
    }

    /// Declares an x86-64 level: bit 0 baseline, 1 v2, 2 v3, 3 v4.
    pub fn isa_level(mut self, bit: u32) -> Self {
        self.isa_level = Some(bit);
        self
    }

    /// The file's bytes. The same calls give the same bytes.
    pub fn build(&self) -> Vec<u8> {
        Layout::new(self).build()
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// Bytes so far, and the segments that point into them. Addresses equal file offsets.
struct Layout<'a> {
    maker: &'a ElfMaker,
    bytes: Vec<u8>,
    segments: Vec<(u32, u32, usize, usize)>,
    names: Vec<u8>,
}

impl<'a> Layout<'a> {
    fn new(maker: &'a ElfMaker) -> Self {
        let headers = if maker.wide { 64 + 8 * 56 } else { 52 + 8 * 32 };
        Self { maker, bytes: vec![0; headers], segments: Vec::new(), names: vec![0] }
    }

    fn build(mut self) -> Vec<u8> {
        if let Some(interpreter) = &self.maker.interpreter {
            let text = [interpreter.as_bytes(), b"\0"].concat();
            self.segment(3, 4, &text);
        }
        if let Some(bit) = self.maker.isa_level {
            let note = self.property_note(bit);
            self.segment(0x6474_e553, 4, &note);
        }
        if self.maker.dynamic {
            let dynamic = self.dynamic();
            self.segment(2, 6, &dynamic);
        }
        let stack = if self.maker.executable_stack { 7 } else { 6 };
        self.segments.push((0x6474_e551, stack, 0, 0));
        self.segments.insert(0, (1, 5, 0, self.bytes.len()));
        self.headers();
        self.bytes
    }

    fn dynamic(&mut self) -> Vec<u8> {
        let maker = self.maker;
        let mut entries = Vec::new();
        for needed in &maker.needed {
            entries.push((1, self.name(needed)));
        }
        for (tag, text) in [(14, &maker.soname), (15, &maker.rpath), (29, &maker.runpath)] {
            if let Some(text) = text {
                entries.push((tag, self.name(text)));
            }
        }
        let symbols = self.symbols();
        entries.push((6, self.append(&symbols)));
        entries.push((11, if maker.wide { 24 } else { 16 }));
        let hash = self.hash();
        entries.push((4, self.append(&hash)));
        if !maker.needs.is_empty() {
            let table = self.version_needs();
            entries.push((0x6fff_fffe, self.append(&table)));
            entries.push((0x6fff_ffff, maker.needs.len()));
        }
        if !maker.defines.is_empty() {
            let table = self.version_definitions();
            entries.push((0x6fff_fffc, self.append(&table)));
            entries.push((0x6fff_fffd, maker.defines.len() + 1));
        }
        if maker.kind == Kind::PieProgram {
            entries.push((0x6fff_fffb, 0x0800_0000));
        }
        let names = std::mem::take(&mut self.names);
        entries.push((10, names.len()));
        entries.push((5, self.append(&names)));
        entries.push((0, 0));
        entries.into_iter().flat_map(|(tag, value)| [self.word(tag), self.word(value)].concat()).collect()
    }

    fn symbols(&mut self) -> Vec<u8> {
        let size = if self.maker.wide { 24 } else { 16 };
        let mut table = vec![0; size];
        for import in &self.maker.imports {
            let name = self.int(self.names.len());
            self.name(import);
            let mut symbol = vec![0; size];
            symbol[..4].copy_from_slice(&name);
            symbol[if self.maker.wide { 4 } else { 12 }] = 0x12;
            table.extend(symbol);
        }
        table
    }

    fn hash(&self) -> Vec<u8> {
        let count = self.maker.imports.len() + 1;
        let mut words = vec![1, count, 0];
        words.resize(words.len() + count, 0);
        words.into_iter().flat_map(|word| self.int(word)).collect()
    }

    fn version_needs(&mut self) -> Vec<u8> {
        let mut table = Vec::new();
        let last = self.maker.needs.len() - 1;
        for (index, (library, versions)) in self.maker.needs.iter().enumerate() {
            let size = 16 + 16 * versions.len();
            table.extend([self.half(1), self.half(versions.len())].concat());
            let name = self.name(library);
            let next = if index == last { 0 } else { size };
            table.extend([name, 16, next].map(|word| self.int(word)).concat());
            for (index, version) in versions.iter().enumerate() {
                let name = self.name(version);
                let next = if index + 1 == versions.len() { 0 } else { 16 };
                table.extend([self.int(0), self.int(0)].concat());
                table.extend([name, next].map(|word| self.int(word)).concat());
            }
        }
        table
    }

    fn version_definitions(&mut self) -> Vec<u8> {
        let base = self.maker.soname.clone().unwrap_or_default();
        let versions: Vec<_> = std::iter::once(&base).chain(&self.maker.defines).cloned().collect();
        let mut table = Vec::new();
        for (index, version) in versions.iter().enumerate() {
            let flags = usize::from(index == 0);
            let next = if index + 1 == versions.len() { 0 } else { 28 };
            table.extend([1, flags, index + 1, 1].map(|half| self.half(half)).concat());
            let name = self.name(version);
            table.extend([0, 20, next, name, 0].map(|word| self.int(word)).concat());
        }
        table
    }

    fn property_note(&self, bit: u32) -> Vec<u8> {
        let padding = if self.maker.wide { 4 } else { 0 };
        let mut note = [4, 12 + padding, 5].map(|word| self.int(word)).concat();
        note.extend(b"GNU\0");
        note.extend([0xc000_8002, 4, 1 << bit].map(|word| self.int(word)).concat());
        note.resize(note.len() + padding, 0);
        note
    }

    fn headers(&mut self) {
        let maker = self.maker;
        let kind = if maker.kind == Kind::Program { 2 } else { 3 };
        let (header_size, segment_size) = if maker.wide { (64, 56) } else { (52, 32) };
        let mut header = b"\x7fELF".to_vec();
        header.extend([1 + u8::from(maker.wide), 1 + u8::from(maker.big), 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        header.extend([self.half(kind), self.half(maker.machine.into())].concat());
        header.extend(self.int(1));
        header.extend([0, header_size, 0].map(|word| self.word(word)).concat());
        header.extend(self.int(0));
        let halves = [header_size, segment_size, self.segments.len(), 0, 0, 0];
        header.extend(halves.map(|half| self.half(half)).concat());
        for &(kind, flags, at, size) in &self.segments {
            let (kind, flags) = (self.int(kind as usize), self.int(flags as usize));
            header.extend(kind);
            if maker.wide {
                header.extend(flags);
            }
            header.extend([at, at, at, size, size].map(|word| self.word(word)).concat());
            if !maker.wide {
                header.extend(flags);
            }
            header.extend(self.word(8));
        }
        self.bytes[..header.len()].copy_from_slice(&header);
    }

    fn segment(&mut self, kind: u32, flags: u32, content: &[u8]) {
        let at = self.append(content);
        self.segments.push((kind, flags, at, content.len()));
    }

    fn append(&mut self, content: &[u8]) -> usize {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let at = self.bytes.len();
        self.bytes.extend_from_slice(content);
        at
    }

    fn name(&mut self, text: &str) -> usize {
        let at = self.names.len();
        self.names.extend_from_slice(text.as_bytes());
        self.names.push(0);
        at
    }

    fn half(&self, value: usize) -> [u8; 2] {
        let value = value as u16;
        if self.maker.big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn int(&self, value: usize) -> [u8; 4] {
        let value = value as u32;
        if self.maker.big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn word(&self, value: usize) -> Vec<u8> {
        let value = value as u64;
        match (self.maker.wide, self.maker.big) {
            (true, true) => value.to_be_bytes().to_vec(),
            (true, false) => value.to_le_bytes().to_vec(),
            (false, _) => self.int(value as usize).to_vec(),
        }
    }
}

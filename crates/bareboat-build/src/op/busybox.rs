//! The debug variant's tools: of Debian's package the program, a link for each of its commands, the licence, and what
//! dpkg would have recorded. All of it lies beside what the image has already, and nothing in the image knows of it.

use std::collections::BTreeSet;
use std::io::Read;

use bareboat_image::{FileMeta, Kind, PartWriter, TreePath};
use bareboat_packages::debfile::{DebEntry, DebKind, DebReader};
use bareboat_packages::elf::ElfFacts;
use bareboat_packages::scripts;
use bareboat_packages::system::usr_merge::merged;
use bareboat_packages::system::{Generated, busybox, dpkg_status};
use bareboat_store::Digest;

use crate::BuildError;
use crate::piece::{DebianFacts, Piece};
use crate::plan::MTIME;
use crate::solve::Context;

/// A static busybox has 2 MB.
const LARGEST: u64 = 16 << 20;

/// The piece that the package `blob` brings.
///
/// # Errors
/// A hostile or damaged package, one without the program, or a program that does not tell its commands.
pub fn unpack(
    context: &Context<'_>,
    blob: &Digest,
    exclude: &BTreeSet<TreePath>,
) -> Result<Piece, BuildError> {
    let mut reader = DebReader::open(context.store.open_blob(blob)?)?;
    let account = scripts::account(reader.control().package(), reader.control_files());
    let mut facts = DebianFacts {
        control: reader.control().text().to_owned(),
        uncovered: account.uncovered,
        covered: account.covered,
        ..DebianFacts::default()
    };
    let mut files = dpkg_status::generate(reader.control(), reader.control_files());
    let licence = format!("usr/share/doc/{}/copyright", reader.control().package());
    let mut program = None;
    reader.for_each_entry(|entry, content| {
        let path = merged(&entry.path).to_str_lossy().into_owned();
        match entry.kind == DebKind::File {
            true if path == busybox::SOURCE => program = Some(read(entry, content)?),
            true if path == licence => {
                files.push(Generated::file(&licence, 0o644, read(entry, content)?, "its licence"));
            }
            _ => facts.dropped += entry.size,
        }
        Ok::<(), BuildError>(())
    })?;
    let program = program.ok_or_else(|| unfit("it has no program"))?;
    let applets =
        busybox::applets(&program).ok_or_else(|| unfit("the program does not tell its commands"))?;
    let mut piece = Piece { debian: Some(facts), ..Piece::empty() };
    let mut tools = vec![Generated::directory(busybox::DIRECTORY, 0o755, TOOLS)];
    let at = |name: &str| format!("{}/{name}", busybox::DIRECTORY);
    tools.extend(applets.iter().map(|name| Generated::symlink(&at(name), busybox::PROGRAM, TOOLS)));
    let elf = ElfFacts::of_bytes(&program).map_err(|error| unfit(&error.to_string()))?;
    let program = Generated::file(&at(busybox::PROGRAM), 0o755, program, TOOLS);
    piece.elf.insert(program.path.clone(), elf);
    tools.push(program);
    let mut writer = PartWriter::new(context.store, context.compression, MTIME)?;
    for file in tools.into_iter().chain(files).filter(|file| !exclude.contains(&file.path)) {
        write(&mut writer, &mut piece, file)?;
    }
    piece.part = Some(writer.finish()?);
    Ok(piece)
}

const TOOLS: &str = "a tool of the debug variant";

fn write(writer: &mut PartWriter<'_>, piece: &mut Piece, file: Generated) -> Result<(), BuildError> {
    let entry = match file.entry.kind {
        Kind::File { .. } => {
            let meta = FileMeta { mode: file.entry.mode, owner: file.entry.owner, ..FileMeta::default() };
            writer.append_bytes(&file.path, &meta, &file.content)?
        }
        Kind::Directory => file.entry,
        _ => {
            writer.append(&file.path, &file.entry)?;
            file.entry
        }
    };
    piece.tree.insert(file.path, entry);
    Ok(())
}

fn read(entry: &DebEntry, content: &mut dyn Read) -> Result<Vec<u8>, BuildError> {
    let fail = |reason: String| BuildError::Read { path: entry.path.to_string(), reason };
    if entry.size > LARGEST {
        return Err(fail(format!("{} bytes are more than it can have", entry.size)));
    }
    let mut bytes = Vec::new();
    content.read_to_end(&mut bytes).map_err(|error| fail(error.to_string()))?;
    Ok(bytes)
}

fn unfit(reason: &str) -> BuildError {
    BuildError::Generated { reason: reason.to_owned() }
}

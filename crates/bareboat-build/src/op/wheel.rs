//! Installs a wheel: its members into the virtual environment, already deflated bytes as they are.

use std::collections::BTreeSet;

use bareboat_image::{Deflated, Entry, FileMeta, PartWriter, TreePath};
use bareboat_packages::wheel::{InstallOptions, Member, Source, VenvLayout, Wheel};
use bareboat_store::Digest;

use super::look::spool;
use super::sources::is_source;
use crate::BuildError;
use crate::piece::{Piece, PythonFacts};
use crate::plan::MTIME;
use crate::solve::Context;

/// Where and how a wheel is installed.
pub struct Options<'a> {
    /// The virtual environment's directory.
    pub environment: &'a TreePath,
    /// CPython's major and minor version.
    pub python: (u8, u8),
    /// The user asked for it by name.
    pub requested: bool,
    /// Text of `direct_url.json`.
    pub direct_url: Option<&'a str>,
    /// Paths to leave out.
    pub exclude: &'a BTreeSet<TreePath>,
}

/// The virtual environment's layout for a release.
pub(crate) fn layout(environment: &TreePath, python: (u8, u8)) -> Result<VenvLayout, BuildError> {
    let interpreter = format!("/usr/bin/python{}.{}", python.0, python.1);
    Ok(VenvLayout::new(environment.clone(), python, &interpreter)?)
}

/// The piece a wheel brings.
///
/// # Errors
/// A hostile or damaged wheel, a member whose content is not what `RECORD` promises.
pub fn install(context: &Context<'_>, blob: &Digest, options: &Options<'_>) -> Result<Piece, BuildError> {
    let wheel = Wheel::open(context.store.open_blob(blob)?)?;
    let layout = layout(options.environment, options.python)?;
    let install = InstallOptions { requested: options.requested, direct_url: options.direct_url };
    let mut piece = Piece { python: Some(facts(&wheel)), ..Piece::empty() };
    let mut writer = PartWriter::new(context.store, context.compression, MTIME)?;
    for member in wheel.members(&layout, install)? {
        if options.exclude.contains(&member.path) {
            continue;
        }
        let entry = append(&mut writer, &wheel, &member)?;
        let promised = Entry::file(member.digest, member.size, member.mode);
        if entry != promised {
            return Err(BuildError::Record { path: member.path.to_string() });
        }
        look(context, &wheel, &member, &mut piece)?;
        add_directories(&mut piece, &member.path, options.environment);
        piece.tree.insert(member.path, entry);
    }
    piece.part = Some(writer.finish()?);
    Ok(piece)
}

fn append(writer: &mut PartWriter<'_>, wheel: &Wheel, member: &Member) -> Result<Entry, BuildError> {
    let meta = FileMeta::new(member.mode);
    let entry = match (&member.source, wheel.raw(member)) {
        (Source::Packed(packed), Some(mut raw)) => {
            let deflated =
                Deflated { raw: &mut raw, raw_size: packed.raw_size, size: packed.size, crc32: packed.crc32 };
            writer.append_deflated(&member.path, &meta, deflated)?
        }
        _ => writer.append_file(&member.path, &meta, member.size, &mut wheel.reader(member))?,
    };
    Ok(entry)
}

/// Looks at what may be ELF, a script or a source: a second, short way through the member.
fn look(context: &Context<'_>, wheel: &Wheel, member: &Member, piece: &mut Piece) -> Result<(), BuildError> {
    // Nothing that small is ELF or a script that anybody starts.
    let is_executable = member.mode & 0o111 != 0;
    if !is_executable && member.size < 64 && !is_source(&member.path) {
        return Ok(());
    }
    let mut content = wheel.reader(member);
    let spooled = spool(context.store, &member.path, &mut content, member.size)
        .map_err(|error| BuildError::Read { path: member.path.to_string(), reason: error.to_string() })?;
    spooled.record(piece, &member.path, member.mode);
    Ok(())
}

/// The directories between the environment and `path`.
fn add_directories(piece: &mut Piece, path: &TreePath, environment: &TreePath) {
    let mut parent = path.parent();
    while let Some(directory) = parent {
        if !directory.starts_with(environment) || piece.tree.get(&directory).is_some() {
            break;
        }
        parent = directory.parent();
        piece.tree.insert(directory, Entry::directory(0o755));
    }
}

fn facts(wheel: &Wheel) -> PythonFacts {
    let metadata = wheel.metadata();
    PythonFacts {
        name: metadata.name.clone(),
        version: metadata.version.clone(),
        requires: metadata.requires_dist.clone(),
        tags: wheel.info().tags.clone(),
        scripts: wheel.scripts().iter().map(|script| script.name.clone()).collect(),
    }
}

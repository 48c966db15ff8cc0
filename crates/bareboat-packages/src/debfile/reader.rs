//! Opens a package: checks the members, reads the control archive, streams the data archive.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufReader, Read, Seek, SeekFrom};

use bareboat_image::TreePath;

use super::ar::{self, Member};
use super::compression::decompressed;
use super::entry::Checker;
use super::tar_stream::TarStream;
use super::{Control, ControlError, DebEntry, DebError, Limits};

/// An open package: control files in memory, data still on the source.
#[derive(Debug)]
pub struct DebReader<R> {
    file: R,
    data: Member,
    limits: Limits,
    control: Control,
    files: ControlFiles,
}

impl<R: Read + Seek> DebReader<R> {
    /// Opens a package with the default [`Limits`].
    ///
    /// # Errors
    /// [`DebError`]: not a package, damaged, hostile, or too large.
    pub fn open(file: R) -> Result<Self, DebError> {
        Self::open_within(file, Limits::default())
    }

    /// Opens a package within `limits`.
    ///
    /// # Errors
    /// As [`DebReader::open`].
    pub fn open_within(mut file: R, limits: Limits) -> Result<Self, DebError> {
        let (control, data) = inner_archives(&mut file)?;
        let files = control_files(&mut file, &control, &limits)?;
        let control = files.get("control").ok_or(ControlError::Missing)?;
        let control = Control::parse(control)?;
        Ok(Self { file, data, limits, control, files })
    }

    /// The control stanza.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// The other control files: maintainer scripts, `triggers`, `conffiles`, `md5sums` …
    pub fn control_files(&self) -> &ControlFiles {
        &self.files
    }

    /// Streams the data archive: `visit` gets each entry in archive order, and a reader over its content (empty
    /// unless a regular file; what is left unread is skipped). The root directory's own entry is left out.
    ///
    /// After the last entry the archive is read to its end, so that a damaged tail is an error, too.
    ///
    /// # Errors
    /// [`DebError`] for a bad archive, even when `visit` failed because of it; else the first error of `visit`.
    pub fn for_each_entry<E: From<DebError>>(
        &mut self,
        mut visit: impl FnMut(&DebEntry, &mut dyn Read) -> Result<(), E>,
    ) -> Result<(), E> {
        let limit = self.limits.data_bytes;
        let mut tar = tar_stream(&mut self.file, &self.data, limit, &self.limits)?;
        let mut checker = Checker::new(&self.limits);
        while let Some(header) = tar.next()? {
            match checker.check(&header)? {
                Some(entry) => tar.content(entry.size, |content| visit(&entry, content))?,
                None => tar.content::<E>(header.size, |_| Ok(()))?,
            }
        }
        Ok(())
    }
}

/// The small files of the control archive, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ControlFiles {
    files: BTreeMap<String, Vec<u8>>,
}

impl ControlFiles {
    /// A set of control files, for callers that hold them from elsewhere.
    pub fn new(files: BTreeMap<String, Vec<u8>>) -> Self {
        Self { files }
    }

    /// A control file's bytes.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(Vec::as_slice)
    }

    /// A control file as text, with U+FFFD for what is not UTF-8.
    pub fn text(&self, name: &str) -> Option<std::borrow::Cow<'_, str>> {
        self.get(name).map(String::from_utf8_lossy)
    }

    /// Every control file's name and bytes, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
    }

    /// The paths listed in `conffiles`; a leading flag such as `remove-on-upgrade` is dropped.
    pub fn conffiles(&self) -> Vec<TreePath> {
        let text = self.text("conffiles").unwrap_or_default();
        let paths = text.lines().filter_map(|line| line.find('/').map(|start| &line[start..]));
        paths.filter_map(|path| TreePath::new(path.trim_end()).ok()).collect()
    }
}

fn inner_archives(file: &mut (impl Read + Seek)) -> Result<(Member, Member), DebError> {
    let members = ar::members(file)?;
    let mut names = BTreeSet::new();
    for member in &members {
        let stem = member.name.split_once(".tar").map_or(member.name.as_str(), |(stem, _)| stem);
        if !names.insert(stem) {
            return Err(DebError::DuplicateMember { member: stem.to_owned() });
        }
    }
    // deb(5): members whose name starts with an underscore may stand between the known ones.
    let mut known = members.into_iter().filter(|member| !member.name.starts_with('_'));
    let version = known.next().filter(|member| member.name == "debian-binary");
    check_version(file, version.ok_or(DebError::MissingMember { member: "debian-binary" })?)?;
    let mut archive = |stem: &str, member: &'static str| {
        let next = known.next().filter(|member| member.name.starts_with(stem));
        next.ok_or(DebError::MissingMember { member })
    };
    Ok((archive("control.tar", "control.tar")?, archive("data.tar", "data.tar")?))
}

fn check_version(file: &mut (impl Read + Seek), member: Member) -> Result<(), DebError> {
    let mut text = String::new();
    let failed = |source| DebError::Member { member: "debian-binary".into(), source };
    file.seek(SeekFrom::Start(member.offset)).map_err(failed)?;
    let read = file.take(member.size.min(64)).read_to_string(&mut text);
    read.map_err(|source| DebError::Member { member: "debian-binary".into(), source })?;
    let version = text.lines().next().unwrap_or_default();
    match version.starts_with("2.") {
        true => Ok(()),
        false => Err(DebError::FormatVersion { version: version.to_owned() }),
    }
}

fn tar_stream<'a>(
    file: &'a mut (impl Read + Seek),
    member: &'a Member,
    limit: u64,
    limits: &Limits,
) -> Result<TarStream<'a>, DebError> {
    let failed = |source| DebError::Member { member: member.name.clone(), source };
    file.seek(SeekFrom::Start(member.offset)).map_err(failed)?;
    let source = BufReader::with_capacity(64 << 10, file.take(member.size));
    let reader = decompressed(&member.name, source, limits)?;
    Ok(TarStream::new(&member.name, reader, limit, limits))
}

fn control_files(
    file: &mut (impl Read + Seek),
    member: &Member,
    limits: &Limits,
) -> Result<ControlFiles, DebError> {
    let mut tar = tar_stream(file, member, limits.control_bytes, limits)?;
    let mut checker = Checker::new(limits);
    let mut files = BTreeMap::new();
    while let Some(header) = tar.next()? {
        let entry = checker.check(&header)?;
        let mut bytes = Vec::new();
        tar.content(header.size, |content| {
            let read = content.read_to_end(&mut bytes);
            read.map(|_| ()).map_err(|source| DebError::Member { member: member.name.clone(), source })
        })?;
        // Control files stand at the top and are plain; dpkg looks at nothing else either.
        let Some(entry) = entry.filter(|entry| entry.kind == super::DebKind::File) else { continue };
        if let (Ok(name), 1) = (std::str::from_utf8(entry.path.as_bytes()), entry.path.components().count()) {
            files.insert(name.to_owned(), bytes);
        }
    }
    Ok(ControlFiles { files })
}

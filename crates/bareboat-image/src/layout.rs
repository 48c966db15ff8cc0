//! OCI image layouts: a directory of blobs and an index of names (OCI image layout specification).

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use bareboat_store::{Digest, DigestReader, Store};

use crate::json;
use crate::output::OutputError;
use crate::{Descriptor, Index, blobs};

/// The annotation that names an image in a layout.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The annotation with the full name that containerd, and Docker on containerd, load an image under.
pub const CONTAINERD_NAME: &str = "io.containerd.image.name";
/// The whole content of the file `oci-layout`.
pub(crate) const MARKER: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;

/// Writes the image or index at `descriptor` from the store into the layout `directory`, under `name`.
///
/// A new layout appears all at once. In an existing one the image takes the place of what had its name (or of what had
/// no name), and everything else stays; readers see the old index or the new one.
pub fn write_layout(
    store: &Store,
    descriptor: &Descriptor,
    name: Option<&str>,
    directory: &Path,
) -> Result<(), OutputError> {
    name.map_or(Ok(()), check_ref_name)?;
    if directory.join("oci-layout").is_file() {
        return add(store, descriptor, name, directory);
    }
    let fail = OutputError::io("create the layout", directory);
    match fs::read_dir(directory).map(|mut entries| entries.next().is_some()) {
        Ok(false) => {}
        Ok(true) => return Err(OutputError::NotEmpty { path: directory.into(), wants_layout: true }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(fail(error)),
    }
    let parent = match directory.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(&fail)?;
    let temporary = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o777))
        .tempdir_in(parent)
        .map_err(&fail)?;
    write_file(temporary.path(), "oci-layout", MARKER.as_bytes())?;
    add(store, descriptor, name, temporary.path())?;
    fs::rename(temporary.path(), directory).map_err(&fail)?;
    // Nothing is left to remove under the old name.
    let _ = temporary.keep();
    Ok(())
}

/// Adds blobs first and the index last.
fn add(store: &Store, descriptor: &Descriptor, name: Option<&str>, layout: &Path) -> Result<(), OutputError> {
    let marker = layout.join("oci-layout");
    let fail = OutputError::io("lock", &marker);
    // Two writers at once would lose one's entry.
    let lock = File::open(&marker).map_err(&fail)?;
    lock.lock().map_err(&fail)?;
    let directory = layout.join("blobs/sha256");
    fs::create_dir_all(&directory).map_err(OutputError::io("create the directory", &directory))?;
    for blob in blobs(store, descriptor)? {
        add_blob(store, &blob, &directory)?;
    }
    let mut index = read_index(layout)?;
    let entry = index_entry(descriptor, name, None);
    index.manifests.retain(|old| old.annotations.get(REF_NAME) != entry.annotations.get(REF_NAME));
    index.manifests.push(entry);
    write_file(layout, "index.json", &index.to_bytes())
}

/// How `index.json` lists an image.
pub(crate) fn index_entry(
    descriptor: &Descriptor,
    name: Option<&str>,
    full_name: Option<String>,
) -> Descriptor {
    let mut entry = descriptor.clone();
    entry.annotations.remove(REF_NAME);
    entry.annotations.extend(name.map(|name| (REF_NAME.to_owned(), name.to_owned())));
    entry.annotations.extend(full_name.map(|name| (CONTAINERD_NAME.to_owned(), name)));
    entry
}

/// A layout's name for an image (image layout specification, "Index.json file", grammar of `ref`).
pub(crate) fn check_ref_name(name: &str) -> Result<(), OutputError> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric();
    let bytes = name.as_bytes();
    let starts_and_ends =
        bytes.first().zip(bytes.last()).is_some_and(|(&first, &last)| is_word(first) && is_word(last));
    match starts_and_ends && bytes.iter().all(|&byte| is_word(byte) || b"-._:@/+[]".contains(&byte)) {
        true => Ok(()),
        false => Err(OutputError::RefName { name: name.to_owned() }),
    }
}

/// Links the blob where the file system can, after checking it; copies it otherwise.
fn add_blob(store: &Store, blob: &Descriptor, directory: &Path) -> Result<(), OutputError> {
    let path = directory.join(blob.digest.hex());
    let fail = OutputError::io("write", &path);
    if is_blob(&path, &blob.digest) {
        return Ok(());
    }
    if store.read_verified_to(&blob.digest, &mut io::sink())? != blob.size {
        return Err(OutputError::Size { digest: blob.digest });
    }
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fail(error)),
        _ => {}
    }
    if fs::hard_link(store.path(&blob.digest), &path).is_ok() {
        return Ok(());
    }
    let mut temporary = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o444))
        .tempfile_in(directory)
        .map_err(&fail)?;
    store.read_verified_to(&blob.digest, &mut temporary)?;
    temporary.persist(&path).map_err(|error| fail(error.error))?;
    Ok(())
}

/// True when the file is there and has this digest.
fn is_blob(path: &Path, digest: &Digest) -> bool {
    let hash = |file: File| {
        let mut reader = DigestReader::new(file);
        io::copy(&mut reader, &mut io::sink()).map(|_| reader.finish().1)
    };
    File::open(path).and_then(hash).is_ok_and(|found| found == *digest)
}

/// Writes a file of the layout so that readers see the old one or the new one.
fn write_file(layout: &Path, name: &str, content: &[u8]) -> Result<(), OutputError> {
    let path = layout.join(name);
    let fail = OutputError::io("write", &path);
    let mut temporary = tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(layout)
        .map_err(&fail)?;
    temporary.write_all(content).map_err(&fail)?;
    temporary.persist(&path).map_err(|error| fail(error.error))?;
    Ok(())
}

fn read_index(layout: &Path) -> Result<Index, OutputError> {
    let path = layout.join("index.json");
    let mut bytes = Vec::new();
    match File::open(&path).and_then(|file| file.take(json::MAX_DOCUMENT + 1).read_to_end(&mut bytes)) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Index::new(Vec::new())),
        Err(error) => return Err(OutputError::io("read", &path)(error)),
    }
    Index::parse(&bytes)
        .map_err(|error| OutputError::Layout { path: layout.into(), reason: error.to_string() })
}

#[cfg(test)]
#[path = "layout_tests.rs"]
mod tests;

//! The pinned `uv`, fetched from the package index by digest.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bareboat_image::TreePath;
use bareboat_store::{Digest, DigestWriter, Fetcher, Request, Store};

use super::find::Uv;
use crate::pypi::error::PypiError;
use crate::pypi::index::SimpleIndex;
use crate::pypi::name::DistributionName;
use crate::wheel::{InstallOptions, VenvLayout, Wheel};

/// The version of `uv` that is fetched when the machine has none.
pub const UV_VERSION: &str = "0.13.9";

/// One platform's pinned wheel and the program in it.
struct PinnedWheel {
    /// As in [`std::env::consts::ARCH`].
    architecture: &'static str,
    file: &'static str,
    size: u64,
    wheel: &'static str,
    program: &'static str,
}

const WHEELS: [PinnedWheel; 2] = [
    PinnedWheel {
        architecture: "x86_64",
        file: "uv-0.13.9-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        size: 17_606_939,
        wheel: "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",
        program: "b73acdf73b96c3ac9e56d2fa933427b3ee6a901e3cce6ba1e3ecb3f91ca0d86a",
    },
    PinnedWheel {
        architecture: "aarch64",
        file: "uv-0.13.9-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl",
        size: 18_026_789,
        wheel: "5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe",
        program: "bbecb5ac518030bb5e84f1999c577228460192832ac24a92bd772735682979f4",
    },
];

/// The pinned `uv` for this machine's `architecture` below `tools`, fetched into `store` first if need be.
///
/// The program is checked against its digest every time: whoever can change the cache must not run code with it.
///
/// # Errors
/// [`PypiError::NoResolver`] when there is none for this machine or the index does not have it; those of fetching.
pub fn fetch_uv(
    index: &SimpleIndex<'_>,
    fetcher: &Fetcher,
    store: &Store,
    tools: &Path,
    architecture: &str,
) -> Result<Uv, PypiError> {
    let none = |why: String| PypiError::NoResolver { why };
    let pinned = WHEELS.iter().find(|wheel| wheel.architecture == architecture);
    let pinned = pinned.ok_or_else(|| none(format!("there is no pinned one for {architecture}")))?;
    let digest = |hex| Digest::from_hex(hex).map_err(|error| none(error.to_string()));
    let (wheel, program) = (digest(pinned.wheel)?, digest(pinned.program)?);
    let path = tools.join(format!("uv-{UV_VERSION}-{architecture}"));
    if digest_of(&path).is_ok_and(|found| found == program) {
        return Ok(Uv { path, version: UV_VERSION.to_owned() });
    }
    if !store.contains(&wheel) {
        let urls = locate(index, &wheel)?;
        let label = format!("uv {UV_VERSION}");
        let request = Request {
            urls,
            digest: Some(wheel),
            size: Some(pinned.size),
            limit: pinned.size,
            label,
            ..Request::default()
        };
        fetcher.fetch(store, &request)?;
    }
    extract(store, &wheel, &program, &path)?;
    Ok(Uv { path, version: UV_VERSION.to_owned() })
}

fn locate(index: &SimpleIndex<'_>, wheel: &Digest) -> Result<Vec<String>, PypiError> {
    let name =
        DistributionName::new("uv").map_err(|error| PypiError::NoResolver { why: error.to_string() })?;
    let page = index.project(&name)?;
    let files = page.map(|page| page.files).unwrap_or_default();
    // An index without digests can only be asked by name; the digest is checked after fetching anyway.
    let by_name = |file: &str| WHEELS.iter().any(|wheel| wheel.file == file);
    let matching = files.into_iter().filter(|file| match file.sha256 {
        Some(sha256) => sha256 == *wheel,
        None => by_name(&file.name),
    });
    let urls: Vec<String> = matching.map(|file| file.url).collect();
    match urls.is_empty() {
        true => {
            Err(PypiError::NoResolver { why: format!("the package index does not list uv {UV_VERSION}") })
        }
        false => Ok(urls),
    }
}

/// Writes the program of the wheel to `path`: whole and checked, or not at all.
fn extract(store: &Store, wheel: &Digest, program: &Digest, path: &Path) -> Result<(), PypiError> {
    let broken = |error: &dyn std::fmt::Display| PypiError::NoResolver {
        why: format!("its wheel is unusable: {error}"),
    };
    let failed = |source| PypiError::Read { file: path.display().to_string(), source };
    let wheel = Wheel::open(store.open_blob(wheel)?).map_err(|error| broken(&error))?;
    let root = TreePath::new("venv").map_err(|error| broken(&error))?;
    let layout = VenvLayout::new(root, (3, 13), "/usr/bin/python3.13").map_err(|error| broken(&error))?;
    let members = wheel.members(&layout, InstallOptions::default()).map_err(|error| broken(&error))?;
    let member = members.iter().find(|member| member.path.as_bytes() == b"venv/bin/uv");
    let member = member.ok_or_else(|| broken(&"it has no program"))?;
    let directory = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    fs::create_dir_all(&directory).map_err(failed)?;
    let file = tempfile::NamedTempFile::new_in(&directory).map_err(failed)?;
    let mut writer = DigestWriter::new(file);
    io::copy(&mut wheel.reader(member), &mut writer).map_err(failed)?;
    let (file, found, _) = writer.finish();
    if found != *program {
        return Err(broken(&format!("the program is {found}, not {program}")));
    }
    file.as_file().set_permissions(fs::Permissions::from_mode(0o755)).map_err(failed)?;
    // Closed before it appears: a program that somebody still writes to cannot be started.
    file.into_temp_path().persist(path).map_err(|error| failed(error.error))
}

fn digest_of(path: &Path) -> io::Result<Digest> {
    let mut writer = DigestWriter::new(io::sink());
    io::copy(&mut fs::File::open(path)?, &mut writer)?;
    Ok(writer.finish().1)
}

//! Makes source distributions as bytes.
//!
//! ```
//! let bytes = bareboat_testkit::sdist::make("shop", "1.0", &[("setup.py", "")]);
//! assert_eq!(bytes[..2], [0x1f, 0x8b]);
//! ```

use std::io::Write;

use crate::deb::TarMaker;

/// `NAME-VERSION.tar.gz`: `files` below `NAME-VERSION/`, with a `PKG-INFO` that tells name and version.
///
/// # Panics
/// Never: writing to memory does not fail.
pub fn make(name: &str, version: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let top = format!("{name}-{version}");
    let info = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
    let mut tar = TarMaker::new().directory(&format!("{top}/"), 0o755);
    tar = tar.file(&format!("{top}/PKG-INFO"), 0o644, info.as_bytes());
    for (path, text) in files {
        tar = tar.file(&format!("{top}/{path}"), 0o644, text.as_bytes());
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar.build()).expect("writing to memory does not fail");
    gzip.finish().expect("writing to memory does not fail")
}

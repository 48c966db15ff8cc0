//! `/var/lib/dpkg/status.d`: which packages are inside, for vulnerability scanners.
//!
//! One file per package with its control stanza, and one with its checksums: the layout that distroless images
//! introduced (PACKAGE_METADATA) and that scanners read. There is no `status` file: dpkg could do nothing here.

use super::Generated;
use super::usr_merge::merged;
use crate::debfile::{Control, ControlFiles};
use bareboat_image::TreePath;

/// The directory, with its parents.
pub fn directories() -> Vec<Generated> {
    const BECAUSE: &str = "the package inventory";
    ["var/lib", "var/lib/dpkg", "var/lib/dpkg/status.d"]
        .map(|path| Generated::directory(path, 0o755, BECAUSE))
        .to_vec()
}

/// The two files of one package.
///
/// The stanza is the package's own, unchanged. The checksums are complete, also for files a slice leaves out, so
/// that they can be compared with the archive's; only their paths follow merged `/usr`.
pub fn generate(control: &Control, files: &ControlFiles) -> Vec<Generated> {
    let stanza = format!("var/lib/dpkg/status.d/{}", control.package());
    let mut generated = vec![Generated::file(&stanza, 0o644, control.text(), "the package's control stanza")];
    if let Some(sums) = files.text("md5sums") {
        let text: String = sums.lines().filter_map(merged_sum).collect();
        generated.push(Generated::file(&format!("{stanza}.md5sums"), 0o644, text, "the package's checksums"));
    }
    generated
}

/// One line, `<32 hex digits>  <path>`, with the path where it lies in a merged tree; `None` for anything else.
fn merged_sum(line: &str) -> Option<String> {
    let (sum, path) = line.split_once("  ")?;
    let is_sum = sum.len() == 32 && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
    let path = TreePath::new(path).ok().filter(|_| is_sum)?;
    Some(format!("{sum}  {}\n", merged(&path).to_str_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn the_stanza_is_verbatim_and_sums_follow_the_merge() {
        let text = "Package: libstdc++6\nVersion: 12.2.0-14\nArchitecture: amd64\nDepends: libc6\n";
        let control = Control::parse(text.as_bytes()).unwrap();
        let sums = "d41d8cd98f00b204e9800998ecf8427e  lib/x86_64-linux-gnu/libz.so.1\n\
                    d41d8cd98f00b204e9800998ecf8427e  usr/share/doc/x\nnonsense\n";
        let files = ControlFiles::new(BTreeMap::from([("md5sums".to_owned(), sums.into())]));
        let generated = generate(&control, &files);
        assert_eq!(generated[0].path.to_string(), "/var/lib/dpkg/status.d/libstdc++6");
        assert_eq!(generated[0].content, text.as_bytes());
        assert_eq!(generated[1].path.to_string(), "/var/lib/dpkg/status.d/libstdc++6.md5sums");
        let sums = String::from_utf8(generated[1].content.clone()).unwrap();
        let paths: Vec<_> = sums.lines().map(|line| &line[34..]).collect();
        assert_eq!(paths, ["usr/lib/x86_64-linux-gnu/libz.so.1", "usr/share/doc/x"]);
    }
}

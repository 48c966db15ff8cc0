//! `/etc/localtime` and `/etc/timezone`: the zone of the image.
//!
//! tzdata ships `/usr/share/zoneinfo/localtime`, a link to `/etc/localtime`, which its script makes.

use bareboat_image::{Kind, Tree, TreePath};

use super::Generated;

/// The zone unless another is asked for.
pub const DEFAULT_ZONE: &str = "Etc/UTC";

/// The link for `zone`, an IANA name such as `Europe/Berlin`, and the file that names it (tzlocal reads that first).
///
/// # Errors
/// A name that is no zone file in `tree`.
pub fn generate(tree: &Tree, zone: &str) -> Result<Vec<Generated>, UnknownZone> {
    let unknown = || UnknownZone { zone: zone.chars().take(80).collect() };
    let plain = zone.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte));
    let path = TreePath::new(format!("usr/share/zoneinfo/{zone}")).map_err(|_| unknown())?;
    let resolved = tree.resolve(&path).and_then(|path| tree.get(&path));
    let is_file =
        resolved.is_some_and(|entry| matches!(entry.kind, Kind::File { .. } | Kind::HardLink { .. }));
    if !plain || !is_file {
        return Err(unknown());
    }
    Ok(vec![
        Generated::symlink("etc/localtime", &format!("../usr/share/zoneinfo/{zone}"), BECAUSE),
        Generated::file("etc/timezone", 0o644, format!("{zone}\n"), BECAUSE),
    ])
}

const BECAUSE: &str = "the system's time zone (replaces tzdata's script)";

/// No such time zone in the image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("time zone `{zone}` is not in the image")]
pub struct UnknownZone {
    /// The name.
    pub zone: String,
}

impl UnknownZone {
    /// What a zone's name looks like.
    pub fn hint(&self) -> Option<String> {
        Some(
            "give an IANA name such as `Europe/Berlin`; `python3 -m zoneinfo` or tzdata's zone.tab list them"
                .into(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bareboat_image::Entry;
    use bareboat_store::Digest;

    #[test]
    fn links_zones_that_exist_and_no_others() {
        let mut tree = Tree::new();
        let zone = TreePath::new("usr/share/zoneinfo/Europe/Berlin").unwrap();
        tree.insert(zone.clone(), Entry::file(Digest::of(b"TZif"), 4, 0o644));
        for file in generate(&tree, "Europe/Berlin").unwrap() {
            tree.insert(file.path, file.entry);
        }
        assert_eq!(tree.resolve(&TreePath::new("etc/localtime").unwrap()), Some(zone));
        for name in ["Europe", "Mars/Base", "../x", "", "Europe/Berlin\n"] {
            assert!(generate(&tree, name).is_err(), "{name}");
        }
    }
}

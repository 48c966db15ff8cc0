//! Paths inside an image: relative, normalised, never escaping.

use std::fmt;
use std::ops::Bound;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A path inside a tree, without leading `/`, empty, `.` or `..` components; the root is the empty path.
///
/// Ordered by bytes. Components are bytes without `/` and NUL; most are UTF-8, but Linux does not promise it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TreePath(Vec<u8>);

impl TreePath {
    /// The root directory.
    pub const ROOT: TreePath = TreePath(Vec::new());

    /// Normalises `path` (leading and doubled slashes and `.` components are dropped).
    ///
    /// # Errors
    /// A `..` component or a NUL byte: an archive that holds one is hostile or broken.
    pub fn new(path: impl AsRef<[u8]>) -> Result<Self, PathError> {
        let raw = path.as_ref();
        let mut normal = Vec::with_capacity(raw.len());
        for component in raw.split(|&byte| byte == b'/') {
            match component {
                b"" | b"." => continue,
                b".." => return Err(PathError::Parent { path: lossy(raw) }),
                _ if component.contains(&0) => return Err(PathError::Nul { path: lossy(raw) }),
                _ => {}
            }
            if !normal.is_empty() {
                normal.push(b'/');
            }
            normal.extend_from_slice(component);
        }
        Ok(Self(normal))
    }

    /// The path's bytes, without leading slash.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path as text, with U+FFFD for bytes that are not UTF-8, without leading slash.
    pub fn to_str_lossy(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// True for the root directory.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The containing directory; `None` for the root.
    pub fn parent(&self) -> Option<TreePath> {
        if self.is_root() {
            return None;
        }
        let end = self.0.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
        Some(Self(self.0[..end].to_vec()))
    }

    /// The last component; empty for the root.
    pub fn file_name(&self) -> &[u8] {
        self.0.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
    }

    /// This path with `tail` below it.
    ///
    /// # Errors
    /// As [`TreePath::new`] for `tail`.
    pub fn join(&self, tail: impl AsRef<[u8]>) -> Result<Self, PathError> {
        let tail = Self::new(tail)?;
        Ok(match (self.is_root(), tail.is_root()) {
            (true, _) => tail,
            (_, true) => self.clone(),
            _ => Self([&self.0[..], b"/", &tail.0].concat()),
        })
    }

    /// What remains of this path below `directory`; `None` when it is not below it.
    pub fn strip_prefix(&self, directory: &TreePath) -> Option<TreePath> {
        if directory.is_root() {
            return Some(self.clone());
        }
        let rest = self.0.strip_prefix(&directory.0[..])?;
        match rest.first() {
            None => Some(Self::ROOT),
            Some(b'/') => Some(Self(rest[1..].to_vec())),
            Some(_) => None,
        }
    }

    /// True when this path is `directory` or below it.
    pub fn starts_with(&self, directory: &TreePath) -> bool {
        directory.is_root()
            || self
                .0
                .strip_prefix(&directory.0[..])
                .is_some_and(|rest| matches!(rest.first(), None | Some(b'/')))
    }

    /// Bounds of exactly the paths strictly below this one, for ranges of ordered collections.
    ///
    /// The bounds are not paths themselves: `a/` and `a0`, the slash being the byte before `0`.
    pub(crate) fn below(&self) -> (Bound<TreePath>, Bound<TreePath>) {
        if self.is_root() {
            return (Bound::Excluded(Self::ROOT), Bound::Unbounded);
        }
        let with = |byte: u8| Self([&self.0[..], &[byte]].concat());
        (Bound::Included(with(b'/')), Bound::Excluded(with(b'/' + 1)))
    }

    /// The components, first to last.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.0.split(|&byte| byte == b'/').filter(|component| !component.is_empty())
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(300).collect()
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.to_str_lossy())
    }
}

impl fmt::Debug for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Text as it is. Bytes that are not UTF-8 become U+0000, which no path has, and their hex digits: a key of a JSON
/// object must be text.
impl Serialize for TreePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => {
                let hex: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
                serializer.serialize_str(&format!("\0{hex}"))
            }
        }
    }
}

impl<'de> Deserialize<'de> for TreePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let text = String::deserialize(deserializer)?;
        let Some(hex) = text.strip_prefix('\0') else { return Self::new(&text).map_err(D::Error::custom) };
        let digits: Option<Vec<u8>> =
            hex.chars().map(|digit| digit.to_digit(16).map(|value| value as u8)).collect();
        match digits {
            Some(digits) if digits.len() % 2 == 0 => {
                let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
                Self::new(bytes).map_err(D::Error::custom)
            }
            _ => Err(D::Error::custom("a path is not written in pairs of hex digits")),
        }
    }
}

/// Why bytes are not a path inside a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// A `..` component.
    #[error("path `{path}` leaves the tree: it has a `..` component")]
    Parent {
        /// The path as found.
        path: String,
    },
    /// A NUL byte.
    #[error("path `{path}` has a NUL byte")]
    Nul {
        /// The path as found.
        path: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> TreePath {
        TreePath::new(text).unwrap()
    }

    #[test]
    fn normalises_slashes_and_dots() {
        assert_eq!(path("/usr//lib/./x/").as_bytes(), b"usr/lib/x");
        assert_eq!(path("./"), TreePath::ROOT);
    }

    #[test]
    fn refuses_parents_and_nul() {
        assert!(TreePath::new("a/../b").is_err());
        assert!(TreePath::new("a\0b").is_err());
        assert!(path("a").join("..").is_err());
    }

    #[test]
    fn knows_its_relatives() {
        assert_eq!(path("a/b").parent(), Some(path("a")));
        assert_eq!(path("a").parent(), Some(TreePath::ROOT));
        assert_eq!(TreePath::ROOT.parent(), None);
        assert_eq!(path("a/b").file_name(), b"b");
        assert!(path("a/b").starts_with(&path("a")) && !path("ab").starts_with(&path("a")));
        assert_eq!(path("a/b/c").strip_prefix(&path("a")), Some(path("b/c")));
        assert_eq!(TreePath::ROOT.join("x").unwrap(), path("x"));
    }

    #[test]
    fn survives_json_whatever_its_bytes_also_as_a_key() {
        for bytes in [&b"usr/lib"[..], b"caf\xe9", b""] {
            let path = TreePath::new(bytes).unwrap();
            let json = serde_json::to_string(&path).unwrap();
            assert_eq!(serde_json::from_str::<TreePath>(&json).unwrap(), path);
            let map = std::collections::BTreeMap::from([(path, 1)]);
            let json = serde_json::to_string(&map).unwrap();
            assert_eq!(
                serde_json::from_str::<std::collections::BTreeMap<TreePath, i32>>(&json).unwrap(),
                map
            );
        }
        for json in [r#""a/../b""#, r#""\u00006""#, r#""\u0000zz""#, "[1]"] {
            assert!(serde_json::from_str::<TreePath>(json).is_err(), "{json}");
        }
    }
}

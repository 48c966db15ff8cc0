//! Paths on the stack.

use std::ffi::CStr;

use rustix::io::Errno;

/// Bytes of the longest path, with its end: the kernel's PATH_MAX.
pub(crate) const PATH_SPACE: usize = 4096;

/// An absolute path, made without allocation.
pub(super) struct StackPath {
    bytes: [u8; PATH_SPACE],
    length: usize,
}

impl StackPath {
    /// The path with these bytes.
    pub(super) fn new(path: &[u8]) -> Result<Self, Errno> {
        let mut new = Self { bytes: [0; PATH_SPACE], length: 0 };
        new.append(path)?;
        Ok(new)
    }

    /// Adds bytes at the end.
    pub(super) fn append(&mut self, more: &[u8]) -> Result<(), Errno> {
        let end = self.length + more.len();
        // One byte stays for the end mark.
        if end >= PATH_SPACE {
            return Err(Errno::NAMETOOLONG);
        }
        self.bytes[self.length..end].copy_from_slice(more);
        self.length = end;
        self.bytes[end] = 0;
        Ok(())
    }

    /// Adds a number at the end.
    pub(super) fn append_number(&mut self, number: u32) -> Result<(), Errno> {
        let mut digits = [0; 10];
        let mut start = digits.len();
        let mut rest = number;
        loop {
            start -= 1;
            digits[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                return self.append(&digits[start..]);
            }
        }
    }

    /// Keeps only the first `length` bytes.
    pub(super) fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
        self.bytes[self.length] = 0;
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    pub(super) fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or(c"/")
    }
}

/// The lengths of a path's ancestors, shortest first, the path itself last: 2, 6, 10 for `/a/bcd/efg`... without
/// the root.
pub(super) fn prefixes(path: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let ends_component = |&index: &usize| index > 1 && (index == path.len() || path[index] == b'/');
    (1..=path.len()).filter(ends_component)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_the_ancestors_of_a_path() {
        let path = b"/a/bcd/efg";
        let found: Vec<_> = prefixes(path).map(|end| std::str::from_utf8(&path[..end]).unwrap()).collect();
        assert_eq!(found, ["/a", "/a/bcd", "/a/bcd/efg"]);
        assert_eq!(prefixes(b"/").count(), 0);
    }

    #[test]
    fn puts_paths_and_numbers_together_within_their_space() {
        let mut path = StackPath::new(b"/proc/self/fd/").unwrap();
        path.append_number(4_294_967_295).unwrap();
        assert_eq!(path.as_c_str(), c"/proc/self/fd/4294967295");
        path.truncate(5);
        assert_eq!(path.as_c_str(), c"/proc");
        assert_eq!(path.append(&[b'x'; PATH_SPACE]), Err(Errno::NAMETOOLONG));
        assert_eq!(path.as_bytes(), b"/proc");
    }
}

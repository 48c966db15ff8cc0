//! A tree as text: what tests compare, people read, and digests are made of.

use bareboat_store::Digest;

use crate::{Entry, Kind, Tree};

impl Tree {
    /// One line per path, in path order: kind and permissions as `ls` shows them, owner, path, and what else the kind
    /// has. Different trees have different dumps.
    ///
    /// ```text
    /// drwxr-xr-x 0:0 /etc
    /// -rw-r--r-- 0:0 /etc/hostname 5 sha256:66a045b452102c59d840ec097d59d9467e13a3f34f6494e539ffd32c1bb35f18
    /// lrwxrwxrwx 0:0 /etc/mtab -> /proc/mounts
    /// hrw-r--r-- 0:0 /etc/name => /etc/hostname
    /// crw-rw-rw- 0:0 /dev/null 1,3
    /// -rwxr-xr-x 0:0 /bin/ping 3 sha256:… security.capability=0100000200200000
    /// ```
    pub fn dump(&self) -> String {
        let mut text = String::new();
        for (path, entry) in &self.entries {
            text.push_str(&permissions(entry));
            text.push_str(&format!(" {}:{} /", entry.owner.uid, entry.owner.gid));
            escape(&mut text, path.as_bytes());
            match &entry.kind {
                Kind::Directory | Kind::Fifo => {}
                Kind::File { digest, size } => text.push_str(&format!(" {size} {digest}")),
                Kind::Symlink { target } => {
                    text.push_str(" -> ");
                    escape(&mut text, target.as_bytes());
                }
                Kind::HardLink { target } => {
                    text.push_str(" => /");
                    escape(&mut text, target.as_bytes());
                }
                Kind::CharDevice { major, minor } | Kind::BlockDevice { major, minor } => {
                    text.push_str(&format!(" {major},{minor}"));
                }
            }
            for (name, value) in &entry.xattrs {
                text.push(' ');
                escape(&mut text, name.as_bytes());
                text.push('=');
                value.iter().for_each(|byte| text.push_str(&format!("{byte:02x}")));
            }
            text.push('\n');
        }
        text
    }

    /// The digest of the dump: equal exactly for equal trees.
    pub fn digest(&self) -> Digest {
        Digest::of(self.dump())
    }
}

/// Kind and permission bits, ten characters.
fn permissions(entry: &Entry) -> String {
    let mut text = String::with_capacity(10);
    text.push(match entry.kind {
        Kind::Directory => 'd',
        Kind::File { .. } => '-',
        Kind::Symlink { .. } => 'l',
        Kind::HardLink { .. } => 'h',
        Kind::Fifo => 'p',
        Kind::CharDevice { .. } => 'c',
        Kind::BlockDevice { .. } => 'b',
    });
    for (shift, special, letters) in
        [(6, 0o4000, ['s', 'S']), (3, 0o2000, ['s', 'S']), (0, 0o1000, ['t', 'T'])]
    {
        let bits = entry.mode >> shift & 7;
        text.push(if bits & 4 != 0 { 'r' } else { '-' });
        text.push(if bits & 2 != 0 { 'w' } else { '-' });
        text.push(match (bits & 1 != 0, entry.mode & special != 0) {
            (true, false) => 'x',
            (false, false) => '-',
            (true, true) => letters[0],
            (false, true) => letters[1],
        });
    }
    text
}

/// Spaces, backslashes, control characters and what is not UTF-8 as `\xNN`.
fn escape(text: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                ' ' | '\\' => text.push_str(&format!("\\x{:02x}", character as u32)),
                _ if character.is_control() => {
                    let mut buffer = [0; 4];
                    let encoded = character.encode_utf8(&mut buffer);
                    encoded.bytes().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
                }
                _ => text.push(character),
            }
        }
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Owner, TreePath};

    #[test]
    fn shows_every_kind_and_escapes_what_could_mislead() {
        let mut tree = Tree::new();
        let mut add = |path: &[u8], entry: Entry| drop(tree.insert(TreePath::new(path).unwrap(), entry));
        let of = |kind, mode| Entry { kind, ..Entry::directory(mode) };
        add(b"", Entry::directory(0o1777));
        let mut file = Entry::file(Digest::of(b"x"), 1, 0o4711);
        file.owner = Owner { uid: 1, gid: 2 };
        file.xattrs.insert("user.a b".into(), vec![0, 255]);
        add(b"a b\n\\", file);
        add(b"caf\xc3\xa9", Entry::symlink("x y"));
        add(b"caf\xe9", of(Kind::HardLink { target: TreePath::new("a b").unwrap() }, 0o2640));
        add(b"null", of(Kind::CharDevice { major: 1, minor: 3 }, 0o666));
        add(b"pipe", of(Kind::Fifo, 0));
        let digest = Digest::of(b"x");
        let expected = format!(
            "drwxrwxrwt 0:0 /\n\
             -rws--x--x 1:2 /a\\x20b\\x0a\\x5c 1 {digest} user.a\\x20b=00ff\n\
             lrwxrwxrwx 0:0 /caf\u{e9} -> x\\x20y\n\
             hrw-r-S--- 0:0 /caf\\xe9 => /a\\x20b\n\
             crw-rw-rw- 0:0 /null 1,3\n\
             p--------- 0:0 /pipe\n"
        );
        assert_eq!(tree.dump(), expected);
        assert_ne!(tree.digest(), Tree::new().digest());
    }
}

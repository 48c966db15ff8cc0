//! `/etc/nsswitch.conf` (nsswitch.conf(5)): files and DNS, the only sources a minimal image has.

use super::Generated;

/// The file. Debian's default also names `db` and `nis`, whose modules are not in the image.
pub fn generate() -> Generated {
    Generated::file("etc/nsswitch.conf", 0o644, TEXT, "name lookups (replaces libc-bin's copy)")
}

const TEXT: &str = "\
passwd:    files
group:     files
shadow:    files
gshadow:   files
hosts:     files dns
networks:  files
protocols: files
services:  files
ethers:    files
rpc:       files
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_come_from_files_then_dns() {
        let text = String::from_utf8(generate().content).unwrap();
        assert!(text.lines().any(|line| line.split_whitespace().eq(["hosts:", "files", "dns"])));
    }
}

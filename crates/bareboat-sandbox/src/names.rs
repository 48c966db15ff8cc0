//! `/etc/hostname`, `/etc/hosts` and `/etc/resolv.conf` for a sandbox, as container engines provide them.

use std::fs;
use std::io::Read;
use std::net::IpAddr;

use crate::mount::Mount;
use crate::sandbox::Network;

/// The three files, for a host name, a network and further hosts.
///
/// With the host's network, the host's own files are copied: what resolves outside resolves inside. Without a
/// network only the names of the sandbox itself resolve.
pub fn name_files(hostname: &str, network: Network, hosts: &[(String, IpAddr)]) -> Vec<Mount> {
    let (outer_hosts, resolver) = match network {
        Network::Host => (read("/etc/hosts"), read("/etc/resolv.conf")),
        Network::None => (Vec::new(), Vec::new()),
    };
    vec![
        Mount::file("/etc/hostname", format!("{hostname}\n")),
        Mount::file("/etc/hosts", hosts_file(hostname, outer_hosts, hosts)),
        Mount::file("/etc/resolv.conf", resolver),
    ]
}

fn hosts_file(hostname: &str, outer: Vec<u8>, hosts: &[(String, IpAddr)]) -> Vec<u8> {
    let mut text = outer;
    if text.is_empty() {
        text = b"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n".to_vec();
    }
    if !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    if !names(&text).any(|name| name == hostname.as_bytes()) {
        text.extend_from_slice(format!("127.0.0.1\t{hostname}\n").as_bytes());
    }
    for (name, address) in hosts {
        text.extend_from_slice(format!("{address}\t{name}\n").as_bytes());
    }
    text
}

/// All names in a hosts file, hosts(5).
fn names(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b'\n').flat_map(|line| {
        let entry = line.split(|&byte| byte == b'#').next().unwrap_or_default();
        entry.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).skip(1)
    })
}

/// At most a megabyte of a file; nothing when it cannot be read.
fn read(path: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(file) = fs::File::open(path) {
        let _ = file.take(1 << 20).read_to_end(&mut bytes);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_network_only_own_names_resolve() {
        let extra = ("db".to_owned(), "10.0.0.7".parse().unwrap());
        let files = name_files("web", Network::None, &[extra]);
        assert_eq!(files[0], Mount::file("/etc/hostname", "web\n"));
        let expected =
            "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n127.0.0.1\tweb\n10.0.0.7\tdb\n";
        assert_eq!(files[1], Mount::file("/etc/hosts", expected));
        assert_eq!(files[2], Mount::file("/etc/resolv.conf", ""));
    }

    #[test]
    fn the_hosts_own_entries_stay_first_and_are_not_doubled() {
        let outer = b"127.0.0.1 localhost web # web2\n10.1.1.1 other".to_vec();
        assert_eq!(
            hosts_file("web", outer.clone(), &[]),
            b"127.0.0.1 localhost web # web2\n10.1.1.1 other\n"
        );
        assert!(hosts_file("web2", outer, &[]).ends_with(b"other\n127.0.0.1\tweb2\n"));
    }
}

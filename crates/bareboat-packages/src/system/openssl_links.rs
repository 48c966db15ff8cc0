//! `/usr/lib/ssl`: where Debian's OpenSSL looks for certificates on its own (its `OPENSSLDIR`).
//!
//! The links are in the package `openssl`, not in the library's. Without them Python's default TLS context loads no
//! authority at all unless `SSL_CERT_FILE` happens to be set; with them it loads every one.

use bareboat_image::{Tree, TreePath};

use super::Generated;

/// The links; none where `tree` already has the package's own.
pub fn generate(tree: &Tree) -> Vec<Generated> {
    let own = TreePath::new("usr/lib/ssl/cert.pem").unwrap_or_default();
    if tree.get(&own).is_some() {
        return Vec::new();
    }
    vec![
        Generated::directory("usr/lib/ssl", 0o755, BECAUSE),
        Generated::symlink("usr/lib/ssl/cert.pem", "/etc/ssl/certs/ca-certificates.crt", BECAUSE),
        Generated::symlink("usr/lib/ssl/certs", "/etc/ssl/certs", BECAUSE),
    ]
}

const BECAUSE: &str = "OpenSSL's own certificate path (from the package openssl)";

#[cfg(test)]
mod tests {
    use super::*;
    use bareboat_image::Entry;

    #[test]
    fn leads_to_the_bundle_and_leaves_the_package_its_own() {
        let mut tree = Tree::new();
        tree.insert(TreePath::new("etc/ssl/certs/ca-certificates.crt").unwrap(), Entry::directory(0o644));
        for link in generate(&tree) {
            tree.insert(link.path, link.entry);
        }
        let end = tree.resolve(&TreePath::new("usr/lib/ssl/cert.pem").unwrap());
        assert_eq!(end.unwrap().to_string(), "/etc/ssl/certs/ca-certificates.crt");
        assert!(generate(&tree).is_empty());
    }
}

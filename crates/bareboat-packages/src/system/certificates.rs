//! `/etc/ssl/certs/ca-certificates.crt`: every certificate authority in one file.
//!
//! What `update-ca-certificates` makes, without its hash links: OpenSSL finds the bundle through
//! [`super::openssl_links`].

use std::collections::BTreeMap;

use bareboat_image::TreePath;

use super::Generated;

/// The bundle's path.
pub const BUNDLE: &str = "etc/ssl/certs/ca-certificates.crt";

/// True for a file whose content belongs in the bundle: Debian's own authorities and those put in the place meant
/// for local ones. Such a file is read even when the slice leaves it out of the image.
pub fn is_source(path: &TreePath) -> bool {
    let roots = ["usr/share/ca-certificates/", "usr/local/share/ca-certificates/"];
    path.as_bytes().ends_with(b".crt")
        && roots.iter().any(|root| path.as_bytes().starts_with(root.as_bytes()))
}

/// The bundle of `sources` (paths for which [`is_source`] holds, with their content), in path order, and its directory.
/// `extra` certificates, such as a company's own, follow in the order given.
///
/// Files without a PEM certificate are refused rather than copied: one stray byte hides all that follow.
///
/// # Errors
/// A source without `-----BEGIN CERTIFICATE-----`, or one that is not text.
pub fn generate(
    sources: &BTreeMap<TreePath, Vec<u8>>,
    extra: &[(String, Vec<u8>)],
) -> Result<Vec<Generated>, CertificateError> {
    let named = sources.iter().map(|(path, content)| (path.to_string(), content));
    let extra = extra.iter().map(|(name, content)| (name.clone(), content));
    let mut bundle = String::new();
    for (name, content) in named.chain(extra) {
        let text =
            std::str::from_utf8(content).ok().filter(|text| text.contains(BEGIN) && text.contains(END));
        let Some(text) = text else {
            return Err(CertificateError { name });
        };
        bundle.push_str(text);
        if !text.ends_with('\n') {
            bundle.push('\n');
        }
    }
    Ok(vec![
        Generated::directory("etc/ssl", 0o755, BECAUSE),
        Generated::directory("etc/ssl/certs", 0o755, BECAUSE),
        Generated::file(BUNDLE, 0o644, bundle, BECAUSE),
    ])
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
const BECAUSE: &str = "certificate authorities (replaces update-ca-certificates)";

/// A file that should be a certificate and is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` holds no PEM certificate")]
pub struct CertificateError {
    /// The file.
    pub name: String,
}

impl CertificateError {
    /// How to make one.
    pub fn hint(&self) -> Option<String> {
        Some(format!("convert it: `openssl x509 -inform der -in {0} -out {0}.pem`", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(body: &str) -> Vec<u8> {
        format!("{BEGIN}\n{body}\n{END}").into_bytes()
    }

    #[test]
    fn joins_in_path_order_with_final_newlines() {
        let path = |name: &str| TreePath::new(format!("usr/share/ca-certificates/mozilla/{name}")).unwrap();
        let sources = BTreeMap::from([(path("b.crt"), certificate("B")), (path("a.crt"), certificate("A"))]);
        let files = generate(&sources, &[("company.pem".into(), certificate("C"))]).unwrap();
        let text = String::from_utf8(files[2].content.clone()).unwrap();
        let bodies: Vec<_> = text.lines().filter(|line| line.len() == 1).collect();
        assert_eq!(bodies, ["A", "B", "C"]);
        assert!(text.ends_with("-----\n") && !text.contains("----------"));
    }

    #[test]
    fn refuses_what_is_no_certificate() {
        let error = generate(&BTreeMap::new(), &[("x.der".into(), vec![0x30, 0x82])]).unwrap_err();
        assert_eq!(error.to_string(), "`x.der` holds no PEM certificate");
    }

    #[test]
    fn only_crt_files_in_the_two_places_are_sources() {
        let is = |path: &str| is_source(&TreePath::new(path).unwrap());
        assert!(is("usr/share/ca-certificates/mozilla/ISRG_Root_X1.crt"));
        assert!(is("usr/local/share/ca-certificates/own.crt"));
        assert!(!is("usr/share/doc/ca-certificates/x.crt") && !is("usr/share/ca-certificates/README"));
    }
}

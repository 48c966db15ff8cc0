//! The OpenPGP keys that may sign a suite, and whether one of them may sign now.
//!
//! The keys are Debian's own, embedded (`data/debian-archive-keyring.pgp`, with its origin beside it). What
//! each may sign is fixed here by fingerprint, so that a key for one archive never vouches for the other.

use pgp::composed::{Deserializable, SignedPublicKey, SignedPublicSubKey};
use pgp::packet::Signature;
use pgp::types::{Fingerprint, KeyDetails};

use super::archive_date::ArchiveDate;
use super::debian_release::SuiteRole;
use super::key_standing::{KeyFault, names, primary_standing, subkey_standing};

/// Public keys with what each may sign.
#[derive(Debug, Clone)]
pub struct Keyring {
    certificates: Vec<Certificate>,
}

/// A public key with its subkeys.
#[derive(Debug, Clone)]
struct Certificate {
    key: SignedPublicKey,
    roles: &'static [SuiteRole],
}

/// A primary key or subkey that a signature can come from.
pub(super) struct SigningKey<'a> {
    certificate: &'a Certificate,
    subkey: Option<&'a SignedPublicSubKey>,
}

impl Keyring {
    /// Debian's archive keys.
    pub fn debian() -> Self {
        let mut keyring =
            Self::parse(DEBIAN_KEYS).expect("the embedded keyring is well-formed, as its test shows");
        for certificate in &mut keyring.certificates {
            let fingerprint = hex(&certificate.key.fingerprint());
            certificate.roles =
                KEYS.iter().find(|(known, _)| *known == fingerprint).map_or(&[][..], |(_, roles)| *roles);
        }
        keyring
    }

    /// Keys from a file, armoured or binary; each may sign every suite. For archives that sign with their own
    /// key.
    ///
    /// # Errors
    /// Text that is no OpenPGP keyring, or holds no key.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyringError> {
        let unreadable = |error: pgp::errors::Error| KeyringError::Unreadable { reason: error.to_string() };
        let keys: Vec<SignedPublicKey> = if bytes.starts_with(b"-----") {
            SignedPublicKey::from_armor_many(bytes).map_err(unreadable)?.0.collect::<Result<_, _>>()
        } else {
            SignedPublicKey::from_bytes_many(bytes).map_err(unreadable)?.collect::<Result<_, _>>()
        }
        .map_err(unreadable)?;
        if keys.is_empty() {
            return Err(KeyringError::Empty);
        }
        let certificates = keys.into_iter().map(|key| Certificate { key, roles: ALL_ROLES }).collect();
        Ok(Self { certificates })
    }

    /// Fingerprints of the primary keys, upper-case hex.
    pub fn fingerprints(&self) -> Vec<String> {
        self.certificates.iter().map(|certificate| hex(&certificate.key.fingerprint())).collect()
    }

    /// The key that `signature` says it comes from, if it is here.
    pub(super) fn issuer(&self, signature: &Signature) -> Option<SigningKey<'_>> {
        self.certificates.iter().find_map(|certificate| {
            if names(signature, &certificate.key.primary_key) {
                return Some(SigningKey { certificate, subkey: None });
            }
            let subkey =
                certificate.key.public_subkeys.iter().find(|subkey| names(signature, &subkey.key))?;
            Some(SigningKey { certificate, subkey: Some(subkey) })
        })
    }
}

impl SigningKey<'_> {
    /// Fingerprint, upper-case hex.
    pub fn fingerprint(&self) -> String {
        hex(&match self.subkey {
            Some(subkey) => subkey.key.fingerprint(),
            None => self.certificate.key.primary_key.fingerprint(),
        })
    }

    /// Checks `signature` over `data` with this key: the arithmetic only.
    pub fn verifies(&self, signature: &Signature, data: &[u8]) -> bool {
        match self.subkey {
            Some(subkey) => signature.verify(&subkey.key, data).is_ok(),
            None => signature.verify(&self.certificate.key.primary_key, data).is_ok(),
        }
    }

    /// Checks that this key could sign a suite of `role` at `made` and can still be believed at `now`.
    pub fn check(&self, role: SuiteRole, made: ArchiveDate, now: ArchiveDate) -> Result<(), KeyFault> {
        if !self.certificate.roles.contains(&role) {
            return Err(KeyFault::NotForThisSuite);
        }
        let primary = &self.certificate.key.primary_key;
        let standing = primary_standing(&self.certificate.key, now)?;
        standing.check(primary, made, now)?;
        match self.subkey {
            None => standing.signs.then_some(()).ok_or(KeyFault::NotForSigning),
            Some(subkey) => {
                let standing = subkey_standing(primary, subkey, now)?;
                standing.check(&subkey.key, made, now)?;
                standing.signs.then_some(()).ok_or(KeyFault::NotForSigning)
            }
        }
    }
}

fn hex(fingerprint: &Fingerprint) -> String {
    format!("{fingerprint:X}")
}

/// Why bytes are no keyring.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// Not OpenPGP keys.
    #[error("cannot read the keyring: {reason}")]
    Unreadable {
        /// What the parser says.
        reason: String,
    },
    /// No key in it.
    #[error("the keyring holds no key")]
    Empty,
}

const DEBIAN_KEYS: &[u8] = include_bytes!("../../data/debian-archive-keyring.pgp");
const ALL_ROLES: &[SuiteRole] = &[SuiteRole::Base, SuiteRole::Updates, SuiteRole::Security];
const ARCHIVE: &[SuiteRole] = &[SuiteRole::Base, SuiteRole::Updates];
const STABLE: &[SuiteRole] = &[SuiteRole::Base];
const SECURITY: &[SuiteRole] = &[SuiteRole::Security];

/// What each embedded key may sign. Debian signs a suite with the keys of two releases, so the release is not
/// part of it.
const KEYS: [(&str, &[SuiteRole]); 9] = [
    ("1F89983E0081FDE018F3CC9673A4F27B8DD47936", ARCHIVE), // Archive Automatic Signing Key (11/bullseye)
    ("B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8", ARCHIVE), // … (12/bookworm)
    ("04B54C3CDCA79751B16BC6B5225629DF75B188BD", ARCHIVE), // … (13/trixie)
    ("AC530D520F2F3269F5E98313A48449044AAD5C5D", SECURITY), // Security Archive Automatic Signing Key (11/bullseye)
    ("05AB90340C0C5E797F44A8C8254CF3B5AEC0A8F0", SECURITY), // … (12/bookworm)
    ("5E04A1E3223A19A20706E20F9904613D4CCE68C6", SECURITY), // … (13/trixie)
    ("A4285295FC7B1A81600062A9605C66F00D6C9793", STABLE),   // Stable Release Key (11/bullseye)
    ("4D64FEC119C2029067D6E791F8D2585B8783D481", STABLE),   // … (12/bookworm)
    ("41587F7DB8C774BCCF131416762F67A0B2C39DE4", STABLE),   // … (13/trixie)
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embeds_exactly_the_keys_it_lists() {
        let mut embedded = Keyring::debian().fingerprints();
        embedded.sort();
        let mut listed: Vec<_> = KEYS.iter().map(|(fingerprint, _)| (*fingerprint).to_owned()).collect();
        listed.sort();
        assert_eq!(embedded, listed);
    }

    #[test]
    fn every_embedded_key_could_sign_while_it_lives() {
        let now: ArchiveDate = "2026-11-21T00:00:00Z".parse().unwrap();
        for certificate in &Keyring::debian().certificates {
            let subkeys = certificate.key.public_subkeys.iter().map(Some);
            for subkey in subkeys.chain([None]) {
                let key = SigningKey { certificate, subkey };
                assert_eq!(key.check(certificate.roles[0], now, now), Ok(()), "{}", key.fingerprint());
                let late: ArchiveDate = "2036-01-01T00:00:00Z".parse().unwrap();
                let verdict = key.check(certificate.roles[0], now, late);
                assert!(matches!(verdict, Err(KeyFault::Expired { .. })), "{}", key.fingerprint());
            }
        }
    }

    #[test]
    fn refuses_what_is_no_keyring() {
        assert!(Keyring::parse(b"").is_err());
        assert!(Keyring::parse(b"hello").is_err());
        assert!(Keyring::parse(b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n").is_err());
        assert!(Keyring::parse(&DEBIAN_KEYS[..1000]).is_err());
    }
}

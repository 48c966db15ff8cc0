//! Whether a key is alive and meant for signing, from its self-signatures.
//!
//! Follows RFC 9580: sections 5.2.3.10 (key flags), 5.2.3.13 (expiry), 5.2.1.8 and 5.2.1.11 (bindings), 5.2.1.12
//! and following (revocations). Stricter where it leaves a choice: any valid revocation counts, whatever its
//! reason and date.

use pgp::composed::{SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{PublicKey, PublicSubkey, Signature, SignatureType, SubpacketData};
use pgp::types::{KeyDetails, Tag};

use super::archive_date::ArchiveDate;
use super::release_file::CLOCK_SKEW;

/// What is wrong with a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// It may not sign this kind of suite.
    #[error("it may not sign this suite")]
    NotForThisSuite,
    /// Its owner withdrew it.
    #[error("it is revoked")]
    Revoked,
    /// Its time has passed.
    #[error("it expired {at}")]
    Expired {
        /// When.
        at: ArchiveDate,
    },
    /// It is younger than what it signed.
    #[error("it was made {at}, after the signature")]
    TooYoung {
        /// When it was made.
        at: ArchiveDate,
    },
    /// No valid self-signature says what it is for.
    #[error("no valid self-signature binds it")]
    Unbound,
    /// Its owner did not mean it to sign data.
    #[error("it is not meant for signing")]
    NotForSigning,
}

/// A fingerprint decides when there is one; a bare key id is only a hint, as 64 bits can be made to collide.
pub(super) fn names(signature: &Signature, key: &impl KeyDetails) -> bool {
    let fingerprints = signature.issuer_fingerprint();
    if fingerprints.is_empty() {
        return signature.issuer_key_id().contains(&&key.legacy_key_id());
    }
    fingerprints.contains(&&key.fingerprint())
}

/// What a key's newest valid self-signature says of it.
pub(super) struct Standing {
    /// True when the key is meant to sign data.
    pub signs: bool,
    /// Seconds after its creation; `None` for never.
    lives: Option<u64>,
}

impl Standing {
    fn of(signature: &Signature) -> Self {
        let lives =
            signature.key_expiration_time().map(|time| u64::from(time.as_secs())).filter(|&time| time > 0);
        Self { signs: signature.key_flags().sign(), lives }
    }

    /// Checks that `key` was there when it signed at `made`, and is alive at `now`.
    pub fn check(&self, key: &impl KeyDetails, made: ArchiveDate, now: ArchiveDate) -> Result<(), KeyFault> {
        let created = u64::from(key.created_at().as_secs());
        if made.unix() < created {
            return Err(KeyFault::TooYoung { at: ArchiveDate::from_unix(created) });
        }
        match self.lives {
            Some(lives) if created + lives <= now.unix() => {
                Err(KeyFault::Expired { at: ArchiveDate::from_unix(created + lives) })
            }
            _ => Ok(()),
        }
    }
}

/// What a primary key's self-signatures say. The newest one with key flags decides; a direct-key signature
/// without flags only names revokers.
///
/// # Errors
/// [`KeyFault::Revoked`], or [`KeyFault::Unbound`] when there is no valid self-signature.
pub(super) fn primary_standing(
    certificate: &SignedPublicKey,
    now: ArchiveDate,
) -> Result<Standing, KeyFault> {
    let (primary, details) = (&certificate.primary_key, &certificate.details);
    if details.revocation_signatures.iter().any(|revocation| revocation.verify_key(primary).is_ok()) {
        return Err(KeyFault::Revoked);
    }
    let direct = details.direct_signatures.iter().filter(|signature| {
        is_sound(signature, now) && has_key_flags(signature) && signature.verify_key(primary).is_ok()
    });
    let certified = details.users.iter().filter_map(|user| {
        let own = |signature: &&Signature| {
            names(signature, primary)
                && is_sound(signature, now)
                && signature.verify_certification(primary, Tag::UserId, &user.id).is_ok()
        };
        // A newer revocation of the name takes what its certifications say with it.
        let newest = newest(user.signatures.iter().filter(own))?;
        (newest.typ() != Some(SignatureType::CertRevocation) && has_key_flags(newest)).then_some(newest)
    });
    newest(direct.chain(certified)).map(Standing::of).ok_or(KeyFault::Unbound)
}

/// What a subkey's bindings say.
///
/// # Errors
/// [`KeyFault::Revoked`], or [`KeyFault::Unbound`] when the primary key does not vouch for it, or it not for the
/// primary key.
pub(super) fn subkey_standing(
    primary: &PublicKey,
    subkey: &SignedPublicSubKey,
    now: ArchiveDate,
) -> Result<Standing, KeyFault> {
    let bound = |signature: &&Signature| signature.verify_subkey_binding(primary, &subkey.key).is_ok();
    let revocation = |signature: &&Signature| signature.typ() == Some(SignatureType::SubkeyRevocation);
    if subkey.signatures.iter().filter(revocation).any(|signature| bound(&signature)) {
        return Err(KeyFault::Revoked);
    }
    let sound = |signature: &&Signature| {
        signature.typ() == Some(SignatureType::SubkeyBinding) && is_sound(signature, now)
    };
    let binding = newest(subkey.signatures.iter().filter(sound).filter(bound)).ok_or(KeyFault::Unbound)?;
    let standing = Standing::of(binding);
    if standing.signs && !has_back_signature(binding, primary, &subkey.key) {
        return Err(KeyFault::Unbound);
    }
    Ok(standing)
}

/// A signing subkey must itself have agreed to belong to the primary key (RFC 9580, 5.2.1.9).
fn has_back_signature(binding: &Signature, primary: &PublicKey, subkey: &PublicSubkey) -> bool {
    binding.embedded_signature().is_some_and(|back| {
        back.hash_alg().is_some_and(is_strong) && back.verify_primary_key_binding(subkey, primary).is_ok()
    })
}

fn newest<'a>(signatures: impl Iterator<Item = &'a Signature>) -> Option<&'a Signature> {
    signatures.max_by_key(|signature| signature.created())
}

fn has_key_flags(signature: &Signature) -> bool {
    let flags = |config: &pgp::packet::SignatureConfig| {
        config.hashed_subpackets().any(|subpacket| matches!(subpacket.data, SubpacketData::KeyFlags(_)))
    };
    signature.config().is_some_and(flags)
}

/// True when nothing but the arithmetic remains to be checked: see [`signature_fault`].
fn is_sound(signature: &Signature, now: ArchiveDate) -> bool {
    signature_fault(signature, now).is_none()
}

/// What forbids believing `signature` at `now`, whoever made it: a weak digest, its dates, or a critical part
/// we do not understand (RFC 9580, 5.2.3.7).
pub(super) fn signature_fault(signature: &Signature, now: ArchiveDate) -> Option<String> {
    let Some(config) = signature.config() else { return Some("its format is unknown".to_owned()) };
    if !is_strong(config.hash_alg) {
        return Some(format!("it uses the digest {}", config.hash_alg));
    }
    let Some(created) = signature.created().map(|created| u64::from(created.as_secs())) else {
        return Some("it says no date".to_owned());
    };
    if created > now.plus(CLOCK_SKEW).unix() {
        return Some(format!("it is from the future: made {}", ArchiveDate::from_unix(created)));
    }
    let lives = signature.signature_expiration_time().map_or(0, |time| u64::from(time.as_secs()));
    if lives > 0 && created + lives <= now.unix() {
        return Some(format!("it expired {}", ArchiveDate::from_unix(created + lives)));
    }
    let not_understood = |data: &SubpacketData| {
        matches!(
            data,
            SubpacketData::Other(..) | SubpacketData::Experimental(..) | SubpacketData::Notation(_)
        )
    };
    let critical = config.hashed_subpackets().any(|part| part.is_critical && not_understood(&part.data));
    critical.then(|| "it has a critical part of unknown meaning".to_owned())
}

/// The SHA-2 functions still considered strong for signatures.
fn is_strong(hash: HashAlgorithm) -> bool {
    matches!(hash, HashAlgorithm::Sha256 | HashAlgorithm::Sha384 | HashAlgorithm::Sha512)
}

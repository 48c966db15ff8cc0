//! Text signed in the clear: an archive's `InRelease`.
//!
//! The arithmetic is the `pgp` crate's; the framing and the policy are ours. Exactly one signed text, nothing
//! around it, and what is returned is rebuilt from the lines that were hashed, so no reader can see other text
//! than the signer. Follows RFC 9580, section 7 (cleartext signature framework).

use pgp::composed::{Deserializable, DetachedSignature};
use pgp::packet::{Signature, SignatureType};

use super::archive_date::ArchiveDate;
use super::debian_release::SuiteRole;
use super::key_standing::{KeyFault, signature_fault};
use super::keyring::Keyring;

/// Text that an allowed key signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedText {
    /// The text, without dash escapes and trailing blanks, lines ended by a line feed.
    pub text: String,
    /// Fingerprint of the key that signed it, upper-case hex.
    pub signer: String,
    /// When.
    pub made: ArchiveDate,
}

/// Checks a message signed in the clear and returns its text.
///
/// As for apt one good signature is enough (Debian signs with the keys of two releases, and a reader rarely has
/// both), and none by a known key may be of another text.
///
/// # Errors
/// Anything but one framed text, or no signature by a key of `keyring` that may sign suites of `role` at `now`.
pub fn verify_cleartext(
    message: &[u8],
    keyring: &Keyring,
    role: SuiteRole,
    now: ArchiveDate,
) -> Result<SignedText, SignatureError> {
    let framed = Framed::parse(message)?;
    let hashed = framed.lines.join("\r\n");
    let (mut good, mut faults) = (None, Vec::new());
    for signature in signatures(framed.armour)? {
        match check(&signature, &framed.digests, hashed.as_bytes(), keyring, role, now) {
            Ok(signer) => good = good.or(Some(signer)),
            Err(fault) => faults.push(fault),
        }
    }
    // A known key's signature of another text: somebody put the pieces together. apt refuses that too.
    let contradicted = faults.iter().any(|fault| fault.reason == FaultReason::Mismatch);
    match good {
        Some((signer, made)) if !contradicted => {
            let text = framed.lines.iter().flat_map(|line| [*line, "\n"]).collect();
            Ok(SignedText { text, signer, made })
        }
        None if faults.is_empty() => Err(SignatureError::Unsigned),
        _ => Err(SignatureError::DoNotHold { faults }),
    }
}

fn check(
    signature: &Signature,
    digests: &[&str],
    hashed: &[u8],
    keyring: &Keyring,
    role: SuiteRole,
    now: ArchiveDate,
) -> Result<(String, ArchiveDate), SignatureFault> {
    let fault = |key: String, reason| Err(SignatureFault { key, reason });
    let Some(key) = keyring.issuer(signature) else {
        return fault(issuer_name(signature), FaultReason::UnknownKey);
    };
    let name = key.fingerprint();
    if signature.typ() != Some(SignatureType::Text) {
        return fault(name, FaultReason::Signature("it is no signature of text".to_owned()));
    }
    let announced = signature.hash_alg().is_some_and(|digest| digests.contains(&digest.to_string().as_str()));
    if !announced {
        return fault(
            name,
            FaultReason::Signature("its digest is not the one announced before the text".to_owned()),
        );
    }
    if let Some(reason) = signature_fault(signature, now) {
        return fault(name, FaultReason::Signature(reason));
    }
    let made = ArchiveDate::from_unix(signature.created().map_or(0, |created| u64::from(created.as_secs())));
    if let Err(reason) = key.check(role, made, now) {
        return fault(name, FaultReason::Key(reason));
    }
    if !key.verifies(signature, hashed) {
        return fault(name, FaultReason::Mismatch);
    }
    Ok((name, made))
}

fn issuer_name(signature: &Signature) -> String {
    let fingerprint = signature.issuer_fingerprint().first().map(|fingerprint| format!("{fingerprint:X}"));
    let key_id = || signature.issuer_key_id().first().map(|id| id.to_string().to_ascii_uppercase());
    fingerprint.or_else(key_id).unwrap_or_else(|| "nobody".to_owned())
}

fn signatures(armour: &str) -> Result<Vec<Signature>, SignatureError> {
    let unreadable = |error: pgp::errors::Error| SignatureError::Unreadable { reason: error.to_string() };
    let (signatures, _) = DetachedSignature::from_armor_many_buf(armour.as_bytes()).map_err(unreadable)?;
    let signatures: Vec<_> =
        signatures.take(MAX_SIGNATURES + 1).collect::<Result<_, _>>().map_err(unreadable)?;
    if signatures.len() > MAX_SIGNATURES {
        return Err(SignatureError::Framing { line: 0, reason: "it has too many signatures" });
    }
    Ok(signatures.into_iter().map(|detached| detached.signature).collect())
}

/// Debian signs with three keys at most.
const MAX_SIGNATURES: usize = 16;
const TEXT_START: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE_START: &str = "-----BEGIN PGP SIGNATURE-----";
const SIGNATURE_END: &str = "-----END PGP SIGNATURE-----";

/// A message taken apart.
struct Framed<'a> {
    /// Names of the digests announced. Nothing hangs on them today, but gpgv refuses a signature with another
    /// one, and what one verifier refuses none should accept.
    digests: Vec<&'a str>,
    /// Lines of the text as hashed: unescaped, without trailing blanks.
    lines: Vec<&'a str>,
    /// The signatures, from their first to their last dashes.
    armour: &'a str,
}

impl<'a> Framed<'a> {
    fn parse(message: &'a [u8]) -> Result<Self, SignatureError> {
        let at = |line: usize, reason| SignatureError::Framing { line: line + 1, reason };
        let text = std::str::from_utf8(message).map_err(|_| at(0, "it is not UTF-8"))?;
        let mut lines = Lines { rest: text, number: 0 };
        if lines.next() != Some(TEXT_START) {
            return Err(at(0, "it does not start with a signed text"));
        }
        let mut digests = Vec::new();
        loop {
            let line = lines.next();
            match line.and_then(|line| line.strip_prefix("Hash: ")) {
                Some(names) => digests.extend(names.split(',').map(str::trim)),
                None if line == Some("") => break,
                None => return Err(at(lines.number, "a header other than `Hash` stands before the text")),
            }
        }
        let mut body = Vec::new();
        let start = loop {
            let before = lines.rest;
            let line = lines.next().ok_or_else(|| at(lines.number, "it ends before the signature"))?;
            if line == SIGNATURE_START {
                break before;
            }
            let line = match line.strip_prefix("- ") {
                Some(escaped) => escaped,
                None if line.starts_with('-') => return Err(at(lines.number, "a dash is not escaped")),
                None => line,
            };
            if line.contains(['\r', '\0']) {
                return Err(at(lines.number, "it has control characters"));
            }
            body.push(line.trim_end_matches([' ', '\t']));
        };
        loop {
            match lines.next().ok_or_else(|| at(lines.number, "it ends inside the signature"))? {
                SIGNATURE_END => break,
                line if line.starts_with("--") => {
                    return Err(at(lines.number, "another block starts in the signature"));
                }
                _ => {}
            }
        }
        if !lines.rest.is_empty() {
            return Err(at(lines.number, "something follows the signature"));
        }
        Ok(Self { digests, lines: body, armour: start })
    }
}

/// Lines without their ends, either kind.
struct Lines<'a> {
    rest: &'a str,
    number: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        self.number += 1;
        Some(line.strip_suffix('\r').unwrap_or(line))
    }
}

/// Why a signed text is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not one signed text and nothing else.
    #[error("it is not one signed text: {reason} (line {line})")]
    Framing {
        /// Line, from 1; 0 when no line is to blame.
        line: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// The signature block is damaged.
    #[error("its signature cannot be read: {reason}")]
    Unreadable {
        /// What the parser says.
        reason: String,
    },
    /// The signature block is empty.
    #[error("it has no signature")]
    Unsigned,
    /// Each signature has a fault, or one is of another text.
    #[error("its signatures do not hold: {}", list(faults))]
    DoNotHold {
        /// One for each signature that does not hold.
        faults: Vec<SignatureFault>,
    },
}

fn list(faults: &[SignatureFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Why one signature does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("key `{key}`: {reason}")]
pub struct SignatureFault {
    /// Fingerprint of the key, or its id when the key is unknown, upper-case hex.
    pub key: String,
    /// What is wrong.
    pub reason: FaultReason,
}

/// What is wrong with one signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultReason {
    /// The key is not in the keyring.
    #[error("it is not an archive key known here")]
    UnknownKey,
    /// The key is known but does not count.
    #[error(transparent)]
    Key(KeyFault),
    /// The signature itself does not count.
    #[error("its signature does not count: {0}")]
    Signature(String),
    /// The text is not what was signed.
    #[error("the text is not what it signed")]
    Mismatch,
}

#[cfg(test)]
mod tests;

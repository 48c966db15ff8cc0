//! Text signed in the clear: an archive's `InRelease`.
//!
//! The arithmetic is the `pgp` crate's; the framing and the policy are ours. Exactly one signed text, nothing around it,
//! and what is returned is rebuilt from the lines that were hashed, so no reader can see other text than the signer.
//! Follows RFC 9580, section 7 (cleartext signature framework).

use pgp::composed::{Deserializable, DetachedSignature};
use pgp::packet::{Signature, SignatureType};

use super::archive_date::ArchiveDate;
use super::debian_release::SuiteRole;
use super::keyring::{KeyFault, Keyring, signature_fault};

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
/// One good signature is enough, as for apt: Debian signs with the keys of two releases, and a reader rarely has both.
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
    let mut faults = Vec::new();
    for signature in signatures(framed.armour)? {
        match check(&signature, hashed.as_bytes(), keyring, role, now) {
            Ok((signer, made)) => {
                let text = framed.lines.iter().flat_map(|line| [*line, "\n"]).collect();
                return Ok(SignedText { text, signer, made });
            }
            Err(fault) => faults.push(fault),
        }
    }
    Err(if faults.is_empty() { SignatureError::Unsigned } else { SignatureError::NoneHolds { faults } })
}

fn check(
    signature: &Signature,
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
        loop {
            match lines.next() {
                Some("") => break,
                Some(line) if line.starts_with("Hash: ") => {}
                _ => return Err(at(lines.number, "a header other than `Hash` stands before the text")),
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
        Ok(Self { lines: body, armour: start })
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
    /// Each signature has a fault.
    #[error("no signature holds: {}", list(faults))]
    NoneHolds {
        /// One for each signature.
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
mod tests {
    use super::*;
    use bareboat_testkit::openpgp::{KeyPlan, OpenPgpKey, SignaturePlan, SubkeyPlan};

    const DAY: u32 = 86_400;
    const CREATED: u32 = 1_674_259_200;
    const MADE: u32 = CREATED + 10 * DAY;
    const TEXT: &str = "Origin: Debian\n- a list\n-----BEGIN SOMETHING-----\n\nSHA256:\n x y z\n";

    fn verdict(message: &str, key: &OpenPgpKey) -> Result<SignedText, SignatureError> {
        let keyring = Keyring::parse(&key.public()).unwrap();
        let now = ArchiveDate::from_unix(u64::from(MADE + DAY));
        verify_cleartext(message.as_bytes(), &keyring, SuiteRole::Base, now)
    }

    fn signed_by(plan: &KeyPlan, signature: &SignaturePlan) -> Result<SignedText, SignatureError> {
        let key = OpenPgpKey::generate(plan);
        verdict(&key.sign_cleartext(TEXT, signature), &key)
    }

    fn sound() -> (OpenPgpKey, String) {
        let key = OpenPgpKey::generate(&KeyPlan::default());
        let message = key.sign_cleartext(TEXT, &SignaturePlan::at(MADE));
        (key, message)
    }

    fn only_fault(verdict: Result<SignedText, SignatureError>) -> FaultReason {
        match verdict {
            Err(SignatureError::NoneHolds { mut faults }) if faults.len() == 1 => faults.remove(0).reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn returns_the_text_the_signer_and_the_date() {
        let (key, message) = sound();
        let expected = SignedText {
            text: TEXT.to_owned(),
            signer: key.fingerprint(),
            made: ArchiveDate::from_unix(u64::from(MADE)),
        };
        assert_eq!(verdict(&message, &key), Ok(expected.clone()));
        assert_eq!(verdict(&message.replace('\n', "\r\n"), &key), Ok(expected));
    }

    #[test]
    fn accepts_a_signing_subkey_and_an_armoured_keyring() {
        let plan = KeyPlan { signs: false, subkey: Some(SubkeyPlan::default()), ..KeyPlan::default() };
        let key = OpenPgpKey::generate(&plan);
        let message = key.sign_cleartext(TEXT, &SignaturePlan::at(MADE));
        let keyring = Keyring::parse(key.public_armoured().as_bytes()).unwrap();
        let now = ArchiveDate::from_unix(u64::from(MADE));
        let signed = verify_cleartext(message.as_bytes(), &keyring, SuiteRole::Security, now).unwrap();
        assert_eq!(signed.signer, key.fingerprint());
    }

    #[test]
    fn refuses_changed_text() {
        let (key, message) = sound();
        for (from, to) in
            [("Debian", "Debiam"), (" x y z", " x y"), ("- - a list", "a list"), ("\n\nSHA", "\nSHA")]
        {
            let changed = message.replacen(from, to, 1);
            assert_ne!(changed, message);
            let refused = verdict(&changed, &key);
            assert!(refused.is_err(), "{from} -> {to}: {refused:?}");
        }
        assert_eq!(only_fault(verdict(&message.replace("x y z", "x y a"), &key)), FaultReason::Mismatch);
    }

    #[test]
    fn refuses_everything_cut_short() {
        let (key, message) = sound();
        for length in 0..message.trim_end().len() {
            assert!(verdict(&message[..length], &key).is_err(), "{length}");
        }
    }

    #[test]
    fn refuses_other_text_around_the_signed_one() {
        let (key, message) = sound();
        for bad in [
            format!("Origin: Debian\n\n{message}"),
            format!("\n{message}"),
            format!("{message}\n"),
            format!("{message}SHA256:\n"),
            format!("{message}{message}"),
            message.replace("Hash: SHA256\n", "Hash: SHA256\nComment: x\n"),
            message.replace("\n- - a list", "\n- a list"),
            message.replace("\n- -----BEGIN", "\n-----BEGIN"),
            message.replace("- a list", "- a\rlist"),
            message.replace(SIGNATURE_END, &format!("{SIGNATURE_START}\n\n{SIGNATURE_END}")),
        ] {
            assert_ne!(bad, message);
            assert!(verdict(&bad, &key).is_err(), "{bad}");
        }
    }

    #[test]
    fn refuses_an_unknown_key_and_names_it() {
        let (key, message) = sound();
        let other = OpenPgpKey::generate(&KeyPlan { seed: 2, ..KeyPlan::default() });
        let error = verdict(&message, &other).unwrap_err();
        let expected =
            format!("no signature holds: key `{}`: it is not an archive key known here", key.fingerprint());
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn refuses_keys_that_may_not_sign_now() {
        let subkey = |subkey: SubkeyPlan| KeyPlan { subkey: Some(subkey), ..KeyPlan::default() };
        let base = KeyPlan::default;
        for (plan, fault) in [
            (KeyPlan { revoked: true, ..base() }, KeyFault::Revoked),
            (KeyPlan { bound: false, ..base() }, KeyFault::Unbound),
            (KeyPlan { signs: false, ..base() }, KeyFault::NotForSigning),
            (
                KeyPlan { lives: 5 * DAY, ..base() },
                KeyFault::Expired { at: ArchiveDate::from_unix(u64::from(CREATED + 5 * DAY)) },
            ),
            (
                KeyPlan { created: MADE + 60, ..base() },
                KeyFault::TooYoung { at: ArchiveDate::from_unix(u64::from(MADE + 60)) },
            ),
            (subkey(SubkeyPlan { revoked: true, ..SubkeyPlan::default() }), KeyFault::Revoked),
            (subkey(SubkeyPlan { signs: false, ..SubkeyPlan::default() }), KeyFault::NotForSigning),
            (subkey(SubkeyPlan { agreed: false, ..SubkeyPlan::default() }), KeyFault::Unbound),
            (
                subkey(SubkeyPlan { lives: DAY, ..SubkeyPlan::default() }),
                KeyFault::Expired { at: ArchiveDate::from_unix(u64::from(CREATED + DAY)) },
            ),
        ] {
            let verdict = signed_by(&plan, &SignaturePlan::at(MADE));
            assert_eq!(only_fault(verdict), FaultReason::Key(fault), "{plan:?}");
        }
    }

    #[test]
    fn refuses_signatures_that_do_not_count_now() {
        let base = || SignaturePlan::at(MADE);
        for (plan, reason) in [
            (SignaturePlan { lives: 60, ..base() }, "it expired 2023-01-31T00:01:00Z"),
            (SignaturePlan::at(MADE + 2 * DAY), "it is from the future: made 2023-02-02T00:00:00Z"),
            (
                SignaturePlan { critical_notation: true, ..base() },
                "it has a critical part of unknown meaning",
            ),
        ] {
            let fault = only_fault(signed_by(&KeyPlan::default(), &plan));
            assert_eq!(fault, FaultReason::Signature(reason.to_owned()));
        }
    }

    #[test]
    fn refuses_sha1_even_when_the_arithmetic_is_right() {
        let plan = KeyPlan { rsa: true, ..KeyPlan::default() };
        let key = OpenPgpKey::generate(&plan);
        assert!(verdict(&key.sign_cleartext(TEXT, &SignaturePlan::at(MADE)), &key).is_ok());
        let weak = key.sign_cleartext(TEXT, &SignaturePlan { sha1: true, ..SignaturePlan::at(MADE) });
        assert_eq!(
            only_fault(verdict(&weak, &key)),
            FaultReason::Signature("it uses the digest SHA1".to_owned())
        );
    }

    #[test]
    fn keeps_keys_to_their_suites() {
        let key = OpenPgpKey::generate(&KeyPlan::default());
        let message = key.sign_cleartext(TEXT, &SignaturePlan::at(MADE));
        let now = ArchiveDate::from_unix(u64::from(MADE));
        let error =
            verify_cleartext(message.as_bytes(), &Keyring::debian(), SuiteRole::Base, now).unwrap_err();
        assert!(matches!(error, SignatureError::NoneHolds { .. }), "{error}");
    }
}

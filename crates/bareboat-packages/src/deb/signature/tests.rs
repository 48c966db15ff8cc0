//! Messages signed by keys made to order.

use super::*;
use bareboat_testkit::openpgp::{KeyPlan, OpenPgpKey, SignaturePlan, SubkeyPlan};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

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
        Err(SignatureError::DoNotHold { mut faults }) if faults.len() == 1 => faults.remove(0).reason,
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
fn one_good_signature_is_enough_but_none_may_be_of_another_text() {
    let (key, message) = sound();
    let other = OpenPgpKey::generate(&KeyPlan { seed: 2, ..KeyPlan::default() });
    let joined = |second: &str| {
        let body = |text: &str| {
            let (_, armour) = text.split_once(SIGNATURE_START).unwrap();
            let lines =
                armour.trim().lines().filter(|line| !line.is_empty() && !line.starts_with(['=', '-']));
            lines.collect::<String>()
        };
        let bytes = |text: &str| STANDARD.decode(body(text)).unwrap();
        let both = STANDARD.encode([bytes(&message), bytes(second)].concat());
        let (text, _) = message.split_once(SIGNATURE_START).unwrap();
        format!("{text}{SIGNATURE_START}\n\n{both}\n{SIGNATURE_END}\n")
    };
    assert!(verdict(&joined(&other.sign_cleartext(TEXT, &SignaturePlan::at(MADE))), &key).is_ok());
    let contradicting = joined(&key.sign_cleartext("Origin: Other\n", &SignaturePlan::at(MADE)));
    assert_eq!(only_fault(verdict(&contradicting, &key)), FaultReason::Mismatch);
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
        message.replace("Hash: SHA256\n", "Hash: SHA512\n"),
        message.replace("Hash: SHA256\n", ""),
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
    let expected = format!(
        "its signatures do not hold: key `{}`: it is not an archive key known here",
        key.fingerprint()
    );
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
        (SignaturePlan { critical_notation: true, ..base() }, "it has a critical part of unknown meaning"),
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
    let error = verify_cleartext(message.as_bytes(), &Keyring::debian(), SuiteRole::Base, now).unwrap_err();
    assert!(matches!(error, SignatureError::DoNotHold { .. }), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn never_returns_other_text_whatever_is_changed(at in 0_usize..2000, byte in any::<u8>(), length in 0_usize..4) {
        let (key, message) = sound();
        let mut bytes = message.clone().into_bytes();
        let start = at % bytes.len();
        let end = (start + length).min(bytes.len());
        bytes.splice(start..end, [byte]);
        let keyring = Keyring::parse(&key.public()).unwrap();
        let now = ArchiveDate::from_unix(u64::from(MADE + DAY));
        if let Ok(signed) = verify_cleartext(&bytes, &keyring, SuiteRole::Base, now) {
            prop_assert_eq!(signed.text, TEXT);
        }
    }

    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300), armour in "[A-Za-z0-9+/=\n]{0,300}") {
        let keyring = Keyring::debian();
        let now = ArchiveDate::from_unix(u64::from(MADE));
        let framed = format!("{TEXT_START}\nHash: SHA256\n\nx\n{SIGNATURE_START}\n\n{armour}\n{SIGNATURE_END}\n");
        prop_assert!(verify_cleartext(&bytes, &keyring, SuiteRole::Base, now).is_err());
        prop_assert!(verify_cleartext(framed.as_bytes(), &keyring, SuiteRole::Base, now).is_err());
        prop_assert!(Keyring::parse(&bytes).is_err());
    }
}

//! OpenPGP keys and clear-signed texts made to order: sound, expired, revoked, or signed with a weak digest.
//!
//! Everything comes from a seed and given dates, so the same plan always makes the same key.

use pgp::composed::{
    ArmorOptions, CleartextSignedMessage, KeyType, SignedKeyDetails, SignedPublicKey, SignedPublicSubKey,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{
    KeyFlags, PubKeyInner, PublicKey, PublicSubkey, SecretKey, SecretSubkey, Signature, SignatureConfig,
    SignatureType, Subpacket, SubpacketData, UserId,
};
use pgp::ser::Serialize;
use pgp::types::{
    Duration, KeyDetails, KeyVersion, PacketHeaderVersion, Password, SignedUser, SigningKey, Tag, Timestamp,
};
use rand::SeedableRng;
use rand::rngs::StdRng;

/// What a key shall be like. Times are seconds: dates since 1970, lives since the key was made, 0 for endless.
#[derive(Debug, Clone)]
pub struct KeyPlan {
    /// Decides the key material.
    pub seed: u64,
    /// When the primary key and its subkey are made.
    pub created: u32,
    /// How long the primary key lives.
    pub lives: u32,
    /// RSA instead of Ed25519: slow to make, but the only one that can be made to sign a SHA-1 digest.
    pub rsa: bool,
    /// Whether the primary key may sign data.
    pub signs: bool,
    /// Whether its owner revoked it.
    pub revoked: bool,
    /// Whether a self-signature binds its name.
    pub bound: bool,
    /// A subkey, which then does the signing.
    pub subkey: Option<SubkeyPlan>,
}

/// What a subkey shall be like.
#[derive(Debug, Clone)]
pub struct SubkeyPlan {
    /// How long it lives.
    pub lives: u32,
    /// Whether it may sign data.
    pub signs: bool,
    /// Whether the primary key revoked it.
    pub revoked: bool,
    /// Whether it agreed to belong to the primary key.
    pub agreed: bool,
}

impl Default for KeyPlan {
    /// A sound key made on 2023-01-21 that lives forever and signs itself.
    fn default() -> Self {
        Self {
            seed: 1,
            created: 1_674_259_200,
            lives: 0,
            rsa: false,
            signs: true,
            revoked: false,
            bound: true,
            subkey: None,
        }
    }
}

impl Default for SubkeyPlan {
    /// A sound signing subkey.
    fn default() -> Self {
        Self { lives: 0, signs: true, revoked: false, agreed: true }
    }
}

/// What a signature shall be like.
#[derive(Debug, Clone)]
pub struct SignaturePlan {
    /// When it is made, in seconds since 1970.
    pub made: u32,
    /// How long it lives, in seconds, 0 for endless.
    pub lives: u32,
    /// True for the broken SHA-1 instead of SHA-256.
    pub sha1: bool,
    /// True for a critical notation that nobody understands.
    pub critical_notation: bool,
}

impl SignaturePlan {
    /// A sound signature made `made` seconds after 1970.
    pub fn at(made: u32) -> Self {
        Self { made, lives: 0, sha1: false, critical_notation: false }
    }
}

/// A key pair.
#[derive(Debug, Clone)]
pub struct OpenPgpKey {
    primary: SecretKey,
    subkey: Option<SecretSubkey>,
    public: SignedPublicKey,
}

impl OpenPgpKey {
    /// Makes a key.
    pub fn generate(plan: &KeyPlan) -> Self {
        let mut rng = StdRng::seed_from_u64(plan.seed);
        let primary = {
            let (inner, secret) = material(&mut rng, plan.created, plan.rsa);
            let public = PublicKey::from_inner(inner).expect("key material is well-formed");
            SecretKey::new(public, secret).expect("key material is well-formed")
        };
        let subkey = plan.subkey.as_ref().map(|_| {
            let (inner, secret) = material(&mut rng, plan.created, plan.rsa);
            let public = PublicSubkey::from_inner(inner).expect("key material is well-formed");
            SecretSubkey::new(public, secret).expect("key material is well-formed")
        });
        let public = SignedPublicKey::new(
            primary.public_key().clone(),
            details(&primary, plan),
            subkey
                .iter()
                .zip(&plan.subkey)
                .map(|(subkey, subplan)| bind(&primary, subkey, plan.created, subplan))
                .collect(),
        );
        Self { primary, subkey, public }
    }

    /// The public key as a binary keyring.
    pub fn public(&self) -> Vec<u8> {
        self.public.to_bytes().expect("writing to memory succeeds")
    }

    /// The public key as an armoured keyring.
    pub fn public_armoured(&self) -> String {
        self.public.to_armored_string(ArmorOptions::default()).expect("writing to memory succeeds")
    }

    /// Fingerprint of the key that signs, upper-case hex.
    pub fn fingerprint(&self) -> String {
        match &self.subkey {
            Some(subkey) => format!("{:X}", subkey.fingerprint()),
            None => format!("{:X}", self.primary.fingerprint()),
        }
    }

    /// `text` signed in the clear. Trailing blanks in it are the caller's problem.
    pub fn sign_cleartext(&self, text: &str, plan: &SignaturePlan) -> String {
        let text = text.trim_end_matches('\n');
        let signed = match &self.subkey {
            Some(subkey) => sign(text, subkey, plan),
            None => sign(text, &self.primary, plan),
        };
        signed.to_armored_string(ArmorOptions::default()).expect("writing to memory succeeds")
    }
}

fn material(rng: &mut StdRng, created: u32, rsa: bool) -> (PubKeyInner, pgp::types::SecretParams) {
    let kind = if rsa { KeyType::Rsa(2048) } else { KeyType::Ed25519Legacy };
    let (public, secret) = kind.generate(rng).expect("key generation succeeds");
    let inner = PubKeyInner::new(KeyVersion::V4, kind.to_alg(), Timestamp::from_secs(created), None, public);
    (inner.expect("key material is well-formed"), secret)
}

fn details(primary: &SecretKey, plan: &KeyPlan) -> SignedKeyDetails {
    let user = UserId::from_str(PacketHeaderVersion::New, "Archive Key <archive@archive.test>");
    let user = user.expect("the name is well-formed");
    let mut config = config(primary, SignatureType::CertPositive, HashAlgorithm::Sha256, plan.created);
    push(&mut config, SubpacketData::KeyFlags(flags(plan.signs)));
    push(&mut config, SubpacketData::KeyExpirationTime(Duration::from_secs(plan.lives)));
    let certification = config
        .sign_certification(primary, primary.public_key(), &Password::empty(), Tag::UserId, &user)
        .expect("signing succeeds");
    let revocations = plan.revoked.then(|| {
        self::config(primary, SignatureType::KeyRevocation, HashAlgorithm::Sha256, plan.created + 60)
            .sign_key(primary, &Password::empty(), primary.public_key())
            .expect("signing succeeds")
    });
    let users = if plan.bound { vec![SignedUser::new(user, vec![certification])] } else { Vec::new() };
    SignedKeyDetails::new(revocations.into_iter().collect(), Vec::new(), users, Vec::new())
}

fn bind(primary: &SecretKey, subkey: &SecretSubkey, created: u32, plan: &SubkeyPlan) -> SignedPublicSubKey {
    let bind = |config: SignatureConfig| -> Signature {
        config
            .sign_subkey_binding(primary, primary.public_key(), &Password::empty(), subkey.public_key())
            .expect("signing succeeds")
    };
    let mut binding = config(primary, SignatureType::SubkeyBinding, HashAlgorithm::Sha256, created);
    push(&mut binding, SubpacketData::KeyFlags(flags(plan.signs)));
    push(&mut binding, SubpacketData::KeyExpirationTime(Duration::from_secs(plan.lives)));
    if plan.agreed {
        let back = config(subkey, SignatureType::KeyBinding, HashAlgorithm::Sha256, created)
            .sign_primary_key_binding(subkey, subkey.public_key(), &Password::empty(), primary.public_key())
            .expect("signing succeeds");
        push(&mut binding, SubpacketData::EmbeddedSignature(Box::new(back)));
    }
    let mut signatures = vec![bind(binding)];
    if plan.revoked {
        let revocation =
            config(primary, SignatureType::SubkeyRevocation, HashAlgorithm::Sha256, created + 60);
        signatures.push(bind(revocation));
    }
    SignedPublicSubKey::new(subkey.public_key().clone(), signatures)
}

fn sign(text: &str, key: &impl SigningKey, plan: &SignaturePlan) -> CleartextSignedMessage {
    let hash = if plan.sha1 { HashAlgorithm::Sha1 } else { HashAlgorithm::Sha256 };
    let mut config = config(key, SignatureType::Text, hash, plan.made);
    if plan.lives > 0 {
        push(&mut config, SubpacketData::SignatureExpirationTime(Duration::from_secs(plan.lives)));
    }
    if plan.critical_notation {
        let data = SubpacketData::Experimental(105, vec![1].into());
        config.hashed_subpackets.push(Subpacket::critical(data).expect("the part is small"));
    }
    CleartextSignedMessage::new(text, config, key, &Password::empty()).expect("signing succeeds")
}

fn config(key: &impl KeyDetails, kind: SignatureType, hash: HashAlgorithm, made: u32) -> SignatureConfig {
    let mut config = SignatureConfig::v4(kind, key.algorithm(), hash);
    push(&mut config, SubpacketData::SignatureCreationTime(Timestamp::from_secs(made)));
    push(&mut config, SubpacketData::IssuerFingerprint(key.fingerprint()));
    config
}

fn push(config: &mut SignatureConfig, data: SubpacketData) {
    config.hashed_subpackets.push(Subpacket::regular(data).expect("the part is small"));
}

fn flags(signs: bool) -> KeyFlags {
    let mut flags = KeyFlags::default();
    flags.set_certify(true);
    flags.set_sign(signs);
    flags
}

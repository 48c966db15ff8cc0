//! Where logins are kept: Docker's `config.json`, and `auth.json` of Podman, Skopeo and Buildah, which has its form
//! (containers-auth.json(5)). Reading and writing is on text; files and helper programs are the caller's business.

use bareboat_store::BasicCredentials;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{IdentityToken, Login};

/// The text of such a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keyring {
    document: Map<String, Value>,
}

/// What a keyring says about a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The login itself.
    Login(Login),
    /// A program knows it: `docker-credential-NAME`, to be asked for `server`.
    Helper {
        /// `NAME`.
        name: String,
        /// The server's address as programs know it.
        server: String,
        /// It keeps the logins of all registries, and may have none of this one.
        is_default: bool,
    },
}

/// Text that is no keyring.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct KeyringError {
    reason: String,
}

/// The key of Docker Hub, as Docker's client has written it since 2013.
const HUB_KEY: &str = "https://index.docker.io/v1/";

impl Keyring {
    /// Reads the text of a file; an empty one is an empty keyring.
    ///
    /// # Errors
    /// Not a JSON object.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(document)) => Ok(Self { document }),
            Ok(_) => Err(KeyringError { reason: "it is no JSON object".to_owned() }),
            Err(error) => Err(KeyringError { reason: error.to_string() }),
        }
    }

    /// What it says about the registry `domain`; `None` when nothing.
    ///
    /// # Errors
    /// An entry that cannot be decoded.
    pub fn entry(&self, domain: &str) -> Result<Option<Entry>, KeyringError> {
        if let Some(helper) = self.own_helper(domain) {
            return Ok(Some(helper));
        }
        if let Some(login) = self.kept(domain)? {
            return Ok(Some(Entry::Login(login)));
        }
        Ok(self.default_helper(domain))
    }

    /// The program that new logins are given to, if there is one.
    pub fn helper(&self, domain: &str) -> Option<Entry> {
        self.own_helper(domain).or_else(|| self.default_helper(domain))
    }

    fn own_helper(&self, domain: &str) -> Option<Entry> {
        let helpers = self.document.get("credHelpers")?.as_object()?;
        let (server, name) = helpers.iter().find(|(server, _)| is_for(server, domain))?;
        Some(Entry::Helper { name: name.as_str()?.to_owned(), server: server.clone(), is_default: false })
    }

    fn default_helper(&self, domain: &str) -> Option<Entry> {
        let name = self.document.get("credsStore")?.as_str().filter(|name| !name.is_empty())?;
        Some(Entry::Helper { name: name.to_owned(), server: key(domain), is_default: true })
    }

    fn kept(&self, domain: &str) -> Result<Option<Login>, KeyringError> {
        let Some(auths) = self.document.get("auths").and_then(Value::as_object) else { return Ok(None) };
        let Some((server, entry)) = auths.iter().find(|(server, _)| is_for(server, domain)) else {
            return Ok(None);
        };
        let text = |name: &str| entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        if let Some(token) = text("identitytoken") {
            return Ok(Some(Login::Identity(IdentityToken(token.to_owned()))));
        }
        if let Some(auth) = text("auth") {
            let broken =
                || KeyringError { reason: format!("`auth` of `{server}` is not base64 of `user:password`") };
            let bytes = STANDARD.decode(auth.trim_end_matches('\0')).map_err(|_| broken())?;
            let text = String::from_utf8(bytes).map_err(|_| broken())?;
            let (user, password) = text.split_once(':').ok_or_else(broken)?;
            let password = password.trim_end_matches('\0');
            return Ok(Some(Login::Password(BasicCredentials::new(user, password))));
        }
        let both = text("username").zip(text("password"));
        Ok(both.map(|(user, password)| Login::Password(BasicCredentials::new(user, password))))
    }

    /// Keeps a user name and password in the text itself.
    pub fn keep(&mut self, domain: &str, user: &str, password: &str) {
        self.forget(domain);
        let auth = STANDARD.encode(format!("{user}:{password}"));
        let auths = self.document.entry("auths").or_insert_with(|| json!({}));
        if !auths.is_object() {
            *auths = json!({});
        }
        auths[key(domain)] = json!({ "auth": auth });
    }

    /// Forgets what it keeps of a registry; false when that was nothing.
    pub fn forget(&mut self, domain: &str) -> bool {
        let Some(auths) = self.document.get_mut("auths").and_then(Value::as_object_mut) else { return false };
        let before = auths.len();
        auths.retain(|server, _| !is_for(server, domain));
        auths.len() < before
    }

    /// The text to write, with everything that was there besides logins.
    pub fn text(&self) -> String {
        format!("{:#}\n", Value::Object(self.document.clone()))
    }
}

/// What a helper program prints for `get`: `Username` and `Secret` (docker-credential-helpers).
///
/// # Errors
/// Anything else.
pub fn parse_helper(text: &str) -> Result<Login, KeyringError> {
    let wrong = || KeyringError { reason: "it does not answer with `Username` and `Secret`".to_owned() };
    let answer: Value = serde_json::from_str(text).map_err(|_| wrong())?;
    let field = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
    let (user, secret) = field("Username").zip(field("Secret")).ok_or_else(wrong)?;
    Ok(match user.as_str() {
        // Its way to say that the secret is a refresh token.
        "<token>" => Login::Identity(IdentityToken(secret)),
        user => Login::Password(BasicCredentials::new(user, secret)),
    })
}

/// The key that Docker's client would look for.
pub fn key(domain: &str) -> String {
    if domain == "docker.io" { HUB_KEY.to_owned() } else { domain.to_owned() }
}

/// Whether a key means this registry: old ones are addresses.
fn is_for(server: &str, domain: &str) -> bool {
    let host = server.split_once("://").map_or(server, |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    let host = if matches!(host, "index.docker.io" | "registry-1.docker.io") { "docker.io" } else { host };
    host.eq_ignore_ascii_case(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(user: &str, password: &str) -> Option<Entry> {
        Some(Entry::Login(Login::Password(BasicCredentials::new(user, password))))
    }

    #[test]
    fn reads_what_docker_and_podman_write() {
        let text = r#"{
            "auths": {
                "https://index.docker.io/v1/": { "auth": "bWU6aHViOnB3" },
                "localhost:5000": { "username": "u", "password": "p" },
                "https://old.test/v1/": { "auth": "bWU6b2xk" },
                "token.test": { "auth": "bWU6", "identitytoken": "T" },
                "helped.test": {}
            },
            "credHelpers": { "gcr.test": "gcloud" },
            "credsStore": "secretservice"
        }"#;
        let keyring = Keyring::parse(text).unwrap();
        let entry = |domain| keyring.entry(domain).unwrap();
        assert_eq!(entry("docker.io"), password("me", "hub:pw"));
        assert_eq!(entry("localhost:5000"), password("u", "p"));
        assert_eq!(entry("old.test"), password("me", "old"));
        assert_eq!(entry("token.test"), Some(Entry::Login(Login::Identity(IdentityToken("T".into())))));
        let helper = |name: &str, server: &str, is_default| {
            Some(Entry::Helper { name: name.into(), server: server.into(), is_default })
        };
        assert_eq!(entry("gcr.test"), helper("gcloud", "gcr.test", false));
        assert_eq!(entry("helped.test"), helper("secretservice", "helped.test", true));
        assert_eq!(entry("localhost"), helper("secretservice", "localhost", true));
    }

    #[test]
    fn keeps_and_forgets_without_touching_the_rest() {
        let mut keyring =
            Keyring::parse(r#"{"HttpHeaders":{"a":"b"},"auths":{"https://r.test/v1/":{"auth":"eDp5"}}}"#)
                .unwrap();
        keyring.keep("r.test", "me", "pw");
        keyring.keep("docker.io", "hub", "pw");
        assert_eq!(keyring.entry("r.test").unwrap(), password("me", "pw"));
        let expected = "{\n  \"HttpHeaders\": {\n    \"a\": \"b\"\n  },\n  \"auths\": {\n    \"https://index.docker.io/v1/\": {\n      \"auth\": \"aHViOnB3\"\n    },\n    \"r.test\": {\n      \"auth\": \"bWU6cHc=\"\n    }\n  }\n}\n";
        assert_eq!(keyring.text(), expected);
        assert!(keyring.forget("r.test") && !keyring.forget("r.test"));
        assert_eq!(keyring.entry("r.test").unwrap(), None);
    }

    #[test]
    fn junk_is_named_without_its_secrets() {
        assert!(Keyring::parse("[]").is_err() && Keyring::parse("{").is_err());
        assert_eq!(Keyring::parse(" \n").unwrap(), Keyring::default());
        for auth in ["!!!", "c2VjcmV0"] {
            let keyring =
                Keyring::parse(&format!(r#"{{"auths":{{"a.test":{{"auth":"{auth}"}}}}}}"#)).unwrap();
            let error = keyring.entry("a.test").unwrap_err().to_string();
            assert!(error.contains("`auth` of `a.test`") && !error.contains("secret"), "{error}");
        }
        assert!(parse_helper("{}").is_err());
        let token = parse_helper(r#"{"ServerURL":"s","Username":"<token>","Secret":"x"}"#).unwrap();
        assert_eq!(token, Login::Identity(IdentityToken("x".into())));
    }
}

//! Bearer tokens (distribution project, "Token Authentication Specification" and "OAuth2 Token Authentication").

use bareboat_store::{Call, Content, Fetcher, Method, Reply, StoreError};
use serde::Deserialize;
use url::Url;

use super::{IdentityToken, Login, RegistryError};

/// Who gives tokens.
pub(super) struct Realm {
    /// Its address.
    pub(super) address: String,
    /// What for.
    pub(super) service: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
}

/// A token for everything in `scope`.
pub(super) fn get(
    fetcher: &Fetcher,
    domain: &str,
    realm: &Realm,
    login: Option<&Login>,
    scope: &[String],
) -> Result<String, RegistryError> {
    let wrong = |reason: String| RegistryError::NoRegistry { domain: domain.to_owned(), reason };
    let url = Url::parse(&realm.address).map_err(|error| wrong(format!("its token service: {error}")))?;
    let reply = match login {
        Some(Login::Identity(token)) => refresh(fetcher, domain, realm, &url, token, scope)?,
        Some(Login::Password(credentials)) => {
            let call = Call::new(Method::Get, address(realm, url, scope));
            let call = call.header("Authorization", credentials.header());
            fetcher.persist(domain, || fetcher.call(&call, None))?
        }
        None => {
            let call = Call::new(Method::Get, address(realm, url, scope));
            fetcher.persist(domain, || fetcher.call(&call, None))?
        }
    };
    match reply.status {
        200 => token(&reply).ok_or_else(|| wrong("its token service gives no token".to_owned())),
        400 | 401 | 403 => Err(RegistryError::Denied {
            domain: domain.to_owned(),
            who: if login.is_some() { "you" } else { "somebody without login" },
            action: "use",
            name: scope.first().map_or(domain, |scope| scope.split(':').nth(1).unwrap_or(scope)).to_owned(),
            said: super::error::said(&reply),
        }),
        _ => Err(StoreError::from(reply.as_error()).into()),
    }
}

fn address(realm: &Realm, mut url: Url, scope: &[String]) -> String {
    {
        let mut query = url.query_pairs_mut();
        if let Some(service) = &realm.service {
            query.append_pair("service", service);
        }
        for one in scope {
            query.append_pair("scope", one);
        }
        query.append_pair("client_id", CLIENT);
    }
    url.into()
}

fn refresh(
    fetcher: &Fetcher,
    domain: &str,
    realm: &Realm,
    url: &Url,
    identity: &IdentityToken,
    scope: &[String],
) -> Result<Reply, RegistryError> {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "refresh_token");
    form.append_pair("service", realm.service.as_deref().unwrap_or_default());
    form.append_pair("client_id", CLIENT);
    form.append_pair("scope", &scope.join(" "));
    form.append_pair("refresh_token", &identity.0);
    let form = form.finish();
    let call =
        Call::new(Method::Post, url.as_str()).header("Content-Type", "application/x-www-form-urlencoded");
    Ok(fetcher.persist(domain, || {
        let (mut reader, length) = (form.as_bytes(), form.len() as u64);
        fetcher.call(&call, Some(Content { reader: &mut reader, length }))
    })?)
}

fn token(reply: &Reply) -> Option<String> {
    let answer: Answer = serde_json::from_slice(&reply.bytes).ok()?;
    let token = answer.token.or(answer.access_token)?;
    // What would not be a header's value would be another header.
    (!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())).then_some(token)
}

const CLIENT: &str = "bareboat";

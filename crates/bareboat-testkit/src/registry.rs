//! A registry in memory (distribution-spec 1.1) that can want logins, forget tokens and lose uploads.
//!
//! Its [`Server`] is public: an exact route of a test's own stands before anything here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::http::{Request, Response, Server};

/// A running registry.
pub struct Registry {
    /// Its server.
    pub server: Server,
    state: Arc<Mutex<State>>,
}

/// What it wants and does.
#[derive(Debug, Clone, Default)]
pub struct Manners {
    /// User name and password.
    pub login: Option<(String, String)>,
    /// Tokens instead of the login itself; each opens this many requests.
    pub token_uses: Option<usize>,
    /// Blobs of other repositories are given.
    pub mounts: bool,
    /// Large uploads break, each time after so many bytes more are kept.
    pub breaks_after: Option<usize>,
    /// It lists what refers to what, as registries since distribution-spec 1.1 do.
    pub referrers: bool,
    /// What it deletes.
    pub deletes: Deletes,
    /// Tags on each page of their list; all on one when there is none.
    pub page: Option<usize>,
}

/// What a registry deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Deletes {
    /// Nothing.
    #[default]
    Nothing,
    /// Images by digest, with their tags.
    Images,
    /// These, and tags alone.
    Tags,
}

#[derive(Default)]
struct State {
    manners: Manners,
    blobs: BTreeMap<String, Vec<u8>>,
    repositories: BTreeMap<String, Repository>,
    uploads: BTreeMap<usize, Vec<u8>>,
    tokens: BTreeMap<String, (String, usize)>,
    count: usize,
}

#[derive(Default)]
struct Repository {
    blobs: BTreeSet<String>,
    manifests: BTreeMap<String, (String, Vec<u8>)>,
}

impl Registry {
    /// Starts one on loopback.
    pub fn start(manners: Manners) -> Self {
        let server = Server::start();
        let state = Arc::new(Mutex::new(State { manners, ..State::default() }));
        let authority = server.authority();
        let shared = Arc::clone(&state);
        server.route_below("/v2/", move |request| lock(&shared).guarded(request, &authority));
        let shared = Arc::clone(&state);
        server.route("/token", move |request| lock(&shared).token(request));
        Self { server, state }
    }

    /// `127.0.0.1:PORT/NAME`.
    pub fn name(&self, name: &str) -> String {
        format!("{}/{name}", self.server.authority())
    }

    /// Another behaviour from now on.
    pub fn set(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut lock(&self.state).manners);
    }

    /// Puts a blob into a repository; its digest.
    pub fn blob(&self, repository: &str, bytes: &[u8]) -> String {
        lock(&self.state).keep_blob(repository, bytes)
    }

    /// Puts a document under a tag or digest.
    pub fn manifest(&self, repository: &str, at: &str, kind: &str, bytes: &[u8]) {
        let mut state = lock(&self.state);
        let repository = state.repositories.entry(repository.to_owned()).or_default();
        repository.manifests.insert(at.to_owned(), (kind.to_owned(), bytes.to_vec()));
    }

    /// The document under a tag or digest.
    pub fn document(&self, repository: &str, at: &str) -> Option<Vec<u8>> {
        Some(lock(&self.state).repositories.get(repository)?.manifests.get(at)?.1.clone())
    }

    /// Everything kept, one line each: `REPOSITORY blob DIGEST` and `REPOSITORY manifest AT`.
    pub fn dump(&self) -> Vec<String> {
        let state = lock(&self.state);
        let lines = state.repositories.iter().flat_map(|(name, repository)| {
            let blobs = repository.blobs.iter().map(move |digest| format!("{name} blob {digest}"));
            blobs.chain(repository.manifests.keys().map(move |at| format!("{name} manifest {at}")))
        });
        lines.collect()
    }
}

impl State {
    fn guarded(&mut self, request: &Request, authority: &str) -> Response {
        let Some((user, password)) = self.manners.login.clone() else { return self.respond(request) };
        let header = request.header("authorization").unwrap_or_default().to_owned();
        if self.manners.token_uses.is_none() {
            return match header == basic(&user, &password) {
                true => self.respond(request),
                false => denied().header("WWW-Authenticate", "Basic realm=\"test\""),
            };
        }
        let challenge = format!("Bearer realm=\"http://{authority}/token\",service=\"test\"");
        let token = header.strip_prefix("Bearer ").unwrap_or_default().to_owned();
        let Some((scope, uses)) = self.tokens.get_mut(&token).filter(|(_, uses)| *uses > 0) else {
            return denied().header("WWW-Authenticate", &challenge);
        };
        *uses -= 1;
        let scope = scope.clone();
        let repository =
            request.path.strip_prefix("/v2/").and_then(|rest| split(rest)).map(|(name, ..)| name);
        let writes = !matches!(request.method.as_str(), "GET" | "HEAD");
        let allowed = repository.is_none_or(|name| {
            let granted = scope.split(' ').find_map(|one| one.strip_prefix(&format!("repository:{name}:")));
            granted.is_some_and(|actions| !writes || actions.contains("push"))
        });
        if allowed { self.respond(request) } else { denied().header("WWW-Authenticate", &challenge) }
    }

    fn token(&mut self, request: &Request) -> Response {
        let Some((user, password)) = self.manners.login.clone() else { return Response::status(404) };
        let form = String::from_utf8_lossy(&request.body).into_owned();
        let is_refresh = request.method == "POST" && form.contains(&format!("refresh_token={password}"));
        if !is_refresh && request.header("authorization") != Some(&basic(&user, &password)) {
            return denied();
        }
        self.count += 1;
        let token = format!("token-{}", self.count);
        let source = if is_refresh { &form } else { &request.query };
        let scopes: Vec<String> = source
            .split('&')
            .filter_map(|pair| pair.strip_prefix("scope="))
            .map(|scope| scope.replace("%3A", ":").replace("%2C", ",").replace("%2F", "/").replace('+', " "))
            .collect();
        let uses = self.manners.token_uses.unwrap_or(usize::MAX);
        self.tokens.insert(token.clone(), (scopes.join(" "), uses));
        // Its clock is far off: a client that trusted it would throw the token away, or keep it for ever.
        Response::ok(format!(
            "{{\"token\":\"{token}\",\"expires_in\":0,\"issued_at\":\"2099-01-01T00:00:00Z\"}}"
        ))
    }

    fn respond(&mut self, request: &Request) -> Response {
        let rest = request.path.strip_prefix("/v2/").unwrap_or_default();
        if rest.is_empty() {
            return Response::ok("{}");
        }
        let Some((name, kind, tail)) = split(rest) else { return Response::status(404) };
        match (kind, request.method.as_str()) {
            ("manifests", "GET" | "HEAD") => self.give_manifest(name, tail),
            ("manifests", "PUT") => self.take_manifest(name, tail, request),
            ("manifests", "DELETE") => self.delete(name, tail),
            ("referrers", "GET") if self.manners.referrers => self.referrers(name, tail),
            ("referrers", _) => Response::status(404),
            ("blobs", "POST") => self.begin(name, request),
            ("blobs", "GET" | "HEAD") if !tail.starts_with("uploads/") => self.give_blob(name, tail),
            ("blobs", method) => self.upload(name, tail, method, request),
            ("tags", "GET") => self.tags(name, request),
            _ => Response::status(405),
        }
    }

    fn give_manifest(&self, name: &str, at: &str) -> Response {
        match self.repositories.get(name).and_then(|repository| repository.manifests.get(at)) {
            Some((kind, bytes)) => Response::ok(bytes.clone()).header("Content-Type", kind),
            None => fault(404, "MANIFEST_UNKNOWN", "manifest unknown"),
        }
    }

    fn take_manifest(&mut self, name: &str, at: &str, request: &Request) -> Response {
        let repository = self.repositories.entry(name.to_owned()).or_default();
        let text = String::from_utf8_lossy(&request.body).into_owned();
        let missing = digests(&text)
            .into_iter()
            .find(|digest| !repository.blobs.contains(digest) && !repository.manifests.contains_key(digest));
        if let Some(digest) = missing {
            return fault(404, "MANIFEST_BLOB_UNKNOWN", &digest);
        }
        let kind = request.header("content-type").unwrap_or_default().to_owned();
        let digest = digest(&request.body);
        repository.manifests.insert(digest.clone(), (kind.clone(), request.body.clone()));
        repository.manifests.insert(at.to_owned(), (kind, request.body.clone()));
        let response = Response::status(201).header("Docker-Content-Digest", &digest);
        match subject(&text).filter(|_| self.manners.referrers) {
            Some(subject) => response.header("OCI-Subject", &subject),
            None => response,
        }
    }

    fn delete(&mut self, name: &str, at: &str) -> Response {
        let is_digest = at.starts_with("sha256:");
        let allowed = match self.manners.deletes {
            Deletes::Nothing => false,
            Deletes::Images => is_digest,
            Deletes::Tags => true,
        };
        if !allowed {
            return fault(405, "UNSUPPORTED", "The operation is unsupported.");
        }
        let Some(repository) = self.repositories.get_mut(name) else { return Response::status(404) };
        let Some((_, bytes)) = repository.manifests.remove(at) else {
            return fault(404, "MANIFEST_UNKNOWN", "manifest unknown");
        };
        if is_digest {
            repository.manifests.retain(|_, (_, other)| *other != bytes);
        }
        Response::status(202)
    }

    fn referrers(&self, name: &str, wanted: &str) -> Response {
        let manifests = self.repositories.get(name).map(|repository| &repository.manifests);
        let entry = |(at, (kind, bytes)): (&String, &(String, Vec<u8>))| {
            let text = String::from_utf8_lossy(bytes);
            if !at.starts_with("sha256:") || subject(&text)? != wanted {
                return None;
            }
            let artifact = text.split("\"artifactType\":\"").nth(1).and_then(|rest| rest.split('"').next());
            let artifact =
                artifact.map(|artifact| format!(",\"artifactType\":\"{artifact}\"")).unwrap_or_default();
            let size = bytes.len();
            Some(format!("{{\"mediaType\":\"{kind}\",\"digest\":\"{at}\",\"size\":{size}{artifact}}}"))
        };
        let entries: Vec<String> = manifests.into_iter().flatten().filter_map(entry).collect();
        const INDEX: &str = "application/vnd.oci.image.index.v1+json";
        let body = format!(
            "{{\"schemaVersion\":2,\"mediaType\":\"{INDEX}\",\"manifests\":[{}]}}",
            entries.join(",")
        );
        Response::ok(body).header("Content-Type", INDEX)
    }

    fn give_blob(&self, name: &str, digest: &str) -> Response {
        let known = self.repositories.get(name).is_some_and(|repository| repository.blobs.contains(digest));
        match self.blobs.get(digest).filter(|_| known) {
            Some(bytes) => Response::file(bytes.clone()),
            None => fault(404, "BLOB_UNKNOWN", "blob unknown to registry"),
        }
    }

    fn begin(&mut self, name: &str, request: &Request) -> Response {
        if let (Some(digest), Some(from), true) =
            (request.query_value("mount"), request.query_value("from"), self.manners.mounts)
            && self.repositories.get(from).is_some_and(|repository| repository.blobs.contains(digest))
        {
            self.repositories.entry(name.to_owned()).or_default().blobs.insert(digest.to_owned());
            return Response::status(201);
        }
        self.count += 1;
        self.uploads.insert(self.count, Vec::new());
        Response::status(202).header("Location", &format!("/v2/{name}/blobs/uploads/{}?state=s", self.count))
    }

    fn upload(&mut self, name: &str, tail: &str, method: &str, request: &Request) -> Response {
        let id: usize = tail.strip_prefix("uploads/").and_then(|id| id.parse().ok()).unwrap_or_default();
        let breaks = self.manners.breaks_after;
        let Some(kept) = self.uploads.get_mut(&id) else { return Response::status(404) };
        let range = |kept: &[u8]| format!("0-{}", kept.len().saturating_sub(1));
        match method {
            "PATCH" => {
                let start =
                    request.header("content-range").and_then(|range| range.split('-').next()?.parse().ok());
                if start.unwrap_or(0) != kept.len() {
                    return Response::status(416);
                }
                if let Some(most) = breaks.filter(|most| *most < request.body.len()) {
                    kept.extend_from_slice(&request.body[..most]);
                    return Response::dropped();
                }
                kept.extend_from_slice(&request.body);
                Response::status(202).header("Range", &range(kept))
            }
            "GET" => Response::status(204).header("Range", &range(kept)),
            "PUT" => {
                kept.extend_from_slice(&request.body);
                let wanted = request.query_value("digest").unwrap_or_default().replace("%3A", ":");
                let kept = self.uploads.remove(&id).unwrap_or_default();
                if digest(&kept) != wanted {
                    return fault(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
                }
                self.keep_blob(name, &kept);
                Response::status(201)
            }
            _ => Response::status(405),
        }
    }

    fn keep_blob(&mut self, repository: &str, bytes: &[u8]) -> String {
        let digest = digest(bytes);
        self.blobs.insert(digest.clone(), bytes.to_vec());
        self.repositories.entry(repository.to_owned()).or_default().blobs.insert(digest.clone());
        digest
    }

    fn tags(&self, name: &str, request: &Request) -> Response {
        let Some(repository) = self.repositories.get(name) else {
            return fault(404, "NAME_UNKNOWN", "repository name not known to registry");
        };
        let last = request.query_value("last").unwrap_or_default();
        let is_wanted = |at: &&String| !at.starts_with("sha256:") && at.as_str() > last;
        let mut tags: Vec<&String> = repository.manifests.keys().filter(is_wanted).collect();
        let page = self.manners.page.unwrap_or(usize::MAX);
        let next = tags.get(page.saturating_sub(1)).filter(|_| tags.len() > page);
        let next = next.map(|last| format!("</v2/{name}/tags/list?n={page}&last={last}>; rel=\"next\""));
        tags.truncate(page);
        let tags: Vec<String> = tags.into_iter().map(|tag| format!("\"{tag}\"")).collect();
        let response = Response::ok(format!("{{\"name\":\"{name}\",\"tags\":[{}]}}", tags.join(",")));
        match next {
            Some(next) => response.header("Link", &next),
            None => response,
        }
    }
}

/// `NAME/manifests/AT` and the like, split at the last word that is no name.
fn split(rest: &str) -> Option<(&str, &str, &str)> {
    ["manifests", "blobs", "tags", "referrers"].into_iter().find_map(|kind| {
        let (name, tail) = rest.split_once(&format!("/{kind}/"))?;
        Some((name, kind, tail))
    })
}

/// The digest of the subject that a document names.
fn subject(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("\"subject\":{")?;
    let (_, rest) = rest.split_once("\"digest\":\"")?;
    Some(rest.split('"').next()?.to_owned())
}

/// Every digest that a document names.
fn digests(text: &str) -> Vec<String> {
    let starts = text.match_indices("\"digest\":\"").map(|(at, found)| at + found.len());
    starts.filter_map(|at| Some(text[at..].split('"').next()?.to_owned())).collect()
}

fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn basic(user: &str, password: &str) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    format!("Basic {text}")
}

fn denied() -> Response {
    fault(401, "UNAUTHORIZED", "authentication required")
}

fn fault(status: u16, code: &str, message: &str) -> Response {
    let body = format!("{{\"errors\":[{{\"code\":\"{code}\",\"message\":\"{message}\"}}]}}");
    Response::status(status).body(body).header("Content-Type", "application/json")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Who gets to see user names, passwords and tokens; and proxies.

use std::collections::BTreeMap;

use bareboat_store::{BasicCredentials, FetchError, FetchOptions, Proxies, Request};
use bareboat_testkit::http::{Response, Server};

use crate::setup::{Setup, fetch_error, options};

/// `Basic` for `me:secret`.
const ME: &str = "Basic bWU6c2VjcmV0";

fn with_user(url: &str) -> String {
    url.replace("http://", "http://me:secret@")
}

#[test]
fn credentials_in_an_address_stay_with_its_origin() {
    let setup = Setup::new();
    let other = Server::start();
    other.file("/end", "end");
    let there = other.url("/end");
    setup.server.route("/hop", |_| Response::redirect(302, "/start"));
    setup.server.route("/start", move |_| Response::redirect(302, &there));
    let request = Request {
        urls: vec![with_user(&setup.server.url("/hop"))],
        headers: BTreeMap::from([("X-Token".into(), "token".into())]),
        ..setup.request("/", b"end")
    };
    let fetched = setup.fetcher.fetch(&setup.store, &request).unwrap();
    assert!(fetched.url.unwrap().starts_with("http://127.0.0.1"));
    for request in setup.server.requests() {
        assert_eq!(request.header("authorization"), Some(ME));
        assert_eq!(request.header("x-token"), Some("token"));
        assert!(!request.target.contains("secret"));
    }
    let beyond = &other.requests()[0];
    assert_eq!((beyond.header("authorization"), beyond.header("x-token")), (None, None));
}

#[test]
fn kept_credentials_are_sent_to_their_host_only() {
    let mut options = options();
    let other = Server::start();
    options.credentials.insert(other.authority(), BasicCredentials::new("me", "secret"));
    let setup = Setup::with(options);
    setup.server.file("/a", "a");
    other.file("/b", "b");
    other.file("/c", "c");
    setup.fetch("/a", b"a").unwrap();
    assert_eq!(setup.server.requests()[0].header("authorization"), None);
    let request = Request { urls: vec![other.url("/b")], ..setup.request("/", b"b") };
    setup.fetcher.fetch(&setup.store, &request).unwrap();
    assert_eq!(other.requests()[0].header("authorization"), Some(ME));
    let own = BTreeMap::from([("authorization".to_owned(), "Bearer token".to_owned())]);
    let request = Request { urls: vec![other.url("/c")], headers: own, ..setup.request("/", b"c") };
    setup.fetcher.fetch(&setup.store, &request).unwrap();
    assert_eq!(other.requests()[1].header("authorization"), Some("Bearer token"));
}

#[test]
fn errors_and_events_show_no_secrets() {
    let setup = Setup::with(FetchOptions { retries: 1, ..options() });
    setup.server.route("/a", |_| Response::status(500));
    let url = format!("{}?signature=secret", with_user(&setup.server.url("/a")));
    let request = Request { urls: vec![url.clone(), url.clone()], ..setup.request("/", b"x") };
    let error = fetch_error(setup.fetcher.fetch(&setup.store, &request));
    assert!(!format!("{error} {error:?} {request:?}").contains("secret"), "{error:?}");
    assert!(!format!("{:?}", setup.fetcher.get(&url, 9)).contains("secret"));
    assert_eq!(setup.events("secret"), 0);
    assert!(setup.events("signature=***") > 0);
    assert_eq!(setup.server.requests()[0].query, "signature=secret");
}

#[test]
fn plain_http_goes_through_a_proxy_by_its_whole_address() {
    let proxy = Server::start();
    proxy.file("/pool/a", "through");
    proxy.file("/pool/b", "again");
    let setup = Setup::with(FetchOptions {
        proxies: Proxies {
            http: Some(with_user(&proxy.url(""))),
            direct: vec!["127.0.0.1".into()],
            ..Proxies::default()
        },
        connections: 1,
        ..options()
    });
    // A name that only the proxy knows.
    for (path, content) in [("/pool/a", &b"through"[..]), ("/pool/b", b"again")] {
        let urls = vec![format!("http://archive.test{path}?x")];
        let request = Request { urls, ..setup.request("/", content) };
        setup.fetcher.fetch(&setup.store, &request).unwrap();
    }
    let requests = proxy.requests();
    assert_eq!(requests[0].target, "http://archive.test/pool/a?x");
    assert_eq!(requests[0].header("proxy-authorization"), Some(ME));
    assert_eq!(requests[0].header("host"), Some("archive.test"));
    assert_eq!(requests[1].target, "http://archive.test/pool/b?x");
    assert_eq!(proxy.connections(), 1);
    setup.server.file("/direct", "direct");
    setup.fetch("/direct", b"direct").unwrap();
    assert_eq!(setup.server.requests()[0].target, "/direct");
}

#[test]
fn https_asks_a_proxy_for_a_tunnel() {
    let proxy = Server::start();
    proxy.route("/", |_| Response::status(403));
    let setup = Setup::with(FetchOptions {
        proxies: Proxies { https: Some(with_user(&proxy.url(""))), ..Proxies::default() },
        retries: 0,
        ..options()
    });
    let request = Request { urls: vec!["https://archive.test/a".into()], ..setup.request("/", b"x") };
    let error = fetch_error(setup.fetcher.fetch(&setup.store, &request));
    if matches!(error, FetchError::NoRootCertificates { .. }) {
        return;
    }
    assert!(matches!(&error, FetchError::Unreachable { .. }), "{error}");
    let asked = &proxy.requests()[0];
    assert_eq!((asked.method.as_str(), asked.target.as_str()), ("CONNECT", "archive.test:443"));
    assert_eq!(asked.header("proxy-authorization"), Some(ME));
}

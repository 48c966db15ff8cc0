//! What works: fetching, many at a time, not fetching twice, files, resuming.

use std::sync::Arc;
use std::time::Duration;

use bareboat_store::{Digest, FetchError, FetchOptions, Fetcher, Request, Store};
use bareboat_testkit::http::Response;

use crate::setup::{Setup, content, fetch_error, options};

#[test]
fn fetches_once_and_then_never_asks_again() {
    let setup = Setup::new();
    let bytes = content(300_000);
    setup.server.file("/a?", bytes.clone());
    setup.server.file("/a", bytes.clone());
    let fetched = setup.fetch("/a", &bytes).unwrap();
    assert_eq!((fetched.digest, fetched.size), (Digest::of(&bytes), 300_000));
    assert_eq!(fetched.url, Some(setup.server.url("/a")));
    setup.assert_has(&bytes);
    assert_eq!(setup.events("Started { label: \"thing\", total: Some(300000) }"), 1);
    assert_eq!(setup.events("Progress { label: \"thing\", bytes: 300000 }"), 1);
    assert_eq!(setup.events("Finished { label: \"thing\", bytes: 300000 }"), 1);
    assert_eq!(setup.fetch("/a", &bytes).unwrap().url, None);
    assert_eq!(setup.server.count("/a"), 1);
    let agent = setup.server.requests()[0].header("user-agent").unwrap().to_owned();
    assert!(agent.starts_with("bareboat/"), "{agent}");
    assert_eq!(setup.server.requests()[0].header("accept-encoding"), Some("identity"));
}

#[test]
fn takes_what_comes_when_no_digest_is_known() {
    let setup = Setup::new();
    for (path, response) in [
        ("/chunked", Response::ok("chunked").chunked()),
        ("/close", Response::ok("close").until_close()),
        ("/empty", Response::ok("")),
    ] {
        setup.server.route(path, move |_| response.clone());
        let request = Request { digest: None, ..setup.request(path, b"") };
        let fetched = setup.fetcher.fetch(&setup.store, &request).unwrap();
        let expected = if path == "/empty" { "" } else { &path[1..] };
        assert_eq!(fetched.digest, Digest::of(expected));
    }
}

#[test]
fn fetches_many_over_few_connections_in_order() {
    let setup = Setup::with(FetchOptions { connections: 4, ..options() });
    let contents: Vec<Vec<u8>> = (0..40).map(|n| content(1000 + n)).collect();
    let mut requests = Vec::new();
    for (n, bytes) in contents.iter().enumerate() {
        let path = format!("/{n}");
        if n != 7 {
            setup.server.file(&path, bytes.clone());
        }
        requests.push(setup.request(&path, bytes));
    }
    // The same content twice, and one that is there already.
    requests.push(requests[3].clone());
    setup.store.insert(&contents[5]).unwrap();
    let results = setup.fetcher.fetch_all(&setup.store, &requests);
    assert_eq!(results.len(), 41);
    for (n, result) in results.into_iter().enumerate() {
        match n {
            7 => assert!(matches!(fetch_error(result), FetchError::Status { status: 404, .. })),
            _ => assert_eq!(result.unwrap().digest, requests[n].digest.unwrap()),
        }
    }
    assert_eq!(setup.server.count("/3"), 1, "one download for both");
    assert_eq!(setup.server.count("/5"), 0);
    assert!(setup.server.connections() <= 4, "{}", setup.server.connections());
    assert!(setup.fetcher.fetch_all(&setup.store, &[]).is_empty());
}

#[test]
fn two_users_of_one_store_share_a_download() {
    let setup = Setup::new();
    let bytes = content(2000);
    let slow = Response::ok(bytes.clone()).dripping(500, Duration::from_millis(20));
    setup.server.route("/slow", move |_| slow.clone());
    let other_store = Store::open(setup.store.root()).unwrap();
    let other_fetcher = Fetcher::new(options(), Arc::new(|_| {}));
    let request = setup.request("/slow", &bytes);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| other_fetcher.fetch(&other_store, &request).unwrap());
        let this = setup.fetcher.fetch(&setup.store, &request).unwrap();
        let other = other.join().unwrap();
        assert_eq!(this.digest, other.digest);
        assert_eq!(usize::from(this.url.is_some()) + usize::from(other.url.is_some()), 1);
    });
    assert_eq!(setup.server.count("/slow"), 1);
}

#[test]
fn goes_on_where_a_dropped_connection_stopped() {
    let setup = Setup::new();
    let bytes = content(400_000);
    let file = Response::file(bytes.clone());
    setup.server.sequence(
        "/a",
        vec![
            file.clone().truncated_after(150_000),
            file.clone().truncated_after(100_000),
            Response::dropped(),
            file,
        ],
    );
    setup.fetch("/a", &bytes).unwrap();
    setup.assert_has(&bytes);
    let requests = setup.server.requests_for("/a");
    let ranges: Vec<_> = requests.iter().map(|request| request.header("range").unwrap_or("-")).collect();
    assert_eq!(ranges, ["-", "bytes=150000-", "bytes=250000-", "bytes=250000-"]);
    assert!(requests[1].header("if-range").is_some());
    assert_eq!(setup.events("Retrying"), 3);
}

#[test]
fn starts_again_when_the_server_cannot_go_on() {
    let setup = Setup::new();
    let bytes = content(200_000);
    let plain = Response::ok(bytes.clone());
    setup.server.sequence("/whole", vec![plain.clone().truncated_after(100_000), plain.clone()]);
    setup.fetch("/whole", &bytes).unwrap();
    setup.assert_has(&bytes);

    let bytes = content(200_001);
    let plain = Response::ok(bytes.clone());
    setup
        .server
        .sequence("/416", vec![plain.clone().truncated_after(9), Response::status(416), plain.clone()]);
    setup.fetch("/416", &bytes).unwrap();
    setup.assert_has(&bytes);

    let bytes = content(200_002);
    let wrong = Response::status(206).header("Content-Range", "bytes 5-9/200002").body("wrong");
    let plain = Response::ok(bytes.clone());
    setup.server.sequence("/206", vec![plain.clone().truncated_after(9), wrong, plain]);
    setup.fetch("/206", &bytes).unwrap();
    setup.assert_has(&bytes);
}

#[test]
fn a_file_that_changed_between_two_parts_is_fetched_once_more_in_one_piece() {
    let setup = Setup::new();
    let (old, new) = (content(1000), vec![b'n'; 1000]);
    // A careless server: it goes on with another file and has no validators to tell.
    let rest = Response::status(206).header("Content-Range", "bytes 400-999/1000").body(&new[400..]);
    setup
        .server
        .sequence("/a", vec![Response::ok(old).truncated_after(400), rest, Response::ok(new.clone())]);
    setup.fetch("/a", &new).unwrap();
    assert_eq!(setup.server.count("/a"), 3);
}

#[test]
fn never_joins_parts_that_nothing_proves_to_belong_together() {
    let setup = Setup::new();
    let bytes = content(1000);
    let plain = Response::ok(bytes.clone());
    setup.server.sequence("/a", vec![plain.clone().truncated_after(400), plain]);
    let request = Request { digest: None, ..setup.request("/a", b"") };
    setup.fetcher.fetch(&setup.store, &request).unwrap();
    setup.assert_has(&bytes);
    assert_eq!(setup.server.requests_for("/a")[1].header("range"), None);
}

#[test]
fn a_file_address_is_a_mirror_too_even_offline() {
    let setup = Setup::with(FetchOptions { offline: true, ..options() });
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a b.deb");
    std::fs::write(&path, "local").unwrap();
    let url = format!("file://{}", path.display().to_string().replace(' ', "%20"));
    let request = Request { urls: vec![url.clone()], ..setup.request("/", b"local") };
    assert_eq!(setup.fetcher.fetch(&setup.store, &request).unwrap().url, Some(url.clone()));
    setup.assert_has(b"local");
    assert_eq!(setup.fetcher.get(&url, 5).unwrap().bytes, b"local");
    assert!(matches!(fetch_error(setup.fetcher.get(&url, 4)), FetchError::TooLarge { .. }));
    for wrong in [format!("{url}x"), format!("file://{}", directory.path().display()), "file://host/x".into()]
    {
        let request = Request { urls: vec![wrong], ..setup.request("/", b"other") };
        let error = fetch_error(setup.fetcher.fetch(&setup.store, &request));
        assert!(matches!(error, FetchError::File { .. } | FetchError::Address { .. }), "{error}");
    }
}

//! What does not work, and what it says then. Nothing is ever kept.

use std::time::Duration;

use bareboat_store::{Cancel, FetchError, FetchOptions, Request, StoreError};
use bareboat_testkit::http::Response;

use crate::setup::{Setup, content, fetch_error, options};

#[test]
fn wrong_bytes_are_refused_and_named() {
    let setup = Setup::new();
    setup.server.file("/a", "<html>Please log in</html>");
    let error = fetch_error(setup.fetch("/a", b"package"));
    assert!(matches!(error, FetchError::WrongContent { size: 26, .. }));
    let text = error.to_string();
    assert!(text.contains("nothing was kept") && text.matches("sha256:").count() == 2, "{text}");
    assert_eq!(setup.server.count("/a"), 1, "asking the same mirror again would not help");
    assert_eq!(setup.events("Failed"), 1);
    setup.assert_nothing_kept();
}

#[test]
fn the_next_mirror_is_asked_whatever_the_first_did() {
    let setup = Setup::new();
    setup.server.file("/wrong", "wrong");
    setup.server.route("/dropped", |_| Response::dropped());
    setup.server.file("/short", "righ");
    setup.server.file("/right", "right");
    let urls = ["/wrong", "/absent", "/dropped", "/short", "/right"].map(|path| setup.server.url(path));
    let request = Request { urls: urls.to_vec(), size: Some(5), ..setup.request("/", b"right") };
    let fetched = setup.fetcher.fetch(&setup.store, &request).unwrap();
    assert_eq!(fetched.url, Some(setup.server.url("/right")));
    setup.assert_has(b"right");
}

#[test]
fn when_every_mirror_fails_each_is_accounted_for() {
    let setup = Setup::new();
    setup.server.file("/wrong", "wrong");
    let urls = ["/wrong", "/absent"].map(|path| setup.server.url(path));
    let request = Request { urls: urls.to_vec(), ..setup.request("/", b"right") };
    let error = fetch_error(setup.fetcher.fetch(&setup.store, &request));
    let text = error.to_string();
    assert!(text.starts_with("cannot fetch thing; ") && text.contains("404 Not Found"), "{text}");
    assert!(matches!(error, FetchError::NoMirror { attempts, .. } if attempts.len() == 2));
    let none = Request { urls: vec![], ..request };
    assert!(matches!(fetch_error(setup.fetcher.fetch(&setup.store, &none)), FetchError::Address { .. }));
    setup.assert_nothing_kept();
}

#[test]
fn a_wrong_length_is_noticed_before_the_body_is_read() {
    let setup = Setup::new();
    setup.server.route("/a", |_| Response::ok(content(100_000)).stalled_after(0));
    let request = Request { size: Some(99_999), ..setup.request("/a", b"x") };
    let error = fetch_error(setup.fetcher.fetch(&setup.store, &request));
    assert!(matches!(error, FetchError::WrongSize { expected: 99_999, found: 100_000, .. }), "{error}");
    let request = Request { limit: 99_999, ..setup.request("/a", b"x") };
    let error = fetch_error(setup.fetcher.fetch(&setup.store, &request));
    assert!(matches!(error, FetchError::TooLarge { limit: 99_999, .. }), "{error}");
    let request = Request { size: Some(1 << 60), limit: 10, ..setup.request("/a", b"x") };
    assert!(setup.fetcher.fetch(&setup.store, &request).is_err());
    setup.assert_nothing_kept();
}

#[test]
fn an_endless_body_is_cut_off() {
    let setup = Setup::new();
    setup.server.route("/endless", |_| Response::ok(content(10_000)).endless());
    let request = Request { limit: 1_000_000, ..setup.request("/endless", b"x") };
    let error = fetch_error(setup.fetcher.fetch(&setup.store, &request));
    assert!(matches!(error, FetchError::TooLarge { limit: 1_000_000, .. }), "{error}");
    let request = Request { size: Some(5), ..request };
    let error = fetch_error(setup.fetcher.fetch(&setup.store, &request));
    assert!(matches!(error, FetchError::TooLarge { limit: 5, .. }), "{error}");
    let error = fetch_error(setup.fetcher.get(&setup.server.url("/endless"), 1000));
    assert!(matches!(error, FetchError::TooLarge { limit: 1000, .. }), "{error}");
    setup.assert_nothing_kept();
}

#[test]
fn passing_troubles_are_sat_out() {
    let setup = Setup::new();
    let troubles = vec![
        Response::status(429).header("Retry-After", "0"),
        Response::status(500).body("oops"),
        Response::status(503).header("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"),
        Response::dropped(),
        Response::ok("fine"),
    ];
    setup.server.sequence("/a", troubles);
    setup.fetch("/a", b"fine").unwrap();
    assert_eq!(setup.events("Retrying"), 4);
    assert_eq!(setup.events("answered 429 Too Many Requests"), 1);
}

#[test]
fn lasting_troubles_are_not() {
    let setup = Setup::with(FetchOptions { retries: 2, ..options() });
    setup.server.route("/500", |_| Response::status(500));
    assert!(matches!(fetch_error(setup.fetch("/500", b"x")), FetchError::Status { status: 500, .. }));
    assert_eq!(setup.server.count("/500"), 3);
    setup.server.route("/cut", |_| Response::ok("0123456789").truncated_after(0));
    let error = fetch_error(setup.fetch("/cut", b"x"));
    assert!(matches!(&error, FetchError::Interrupted { .. }), "{error}");
    assert_eq!(setup.server.count("/cut"), 3);
    setup.server.route("/403", |_| Response::status(403));
    assert!(fetch_error(setup.fetch("/403", b"x")).hint().unwrap().contains(".netrc"));
    assert_eq!(setup.server.count("/403"), 1);
    setup.server.route("/later", |_| Response::status(429).header("Retry-After", "3600"));
    let error = fetch_error(setup.fetch("/later", b"x"));
    assert!(matches!(error, FetchError::Status { retry_after: Some(after), .. } if after.as_secs() == 3600));
    assert_eq!(setup.server.count("/later"), 1, "nobody waits for an hour");
    setup.assert_nothing_kept();
}

#[test]
fn a_server_that_always_breaks_at_the_same_place_is_given_up() {
    let setup = Setup::with(FetchOptions { retries: 2, ..options() });
    let bytes = content(3 << 20);
    let cut = Response::ok(bytes.clone()).truncated_after(2 << 20);
    setup.server.route("/a", move |_| cut.clone());
    let error = fetch_error(setup.fetch("/a", &bytes));
    assert!(matches!(&error, FetchError::Interrupted { .. }), "{error}");
    assert_eq!(setup.server.count("/a"), 3, "the first two mebibytes are progress once");
    setup.assert_nothing_kept();
}

#[test]
fn a_silent_server_is_given_up() {
    let setup =
        Setup::with(FetchOptions { retries: 1, stall_timeout: Duration::from_millis(40), ..options() });
    setup.server.route("/a", |_| Response::ok(content(1000)).stalled_after(100));
    let error = fetch_error(setup.fetch("/a", b"x"));
    assert!(
        matches!(&error, FetchError::Interrupted { reason, .. } if reason.contains("too long")),
        "{error}"
    );
    assert_eq!(setup.server.count("/a"), 2);
    setup.assert_nothing_kept();
}

#[test]
fn a_slow_server_is_not() {
    // Longer in all than the time allowed between two bytes.
    let setup = Setup::with(FetchOptions { stall_timeout: Duration::from_millis(500), ..options() });
    let bytes = content(60);
    let drip = Response::ok(bytes.clone()).dripping(1, Duration::from_millis(10));
    setup.server.route("/a", move |_| drip.clone());
    setup.fetch("/a", &bytes).unwrap();
    setup.assert_has(&bytes);
}

#[test]
fn no_server_and_no_such_host_are_said_soon() {
    let setup = Setup::new();
    let closed = bareboat_testkit::http::Server::start();
    let gone = closed.url("/a");
    drop(closed);
    let request = Request { urls: vec![gone], ..setup.request("/", b"x") };
    let error = fetch_error(setup.fetcher.fetch(&setup.store, &request));
    assert!(matches!(error, FetchError::Unreachable { .. }), "{error}");
    assert_eq!(setup.events("Retrying"), 1);
    setup.assert_nothing_kept();
}

#[test]
fn offline_names_the_thing_and_the_way_out() {
    let setup = Setup::with(FetchOptions { offline: true, ..options() });
    let request = Request { urls: vec!["https://me:secret@index.test/a".into()], ..setup.request("/", b"x") };
    let error = setup.fetcher.fetch(&setup.store, &request).unwrap_err();
    assert_eq!(error.to_string(), "thing is not in the store, and the network is off");
    assert!(error.hint().unwrap().contains("without `--offline`"));
    assert!(!format!("{error:?}").contains("secret"));
    setup.store.insert(b"x").unwrap();
    setup.fetcher.fetch(&setup.store, &request).unwrap();
    assert!(matches!(fetch_error(setup.fetcher.get("https://index.test/", 9)), FetchError::Offline { .. }));
}

#[test]
fn cancelling_stops_a_download_that_waits_and_one_that_flows() {
    for response in [
        Response::ok(content(1000)).stalled_after(100),
        Response::ok(content(1000)).dripping(1, Duration::from_millis(10)),
        Response::status(503).header("Retry-After", "20"),
    ] {
        let cancel = Cancel::new();
        let patient = Duration::from_secs(30);
        let setup = Setup::with(FetchOptions { cancel: cancel.clone(), longest_delay: patient, ..options() });
        setup.server.route("/a", move |_| response.clone());
        std::thread::scope(|scope| {
            let fetching = scope.spawn(|| {
                let requests = [setup.request("/a", b"x"), setup.request("/a", b"y")];
                setup.fetcher.fetch_all(&setup.store, &requests)
            });
            while setup.events("Started") + setup.events("Retrying") == 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
            cancel.cancel();
            for result in fetching.join().unwrap() {
                assert!(matches!(result, Err(StoreError::Cancelled)), "{result:?}");
            }
        });
        setup.assert_nothing_kept();
    }
}

#[test]
fn redirects_are_followed_but_not_for_ever() {
    let setup = Setup::new();
    setup.server.file("/end", "end");
    setup.server.route("/start", |_| Response::redirect(302, "middle?x=1").body("moved"));
    setup.server.route("/middle", |_| Response::redirect(308, "/end"));
    let fetched = setup.fetch("/start", b"end").unwrap();
    assert_eq!(fetched.url, Some(setup.server.url("/start")));
    assert_eq!(setup.server.connections(), 1);
    setup.server.route("/loop", |_| Response::redirect(301, "/loop"));
    let error = fetch_error(setup.fetch("/loop", b"x"));
    assert!(matches!(error, FetchError::Redirect { .. }), "{error}");
    assert_eq!(setup.server.count("/loop"), 11);
    setup.server.route("/out", |_| Response::redirect(302, "file:///etc/passwd"));
    assert!(matches!(fetch_error(setup.fetch("/out", b"x")), FetchError::Redirect { .. }));
}

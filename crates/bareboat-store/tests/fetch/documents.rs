//! Small documents in memory.

use bareboat_store::{FetchError, Get, Validators};
use bareboat_testkit::http::Response;

use crate::setup::{Setup, fetch_error};

#[test]
fn gets_a_document_with_what_is_said_about_it() {
    let setup = Setup::new();
    setup.server.route("/simple", |_| Response::redirect(302, "/simple/"));
    setup.server.route("/simple/", |_| {
        Response::ok("{}")
            .header("Content-Type", "application/json")
            .header("ETag", "\"1\"")
            .header("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
    });
    let document = setup.fetcher.get(&setup.server.url("/simple#x"), 2).unwrap();
    assert_eq!(document.bytes, b"{}");
    assert_eq!(document.content_type.as_deref(), Some("application/json"));
    assert_eq!(document.validators.etag.as_deref(), Some("\"1\""));
    assert_eq!(document.validators.last_modified.as_deref(), Some("Mon, 01 Jan 2024 00:00:00 GMT"));
    assert_eq!(document.url, setup.server.url("/simple/"));
    let error = fetch_error(setup.fetcher.get(&setup.server.url("/simple"), 1));
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error}");
    assert!(matches!(fetch_error(setup.fetcher.get(&setup.server.url("/no"), 1)), FetchError::Status { .. }));
    assert!(matches!(fetch_error(setup.fetcher.get("gopher://x.test", 1)), FetchError::Address { .. }));
}

#[test]
fn asks_whether_it_changed() {
    let setup = Setup::new();
    setup.server.file("/index", "first");
    let mut get = Get::new(setup.server.url("/index"), 100);
    get.headers.insert("Accept".into(), "application/json".into());
    let first = setup.fetcher.get_if_changed(&get).unwrap().unwrap();
    get.validators = first.validators;
    assert_eq!(setup.fetcher.get_if_changed(&get).unwrap(), None);
    setup.server.file("/index", "second");
    assert_eq!(setup.fetcher.get_if_changed(&get).unwrap().unwrap().bytes, b"second");
    assert_eq!(setup.server.requests()[0].header("accept"), Some("application/json"));
    get.validators = Validators { etag: None, last_modified: Some("yesterday".into()) };
    setup.fetcher.get_if_changed(&get).unwrap();
    assert_eq!(setup.server.requests()[3].header("if-modified-since"), Some("yesterday"));
}

#[test]
fn a_cut_document_is_asked_for_again_and_an_uncalled_304_is_an_error() {
    let setup = Setup::new();
    let whole = Response::ok("0123456789");
    setup.server.sequence("/cut", vec![whole.clone().truncated_after(5), whole]);
    assert_eq!(setup.fetcher.get(&setup.server.url("/cut"), 10).unwrap().bytes, b"0123456789");
    setup.server.route("/304", |_| Response::status(304));
    let error = fetch_error(setup.fetcher.get(&setup.server.url("/304"), 10));
    assert!(matches!(error, FetchError::Status { status: 304, .. }), "{error}");
}

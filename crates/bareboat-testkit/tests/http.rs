//! The loopback server, looked at byte by byte.
#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bareboat_testkit::http::{Response, Server};

/// Sends `request` on a connection of its own and returns all that comes back.
fn ask(server: &Server, request: &str) -> String {
    let mut stream = TcpStream::connect(server.authority()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A dropped connection may reset; what came before counts.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(server: &Server, path: &str, headers: &str) -> String {
    ask(server, &format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n"))
}

#[test]
fn serves_files_parts_and_validators() {
    let server = Server::start();
    server.file("/f", "0123456789");
    let whole = get(&server, "/f?x=1", "");
    assert!(whole.starts_with("HTTP/1.1 200 OK\r\n") && whole.ends_with("\r\n\r\n0123456789"), "{whole}");
    let tag = whole.lines().find_map(|line| line.strip_prefix("ETag: ")).unwrap().to_owned();
    let part = get(&server, "/f", &format!("Range: bytes=7-\r\nIf-Range: {tag}\r\n"));
    assert!(
        part.contains("206 Partial") && part.contains("bytes 7-9/10") && part.ends_with("\r\n789"),
        "{part}"
    );
    let other = get(&server, "/f", "Range: bytes=7-\r\nIf-Range: \"x\"\r\n");
    assert!(other.ends_with("0123456789"), "{other}");
    assert!(get(&server, "/f", "Range: bytes=10-\r\n").contains("416"));
    assert!(get(&server, "/f", &format!("If-None-Match: {tag}\r\n")).contains("304"));
    let head = ask(&server, "HEAD /f HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert!(head.contains("Content-Length: 10") && head.ends_with("\r\n\r\n"), "{head}");
    assert!(get(&server, "/absent", "").contains("404"));
    assert_eq!(server.count("/f"), 6);
    assert_eq!(server.requests_for("/f")[0].query_value("x"), Some("1"));
}

#[test]
fn routes_by_path_then_longest_prefix_and_reads_bodies() {
    let server = Server::start();
    server.route_below("/v2/", |_| Response::ok("short"));
    server.route_below("/v2/app/", |request| Response::ok(request.body.clone()));
    server.route("/v2/app/exact", |_| Response::status(201));
    assert!(get(&server, "/v2/x", "").ends_with("short"));
    let chunked = "PUT /v2/app/y HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    assert!(ask(&server, chunked).ends_with("\r\n\r\nabcde"));
    let sized =
        "POST http://proxied.test/v2/app/y HTTP/1.1\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc";
    assert!(ask(&server, sized).ends_with("\r\n\r\nabc"));
    assert_eq!(server.requests().last().unwrap().target, "http://proxied.test/v2/app/y");
    assert!(get(&server, "/v2/app/exact", "").contains("201 Created"));
}

#[test]
fn misbehaves_as_told() {
    let server = Server::start();
    server.sequence("/flaky", vec![Response::status(500), Response::dropped(), Response::ok("fine")]);
    assert!(get(&server, "/flaky", "").contains("500"));
    assert_eq!(get(&server, "/flaky", ""), "");
    assert!(get(&server, "/flaky", "").ends_with("fine"));
    assert!(get(&server, "/flaky", "").ends_with("fine"));
    server.route("/cut", |_| Response::ok("0123456789").truncated_after(4));
    let cut = get(&server, "/cut", "");
    assert!(cut.contains("Content-Length: 10") && cut.ends_with("\r\n\r\n0123"), "{cut}");
    server.route("/drip", |_| Response::ok("012").dripping(1, Duration::from_millis(1)).chunked());
    assert!(get(&server, "/drip", "").ends_with("1\r\n0\r\n1\r\n1\r\n1\r\n2\r\n0\r\n\r\n"));
    server.route("/endless", |_| Response::ok("x".repeat(1000)).endless());
    let mut stream = TcpStream::connect(server.authority()).unwrap();
    stream.write_all(b"GET /endless HTTP/1.1\r\n\r\n").unwrap();
    stream.read_exact(&mut vec![0; 1_000_000]).unwrap();
    server.route("/stall", |_| Response::ok("0123").stalled_after(2));
    let mut stalled = TcpStream::connect(server.authority()).unwrap();
    stalled.write_all(b"GET /stall HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    drop(server);
    let _ = stalled.read_to_end(&mut answer);
    assert!(!answer.ends_with(b"3"));
}

#[test]
fn keeps_connections_alive() {
    let server = Server::start();
    server.file("/f", "x");
    let two = "GET /f HTTP/1.1\r\n\r\nGET /f HTTP/1.1\r\nConnection: close\r\n\r\n";
    assert_eq!(ask(&server, two).matches("200 OK").count(), 2);
    assert_eq!(server.connections(), 1);
}

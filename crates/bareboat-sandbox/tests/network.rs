//! Networks and published ports. Needs no network and no root.
#![allow(clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)]

mod fixture;

use std::io::{Read, Write};

use bareboat_sandbox::*;
use fixture::{Root, possible, printed, this_program, wait_for_line};

#[test]
fn without_network_there_is_only_a_working_loopback() {
    require!(possible());
    let root = Root::new();
    let mut sandbox = root.shell("cat /proc/net/dev | tail -n +3 | cut -d: -f1; ls /sys/class/net");
    sandbox.network = Network::None;
    let text = printed(&sandbox);
    assert_eq!(text.split_whitespace().collect::<Vec<_>>(), ["lo", "lo"]);
}

#[test]
fn published_ports_reach_a_server_without_network() {
    require!(possible());
    let root = Root::new();
    let mut sandbox = root.sandbox(&["/server", "--exact", "fixture_server", "--nocapture"]);
    sandbox.mounts.push(Mount::read_only(this_program(), "/server"));
    sandbox.environment.push(("FIXTURE_SERVER".into(), "127.0.0.1:8080".into()));
    sandbox.network = Network::None;
    let host = "127.0.0.1:0".parse().unwrap();
    sandbox.published = vec![Publish { host, port: 8080 }, Publish { host, port: 8081 }];
    let mut child = spawn(&sandbox).unwrap();
    wait_for_line(child.stdout.as_mut().unwrap(), "listening");
    let [address, vacant] = child.published()[..] else { panic!("two addresses") };
    for round in 0..3 {
        let mut peer = std::net::TcpStream::connect(address).unwrap();
        write!(peer, "GET /{round} HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        peer.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, format!("HTTP/1.0 200 OK\r\n\r\nGET /{round} HTTP/1.0"));
    }
    let mut nobody = std::net::TcpStream::connect(vacant).unwrap();
    let mut answer = Vec::new();
    let _ = nobody.read_to_end(&mut answer);
    assert!(answer.is_empty());
    child.kill().unwrap();
    drop(child);
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn a_port_in_use_is_an_error_before_anything_starts() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let root = Root::new();
    let mut sandbox = root.sandbox(&["true"]);
    sandbox.network = Network::None;
    sandbox.published = vec![Publish { host: taken.local_addr().unwrap(), port: 80 }];
    let error = spawn(&sandbox).unwrap_err();
    assert!(matches!(error, SandboxError::Publish { .. }), "{error}");
    assert!(error.hint().unwrap().contains("another port"));
}

/// Not a test of its own: a small HTTP server, when this program is started inside a sandbox.
#[test]
fn fixture_server() {
    let Ok(address) = std::env::var("FIXTURE_SERVER") else { return };
    let listener = std::net::TcpListener::bind(address).unwrap();
    println!("listening");
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        // What is sent in one go may arrive in several: read to the end of the header.
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if stream.read(&mut byte).unwrap() == 0 {
                break;
            }
            request.push(byte[0]);
        }
        let line = String::from_utf8_lossy(&request);
        write!(stream, "HTTP/1.0 200 OK\r\n\r\n{}", line.trim()).unwrap();
    }
}

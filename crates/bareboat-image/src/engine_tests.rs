//! What an engine gets and what becomes of its answers, with an engine that is a few lines of code.

use std::collections::BTreeMap;
use std::os::unix::net::UnixListener;
use std::thread;

use super::*;
use crate::{Compression, FileMeta, ImageConfig, PartWriter, Platform, TreePath, join, write_image};

/// Answers one request with `response`, after reading all of it or `read_at_most` bytes; what it read.
fn talk(response: &'static str, read_at_most: u64) -> (Result<String, EngineError>, Vec<u8>) {
    let directory = tempfile::tempdir().unwrap();
    let store = &Store::open(&directory.path().join("store")).unwrap();
    let socket = directory.path().join("engine.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let engine = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut input = BufReader::new((&stream).take(read_at_most));
        while !request.ends_with(b"\r\n0\r\n\r\n") {
            if input.read_until(b'\n', &mut request).unwrap() == 0 {
                break;
            }
        }
        (&stream).write_all(response.as_bytes()).unwrap();
        request
    });
    let mut writer = PartWriter::new(store, Compression::Gzip, 0).unwrap();
    // Noise, so that the archive exceeds the socket's buffers.
    let mut state = 1u64;
    let noise: Vec<u8> = (0..1_000_000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .collect();
    writer.append_bytes(&TreePath::new("f").unwrap(), &FileMeta::new(0o644), &noise).unwrap();
    let layer = join(store, &[writer.finish().unwrap()], Compression::Gzip).unwrap();
    let config = ImageConfig::new(Platform::linux("amd64"));
    let descriptor = write_image(store, config, &[layer], BTreeMap::new()).unwrap();
    let subject = Subject { descriptor: &descriptor, reference: None, platform: None };
    let result = load(store, &subject, &socket);
    let mut archive = Vec::new();
    write_docker_archive(store, &subject, &mut archive).unwrap();
    let request = engine.join().unwrap();
    if read_at_most == u64::MAX {
        let body = request.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let mut sent = Vec::new();
        copy_chunked(&mut &request[body..], &mut sent).unwrap();
        assert!(sent == archive, "the engine gets the archive");
    }
    (result, request)
}

fn refusal(response: &'static str, read_at_most: u64) -> (u16, String) {
    match talk(response, read_at_most).0 {
        Err(EngineError::Refused { status, message }) => (status, message),
        other => panic!("{other:?}"),
    }
}

#[test]
fn tells_what_was_loaded_from_any_form_of_answer() {
    for response in [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n29\r\n{\"stream\":\"Loaded image: app:latest\\n\"}\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 39\r\n\r\n{\"stream\":\"Loaded image: app:latest\\n\"}",
        "HTTP/1.0 200 OK\r\n\r\n{\"stream\":\"Loaded image: app:latest\\n\"}\n",
    ] {
        let (result, request) = talk(response, u64::MAX);
        assert_eq!(result.unwrap(), "app:latest");
        assert!(request.starts_with(b"POST /images/load?quiet=1 HTTP/1.1\r\n"));
    }
}

#[test]
fn passes_on_the_engines_own_words() {
    let late = "HTTP/1.1 200 OK\r\n\r\n{\"stream\":\"x\"}\n{\"errorDetail\":{\"message\":\"no space\"},\"error\":\"no space\"}\n";
    assert_eq!(refusal(late, u64::MAX), (200, "no space".into()));
    let docker = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 20\r\n\r\n{\"message\":\"broken\"}";
    assert_eq!(refusal(docker, u64::MAX), (500, "broken".into()));
    let proxy = "HTTP/1.1 502 Bad Gateway\r\n\r\n<html>down</html>";
    assert_eq!(refusal(proxy, u64::MAX), (502, "<html>down</html>".into()));
}

#[test]
fn an_engine_that_answers_early_is_heard() {
    let early = "HTTP/1.1 400 Bad Request\r\nContent-Length: 18\r\n\r\n{\"message\":\"tiny\"}";
    assert_eq!(refusal(early, 1000), (400, "tiny".into()));
}

#[test]
fn nonsense_and_silence_are_errors() {
    for response in ["", "hello\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"] {
        assert!(matches!(talk(response, u64::MAX).0, Err(EngineError::Io { .. })), "{response}");
    }
    let store = tempfile::tempdir().unwrap();
    let store = &Store::open(store.path()).unwrap();
    let descriptor = crate::Descriptor::new("x", bareboat_store::Digest::of(b""), 0);
    let subject = Subject { descriptor: &descriptor, reference: None, platform: None };
    let error = load(store, &subject, Path::new("/nonexistent/engine.sock")).unwrap_err();
    assert!(error.hint().unwrap().contains("start the engine"), "{error}");
}

/// Answers one request with `response`; what `save` writes, and the request's first line.
fn saved(response: &'static str) -> (Result<Vec<u8>, EngineError>, String) {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("engine.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let engine = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut input = BufReader::new(&stream);
        let first = read_line(&mut input).unwrap();
        while !read_line(&mut input).unwrap().is_empty() {}
        (&stream).write_all(response.as_bytes()).unwrap();
        first
    });
    let path = directory.path().join("image.tar");
    let result = save("localhost/web app:1", &socket, &mut File::create(&path).unwrap());
    (result.map(|()| std::fs::read(&path).unwrap()), engine.join().unwrap())
}

#[test]
fn an_image_is_taken_out_whole_or_not_at_all() {
    let (image, request) =
        saved("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntar\r\n0\r\n\r\n");
    assert_eq!(
        (image.unwrap(), request.as_str()),
        (b"tar".to_vec(), "GET /images/localhost/web%20app:1/get HTTP/1.1")
    );
    assert_eq!(saved("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntar").0.unwrap(), b"tar");
    for short in [
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntar",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ntar",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntar\r\n",
    ] {
        assert!(matches!(saved(short).0, Err(EngineError::Io { .. })), "{short}");
    }
    let refused =
        saved("HTTP/1.1 404 Not Found\r\nContent-Length: 27\r\n\r\n{\"message\":\"No such image\"}").0;
    assert_eq!(refused.unwrap_err().to_string(), "the engine refused (404): No such image");
}

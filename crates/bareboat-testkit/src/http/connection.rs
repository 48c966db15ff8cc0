//! One connection: reading requests and writing responses, RFC 9112.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};

use super::message::{Delivery, Framing, Request, Response};

/// Answers the requests of one connection, one after the other, until either side has enough.
pub(super) fn serve(stream: TcpStream, respond: &dyn Fn(&Request) -> Response) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    while let Some(request) = read_request(&mut reader, &mut writer)? {
        let response = respond(&request).for_request(&request);
        let wants_close =
            request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        let keeps = write_response(&mut writer, &request, &response)?;
        if !keeps || wants_close || response.closes {
            return writer.shutdown(Shutdown::Both);
        }
    }
    Ok(())
}

/// The next request; `None` when the client has closed the connection.
fn read_request(reader: &mut BufReader<TcpStream>, writer: &mut TcpStream) -> io::Result<Option<Request>> {
    let Some(line) = read_line(reader)? else { return Ok(None) };
    let mut words = line.split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "not a request line"));
    };
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    while let Some(line) = read_line(reader)?.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        let known = headers.entry(name.to_ascii_lowercase()).or_default();
        if !known.is_empty() {
            known.push_str(", ");
        }
        known.push_str(value.trim());
    }
    if headers.get("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
        writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let (path, query) = split_target(target);
    let (method, target) = (method.to_owned(), target.to_owned());
    let body = read_body(reader, &headers)?;
    Ok(Some(Request { method, target, path, query, headers, body }))
}

/// Path and query of an origin-form or absolute-form target.
fn split_target(target: &str) -> (String, String) {
    let local = match target.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |start| &rest[start..]),
        None => target,
    };
    let (path, query) = local.split_once('?').unwrap_or((local, ""));
    (path.to_owned(), query.to_owned())
}

fn read_body(reader: &mut impl BufRead, headers: &BTreeMap<String, String>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if headers.get("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        while let Some(line) = read_line(reader)? {
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(size, 16).map_err(io::Error::other)?;
            reader.by_ref().take(size).read_to_end(&mut body)?;
            read_line(reader)?;
            if size == 0 {
                break;
            }
        }
    } else if let Some(length) = headers.get("content-length") {
        let length = length.parse().map_err(io::Error::other)?;
        reader.by_ref().take(length).read_to_end(&mut body)?;
    }
    Ok(body)
}

fn read_line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(Some(line))
}

/// Writes the response; true when the connection can serve another request.
fn write_response(writer: &mut TcpStream, request: &Request, response: &Response) -> io::Result<bool> {
    if response.delivery == Delivery::Dropped {
        return Ok(false);
    }
    let has_body = request.method != "HEAD" && !matches!(response.status, 100..200 | 204 | 304);
    let mut head = format!("HTTP/1.1 {} {}\r\n", response.status, reason(response.status));
    for (name, value) in &response.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let named = |name: &str| response.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    match response.framing {
        _ if named("content-length") => {}
        Framing::Length if response.status != 304 => {
            head.push_str(&format!("Content-Length: {}\r\n", response.body.len()));
        }
        Framing::Length => {}
        Framing::Chunked => head.push_str("Transfer-Encoding: chunked\r\n"),
        Framing::UntilClose => head.push_str("Connection: close\r\n"),
    }
    head.push_str("\r\n");
    if !has_body || response.delivery == Delivery::Whole && response.framing != Framing::Chunked {
        // In one write, so that small answers are one packet.
        let mut message = head.into_bytes();
        message.extend_from_slice(if has_body { &response.body } else { b"" });
        writer.write_all(&message)?;
        return Ok(response.framing != Framing::UntilClose);
    }
    writer.write_all(head.as_bytes())?;
    write_body(writer, response)
}

fn write_body(writer: &mut TcpStream, response: &Response) -> io::Result<bool> {
    let body = &response.body;
    let framing = response.framing;
    match response.delivery {
        Delivery::Whole => write_piece(writer, framing, body)?,
        Delivery::Truncated(bytes) => {
            write_piece(writer, framing, &body[..bytes.min(body.len())])?;
            return Ok(false);
        }
        Delivery::Stalled(bytes) => {
            write_piece(writer, framing, &body[..bytes.min(body.len())])?;
            // Ends when the client closes, or the server when it is dropped.
            io::copy(writer, &mut io::sink())?;
            return Ok(false);
        }
        Delivery::Dripping(bytes, pause) => {
            for piece in body.chunks(bytes.max(1)) {
                write_piece(writer, framing, piece)?;
                std::thread::sleep(pause);
            }
        }
        Delivery::Endless => loop {
            write_piece(writer, framing, if body.is_empty() { b"0" } else { body })?;
        },
        Delivery::Dropped => return Ok(false),
    }
    if framing == Framing::Chunked {
        writer.write_all(b"0\r\n\r\n")?;
    }
    Ok(framing != Framing::UntilClose)
}

fn write_piece(writer: &mut TcpStream, framing: Framing, piece: &[u8]) -> io::Result<()> {
    if framing != Framing::Chunked {
        return writer.write_all(piece);
    }
    if piece.is_empty() {
        return Ok(());
    }
    write!(writer, "{:x}\r\n", piece.len())?;
    writer.write_all(piece)?;
    writer.write_all(b"\r\n")
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Status",
    }
}

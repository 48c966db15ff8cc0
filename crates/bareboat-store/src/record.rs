//! Small files that carry their own checksum and the name they were stored under.
//!
//! The first line is `bareboat-record 1 sha256:<digest of all that follows it>`, the second the name as a JSON
//! string, the rest the payload. A record torn by a power cut, edited or moved to another name is noticed.

use std::fs;
use std::io;
use std::path::Path;

use crate::{Digest, StoreError};

const MAGIC: &str = "bareboat-record 1 ";

/// Above this a record is not read: what is larger belongs into a blob.
pub(crate) const LIMIT: u64 = 64 << 20;

/// The bytes of a record.
pub(crate) fn encode(name: &str, payload: &[u8]) -> Result<Vec<u8>, StoreError> {
    if payload.len() as u64 > LIMIT / 2 {
        return Err(StoreError::TooLarge { what: format!("the record of `{name}`"), limit: LIMIT / 2 });
    }
    let mut body = serde_json::Value::from(name).to_string().into_bytes();
    body.push(b'\n');
    body.extend_from_slice(payload);
    let mut record = format!("{MAGIC}{}\n", Digest::of(&body)).into_bytes();
    record.append(&mut body);
    Ok(record)
}

/// Name and payload of a record; `None` when it is damaged.
pub(crate) fn decode(record: &[u8]) -> Option<(String, Vec<u8>)> {
    let (head, body) = split_line(record)?;
    let digest: Digest = std::str::from_utf8(head).ok()?.strip_prefix(MAGIC)?.parse().ok()?;
    if Digest::of(body) != digest {
        return None;
    }
    let (name, payload) = split_line(body)?;
    Some((serde_json::from_slice(name).ok()?, payload.to_vec()))
}

/// What a record file holds.
pub(crate) enum Found {
    /// No such file.
    Absent,
    /// Not a whole record.
    Damaged,
    /// Name and payload.
    Whole(String, Vec<u8>),
}

/// Reads the record in `path`.
pub(crate) fn read(path: &Path) -> Result<Found, StoreError> {
    let fail = |error| StoreError::io("read", path, error);
    match fs::metadata(path) {
        Ok(metadata) if metadata.len() > LIMIT => return Ok(Found::Damaged),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Absent),
        Err(error) => return Err(fail(error)),
    }
    match fs::read(path) {
        Ok(bytes) => Ok(match decode(&bytes) {
            Some((name, payload)) => Found::Whole(name, payload),
            None => Found::Damaged,
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Found::Absent),
        Err(error) => Err(fail(error)),
    }
}

fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|&byte| byte == b'\n')?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_every_single_bit_flip_and_every_truncation() {
        let record = encode("name\n\"é", b"payload").unwrap();
        assert_eq!(decode(&record), Some(("name\n\"é".to_owned(), b"payload".to_vec())));
        for position in 0..record.len() {
            let mut damaged = record.clone();
            damaged[position] ^= 1;
            assert_eq!(decode(&damaged), None, "byte {position}");
            assert_eq!(decode(&record[..position]), None, "cut at {position}");
        }
    }

    #[test]
    fn refuses_a_payload_that_could_not_be_read_back() {
        assert!(encode("big", &vec![0; LIMIT as usize]).is_err());
    }
}

//! The outer `ar` archive: where each member lies.

use std::io::{Read, Seek, SeekFrom};

use super::DebError;

const MAGIC: &[u8; 8] = b"!<arch>\n";
const HEADER: u64 = 60;
/// deb(5) knows three members and allows `_`-names between; more than this is no package.
const MOST_MEMBERS: usize = 64;

/// One member of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// The name without padding and without a final `/`.
    pub name: String,
    /// Where its bytes start, from the start of the file.
    pub offset: u64,
    /// Its bytes.
    pub size: u64,
}

/// Lists the members without reading them.
pub(super) fn members(file: &mut (impl Read + Seek)) -> Result<Vec<Member>, DebError> {
    let length = file.seek(SeekFrom::End(0)).map_err(at(0))?;
    file.rewind().map_err(at(0))?;
    let mut magic = [0; 8];
    if length < 8 || file.read_exact(&mut magic).is_err() || magic != *MAGIC {
        return Err(DebError::NotAnArchive);
    }
    let mut members = Vec::new();
    let mut offset = MAGIC.len() as u64;
    // A missing final newline after the last, odd-sized member is tolerated, as ar does.
    while offset < length {
        let member = member_at(file, offset, length)?;
        offset = member.offset + member.size + member.size % 2;
        members.push(member);
        if members.len() > MOST_MEMBERS {
            return Err(DebError::Ar { offset, problem: "too many members" });
        }
    }
    Ok(members)
}

fn member_at(file: &mut (impl Read + Seek), offset: u64, length: u64) -> Result<Member, DebError> {
    let wrong = |problem| DebError::Ar { offset, problem };
    if length - offset < HEADER {
        return Err(wrong("cut off in a member's header"));
    }
    let mut header = [0; HEADER as usize];
    file.seek(SeekFrom::Start(offset)).map_err(at(offset))?;
    file.read_exact(&mut header).map_err(at(offset))?;
    if header[58..] != *b"`\n" {
        return Err(wrong("a member's header has no end mark"));
    }
    let text = |range: std::ops::Range<usize>| {
        let field = std::str::from_utf8(&header[range]).ok()?;
        Some(field.trim_end_matches(' '))
    };
    let name = text(0..16).ok_or_else(|| wrong("a member's name is not text"))?;
    let size = text(48..58)
        .filter(|size| size.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|size| size.parse::<u64>().ok())
        .ok_or_else(|| wrong("a member's size is not a number"))?;
    let start = offset + HEADER;
    if size > length - start {
        return Err(wrong("cut off in a member's content"));
    }
    let name = name.strip_suffix('/').unwrap_or(name).to_owned();
    Ok(Member { name, offset: start, size })
}

fn at(offset: u64) -> impl FnOnce(std::io::Error) -> DebError {
    move |source| DebError::Member { member: format!("ar archive at byte {offset}"), source }
}

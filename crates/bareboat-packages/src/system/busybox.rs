//! The debug variant's tools: where busybox lies in an image, and which commands it answers to.
//!
//! Busybox is many commands in one program, told apart by the name it is started under. The names are read from the
//! program itself, which keeps them sorted, each ended by a NUL, the list by an empty one (`applet_names` in its
//! `libbb/appletlib.c`): another architecture's program tells them without being run.

/// The package: one program without any library.
pub const PACKAGE: &str = "busybox-static";

/// Where the package has the program, once `/usr` is merged.
pub const SOURCE: &str = "usr/bin/busybox";

/// The directory that holds the program and a link for each command: outside `/bin`, so that nothing finds them unasked.
pub const DIRECTORY: &str = "busybox";

/// The program's file name.
pub const PROGRAM: &str = "busybox";

/// The names of the commands in `program`, sorted, without its own; `None` when they cannot be found.
pub fn applets(program: &[u8]) -> Option<Vec<String>> {
    let mut starts = memchr::memmem::find_iter(program, FIRST);
    starts.find_map(|start| list(&program[start..])).filter(|names| names.iter().any(|name| name == "sh"))
}

/// How the list begins: `[` and `[[` are configured in every build that has a shell.
const FIRST: &[u8] = b"[\0[[\0";

/// More than any version has; 1.37 has 269.
const MOST: usize = 1000;

fn list(bytes: &[u8]) -> Option<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for name in bytes.split(|&byte| byte == 0).take(MOST) {
        if name.is_empty() {
            names.retain(|name| name != PROGRAM);
            return Some(names);
        }
        let is_plain = name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"[_-.+".contains(byte));
        let name = String::from_utf8(name.to_vec()).ok().filter(|_| is_plain)?;
        if names.last().is_some_and(|before| *before >= name) {
            return None;
        }
        names.push(name);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_sorted_names_up_to_the_empty_one() {
        let program = b"\x7fELF..[\0[[\0zz\0aa\0..\0[\0[[\0ash\0busybox\0sh\0\0rest\0";
        assert_eq!(applets(program).unwrap(), ["[", "[[", "ash", "sh"]);
    }

    #[test]
    fn refuses_what_is_no_list() {
        for program in
            [&b""[..], b"[\0[[\0ash\0sh", b"[\0[[\0sh\0ash\0\0", b"[\0[[\0../x\0sh\0\0", b"[\0[[\0ls\0\0"]
        {
            assert_eq!(applets(program), None, "{:?}", String::from_utf8_lossy(program));
        }
    }
}

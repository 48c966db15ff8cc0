//! A program as bytes: static, needs no library, file or directory.

/// A Linux x86-64 executable that prints `text` and exits with `status`.
///
/// One segment, loaded at 4 MiB, with code and text behind the headers (System V ABI, ELF-64 object file format).
pub fn x86_64(text: &str, status: u8) -> Vec<u8> {
    const BASE: u64 = 0x40_0000;
    const HEADERS: u64 = 64 + 56;
    let code = |text_at: u32| {
        let mut code = Vec::new();
        code.extend_from_slice(&[0xb8, 1, 0, 0, 0]); // mov eax, 1 (write)
        code.extend_from_slice(&[0xbf, 1, 0, 0, 0]); // mov edi, 1 (standard output)
        code.push(0xbe); // mov esi, text
        code.extend_from_slice(&text_at.to_le_bytes());
        code.push(0xba); // mov edx, length
        code.extend_from_slice(&(text.len() as u32).to_le_bytes());
        code.extend_from_slice(&[0x0f, 0x05]); // syscall
        code.extend_from_slice(&[0xb8, 60, 0, 0, 0]); // mov eax, 60 (exit)
        code.extend_from_slice(&[0xbf, status, 0, 0, 0]); // mov edi, status
        code.extend_from_slice(&[0x0f, 0x05]); // syscall
        code
    };
    let length = code(0).len() as u64;
    let code = code((BASE + HEADERS + length) as u32);
    let size = HEADERS + length + text.len() as u64;
    let mut file = Vec::new();
    file.extend_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    file.extend_from_slice(&2u16.to_le_bytes()); // executable
    file.extend_from_slice(&62u16.to_le_bytes()); // x86-64
    file.extend_from_slice(&1u32.to_le_bytes());
    file.extend_from_slice(&(BASE + HEADERS).to_le_bytes()); // entry point
    file.extend_from_slice(&64u64.to_le_bytes()); // program headers
    file.extend_from_slice(&0u64.to_le_bytes()); // no section headers
    file.extend_from_slice(&0u32.to_le_bytes());
    for half in [64u16, 56, 1, 0, 0, 0] {
        file.extend_from_slice(&half.to_le_bytes());
    }
    file.extend_from_slice(&1u32.to_le_bytes()); // loaded
    file.extend_from_slice(&5u32.to_le_bytes()); // readable, executable
    for word in [0, BASE, BASE, size, size, 0x1000] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    file.extend_from_slice(&code);
    file.extend_from_slice(text.as_bytes());
    file
}

#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    #[test]
    fn prints_and_exits() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("program");
        std::fs::write(&file, super::x86_64("hello\n", 7)).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        let output = Command::new(&file).output().unwrap();
        assert_eq!((output.status.code(), &output.stdout[..]), (Some(7), &b"hello\n"[..]));
    }
}

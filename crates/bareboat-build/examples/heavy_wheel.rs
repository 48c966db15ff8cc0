//! `heavy_wheel DIR` writes an application whose only dependency is a wheel with a gigabyte that does not compress.
//! `cargo xtask bench` builds it to show that memory stays bounded.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::PathBuf;

use bareboat_testkit::wheel::{WheelMaker, ZipEntry};

fn main() {
    let directory = PathBuf::from(std::env::args().nth(1).unwrap());
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let data: Vec<u8> = (0..1 << 27)
        .flat_map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        })
        .collect();
    let wheel = WheelMaker::new("heavy", "1.0")
        .file("heavy/__init__.py", "")
        .entry(ZipEntry::stored("heavy/data.bin", data))
        .build();
    fs::write(directory.join("heavy-1.0-py3-none-any.whl"), wheel).unwrap();
    fs::write(directory.join("requirements.txt"), "./heavy-1.0-py3-none-any.whl\n").unwrap();
    fs::write(directory.join("main.py"), "import heavy\n\nif __name__ == \"__main__\":\n    print(heavy)\n")
        .unwrap();
    fs::write(directory.join(".dockerignore"), "*.whl\n").unwrap();
}

//! Whole wheels: what is refused, and what is installed where.

mod hostile;
mod installed;

use std::io::{Read, Write};

use bareboat_image::TreePath;
use bareboat_testkit::wheel::WheelMaker;

use super::*;

fn open(bytes: &[u8]) -> Result<Wheel, WheelError> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    Wheel::open(file)
}

fn layout() -> VenvLayout {
    VenvLayout::new(TreePath::new("app/.venv").unwrap(), (3, 13), "/usr/bin/python3.13").unwrap()
}

fn install(maker: &WheelMaker) -> Result<Vec<Member>, WheelError> {
    open(&maker.build())?.members(&layout(), InstallOptions::default())
}

/// Opens, lists and reads every member; the first error of any step as text, with its source.
fn refusal(bytes: &[u8]) -> Option<String> {
    let tried = || -> Result<(), String> {
        let wheel = open(bytes).map_err(|error| error.to_string())?;
        let members =
            wheel.members(&layout(), InstallOptions::default()).map_err(|error| error.to_string())?;
        for member in &members {
            let mut content = Vec::new();
            let read = wheel.reader(member).read_to_end(&mut content);
            read.map_err(|error| format!("{}: {error}", member.path))?;
            assert_eq!(Digest::of(&content), member.digest, "{}", member.path);
        }
        Ok(())
    };
    tried().err()
}

//! stub
use std::collections::BTreeMap;
use bareboat_image::{Tree, TreePath};
/// x
pub fn write(_: &Tree, _: &BTreeMap<&TreePath, &crate::elf::ElfFacts>, _: crate::deb::Architecture) -> Result<Vec<u8>, crate::debfile::DebError> { Ok(vec![]) }

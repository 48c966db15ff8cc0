//! The nodes of one Dockerfile that uses everything, as a snapshot to read.

mod dump;

use bareboat_dockerfile::Dockerfile;

const KITCHEN_SINK: &str = include_str!("kitchen_sink.Dockerfile");

#[test]
fn every_node_of_a_file_that_uses_everything() {
    let parsed = Dockerfile::parse(KITCHEN_SINK);
    assert_eq!(String::from_utf8(parsed.file.print()).unwrap(), KITCHEN_SINK);
    insta::assert_snapshot!(dump::dump(&parsed));
}

#[test]
fn every_error_of_a_file_that_has_them_all() {
    let parsed = Dockerfile::parse(include_str!("all_wrong.Dockerfile"));
    insta::assert_snapshot!(dump::errors(&parsed));
}

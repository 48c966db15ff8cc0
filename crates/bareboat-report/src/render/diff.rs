//! What fixes change, as a unified diff that `patch` and `git apply` read.

use similar::TextDiff;

/// The difference between two texts of the file at `path`; empty when there is none. What is not UTF-8 is replaced.
pub fn diff(path: &str, before: &[u8], after: &[u8]) -> String {
    let (before, after) = (String::from_utf8_lossy(before), String::from_utf8_lossy(after));
    let diff = TextDiff::from_lines(before.as_ref(), after.as_ref());
    diff.unified_diff().header(path, path).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_changes_with_three_lines_around() {
        insta::assert_snapshot!(diff("Dockerfile", b"1\n2\n3\n4\nold\n5\r\n", b"1\n2\n3\n4\nnew\n5\r\n"), @r"
        --- Dockerfile
        +++ Dockerfile
        @@ -2,5 +2,5 @@
         2
         3
         4
        -old
        +new
         5
        ");
        assert_eq!(diff("Dockerfile", b"a", b"a"), "");
    }
}

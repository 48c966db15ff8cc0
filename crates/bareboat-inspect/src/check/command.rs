//! What a command was expected to print, and how to end.

use super::Ran;
use super::schema::{CommandTest, Expectation};

pub(super) fn judge(test: &CommandTest, ran: &Ran) -> Vec<String> {
    let mut faults = Vec::new();
    test.output.judge("the output", ran.output.as_bytes(), &mut faults);
    test.error.judge("standard error", ran.error.as_bytes(), &mut faults);
    if ran.code != test.exit_code {
        faults.push(format!("the exit code is {}, not {}", ran.code, test.exit_code));
    }
    if !faults.is_empty() {
        for (name, text) in [("output", &ran.output), ("standard error", &ran.error)] {
            if let Some(line) = text.lines().find(|line| !line.trim().is_empty()) {
                faults.push(format!(
                    "the first line of its {name}: {}",
                    line.chars().take(200).collect::<String>()
                ));
            }
        }
    }
    faults
}

impl Expectation {
    /// Says which patterns are missing in `text`, and which are there and should not be.
    pub(super) fn judge(&self, what: &str, text: &[u8], faults: &mut Vec<String>) {
        let missing = self.expected.iter().filter(|pattern| !pattern.is_match(text));
        faults.extend(missing.map(|pattern| format!("`{pattern}` is not in {what}")));
        let found = self.excluded.iter().filter(|pattern| pattern.is_match(text));
        faults.extend(found.map(|pattern| format!("`{pattern}` is in {what} and should not be")));
    }
}

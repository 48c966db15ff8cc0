//! What came of the tests: for people, for programs, for test reports.

use std::fmt::Write;

use bareboat_report::render::xml;
use serde_json::{Value, json};

use super::{Outcome, Verdict};

/// The tests of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The file, as it was named.
    pub file: String,
    /// Its tests, in order.
    pub outcomes: Vec<Outcome>,
}

/// Passed, failed, skipped.
fn counts<'r>(outcomes: impl Iterator<Item = &'r Outcome>) -> (usize, usize, usize) {
    outcomes.fold((0, 0, 0), |(passed, failed, skipped), outcome| match outcome.verdict {
        Verdict::Passed => (passed + 1, failed, skipped),
        Verdict::Failed(_) => (passed, failed + 1, skipped),
        Verdict::Skipped(_) => (passed, failed, skipped + 1),
    })
}

/// A line for each test, and what is wrong below those that failed.
pub fn text(reports: &[Report]) -> String {
    let mut text = String::new();
    for report in reports {
        let _ = writeln!(text, "{}", report.file);
        for Outcome { kind, name, verdict } in &report.outcomes {
            let _ = match verdict {
                Verdict::Passed => writeln!(text, "  ok       {kind}: {name}"),
                Verdict::Skipped(why) => writeln!(text, "  skipped  {kind}: {name}\n             {why}"),
                Verdict::Failed(faults) => {
                    let faults: String =
                        faults.iter().map(|fault| format!("\n             {fault}")).collect();
                    writeln!(text, "  FAILED   {kind}: {name}{faults}")
                }
            };
        }
        text.push('\n');
    }
    let (passed, failed, skipped) = counts(reports.iter().flat_map(|report| &report.outcomes));
    let _ = writeln!(text, "{passed} passed, {failed} failed, {skipped} skipped");
    text
}

/// One JSON document with a line end.
pub fn json(image: &str, reports: &[Report]) -> String {
    let (passed, failed, skipped) = counts(reports.iter().flat_map(|report| &report.outcomes));
    let results = reports.iter().flat_map(|report| {
        report.outcomes.iter().map(|Outcome { kind, name, verdict }| {
            let (status, faults, reason) = match verdict {
                Verdict::Passed => ("passed", &[][..], None),
                Verdict::Failed(faults) => ("failed", &faults[..], None),
                Verdict::Skipped(why) => ("skipped", &[][..], Some(why)),
            };
            json!({ "file": report.file, "kind": kind, "name": name, "status": status, "errors": faults, "reason": reason })
        })
    });
    let document = json!({
        "version": 1, "image": image, "passed": passed, "failed": failed, "skipped": skipped,
        "results": results.collect::<Vec<Value>>(),
    });
    format!("{document:#}\n")
}

/// JUnit's XML: a suite for each file.
pub fn junit(image: &str, reports: &[Report]) -> String {
    let (passed, failed, skipped) = counts(reports.iter().flat_map(|report| &report.outcomes));
    let mut text = format!(
        "{}<testsuites name=\"{}\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"{skipped}\">\n",
        xml::DECLARATION,
        xml::escape(image),
        passed + failed + skipped
    );
    for report in reports {
        let (passed, failed, skipped) = counts(report.outcomes.iter());
        let file = xml::escape(&report.file);
        let _ = writeln!(
            text,
            "  <testsuite name=\"{file}\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"{skipped}\">",
            passed + failed + skipped
        );
        report.outcomes.iter().for_each(|outcome| case(&file, outcome, &mut text));
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

fn case(file: &str, Outcome { kind, name, verdict }: &Outcome, text: &mut String) {
    let name = xml::escape(&format!("{kind}: {name}"));
    let head = format!("    <testcase name=\"{name}\" classname=\"{file}\"");
    let _ = match verdict {
        Verdict::Passed => writeln!(text, "{head}/>"),
        Verdict::Skipped(why) => {
            writeln!(text, "{head}>\n      <skipped message=\"{}\"/>\n    </testcase>", xml::escape(why))
        }
        Verdict::Failed(faults) => {
            let message = faults.first().map(String::as_str).unwrap_or_default();
            writeln!(
                text,
                "{head}>\n      <failure message=\"{}\" type=\"failure\">{}</failure>\n    </testcase>",
                xml::escape(message),
                xml::escape(&faults.join("\n"))
            )
        }
    };
}

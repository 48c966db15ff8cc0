//! The linter's promises about any bytes at all.

use std::sync::OnceLock;

use bareboat_dockerfile::{Dockerfile, Edit, Edits};
use bareboat_inspect::lint::{Configuration, Input, Linter, Preset, WhichFixes};
use bareboat_report::Finding;

/// Findings are inside the file and in order, and the changes of one fix do not overlap.
pub fn lint(data: &[u8]) {
    let findings = linter().lint(&Input::new(data));
    assert!(findings.is_sorted_by_key(|finding| finding.place.range.start), "findings are out of order");
    findings.iter().for_each(|finding| check(finding, data.len()));
}

fn check(finding: &Finding, length: usize) {
    let places = finding.related.iter().map(|related| &related.place);
    for place in [&finding.place].into_iter().chain(places) {
        let range = &place.range;
        assert!(range.start <= range.end && range.end <= length, "`{}` is outside", finding.rule);
        let (start, end) = ((place.line, place.column), (place.end_line, place.end_column));
        assert!((1, 1) <= start && start <= end, "`{}` ends before it starts", finding.rule);
    }
    let edits = finding.fix.iter().flat_map(|fix| &fix.edits);
    let edits = edits.map(|edit| Edit::replace(edit.range.clone().into(), edit.replacement.clone()));
    let edits: Vec<Edit> = edits.collect();
    assert!(edits.iter().all(|edit| edit.span.end <= length), "a fix of `{}` is outside", finding.rule);
    assert!(Edits::new().add(edits), "changes of `{}` overlap", finding.rule);
}

/// A repaired file has no more mistakes than before, and repairing it again changes nothing.
pub fn lint_fix(data: &[u8]) {
    for which in [WhichFixes::Safe, WhichFixes::All] {
        let fixed = linter().fix(&Input::new(data), which);
        let rules: Vec<_> = fixed.applied.iter().map(|finding| finding.rule.as_ref()).collect();
        let errors = |source: &[u8]| Dockerfile::parse(source).errors.len();
        assert!(errors(&fixed.source) <= errors(data), "{rules:?} break the file");
        let again = linter().fix(&Input::new(&fixed.source), which);
        let more: Vec<_> = again.applied.iter().map(|finding| finding.rule.as_ref()).collect();
        let [once, twice] = [&fixed.source, &again.source].map(|source| source.escape_ascii());
        assert!(again.source == fixed.source, "after {rules:?}, {more:?} change\n{once}\nto\n{twice}");
    }
}

fn linter() -> &'static Linter {
    static LINTER: OnceLock<Linter> = OnceLock::new();
    let every_rule = || Configuration { preset: Preset::All, ..Configuration::default() };
    LINTER.get_or_init(|| Linter::new(every_rule()).expect("no rule is named"))
}

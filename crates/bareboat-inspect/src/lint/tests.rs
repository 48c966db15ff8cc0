//! The engine as a whole: order, pragmas, presets, severities, fixes.

use bareboat_report::{Finding, Severity};

use super::{Configuration, Input, Linter, Preset, Rule, Ruleset, WhichFixes, rules};

/// A linter with this frame's own rules, so that tests stand still when rules are added.
fn linter(change: impl FnOnce(&mut Configuration)) -> Linter {
    const OWN: &[&str] = &[
        "apt-lists-left",
        "cd-in-run",
        "from-latest",
        "maintainer",
        "parse-error",
        "shell-form-pid1",
        "unused-pragma",
    ];
    let mut configuration = Configuration::default();
    change(&mut configuration);
    let all = Linter::new(configuration.clone()).unwrap();
    let own = all.rules().iter().copied().filter(|rule| OWN.contains(&rule.name));
    configuration.settings.preset = configuration.preset;
    Linter::with_rules(configuration, own.collect())
}

/// `line:column severity rule` of everything found.
fn found(linter: &Linter, source: &str) -> Vec<String> {
    let findings = linter.lint(&Input::new(source.as_bytes()));
    let line = |finding: &Finding| {
        format!("{}:{} {} {}", finding.place.line, finding.place.column, finding.severity, finding.rule)
    };
    findings.iter().map(line).collect()
}

#[test]
fn one_bad_instruction_hides_nothing() {
    let source = "FROM debian:latest\nRUN --mont=x cd /a\nMAINTANER x\nMAINTAINER x\nCMD [\"a\"\n";
    let expected = [
        "1:6 warning from-latest",
        "2:7 error parse-error",
        "2:14 warning cd-in-run",
        "3:1 error parse-error",
        "4:1 error maintainer",
        "5:5 warning shell-form-pid1",
    ];
    assert_eq!(found(&linter(|_| {}), source), expected);
}

#[test]
fn comments_of_three_tools_silence_by_any_name() {
    let silenced = [
        "# check=skip=JSONArgsRecommended\nFROM a\nCMD x\n",
        "FROM a\n# check=skip=all\nCMD x\n",
        "FROM a\n# hadolint ignore=SC1000,DL3025 # why\n# another comment\n\nCMD x\n",
        "FROM a\n# HADOLINT global IGNORE = dl3025\nCMD x\n",
        "FROM a\nCMD x \\\n# bareboat ignore=shell-form-pid1 as it must be\n  y\n",
        "# bareboat stage ignore=shell-form-pid1\nFROM a\nCMD x\nCMD y\nFROM b\n",
        "FROM a\nCMD x\n# bareboat stage ignore=shell-form-pid1\nCMD y\nFROM b\n",
    ];
    for source in silenced {
        assert_eq!(found(&linter(|_| {}), source), Vec::<String>::new(), "{source}");
    }
    let not_silenced = [
        "FROM a\n# hadolint ignore=DL3003\nCMD x\n",
        "# hadolint ignore=DL3025\nFROM a\nCMD x\n",
        "FROM a\nRUN echo # hadolint global ignore=DL3025\nCMD x\n",
        "# hadolint stage ignore=DL3025\nFROM a\nFROM b\nCMD x\n",
    ];
    for source in not_silenced {
        let found = found(&linter(|_| {}), source);
        assert!(found.iter().any(|line| line.ends_with("shell-form-pid1")), "{source}");
    }
    let strict = linter(|configuration| configuration.pragmas = false);
    assert_eq!(found(&strict, silenced[0]), ["3:5 warning shell-form-pid1"]);
}

#[test]
fn a_broken_file_is_reported_whatever_the_comments_say() {
    let source = "# hadolint global ignore=DL1000\nFROM a\nBOGUS\n";
    let quiet = linter(|configuration| {
        configuration.ignore = vec!["parse-error".to_owned(), "unused-pragma".to_owned()];
    });
    assert_eq!(found(&quiet, source), ["3:1 error parse-error"]);
}

#[test]
fn presets_bring_their_rules_and_severities() {
    let source = "FROM debian:latest\nRUN apt-get update\nMAINTAINER x\nHEALTHCHECK CMD x\nSHELL [\"sh\", \"-c\"]\n\
                  CMD x\n";
    let preset = |preset| found(&linter(|configuration| configuration.preset = preset), source);
    let expected = [
        "1:6 warning from-latest",
        "2:5 info apt-lists-left",
        "3:1 error maintainer",
        "4:17 warning shell-form-pid1",
        "6:5 warning shell-form-pid1",
    ];
    assert_eq!(preset(Preset::Hadolint), expected);
    assert_eq!(preset(Preset::Buildkit), ["3:1 warning maintainer"]);
}

#[test]
fn a_configuration_adds_ignores_and_changes_severities() {
    let changed = linter(|configuration| {
        configuration.preset = Preset::Buildkit;
        configuration.enable = vec!["cd-in-run".to_owned()];
        configuration.ignore = vec!["dl4000".to_owned()];
        configuration.severities.insert("DL3003".to_owned(), Severity::Style);
    });
    assert_eq!(found(&changed, "FROM a:latest\nMAINTAINER x\nRUN cd x\n"), ["3:5 style cd-in-run"]);
    let wrong = Configuration { ignore: vec!["from-lates".to_owned()], ..Configuration::default() };
    let error = Linter::new(wrong).unwrap_err();
    assert_eq!(error.to_string(), "there is no rule `from-lates`");
    assert_eq!(error.hint().as_deref(), Some("did you mean `from-latest`?"));
}

#[test]
fn every_rule_is_found_by_its_name_and_aliases() {
    for rule in rules::all() {
        for name in [rule.name].iter().chain(rule.aliases) {
            assert!(rules::find(&name.to_lowercase()).any(|found| found.name == rule.name), "{name}");
        }
    }
}

#[test]
fn a_trigger_that_runs_in_several_stages_is_reported_once() {
    let source = "FROM a AS base\nONBUILD RUN cd /x\nFROM base\nFROM base\n";
    assert_eq!(found(&linter(|_| {}), source), ["2:13 warning cd-in-run"]);
}

#[test]
fn fixes_go_on_until_nothing_is_left_and_leave_the_rest_alone() {
    let source = b"from debian:13\r\nmaintainer x\r\n# bareboat ignore=DL3025\r\ncmd y\r\n\
                   run cd /a && cd /b && ls\r\n";
    let linter = linter(|_| {});
    let safe = linter.fix(&Input::new(source), WhichFixes::Safe);
    let expected = "from debian:13\r\nlabel org.opencontainers.image.authors=\"x\"\r\n\
                    # bareboat ignore=DL3025\r\ncmd y\r\nrun cd /a && cd /b && ls\r\n";
    assert_eq!(String::from_utf8_lossy(&safe.source), expected);
    let all = linter.fix(&Input::new(source), WhichFixes::All);
    let expected = expected.replace("run cd /a && cd /b && ls", "workdir /a\r\nworkdir /b\r\nrun ls");
    assert_eq!(String::from_utf8_lossy(&all.source), expected);
    assert_eq!(all.applied.len(), 3);
    assert!(all.findings.is_empty());
    let again = linter.fix(&Input::new(&all.source), WhichFixes::All);
    assert_eq!(again.source, all.source);
}

#[test]
fn an_alias_enables_its_part_of_a_rule_only() {
    let source = "FROM debian:13\nRUN apt-get install -y a\nRUN apk add b\n";
    let found = |names: &[&str]| {
        let enable = names.iter().map(ToString::to_string).collect();
        let linter = Linter::new(Configuration { enable, ..Configuration::default() }).unwrap();
        let findings = linter.lint(&Input::new(source.as_bytes()));
        let pins = findings.iter().filter(|finding| finding.rule == "pin-os-packages");
        pins.map(|finding| finding.place.line).collect::<Vec<_>>()
    };
    assert_eq!(found(&[]), [0; 0]);
    assert_eq!(found(&["dl3018"]), [3]);
    assert_eq!(found(&["pin-os-packages"]), [2, 3]);
}

#[test]
fn a_rule_that_came_after_the_rule_set_is_off() {
    let known = rules::find("from-latest").next().unwrap();
    let newer = Rule { since: Ruleset::FUTURE, ..*known };
    let configuration = Configuration { preset: Preset::All, ..Configuration::default() };
    assert!(configuration.wants(known) && !configuration.wants(&newer));
    let later = Configuration { ruleset: Ruleset::FUTURE, ..configuration };
    assert!(later.wants(&newer));
}

#[test]
fn a_fragment_is_judged_and_repaired_where_it_stands() {
    let source = "# part of a file\nARG A=1\nRUN cd /a && b $A\nMAINTAINER x\n";
    let linter = linter(|_| {});
    let expected = ["3:5 warning cd-in-run", "4:1 error maintainer", "5:1 error parse-error"];
    assert_eq!(found(&linter, source), expected);
    let fixed = linter.fix(&Input::new(source.as_bytes()), WhichFixes::Safe);
    let expected =
        "# part of a file\nARG A=1\nRUN cd /a && b $A\nLABEL org.opencontainers.image.authors=\"x\"\n";
    assert_eq!(String::from_utf8_lossy(&fixed.source), expected);
    // Only arguments: there is nothing to judge.
    assert_eq!(found(&linter, "ARG A=1\n"), ["2:1 error parse-error"]);
}

#[test]
fn comments_of_other_linters_and_at_the_other_place_silence() {
    let silenced = ["# checkov:skip=DL3025:reason\nFROM a\nCMD x\n", "FROM a\n#trivy:ignore:DL3025\nCMD x\n"];
    for source in silenced {
        assert_eq!(found(&linter(|_| {}), source), [""; 0], "{source}");
    }
}

#[test]
fn nothing_is_proposed_that_is_no_variables_name() {
    // `$SUIT@` would be `$SUIT` and `@`, and the next round would propose the same again.
    let source = "ARG SUIT@=slim\nFROM debian:$SUITE\n";
    let linter = Linter::new(Configuration::default()).unwrap();
    assert_eq!(linter.fix(&Input::new(source.as_bytes()), WhichFixes::All).source, source.as_bytes());
}

//! Whole files: what the rules say together.

use crate::lint::{BuildContext, Configuration, Input, Linter, MemoryFiles, Preset};

/// The pairing rules' names, by place, for a file and its requirement file.
fn names(source: &str, requirements: &str) -> Vec<String> {
    let configuration = Configuration { preset: Preset::All, ..Configuration::default() };
    let linter = Linter::new(configuration).unwrap();
    let mut files = MemoryFiles::default();
    files.0.insert("requirements.txt".to_owned(), requirements.as_bytes().to_vec());
    let build = BuildContext::new(&files, Some("Dockerfile"), false);
    let findings = linter.lint(&Input { build: Some(&build), ..Input::new(source.as_bytes()) });
    let own = |name: &str| super::RULES.iter().any(|rule| rule.name == name);
    findings.iter().map(|finding| finding.rule.to_string()).filter(|name| own(name)).collect()
}

#[test]
fn alpine_into_distroless_is_wrong_in_every_way() {
    let source = "FROM python:3.12-alpine AS build\n\
        COPY requirements.txt .\n\
        RUN pip install -r requirements.txt\n\
        FROM gcr.io/distroless/python3-debian12\n\
        COPY --from=build /usr/local/lib/python3.12/site-packages /usr/local/lib/python3.12/site-packages\n\
        COPY app.py /app/\n\
        CMD [\"python\", \"/app/app.py\"]\n";
    let expected = [
        "floating-pair",
        "runtime-unmaintained",
        "libc-family-differs",
        "packages-off-path",
        "python-minor-differs",
        "interpreter-twice",
    ];
    assert_eq!(names(source, "numpy\n"), expected);
}

#[test]
fn its_repair_is_silent() {
    let source = "FROM python:3.13-slim-trixie AS build\n\
        COPY requirements.txt .\n\
        RUN pip install --target /deps -r requirements.txt\n\
        FROM gcr.io/distroless/python3-debian13:nonroot\n\
        COPY --from=build /deps /deps\n\
        ENV PYTHONPATH=/deps\n\
        COPY app.py /app/\n\
        CMD [\"/app/app.py\"]\n";
    assert_eq!(names(source, "numpy\n"), [""; 0]);
}

#[test]
fn the_example_is_told_what_is_true_of_it() {
    let source = include_str!("../../../../../../examples/app_python/distroless.Dockerfile");
    let requirements = include_str!("../../../../../../examples/app_python/requirements.txt");
    assert_eq!(
        names(source, requirements),
        ["floating-pair", "runtime-unmaintained", "python-minor-differs"]
    );
    let usual = include_str!("../../../../../../examples/app_python/Dockerfile");
    assert_eq!(names(usual, requirements), [""; 0]);
}

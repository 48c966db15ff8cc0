//! Whole files: what the rules say together.

use crate::lint::{BuildContext, Configuration, Input, Linter, MemoryFiles, Preset, WhichFixes};

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

/// What people write first.
const MISTAKE: &str = "FROM python:3.12-alpine AS build\n\
    COPY requirements.txt .\n\
    RUN pip install -r requirements.txt\n\
    FROM gcr.io/distroless/python3-debian12\n\
    COPY --from=build /usr/local/lib/python3.12/site-packages /usr/local/lib/python3.12/site-packages\n\
    COPY app.py /app/\n\
    CMD [\"python\", \"/app/app.py\"]\n";

#[test]
fn alpine_into_distroless_is_wrong_in_every_way() {
    let expected = [
        "floating-pair",
        "runtime-unmaintained",
        "libc-family-differs",
        "packages-off-path",
        "python-minor-differs",
        "interpreter-twice",
    ];
    assert_eq!(names(MISTAKE, "numpy\n"), expected);
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

#[test]
fn the_fixes_of_the_usual_mistake_add_up_to_a_repair() {
    let configuration = Configuration { preset: Preset::All, ..Configuration::default() };
    let linter = Linter::with_rules(configuration, super::RULES.to_vec());
    let fixed = linter.fix(&Input::new(MISTAKE.as_bytes()), WhichFixes::All);
    insta::assert_snapshot!(String::from_utf8_lossy(&fixed.source), @r#"
    FROM python:3.13-slim-trixie AS build
    COPY requirements.txt .
    RUN pip install -r requirements.txt
    FROM gcr.io/distroless/python3-debian13
    COPY --from=build /usr/local/lib/python3.13/site-packages /usr/local/lib/python3.13/site-packages
    ENV PYTHONPATH=/usr/local/lib/python3.13/site-packages
    COPY app.py /app/
    CMD ["/app/app.py"]
    "#);
    assert_eq!(fixed.findings, []);
}

#[test]
fn what_fits_is_let_alone() {
    let fitting = [
        // Files that are no programs.
        "FROM node:22-alpine3.22 AS build\nWORKDIR /app\nRUN npm ci && npm run build\n\
         FROM gcr.io/distroless/static-debian13\nCOPY --from=build /app/dist /srv\n",
        // A program that needs no C library.
        "FROM golang:1.25-alpine3.22 AS build\nWORKDIR /src\nRUN CGO_ENABLED=0 go build -o /app .\n\
         FROM scratch\nCOPY --from=build /app /app\nENTRYPOINT [\"/app\"]\n",
        // The same image on both sides.
        "FROM python:3.13-slim-trixie AS build\nRUN pip install --prefix /install -r requirements.txt\n\
         FROM python:3.13-slim-trixie\nCOPY --from=build /install /usr/local\nCMD [\"gunicorn\", \"app:app\"]\n",
        // Only Python, from another distribution and version.
        "FROM python:3.12-alpine3.22 AS build\nRUN pip install --target /deps click six\n\
         FROM gcr.io/distroless/python3-debian13\nCOPY --from=build /deps /deps\nENV PYTHONPATH=/deps\n\
         CMD [\"/app.py\"]\n",
        // An image that nobody knows.
        "FROM registry.example/build:1 AS build\nRUN pip install --target /deps numpy\n\
         FROM registry.example/run:1\nCOPY --from=build /deps /deps\nUSER nobody\n",
    ];
    for source in fitting {
        assert_eq!(names(source, "numpy\n"), [""; 0], "{source}");
    }
}

//! A remote archive is fetched and unpacked by programs, where ADD does both.

use bareboat_report::Severity;

use crate::lint::context::{Call, Grammar};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "add-unpack",
    aliases: &[],
    group: Group::Copy,
    severity: Severity::Info,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("add-unpack.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    for (_, _, run) in context.runs().filter(|(_, step, _)| !step.is_onbuild()) {
        for pair in run.calls.windows(2) {
            let [fetch, unpack] = pair else { continue };
            let piped = fetch.context.in_pipeline
                && unpack.context.in_pipeline
                && is_plain(fetch)
                && unpacks_input(unpack);
            if !piped {
                continue;
            }
            let Some(url) =
                fetch.arguments.iter().find_map(|word| word.value().filter(|text| is_archive(text)))
            else {
                continue;
            };
            findings
                .report(fetch.span, "`ADD` fetches and unpacks this without any program in the image")
                .note("it also notices when what stands at the address changes, which the cache of `RUN` does not")
                .help(format!("write `ADD --unpack=true --checksum=sha256:… {url} DIRECTORY/`, with syntax 1.17 or later"));
        }
    }
}

/// A download without what only the program can do: headers, passwords, data.
fn is_plain(call: &Call<'_>) -> bool {
    let (grammar, special): (&Grammar, &[&str]) = match call.name.as_str() {
        "curl" => {
            (&CURL, &["-H", "--header", "-u", "--user", "-d", "--data", "-X", "--request", "-x", "--proxy"])
        }
        "wget" => (&WGET, &["--header", "--user", "--password", "--post-data"]),
        _ => return false,
    };
    let options = call.options(grammar);
    !options.has(special) && options.operands.len() == 1 && call.arguments.iter().all(|word| word.is_complete)
}

/// `tar xz`, `tar -xJf - -C /opt`: all of what comes in.
fn unpacks_input(call: &Call<'_>) -> bool {
    let old = call.arguments.first().is_some_and(|word| {
        word.text.contains('x') && word.text.bytes().all(|byte| byte.is_ascii_alphabetic())
    });
    let options = call.options(&TAR);
    // Parts of an archive and names without their first directories are beyond ADD.
    let whole = !call.arguments.iter().any(|word| {
        ["--strip", "--exclude", "--wildcards", "--transform", "--include"]
            .iter()
            .any(|option| word.text.starts_with(option))
    });
    call.is(&["tar", "bsdtar"])
        && whole
        && (old || options.has(&["-x", "--extract", "--get"]))
        && options.operands.len() <= usize::from(old)
}

fn is_archive(text: &str) -> bool {
    let remote = text.starts_with("https://") || text.starts_with("http://");
    remote
        && [".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2"]
            .iter()
            .any(|ending| text.ends_with(ending))
}

const CURL: Grammar = Grammar {
    valued: &[
        "-o",
        "--output",
        "-H",
        "--header",
        "-u",
        "--user",
        "-d",
        "--data",
        "-X",
        "--request",
        "-x",
        "--proxy",
        "--retry",
    ],
    single_dash: false,
};
const WGET: Grammar = Grammar { valued: &["-O", "--output-document", "-P"], single_dash: false };
const TAR: Grammar = Grammar { valued: &["-f", "--file", "-C", "--directory"], single_dash: false };

//! The image that runs gets what only developers need.

use bareboat_report::Severity;

use super::pip;
use crate::lint::context::{Call, Grammar, StageView, Step, grammar};
use crate::lint::{Context, Findings, Group, Rule, Ruleset};

pub(super) static RULE: Rule = Rule {
    name: "dev-deps-in-final",
    aliases: &[],
    group: Group::Packages,
    severity: Severity::Info,
    default_on: false,
    since: Ruleset::V2026_11,
    docs: include_str!("dev-deps-in-final.md"),
    check,
};

fn check(context: &Context<'_>, findings: &mut Findings<'_>) {
    let Some(view) = context.final_stage() else { return };
    let chain = context.chain(view);
    let steps = || chain.iter().flat_map(|link| &link.steps).filter(|step| !step.is_onbuild());
    if steps().filter_map(|step| step.execution.as_ref()).flat_map(|run| &run.calls).any(develops) {
        return;
    }
    let has_node_packages = has_dev_dependencies(context);
    for step in steps() {
        let Some(run) = step.run() else { continue };
        let calls = run.calls.iter().filter(|call| has_node_packages || !call.is(&["npm", "pnpm"]));
        for (call, option) in calls.filter_map(|call| Some((call, lacks(context, view, step, call)?))) {
            findings
                .report(call.span, "this also installs what only developers need")
                .note("test programs and compilers stay in the image, which is larger and has more to attack")
                .help(format!("tell it not to, with `{option}`"));
        }
        for call in pip::installs(run) {
            let options = call.options(&grammar::PIP);
            let lists = options
                .options
                .iter()
                .filter(|option| matches!(option.name.as_ref(), "-r" | "--requirement"));
            for list in lists.filter(|list| list.value.as_deref().is_some_and(is_for_developers)) {
                let span = list.following.map_or(list.argument.span, |word| word.span);
                findings
                    .report(span, "this list is for developers")
                    .note("test programs and compilers stay in the image, which is larger and has more to attack")
                    .help("install it in a stage for tests");
            }
        }
    }
}

/// The option that a call lacks; `None` for one that has it, or that is about something else.
fn lacks(
    context: &Context<'_>,
    view: &StageView<'_>,
    step: &Step<'_>,
    call: &Call<'_>,
) -> Option<&'static str> {
    let tool = TOOLS.iter().find(|tool| call.is(tool.programs))?;
    let options = call.options(&tool.grammar);
    let known = call.arguments.iter().all(|word| word.is_complete);
    // With operands it is about packages that somebody chose.
    let everything = options.operands.len() == 1 && tool.installs.contains(&options.subcommand()?);
    if !known || !everything || options.has(tool.without) {
        return None;
    }
    // Of an unknown base image nobody knows the variables.
    let open = step.state.open && context.base(view).is_none();
    let is_set = |name: &&str| {
        call.environment.iter().any(|(found, _)| found == name) || context.variable(step, name).is_some()
    };
    (!open && !tool.variables.iter().any(is_set)).then_some(tool.without[0])
}

/// True unless the application's list is known and has none for developers.
fn has_dev_dependencies(context: &Context<'_>) -> bool {
    let text = context.build().and_then(|build| build.text("package.json"));
    text.is_none_or(|text| text.contains("\"devDependencies\""))
}

/// The image is for developing, builds something with what it installs, or deletes it later.
fn develops(call: &Call<'_>) -> bool {
    let is_runner = call.is(&["npm", "pnpm", "yarn", "npx", "composer", "poetry", "uv", "bun"]);
    let installs = ["install", "i", "ci", "sync", "add", "config", "cache", "start", "self", "--version"];
    let subcommand = call.options(&grammar::NPM).subcommand().map(str::to_owned);
    let word = subcommand.as_deref().unwrap_or_default();
    let runs_program = call.is(&["uv", "poetry"]) && word == "run";
    is_runner && !word.is_empty() && !installs.contains(&word) && !runs_program
        || call.is(&[
            "tsc", "vite", "webpack", "ng", "next", "nodemon", "pytest", "jest", "tox", "nox", "phpunit",
        ])
}

/// `requirements-dev.txt`, `dev-requirements.txt`, `requirements/test.txt`
fn is_for_developers(path: &str) -> bool {
    let mut words = path.trim_end_matches(".txt").split(['/', '-', '_', '.']);
    words.any(|word| matches!(word, "dev" | "devel" | "development" | "test" | "tests" | "testing" | "lint"))
}

/// A program that installs what an application's list names.
struct Tool {
    programs: &'static [&'static str],
    grammar: Grammar,
    installs: &'static [&'static str],
    /// Options that leave out what is for developers, or make the call about something else; the usual one first.
    without: &'static [&'static str],
    /// Variables that may do so.
    variables: &'static [&'static str],
}

const TOOLS: &[Tool] = &[
    Tool {
        programs: &["npm"],
        grammar: grammar::NPM,
        installs: &["ci", "install", "i"],
        without: &["--omit=dev", "--omit", "--production", "--only", "-g", "--global"],
        variables: &["NODE_ENV", "NPM_CONFIG_OMIT", "npm_config_omit", "NPM_CONFIG_PRODUCTION"],
    },
    Tool {
        programs: &["pnpm"],
        grammar: grammar::NPM,
        installs: &["install", "i"],
        without: &["--prod", "-P", "--production", "-g", "--global"],
        variables: &["NODE_ENV", "NPM_CONFIG_PRODUCTION"],
    },
    Tool {
        programs: &["composer"],
        grammar: Grammar { valued: &["-d", "--working-dir"], single_dash: false },
        installs: &["install"],
        without: &["--no-dev"],
        variables: &["COMPOSER_NO_DEV"],
    },
    Tool {
        programs: &["poetry"],
        grammar: Grammar {
            valued: &["-E", "--extras", "-C", "--directory", "-P", "--project"],
            single_dash: false,
        },
        installs: &["install", "sync"],
        without: &["--only=main", "--only", "--without", "--no-dev"],
        variables: &["POETRY_WITHOUT", "POETRY_ONLY"],
    },
    Tool {
        programs: &["uv"],
        grammar: Grammar {
            valued: &["--extra", "--project", "--directory", "-p", "--python", "--package"],
            single_dash: false,
        },
        installs: &["sync"],
        without: &["--no-dev", "--no-default-groups", "--only-group", "--no-group"],
        variables: &["UV_NO_DEV", "UV_NO_GROUP", "UV_NO_DEFAULT_GROUPS"],
    },
];

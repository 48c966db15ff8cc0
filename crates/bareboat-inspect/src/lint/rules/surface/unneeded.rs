//! Whether the last stage would do with an image that has nothing but libraries.

use bareboat_dockerfile::Kind;
use bareboat_dockerfile::instruction::{CommandLine, Healthcheck};

use crate::lint::Context;
use crate::lint::context::StageView;

/// True when a stage takes files from another one, runs nothing while it is built, and starts a program without a shell.
pub(super) fn needs_nothing_but_files(context: &Context<'_>, view: &StageView<'_>) -> bool {
    let chain = context.chain(view);
    let steps = || chain.iter().flat_map(|link| &link.steps);
    let needs_more = steps().any(|step| match &step.command.kind {
        Kind::Run(_) | Kind::Onbuild(_) | Kind::Shell(_) | Kind::Broken => true,
        Kind::Cmd(line) | Kind::Entrypoint(line) => !is_program(line),
        Kind::Healthcheck(Healthcheck::Command(check)) => !is_program(&check.command),
        _ => false,
    });
    let starts = steps().any(|step| matches!(step.command.kind, Kind::Cmd(_) | Kind::Entrypoint(_)));
    let takes = steps().any(|step| matches!(&step.command.kind, Kind::Copy(copy) if copy.from.is_some()));
    takes && starts && !needs_more
}

/// JSON form, and neither a shell nor a script.
fn is_program(line: &CommandLine) -> bool {
    let CommandLine::Exec(words) = line else { return false };
    words.iter().all(|word| {
        let name = word.text.rsplit('/').next().unwrap_or_default();
        !name.ends_with(".sh")
            && !matches!(name, "sh" | "bash" | "ash" | "dash" | "zsh")
            && !name.contains("entrypoint")
    })
}

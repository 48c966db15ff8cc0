//! What a RUN means, with everything expanded.

use bareboat_dockerfile::instruction::mount::MountError;
use bareboat_dockerfile::instruction::{Executed, MountKind, Network, ResolvedMount, Run, Security, Sharing};

use super::configuration::{Configuration, Located};
use super::error::Problem;
use super::plan::{Mount, Origin, RunStep};
use super::planner::{Call, Planner};
use super::walk;

/// RUN.
pub(super) fn plan(
    planner: &Planner<'_>,
    call: &Call<'_>,
    configuration: &Configuration,
    run: &Run,
) -> Result<RunStep, Located> {
    if run.security == Some(Security::Insecure) {
        let what =
            "`--security=insecure`: no command runs with more rights than a build needs, so it".to_owned();
        return Err((Problem::Unsupported { what, hint: None }, None));
    }
    if let Some(device) = run.devices.first() {
        let what = "giving devices to a `RUN`".to_owned();
        return Err((Problem::Unsupported { what, hint: None }, Some(device.value.span)));
    }
    let (arguments, script) = match run.executed(call.instruction, call.source) {
        Executed::Exec(words) => (words.into_iter().map(|word| word.text).collect(), None),
        Executed::Shell(text) => {
            let shell = configuration.shell().into_iter();
            (shell.chain([text.as_str().to_owned()]).collect(), None)
        }
        Executed::File { heredoc, text } => {
            let name = call.instruction.heredocs.get(heredoc).map_or("script", |heredoc| &heredoc.name);
            let path = format!("/dev/pipes/{name}");
            let shell = configuration.shell().into_iter();
            (shell.chain([path.clone()]).collect(), Some((path, text.as_str().to_owned())))
        }
    };
    let variables = configuration.scope.variables();
    let environment = variables.map(|(name, variable)| (name.to_owned(), variable.value.clone()));
    let mounts = run.mounts.iter().map(|mount| {
        let resolved = mount.resolve(|value| configuration.scope.expand(value).map(|found| found.text));
        let resolved = resolved.map_err(|(option, error): (_, MountError)| {
            let option: Option<&bareboat_dockerfile::instruction::MountOption> = option;
            (error.into(), Some(option.map_or(mount.span, |option| option.span)))
        })?;
        let origin = |name: &str| planner.origin(call.stage, name, mount.span);
        let directory = &configuration.image.config.working_dir;
        one_mount(&resolved, directory, &origin)
            .map_err(|(problem, span)| (problem, span.or(Some(mount.span))))
    });
    Ok(RunStep {
        arguments,
        environment: environment.collect(),
        proxies: planner.proxies(),
        working_directory: configuration.image.config.working_dir.clone(),
        user: configuration.image.config.user.clone(),
        no_network: match run.network {
            Some(Network::None) => true,
            Some(Network::Default | Network::Host) => false,
            None => planner.request.no_network,
        },
        mounts: mounts.collect::<Result<_, Located>>()?,
        script,
    })
}

fn one_mount(
    mount: &ResolvedMount,
    directory: &str,
    origin: &dyn Fn(&str) -> Result<Origin, Located>,
) -> Result<Mount, Located> {
    let from = mount.from.as_deref().filter(|name| !name.is_empty()).map(origin).transpose()?;
    let inside = |target: &str| match target.starts_with('/') {
        true => walk::clean(target).to_string(),
        false => walk::clean(&format!("{directory}/{target}")).to_string(),
    };
    let target = mount.target.as_deref().filter(|target| !target.is_empty()).map(inside);
    let source = mount.source.clone().unwrap_or_default();
    let owner = (mount.uid.unwrap_or(0), mount.gid.unwrap_or(0));
    let mode = |default: u32| (mount.mode.unwrap_or(default) & 0o7777) as u16;
    let need_target =
        || (Problem::words(format!("a mount of type `{}` needs a `target`", mount.kind.as_str())), None);
    let id = mount.id.clone().filter(|id| !id.is_empty());
    Ok(match mount.kind {
        MountKind::Bind => Mount::Bind {
            from: from.unwrap_or(Origin::Context),
            source,
            target: target.ok_or_else(need_target)?,
            writable: !mount.read_only,
        },
        MountKind::Cache => {
            let target = target.ok_or_else(need_target)?;
            let sharing = match mount.sharing {
                Sharing::Shared => "shared",
                Sharing::Private => "private",
                Sharing::Locked => "locked",
            };
            Mount::Cache {
                id: id.unwrap_or_else(|| target.clone()),
                sharing,
                mode: mode(0o755),
                owner,
                target,
                read_only: mount.read_only,
                from: from.map(|from| (from, source)),
            }
        }
        MountKind::Tmpfs => Mount::Tmpfs { target: target.ok_or_else(need_target)?, size: mount.size },
        MountKind::Secret => secret(mount, id, target, mode(0o400)),
        MountKind::Ssh => agent(mount, id, target, mode(0o600)),
    })
}

/// A secret: a file, or a variable, or both when a target is named.
fn secret(mount: &ResolvedMount, id: Option<String>, target: Option<String>, mode: u16) -> Mount {
    let id = id.or(mount.source.clone()).unwrap_or_default();
    let name = id.rsplit('/').next().unwrap_or(&id).to_owned();
    let default = || walk::clean(&format!("/run/secrets/{name}")).to_string();
    let target = target.or_else(|| mount.environment.is_none().then(default));
    let owner = (mount.uid.unwrap_or(0), mount.gid.unwrap_or(0));
    Mount::Secret {
        id,
        target,
        environment: mount.environment.clone(),
        required: mount.required,
        mode,
        owner,
    }
}

fn agent(mount: &ResolvedMount, id: Option<String>, target: Option<String>, mode: u16) -> Mount {
    Mount::Ssh {
        id: id.unwrap_or_else(|| "default".to_owned()),
        target: target.unwrap_or_else(|| "/run/buildkit/ssh_agent.0".to_owned()),
        required: mount.required,
        mode,
        owner: (mount.uid.unwrap_or(0), mount.gid.unwrap_or(0)),
    }
}

impl RunStep {
    /// Where its mounts take files from.
    pub(super) fn origins(&self) -> Vec<&Origin> {
        let origins = self.mounts.iter().filter_map(|mount| match mount {
            Mount::Bind { from, .. } => Some(from),
            Mount::Cache { from, .. } => from.as_ref().map(|(from, _)| from),
            _ => None,
        });
        origins.collect()
    }
}

//! `bareboat copy`: an image from one place to another, as it is.

use std::process::ExitCode;

use bareboat_image::output::Output;
use bareboat_image::registry::{CopyOptions, PullOptions, PushEvent};
use bareboat_image::source::{Location, Select, Source};
use bareboat_image::{Descriptor, Platform, Reference, read_images, write_index};

use super::image::names_registry;
use super::output;
use super::registry::{push_to, summary, with_registries};
use crate::cli::CopyArgs;
use crate::failure::Failure;
use crate::logins;
use crate::session::{Session, reference};

/// Where an image comes from.
enum Origin {
    Registry(Reference),
    Store(String),
    File(std::path::PathBuf, Option<String>),
}

/// Where it goes.
enum Goal {
    Registry(Reference),
    Store(String),
    File(Output),
}

/// Copies; between registries straight, otherwise through the store.
pub fn run(session: &Session, arguments: &CopyArgs) -> Result<ExitCode, Failure> {
    let platforms = match &arguments.platform[..] {
        [] => Vec::new(),
        texts => crate::session::platforms(texts)?,
    };
    let (from, to) = (source(&arguments.from)?, destination(&arguments.to)?);
    let (from, to) = match (from, to) {
        (Origin::Registry(from), Goal::Registry(to)) => {
            return between(session, arguments, &from, &to, platforms);
        }
        other => other,
    };
    if arguments.referrers {
        return Err(Failure::input("`--referrers` is for copies from one registry to another"));
    }
    let descriptor = match from {
        Origin::Registry(from) => {
            with_registries(session, &arguments.registry, &logins::find, |registries| {
                Ok(registries.pull(&from, &PullOptions { platforms })?.descriptor)
            })?
        }
        Origin::Store(name) => chosen(session, session.images().get(&name)?, &platforms)?,
        Origin::File(path, name) => {
            let source =
                Source::open(&path, &session.store.temporary_directory()).map_err(Failure::from_source)?;
            let select = Select { name, platform: None, preferred: None };
            let descriptor = source.import(&select, &session.store).map_err(Failure::from_source)?;
            chosen(session, descriptor, &platforms)?
        }
    };
    match to {
        Goal::Registry(to) => drop(push_to(session, &arguments.registry, &descriptor, &to)?),
        Goal::Store(name) => {
            session.images().put(&name, &descriptor)?;
            session.terminal.done(&format!("copied {} to {name}", arguments.from));
        }
        Goal::File(place) => output::write_named(session, &descriptor, &place)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn between(
    session: &Session,
    arguments: &CopyArgs,
    from: &Reference,
    to: &Reference,
    platforms: Vec<Platform>,
) -> Result<ExitCode, Failure> {
    let bar = session.terminal.bytes(&format!("Copying {}", from.familiar()));
    let observer = |event: PushEvent| match event {
        PushEvent::Expected(bytes) => bar.expect(bytes),
        PushEvent::Settled(bytes) => bar.advance(bytes),
    };
    let options = CopyOptions { pull: PullOptions { platforms }, referrers: arguments.referrers };
    let copied = with_registries(session, &arguments.registry, &logins::find, |registries| {
        registries.copy(from, to, &options, &observer)
    });
    drop(bar);
    let copied = copied?;
    let referrers = match copied.referrers {
        0 => String::new(),
        count => format!("; {count} that refer to it"),
    };
    let (shown, travelled) = (to.familiar(), summary(&copied.pushed));
    session.terminal.done(&format!("copied {} to {shown} ({travelled}{referrers})", from.familiar()));
    session.terminal.say(&format!("  {}@{}", to.name(), copied.descriptor.digest));
    Ok(ExitCode::SUCCESS)
}

/// Of an index in the store, the images of these platforms; all of it when none is named.
fn chosen(session: &Session, top: Descriptor, platforms: &[Platform]) -> Result<Descriptor, Failure> {
    if platforms.is_empty() {
        return Ok(top);
    }
    let images = read_images(&session.store, &top).map_err(Failure::from_image)?;
    let mut found = Vec::new();
    for platform in platforms {
        let image = images.iter().find(|image| image.config.platform.satisfies(platform));
        let image = image.ok_or_else(|| {
            let there: Vec<String> = images.iter().map(|image| image.config.platform.to_string()).collect();
            Failure::input(format!("there is no image for {platform}; there is {}", there.join(", ")))
        })?;
        let platform = Some(image.config.platform.clone());
        found.push(Descriptor { platform, ..image.descriptor.clone() });
    }
    match &found[..] {
        [one] => Ok(one.clone()),
        _ => Ok(write_index(&session.store, found, Default::default())?),
    }
}

/// A name that begins with its registry means the image there, also when the store has one of that name: what is copied
/// is what others see.
fn source(text: &str) -> Result<Origin, Failure> {
    let location: Location =
        text.parse().map_err(|error| Failure::input(format!("cannot copy from `{text}`")).because(error))?;
    match location {
        Location::Registry(name) => Ok(Origin::Registry(reference(&name)?)),
        Location::File { path, name } => Ok(Origin::File(path, name)),
        Location::Plain(name) => match name.strip_prefix("store:") {
            Some(name) => Ok(Origin::Store(name.to_owned())),
            None if names_registry(&name) => Ok(Origin::Registry(reference(&name)?)),
            None => Ok(Origin::Store(name)),
        },
        Location::Docker(name) | Location::Podman(name) => {
            Err(Failure::input(format!("`{text}` has no manifest that could be copied")).hint(format!(
                "save it as `oci-archive:FILE` with the engine, or push it there: `docker push {name}`"
            )))
        }
    }
}

fn destination(text: &str) -> Result<Goal, Failure> {
    if let Some(name) = text.strip_prefix("store:") {
        reference(name)?;
        return Ok(Goal::Store(name.to_owned()));
    }
    if let Some(name) = text.strip_prefix("registry:") {
        return Ok(Goal::Registry(reference(name)?));
    }
    if text.starts_with("oci:") || text.starts_with("oci-archive:") {
        let output = text.parse().map_err(|error: bareboat_image::output::OutputError| {
            Failure::input(format!("cannot copy to `{text}`")).because(error)
        })?;
        return Ok(Goal::File(output));
    }
    match names_registry(text) {
        true => Ok(Goal::Registry(reference(text)?)),
        false => Err(Failure::input(format!("`{text}` does not say where to")).hint(format!(
            "write `registry:{text}` for Docker Hub, `store:{text}` for the local store, `oci:DIR` for a layout"
        ))),
    }
}

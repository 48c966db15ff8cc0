//! `bareboat images`, `tag`, `rm`, `save`: the local store.

use std::process::ExitCode;

use bareboat_image::read_images;

use super::output;
use crate::cli::{Format, FormatArgs, SaveArgs};
use crate::failure::Failure;
use crate::session::{Session, platforms};
use crate::terminal::{print, size, table};

/// Lists names with platforms and sizes.
pub fn list(session: &Session, format: &FormatArgs) -> Result<ExitCode, Failure> {
    let mut rows = Vec::new();
    let mut json = Vec::new();
    for (name, descriptor) in session.images().list()? {
        let images = read_images(&session.store, &descriptor).unwrap_or_default();
        let platforms: Vec<String> = images.iter().map(|image| image.config.platform.to_string()).collect();
        let pull: u64 = images.iter().flat_map(|image| &image.manifest.layers).map(|layer| layer.size).sum();
        let created = images.first().and_then(|image| image.config.created.clone()).unwrap_or_default();
        json.push(serde_json::json!({
            "name": name, "digest": descriptor.digest, "platforms": platforms, "pull": pull, "created": created,
        }));
        let day = created.split('T').next().unwrap_or_default().to_owned();
        rows.push(vec![name, descriptor.digest.short(), platforms.join(" "), size(pull), day]);
    }
    match format.format {
        Format::Json => print(&format!("{:#}\n", serde_json::json!({ "version": 1, "images": json }))),
        Format::Text if rows.is_empty() => {
            session.terminal.say("no images yet; `bareboat build DIR` makes one")
        }
        Format::Text => print(&table(&["name", "digest", "platform", "pull", "created"], &rows)),
    }
    Ok(ExitCode::SUCCESS)
}

/// Another name for an image.
pub fn tag(session: &Session, image: &str, name: &str) -> Result<ExitCode, Failure> {
    let descriptor = session.images().get(image)?;
    session.images().put(name, &descriptor)?;
    session.terminal.done(&format!("{name} is {}", descriptor.digest.short()));
    Ok(ExitCode::SUCCESS)
}

/// Removes names; all are looked up before the first goes.
pub fn remove(session: &Session, images: &[String]) -> Result<ExitCode, Failure> {
    let mut names = Vec::new();
    for image in images {
        names.push(session.images().name(image)?);
    }
    for name in names {
        session.images().remove(&name)?;
        session.terminal.say(&format!("removed {name}"));
    }
    session.terminal.say("the bytes stay in the cache until `bareboat cache prune`");
    Ok(ExitCode::SUCCESS)
}

/// Writes an image somewhere else.
pub fn save(session: &Session, arguments: &SaveArgs) -> Result<ExitCode, Failure> {
    if arguments.output.is_empty() && !arguments.load {
        return Err(Failure::input("nothing says where to").hint("pass `-o docker-archive:FILE` or `--load`"));
    }
    let outputs = output::parse_all(&arguments.output)?;
    let name = session.images().name(&arguments.image)?;
    let descriptor = session.images().get(&name)?;
    let platform = match &arguments.platform {
        Some(text) => platforms(std::slice::from_ref(text))?.into_iter().next(),
        None => None,
    };
    for output in &outputs {
        output::write(session, &descriptor, &name, platform.as_ref(), output)?;
    }
    if arguments.load {
        output::load(session, &descriptor, &name, platform.as_ref())?;
    }
    Ok(ExitCode::SUCCESS)
}

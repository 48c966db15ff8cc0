//! `bareboat build`: a directory becomes an image, and a table says what is in it.

use std::process::ExitCode;
use std::time::Instant;

use bareboat_build::BuildError;
use bareboat_build::app::build::{Built, BuiltImage, build};

use super::{attest, output, registry};
use crate::assignment::Assignment;
use crate::cli::{BuildArgs, Format};
use crate::failure::Failure;
use crate::session::{Session, default_name, options, platforms, reference};
use crate::terminal::{print, size, table};

/// Builds, names, writes and loads.
pub fn run(session: &Session, arguments: &BuildArgs) -> Result<ExitCode, Failure> {
    let begun = Instant::now();
    let directory = &arguments.make.directory;
    let names = match &arguments.tag[..] {
        [] => vec![default_name(directory)],
        names => names.to_vec(),
    };
    for name in &names {
        reference(name)?;
    }
    let outputs = output::parse_all(&arguments.output)?;
    let platforms = platforms(&arguments.platform)?;
    let built = make(session, arguments, platforms, &names[0])?;
    for name in &names {
        session.images().put(name, &built.descriptor)?;
    }
    for output in &outputs {
        output::write(session, &built.descriptor, &names[0], None, output)?;
    }
    if arguments.load {
        output::load(session, &built.descriptor, &names[0], None)?;
    }
    session.terminal.clear();
    match arguments.format {
        Format::Json => print(&format!("{}\n", json(&built, &names))),
        Format::Text => show(session, &built, &names, begun),
    }
    if arguments.push {
        for name in &names {
            let reference = reference(name)?;
            registry::push_to(session, &arguments.registry, &built.descriptor, &reference)?;
            if !arguments.no_attest {
                attest::attest(session, &arguments.registry, &built, &reference)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn make(
    session: &Session,
    arguments: &BuildArgs,
    platforms: Vec<bareboat_image::Platform>,
    title: &str,
) -> Result<Built, Failure> {
    let make = &arguments.make;
    let assignment = Assignment::new(session, &make.directory, options(make), &make.network)
        .platforms(platforms)
        .title(title);
    build(&assignment.workshop(), &assignment.request()).map_err(|error| {
        let file = make.directory.join("Dockerfile");
        match &error {
            BuildError::Detect(_) if file.is_file() => {
                let (file, directory) = (file.display().to_string(), make.directory.display().to_string());
                Failure::from(error)
                    .because("the directory has a Dockerfile, and nothing else says what the application is")
                    .hint(format!("build the Dockerfile with `bareboat build -f {file} {directory}`"))
            }
            _ => error.into(),
        }
    })
}

fn show(session: &Session, built: &Built, names: &[String], begun: Instant) {
    let terminal = &session.terminal;
    terminal.say(&format!("{}: {}", built.what, built.why));
    if built.locked {
        terminal.say("wrote `bareboat.lock`: keep it under version control");
    }
    for image in &built.images {
        terminal.say(&format!("\n{}", image_table(image)));
    }
    let took = begun.elapsed();
    let how = if built.unchanged { "nothing changed, " } else { "" };
    terminal.done(&format!("built {} ({how}{:.2} s)", names.join(", "), took.as_secs_f64()));
    terminal.say(&format!("  {}", built.descriptor.digest));
    terminal.say(&format!("  next: bareboat run {}", names[0]));
}

/// Layers with their sizes, and how the image runs.
fn image_table(image: &BuiltImage) -> String {
    let mut rows: Vec<Vec<String>> = image
        .layers
        .iter()
        .map(|layer| {
            vec![layer.name.clone(), size(layer.layer.size), size(layer.visible), layer.files.to_string()]
        })
        .collect();
    let pull: u64 = image.layers.iter().map(|layer| layer.layer.size).sum();
    let visible: u64 = image.layers.iter().map(|layer| layer.visible).sum();
    let files: usize = image.layers.iter().map(|layer| layer.files).sum();
    rows.push(vec!["total".to_owned(), size(pull), size(visible), files.to_string()]);
    let mut text = table(&["layer", "pull", "visible", "files"], &rows);
    let port = image.port.map(|port| format!("{port}/tcp")).unwrap_or_else(|| "none".to_owned());
    let facts = [
        ("platform", image.platform.to_string()),
        ("user", image.user.clone()),
        ("command", image.entrypoint.join(" ")),
        ("port", port),
        ("proved", image.proof.to_string()),
    ];
    for (name, value) in facts {
        text.push_str(&format!("{name:<9} {value}\n"));
    }
    text
}

fn json(built: &Built, names: &[String]) -> String {
    let value = serde_json::json!({ "version": 1, "names": names, "result": built });
    serde_json::to_string_pretty(&value).expect("plain data")
}

//! `bareboat build -f`: a Dockerfile and its context become an image.

mod given;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use bareboat_build::dockerfile::{
    Bases, Built, BuiltImage, Modes, Request, Text, Wanted, Workshop, build, plan,
};
use bareboat_build::run::Tier;
use bareboat_image::{Compression, Platform};
use bareboat_store::{Cancel, Fetcher};
use clap::Parser;

use super::bases::Finder;
use super::{lint, output, registry};
use crate::cli::{
    BuildArgs, Cli, Command, CompressionChoice, DockerfileArgs, Format, NetworkArgs, RunNetwork, TierChoice,
};
use crate::failure::Failure;
use crate::session::{Session, default_name, host_platform, platforms, reference, surroundings};
use crate::terminal::{print, size, table};

/// Builds, names, writes, loads and pushes.
pub fn run(session: &Session, arguments: &BuildArgs) -> Result<ExitCode, Failure> {
    let begun = Instant::now();
    let own = &arguments.dockerfile;
    let directory = own.context.as_deref().unwrap_or(&arguments.make.directory);
    let file = own.file.as_deref().unwrap_or(Path::new("Dockerfile"));
    if own.check {
        return check(session, file, directory);
    }
    let names = names(arguments, directory)?;
    let outputs = output::parse_all(&arguments.output)?;
    let platforms = platforms(&arguments.platform)?;
    let finder = Finder { session, registry: &arguments.registry, pull: own.pull };
    let bases = |wanted: Wanted<'_>, platform: &Platform| finder.find(wanted, platform);
    let host = host_platform();
    let fetcher = session.fetcher(&NetworkArgs::default());
    let request = Request {
        platforms: &platforms,
        host: &host,
        bases: &bases,
        target: own.target.as_deref(),
        ..request(arguments, file, directory, &host, &bases, &fetcher)?
    };
    if own.print.is_some() {
        let plan = plan(&request).map_err(failure)?;
        print(&format!("{:#}\n", plan.json()));
        return Ok(ExitCode::SUCCESS);
    }
    let observer = session.observer();
    let workshop = Workshop { store: &session.store, observer: &*observer, cancel: Cancel::new() };
    let built = build(&workshop, &request).map_err(failure)?;
    for name in &names {
        session.images().put(name, &built.descriptor)?;
    }
    for output in &outputs {
        output::write(session, &built.descriptor, &names[0], None, output)?;
    }
    if arguments.load {
        output::load(session, &built.descriptor, &names[0], None)?;
    }
    write_records(own, &built, &names)?;
    session.terminal.clear();
    match arguments.format {
        Format::Json => print(&format!("{:#}\n", json(&built, &names))),
        Format::Text => show(session, &built, &names, begun),
    }
    push(session, arguments, &built)?;
    Ok(ExitCode::SUCCESS)
}

fn failure(error: bareboat_build::dockerfile::DockerfileError) -> Failure {
    bareboat_build::BuildError::from(error).into()
}

/// Every name, checked; the directory's when none is given.
fn names(arguments: &BuildArgs, directory: &Path) -> Result<Vec<String>, Failure> {
    let mut names: Vec<String> =
        arguments.tag.iter().chain(&arguments.dockerfile.destination).cloned().collect();
    if names.is_empty() {
        names.push(default_name(directory));
    }
    names.iter().try_for_each(|name| reference(name).map(drop))?;
    Ok(names)
}

fn request<'a>(
    arguments: &'a BuildArgs,
    file: &Path,
    directory: &Path,
    host: &'a Platform,
    bases: &'a Bases<'a>,
    fetcher: &'a Fetcher,
) -> Result<Request<'a>, Failure> {
    let own = &arguments.dockerfile;
    let surroundings = surroundings(&arguments.make.network);
    let epoch = surroundings.source_date_epoch().map_err(bareboat_build::BuildError::from)?;
    Ok(Request {
        file: read(file)?,
        path: (file != Path::new("-")).then(|| file.to_path_buf()),
        context: Some(context(directory)?),
        target: None,
        arguments: given::build_arguments(&own.build_arg, epoch)?,
        contexts: given::contexts(&own.build_context)?,
        platforms: &[],
        host,
        labels: given::pairs("--label", &own.label)?,
        annotations: given::pairs("--annotation", &own.annotation)?,
        no_cache: own.no_cache,
        modes: if own.normalize_modes { Modes::Normalized } else { Modes::Kept },
        compression: match arguments.make.compression {
            Some(CompressionChoice::Zstd) => Compression::Zstd,
            Some(CompressionChoice::Gzip) | None => Compression::Gzip,
        },
        epoch,
        no_network: own.run_network == Some(RunNetwork::None),
        hosts: given::hosts(&own.add_host)?,
        secrets: given::secrets(&own.secret)?,
        agents: given::agents(&own.ssh)?,
        tier: own.tier.map(|tier| match tier {
            TierChoice::UserNamespace => Tier::UserNamespace,
            TierChoice::SingleId => Tier::SingleId,
            TierChoice::Root => Tier::Root,
            TierChoice::Chroot => Tier::Chroot,
        }),
        bases,
        fetcher,
    })
}

/// The Dockerfile's text, from standard input for `-`.
fn read(file: &Path) -> Result<Text, Failure> {
    if file == Path::new("-") {
        let mut source = Vec::new();
        std::io::stdin()
            .lock()
            .take(LARGEST_DOCKERFILE)
            .read_to_end(&mut source)
            .map_err(|error| Failure::world("cannot read standard input").because(error))?;
        return Ok(Text { name: "standard input".into(), source: source.into() });
    }
    let name = file.display().to_string();
    let source = std::fs::read(file).map_err(|error| {
        let hint = match file.is_dir() {
            true => format!("name the file: `-f {name}/Dockerfile`"),
            false => "pass the Dockerfile's own path; it does not depend on the context".to_owned(),
        };
        Failure::input(format!("cannot read the Dockerfile `{name}`")).because(error).hint(hint)
    })?;
    Ok(Text { name: name.into(), source: source.into() })
}

/// The context's directory. kaniko writes `dir://` before it.
fn context(directory: &Path) -> Result<PathBuf, Failure> {
    let text = directory.to_string_lossy();
    let directory = PathBuf::from(text.strip_prefix("dir://").unwrap_or(&text));
    if text == "-" || text.contains("://") && !text.starts_with("dir://") {
        return Err(Failure::input(format!("a build context from `{text}` is not supported yet"))
            .hint("unpack it into a directory and name that"));
    }
    match directory.is_dir() {
        true => Ok(directory),
        false => {
            Err(Failure::input(format!("the build context `{}` is not a directory", directory.display())))
        }
    }
}

/// `--check`: what `bareboat lint` would say.
fn check(session: &Session, file: &Path, context: &Path) -> Result<ExitCode, Failure> {
    let words =
        [Path::new("bareboat"), Path::new("lint"), Path::new("--context"), context, Path::new("--"), file];
    let parsed = Cli::try_parse_from(words).map_err(|error| Failure::input(error.to_string()))?;
    match parsed.command {
        Command::Lint(arguments) => lint::run(&arguments, &parsed.global, &session.terminal),
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn push(session: &Session, arguments: &BuildArgs, built: &Built) -> Result<(), Failure> {
    let own = &arguments.dockerfile;
    let tags = arguments.tag.iter().filter(|_| arguments.push);
    let destinations = own.destination.iter().filter(|_| !own.no_push);
    for name in tags.chain(destinations) {
        registry::push_to(session, &arguments.registry, &built.descriptor, &reference(name)?)?;
    }
    Ok(())
}

/// `--iidfile` and `--metadata-file`.
fn write_records(own: &DockerfileArgs, built: &Built, names: &[String]) -> Result<(), Failure> {
    let write = |path: &Path, text: String| {
        let fail = |error| Failure::world(format!("cannot write `{}`", path.display())).because(error);
        std::fs::write(path, text).map_err(fail)
    };
    if let Some(path) = &own.iidfile {
        write(path, built.descriptor.digest.to_string())?;
    }
    if let Some(path) = &own.metadata_file {
        let value = serde_json::json!({
            "containerimage.descriptor": built.descriptor,
            "containerimage.digest": built.descriptor.digest,
            "image.name": names.join(","),
        });
        write(path, format!("{value:#}\n"))?;
    }
    Ok(())
}

fn show(session: &Session, built: &Built, names: &[String], begun: Instant) {
    let terminal = &session.terminal;
    for image in &built.images {
        terminal.say(&format!("\n{}", image_table(image)));
    }
    let how = if built.unchanged { "nothing changed, " } else { "" };
    terminal.done(&format!("built {} ({how}{:.2} s)", names.join(", "), begun.elapsed().as_secs_f64()));
    terminal.say(&format!("  {}", built.descriptor.digest));
}

fn image_table(image: &BuiltImage) -> String {
    let (base, own) = image.layers.split_at(image.base_layers.min(image.layers.len()));
    let row = |name: &str, layers: &[bareboat_image::Layer]| {
        let pull: u64 = layers.iter().map(|layer| layer.size).sum();
        let tar: u64 = layers.iter().map(|layer| layer.tar_size).sum();
        vec![name.to_owned(), layers.len().to_string(), size(pull), size(tar)]
    };
    let rows = [row("base", base), row("this build", own), row("total", &image.layers)];
    let mut text = table(&["from", "layers", "pull", "tar"], &rows);
    let config = &image.config.config;
    let command: Vec<String> = config.entrypoint.iter().chain(&config.cmd).flatten().cloned().collect();
    let user = if config.user.is_empty() { "root" } else { &config.user };
    for (name, value) in
        [("platform", image.platform.to_string()), ("user", user.to_owned()), ("command", command.join(" "))]
    {
        text.push_str(&format!("{name:<9} {value}\n"));
    }
    text
}

fn json(built: &Built, names: &[String]) -> serde_json::Value {
    serde_json::json!({ "version": 1, "names": names, "result": built })
}

/// Bytes read from standard input; the parser refuses what is too large with a reason.
const LARGEST_DOCKERFILE: u64 = 64 << 20;

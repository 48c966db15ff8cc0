//! `bareboat run`: an image, or a directory that is built first, in a sandbox.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bareboat_build::app::Options;
use bareboat_build::app::build::build;
use bareboat_image::output::Subject;
use bareboat_image::rootfs::{Ownership, write_root_fs};
use bareboat_image::{Descriptor, ImageConfig, StoredImage, read_images};
use bareboat_sandbox::{Mount, Network, Publish, Sandbox, User};

use crate::assignment::Assignment;
use crate::cli::{NetworkMode, RunArgs, VariantChoice};
use crate::failure::Failure;
use crate::session::{Session, default_name, host_platform};

/// Builds if need be, unpacks, runs; the exit code is the application's.
pub fn run(session: Session, arguments: &RunArgs) -> Result<ExitCode, Failure> {
    let descriptor = if Path::new(&arguments.image).is_dir() {
        built(&session, arguments)?
    } else {
        named(&session, arguments)?
    };
    let image = this_platform(&session, &descriptor)?;
    let root = unpacked(&session, &image.descriptor)?;
    let sandbox = sandbox(&image.config, root, arguments)?;
    let terminal = session.terminal.clone();
    terminal.clear();
    if let Some(port) = image.config.config.exposed_ports.first() {
        terminal.say(&format!("running as {} on port {port}; Ctrl-C stops it", image.config.config.user));
    }
    // The store stays open: it protects the unpacked root from being pruned. Serving for long costs it nothing.
    let status = bareboat_sandbox::run(&sandbox).map_err(Failure::from_sandbox)?;
    drop(session);
    Ok(ExitCode::from(status.code()))
}

/// The image of a directory, built now or known from before.
fn built(session: &Session, arguments: &RunArgs) -> Result<Descriptor, Failure> {
    let directory = Path::new(&arguments.image);
    let name = default_name(directory);
    let variant = arguments.variant.map(VariantChoice::name);
    let options = Options { variant, verify: true, ..Options::default() };
    let assignment = Assignment::new(session, directory, options, &arguments.network);
    let built = build(&assignment.workshop(), &assignment.request())?;
    session.terminal.say(&format!("{}: {}", built.what, built.why));
    session.images().put(&name, &built.descriptor)?;
    Ok(built.descriptor)
}

fn named(session: &Session, arguments: &RunArgs) -> Result<Descriptor, Failure> {
    if arguments.variant.is_some() {
        let text = format!("`{}` is no directory, and `--variant` says how to build one", arguments.image);
        return Err(Failure::input(text).hint("build it with `bareboat build --variant debug DIR` first"));
    }
    session.images().get(&arguments.image).map_err(|failure| {
        failure.hint("`bareboat images` lists what is here; give a directory to build it first")
    })
}

fn this_platform(session: &Session, descriptor: &Descriptor) -> Result<StoredImage, Failure> {
    let wanted = host_platform();
    let images = read_images(&session.store, descriptor).map_err(Failure::from_image)?;
    let platforms: Vec<String> = images.iter().map(|image| image.config.platform.to_string()).collect();
    images.into_iter().find(|image| image.config.platform.satisfies(&wanted)).ok_or_else(|| {
        Failure::input(format!("the image is for {}, and this machine is {wanted}", platforms.join(", ")))
    })
}

/// The image's root on disk, unpacked once.
fn unpacked(session: &Session, manifest: &Descriptor) -> Result<PathBuf, Failure> {
    let subject = Subject { descriptor: manifest, reference: None, platform: None };
    let ownership = if rustix::process::geteuid().is_root() { Ownership::Keep } else { Ownership::Caller };
    session.store.unpacked(&format!("image-{}", manifest.digest.short()), |root| {
        write_root_fs(&session.store, &subject, root, ownership).map(drop).map_err(Failure::from_image)
    })
}

fn sandbox(config: &ImageConfig, root: PathBuf, arguments: &RunArgs) -> Result<Sandbox, Failure> {
    let config = &config.config;
    let words = command(config, arguments)?;
    let user = user(arguments.user.as_deref().unwrap_or(&config.user))?;
    let mut sandbox = Sandbox::new(root, user, words);
    sandbox.working_directory =
        PathBuf::from(if config.working_dir.is_empty() { "/" } else { &config.working_dir });
    sandbox.environment = environment(config, &arguments.env);
    for volume in &arguments.volume {
        sandbox.mounts.push(mount(volume)?);
    }
    sandbox.published = arguments.publish.iter().map(|text| publication(text)).collect::<Result<_, _>>()?;
    let is_off = arguments.network_mode == Some(NetworkMode::None) || !sandbox.published.is_empty();
    sandbox.network = if is_off { Network::None } else { Network::Host };
    Ok(sandbox)
}

fn command(config: &bareboat_image::ContainerConfig, arguments: &RunArgs) -> Result<Vec<OsString>, Failure> {
    let mut words: Vec<String> = match &arguments.entrypoint {
        Some(program) => vec![program.clone()],
        None => config.entrypoint.clone().unwrap_or_default(),
    };
    match (&arguments.arguments[..], &config.cmd) {
        ([], Some(defaults)) if arguments.entrypoint.is_none() => words.extend(defaults.clone()),
        (given, _) => words.extend(given.to_vec()),
    }
    if words.is_empty() {
        return Err(Failure::input("the image names no command").hint("pass `--entrypoint PROGRAM`"));
    }
    Ok(words.into_iter().map(OsString::from).collect())
}

/// `UID[:GID]`; without a group, the group of the same number.
fn user(text: &str) -> Result<User, Failure> {
    let (uid, gid) = text.split_once(':').unwrap_or((text, text));
    match (uid.parse(), gid.parse()) {
        (Ok(uid), Ok(gid)) => Ok(User::new(uid, gid)),
        _ => Err(Failure::input(format!("`{text}` is no numeric user")).hint("pass `--user UID:GID`")),
    }
}

/// The image's variables, then `--env`; a name alone passes ours on. `HOME` as engines set it.
fn environment(config: &bareboat_image::ContainerConfig, given: &[String]) -> Vec<(OsString, OsString)> {
    let mut variables: Vec<(String, String)> = vec![("HOME".to_owned(), "/home/nonroot".to_owned())];
    let split = |text: &String| text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    let own = config.env.iter().filter_map(split);
    let given = given
        .iter()
        .filter_map(|text| split(text).or_else(|| Some((text.clone(), std::env::var(text).ok()?))));
    for (name, value) in own.chain(given) {
        variables.retain(|(known, _)| *known != name);
        variables.push((name, value));
    }
    variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

/// `HOST:CONTAINER[:ro]`.
fn mount(text: &str) -> Result<Mount, Failure> {
    let parts: Vec<&str> = text.split(':').collect();
    let wrong = || {
        Failure::input(format!("cannot use `--volume {text}`"))
            .hint("write HOST:CONTAINER or HOST:CONTAINER:ro")
    };
    let (source, target, read_only) = match parts[..] {
        [source, target] => (source, target, false),
        [source, target, "ro"] => (source, target, true),
        [source, target, "rw"] => (source, target, false),
        _ => return Err(wrong()),
    };
    if !target.starts_with('/') || source.is_empty() {
        return Err(wrong());
    }
    let source = std::path::absolute(source).map_err(|error| wrong().because(error))?;
    Ok(if read_only { Mount::read_only(source, target) } else { Mount::writable(source, target) })
}

/// `[ADDRESS:]HOST:CONTAINER`.
fn publication(text: &str) -> Result<Publish, Failure> {
    let wrong = || {
        Failure::input(format!("cannot use `--publish {text}`"))
            .hint("write HOST:CONTAINER or ADDRESS:HOST:CONTAINER")
    };
    let (front, inside) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port = inside.parse().map_err(|_| wrong())?;
    let host: SocketAddr = match front.contains(':') {
        true => front.parse().map_err(|_| wrong())?,
        false => SocketAddr::from(([127, 0, 0, 1], front.parse().map_err(|_| wrong())?)),
    };
    Ok(Publish { host, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_publications_volumes_and_users() {
        assert_eq!(publication("8080:5000").unwrap().host.to_string(), "127.0.0.1:8080");
        assert_eq!(publication("0.0.0.0:80:5000").unwrap().port, 5000);
        assert_eq!(publication("[::1]:80:5000").unwrap().host.to_string(), "[::1]:80");
        assert!(publication("5000").is_err() && mount("a:b").is_err() && user("bob").is_err());
        assert_eq!(user("7").unwrap().gid, 7);
    }

    #[test]
    fn given_variables_replace_those_of_the_image() {
        let config =
            bareboat_image::ContainerConfig { env: vec!["A=1".into(), "B=2".into()], ..Default::default() };
        let variables = environment(&config, &["A=3".to_owned()]);
        let shown: Vec<String> =
            variables.iter().map(|(name, value)| format!("{}={}", name.display(), value.display())).collect();
        assert_eq!(shown, ["HOME=/home/nonroot", "B=2", "A=3"]);
    }
}

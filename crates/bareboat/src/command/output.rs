//! Writing images out of the store: `-o KIND:PATH` and `--load`.

use std::path::PathBuf;

use bareboat_image::engine;
use bareboat_image::output::{Output, OutputError, Subject};
use bareboat_image::rootfs::Ownership;
use bareboat_image::{Descriptor, Platform, read_images};

use crate::failure::Failure;
use crate::session::{Session, host_platform, reference};

/// Parses every `-o`, before anything is built.
pub fn parse_all(texts: &[String]) -> Result<Vec<Output>, Failure> {
    texts
        .iter()
        .map(|text| {
            text.parse().map_err(|error: OutputError| {
                Failure::input(format!("cannot use `-o {text}`"))
                    .because(error)
                    .hint("write oci:DIR, oci-archive:FILE, docker-archive:FILE or dir:ROOTFS")
            })
        })
        .collect()
}

/// Writes an image to one destination.
pub fn write(
    session: &Session,
    descriptor: &Descriptor,
    name: &str,
    platform: Option<&Platform>,
    output: &Output,
) -> Result<(), Failure> {
    let reference = reference(name)?;
    // What holds one image only takes this machine's unless another is named.
    let host = match output {
        Output::DockerArchive { .. } | Output::RootFs { .. } => Some(choice(session, descriptor)?),
        Output::Layout { .. } | Output::OciArchive { .. } => None,
    };
    let platform = platform.or(host.as_ref().and_then(Option::as_ref));
    let subject = Subject { descriptor, reference: Some(&reference), platform };
    let ownership = if rustix::process::geteuid().is_root() { Ownership::Keep } else { Ownership::Caller };
    output.write(&session.store, &subject, ownership).map_err(Failure::from_output)?;
    session.terminal.say(&format!("wrote {}", place(output).display()));
    Ok(())
}

/// Writes an image under the destination's own name for it, or none.
pub fn write_named(session: &Session, descriptor: &Descriptor, output: &Output) -> Result<(), Failure> {
    let subject = Subject { descriptor, reference: None, platform: None };
    output.write(&session.store, &subject, Ownership::Caller).map_err(Failure::from_output)?;
    session.terminal.say(&format!("wrote {}", place(output).display()));
    Ok(())
}

fn place(output: &Output) -> &std::path::Path {
    match output {
        Output::Layout { directory, .. } | Output::RootFs { directory } => directory,
        Output::OciArchive { file, .. } | Output::DockerArchive { file } => file,
    }
}

/// Loads an image into the first engine whose socket answers: `DOCKER_HOST`, Docker, Podman.
pub fn load(
    session: &Session,
    descriptor: &Descriptor,
    name: &str,
    platform: Option<&Platform>,
) -> Result<(), Failure> {
    let reference = reference(name)?;
    let host = choice(session, descriptor)?;
    let subject = Subject { descriptor, reference: Some(&reference), platform: platform.or(host.as_ref()) };
    let socket = socket().ok_or_else(|| {
        Failure::world("no engine to load into: neither Docker's nor Podman's socket is there").hint(
            "start the engine, set DOCKER_HOST=unix:///path, or write `-o docker-archive:FILE` and load that",
        )
    })?;
    engine::load(&session.store, &subject, &socket).map_err(Failure::from_image)?;
    session.terminal.say(&format!("loaded {name} through {}", socket.display()));
    Ok(())
}

/// This machine's platform when the image is one of several and that is among them.
fn choice(session: &Session, descriptor: &Descriptor) -> Result<Option<Platform>, Failure> {
    let images = read_images(&session.store, descriptor).map_err(Failure::from_image)?;
    let host = host_platform();
    let own = images.iter().find(|image| image.config.platform.satisfies(&host));
    Ok(own.filter(|_| images.len() > 1).map(|image| image.config.platform.clone()))
}

/// The first socket that is there, whichever engine's.
fn socket() -> Option<PathBuf> {
    sockets(&[Engine::Docker, Engine::Podman]).into_iter().find(|path| path.exists())
}

/// A container engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Docker,
    Podman,
}

/// Where sockets of these engines may be; `DOCKER_HOST` first.
pub fn sockets(engines: &[Engine]) -> Vec<PathBuf> {
    let named =
        std::env::var("DOCKER_HOST").ok().and_then(|host| host.strip_prefix("unix://").map(PathBuf::from));
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let in_runtime = |name: &str| runtime.as_ref().map(|directory| directory.join(name));
    let candidates = engines.iter().flat_map(|engine| match engine {
        Engine::Docker => [named.clone(), Some("/var/run/docker.sock".into()), in_runtime("docker.sock")],
        Engine::Podman => [None, in_runtime("podman/podman.sock"), Some("/run/podman/podman.sock".into())],
    });
    candidates.flatten().collect()
}

//! Writing images out of the store: `-o KIND:PATH` and `--load`.

use std::path::PathBuf;

use bareboat_image::Descriptor;
use bareboat_image::engine;
use bareboat_image::output::{Output, OutputError, Subject};
use bareboat_image::rootfs::Ownership;

use crate::failure::Failure;
use crate::session::{Session, reference};

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
pub fn write(session: &Session, descriptor: &Descriptor, name: &str, output: &Output) -> Result<(), Failure> {
    let reference = reference(name)?;
    let subject = Subject { descriptor, reference: Some(&reference), platform: None };
    let ownership = if rustix::process::geteuid().is_root() { Ownership::Keep } else { Ownership::Caller };
    output.write(&session.store, &subject, ownership).map_err(Failure::from_output)?;
    let place = match output {
        Output::Layout { directory, .. } | Output::RootFs { directory } => directory,
        Output::OciArchive { file, .. } | Output::DockerArchive { file } => file,
    };
    session.terminal.say(&format!("wrote {}", place.display()));
    Ok(())
}

/// Loads an image into the first engine whose socket answers: `DOCKER_HOST`, Docker, Podman.
pub fn load(session: &Session, descriptor: &Descriptor, name: &str) -> Result<(), Failure> {
    let reference = reference(name)?;
    let subject = Subject { descriptor, reference: Some(&reference), platform: None };
    let socket = socket().ok_or_else(|| {
        Failure::world("no engine to load into: neither Docker's nor Podman's socket is there").hint(
            "start the engine, set DOCKER_HOST=unix:///path, or write `-o docker-archive:FILE` and load that",
        )
    })?;
    engine::load(&session.store, &subject, &socket).map_err(Failure::from_image)?;
    session.terminal.say(&format!("loaded {name} through {}", socket.display()));
    Ok(())
}

fn socket() -> Option<PathBuf> {
    let named =
        std::env::var("DOCKER_HOST").ok().and_then(|host| host.strip_prefix("unix://").map(PathBuf::from));
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let candidates = [
        named,
        Some(PathBuf::from("/var/run/docker.sock")),
        runtime.as_ref().map(|directory| directory.join("docker.sock")),
        runtime.as_ref().map(|directory| directory.join("podman/podman.sock")),
        Some(PathBuf::from("/run/podman/podman.sock")),
    ];
    candidates.into_iter().flatten().find(|path| path.exists())
}

//! Remakes the README's comparison: the example application on a full Debian base, made with debootstrap as a Dockerfile
//! would, and on ours. The pictures are made by `bareboat compare` from the two images themselves.
//!
//! Needs root (debootstrap does), the Debian archive and the Python index. Nothing is kept but the pictures.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

const RELEASE: &str = "trixie";
/// What the Dockerfile of a Python application on Debian installs.
const PACKAGES: &str = "ca-certificates,python3,python3-pip,python3-venv";
const PICTURES: &str = "docs/pictures";

/// `picture [--binary PATH] [--mirror URL] [--keep DIR]`.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let option = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).cloned()
    };
    let work = match option("--keep") {
        Some(directory) => PathBuf::from(directory),
        None => std::env::temp_dir().join(format!("bareboat-picture-{}", std::process::id())),
    };
    fs::create_dir_all(&work).map_err(|error| format!("cannot make `{}`: {error}", work.display()))?;
    let binary = match option("--binary") {
        Some(path) => PathBuf::from(path),
        None => build()?,
    };
    let done = pictures(&binary, &work, option("--mirror").as_deref());
    if option("--keep").is_none() {
        let _ = fs::remove_dir_all(&work);
    }
    done
}

fn build() -> Result<PathBuf, String> {
    let root = crate::root();
    run_in(root, env!("CARGO"), &["build", "--release", "--workspace", "--bin", "bareboat"])?;
    Ok(root.join("target/release/bareboat"))
}

fn pictures(binary: &Path, work: &Path, mirror: Option<&str>) -> Result<(), String> {
    let example = work.join("application");
    run_in(work, "cp", &["-r", &text(&crate::root().join("examples/app_python")), &text(&example)])?;
    let layout = work.join("debian");
    if !layout.join("index.json").exists() {
        let base = work.join("root");
        debian(&base, &example, mirror)?;
        pack(&base, &layout)?;
    }
    let program = text(binary);
    let cache = text(&work.join("cache"));
    run_in(work, &program, &["--cache-dir", &cache, "build", "application", "-t", "distroless"])?;
    let pictures = crate::root().join(PICTURES);
    fs::create_dir_all(&pictures)
        .map_err(|error| format!("cannot make `{}`: {error}", pictures.display()))?;
    for theme in ["light", "dark"] {
        for kind in ["svg", "png"] {
            let file = text(&pictures.join(format!("comparison-{theme}.{kind}")));
            let images = ["distroless", "oci:debian"];
            let compare = [
                "--cache-dir",
                cache.as_str(),
                "compare",
                images[0],
                images[1],
                "--theme",
                theme,
                "-o",
                file.as_str(),
            ];
            run_in(work, &program, &compare)?;
        }
    }
    run_in(work, &program, &["--cache-dir", &cache, "compare", "distroless", "oci:debian"])
}

/// Debian with Python and the application in a virtual environment, and a user of its own.
fn debian(base: &Path, example: &Path, mirror: Option<&str>) -> Result<(), String> {
    let root = text(base);
    let include = format!("--include={PACKAGES}");
    let mut arguments = vec!["--variant=minbase", include.as_str(), RELEASE, root.as_str()];
    arguments.extend(mirror);
    run_in(Path::new("/"), "debootstrap", &arguments)?;
    run_in(Path::new("/"), "cp", &["-r", &text(example), &format!("{root}/app")])?;
    for file in ["Dockerfile", "distroless.Dockerfile", "bareboat.toml"] {
        let _ = fs::remove_file(base.join("app").join(file));
    }
    let inside = |words: &[&str]| run_in(Path::new("/"), "chroot", &[&[root.as_str()][..], words].concat());
    inside(&["/usr/sbin/useradd", "--system", "--uid", "999", "app"])?;
    inside(&["python3", "-m", "venv", "/opt/venv"])?;
    // With this machine's pip, which knows the way to the index.
    let (wheels, requirements) = (format!("{root}/wheels"), format!("{root}/app/requirements.txt"));
    let platform = ["--only-binary=:all:", "--python-version", "3.13", "--platform", "manylinux2014_x86_64"];
    run_in(
        Path::new("/"),
        "pip",
        &[&["download", "-q", "-r", requirements.as_str(), "-d", wheels.as_str()][..], &platform[..]]
            .concat(),
    )?;
    let offline = ["--no-index", "--find-links", "/wheels", "--no-cache-dir", "-q"];
    inside(&[&["/opt/venv/bin/pip", "install", "-r", "/app/requirements.txt"][..], &offline[..]].concat())?;
    fs::remove_dir_all(&wheels).map_err(|error| format!("cannot remove `{wheels}`: {error}"))?;
    // As the usual last line of such a Dockerfile.
    inside(&[
        "sh",
        "-c",
        "rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/apt/archives/*.deb /var/log/*.log",
    ])
}

/// One layer as an OCI layout (image layout specification), named `debian`.
fn pack(base: &Path, layout: &Path) -> Result<(), String> {
    let blobs = layout.join("blobs/sha256");
    fs::create_dir_all(&blobs).map_err(|error| format!("cannot make `{}`: {error}", blobs.display()))?;
    let script = "tar --sort=name --numeric-owner --one-file-system -C \"$0\" -cf \"$1/layer.tar\" . && gzip -n -k -f \"$1/layer.tar\"";
    run_in(Path::new("/"), "sh", &["-c", script, &text(base), &text(layout)])?;
    let diff_id = digest(&layout.join("layer.tar"))?;
    let _ = fs::remove_file(layout.join("layer.tar"));
    let layer = blob(layout, &layout.join("layer.tar.gz"), "application/vnd.oci.image.layer.v1.tar+gzip")?;
    let config = json!({
        "architecture": "amd64", "os": "linux",
        "config": {
            "User": "app", "WorkingDir": "/app", "ExposedPorts": { "5000/tcp": {} },
            "Env": ["PATH=/opt/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "Cmd": ["gunicorn", "--bind", "0.0.0.0:5000", "app:app"],
        },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{diff_id}")] },
    });
    let config = document(layout, &config, "application/vnd.oci.image.config.v1+json")?;
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer],
    });
    let mut manifest = document(layout, &manifest, MANIFEST)?;
    manifest["annotations"] = json!({ "org.opencontainers.image.ref.name": "debian" });
    write(&layout.join("index.json"), &json!({ "schemaVersion": 2, "manifests": [manifest] }))?;
    write(&layout.join("oci-layout"), &json!({ "imageLayoutVersion": "1.0.0" }))
}

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn document(layout: &Path, value: &Value, media_type: &str) -> Result<Value, String> {
    let file = layout.join("document");
    write(&file, value)?;
    blob(layout, &file, media_type)
}

/// Moves a file to where its digest says; its descriptor.
fn blob(layout: &Path, file: &Path, media_type: &str) -> Result<Value, String> {
    let fail = |error| format!("cannot move `{}`: {error}", file.display());
    let size = fs::metadata(file).map_err(fail)?.len();
    let digest = digest(file)?;
    fs::rename(file, layout.join("blobs/sha256").join(&digest)).map_err(fail)?;
    Ok(json!({ "mediaType": media_type, "digest": format!("sha256:{digest}"), "size": size }))
}

fn digest(file: &Path) -> Result<String, String> {
    let output = Command::new("sha256sum")
        .arg(file)
        .output()
        .map_err(|error| format!("cannot run sha256sum: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.split_whitespace()
        .next()
        .map(str::to_owned)
        .ok_or_else(|| format!("no digest of `{}`", file.display()))
}

fn write(file: &Path, value: &Value) -> Result<(), String> {
    fs::write(file, value.to_string()).map_err(|error| format!("cannot write `{}`: {error}", file.display()))
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn run_in(directory: &Path, program: &str, arguments: &[&str]) -> Result<(), String> {
    let status = Command::new(program).args(arguments).current_dir(directory).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{program} {}` failed: {status}", arguments.join(" "))),
        Err(error) => Err(format!("cannot run `{program}`: {error}")),
    }
}

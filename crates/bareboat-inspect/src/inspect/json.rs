//! Facts for programs. The document carries its version; fields are only ever added to it.

use bareboat_image::TreePath;
use serde_json::{Value, json};

use crate::facts::{Facts, Layer, Package, Tool};

/// The facts as one JSON document with a line end.
pub fn json(facts: &Facts) -> String {
    format!("{:#}\n", document(facts))
}

/// The same as a value: `version`, `image`, `layers`, `packages`, `surface`.
pub(crate) fn document(facts: &Facts) -> Value {
    json!({
        "version": 1,
        "image": image(facts),
        "layers": facts.layers.iter().map(layer).collect::<Vec<_>>(),
        "packages": facts.packages.iter().map(|package| self::package(facts, package)).collect::<Vec<_>>(),
        "surface": surface(facts),
    })
}

fn image(facts: &Facts) -> Value {
    let sizes = &facts.sizes;
    let user = &facts.user;
    let libc = facts.libcs.main().map(|libc| {
        let version = libc.version.map(|(major, minor)| format!("{major}.{minor}"));
        json!({ "family": libc.family.as_str(), "version": version })
    });
    let interpreters = facts.interpreters.iter().map(|interpreter| {
        json!({
            "name": "cpython",
            "version": format!("3.{}", interpreter.minor),
            "path": interpreter.program.as_ref().map(ToString::to_string),
            "library": interpreter.library.as_ref().map(ToString::to_string),
        })
    });
    let config = &facts.config;
    json!({
        "ref": facts.name,
        "tag": facts.tag,
        "digest": facts.digest,
        "platform": facts.platform.as_ref().map(ToString::to_string),
        "created": facts.created,
        "sizes": {
            "pull": sizes.pull, "tar": sizes.tar, "shipped": sizes.shipped, "visible": sizes.visible,
            "hidden": sizes.hidden,
        },
        "user": {
            "spec": user.spec, "uid": user.uid, "gid": user.gid, "groups": user.groups,
            "resolved": user.fault.is_none(),
        },
        "distribution": facts.distribution.get("ID").map(|id| json!({
            "id": id,
            "version": facts.distribution.get("VERSION_ID"),
            "name": facts.distribution.get("PRETTY_NAME"),
        })),
        "libc": libc,
        "interpreters": interpreters.collect::<Vec<_>>(),
        "entrypoint": config.entrypoint,
        "cmd": config.cmd,
        "workdir": config.working_dir,
        "ports": config.exposed_ports,
        "volumes": config.volumes,
    })
}

fn layer(layer: &Layer) -> Value {
    json!({
        "diff_id": layer.diff_id,
        "digest": layer.digest,
        "pull": layer.pull,
        "tar": layer.tar,
        "shipped": layer.shipped,
        "hidden_later": layer.hidden.total(),
        "hidden": {
            "overwritten": layer.hidden.overwritten, "deleted": layer.hidden.deleted,
            "metadata_only": layer.hidden.metadata_only,
        },
        "created_by": layer.created_by,
    })
}

fn package(facts: &Facts, package: &Package) -> Value {
    json!({
        "ecosystem": package.ecosystem.as_str(),
        "name": package.name,
        "version": package.version,
        "purl": package.purl,
        "bytes": package.bytes,
        "layer": layer_digest(facts, &package.evidence),
        "evidence": package.evidence.to_string(),
    })
}

/// `path`, `layer` as its diff-id, `owner`.
fn place(facts: &Facts, path: &TreePath) -> Value {
    json!({
        "path": path.to_string(),
        "layer": layer_digest(facts, path),
        "owner": facts.owner(path).map(Package::title),
    })
}

fn layer_digest(facts: &Facts, path: &TreePath) -> Value {
    let layer = facts.layer_of(path).and_then(|index| facts.layers.get(index));
    json!(layer.and_then(|layer| layer.diff_id))
}

fn surface(facts: &Facts) -> Value {
    let surface = &facts.surface;
    let places = |paths: Vec<&TreePath>| paths.into_iter().map(|path| place(facts, path)).collect::<Vec<_>>();
    let tools = |tool| places(surface.tools(tool).flat_map(|(_, names)| names).collect());
    let code = surface.writable.iter().filter(|writable| writable.code.is_some());
    let secrets = facts.secrets.iter().map(|file| {
        json!({
            "path": file.path.to_string(),
            "layer": facts.layers.get(file.layer).and_then(|layer| layer.diff_id),
            "owner": facts.owner(&file.path).map(Package::title),
            "what": file.secret.what,
            "hidden": file.hidden_by.is_some(),
        })
    });
    let capabilities = surface.capabilities.iter().map(|(path, names)| {
        let mut value = place(facts, path);
        value["capabilities"] = names.as_str().into();
        value
    });
    json!({
        "executables": places(surface.executables.iter().map(|executable| &executable.path).collect()),
        "command_names": surface.executables.iter().map(|executable| 1 + executable.links.len()).sum::<usize>(),
        "shells": tools(Tool::Shell),
        "interpreters": tools(Tool::Interpreter),
        "managers": tools(Tool::PackageManager),
        "compilers": tools(Tool::Compiler),
        "nettools": tools(Tool::Network),
        "setid": places(surface.set_id.iter().collect()),
        "fcaps": capabilities.collect::<Vec<_>>(),
        "writable": places(surface.writable.iter().map(|writable| &writable.path).collect()),
        "code_writable": places(code.map(|writable| &writable.path).collect()),
        "secrets": secrets.collect::<Vec<_>>(),
        "unowned": places(facts.unowned_programs()),
    })
}

//! Small valid inputs for every reader, made here by code.

use std::collections::BTreeMap;

use bareboat_image::TreePath;
use bareboat_packages::elf::ElfFacts;
use bareboat_packages::{deb::Architecture, system::ld_so_cache};
use bareboat_testkit::deb::{Compression, DebMaker, TarMaker};
use bareboat_testkit::elf::ElfMaker;
use bareboat_testkit::openpgp::{KeyPlan, OpenPgpKey, SignaturePlan};
use bareboat_testkit::wheel::WheelMaker;

/// The seeds of the reader `name`.
pub fn of(name: &str) -> Vec<Vec<u8>> {
    match name {
        "dockerfile" => text(&[DOCKERFILE, "FROM scratch\n"]),
        "dockerignore" => text(&["# note\n*.md\n!README.md\n**/x/[a-z]?\n\\#a\n"]),
        "lint" | "lint_fix" => lint(),
        "tar" => vec![tar()],
        "deb" => [Compression::Gzip, Compression::Xz, Compression::None].map(deb).to_vec(),
        "deb_control" | "deb_packages" => text(&[PACKAGES]),
        "deb_release" => text(&[RELEASE]),
        "deb_clearsign" => vec![signed()],
        "wheel" => vec![wheel()],
        "elf" => elves(),
        "ld_so_cache" => vec![cache()],
        "uv_lock" => text(&[UV]),
        "poetry_lock" => text(&[POETRY]),
        "pdm_lock" => text(&[PDM]),
        "pipfile_lock" => text(&[PIPFILE]),
        "pylock" => text(&[PYLOCK]),
        "requirements" => {
            let wide = REQUIREMENTS.encode_utf16().flat_map(u16::to_le_bytes);
            vec![REQUIREMENTS.into(), [0xff, 0xfe].into_iter().chain(wide).collect()]
        }
        "oci_manifest" => text(&[MANIFEST, INDEX]),
        "oci_config" => text(&[CONFIG]),
        "image_reference" => {
            let digest = "0123456789abcdef".repeat(4);
            let pinned = format!("host.example:5000/team/app:1.2@sha256:{digest}");
            text(&["app", "team/app:v1.2_3-x", "localhost/a", "[::1]:5000/a", "docker.io/library/x", &pinned])
        }
        "root_fs" => vec![root_fs()],
        _ => Vec::new(),
    }
}

/// One of each file that facts are made of.
fn root_fs() -> Vec<u8> {
    let elf = elves();
    let site = "usr/lib/python3.13/site-packages";
    TarMaker::new()
        .file("etc/passwd", 0o644, b"root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000::/:\n")
        .file("etc/group", 0o644, b"root:x:0:\nlog:x:4:web\n")
        .file("etc/shadow", 0o600, b"root:*:1:0:::::\n")
        .file("etc/os-release", 0o644, b"ID=debian\nVERSION_ID=\"13\"\n")
        .file("etc/ld.so.cache", 0o644, &cache())
        .file("var/lib/dpkg/status", 0o644, PACKAGES.as_bytes())
        .file("var/lib/dpkg/status.d/a", 0o644, b"Package: a\nVersion: 1-1\nArchitecture: all\n")
        .file("var/lib/dpkg/status.d/a.md5sums", 0o644, b"d41d8cd98f00b204e9800998ecf8427e  usr/bin/tool\n")
        .file("lib/apk/db/installed", 0o644, b"P:musl\nV:1.2\nA:x86_64\nF:lib\nR:ld-musl-x86_64.so.1\n\n")
        .file("usr/bin/tool", 0o4755, b"#!/usr/bin/env -S python3 -u\nprint()\n")
        .link("usr/bin/python3", b'2', "../../usr/bin/python3.13")
        .file("usr/bin/python3.13", 0o755, &elf[0])
        .file("usr/lib/python3.13/os.py", 0o644, b"x")
        .file(&format!("{site}/_x.cpython-311-x86_64-linux-gnu.so"), 0o644, elf.last().unwrap())
        .file(
            &format!("{site}/x-1.dist-info/METADATA"),
            0o644,
            b"Metadata-Version: 2.1\nName: X\nVersion: 1\n",
        )
        .file(
            &format!("{site}/x-1.dist-info/WHEEL"),
            0o644,
            b"Wheel-Version: 1.0\nTag: cp311-cp311-linux_x86_64\n",
        )
        .file(&format!("{site}/x-1.dist-info/RECORD"), 0o644, b"\"_x.so\",sha256=x,1\n../../../bin/tool,,\n")
        .file("root/.netrc", 0o600, b"machine h login me password hunter2hunter2\n")
        .build()
}

fn text(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// The examples on the pages of all lint rules.
fn lint() -> Vec<Vec<u8>> {
    let pages = bareboat_inspect::lint::rules::all().map(|rule| rule.docs);
    let blocks = pages.flat_map(|page| page.split("```dockerfile").skip(1));
    let examples = blocks.filter_map(|block| block.split_once('\n')?.1.split_once("\n```"));
    examples.map(|(example, _)| format!("{example}\n").into_bytes()).collect()
}

fn tar() -> Vec<u8> {
    let pax = b"30 path=a/very/long/name/here\n20 mtime=1.25000000\n";
    TarMaker::new()
        .directory("dir/", 0o755)
        .file("dir/file", 0o644, b"content")
        .link("dir/link", b'2', "file")
        .link("dir/hard", b'1', "dir/file")
        .entry(b"pax", b'x', 0o644, b"", pax.len() as u64, pax)
        .file("short", 0o600, &[7; 600])
        .build()
}

fn deb(compression: Compression) -> Vec<u8> {
    DebMaker::new("libx1", "1.0-1", "amd64")
        .field("Depends", "libc6 (>= 2.36), a | b:any")
        .file("usr/lib/libx.so.1", 0o644, "library")
        .symlink("usr/lib/libx.so", "libx.so.1")
        .control_file("postinst", "#!/bin/sh\nldconfig\n")
        .compression(compression)
        .build()
}

fn signed() -> Vec<u8> {
    let key = OpenPgpKey::generate(&KeyPlan::default());
    key.sign_cleartext(RELEASE, &SignaturePlan::at(1_650_000_000)).into_bytes()
}

fn wheel() -> Vec<u8> {
    WheelMaker::new("shop", "1.0")
        .file("shop/__init__.py", "x = 1\n".repeat(40))
        .dist_info("entry_points.txt", "[console_scripts]\nshop = shop:main\n")
        .data("scripts/run", "#!python\nprint(1)\n")
        .metadata("Requires-Dist: flask>=3; extra == 'web'\n")
        .build()
}

fn elves() -> Vec<Vec<u8>> {
    const X86_64: u16 = 62;
    let library = || {
        ElfMaker::library(X86_64)
            .soname("libx.so.1")
            .needs("libc.so.6")
            .needs_versions("libc.so.6", &["GLIBC_2.34", "GLIBC_2.2.5"])
            .defines_versions(&["X_1.0"])
            .imports("dlopen")
            .runpath("$ORIGIN/../lib")
    };
    let program = ElfMaker::program(X86_64, "/lib64/ld-linux-x86-64.so.2").needs("libx.so.1");
    vec![library().build(), library().narrow().build(), library().big_endian().build(), program.build()]
}

fn cache() -> Vec<u8> {
    let bytes = elves().swap_remove(0);
    let facts = ElfFacts::of_bytes(&bytes).unwrap();
    let path = TreePath::new("usr/lib/x86_64-linux-gnu/libx.so.1").unwrap();
    let mut tree = bareboat_image::Tree::new();
    let digest = bareboat_store::Digest::of(&bytes);
    tree.insert(path.clone(), bareboat_image::Entry::file(digest, bytes.len() as u64, 0o644));
    let elf = BTreeMap::from([(&path, &facts)]);
    ld_so_cache::write(&tree, &elf, Architecture::Amd64, Some("2.41-12"))
}

const DOCKERFILE: &str = r#"# syntax=docker/dockerfile:1
# escape=\
ARG VERSION=3.13
FROM --platform=$BUILDPLATFORM python:${VERSION:-3}-slim AS base
RUN --mount=type=cache,target=/root/.cache,id=pip \
    pip install -r requirements.txt && \
    # a comment inside
    echo "done $VERSION" | tee /x
COPY --from=base --chown=1:1 --chmod=0644 ["a b", "c/"]
COPY <<EOF /etc/config
key=$VALUE
EOF
ENV A=1 B="two words" C=\$x
EXPOSE 80/tcp 53/udp
HEALTHCHECK --interval=5s CMD ["curl", "-f", "localhost"]
ONBUILD ADD --checksum=sha256:00 https://x.example/y /z
ENTRYPOINT ["python", "-m", "app"]
CMD python app.py
"#;

const PACKAGES: &str = "Package: libx1\nSource: x (1.0)\nVersion: 2:1.0~rc1-1+b2\nArchitecture: amd64\nMulti-Arch: same\nDepends: libc6 (>= 2.36), a:any (<< 2) [amd64 !arm64] | b\nProvides: libx-abi (= 1)\nDescription: short\n long text\n .\n more\nFilename: pool/main/x/libx1_1.deb\nSize: 12\nSHA256: 00\n\nPackage: b\nVersion: 1\nArchitecture: all\n";

const RELEASE: &str = "Origin: Debian\nLabel: Debian\nSuite: stable\nCodename: trixie\nVersion: 13.1\nDate: Sat, 06 Sep 2025 10:05:30 UTC\nValid-Until: Sat, 13 Sep 2025 10:05:30 UTC\nAcquire-By-Hash: yes\nArchitectures: all amd64 arm64\nComponents: main contrib\nSHA256:\n 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef 1234 main/binary-amd64/Packages.xz\n 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef 99 main/Contents-amd64.gz\n";

const UV: &str = r#"version = 1
revision = 3
requires-python = ">=3.11"
resolution-markers = ["python_full_version >= '3.13'", "python_full_version < '3.13'"]

[[package]]
name = "shop"
version = "1.0"
source = { virtual = "." }
dependencies = [
    { name = "flask", extra = ["async"], marker = "sys_platform == 'linux' or extra == 'x'" },
    { name = "lib" },
]

[package.optional-dependencies]
web = [{ name = "flask" }]

[package.dev-dependencies]
dev = [{ name = "lib" }]

[[package]]
name = "flask"
version = "3.1.3"
source = { registry = "https://index.test/simple" }
sdist = { url = "https://files.test/flask-3.1.3.tar.gz", hash = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", size = 12 }
wheels = [
    { url = "https://files.test/flask-3.1.3-py3-none-any.whl", hash = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", size = 10 },
]

[package.optional-dependencies]
async = [{ name = "lib" }]

[[package]]
name = "lib"
version = "0.1"
source = { git = "https://git.test/lib?rev=main#0123456789abcdef0123456789abcdef01234567" }
"#;

const POETRY: &str = r#"[[package]]
name = "flask"
version = "3.1.3"
description = ""
optional = false
python-versions = ">=3.9"
groups = ["main", "dev"]
markers = "python_version >= \"3.9\""
files = [{file = "flask-3.1.3-py3-none-any.whl", hash = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}]

[package.dependencies]
werkzeug = {version = ">=3", optional = true, markers = "extra == 'x'"}

[package.extras]
x = ["werkzeug (>=3)"]

[package.source]
type = "git"
url = "https://git.test/flask"
reference = "main"
resolved_reference = "0123456789abcdef0123456789abcdef01234567"

[extras]
web = ["flask"]

[metadata]
lock-version = "2.1"
python-versions = ">=3.11,<4"
content-hash = "00"
"#;

const PDM: &str = r#"[metadata]
groups = ["default", "test"]
strategy = ["inherit_metadata", "static_urls"]
lock_version = "4.5.0"
content_hash = "sha256:00"

[[metadata.targets]]
requires_python = ">=3.11"
platform = "manylinux_2_17_x86_64"

[[package]]
name = "flask"
version = "3.1.3"
extras = ["async"]
requires_python = ">=3.9"
groups = ["default"]
marker = "python_version >= \"3.9\""
dependencies = ["werkzeug>=3", "asgiref; extra == 'async'"]
files = [{url = "https://files.test/flask-3.1.3-py3-none-any.whl", hash = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}]
"#;

const PIPFILE: &str = r#"{
    "_meta": {
        "hash": {"sha256": "00"},
        "pipfile-spec": 6,
        "requires": {"python_version": "3.11"},
        "sources": [{"name": "pypi", "url": "https://index.test/simple", "verify_ssl": true}]
    },
    "default": {
        "flask": {"hashes": ["sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"], "index": "pypi", "markers": "python_version >= '3.9'", "version": "==3.1.3", "extras": ["async"]},
        "lib": {"git": "https://git.test/lib", "ref": "0123456789abcdef0123456789abcdef01234567"},
        "own": {"path": "own", "editable": true}
    },
    "develop": {}
}
"#;

const PYLOCK: &str = r#"lock-version = "1.0"
requires-python = ">=3.11"
environments = ["sys_platform == 'linux'"]
extras = ["web"]
dependency-groups = ["dev"]
default-groups = ["dev"]
created-by = "tool"

[[packages]]
name = "flask"
version = "3.1.3"
marker = "'web' in extras or python_version >= '3'"
requires-python = ">=3.9"
index = "https://index.test/simple"
wheels = [{name = "flask-3.1.3-py3-none-any.whl", url = "https://files.test/flask-3.1.3-py3-none-any.whl", size = 10, hashes = {sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}}]

[packages.sdist]
name = "flask-3.1.3.tar.gz"
path = "dist/flask-3.1.3.tar.gz"
hashes = {sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}

[[packages]]
name = "own"
directory = {path = "own", editable = true}
"#;

const REQUIREMENTS: &str = "# comment\n--index-url https://user:${TOKEN}@index.test/simple\nflask[async]==3.1.3 ; python_version >= '3.9' \\\n    --hash=sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\nlib @ https://files.test/lib-1-py3-none-any.whl\n-e ./own[extra]\nurllib3>=1.26,<3,!=2.0.* # why\n./wheels/x-1-py3-none-any.whl\n--pre\n";

const MANIFEST: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","size":2},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","size":3,"annotations":{"a":"b"}}],"annotations":{"c":"d"}}"#;

const INDEX: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","size":4,"platform":{"architecture":"arm64","os":"linux","variant":"v8"}}]}"#;

const CONFIG: &str = r#"{"created":"2025-01-01T00:00:00Z","architecture":"amd64","os":"linux","config":{"User":"65532:65532","ExposedPorts":{"80/tcp":{}},"Env":["A=1"],"Entrypoint":["/x"],"Cmd":["y"],"Volumes":{"/v":{}},"WorkingDir":"/app","Labels":{"l":"m"},"StopSignal":"SIGTERM","Healthcheck":{"Test":["CMD","x"],"Interval":1000}},"rootfs":{"type":"layers","diff_ids":["sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"]},"history":[{"created":"2025-01-01T00:00:00Z","created_by":"x","empty_layer":true}]}"#;

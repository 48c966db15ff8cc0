"""Runs one hook of a source distribution's build backend (PEP 517). Started inside the sandbox; knows only /build."""

import importlib
import json
import os
import sys
import tarfile
import tomllib
import zipfile

SOURCE = "/build/source"
OUTPUT = "/build/output"
# What a source distribution without `pyproject.toml` means (PEP 517, "Source trees").
LEGACY = {"requires": ["setuptools>=40.8.0"], "build-backend": "setuptools.build_meta:__legacy__"}


def unpack(archive):
    """The directory with the source tree."""
    if not os.path.isdir(SOURCE):
        os.mkdir(SOURCE)
        if archive.endswith(".zip"):
            unpack_zip(archive)
        else:
            with tarfile.open(archive) as tar:
                # Python 3.11.2 has no filters yet. The sandbox is the fence, not the filter.
                options = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
                tar.extractall(SOURCE, **options)
    found = [name for name in os.listdir(SOURCE) if os.path.isdir(os.path.join(SOURCE, name))]
    if len(found) != 1:
        sys.exit(f"the archive holds {len(found)} directories at its top, and one is expected")
    return os.path.join(SOURCE, found[0])


def unpack_zip(archive):
    """Zip archives unpacked by Python lose their modes and times."""
    time = int(os.environ["SOURCE_DATE_EPOCH"])
    with zipfile.ZipFile(archive) as packed:
        for member in packed.infolist():
            path = packed.extract(member, SOURCE)
            if not member.is_dir():
                os.chmod(path, 0o755 if member.external_attr >> 16 & 0o100 else 0o644)
                os.utime(path, (time, time))


def build_system():
    """The `[build-system]` table of the source tree in the working directory."""
    try:
        with open("pyproject.toml", "rb") as file:
            table = tomllib.load(file).get("build-system")
    except FileNotFoundError:
        table = None
    if table is None:
        return LEGACY
    return {"build-backend": LEGACY["build-backend"], **table}


def backend(system):
    """The object with the hooks."""
    for path in reversed(system.get("backend-path", [])):
        sys.path.insert(0, os.path.abspath(path))
    module, _, attributes = system["build-backend"].partition(":")
    found = importlib.import_module(module)
    for name in filter(None, attributes.split(".")):
        found = getattr(found, name)
    return found


def main():
    hook, archive = sys.argv[1:]
    os.chdir(unpack(archive))
    system = build_system()
    if hook == "named-requirements":
        result = system.get("requires", [])
    elif hook == "further-requirements":
        ask = getattr(backend(system), "get_requires_for_build_wheel", None)
        result = list(ask() or []) if ask else []
    else:
        os.makedirs(OUTPUT, exist_ok=True)
        result = backend(system).build_wheel(OUTPUT)
    with open("/build/result.json", "w", encoding="utf-8") as file:
        json.dump(result, file)


main()

"""Checks, from inside a running image, what the field's reference images promise. Prints each item that fails."""

import ctypes
import hashlib
import importlib
import json
import os
import pkgutil
import ssl
import stat
import subprocess
import sys
import traceback
import warnings

EXPECTED = json.loads(os.environ["EXPECTED"])
FAILED = []
CHECKS = []

PASSWD = """\
root:x:0:0:root:/root:/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin
nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin
"""
GROUP = """\
root:x:0:
nobody:x:65534:
tty:x:5:
staff:x:50:
nonroot:x:65532:
"""

# What no Debian interpreter can import on a server, and what the `safe` slice leaves out.
FOREIGN = {
    "antigravity",  # opens a browser
    "this",  # prints a poem
    "_pyrepl._minimal_curses",
    "_pyrepl.windows_console",
    "_pyrepl.windows_eventqueue",
    "asyncio.windows_events",
    "asyncio.windows_utils",
    "ctypes.wintypes",
    "ctypes.macholib",
    "dbm.gnu",
    "distutils._msvccompiler",
    "distutils.msvc9compiler",
    "distutils.msvccompiler",
    "distutils.command.bdist_msi",
    "encodings.mbcs",
    "encodings.oem",
    "encodings.cp65001",
    "multiprocessing.popen_spawn_win32",
    "_aix_support",
    "_ios_support",
    "_android_support",
    "_osx_support",
    "_overlapped",
    "_winapi",
    "_scproxy",
    "_msi",
    "_wmi",
    "_gdbm",
    "_tkinter",
    "_distutils_system_mod",
    "msilib",
    "msvcrt",
    "nt",
    "ntpath",
    "winreg",
    "winsound",
    "turtle",
    "tkinter",
    "turtledemo",
    "idlelib",
    "ensurepip",
    "pydoc_data",
    "test",
    "lib2to3",  # a program's library, which Debian packages on its own
    "distutils.tests",
    "unittest.test",
    "ctypes.test",
    "_ctypes_test",
    "xxlimited",
    "xxlimited_35",
    "xxsubtype",
}


def check(function):
    CHECKS.append(function)
    return function


def expect(is_so, what):
    if not is_so:
        FAILED.append(what)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def everything():
    """Each path with its status; what the runtime user may not enter is not for it."""
    for directory, directories, files in os.walk("/"):
        if directory == "/":
            directories[:] = [name for name in directories if name not in ("proc", "sys", "dev")]
        for name in directories + files:
            path = os.path.join(directory, name)
            yield path, os.lstat(path)


@check
def promised_files_are_there():
    for path in (
        "/",
        "/tmp",
        "/etc/passwd",
        "/etc/group",
        "/etc/os-release",
        "/etc/nsswitch.conf",
        "/etc/ssl/certs/ca-certificates.crt",
        "/usr/share/doc/ca-certificates/copyright",
        "/etc/services",
        "/etc/mime.types",
        "/etc/protocols",
        "/usr/share/doc/tzdata/copyright",
        "/usr/share/zoneinfo",
        "/usr/share/zoneinfo/US/Eastern",
        "/etc/localtime",
        "/root",
        "/home/nonroot",
        "/var/tmp",
        "/run",
        "/var/lib/dpkg/status.d/libc6",
        "/usr/share/common-licenses/GPL-3",
        "/etc/ld.so.cache",
    ):
        expect(os.path.exists(path), f"{path} is missing")


@check
def accounts_are_exactly_these():
    expect(read("/etc/passwd") == PASSWD, f"/etc/passwd is {read('/etc/passwd')!r}")
    expect(read("/etc/group") == GROUP, f"/etc/group is {read('/etc/group')!r}")
    for secret in ("/etc/shadow", "/etc/gshadow"):
        expect(not os.path.lexists(secret), f"{secret} is there")


@check
def release_names_itself():
    release = dict(line.split("=", 1) for line in read("/etc/os-release").splitlines())
    expect(read("/etc/os-release") == read("/usr/lib/os-release"), "the two os-release files differ")
    number, codename = EXPECTED["debian"]
    wanted = {
        "PRETTY_NAME": '"Distroless"',
        "NAME": '"Debian GNU/Linux"',
        "ID": '"debian"',
        "VERSION_ID": f'"{number}"',
        "VERSION": f'"Debian GNU/Linux {number} ({codename})"',
    }
    for key, value in wanted.items():
        expect(release.get(key) == value, f"os-release has {key}={release.get(key)}")


@check
def runs_as_nobody_in_particular():
    expect((os.getuid(), os.getgid()) == (65532, 65532), f"runs as {os.getuid()}:{os.getgid()}")
    expect(os.getcwd() == "/app", f"works in {os.getcwd()}")
    expect(os.path.expanduser("~") == "/home/nonroot", f"home is {os.path.expanduser('~')}")
    home = os.stat("/home/nonroot")
    expect(home.st_uid == 65532 and not home.st_mode & 0o022, f"/home/nonroot is {home}")
    expect(stat.S_IMODE(os.stat("/tmp").st_mode) == 0o1777, "/tmp is not open and sticky")
    expect(stat.S_IMODE(os.stat("/root").st_mode) == 0o700, "/root is not private")
    import pwd

    expect(pwd.getpwuid(os.getuid()).pw_name == "nonroot", "the user has another name")


@check
def there_is_no_shell_and_nothing_to_install_with():
    try:
        subprocess.run("true", shell=True, check=False)
        FAILED.append("a shell ran")
    except FileNotFoundError:
        pass
    for directory in ("/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"):
        for name in os.listdir(directory) if os.path.isdir(directory) else ():
            allowed = name in ("python", "python3", f"python3.{sys.version_info[1]}", *EXPECTED["programs"])
            expect(allowed, f"{directory}/{name} is a program nobody needs")


@check
def text_is_utf_8():
    expect(sys.getfilesystemencoding() == "utf-8", sys.getfilesystemencoding())
    expect(sys.stdout.encoding.lower() == "utf-8", sys.stdout.encoding)
    name = "/tmp/имя-é"
    with open(name, "w", encoding="utf-8") as file:
        file.write("é")
    expect("имя-é" in os.listdir("/tmp") and read(name) == "é", "a file name did not survive")
    os.remove(name)
    done = subprocess.run([sys.executable, "-c", "print('\\xe9')"], capture_output=True, check=True)
    expect(done.stdout == "é\n".encode(), f"printed {done.stdout!r}")


@check
def interpreters_are_exactly_this_version():
    for program in ("/usr/bin/python", "/usr/bin/python3", "/app/.venv/bin/python", sys.executable):
        done = subprocess.run([program, "--version"], capture_output=True, check=True, text=True)
        expect(done.stdout == f"Python {EXPECTED['python']}\n", f"{program} is {done.stdout!r}")


@check
def every_module_of_the_standard_library_imports():
    warnings.simplefilter("ignore")
    names = {name for name in sys.stdlib_module_names if not name.startswith("__")}
    standard = os.path.dirname(os.__file__)
    sys.path.insert(0, standard)
    for module in pkgutil.walk_packages([standard], onerror=lambda name: None):
        names.add(module.name)
    imported = 0
    for name in sorted(names):
        parts = name.split(".")
        above = {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
        if above & FOREIGN or parts[0] in ("site-packages", "dist-packages") or parts[-1] == "__main__":
            continue
        if parts[-1].startswith(("_test", "_xxtest", "_xxsub", "_xxinter")) or parts[-1] == "idle":
            continue
        try:
            importlib.import_module(name)
            imported += 1
        except BaseException as error:
            FAILED.append(f"import {name}: {type(error).__name__}: {error}")
    expect(imported > 400, f"only {imported} modules were imported")


@check
def distutils_is_whole_where_it_exists():
    if sys.version_info < (3, 12):
        for name in ("dist", "core", "command.build_ext", "sysconfig", "version"):
            importlib.import_module(f"distutils.{name}")


@check
def standard_library_works_where_it_needs_libraries():
    import bz2
    import curses
    import lzma
    import readline
    import sqlite3
    import uuid
    import zlib
    import zoneinfo

    for codec in (bz2, lzma, zlib):
        expect(codec.decompress(codec.compress(b"x" * 99)) == b"x" * 99, codec.__name__)
    expect(sqlite3.connect(":memory:").execute("select 6*7").fetchone() == (42,), "sqlite3")
    expect(len(str(uuid.uuid1())) == 36, "uuid")
    expect(zoneinfo.ZoneInfo("Europe/Moscow").key == "Europe/Moscow", "zoneinfo")
    expect(ctypes.CDLL("libc.so.6").getpid() == os.getpid(), "ctypes")
    expect(hashlib.new("sha256", b"").hexdigest().startswith("e3b0c442"), "hashlib")
    expect(bool(curses.version) and hasattr(readline, "parse_and_bind"), "curses and readline")
    import socket

    expect(socket.getservbyname("https", "tcp") == 443, "/etc/services is not read")
    import mimetypes

    expect(mimetypes.guess_type("a.woff2")[0] == "font/woff2", "/etc/mime.types is not read")


@check
def certificates_are_trusted_with_and_without_an_environment():
    count = "import ssl; print(len(ssl.create_default_context().get_ca_certs()))"
    for environment in (dict(os.environ), {}):
        for program in (sys.executable, "/usr/bin/python3"):
            done = subprocess.run([program, "-c", count], env=environment, capture_output=True, text=True)
            trusted = int(done.stdout or 0)
            expect(trusted > 100, f"{program} trusts {trusted} with {len(environment)} variables: {done.stderr}")
    expect(ssl.OPENSSL_VERSION_INFO[0] == 3, ssl.OPENSSL_VERSION)


@check
def usr_is_merged():
    for alias in ("bin", "sbin", "lib", "lib64"):
        if alias == "lib64" and not os.path.lexists("/lib64"):
            continue
        path = f"/{alias}"
        expect(os.path.islink(path), f"{path} is no link")
        expect(os.path.islink(path) and os.readlink(path) == f"usr/{alias}", f"{path} leads elsewhere")
    for path, status in everything():
        if stat.S_ISLNK(status.st_mode) and not os.path.exists(path):
            expect(path in EXPECTED["dangling"], f"{path} -> {os.readlink(path)} leads nowhere")


@check
def state_lies_below_run():
    for path, target in (("/var/run", "/run"), ("/var/lock", "/run/lock")):
        expect(os.path.islink(path) and os.readlink(path) == target, f"{path} does not lead to {target}")
        expect(os.path.isdir(target), f"{target} is no directory")


@check
def nothing_gives_rights_away():
    mine = ("/home/nonroot", "/tmp", "/var/tmp", "/run/lock", "/var/lock")
    for path, status in everything():
        if stat.S_ISLNK(status.st_mode):
            continue
        is_file = stat.S_ISREG(status.st_mode)
        expect(not (is_file and status.st_mode & 0o6000), f"{path} has mode {status.st_mode:o}")
        inside = any(path == one or path.startswith(one + "/") for one in mine)
        # Engines mount these themselves.
        given = path in ("/etc/resolv.conf", "/etc/hosts", "/etc/hostname", "/.dockerenv")
        expect(inside or given or not os.access(path, os.W_OK), f"{path} can be written by the application")
        expect(inside or given or status.st_uid == 0, f"{path} belongs to {status.st_uid}")
    for path in ("/app/new", "/usr/lib/new", "/etc/new", "/new"):
        try:
            open(path, "w").close()
            FAILED.append(f"{path} could be made")
        except OSError:
            pass


@check
def packages_are_listed_for_scanners():
    listed = os.listdir("/var/lib/dpkg/status.d")
    names = {name for name in listed if not name.endswith(".md5sums")}
    expect(names == set(EXPECTED["packages"]), f"{names ^ set(EXPECTED['packages'])} differ")
    for name, version in EXPECTED["packages"].items():
        stanza = dict(
            line.split(": ", 1)
            for line in read(f"/var/lib/dpkg/status.d/{name}").splitlines()
            if ": " in line and not line.startswith(" ")
        )
        expect(stanza.get("Package") == name, f"the stanza of {name} is of {stanza.get('Package')}")
        expect(stanza.get("Version") == version, f"{name} is listed as {stanza.get('Version')}")
        # A package may be without checksums only when it is without files.
        expect(f"{name}.md5sums" in listed, f"{name} has no checksums")
    for path in ("/var/lib/dpkg/status", "/var/lib/dpkg/info"):
        expect(not os.path.exists(path), f"{path} is there")


@check
def checksums_hold_for_every_kept_file():
    kept = 0
    for name in os.listdir("/var/lib/dpkg/status.d"):
        if not name.endswith(".md5sums"):
            continue
        for line in read(f"/var/lib/dpkg/status.d/{name}").splitlines():
            sum_, path = line.split("  ", 1)
            if not os.path.isfile(f"/{path}") or path in EXPECTED["replaced"]:
                continue
            kept += 1
            with open(f"/{path}", "rb") as file:
                found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
            expect(found == sum_, f"/{path} is not what {name} says")
    expect(kept > 1000, f"only {kept} files were compared")


@check
def bytecode_is_there_and_current():
    sys.dont_write_bytecode = True
    import importlib.util

    for module in ("json", "ssl", "asyncio.base_events", "email.message"):
        source = importlib.util.find_spec(module).origin
        expect(os.path.exists(importlib.util.cache_from_source(source)), f"{module} has no bytecode")


if __name__ == "__main__":
    for one in CHECKS:
        before = len(FAILED)
        try:
            one()
        except Exception:
            FAILED.append(f"{one.__name__}: {traceback.format_exc(limit=-1)}")
        FAILED[before:] = [f"{one.__name__}: {what}" for what in FAILED[before:]]
    print("\n".join(FAILED) or f"all {len(CHECKS)} promises are kept")
    sys.exit(1 if FAILED else 0)

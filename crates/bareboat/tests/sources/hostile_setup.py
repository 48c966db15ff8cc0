"""Tries to get out. Any success is an error, and the build fails."""

import os
import pathlib
import socket

from setuptools import setup


def must_fail(what, act):
    try:
        act()
    except OSError:
        return
    raise SystemExit(f"hostile: {what} worked")


must_fail("reading a file of the host", lambda: open("SECRET"))
must_fail("reading the host's cache", lambda: os.listdir("/root/.cache"))
must_fail("writing to the root", lambda: open("/usr/bin/planted", "w"))
must_fail("becoming root", lambda: os.setuid(0))
must_fail("mounting", lambda: os.chroot("/build/home"))
must_fail("reaching the network", lambda: socket.create_connection(("1.1.1.1", 53), 3))
if [name for name in os.environ if name.startswith(("BAREBOAT", "XDG", "CARGO", "SSH"))]:
    raise SystemExit("hostile: the host's environment is here")
if any(name != "lo" for _, name in socket.if_nameindex()):
    raise SystemExit("hostile: there is a network interface")
if os.getuid() == 0:
    raise SystemExit("hostile: this is root")
if len([name for name in os.listdir("/proc") if name.isdigit()]) > 5:
    raise SystemExit("hostile: other processes are visible")
# Whoever looks into it afterwards must not be led out.
pathlib.Path("/build/output/link").symlink_to("/etc")
os.makedirs("/build/home/closed/inner")
os.chmod("/build/home/closed", 0)

setup(name="hello", version="1.0", py_modules=["hello"])

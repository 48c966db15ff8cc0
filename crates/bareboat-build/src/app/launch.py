"""Starts a command after replacing $NAME, ${NAME} and ${NAME:-default} in its words; $$ is a dollar sign.

The image has no shell, and servers want to be told the port as a word. Words NAME=value before the command set
the environment.
"""

import os
import re
import sys

VARIABLE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)(?::?-([^}]*))?\})")


def expand(match):
    name = match[1] or match[2]
    if name is None:
        return "$"
    return os.environ.get(name) or (match[3] or "")


words = [VARIABLE.sub(expand, word) for word in sys.argv[1:]]
while words and re.match(r"[A-Za-z_]\w*=", words[0]):
    name, value = words.pop(0).split("=", 1)
    os.environ[name] = value
if not words:
    sys.exit("bareboat: the command is empty")
try:
    os.execvp(words[0], words)
except OSError as error:
    sys.exit(f"bareboat: cannot start {words[0]!r}: {error.strerror}")

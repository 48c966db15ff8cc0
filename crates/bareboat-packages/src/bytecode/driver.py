# Compiles Python sources for whoever holds the other end of file descriptor 0. Never imports or runs what it compiles.
#
# Speaks first: b"bareboat", the marshal version and the four magic bytes of this interpreter's .pyc files.
# Then, until the other end closes: a request is two little-endian 32-bit lengths, a path and a source; the answer is one
# byte, a 32-bit length and a payload: b"c" and a .pyc file, or b"e" and "line number of the error, or 0:message".
#
# Only built-in and frozen modules are imported: everything else would first have to be compiled itself, on every start.
import _frozen_importlib_external
import _imp
import _signal
import _warnings
import marshal
import posix


def read(length):
    parts = []
    while length:
        part = posix.read(0, min(length, 1 << 20))
        if not part:
            posix._exit(0)
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def write(*parts):
    data = memoryview(b"".join(parts))
    while data:
        data = data[posix.write(0, data):]


def number(value):
    return value.to_bytes(4, "little")


def compiled(path, source):
    name = path.decode("utf-8", "surrogateescape")
    code = compile(source, name, "exec", dont_inherit=True, optimize=0)
    # Flag 1 alone: named by the source's hash, and the source is never looked at again (PEP 552).
    header = MAGIC + number(1) + _imp.source_hash(int.from_bytes(MAGIC, "little"), source)
    return header + marshal.dumps(code)


def answer(path, source):
    try:
        return b"c", compiled(path, source)
    except BaseException as error:
        line = getattr(error, "lineno", None) or 0
        text = getattr(error, "msg", None) or str(error) or type(error).__name__
        return b"e", f"{line}:{text}".encode("utf-8", "backslashreplace")


MAGIC = _frozen_importlib_external.MAGIC_NUMBER
# A warning about a source must not become an error, and printing it would look for the source on this machine.
_warnings.filters.insert(0, ("ignore", None, Warning, None, 0))
# Ctrl-C reaches the whole process group; whoever holds the other end decides what it means.
_signal.signal(_signal.SIGINT, _signal.SIG_IGN)
write(b"bareboat", number(marshal.version), MAGIC)
while True:
    path_length = int.from_bytes(read(4), "little")
    source_length = int.from_bytes(read(4), "little")
    status, payload = answer(read(path_length), read(source_length))
    write(status, number(len(payload)), payload)

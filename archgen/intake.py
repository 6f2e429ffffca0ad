"""The bytes of a spec, no more of them than archgen takes: a regular file's or standard input's.

Imports ``diagnostics`` and ``limits``.
"""

import errno
import os
import stat
import sys
from pathlib import Path
from typing import BinaryIO

from archgen.diagnostics import Fault, UsageError
from archgen.limits import LIMITS


def standard_input() -> bytes:
    """Return the bytes of standard input, but no more than one above what archgen takes."""
    return sys.stdin.buffer.read(LIMITS.file_bytes + 1)


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a regular file, but no more than one above what archgen takes.

    Raises:
        UsageError: E502, the file cannot be read, or it is a pipe or device that may never end.
    """
    try:
        with _opened(path) as file:
            return file.read(LIMITS.file_bytes + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(Fault("E502", f"cannot read {path}: {reason.lower()}")) from error


# Without waiting: a pipe that nobody writes to would never open. Windows has none below a folder.
_HOW = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def _opened(path: Path) -> BinaryIO:
    number = os.open(path, _HOW)
    mode = os.fstat(number).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(number, "rb")
    os.close(number)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    raise OSError("it is no regular file")

"""Files and folders written whole or not at all; imports the standard library only.

New content grows in a locked working folder ``.NAME.RANDOM.tmp`` beside the target, is flushed,
then takes the target's place: a file by a rename, a folder by Linux's exchange of two names.
Where a system cannot exchange, the old folder is first set aside, as ``NAME.old`` in the working
folder. A program killed between these two steps leaves no target; `recover`, or the next write
to the same place, puts the old folder back. A working folder whose lock is free belongs to a
killed program, so the next write removes it.

An error means that the old content is untouched, unless it came from the very last steps: when
the folder around the new content is flushed or the working folder removed.
"""

import ctypes
import errno
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

__all__ = ["claimed", "recover", "replacing_file", "replacing_folder", "write_bytes", "write_text"]

_AT_FDCWD = -100  # linux/fcntl.h: a relative path starts at the current folder
_RENAME_EXCHANGE = 2  # linux/fs.h
# What kernels, file systems and sandboxes answer that do not know the exchange.
_NO_EXCHANGE = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM})


def write_text(path: Path | str, text: str) -> None:
    """Write a text whole, as UTF-8 with its line ends as they are; raises as `replacing_file`."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path | str, content: bytes) -> None:
    """Write a file whole; raises as `replacing_file`."""
    with replacing_file(path) as new:
        new.write_bytes(content)


@contextmanager
def replacing_file(path: Path | str) -> Iterator[Path]:
    """Yield a path to write to; the file replaces the one at `path` if the block succeeds.

    The name is the target's own, for writers that decide by the suffix. Links are followed, and
    a file that is replaced hands on its permission bits.

    Raises `IsADirectoryError` over a folder, `FileNotFoundError` if the folder around the target
    does not exist or the block wrote nothing, any other `OSError` as it comes.
    """
    target, mode = _destination(path, folder=False)
    with _working_folder(target) as work:
        new = work / target.name
        yield new
        _finish(new, mode)
        new.replace(target)
        _sync(target.parent)


@contextmanager
def replacing_folder(path: Path | str) -> Iterator[Path]:
    """Yield an empty folder to fill; it replaces the folder at `path` if the block succeeds.

    Links to `path` are followed, and a folder that is replaced hands on its permission bits.

    Raises `NotADirectoryError` over a file, `FileNotFoundError` if the folder around the target
    does not exist, any other `OSError` as it comes.
    """
    target, mode = _destination(path, folder=True)
    with _working_folder(target) as work:
        new = work / target.name
        new.mkdir()
        yield new
        for entry in new.rglob("*"):
            if not entry.is_symlink():
                _sync(entry)
        _finish(new, mode)
        with _locked(target.parent):
            _swap(new, target)
        _sync(target.parent)


def recover(path: Path | str) -> None:
    """Undo what killed writers left at `path`: put a folder set aside back, remove litter.

    Raises `OSError` if a folder set aside cannot be put back.
    """
    target = Path(os.path.realpath(path))
    with _locked(target.parent):
        _sweep(target)


@contextmanager
def claimed(path: Path | str) -> Iterator[bool]:
    """Hold a lock file, made where it is missing; yields False where another program holds it.

    The lock dies with the process. Without locks (Windows, some network file systems) everybody
    gets it.
    """
    if sys.platform == "win32":
        yield True
        return
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield not _is_held(descriptor)
    finally:
        os.close(descriptor)


def _is_held(descriptor: int) -> bool:
    """Take a lock and return whether another program has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _destination(path: Path | str, *, folder: bool) -> tuple[Path, int | None]:
    """Return where a path leads, links followed, and the permission bits of what stands there."""
    try:
        mode = Path(path).stat().st_mode
    except FileNotFoundError:
        return Path(os.path.realpath(path)), None
    if folder and not stat.S_ISDIR(mode):
        raise NotADirectoryError(errno.ENOTDIR, "a folder cannot replace a file", str(path))
    if stat.S_ISDIR(mode) and not folder:
        raise IsADirectoryError(errno.EISDIR, "a file cannot replace a folder", str(path))
    if not (folder or stat.S_ISREG(mode)):  # /dev/null, a pipe
        raise OSError(errno.EINVAL, "a file cannot replace a device or pipe", str(path))
    return Path(os.path.realpath(path)), stat.S_IMODE(mode)


@contextmanager
def _working_folder(target: Path) -> Iterator[Path]:
    """Yield a new locked folder beside the target; what is left in it at the end goes."""
    with ExitStack() as held:
        with _locked(target.parent):
            _sweep(target)
            work = _new_folder(target)
            held.enter_context(_locked(work))
        try:
            yield work
        finally:
            with _locked(target.parent):
                _put_back(work, target)
                shutil.rmtree(work, ignore_errors=True)


def _new_folder(target: Path) -> Path:
    try:
        return Path(tempfile.mkdtemp(".tmp", f".{target.name}.", target.parent))
    except OSError as error:
        error.filename = str(target)  # the name the user knows
        raise


def _sweep(target: Path) -> None:
    """Put back what a dead writer set aside and remove its folder; needs the parent's lock."""
    left_over = re.compile(rf"\.{re.escape(target.name)}\.[a-z0-9_]{{8}}\.tmp")
    for work in target.parent.iterdir():
        if left_over.fullmatch(work.name):
            _put_back(work, target)
            # Another user's folder cannot be opened; it is in nobody's way.
            with suppress(OSError), _locked(work, wait=False) as dead:
                if dead:
                    shutil.rmtree(work, ignore_errors=True)


def _put_back(work: Path, target: Path) -> None:
    """Put a folder that was set aside back if nothing took its place; needs the parent's lock."""
    old = work / f"{target.name}.old"
    if os.path.lexists(old) and not os.path.lexists(target):
        old.rename(target)


def _swap(new: Path, target: Path) -> None:
    """Put a folder in the target's place; needs the parent's lock."""
    if not os.path.lexists(target):
        new.rename(target)
    elif not _exchange(new, target):
        target.rename(new.parent / f"{target.name}.old")
        new.rename(target)  # if this fails, the end of `_working_folder` puts the old one back


def _exchange(new: Path, target: Path) -> bool:
    """Exchange two names in one step; False where the system cannot.

    Raises `OSError` if it can but fails.
    """
    if sys.platform != "linux":
        return False
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if renameat2 is None:  # glibc before 2.28
        return False
    names = os.fsencode(new), os.fsencode(target)
    if renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _NO_EXCHANGE:
        return False
    raise OSError(code, os.strerror(code), str(new), None, str(target))


def _finish(new: Path, mode: int | None) -> None:
    """Give new content the old permission bits and flush it."""
    if mode is not None:
        new.chmod(mode)
    _sync(new)


def _sync(path: Path) -> None:
    """Flush a file, or a folder's own entries, to the disk."""
    if sys.platform == "win32":  # a folder cannot be opened there
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot flush a folder.
        if error.errno != errno.EINVAL or not path.is_dir():
            raise
    finally:
        os.close(descriptor)


@contextmanager
def _locked(folder: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold a folder's lock, which dies with the process; yields whether it could be had.

    Without locks (Windows, some network file systems) litter stays, and nothing else changes.
    """
    if sys.platform == "win32":
        yield False
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield _flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(descriptor)


def _flock(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how)
    except OSError:
        return False
    return True

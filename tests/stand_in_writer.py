"""Starts writers that overwrite one artifact again and again; `test_files` has them killed.

``stand_in_writer.py KIND`` reads pairs of lines. ``FIRST COUNT TARGET`` forks a writer, which says
``+5`` before it begins to write version 5 and ``=5`` when version 5 is written. ``kill`` kills it,
``wait`` lets it end; then ``-STATUS`` is said. A file is its version, content and a SHA-256 of
both; a folder is several files, one of which holds the version and a SHA-256 over all of them.
"""

import hashlib
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

PARTS = ("graph.pb", "labels.txt", "variables/data", "variables/index")


def load_files() -> ModuleType:
    """Load the module alone, since the program starts hundreds of times."""
    path = Path(__file__).resolve().parents[1] / "archgen" / "files.py"
    spec = spec_from_file_location("files", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pieces(version: int) -> Iterator[bytes]:
    """Yield some hundred kB that tell the version, in pieces as a real writer would."""
    content = random.Random(version)
    yield version.to_bytes(8)
    for _ in range(len(PARTS)):
        yield content.randbytes(75_000)


def fill_file(path: Path, version: int) -> None:
    digest = hashlib.sha256()
    with path.open("wb", buffering=0) as file:
        for piece in pieces(version):
            file.write(piece)
            digest.update(piece)
        file.write(digest.digest())


def fill_folder(path: Path, version: int) -> None:
    head, *contents = pieces(version)
    (path / "variables").mkdir()
    for name, content in zip(PARTS, contents, strict=True):
        (path / name).write_bytes(content)
    (path / "digest").write_bytes(head + hashlib.sha256(b"".join((head, *contents))).digest())


def force_two_steps(files: Any) -> None:
    """Take the exchange away, and dwell between the two renames so that kills fall there."""
    rename = os.rename

    def slow(source: str, target: str) -> None:
        rename(source, target)
        time.sleep(0.003)

    files._exchange = lambda *_: False
    os.rename = slow  # type: ignore[assignment]


def overwrite(files: Any, kind: str, target: str, versions: range) -> None:
    for version in versions:
        os.write(1, b"+%d\n" % version)
        if kind == "file":
            with files.replacing_file(target) as new:
                fill_file(new, version)
        else:
            with files.replacing_folder(target) as new:
                fill_folder(new, version)
        os.write(1, b"=%d\n" % version)


def fork(files: Any, kind: str, target: str, versions: range) -> int:
    """Return the process id of a new writer, which needs no time to start."""
    child = os.fork()
    if child == 0:
        overwrite(files, kind, target, versions)
        os._exit(0)
    return child


def main(kind: str) -> None:
    files = load_files()
    if kind == "two_steps":
        force_two_steps(files)
    while line := sys.stdin.readline():
        first, count, target = line.rstrip("\n").split(" ", 2)
        child = fork(files, kind, target, range(int(first), int(first) + int(count)))
        if sys.stdin.readline() == "kill\n":
            os.kill(child, signal.SIGKILL)
        os.write(1, b"-%d\n" % os.waitpid(child, 0)[1])


if __name__ == "__main__":
    main(sys.argv[1])

"""An export of which any one write fails leaves what was there, and says what failed and where."""

import builtins
import errno
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import archgen
from archgen import MachineError
from archgen.artifacts import SUFFIXES, verify
from tests.keras_layer.specs import conv, spec

pytestmark = pytest.mark.keras

NET = spec(
    conv("first", 3, norm="batch_norm"),
    {"op": "flatten"},
    {"op": "dense", "name": "predictions", "units": 2},
    shape=(3, 4, 1),
    labels=["one", "two"],
)
NOTHING = pytest.param(False, marks=pytest.mark.full, id="nothing")
ARTIFACT = pytest.param(True, id="artifact")
CODES = [
    pytest.param(errno.EIO, id="EIO"),
    pytest.param(errno.ENOSPC, marks=pytest.mark.full, id="ENOSPC"),
]
CALLS = ("mkdir", "rename", "replace", "chmod", "fsync")


class Failing:
    """Counts what is written below a folder through Python, and lets one step of it fail.

    A step is to open for writing, to write, to make, move, flush or change the mode of something.
    With ``lasting``, every later step that needs room on the disk fails too, as where that is full.
    """

    def __init__(self, folder: Path, number: int, code: int) -> None:
        self.folder, self.number, self.code = str(folder), number, code
        self.lasting = code == errno.ENOSPC
        self.steps: list[str] = []

    @property
    def failed(self) -> str | None:
        """Return the step that failed first."""
        return self.steps[self.number - 1] if len(self.steps) >= self.number else None

    def step(self, name: str, place: object) -> None:
        if not self._is_below(place):
            return
        self.steps.append(name)
        late = self.lasting and len(self.steps) > self.number and name in ("open", "write", "mkdir")
        if len(self.steps) == self.number or late:
            raise OSError(self.code, os.strerror(self.code))

    def _is_below(self, place: object) -> bool:
        if isinstance(place, int):
            place = Path(f"/dev/fd/{place}").readlink()
        return isinstance(place, str | os.PathLike) and os.fspath(place).startswith(self.folder)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as patch:
            for name in CALLS:
                patch.setattr(os, name, self._calling(name, getattr(os, name)))
            opened = self._opening(builtins.open)
            patch.setattr(builtins, "open", opened)
            patch.setattr(io, "open", opened)
            yield

    def _calling(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(place: Any, *arguments: Any, **options: Any) -> Any:
            self.step(name, place)
            return original(place, *arguments, **options)

        return call

    def _opening(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
            if not set(mode) & set("wax+") or isinstance(file, int) or not self._is_below(file):
                return original(file, mode, *arguments, **options)
            assert "b" in mode, "a text of which no write would be counted"
            self.step("open", file)
            raw = _Raw(file, mode.replace("b", ""))
            raw.failing = self
            return io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)

        return call


class _Raw(io.FileIO):
    """A file whose writes are steps."""

    failing: Failing

    def write(self, content: Any) -> int:
        self.failing.step("write", self.name)
        return super().write(content)


def tree(folder: Path) -> dict[str, bytes | None]:
    """Return everything below a folder."""
    found = folder.rglob("*")
    return {str(each): None if each.is_dir() else each.read_bytes() for each in found}


@pytest.fixture(scope="module")
def model(keras: Any) -> Any:
    return archgen.build(NET, seed=1)


def prepared(model: Any, form: str, folder: Path, *, before: bool) -> Path:
    """Return a place for an artifact, where one of the same model without passes may stand."""
    folder.mkdir()
    path = folder / f"net{SUFFIXES[form]}"
    if before:
        archgen.export(model, path, format=form, verify=False, without=["fold-batch-norm"])
    return path


@pytest.mark.parametrize("before", [NOTHING, ARTIFACT])
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("form", SUFFIXES)
def test_whichever_write_fails_what_was_there_stays(
    form: str, code: int, *, model: Any, before: bool, tmp_path: Path
) -> None:
    steps = steps_of(model, form, tmp_path / "whole", before=before)
    assert set(steps) >= {"open", "write", "mkdir", "fsync"}
    path = prepared(model, form, tmp_path / "place", before=before)
    stood = tree(path.parent)
    for number in range(1, len(steps) + 1):
        failing = Failing(path.parent, number, code)
        try:
            with failing.at_work():
                archgen.export(model, path, format=form, verify=False)
        except MachineError as error:
            told(error, path, os.strerror(code), code)
        else:  # such as making a folder that is there
            assert failing.failed == "mkdir"
            verify(path)
            assert list(path.parent.iterdir()) == [path]
            path = prepared(model, form, tmp_path / f"place_{number}", before=before)
            stood = tree(path.parent)
            continue
        assert failing.failed == steps[number - 1]
        if number < len(steps):
            assert tree(path.parent) == stood
    # The last step flushes the folder around the artifact, which has its place by then.
    assert steps[-1] == "fsync"
    verify(path)
    assert list(path.parent.iterdir()) == [path]


def steps_of(model: Any, form: str, folder: Path, *, before: bool) -> list[str]:
    """Return the steps of an export of which none fails."""
    path = prepared(model, form, folder, before=before)
    counting = Failing(folder, 10**9, errno.EIO)
    with counting.at_work():
        archgen.export(model, path, format=form, verify=False)
    return counting.steps


def told(error: MachineError, path: Path, reason: str, code: int | None = None) -> None:
    """Hold that an error has a code, the place and the cause."""
    (fault,) = error.faults
    assert fault.code == "E503"
    assert fault.message == f"cannot write {path}: {reason.lower()}"
    assert isinstance(error.__cause__, OSError)
    assert code in (None, error.__cause__.errno)


# ── writes in C++ ─────────────────────────────────────────────────────────────────────────────────

# Exports with no file larger than the sizes it reads, and prints what came of each.
CHILD = """
import json, resource, signal, sys
from pathlib import Path
import archgen
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
model = archgen.build(json.loads(sys.argv[1]), seed=1)
everything = resource.getrlimit(resource.RLIMIT_FSIZE)
for line in sys.stdin:
    form, path, size = json.loads(line)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, everything[1]))
    try:
        archgen.export(model, path, format=form, verify=False)
        said = None
    except archgen.MachineError as error:
        said = [[each.code, each.message] for each in error.faults]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, everything)
    print(json.dumps(said), flush=True)
"""


@pytest.fixture(scope="module")
def child() -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", CHILD, json.dumps(NET)]
    pipe = subprocess.PIPE
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=root, text=True) as process:
        yield process
    assert process.returncode == 0


def asked(child: "subprocess.Popen[str]", form: str, path: Path, size: int) -> Any:
    """Let the child export with no file larger than a size; return the faults, or None."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(json.dumps([form, str(path), size]) + "\n")
    child.stdin.flush()
    return json.loads(child.stdout.readline())


def largest(path: Path) -> int:
    return max(each.stat().st_size for each in [path, *path.rglob("*")] if each.is_file())


LIMITS = [4, pytest.param(200, marks=pytest.mark.full)]
IN_PYTHON = [
    pytest.param(form, marks=pytest.mark.full) for form in SUFFIXES if form != "savedmodel"
]


@pytest.mark.parametrize("before", [NOTHING, ARTIFACT])
@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("form", ["savedmodel", *IN_PYTHON])
def test_whatever_has_no_room_what_was_there_stays(  # noqa: PLR0913 - fixtures
    form: str, limits: int, *, model: Any, before: bool, child: Any, tmp_path: Path
) -> None:
    whole = prepared(model, form, tmp_path / "whole", before=False)
    archgen.export(model, whole, format=form, verify=False)
    path = prepared(model, form, tmp_path / "place", before=before)
    stood = tree(path.parent)
    size = largest(whole)
    # Names that are made up and numbers in them differ in length from one export to the next.
    for limit in sorted({size * 3 // 4 * step // (limits - 1) for step in range(limits)}):
        found = asked(child, form, path, limit)
        assert found == [["E503", f"cannot write {path}: file too large"]]
        assert tree(path.parent) == stood
    assert asked(child, form, path, 2 * size + 1000) is None
    verify(path)

"""Whatever write of an export fails, its place is as it was, and it says why."""

import errno
import os
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import archgen
from archgen import MachineError
from archgen.artifacts import contents, verify
from tests.keras_layer.specs import conv, spec

pytestmark = pytest.mark.keras

NAMES = {"savedmodel": "x", "keras": "x.keras", "onnx": "x.onnx", "tflite": "x.tflite"}
FORMS = [
    pytest.param(form, marks=pytest.mark.full if form in ("onnx", "tflite") else ())
    for form in NAMES
]
NET = spec(
    conv("first", 4, norm="batch_norm"),
    {"op": "flatten"},
    {"op": "dense", "units": 2},
    shape=(5, 5, 3),
)
# What Python tells before it does it, and where in its arguments the paths stand.
CHANGES = {"open": 1, "os.mkdir": 1, "os.rename": 2, "os.truncate": 1}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Disk:
    """A disk that is full below a folder from a change on: then only what is removed works."""

    def __init__(self) -> None:
        self.folder = ""
        self.left = 0
        sys.addaudithook(self.told)  # for good: Python has no way to remove one

    def told(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Fail where the disk is full."""
        if not self.folder or event not in CHANGES:
            return
        paths = arguments[: CHANGES[event]]
        if event == "open" and not arguments[2] & WRITING:
            return
        if any(isinstance(path, str | bytes | Path) and self.folder in str(path) for path in paths):
            self.change()

    def change(self) -> None:
        """Count a change; those from a number on fail."""
        self.left -= 1
        if self.left <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    @contextmanager
    def full(self, folder: Path, number: int) -> Iterator[None]:
        self.folder, self.left = str(folder), number
        try:
            yield
        finally:
            self.folder = ""


@pytest.fixture(scope="module")
def disk() -> Disk:
    return Disk()


@pytest.fixture(scope="module")
def model(keras: Any) -> Any:
    return archgen.build(NET, seed=1)


@pytest.fixture(params=[False, True], ids=["new", "replacing"])
def place(request: pytest.FixtureRequest, model: Any, form: str, tmp_path: Path) -> Path:
    """Return a place for an artifact, one where there is an artifact already."""
    path = tmp_path / NAMES[form]
    if request.param:
        archgen.export(model, path, format=form, verify=False)
    return path


@pytest.mark.parametrize("form", FORMS)
def test_from_whichever_change_on_the_disk_is_full_the_place_is_as_it_was(
    form: str, place: Path, model: Any, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = place.parent
    before = contents(folder)
    flush = os.fsync

    def flushed(file: int) -> None:
        disk.change()
        flush(file)

    monkeypatch.setattr("archgen.files.os.fsync", flushed)
    whole = 0
    for number in count(1):
        with disk.full(folder, number):
            try:
                archgen.export(model, place, format=form, verify=False)
            except MachineError as error:
                fault = error.faults[0]
            else:
                break
        assert fault.code == "E503"
        assert fault.message == f"cannot write {place}: no space left on device"
        if contents(folder) != before:  # only the folder around it was not flushed any more
            verify(place)
            assert list(folder.iterdir()) == [place]
            whole += 1
    assert number > 5
    assert whole <= 1


@pytest.mark.parametrize("form", FORMS)
def test_however_much_is_written_the_place_is_as_it_was(
    form: str, model: Any, tmp_path: Path
) -> None:
    """TensorFlow and HDF5 write by themselves: a bound on the size of files stops them, too."""
    path = tmp_path / NAMES[form]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for most in (0, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
        try:
            archgen.export(model, path, format=form, verify=False)
        except MachineError as error:
            fault = error.faults[0]
        else:
            break
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert fault.code == "E503"
        assert fault.message == f"cannot write {path}: file too large"
        assert contents(tmp_path) == {}
    assert most > 1_000
    verify(path)

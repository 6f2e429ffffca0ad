"""What is written is whole or not there at all, whatever fails, whoever kills or competes."""

import ctypes
import errno
import fcntl
import hashlib
import os
import random
import resource
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

import pytest

from archgen import files
from archgen.files import recover, replacing_file, replacing_folder, write_bytes, write_text

NOBODY = 65534  # the user id that owns nothing
LITTER = ".model.k1ll3d__.tmp"
STAND_IN = Path(__file__).with_name("stand_in_writer.py")
PARTS = ("graph.pb", "labels.txt", "variables/data", "variables/index")

Tree = dict[str, bytes]


def tree(folder: Path) -> Tree:
    """Return everything below a folder, contents by relative path, so that litter shows."""
    return {
        str(path.relative_to(folder)): b"/" if path.is_dir() else path.read_bytes()
        for path in folder.rglob("*")
    }


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class Kind(NamedTuple):
    """A way to write, and what is on the disk after it."""

    replacing: Callable[[Path], AbstractContextManager[Path]]
    fill: Callable[[Path, bytes], object]
    expected: Callable[[bytes], Tree]
    new_mode: int
    calls: dict[str, int]  # while an old artifact is replaced

    def save(self, target: Path, content: bytes) -> None:
        with self.replacing(target) as new:
            self.fill(new, content)


def fill_folder(new: Path, content: bytes) -> None:
    (new / "variables").mkdir()
    (new / "variables" / "data").write_bytes(content)
    (new / "graph").write_bytes(content)


def expected_folder(content: bytes) -> Tree:
    return {
        "model": b"/",
        "model/graph": content,
        "model/variables": b"/",
        "model/variables/data": content,
    }


FILE = Kind(
    replacing_file,
    Path.write_bytes,
    lambda content: {"model": content},
    0o644,
    {"chmod": 1, "fsync": 2, "mkdir": 1, "rename": 0, "replace": 1},
)
FOLDER = Kind(
    replacing_folder,
    fill_folder,
    expected_folder,
    0o755,
    {"chmod": 1, "fsync": 5, "mkdir": 3, "rename": 0, "replace": 0},
)
TWO_STEPS = FOLDER._replace(calls=FOLDER.calls | {"rename": 2})


@pytest.fixture
def no_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_exchange", lambda *_: False)


@pytest.fixture(params=[FILE, FOLDER, TWO_STEPS], ids=["file", "folder", "two_steps"])
def kind(request: pytest.FixtureRequest) -> Kind:
    if request.param is TWO_STEPS:
        request.getfixturevalue("no_exchange")
    chosen: Kind = request.param
    return chosen


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Return a target in a folder of its own; `tree(target.parent)` is all there is."""
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder / "model"


# What it does when nothing fails


def test_a_new_artifact_stands_alone_in_its_folder(target: Path, kind: Kind) -> None:
    kind.save(target, b"new")
    assert tree(target.parent) == kind.expected(b"new")


def test_an_old_artifact_is_replaced_whole(target: Path, kind: Kind) -> None:
    kind.save(target, b"old")
    if target.is_dir():
        (target / "only_in_the_old_one").touch()
    kind.save(target, b"new")
    assert tree(target.parent) == kind.expected(b"new")


def test_text_is_written_as_utf_8_with_its_own_line_ends(tmp_path: Path) -> None:
    write_text(str(tmp_path / "a.dot"), "é\nü\r\n")
    assert tree(tmp_path) == {"a.dot": b"\xc3\xa9\n\xc3\xbc\r\n"}


def test_bytes_are_written_as_they_are(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a.png", b"\r\n\x00")
    assert tree(tmp_path) == {"a.png": b"\r\n\x00"}


@pytest.mark.parametrize("name", ["model.keras", "epoch.07.weights.h5", "no_suffix", "x" * 240])
def test_the_writer_sees_the_name_of_the_target(tmp_path: Path, name: str) -> None:
    with replacing_file(tmp_path / name) as new:
        assert (new.name, new.parent.parent) == (name, tmp_path)
        new.touch()


def test_the_target_stays_where_it_was_if_the_block_moves_elsewhere(
    target: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(target.parent)
    with kind.replacing(Path("model")) as new:
        monkeypatch.chdir(tmp_path)
        kind.fill(new, b"new")
    assert tree(target.parent) == kind.expected(b"new")


@pytest.mark.usefixtures("umask")
def test_a_new_artifact_has_the_permissions_the_umask_gives(target: Path, kind: Kind) -> None:
    kind.save(target, b"new")
    assert permissions(target) == kind.new_mode


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("mode", [0o700, 0o750, 0o777])
def test_an_old_artifact_hands_on_its_permissions(target: Path, kind: Kind, mode: int) -> None:
    kind.save(target, b"old")
    target.chmod(mode)
    kind.save(target, b"new")
    assert permissions(target) == mode


def test_nobody_else_can_look_into_unfinished_content(target: Path, kind: Kind) -> None:
    with kind.replacing(target) as new:
        kind.fill(new, b"new")
        assert permissions(new.parent) == 0o700


def test_all_of_it_is_flushed_before_the_swap_and_the_folder_around_it_after(
    target: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind.save(target, b"old")
    events: list[int | str] = []
    replace, swap = os.replace, files._swap

    def swapping(act: Callable[[Path, Path], None], new: Path, old: Path) -> None:
        events.append("swap")
        act(new, old)

    monkeypatch.setattr(os, "fsync", lambda number: events.append(os.fstat(number).st_ino))
    monkeypatch.setattr(os, "replace", partial(swapping, replace))
    monkeypatch.setattr(files, "_swap", partial(swapping, swap))
    kind.save(target, b"new")
    before, after = events[: events.index("swap")], events[events.index("swap") + 1 :]
    assert set(before) == {path.stat().st_ino for path in (target, *target.rglob("*"))}
    assert after == [target.parent.stat().st_ino]


def test_every_file_that_was_opened_is_closed(target: Path, kind: Kind) -> None:
    before = len(names(Path("/dev/fd")))
    kind.save(target, b"new")
    kind.save(target, b"new")
    assert len(names(Path("/dev/fd"))) == before


# Where a path leads


def test_a_link_is_followed(target: Path, kind: Kind, tmp_path: Path) -> None:
    kind.save(target, b"old")
    (tmp_path / "best").symlink_to("folder/model")
    kind.save(tmp_path / "best", b"new")
    assert (tmp_path / "best").readlink() == Path("folder/model")
    assert tree(target.parent) == kind.expected(b"new")


def test_a_link_to_nothing_yet_makes_what_it_names(
    target: Path, kind: Kind, tmp_path: Path
) -> None:
    (tmp_path / "best").symlink_to("folder/model")
    kind.save(tmp_path / "best", b"new")
    assert (tmp_path / "best").is_symlink()
    assert tree(target.parent) == kind.expected(b"new")


def test_links_in_a_circle_are_refused(target: Path, kind: Kind) -> None:
    target.symlink_to("other")
    target.with_name("other").symlink_to("model")
    with pytest.raises(OSError, match="symbolic links"):
        kind.save(target, b"new")
    assert names(target.parent) == ["model", "other"]


def test_links_inside_a_folder_are_kept_and_not_followed(target: Path, tmp_path: Path) -> None:
    with replacing_folder(target) as new:
        (new / "to_nothing").symlink_to("nowhere")
        (new / "out").symlink_to(tmp_path)
    assert (target / "to_nothing").is_symlink()
    assert (target / "out").readlink() == tmp_path


def test_a_file_does_not_replace_a_folder(target: Path) -> None:
    FOLDER.save(target, b"old")
    with pytest.raises(IsADirectoryError, match=r"a file cannot replace a folder: .*model'"):
        FILE.save(target, b"new")
    assert tree(target.parent) == FOLDER.expected(b"old")


def test_a_folder_does_not_replace_a_file(target: Path) -> None:
    FILE.save(target, b"old")
    with pytest.raises(NotADirectoryError, match=r"a folder cannot replace a file: .*model'"):
        FOLDER.save(target, b"new")
    assert tree(target.parent) == FILE.expected(b"old")


def test_a_pipe_is_not_replaced(target: Path, kind: Kind) -> None:
    os.mkfifo(target)
    with pytest.raises(OSError, match="cannot replace a"):
        kind.save(target, b"new")
    assert stat.S_ISFIFO(target.stat().st_mode)
    assert names(target.parent) == ["model"]


def test_a_missing_folder_around_the_target_is_named(tmp_path: Path, kind: Kind) -> None:
    with pytest.raises(FileNotFoundError, match=r"missing'$"):
        kind.save(tmp_path / "missing" / "model", b"new")
    assert tree(tmp_path) == {}


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Make a folder read-only; to root nothing is, so root is nobody meanwhile."""
    user = os.geteuid()
    folder.chmod(0o555)
    os.seteuid(user or NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o755)


def test_a_read_only_folder_is_an_error_that_names_the_target(kind: Kind) -> None:
    # Not pytest's own folder, since nobody else may pass through that.
    with tempfile.TemporaryDirectory() as name:
        kind.save(Path(name, "model"), b"old")
        with read_only(Path(name)), pytest.raises(PermissionError, match=f"{name}/model'$"):
            kind.save(Path(name, "model"), b"new")
        assert tree(Path(name)) == kind.expected(b"old")


# What fails inside the block


@pytest.mark.parametrize("exception", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("olds", [[], [b"old"]])
def test_an_exception_in_the_block_leaves_all_as_it_was(
    target: Path, kind: Kind, exception: type[BaseException], olds: list[bytes]
) -> None:
    for old in olds:
        kind.save(target, old)
    before = tree(target.parent)
    with pytest.raises(exception), kind.replacing(target) as new:  # noqa: PT012 - a real block
        kind.fill(new, b"half")
        assert tree(target.parent) != before
        raise exception
    assert tree(target.parent) == before


def test_a_text_that_utf_8_cannot_say_leaves_the_old_one(target: Path) -> None:
    write_text(target, "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(target, "\ud800")
    assert tree(target.parent) == {"model": b"old"}


def test_a_block_that_writes_nothing_leaves_the_old_file(target: Path) -> None:
    FILE.save(target, b"old")
    with pytest.raises(FileNotFoundError), replacing_file(target):
        pass
    assert tree(target.parent) == {"model": b"old"}


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Let no file grow beyond a size; the write that would do so is cut short, then fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [0, 1, 999, 4096, 50_000, 59_999])
def test_a_disk_full_after_some_bytes_leaves_the_old_artifact(
    target: Path, kind: Kind, size: int
) -> None:
    kind.save(target, b"old")
    with pytest.raises(OSError, match="too large"), room_for(size):
        kind.save(target, b"new" * 20_000)
    assert tree(target.parent) == kind.expected(b"old")


# What fails on the way to the disk


class Failing:
    """A function of which the calls whose numbers are listed fail as on a full disk."""

    def __init__(self, module: Any, name: str, *numbers: int) -> None:
        self.place = module, name
        self.original = getattr(module, name)
        self.numbers = numbers
        self.calls = 0

    def __call__(self, *args: Any, **options: Any) -> Any:
        self.calls += 1
        if self.calls in self.numbers:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self.original(*args, **options)

    def error(self, save: Callable[[], None]) -> OSError | None:
        """Return what a save raises meanwhile."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(*self.place, self)
            try:
                save()
            except OSError as error:
                return error
        return None


def failed_saves(
    kind: Kind, target: Path, module: ModuleType, name: str
) -> Iterator[OSError | None]:
    """Yield what a save raises when call 1, 2, … of a function fails, over an old artifact."""
    for number in range(1, 1000):
        kind.save(target, b"old")
        assert tree(target.parent) == kind.expected(b"old")  # no litter of the last failure
        failing = Failing(module, name, number)
        error = failing.error(lambda: kind.save(target, b"new"))
        if failing.calls < number:
            assert error is None
            return
        yield error


@pytest.mark.parametrize("name", ["chmod", "mkdir", "rename", "replace"])
def test_whichever_change_fails_the_old_artifact_stays_and_no_litter(
    target: Path, kind: Kind, name: str
) -> None:
    failures = 0
    for error in failed_saves(kind, target, os, name):
        failures += 1
        assert error is not None
        assert tree(target.parent) == kind.expected(b"old")
    assert failures == kind.calls[name]


def test_whichever_flush_fails_the_old_artifact_stays_until_the_swap(
    target: Path, kind: Kind
) -> None:
    found = []
    for error in failed_saves(kind, target, os, "fsync"):
        assert error is not None
        found.append(tree(target.parent))
    old, new = kind.expected(b"old"), kind.expected(b"new")
    assert found == [old] * (kind.calls["fsync"] - 1) + [new]


@pytest.mark.parametrize(("module", "name"), [(os, "open"), (fcntl, "flock")])
def test_whichever_lock_or_open_fails_the_artifact_is_whole(
    target: Path, kind: Kind, module: ModuleType, name: str
) -> None:
    failures = 0
    for error in failed_saves(kind, target, module, name):
        failures += 1
        found = {path: text for path, text in tree(target.parent).items() if path[0] != "."}
        assert found == kind.expected(b"new") or (error and found == kind.expected(b"old"))
    assert failures >= 3


def test_a_failed_exchange_leaves_the_old_folder(target: Path) -> None:
    FOLDER.save(target, b"old")
    failing = Failing(files, "_exchange", 1)
    assert failing.error(lambda: FOLDER.save(target, b"new")) is not None
    assert tree(target.parent) == FOLDER.expected(b"old")


@pytest.mark.usefixtures("no_exchange")
def test_a_folder_that_cannot_be_put_back_at_once_is_put_back_later(target: Path) -> None:
    FOLDER.save(target, b"old")
    failing = Failing(os, "rename", 2, 3)
    assert failing.error(lambda: FOLDER.save(target, b"new")) is not None
    assert not target.exists()
    recover(target)
    assert tree(target.parent) == FOLDER.expected(b"old")


def test_a_file_system_that_cannot_flush_folders_is_written_to(
    target: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync

    def only_files(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", only_files)
    kind.save(target, b"new")
    assert tree(target.parent) == kind.expected(b"new")


def test_a_file_that_cannot_be_flushed_is_an_error(
    target: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind.save(target, b"old")

    def refuse(descriptor: int) -> None:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="Invalid argument"):
        kind.save(target, b"new")
    assert tree(target.parent) == kind.expected(b"old")


# Systems without the exchange, without locks


def answer(monkeypatch: pytest.MonkeyPatch, code: int) -> list[int]:
    """Make the system answer every exchange with an error; returns where calls are counted."""
    calls = []

    def renameat2(*_: object) -> int:
        calls.append(code)
        ctypes.set_errno(code)
        return -1

    library = SimpleNamespace(renameat2=renameat2)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: library)
    return calls


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM])
def test_a_system_that_does_not_know_the_exchange_takes_two_steps(
    target: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    FOLDER.save(target, b"old")
    calls = answer(monkeypatch, code)
    FOLDER.save(target, b"new")
    assert tree(target.parent) == FOLDER.expected(b"new")
    assert calls == [code]


def test_any_other_answer_to_the_exchange_is_an_error(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    FOLDER.save(target, b"old")
    answer(monkeypatch, errno.EIO)
    with pytest.raises(OSError, match=r"error: .*model' -> .*folder/model'") as caught:
        FOLDER.save(target, b"new")
    assert caught.value.errno == errno.EIO
    assert tree(target.parent) == FOLDER.expected(b"old")


def test_a_c_library_without_the_exchange_takes_two_steps(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: SimpleNamespace())
    FOLDER.save(target, b"old")
    FOLDER.save(target, b"new")
    assert tree(target.parent) == FOLDER.expected(b"new")


LACKS: dict[str, list[tuple[object, str]]] = {
    "darwin": [(ctypes, "CDLL")],
    "win32": [(ctypes, "CDLL"), (os, "fsync"), (files, "fcntl")],
}


@pytest.mark.parametrize("platform", LACKS)
def test_another_system_is_not_asked_for_what_it_lacks(
    target: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    monkeypatch.setattr(files, "sys", SimpleNamespace(platform=platform))
    for module, name in LACKS[platform]:
        monkeypatch.delattr(module, name)
    kind.save(target, b"old")
    kind.save(target, b"new")
    assert tree(target.parent) == kind.expected(b"new")


def leave(target: Path, litter: str, *, old: bytes | None = None) -> Path:
    """Leave what a writer killed in the middle leaves, with a folder it had set aside or none."""
    work = target.with_name(litter)
    (work / "model").mkdir(parents=True)
    fill_folder(work / "model", b"half")
    if old is not None:
        (work / "model.old").mkdir()
        fill_folder(work / "model.old", old)
    return work


def test_without_locks_litter_stays_and_all_else_works(
    target: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    monkeypatch.setattr(fcntl, "flock", refuse)
    litter = leave(target, LITTER)
    kind.save(target, b"old")
    kind.save(target, b"new")
    assert kind.expected(b"new").items() <= tree(target.parent).items()
    assert names(target.parent) == [litter.name, "model"]


# What killed writers leave


def test_litter_of_a_killed_writer_goes_with_the_next_write(target: Path, kind: Kind) -> None:
    kind.save(target, b"old")
    leave(target, LITTER)
    leave(target, ".model.an0ther_.tmp", old=b"older")
    kind.save(target, b"new")
    assert tree(target.parent) == kind.expected(b"new")


def test_nothing_but_litter_of_this_target_goes(target: Path, kind: Kind) -> None:
    others = [
        ".model.keras.k1ll3d__.tmp",
        ".my.model.k1ll3d__.tmp",
        ".model.k1ll3d__.tmp.keras",
        ".model.tmp",
        ".model.backup.tmp",
        ".mode1.k1ll3d__.tmp",
        "x.model.k1ll3d__.tmp",
        ".model.KILLED__.tmp",
    ]
    for other in others:
        leave(target, other)
    kind.save(target, b"new")
    assert names(target.parent) == sorted([*others, "model"])


def test_a_target_with_odd_letters_is_no_pattern(tmp_path: Path) -> None:
    (tmp_path / ".aab.k1ll3d__.tmp").mkdir()
    (tmp_path / ".a+b.k1ll3d__.tmp").mkdir()
    write_text(tmp_path / "a+b", "new")
    assert names(tmp_path) == [".aab.k1ll3d__.tmp", "a+b"]


def test_litter_that_cannot_be_opened_is_in_nobodys_way(
    target: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    litter = leave(target, LITTER)
    open_ = os.open

    def refuse(path: Any, *args: Any, **options: Any) -> int:
        if path == litter:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return open_(path, *args, **options)

    monkeypatch.setattr(os, "open", refuse)
    kind.save(target, b"new")
    assert kind.expected(b"new").items() <= tree(target.parent).items()
    assert litter.exists()


def test_recover_puts_back_a_folder_set_aside(target: Path) -> None:
    leave(target, LITTER, old=b"old")
    recover(str(target))
    assert tree(target.parent) == FOLDER.expected(b"old")


def test_recover_follows_a_link(target: Path, tmp_path: Path) -> None:
    (tmp_path / "best").symlink_to("folder/model")
    leave(target, LITTER, old=b"old")
    recover(tmp_path / "best")
    assert tree(target.parent) == FOLDER.expected(b"old")


def test_recover_keeps_what_took_the_place_of_a_folder_set_aside(target: Path) -> None:
    FOLDER.save(target, b"new")
    leave(target, LITTER, old=b"old")
    recover(target)
    assert tree(target.parent) == FOLDER.expected(b"new")


def test_the_next_write_puts_a_folder_set_aside_back_before_it_begins(target: Path) -> None:
    leave(target, LITTER, old=b"old")
    with pytest.raises(ValueError, match="broken"), replacing_folder(target):
        raise ValueError("broken")
    assert tree(target.parent) == FOLDER.expected(b"old")


def test_recover_leaves_a_running_writer_alone(target: Path, kind: Kind) -> None:
    with kind.replacing(target) as new:
        kind.fill(new, b"new")
        recover(target)
    assert tree(target.parent) == kind.expected(b"new")


# Several writers


def test_of_two_writers_at_once_the_last_to_finish_wins_whole(target: Path, kind: Kind) -> None:
    kind.save(target, b"old")
    with kind.replacing(target) as first:
        kind.fill(first, b"first")
        with kind.replacing(target) as second:
            kind.fill(second, b"second")
        assert kind.expected(b"second").items() <= tree(target.parent).items()
    assert tree(target.parent) == kind.expected(b"first")


def test_of_two_writers_of_a_new_artifact_the_last_to_finish_wins_whole(
    target: Path, kind: Kind
) -> None:
    with kind.replacing(target) as first:
        kind.fill(first, b"first")
        kind.save(target, b"second")
    assert tree(target.parent) == kind.expected(b"first")


def test_many_writers_at_once_do_not_break_each_other(target: Path, kind: Kind) -> None:
    contents = [bytes([letter]) * 5000 for letter in b"abcd"]
    start = threading.Barrier(len(contents))

    def write(content: bytes) -> None:
        start.wait()
        for _ in range(25):
            kind.save(target, content)

    with ThreadPoolExecutor(len(contents)) as pool:
        assert list(pool.map(write, contents)) == [None] * len(contents)
    assert tree(target.parent) in [kind.expected(content) for content in contents]


@pytest.mark.parametrize("kind", [FILE, FOLDER], ids=["file", "folder"])
def test_a_reader_never_finds_the_target_missing(target: Path, kind: Kind) -> None:
    kind.save(target, b"old")
    done = threading.Event()

    def read() -> tuple[int, int]:
        looks = missing = 0
        while not done.is_set():
            looks += 1
            missing += not target.exists()
        return looks, missing

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        for _ in range(50):
            kind.save(target, b"new")
        done.set()
    looks, missing = reading.result()
    assert looks > 50
    assert missing == 0


# Killed at a random instant


class Kill(NamedTuple):
    """What was found on the disk after a writer was killed."""

    last: int  # the version that had certainly been written
    started: int  # the version that was being written
    found: int
    phase: str


def file_version(path: Path) -> int:
    """Return the version of a stand-in file, which must be whole."""
    content = path.read_bytes()
    assert len(content) > 100_000
    assert hashlib.sha256(content[:-32]).digest() == content[-32:]
    return int.from_bytes(content[:8])


def folder_version(path: Path) -> int:
    """Return the version of a stand-in folder, which must be whole."""
    assert set(tree(path)) == {*PARTS, "variables", "digest"}
    digest = (path / "digest").read_bytes()
    content = digest[:8] + b"".join((path / part).read_bytes() for part in PARTS)
    assert len(content) > 100_000
    assert hashlib.sha256(content).digest() == digest[8:]
    return int.from_bytes(digest[:8])


VERSION = {"file": file_version, "folder": folder_version, "two_steps": folder_version}


@contextmanager
def stand_in(how: str) -> Iterator["subprocess.Popen[str]"]:
    """Start a program that starts writers."""
    command = [sys.executable, "-I", "-S", str(STAND_IN), how]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, encoding="utf-8") as program:
        yield program


def tell(program: "subprocess.Popen[str]", line: str) -> None:
    assert program.stdin is not None
    program.stdin.write(f"{line}\n")
    program.stdin.flush()


def said(program: "subprocess.Popen[str]", until: str) -> Iterator[str]:
    """Yield the lines a program says, the last being one that begins with `until`."""
    assert program.stdout is not None
    for line in program.stdout:
        yield line
        if line.startswith(until):
            return
    raise EOFError(until)


def write_all(program: "subprocess.Popen[str]", target: Path, count: int) -> None:
    """Let a writer write versions 1 to `count` in peace."""
    tell(program, f"1 {count} {target}\nwait")
    *_, status = said(program, "-")
    assert status == "-0\n"


def run_and_kill(
    program: "subprocess.Popen[str]", target: Path, first: int, delay: float
) -> tuple[int | None, int]:
    """Kill a writer a while after it began; return the last version it wrote, and began."""
    tell(program, f"{first} 1000000 {target}")
    lines = [*said(program, "+")]
    time.sleep(delay)
    tell(program, "kill")
    lines += said(program, "-")
    assert lines.pop() == f"-{signal.SIGKILL}\n"
    done = [int(line[1:]) for line in lines if line[0] == "="]
    return max(done, default=None), max(int(line[1:]) for line in lines if line[0] == "+")


def kill(
    program: "subprocess.Popen[str]", how: str, target: Path, before: Kill, delay: float
) -> Kill:
    """Kill a writer, and recover and read what it leaves."""
    done, started = run_and_kill(program, target, before.started + 1, delay)
    last = before.found if done is None else done
    litter, missing = len(names(target.parent)) > 1, not target.exists()
    if missing:
        recover(target)
    found = VERSION[how](target)
    swapped = "after the swap" if found == started else "before the swap"
    phase = "between two steps" if missing else swapped if litter else "without litter"
    return Kill(last, started, found, phase)


def kills(how: str, target: Path, least: int, phases: set[str]) -> list[Kill]:
    """Kill writers one after the other, at least so many and on until all phases were hit."""
    found = [Kill(20, 20, 20, "")]
    with stand_in(how) as program:
        begun = time.monotonic()
        write_all(program, target, 20)
        longest = (time.monotonic() - begun) / 10  # two versions
        while len(found) <= least or not phases <= {each.phase for each in found}:
            assert len(found) < 20 * least, f"{phases} were not hit"
            delay = random.uniform(0, longest)
            found.append(kill(program, how, target, found[-1], delay))
        write_all(program, target, 1)
    assert names(target.parent) == ["model"]
    return found[1:]


@pytest.mark.parametrize("how", ["file", "folder"])
def test_200_kills_at_random_instants_lose_nothing(target: Path, how: str) -> None:
    found = kills(how, target, 200, {"before the swap", "after the swap"})
    assert [each for each in found if each.found not in (each.last, each.started)] == []
    assert "between two steps" not in {each.phase for each in found}


def test_kills_between_two_steps_lose_nothing(target: Path) -> None:
    phases = {"before the swap", "between two steps", "after the swap"}
    found = kills("two_steps", target, 40, phases)
    assert [each for each in found if each.found not in (each.last, each.started)] == []
    between = [each for each in found if each.phase == "between two steps"]
    assert [each for each in between if each.found != each.last] == []


@pytest.mark.parametrize("how", list(VERSION))
def test_a_writer_goes_on_while_others_at_its_side_are_killed(target: Path, how: str) -> None:
    with stand_in(how) as survivor, stand_in(how) as other, ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write_all, survivor, target, 40)
        run_and_kill(other, target, 1000, 0.01)
        while not writing.done():
            run_and_kill(other, target, 1000, 0.01)
        writing.result()
    recover(target)
    assert VERSION[how](target) > 0
    assert names(target.parent) == ["model"]

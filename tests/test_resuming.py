"""A run that is entered again: refused where its spec or data changed, or another one works in it.

None of this needs Keras: a run is left before it begins to train.
"""

import errno
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np  # noqa: TID253 - images are arrays
import pytest

import archgen
from archgen.cli import main
from archgen.diagnostics import ArchgenError, MachineError, UsageError
from archgen.training.checkpoint import PARTS, read_checkpoint, remove_checkpoint, write_checkpoint
from archgen.training.folder import RunFolder
from archgen.training.session import Session
from tests.training_cases import TINY, images, npz

Patch = pytest.MonkeyPatch


class Left(Exception):  # noqa: N818 - no fault
    """Stands for the moment at which a run is killed."""


@pytest.fixture
def left(tmp_path: Path, monkeypatch: Patch) -> RunFolder:
    """Return a run that was killed before its first step, its spec and data beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Session, "carry_out", leave)
    Path("tiny.json").write_text(json.dumps(TINY), encoding="utf-8")
    with pytest.raises(Left):
        archgen.train(Path("tiny.json"), npz(tmp_path), "run", options={"seed": 3}, filters=2)
    monkeypatch.chdir("/")
    return RunFolder(tmp_path / "run")


def leave(*_: Any) -> None:
    raise Left


def refused(run: RunFolder, *given: Any) -> str:
    with pytest.raises(ArchgenError) as error:
        archgen.resume(run.path, *given)
    return str(error.value)


def change(path: Path, **changes: Any) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**document, **changes}), encoding="utf-8")


def test_a_run_that_was_left_goes_on(left: RunFolder) -> None:
    with pytest.raises(Left):
        archgen.resume(left.path)
    with pytest.raises(Left):
        archgen.resume(left.path, left.checkpoint / "spec.json")
    with pytest.raises(Left):
        archgen.resume(left.path, data=left.path.parent / "images.npz")


def test_a_run_that_was_killed_before_it_made_its_folder_has_no_checkpoint(tmp_path: Path) -> None:
    assert read_checkpoint(tmp_path / "run" / "checkpoint") is None


def test_what_is_asked_is_remembered(left: RunFolder) -> None:
    checkpoint = read_checkpoint(left.checkpoint)
    assert checkpoint is not None
    assert checkpoint.plan.asked == {"seed": 3}
    assert checkpoint.plan.parameters == {"filters": 2}
    assert json.loads(checkpoint.spec)["training"]["seed"] == 3
    assert json.loads(checkpoint.spec)["parameters"]["filters"] == 2


def test_a_changed_spec_is_refused_with_the_difference(left: RunFolder) -> None:
    change(left.path.parent / "tiny.json", input={"shape": [6, 6, 1], "pixels": [0, 1]})
    told = refused(left)
    assert "E516" in told
    assert "/input/pixels/0: -1, now 0" in told
    assert f"--resume {left.path} {left.checkpoint}/spec.json" in " ".join(told.split())


def test_changed_training_is_refused(left: RunFolder) -> None:
    change(left.path.parent / "tiny.json", training={**TINY["training"], "epochs": 4})
    assert "/training/epochs: 3, now 4" in refused(left)


def test_another_spec_is_refused(left: RunFolder) -> None:
    other = {**TINY, "defaults": {"batch_norm": {"momentum": 0.9}}}
    assert "/defaults/batch_norm/momentum: 0.5, now 0.9" in refused(left, other)


def test_without_the_spec_its_copy_is_read(left: RunFolder) -> None:
    (left.path.parent / "tiny.json").unlink()
    with pytest.raises(Left):
        archgen.resume(left.path)


def test_changed_data_are_refused_with_the_difference(left: RunFolder) -> None:
    given = images()
    given["x"][0, 0, 0] ^= 1
    npz(left.path.parent, x=given["x"])
    told = refused(left)
    assert "E516" in told
    assert "SHA-256" in told
    assert "images:" not in told
    npz(left.path.parent, **images(51))
    assert "images: 48, now 51" in refused(left)
    npz(left.path.parent, **images(channels=3))
    assert "shape: 6×6×1, now 6×6×3" in refused(left)


def test_data_that_are_gone_are_told(left: RunFolder) -> None:
    data = left.path.parent / "images.npz"
    data.rename(data.with_name("moved.npz"))
    told = " ".join(refused(left).split())
    assert "are gone" in told
    assert f"--resume {left.path} --data PATH" in told
    with pytest.raises(Left):
        archgen.resume(left.path, data=data.with_name("moved.npz"))


def test_arrays_must_be_given_again(tmp_path: Path, monkeypatch: Patch) -> None:
    monkeypatch.setattr(Session, "carry_out", leave)
    with pytest.raises(Left):
        archgen.train(TINY, images(), tmp_path / "run")
    run = RunFolder(tmp_path / "run")
    assert "give them again" in refused(run)
    with pytest.raises(Left):
        archgen.resume(run.path, data=images())
    assert "/" not in (read_checkpoint(run.checkpoint) or pytest.fail("none")).plan.origin


def test_a_folder_called_like_a_data_set_is_not_taken_for_it(
    tmp_path: Path, monkeypatch: Patch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Session, "carry_out", leave)
    Path("digits").mkdir()
    with pytest.raises(Left):
        archgen.train("lenet5", "digits", "run")
    with pytest.raises(Left):
        archgen.resume("run")


@pytest.mark.parametrize(("at", "told"), [(Session, "--resume"), (None, "before the run began")])
def test_ctrl_c_tells_whether_there_is_something_to_go_on_with(
    at: Any, told: str, tmp_path: Path, monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    if at is Session:
        monkeypatch.setattr(Session, "carry_out", interrupt)
    else:
        monkeypatch.setattr("archgen.training.running.load_data", interrupt)
    assert main(["train", "lenet5", "--data", "digits", "-o", str(tmp_path / "run")]) == 130
    assert told in capsys.readouterr().err


def test_a_second_trainer_is_refused(left: RunFolder) -> None:
    with left.claimed():
        assert "another trainer works in" in refused(left)
        with pytest.raises(UsageError, match="another trainer"):
            archgen.train(TINY, images(), left.path)
    with pytest.raises(Left):
        archgen.resume(left.path)


def test_a_run_is_not_begun_over_another(left: RunFolder) -> None:
    with pytest.raises(UsageError, match="holds a run already") as error:
        archgen.train(TINY, images(), left.path)
    assert f"archgen train --resume {left.path}" in str(error.value)
    left.summary.write_text("{}", encoding="utf-8")
    with pytest.raises(UsageError, match="holds a finished run"):
        archgen.train(TINY, images(), left.path)


@pytest.mark.parametrize("part", [*PARTS, "manifest.json"])
@pytest.mark.parametrize("content", [None, b"[1]", b"\xff\xfe"])
def test_a_damaged_checkpoint_is_refused(left: RunFolder, part: str, content: bytes | None) -> None:
    path = left.checkpoint / part
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    told = refused(left)
    assert "E502" in told
    assert part in told or part == "manifest.json"


@pytest.mark.parametrize("name", ["", "nowhere", "file.txt"])
def test_what_holds_no_run_is_refused_and_left_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("mine", encoding="utf-8")
    told = refused(RunFolder(tmp_path / name))
    assert "there is no run in" in told
    assert "begins one" in told
    assert [path.name for path in tmp_path.iterdir()] == ["file.txt"]


def test_a_full_disk_is_told_with_how_to_go_on(left: RunFolder) -> None:
    with pytest.raises(MachineError, match="no space left on device") as error, left.claimed():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "state.npz")
    assert f"archgen train --resume {left.path}" in str(error.value)


def test_a_killed_writer_of_checkpoints_leaves_the_one_before(left: RunFolder) -> None:
    work = left.path / ".checkpoint.k1ll3d__.tmp"
    shutil.copytree(left.checkpoint, work / "checkpoint")
    (work / "checkpoint" / "state.npz").write_bytes(b"half")
    with pytest.raises(Left):
        archgen.resume(left.path)
    assert not work.exists()


def test_a_checkpoint_is_removed_whole(left: RunFolder, monkeypatch: Patch) -> None:
    before = sorted(path.name for path in left.checkpoint.iterdir())
    with monkeypatch.context() as killed:
        killed.setattr("archgen.training.checkpoint.shutil.rmtree", half)
        remove_checkpoint(left.checkpoint)
    assert read_checkpoint(left.checkpoint) is None
    rest = [path.name for path in left.path.glob("*gone/*")]
    assert 0 < len(rest) < len(before)
    remove_checkpoint(left.checkpoint)
    assert [path.name for path in left.path.iterdir()] == ["trainer.lock"]


def half(folder: Path, **_: Any) -> None:
    """Stand for a removal that is killed on its way."""
    for path in sorted(folder.iterdir() if folder.exists() else ())[::2]:
        path.unlink()


def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"")
    assert main(["train", "lenet5", "--data", "digits", "--input", "32x32x1", "-o", str(path)]) == 3
    assert "E503" in capsys.readouterr().err


def test_a_checkpoint_holds_arrays_in_their_order(left: RunFolder) -> None:
    before = read_checkpoint(left.checkpoint)
    assert before is not None
    state = [np.full(2, index) for index in range(12)]
    write_checkpoint(left.checkpoint, replace(before, state=state))
    after = read_checkpoint(left.checkpoint)
    assert after is not None
    assert [int(array[0]) for array in after.state] == list(range(12))

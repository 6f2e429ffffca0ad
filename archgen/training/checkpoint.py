"""A checkpoint: one folder, written whole, that a run goes on from."""

import json
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archgen.diagnostics import Fault, MachineError
from archgen.files import recover, replacing_folder
from archgen.training.images import Array
from archgen.training.plan import Plan, plan_of
from archgen.training.progress import Progress, progress_of

PLAN, SPEC, PROGRESS = "plan.json", "spec.json", "progress.json"
STATE, BEST = "state.npz", "best.npz"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """All that a run goes on from.

    ``spec`` is the text of the spec that stands alone; ``state`` is that of the learner, empty
    before the first step; ``best`` are the weights of the best epoch, empty before the first.
    """

    plan: Plan
    spec: str
    progress: Progress
    state: Sequence[Array]
    best: Sequence[Array]


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint whole: killed at any instant, the one before it stays; Raises OSError."""
    with replacing_folder(folder) as new:
        _write_json(new / PLAN, checkpoint.plan.record())
        (new / SPEC).write_text(checkpoint.spec, encoding="utf-8")
        _write_json(new / PROGRESS, checkpoint.progress.record())
        _write_arrays(new / STATE, checkpoint.state)
        _write_arrays(new / BEST, checkpoint.best)


def read_checkpoint(folder: Path) -> Checkpoint | None:
    """Return the checkpoint in a folder, None where there is none.

    Raises:
        MachineError: E502, it cannot be read or is damaged.
    """
    try:
        recover(folder)
        if not folder.is_dir():
            return None
        return Checkpoint(
            plan_of(_read_json(folder / PLAN)),
            (folder / SPEC).read_text(encoding="utf-8"),
            progress_of(_read_json(folder / PROGRESS)),
            _read_arrays(folder / STATE),
            _read_arrays(folder / BEST),
        )
    except (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile) as error:
        reason = str(error).partition("\n")[0]
        raise MachineError(Fault("E502", f"cannot read {folder}: {reason}")) from error


def remove_checkpoint(folder: Path) -> None:
    """Remove what a finished run needs no more."""
    shutil.rmtree(folder, ignore_errors=True)


def _write_json(path: Path, record: Any) -> None:
    path.write_text(json.dumps(record, indent=1), encoding="utf-8")


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _write_arrays(path: Path, arrays: Sequence[Array]) -> None:
    import numpy as np

    with path.open("wb") as file:
        np.savez(file, **{f"{index:06}": array for index, array in enumerate(arrays)})


def _read_arrays(path: Path) -> list[Array]:
    """Return arrays in their order; a bit that flipped is noticed by the archive's checksums."""
    import numpy as np

    with np.load(path, allow_pickle=False) as file:
        return [file[name] for name in sorted(file.files)]

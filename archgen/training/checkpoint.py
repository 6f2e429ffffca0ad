"""A checkpoint: one folder, written whole, that a run goes on from."""

import json
import shutil
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

from archgen.diagnostics import Fault, MachineError
from archgen.files import recover, replacing_folder
from archgen.training.images import Array
from archgen.training.plan import Plan, plan_of
from archgen.training.progress import Progress, progress_of

PLAN, SPEC, PROGRESS = "plan.json", "spec.json", "progress.json"
STATE, BEST = "state.npz", "best.npz"
MANIFEST = "manifest.json"  # the SHA-256 of each of the others
PARTS = (PLAN, SPEC, PROGRESS, STATE, BEST)


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
        _write_json(new / MANIFEST, _digests(new))


def read_checkpoint(folder: Path) -> Checkpoint | None:
    """Return the checkpoint in a folder, None where there is none.

    Raises:
        MachineError: E502, it cannot be read or is damaged.
    """
    if not folder.parent.is_dir():
        return None
    try:
        recover(folder)
        if not folder.is_dir():
            return None
        _require_whole(folder)
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


def _digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every part."""
    found = {}
    for name in PARTS:
        with (folder / name).open("rb") as file:
            found[name] = file_digest(file, "sha256").hexdigest()
    return found


def _require_whole(folder: Path) -> None:
    """Raise ValueError where a part is not what was written, OSError where it is missing."""
    known, found = _read_json(folder / MANIFEST), _digests(folder)
    for name in PARTS:
        if not isinstance(known, dict) or known.get(name) != found[name]:
            raise ValueError(f"{name} is not what was written: its SHA-256 is another")


def remove_checkpoint(folder: Path) -> None:
    """Remove what a finished run needs no more: killed at any instant, it is whole or not there."""
    gone = folder.with_name(f"{folder.name}.gone")
    shutil.rmtree(gone, ignore_errors=True)  # of an earlier one that was killed
    with suppress(OSError):
        folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def _write_json(path: Path, record: Any) -> None:
    path.write_text(json.dumps(record, indent=1), encoding="utf-8")


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _write_arrays(path: Path, arrays: Sequence[Array]) -> None:
    import numpy as np

    with path.open("wb") as file:
        named: dict[str, Any] = {f"{index:06}": array for index, array in enumerate(arrays)}
        np.savez(file, **named)


def _read_arrays(path: Path) -> list[Array]:
    """Return arrays in their order."""
    import numpy as np

    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return [archive[name] for name in sorted(archive.files)]

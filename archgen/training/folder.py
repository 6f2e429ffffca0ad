"""The folder of a run: what stands where, who may write, and how a finished run is told."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archgen.api import graph, load
from archgen.backends.origins import Origin, remember
from archgen.backends.saving import save_model
from archgen.diagnostics import Fault, MachineError, UsageError
from archgen.files import claimed, replacing_file, write_text
from archgen.provenance import record_of
from archgen.render.svg import svg_text
from archgen.training.charts import confusion, curves
from archgen.training.checkpoint import Checkpoint, read_checkpoint

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class RunFolder:
    """Where the parts of a run are.

    ``model.keras``, ``spec.json`` and ``summary.json`` are what a finished run hands on: the
    weights of its best epoch, the spec that stands alone, what was measured. While it goes on,
    ``checkpoint`` is there; ``summary.json`` is written last.
    """

    path: Path

    @property
    def checkpoint(self) -> Path:
        """Return the folder that the run goes on from."""
        return self.path / "checkpoint"

    @property
    def model(self) -> Path:
        """Return the file of the trained model."""
        return self.path / "model.keras"

    @property
    def spec(self) -> Path:
        """Return the file of the spec that stands alone."""
        return self.path / "spec.json"

    @property
    def table(self) -> Path:
        """Return the file of the epochs."""
        return self.path / "log.csv"

    @property
    def summary(self) -> Path:
        """Return the file of what was measured."""
        return self.path / "summary.json"

    @property
    def tensorboard(self) -> Path:
        """Return the folder of TensorBoard's files."""
        return self.path / "tensorboard"

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Keep the folder for this process.

        Raises:
            UsageError: E516, another trainer works in it.
            MachineError: E503, it cannot be written, or something within the block cannot.
        """
        with (
            writing(self.path, self._how_to_go_on),
            claimed(self.path / "trainer.lock") as free,
        ):
            if not free:
                message = f"another trainer works in {self.path}"
                raise UsageError(Fault("E516", message, help="wait for it, or name another folder"))
            yield

    def require_finished(self) -> None:
        """Raise UsageError E516 where no finished run stands here."""
        if not self.summary.exists():
            advice = self._how_to_go_on() if read_checkpoint(self.checkpoint) else None
            message = f"{self.path} holds no finished run"
            raise UsageError(Fault("E516", message, help=advice))

    def require_empty(self) -> None:
        """Raise UsageError E516 where a run stands here, finished or not."""
        if self.summary.exists():
            advice = "name another folder"
            raise UsageError(Fault("E516", f"{self.path} holds a finished run", help=advice))
        if read_checkpoint(self.checkpoint) is not None:
            message = f"{self.path} holds a run already"
            raise UsageError(Fault("E516", message, help=self._how_to_go_on()))

    def require_begun(self) -> None:
        """Raise UsageError E516 where no run was begun; nothing is written there."""
        names = [path.name for path in self.path.iterdir()] if self.path.is_dir() else []
        # What a killed writer left is called like the checkpoint, too.
        began = any(self.checkpoint.name in name or name == self.summary.name for name in names)
        if not began:
            raise self.no_run()

    def no_run(self) -> UsageError:
        """Return that there is nothing to go on with."""
        advice = f"`archgen train SPEC --data DATA -o {self.path}` begins one"
        return UsageError(Fault("E516", f"there is no run in {self.path}", help=advice))

    def _how_to_go_on(self) -> str | None:
        """Return the help line for a run that was left, None where none was begun."""
        if not self.checkpoint.exists():
            return None
        return f"`archgen train --resume {self.path}` goes on with it"

    def finish(
        self,
        model: "keras.Model",
        checkpoint: Checkpoint,
        matrix: list[list[int]],
        names: tuple[str, ...],
        summary: Mapping[str, Any],
    ) -> None:
        """Write what a run hands on, its summary last; Raises OSError."""
        spec = load(checkpoint.spec.encode())
        origin = Origin(graph(spec), spec)
        remember(model, origin)
        write_text(self.spec, checkpoint.spec)
        with replacing_file(self.model) as path:
            save_model(model, path, record_of(spec, origin.graph, {}))
        title = f"{summary['spec']} on {summary['data']}"
        said = f"{summary['accuracy']:.2%} of {summary['held_out']:,} held-out images"
        rows = checkpoint.progress.rows
        write_text(self.path / "curves.svg", svg_text(curves(rows, title, said)))
        write_text(
            self.path / "confusion.svg", svg_text(confusion(matrix, names, f"{title}: {said}"))
        )
        write_text(self.summary, json.dumps(summary, indent=2) + "\n")


@contextmanager
def writing(path: Path, advice: Callable[[], str | None] = lambda: None) -> Iterator[None]:
    """Turn what goes wrong while writing into MachineError E503."""
    try:
        yield
    except OSError as error:
        message = f"cannot write {error.filename or path}: {(error.strerror or str(error)).lower()}"
        raise MachineError(Fault("E503", message, help=advice())) from error

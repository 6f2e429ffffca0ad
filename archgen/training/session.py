"""One process's part of a run: from a checkpoint to the end, or to where it is stopped."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from archgen.backends.importing import import_keras
from archgen.ir import shape_text
from archgen.lints.words import plural
from archgen.pixels import pixel_map
from archgen.recipe import Training
from archgen.spec import Spec
from archgen.training.charts import confusion_matrix
from archgen.training.checkpoint import Checkpoint, remove_checkpoint, write_checkpoint
from archgen.training.fitting import Task, slow_statistics
from archgen.training.folder import RunFolder
from archgen.training.images import Array, DataSet, Split
from archgen.training.learner import Learner, answers, taking_pixels, whole_model
from archgen.training.logs import TensorBoardLog, write_table
from archgen.training.loop import Loop, Seen, loss_of, steps_of
from archgen.training.progress import Epoch, Progress
from archgen.training.stopping import stopping

if TYPE_CHECKING:
    import keras

# A sentence to tell, or how far the run is.
Report = Callable[[str | Seen], object]


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network: the Keras model with the weights of its best epoch, and how it came there.

    ``history`` has an `Epoch` for each epoch, ``summary`` what ``summary.json`` says: ``accuracy``
    (0…1) and ``loss`` of the main output on the images held out, among others.
    """

    model: "keras.Model"
    history: tuple[Epoch, ...]
    summary: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Session:
    """What a process needs to carry a run on."""

    run: RunFolder
    spec: Spec
    task: Task
    options: Training
    data: DataSet
    shares: Split
    checkpoint: Checkpoint

    def carry_out(self, report: Report) -> Trained:
        """Train to the end, measure on the images held out, and write what the run hands on.

        Raises:
            KeyboardInterrupt: it was stopped; a checkpoint is written.
            UsageError, MachineError: E516, it cannot go on; what ``build`` raises; OSError.
        """
        import_keras()
        if self.checkpoint.plan.deterministic:
            _make_deterministic(self.options.seed)
        self._introduce(report)
        learner = Learner(self.task, self.options, self.data.shape, pixel_map(self.spec))
        loop = Loop(learner, self.data, self.shares, self.options, self._save)
        progress = self.checkpoint.progress
        loop.enter(progress, list(self.checkpoint.state), list(self.checkpoint.best))
        self._train(loop, report)
        return self._finished(learner, loop)

    def _introduce(self, report: Report) -> None:
        steps, size = steps_of(self.shares, self.options)
        parts = (self.shares.learned, self.shares.choosing, self.shares.held_out)
        counts = [f"{len(part):,}" for part in parts]
        images = shape_text(self.data.shape)
        input_shape = shape_text(next(iter(self.task.graph.inputs.values())))
        resized = f", resized to {input_shape}" if images != input_shape else ""
        report(
            f"{self.data.source}: {counts[0]} images to learn from, {counts[1]} to choose the"
            f" epoch by, {counts[2]} held out, {images}{resized}"
        )
        warned = slow_statistics(self.task.graph, self.options.epochs * steps)
        for note in filter(None, (self.data.note, warned)):
            report(f"note: {note}")
        rate = f"{self.options.optimizer} from {self.options.learning_rate:g}"
        epochs = plural(self.options.epochs, "epoch")
        report(f"{epochs} of {plural(steps, 'step')} of {plural(size, 'image')}, {rate}")

    def _train(self, loop: Loop, report: Report) -> None:
        """Run the loop; its log is written after each epoch."""
        log = TensorBoardLog(self.run.tensorboard, loop.progress.rows)

        def heard(seen: Seen) -> None:
            if seen.row is not None:
                write_table(self.run.table, loop.progress.rows)
                log.add(seen.row)
            report(seen)

        def wished() -> None:
            report("stopping after this step; Ctrl-C again stops at once")

        try:
            with stopping(wished) as wants_stop:
                loop.run(self.checkpoint.plan.every, heard, wants_stop)
        finally:
            log.close()

    def _save(self, progress: Progress, state: list[Array], best: list[Array]) -> None:
        write_checkpoint(
            self.run.checkpoint, replace(self.checkpoint, progress=progress, state=state, best=best)
        )

    def _finished(self, learner: Learner, loop: Loop) -> Trained:
        """Measure the best epoch, write it, and drop the checkpoint."""
        held_out = self.shares.held_out
        pixels, labels = self.data.pixels[held_out], self.data.labels[held_out]
        model = whole_model(learner, loop.best)
        measuring = learner.trainer
        if model is not learner.model:
            measuring = taking_pixels(model, self.task, self.data.shape, pixel_map(self.spec))
        answered = answers(measuring, self.task, pixels, loop.size)
        taken = answered.argmax(1)
        measured = {
            "accuracy": float((taken == labels).mean()),
            "loss": loss_of(answered, labels),
        }
        summary = {**measured, **self._about(loop, model)}
        matrix = confusion_matrix(labels, taken, len(self.data.names))
        write_table(self.run.table, loop.progress.rows)  # it may have been killed just before
        checkpoint = replace(self.checkpoint, progress=loop.progress)
        self.run.finish(model, checkpoint, matrix, self.data.names, summary)
        remove_checkpoint(self.run.checkpoint)
        return Trained(model, loop.progress.rows, summary)

    def _about(self, loop: Loop, model: "keras.Model") -> dict[str, Any]:
        """Return what a summary says beside what was measured on the images held out."""
        return {
            "epochs": loop.progress.epoch,
            "best_epoch": loop.progress.best,
            "params": int(model.count_params()),
            "seconds_per_step": loop.progress.seconds_per_step,
            "steps_per_epoch": loop.steps,
            "batch_size": loop.size,
            "held_out": len(self.shares.held_out),
            "seed": self.options.seed,
            "spec": self.spec.name,
            "spec_sha256": sha256(self.checkpoint.spec.encode()).hexdigest(),
            "data": self.data.source,
            "data_sha256": self.data.digest,
        }


def _make_deterministic(seed: int) -> None:
    """Let this process compute the same bits each time; it is slower and cannot be undone."""
    import keras

    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()

"""The verb `train`."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from archgen.arguments import parameters_of, shape_of
from archgen.cli.application import Input, Limit, Set, app, source_of
from archgen.cli.following import following
from archgen.cli.printing import complain, plain, say
from archgen.recipe import OPTIMIZERS, PRECISIONS, SCHEDULES
from archgen.training.folder import RunFolder
from archgen.training.options import augmentation_of
from archgen.training.running import Request, begin, resume
from archgen.training.session import Trained

HANDED_ON = (
    "model.keras", "spec.json", "summary.json", "log.csv", "curves.svg", "confusion.svg"
)  # fmt: skip


class TrainFormat(StrEnum):
    """How `train` prints."""

    text = "text"
    json = "json"


OptimizerName = StrEnum("OptimizerName", OPTIMIZERS)  # type: ignore[misc]
ScheduleName = StrEnum("ScheduleName", SCHEDULES)  # type: ignore[misc]
PrecisionName = StrEnum("PrecisionName", PRECISIONS)  # type: ignore[misc]


@app.command(name="train")
def train_network(
    spec: Annotated[
        str | None, typer.Argument(help="A shipped name, a file ending in .json, or - for stdin.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="DATA",
            help="digits, mnist, fashion_mnist, cifar10, a file ending in .npz, or a folder"
            " with a folder of images for each class.",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The folder of the run.")
    ] = None,
    resumed: Annotated[
        Path | None,
        typer.Option("--resume", metavar="RUN", help="Go on with the run in this folder."),
    ] = None,
    input_shape: Input = None,
    settings: Set = None,
    _limits: Limit = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="30 without it.")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="64 without it.")] = None,
    optimizer: Annotated[OptimizerName | None, typer.Option(help="adam without it.")] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="The first; it depends on the optimizer without it.")
    ] = None,
    schedule: Annotated[
        ScheduleName | None, typer.Option(help="Of the learning rate; cosine without it.")
    ] = None,
    warmup_epochs: Annotated[
        float | None, typer.Option(help="In which the learning rate rises.")
    ] = None,
    weight_decay: Annotated[float | None, typer.Option(help="Not of biases and norms.")] = None,
    label_smoothing: Annotated[float | None, typer.Option(help="From 0 to below 1.")] = None,
    augment: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="shift, zoom, contrast, rotate or flip; none switches off."
        ),
    ] = None,
    precision: Annotated[PrecisionName | None, typer.Option(help="float32 without it.")] = None,
    early_stopping: Annotated[
        int | None, typer.Option(min=1, help="Epochs without a better one, then it ends.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of weights and order; 0.")] = None,
    checkpoint_steps: Annotated[
        int | None, typer.Option(min=1, help="Checkpoints within an epoch, too.")
    ] = None,
    *,
    deterministic: Annotated[
        bool, typer.Option("--deterministic", help="The same bits each time; slower.")
    ] = False,
    form: Annotated[TrainFormat, typer.Option("--format")] = TrainFormat.text,
) -> int:
    """Train a network on images: curves, a confusion matrix, the model, its accuracy."""
    options = {
        "epochs": epochs,
        "batch_size": batch_size,
        "optimizer": _text(optimizer),
        "learning_rate": learning_rate,
        "schedule": _text(schedule),
        "warmup_epochs": warmup_epochs,
        "weight_decay": weight_decay,
        "label_smoothing": label_smoothing,
        "augmentation": augmentation_of(augment),
        "precision": _text(precision),
        "early_stopping": early_stopping,
        "seed": seed,
    }
    if resumed is not None:
        _refuse_beside_resume(options, output, input_shape, settings, checkpoint_steps)
        given = source_of(spec) if spec else None
        with following() as report, _resumable(resumed):
            trained = resume(resumed, given, data, report=report)
        _tell(trained, resumed, form)
        return 0
    if spec is None or data is None or output is None:
        raise typer.BadParameter("a run needs SPEC, --data and -o; --resume RUN goes on with one")
    request = Request(
        source_of(spec), data, output, shape_of(input_shape), parameters_of(settings), options,
        checkpoint_steps, deterministic,
    )  # fmt: skip
    with following() as report, _resumable(output):
        trained = begin(request, report)
    _tell(trained, output, form)
    return 0


def _text(choice: StrEnum | None) -> str | None:
    return None if choice is None else str(choice)


def _refuse_beside_resume(options: dict[str, Any], *others: object) -> None:
    """Refuse what a run cannot change on its way."""
    if any(value is not None for value in (*options.values(), *others)):
        message = "--resume goes on as the run began: beside it stand SPEC, --data and --format"
        raise typer.BadParameter(message)


@contextmanager
def _resumable(folder: Path) -> Iterator[None]:
    """Say how a run goes on that Ctrl-C stops."""
    try:
        yield
    except KeyboardInterrupt:
        if RunFolder(folder).checkpoint.exists():
            complain(f"stopped; `archgen train --resume {folder}` goes on from the last checkpoint")
        else:
            complain("stopped before the run began")
        raise


def _tell(trained: Trained, folder: Path, form: TrainFormat) -> None:
    summary = trained.summary
    if form is TrainFormat.json:
        say(json.dumps(summary))
        return
    share, count = f"{summary['accuracy']:.2%}", f"{summary['held_out']:,} held-out images"
    epoch = f"epoch {summary['best_epoch']} of {summary['epochs']}"
    step = f"{summary['seconds_per_step']:.3g} s a step"
    lines = (
        f"{summary['spec']} on {summary['data']}: {share} of {count}, loss {summary['loss']:.4f}",
        f"{epoch}, {summary['params']:,} parameters, {step}",
        f"wrote {', '.join(HANDED_ON)} in {folder}",
    )
    say(plain("\n".join(lines)))

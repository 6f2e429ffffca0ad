"""`archgen.train` and `archgen.resume`: a run from its beginning, or from where it was left."""

import csv
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from archgen import api
from archgen.backends.importing import import_keras
from archgen.diagnostics import Fault, UsageError
from archgen.ir import Shape, shape_text
from archgen.training.checkpoint import (
    Checkpoint,
    read_checkpoint,
    remove_checkpoint,
    write_checkpoint,
)
from archgen.training.comparing import differences
from archgen.training.fitting import task_of
from archgen.training.folder import RunFolder, writing
from archgen.training.images import DataSet, split
from archgen.training.options import options_of
from archgen.training.plan import Plan, data_record, origin_of, standing_alone
from archgen.training.progress import Epoch, Progress
from archgen.training.session import Report, Session, Trained
from archgen.training.sources import NAMES, Given, load_data


@dataclass(frozen=True)
class Request:
    """What `train` is asked, the spec's parameters apart from its own arguments."""

    spec: api.SpecLike
    data: Given
    output: str | Path | None = None
    input_shape: Shape | None = None
    parameters: Mapping[str, api.Scalar] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    checkpoint_steps: int | None = None
    deterministic: bool = False


def train(  # noqa: PLR0913 - so many are the choices of a run
    spec: api.SpecLike,
    data: Given,
    output: str | Path | None = None,
    input_shape: Shape | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    checkpoint_steps: int | None = None,
    deterministic: bool = False,
    report: Report | None = None,
    **parameters: api.Scalar,
) -> Trained:
    """Train a network of a spec on images, and return it with its history.

    ``data`` is ``"digits"``, ``"mnist"``, ``"fashion_mnist"``, ``"cifar10"``, the path of an
    ``.npz`` file or of a folder with a folder of images for each class, a pair of arrays (images,
    labels), or a mapping with ``x_train``, ``y_train``, ``x_test`` and ``y_test``. ``output`` is
    the folder of the run; without one nothing is left on the disk. ``options`` are those of a
    spec's ``training``, such as ``{"epochs": 5}``; further keywords are the spec's parameters.
    ``deterministic`` makes this process compute the same bits each time, also behind this call.
    ``report`` is called with sentences and, after each step and epoch, with how far the run is.

    Raises:
        SpecError: all faults of the spec at once.
        UsageError: E501, E502, E507, E508; E515 data and network do not fit; E516 the folder holds
            a run; E517 an option that is none.
        MachineError: E502 a download, E503 the folder, and what ``build`` raises.
        KeyboardInterrupt: it was stopped; ``resume`` goes on.
    """
    more = (parameters, options or {}, checkpoint_steps, deterministic)
    return begin(Request(spec, data, output, input_shape, *more), report)


def begin(request: Request, report: Report | None = None) -> Trained:
    """Begin a run and carry it out; Raises as `train`."""
    asked = {name: value for name, value in request.options.items() if value is not None}
    known = api.load(request.spec)
    options = options_of(known, asked)
    graph = api.graph(known, request.input_shape, **request.parameters)
    images = load_data(request.data, next(iter(graph.inputs.values())))
    task = task_of(known, graph, request.parameters, images)
    shares = split(images)
    plan = Plan(
        origin_of(request.spec),
        request.input_shape,
        request.parameters,
        asked,
        data_record(images, request.data),
        request.deterministic,
        request.checkpoint_steps,
    )
    text = standing_alone(known, graph, request.parameters, options, images)
    with _run_folder(request.output) as run, run.claimed():
        run.require_empty()
        checkpoint = Checkpoint(plan, text, Progress(), [], [])
        write_checkpoint(run.checkpoint, checkpoint)  # the first weights follow from the seed
        session = Session(run, known, task, options, images, shares, checkpoint)
        return session.carry_out(report or _quiet)


def resume(
    output: str | Path,
    spec: api.SpecLike | None = None,
    data: Given | None = None,
    *,
    report: Report | None = None,
) -> Trained:
    """Go on with a run from its last checkpoint; a finished one is returned as it is.

    The spec and the data are looked up where they were, unless they are given, and must be those
    of the run.

    Raises:
        UsageError: E516, there is no run, or its spec or data have changed; what ``train`` raises.
        MachineError, KeyboardInterrupt: as ``train``.
    """
    run = RunFolder(Path(output))
    with writing(run.path):
        run.require_begun()
    with run.claimed():
        if run.summary.exists():
            remove_checkpoint(run.checkpoint)
            return _finished(run)
        checkpoint = read_checkpoint(run.checkpoint)
        if checkpoint is None:
            raise run.no_run()
        return _session(run, checkpoint, spec, data).carry_out(report or _quiet)


def _session(
    run: RunFolder, checkpoint: Checkpoint, spec: api.SpecLike | None, data: Given | None
) -> Session:
    plan = checkpoint.plan
    known = api.load(_spec_of(run, plan) if spec is None else spec)
    graph = api.graph(known, plan.input_shape, **plan.parameters)
    if data is None and not plan.data.source:
        raise UsageError(
            Fault("E516", f"the run in {run.path} learned from arrays: give them again")
        )
    if data is None:
        _require_data(run, plan.data.source)
    images = load_data(data or plan.data.source, next(iter(graph.inputs.values())))
    _require_same_data(run, plan, images)
    options = options_of(known, plan.asked)
    text = standing_alone(known, graph, plan.parameters, options, images)
    _require_same_spec(run, checkpoint.spec, text)
    task = task_of(known, graph, plan.parameters, images)
    return Session(run, known, task, options, images, split(images), checkpoint)


def _spec_of(run: RunFolder, plan: Plan) -> str | Path:
    """Return where the spec of a run was, or its copy where that is gone."""
    if not plan.origin or (plan.origin.endswith(".json") and not Path(plan.origin).exists()):
        return run.checkpoint / "spec.json"
    return Path(plan.origin) if plan.origin.endswith(".json") else plan.origin


def _require_data(run: RunFolder, source: str) -> None:
    if source not in NAMES and not Path(source).exists():
        message = f"the data of the run in {run.path} are gone: {source}"
        advice = f"`archgen train --resume {run.path} --data PATH` says where they are"
        raise UsageError(Fault("E516", message, help=advice))


def _require_same_spec(run: RunFolder, before: str, now: str) -> None:
    if before == now:
        return
    message = f"the spec of the run in {run.path} has changed since it began"
    hashes = [sha256(text.encode()).hexdigest()[:12] for text in (before, now)]
    notes = (f"SHA-256 {hashes[0]}, now {hashes[1]}", *differences(before, now))
    copy = run.checkpoint / "spec.json"
    advice = f"`archgen train --resume {run.path} {copy}` goes on with the spec as it was"
    raise UsageError(Fault("E516", message, notes=notes, help=advice))


def _require_same_data(run: RunFolder, plan: Plan, data: DataSet) -> None:
    before, now = plan.data, data_record(data, "")
    if before.sha256 == now.sha256:
        return
    message = f"the data of the run in {run.path} have changed since it began"
    named = (
        ("images", f"{before.images:,}", f"{now.images:,}"),
        ("shape", shape_text(before.shape), shape_text(now.shape)),
        ("classes", before.classes, now.classes),
        ("SHA-256", before.sha256[:12], now.sha256[:12]),
    )
    notes = tuple(f"{name}: {one}, now {other}" for name, one, other in named if one != other)
    advice = f"`--data` says where the data are that it began with: {before.source or 'arrays'}"
    raise UsageError(Fault("E516", message, notes=notes, help=advice))


def _finished(run: RunFolder) -> Trained:
    """Return a run that was finished before, from its files."""
    summary = json.loads(run.summary.read_text(encoding="utf-8"))
    with run.table.open(encoding="utf-8", newline="") as file:
        read = list(csv.DictReader(file))
    rows = tuple(Epoch(**{name: _number(text) for name, text in row.items()}) for row in read)
    import_keras()
    return Trained(api.build(run.spec, weights=run.model), rows, summary)


def _number(text: str) -> Any:
    return int(text) if text.isdecimal() else float(text)


@contextmanager
def _run_folder(output: str | Path | None) -> Iterator[RunFolder]:
    """Yield the folder of a run, made where it is missing; one that goes where none is given."""
    if output is None:
        with tempfile.TemporaryDirectory(prefix="archgen-") as folder:
            yield RunFolder(Path(folder))
        return
    run = RunFolder(Path(output))
    with writing(run.path):
        run.path.mkdir(parents=True, exist_ok=True)
    yield run


def _quiet(_: object) -> None:
    return

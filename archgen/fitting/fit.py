"""From a spec and a wish to the fitted spec: what `archgen.fit` and the verb `fit` do.

Imports ``network``, ``search``, ``fitted``, ``files`` and what they import.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from archgen.diagnostics import Fault, MachineError, SpecError, UsageError, named
from archgen.files import write_text
from archgen.fitting.fitted import Fitted, Target, document_of
from archgen.fitting.judging import shortcomings
from archgen.fitting.network import PIXELS, Network, Wish, read
from archgen.fitting.search import Found, Problem, search
from archgen.fitting.telling import Comparison
from archgen.input_sizes import quick_sizes
from archgen.ir import Graph, shape_text
from archgen.naming import INPUT
from archgen.ops.norm import BatchNorm
from archgen.spec import Spec

# Beyond Keras's default, averages are far behind after a short training.
SLOW_MOMENTUM = 0.99
_OF_SIZE = re.compile(r" at \d+×\d+×\d+$")  # what a fitted spec's title ends in


def fit(spec: object, wish: Wish, output: Path | None = None) -> Fitted:
    """Return the spec that fits best, or the one to ``take``; the others are its alternatives.

    Raises:
        SpecError: the spec's own faults; E512, no step that is known lets it fit.
        UsageError: E501, there is no such spec, or what is given is no name and no file; E507, no
            such parameter; E217, E503 of ``output``; E512, there are not so many answers.
        MachineError: E503, the output cannot be written.
    """
    if not isinstance(spec, str | Path):
        message = "a fitted spec extends a shipped name or a file, and can be made of nothing else"
        raise UsageError(Fault("E501", message))
    network = read(spec, wish)
    target = Target(spec, output)
    extends = target.extends()
    problem = network.problem(wish)
    found = search(problem, max(wish.show, wish.take))
    if found[0].outcome.graph is None or found[0].rank.over:
        raise SpecError(_refusal(network, problem, found[0]))
    name = target.name(network.spec.name, network.shape)
    answers = list(_answers(network, problem, found, (name, extends)))
    if wish.take > len(answers):
        count = f"{len(answers)} answer{'s' * (len(answers) != 1)}"
        raise UsageError(Fault("E512", f"there is no answer {wish.take}, only {count}"))
    taken = answers.pop(wish.take - 1)
    taken.alternatives = tuple(answers)
    if output is not None:
        _write(output, taken.spec_text())
    return taken


def _write(path: Path, text: str) -> None:
    try:
        write_text(path, text)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise MachineError(Fault("E503", f"cannot write {path}: {reason}")) from error


def _answers(
    network: Network, problem: Problem, found: list[Found], head: tuple[str, str]
) -> Iterator[Fitted]:
    """Return what is told of each fit; ``head`` is its name and what it extends."""
    unchanged = network.unchanged()
    title = _OF_SIZE.sub("", network.spec.title or network.spec.name)
    for number, one in enumerate(found, start=1):
        if (graph := one.outcome.graph) is not None:
            document = document_of(one, *head, title, network.shape)
            shown = unchanged if one.steps else None
            comparison = Comparison(network.before, shown, graph)
            lacks = [f"still: {words}" for words in shortcomings(one.outcome, problem.wishes)]
            remarks = [*lacks, *_remarks(network, graph)]
            yield Fitted(document, one.steps, comparison, remarks, number)


def _remarks(network: Network, graph: Graph) -> Iterator[str]:
    """Return what a training of the network should know."""
    if "pixels" in network.base.get("input", {}):
        channels = network.before.inputs[INPUT][2]
        yield f"`pixels` are {PIXELS}: the original's mean and std are of {channels} channels"
    momenta = [node.op.momentum for node in graph if isinstance(node.op, BatchNorm)]
    slowest = max(momenta, default=0)
    if SLOW_MOMENTUM < slowest < 1:
        batches = f"some {round(1 / (1 - slowest)):,} batches (momentum {slowest})"
        yield f"normalisation averages over {batches}{_momentum_setting(network.spec)}"


def _momentum_setting(spec: Spec) -> str:
    """Return how to say another momentum, where a parameter is it."""
    said = spec.defaults["batch_norm"].get("momentum") if "batch_norm" in spec.defaults else None
    name = said.removeprefix("$") if isinstance(said, str) else ""
    return f"; where a training has fewer, `--set {name}=0.9`" if name in spec.parameters else ""


def _refusal(network: Network, problem: Problem, closest: Found) -> Fault:
    """Return what stands in the way."""
    name, size = named(network.spec.name), shape_text(network.shape)
    works = ""
    message = f"no step that is known brings {name} within its bounds at {size}"
    if closest.outcome.graph is None:
        message = f"no step that is known lets {name} work at {size}"
        sizes = quick_sizes(network.spec, network.given, network.shape)
        works = sizes.beside(network.shape) if sizes else ""
    ways = "; ".join(step.says for step in closest.steps) or "as it is"
    lacks = "; ".join(shortcomings(closest.outcome, problem.wishes))
    return Fault("E512", message, notes=(f"closest: {ways}", f"then: {lacks}"), sizes=works)

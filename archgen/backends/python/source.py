"""The whole source of a network, from its docstring to its last function.

Imports the other modules of this package, ``analysis``, ``evaluation``, ``resolve``.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from archgen.analysis import Analysis
from archgen.backends.python.arithmetic import Inexpressible
from archgen.backends.python.document import DIVISOR, MULTIPLIER, Document
from archgen.backends.python.flat import define_flat
from archgen.backends.python.layout import Define, docstring
from archgen.backends.python.main_function import define_main
from archgen.backends.python.notes import Fact, heading, module_notes
from archgen.backends.python.survey import Survey, conditions
from archgen.backends.python.text import Names, literal, prose
from archgen.diagnostics import Faults
from archgen.evaluation import Evaluator
from archgen.expressions import json_value
from archgen.ir import Shape
from archgen.spec import Spec

_MODULES = {"Fraction": "fractions", "ceil": "math", "floor": "math"}


def source_of(spec: Spec, analysis: Analysis, given: Mapping[str, Any], shape: Shape | None) -> str:
    """Return the source of a spec; ``given`` and ``shape`` become the defaults of its arguments.

    Where functions of its parameters cannot say what the spec says, those that decide which layers
    are built are no arguments; where that is not enough, every layer stands by itself.
    """
    evaluator = Evaluator(spec, Faults(), given, shape)
    values = {n: r.value for n, r in evaluator.document.known.items() if r is not None}
    structural = {name: values[name] for name in conditions(spec) if name in values}
    why = ""
    for constants in ({}, structural):
        try:
            survey = Survey(spec, given, constants)
            document = Document(spec, evaluator, survey)
            main = define_main(document, _main_notes(spec), shape)
        except Inexpressible as reason:
            why = why or reason.why
            continue
        return _whole(document, main, analysis, _told(document, why))
    return flat_source(analysis, spec, why)


def flat_source(analysis: Analysis, spec: Spec | None = None, why: str = "") -> str:
    """Return the source of a graph, every layer by itself."""
    graph = analysis.graph
    name = graph.name if graph.name.isidentifier() else f"net_{graph.name}"
    name = Names().take(name, "_model")
    notes = [f"{heading(spec)}."] if spec is not None else [f"{graph.name}."]
    notes = prose(" ".join(notes), 80)
    main = define_flat(graph, name, notes)
    facts = [Fact("Arguments", [f"none, since {why}" if why else "none: it is of a graph"])]
    return _assembled(main, [], module_notes(graph.name, spec, analysis, facts), _runtime())


def _main_notes(spec: Spec) -> list[str]:
    return prose(f"Return the Keras model of {heading(spec)}.", 80)


def _told(document: Document, why: str) -> list[Fact]:
    """Return what the docstring says of the arguments."""
    points = []
    constants = document.survey.constants
    if constants:
        said = ", ".join(f"{n} = {literal(json_value(v))}" for n, v in constants.items())
        points.append(f"no arguments, since {why}: {said}")
    fixed = [name for name in document.spec.parameters if name in document.fixed]
    if fixed:
        points.append(f"computed, and no arguments: {', '.join(fixed)}")
    renamed = [
        f"{term.text} is the spec's {name}"
        for name, term in document.terms.items()
        if name in document.spec.parameters and not term.constant and term.text != name
    ]
    return [Fact("Arguments", [*points, *renamed])]


def _whole(document: Document, main: Define, analysis: Analysis, facts: Iterable[Fact]) -> str:
    modules = [f.definition for f in document.functions.values() if f.definition is not None]
    rest = [*document.form_definitions(local=False), *document.composites.values()]
    runtime = dict(_runtime())
    runtime["width"] = _width(document, runtime["width"])
    short = runtime.pop("short_avg_pool")
    if not document.rounds_up:
        runtime["avg_pool"] = short.replace("short_", "", 1)
    notes = module_notes(document.spec.name, document.spec, analysis, facts)
    return _assembled(main, [*modules, *rest], notes, runtime)


def _width(document: Document, text: str) -> str:
    """Return the function of the width multiplier with what is known of it as its defaults."""
    terms = document.terms
    multiplier, divisor = (terms.get(key) for key in (MULTIPLIER, DIVISOR))
    if multiplier is None or divisor is None:
        return text.replace("multiplier, divisor", "multiplier=1, divisor=1", 1)
    first = f"multiplier={multiplier.text}" if multiplier.constant else "multiplier"
    second = f"divisor={divisor.text}" if divisor.constant else "*, divisor"
    return text.replace("multiplier, divisor", f"{first}, {second}", 1)


# ── the file ──────────────────────────────────────────────────────────────────────────────────────


def _assembled(
    main: Define, functions: Sequence[Define], notes: Sequence[str], runtime: Mapping[str, str]
) -> str:
    own = ["\n".join(define.lines(0)) for define in (main, *functions)]
    used = list(_needed(own, runtime))
    parts = [*own, *(runtime[name] for name in used)]
    parts.append(f'if __name__ == "__main__":\n    {main.name}().summary()')
    begin = "\n".join([*docstring(notes, 0), "", *_imports(parts)])
    return "\n\n\n".join([begin, *parts]) + "\n"


def _names(text: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}


def _needed(parts: Iterable[str], runtime: Mapping[str, str]) -> Iterator[str]:
    """Yield the functions that some parts call, and those that these call, in their order."""
    found: set[str] = set()
    waiting = list(parts)
    while waiting:
        new = (_names(waiting.pop()) & runtime.keys()) - found
        found |= new
        waiting += [runtime[name] for name in new]
    yield from (name for name in runtime if name in found)


def _imports(parts: Iterable[str]) -> Iterator[str]:
    used = set[str]().union(*map(_names, parts))
    by_module: dict[str, list[str]] = {}
    for name, module in _MODULES.items():
        if name in used:
            by_module.setdefault(module, []).append(name)
    standard = [f"from {m} import {', '.join(names)}" for m, names in sorted(by_module.items())]
    yield from [*standard, ""] if standard else []
    yield "import keras"
    names = [name for name in ("layers", "ops") if name in used]
    yield from [f"from keras import {', '.join(names)}"] if names else []


@cache
def _runtime() -> Mapping[str, str]:
    """Return the functions that the source takes along, by name."""
    text = files(__package__).joinpath("runtime.txt").read_text(encoding="utf-8")
    found = (node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef))
    return {node.name: ast.get_source_segment(text, node) or "" for node in found}

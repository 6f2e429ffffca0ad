"""The docstrings of the source: what a spec tells of its network, and what that costs.

Imports ``text``, ``forms`` and ``analysis``.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from archgen.analysis import Analysis
from archgen.backends.python.forms import Form
from archgen.backends.python.text import INDENTED, WIDTH, prose
from archgen.ir import shape_text
from archgen.spec import Spec

_OPS = {
    "conv": "Convolution",
    "depthwise_conv": "Depthwise convolution",
    "separable_conv": "Separable convolution",
    "conv_transpose": "Transposed convolution",
}
_NORMS = {"batch_norm": "batch normalisation", "layer_norm": "layer normalisation"}


class Fact(NamedTuple):
    """A heading and its points."""

    heading: str
    points: Sequence[str]


def lines_of(texts: str | Sequence[str]) -> list[str]:
    """Return the texts of a text or a list of them, each on one line."""
    listed = [texts] if isinstance(texts, str) else texts
    return [line for text in listed if (line := " ".join(text.split()))]


def summary(title: str, references: str | Sequence[str]) -> list[str]:
    """Return the docstring of a module's function."""
    sources = "; ".join(lines_of(references))
    line = " ".join(title.split()) or "A module"
    return prose(f"{line} ({sources})." if sources else f"{line}.", INDENTED)


def sentence(form: Form) -> str:
    """Return the docstring of a function that convolutions share."""
    parts = [_OPS[form.op]]
    parts += [_NORMS.get(form.norm[0], form.norm[0])] if form.norm else []
    parts += ["activation"] if form.activates else []
    *most, last = parts
    return f"{', '.join(most)} and {last}." if most else f"{last}."


def heading(spec: Spec) -> str:
    """Return what a network is called: its title, its name where it has none."""
    return (" ".join(spec.title.split()) or spec.name).rstrip(".")


def module_notes(
    name: str, spec: Spec | None, analysis: Analysis, facts: Iterable[Fact]
) -> list[str]:
    """Return the docstring of the whole source."""
    notes = prose(f"{heading(spec) if spec else name}.", WIDTH - 3)
    for paragraph in lines_of(spec.description) if spec else ():
        notes += ["", *prose(paragraph)]
    pixels = _pixels(spec.input.pixels) if spec and spec.input.pixels else ""
    notes += ["", *prose(f"{_cost(analysis)} {pixels}")]
    references, deviations = (spec.references, spec.deviations) if spec else ((), ())
    said = (Fact("References", lines_of(references)), Fact("Deviations", lines_of(deviations)))
    for fact in (*said, *facts):
        if fact.points:
            notes += ["", f"{fact.heading}:"]
            notes += [line for text in fact.points for line in prose(text, WIDTH, "- ", "  ")]
    return notes


def _cost(analysis: Analysis) -> str:
    graph = analysis.graph
    shape = shape_text(next(iter(graph.inputs.values())))
    counted = f"{analysis.params:,} parameters, {analysis.trainable:,} of them trainable"
    return f"By default, for {shape}: {counted}; {analysis.macs:,} multiply–accumulates."


def _pixels(pixels: Sequence[float] | Mapping[str, Any]) -> str:
    """Return how images enter, which the model leaves to whoever feeds it."""
    if isinstance(pixels, Mapping):
        mean, std = (", ".join(f"{n:g}" for n in pixels[key]) for key in ("mean", "std"))
        order = pixels.get("order", "RGB")
        return f"It takes (pixel - mean) / std of 0…255, mean {mean}, std {std}, in {order}."
    low, high = pixels
    return f"It takes pixels of 0…255 mapped to {low:g}…{high:g}."

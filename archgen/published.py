"""The figures that others published of a network, each counted again under its own settings.

Imports ``analysis`` and ``diagnostics``.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from archgen.analysis import Analysis
from archgen.diagnostics import ArchgenError, quoted

Scalar = str | int | float | bool | None
Settings = Mapping[str, Scalar]
Measured = Callable[[object, Settings], Analysis]

# What may be published, and the words for it.
FIGURES = {
    "params": "parameters",
    "trainable": "trainable parameters",
    "macs": "MACs",
    "convs": "convolutions",
}
_CONVOLUTIONS = frozenset({"conv", "conv_transpose", "depthwise_conv", "separable_conv"})
# A stranger's spec may publish thousands; each setting is an expansion of the whole network.
MOST_SETTINGS = 16


class Figure(NamedTuple):
    """A number that was published, and what is counted here."""

    name: str
    published: int
    here: int

    def compared(self) -> str:
        """Return ``equal``, or the difference: ``1,148,216 fewer here``."""
        if self.here == self.published:
            return "equal"
        word = "more" if self.here > self.published else "fewer"
        return f"{abs(self.here - self.published):,} {word} here"


class Claim(NamedTuple):
    """What one source published.

    ``shape`` is None where it is the spec's own; ``difference`` says in the spec's words why its
    figures are others; ``unread`` why nothing was compared, "" where it was.
    """

    by: str
    source: str
    figures: tuple[Figure, ...] = ()
    shape: tuple[int, ...] | None = None
    settings: Settings = MappingProxyType({})
    difference: str = ""
    unread: str = ""

    @property
    def is_met(self) -> bool:
        """Say whether every figure is equal, and there is one."""
        return bool(self.figures) and all(each.here == each.published for each in self.figures)

    def note(self) -> str:
        """Return the source, the settings and what explains a difference, in one line."""
        parts = [self.source, self.settings_text(), self.unread]
        if self.figures and not self.is_met:
            parts.append(self.difference or "the difference is not explained")
        return f"{self.by}: {'; '.join(filter(None, parts))}"

    def settings_text(self) -> str:
        """Return the settings that are not the spec's own: ``classes=1001, aux=true``."""
        shape = [] if self.shape is None else [f"input {'×'.join(map(str, self.shape))}"]
        values = [f"{name}={_value(value)}" for name, value in self.settings.items()]
        return ", ".join(shape + values)

    def record(self) -> dict[str, object]:
        """Return everything as JSON-ready data."""
        figures = {
            figure.name: {
                "published": figure.published,
                "here": figure.here,
                "equal": figure.here == figure.published,
            }
            for figure in self.figures
        }
        return {
            "by": self.by,
            "source": self.source,
            "input": list(self.shape) if self.shape is not None else None,
            "set": dict(self.settings),
            "figures": figures,
            "difference": self.difference or None,
            "not_compared": self.unread or None,
        }


def claims(published: Mapping[str, object], measured: Measured) -> tuple[Claim, ...]:
    """Return every entry of ``published``, compared; ``measured`` counts under given settings."""
    known: dict[str, Analysis | str] = {}

    def remembered(shape: object, settings: Settings) -> Analysis | str:
        key = repr((shape, settings))
        if key not in known:
            known[key] = _counted(shape, settings, measured, room=len(known) < MOST_SETTINGS)
        return known[key]

    return tuple(_claim(by, told, remembered) for by, told in published.items())


def _counted(
    shape: object, settings: Settings, measured: Measured, *, room: bool
) -> Analysis | str:
    """Return what is counted, or why it cannot be."""
    if not room:
        return f"not compared: only the first {MOST_SETTINGS} settings are"
    try:
        return measured(shape, settings)
    except ArchgenError as error:
        return f"not compared: {error.faults[0].message}"


def _claim(by: str, told: object, counted: Callable[[object, Settings], Analysis | str]) -> Claim:
    if not isinstance(told, Mapping):
        return Claim(by, quoted(told), unread="not compared: it is no object")
    source, difference = _words(told.get("source")), _words(told.get("difference"))
    numbers = {name: told[name] for name in FIGURES if type(told.get(name)) is int}
    shape, settings = told.get("input"), told.get("set") or {}
    if not isinstance(settings, Mapping) or not all(
        isinstance(v, Scalar) for v in settings.values()
    ):
        unread = "not compared: `set` holds no parameters"
        return Claim(by, source, difference=difference, unread=unread)
    analysis = counted(shape, settings) if numbers else "not compared: it has no figure"
    if isinstance(analysis, str):
        return Claim(by, source, (), None, settings, difference, analysis)
    here = {name: _here(analysis, name) for name in numbers}
    figures = tuple(Figure(name, number, here[name]) for name, number in numbers.items())
    extents = next(iter(analysis.graph.inputs.values())) if shape is not None else None
    return Claim(by, source, figures, extents, settings, difference)


def _here(analysis: Analysis, name: str) -> int:
    if name == "convs":
        return sum(node.op.kind in _CONVOLUTIONS for node in analysis.graph)
    return int(getattr(analysis, name))


def _words(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else quoted(value)


def _value(value: Scalar) -> str:
    return value if isinstance(value, str) else quoted(value)

"""How much a spec may ask for, so that a stranger's file cannot hang a machine; one table.

Imports nothing of archgen. ``LIMITS`` reads the bounds in force at the time of use; none may be
copied when a module is imported, except those that are fixed.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields, replace
from typing import Any, cast


def _limit(value: int, unit: str, bounds: str, code: str = "", *, fixed: bool = False) -> Any:
    about = {"unit": unit, "bounds": bounds, "code": code, "fixed": fixed}
    return field(default=value, metadata=about)


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds, each inclusive.

    Fixed are those that stand in the language, those that bound how deep the program calls itself,
    and those of messages.
    """

    file_bytes: int = _limit(1 << 20, "bytes", "a spec and all that it extends, as text", "E105")
    json_values: int = _limit(100_000, "values", "a spec and all that it extends, as JSON", "E105")
    json_depth: int = _limit(64, "levels", "objects and lists in each other", "E105", fixed=True)
    number_characters: int = _limit(64, "characters", "one number", "E105", fixed=True)
    text: int = _limit(256, "characters", "one text that is computed with", "E105")
    field_values: int = _limit(256, "values", "one field of an op", "E105")
    reference_depth: int = _limit(16, "files", "specs that extend each other", "E217", fixed=True)
    name: int = _limit(64, "characters", "one name", "E213", fixed=True)
    reference: int = _limit(2048, "characters", "one reference to an entry", "E208", fixed=True)
    expression: int = _limit(256, "characters", "one expression", "E210", fixed=True)
    expression_depth: int = _limit(
        32, "levels", "parentheses, calls and signs in each other", "E210", fixed=True
    )
    magnitude: int = _limit(
        2**63, "", "numerator and denominator of a computed number", "E211", fixed=True
    )
    repeat: int = _limit(10_000, "copies", "one `repeat`", "E203")
    module_depth: int = _limit(32, "levels", "modules in each other", "E222", fixed=True)
    list_depth: int = _limit(
        64, "levels", "lists of entries in each other, after expansion", "E222", fixed=True
    )
    nodes: int = _limit(100_000, "entries", "a spec, after expansion", "E222")
    steps: int = _limit(500_000, "values", "inputs, branches, values; a use counts 30", "E222")
    dimension: int = _limit(
        2**31 - 1, "", "one axis, one number of an op", "E203, E330", fixed=True
    )
    faults: int = _limit(1_000, "faults", "a check, which stops there")
    looked_up: int = _limit(100, "faults", "a check, to which similar names are told", fixed=True)
    shown: int = _limit(50, "faults", "what a terminal shows; the others are counted")
    compared: int = _limit(200, "names", "what a misspelt name is compared with", fixed=True)
    quoted: int = _limit(48, "characters", "one value or name in a message", fixed=True)
    told: int = _limit(1_000, "characters", "one message, label, note or help", fixed=True)


_IN_FORCE = ContextVar("limits", default=Limits())  # noqa: B039 - it is frozen


class _InForce:
    """Every bound as it is in force where it is read."""

    def __getattr__(self, name: str) -> int:
        value: int = getattr(_IN_FORCE.get(), name)
        return value


LIMITS: Limits = cast("Limits", _InForce())


@contextmanager
def raised(settings: Mapping[str, int]) -> Iterator[None]:
    """Put other bounds in force inside a ``with`` block, in this thread or task alone.

    Raises:
        ValueError: there is no such limit, it is fixed, or the bound is no whole number from 1.
    """
    for name, value in settings.items():
        refuse_setting(name, value)
    token = _IN_FORCE.set(replace(_IN_FORCE.get(), **settings))
    try:
        yield
    finally:
        _IN_FORCE.reset(token)


def refuse_setting(name: str, value: object) -> None:
    """Raise ValueError, which says why, for a limit that cannot be set so."""
    if name not in names():
        raise ValueError(f"there is no limit {name!r}; there are {', '.join(names())}")
    if name not in names(fixed=False):
        raise ValueError(f"the limit {name!r} is fixed")
    if type(value) is not int or value < 1:
        raise ValueError(f"a limit is a whole number from 1, not {value!r}")


def names(*, fixed: bool = True) -> tuple[str, ...]:
    """Return the names of the limits, with or without the fixed ones."""
    return tuple(one.name for one in fields(Limits) if fixed or not one.metadata["fixed"])


def raising(name: str) -> str:
    """Return the note of a fault that a limit leads to: how to raise it."""
    return f"raise the limit with `--limit {name}=…`"


def table() -> str:
    """Return the limits in force: name, bound, what it bounds, the code of the fault."""
    rows = [("limit", "at most", "of", "fault", "")]
    for one in fields(Limits):
        about = one.metadata
        bound = f"{getattr(LIMITS, one.name):,} {about['unit']}".rstrip()
        rows.append(
            (one.name, bound, about["bounds"], about["code"], "fixed" if about["fixed"] else "")
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    return "\n".join([*lines, "", *_HOW, ""])


_HOW = (
    "`--limit nodes=200000` raises one for a command; in Python a block does:",
    "`with archgen.limits.raised({'nodes': 200_000}): …`. Those marked fixed stay as they are.",
)

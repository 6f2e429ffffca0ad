"""What the command line's words mean: an input shape, the value of a parameter, a limit.

Imports ``diagnostics``, ``ir``, ``limits`` and ``naming``.
"""

import json
import math
import re
from collections.abc import Iterable
from fractions import Fraction

from archgen.diagnostics import Fault, UsageError, named, offering
from archgen.ir import Shape
from archgen.limits import names
from archgen.naming import BUILD_ARGUMENTS

Scalar = str | int | float | bool | None

_BOUND = re.compile("[0-9]{1,15}")
_AMOUNT = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)([kKmMgG]?)", re.ASCII)
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}
_EXTENTS = re.compile("([0-9]{1,10})[x×]([0-9]{1,10})[x×]([0-9]{1,10})", re.IGNORECASE)


def shape_of(text: str | None) -> Shape | None:
    """Return ``150x150x3`` as height, width and channels.

    Raises:
        UsageError: E508, it is not three numbers from 1.
    """
    if text is None:
        return None
    match = _EXTENTS.fullmatch(text)
    shape = tuple(map(int, match.groups())) if match else ()
    if not shape or min(shape) < 1:
        message = f"--input wants height x width x channels, such as 150x150x3, not {named(text)}"
        raise UsageError(Fault("E508", message))
    return shape


def amount_of(text: str) -> int:
    """Return a number such as ``800000``, ``500k``, ``1M`` or ``1.5G``.

    Raises:
        ValueError: it is none, or less than 1.
    """
    match = _AMOUNT.fullmatch(text)
    number = int(Fraction(match[1]) * _UNITS[match[2].upper()]) if match else 0
    if number < 1:
        raise ValueError(text)
    return number


def parameters_of(settings: Iterable[str] | None) -> dict[str, Scalar]:
    """Return every ``name=value`` as a parameter and its value.

    Raises:
        UsageError: E507, there is no ``=``, or the name is none that a parameter can have.
    """
    return dict(map(_setting, settings or ()))


def limits_of(settings: Iterable[str] | None) -> dict[str, int]:
    """Return every ``name=number`` of ``--limit`` as a limit and its bound.

    Raises:
        UsageError: E511, there is no such limit, it is fixed, or the bound is none.
    """
    return dict(map(_limit, settings or ()))


def _limit(text: str) -> tuple[str, int]:
    name, _, value = text.partition("=")
    bound = int(value) if _BOUND.fullmatch(value) else 0
    if not bound:
        message = f"--limit wants name=number, such as nodes=200000, not {named(text)}"
        raise UsageError(Fault("E511", message))
    if name not in (can_be_set := names(fixed=False)):
        if name in names():
            raise UsageError(Fault("E511", f"the limit {named(name)} is fixed"))
        fault = Fault("E511", f"there is no limit {named(name)}")
        raise UsageError(offering(fault, name, can_be_set, "limits that can be set:"))
    return name, bound


def _setting(text: str) -> tuple[str, Scalar]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(Fault("E507", f"--set wants name=value, not {named(text)}"))
    if name in BUILD_ARGUMENTS:
        raise UsageError(Fault("E507", f"no spec has a parameter {named(name)}"))
    return name, _scalar(value)


def _scalar(text: str) -> Scalar:
    """Return a JSON scalar where the text is one, else the text itself."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    endless = isinstance(value, float) and not math.isfinite(value)
    if endless or not isinstance(value, Scalar):
        return text
    return value

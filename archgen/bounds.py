"""What one level of a spec may hold, so that it is read quickly however often it is used.

Defaults are read again for every entry of their op, and what an entry computes for every copy.
Imports ``validation`` and what it imports.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from pydantic import BaseModel

from archgen.diagnostics import Fault, Faults
from archgen.expressions import is_expression
from archgen.limits import LIMITS, raising
from archgen.places import Place
from archgen.source import Array, Object
from archgen.validation import unknown_key


def refuse_many_unknown(
    raw: Object, cls: type[BaseModel], faults: Faults, more: Iterable[str] = ()
) -> None:
    """Report unknown keys so many that they end the check: Pydantic would think of them all."""
    if len(raw) <= LIMITS.faults:
        return
    known = {info.alias or name for name, info in cls.model_fields.items()}.union(more)
    unknown = [key for key in raw if key not in known]
    for key in unknown if len(unknown) > LIMITS.faults else ():
        faults.add(unknown_key(key, raw.places[key], known))


def refuse_long(value: object, place: Place, faults: Faults) -> None:
    """End the check at a text that is too long to compute with; also inside a list or object."""
    if isinstance(value, Array | Object):
        for held, at in _held(value):
            refuse_long(held, at, faults)
    elif isinstance(value, str) and len(value) > LIMITS.text and not is_expression(value):
        message = f"a text of {len(value):,} characters, where {LIMITS.text:,} are read"
        _end(message, "text", place, faults)


def refuse_large(value: object, place: Place, faults: Faults) -> None:
    """End the check at a field's value that is too large."""
    if next(islice(_everything(value), LIMITS.field_values, None), None):
        message = f"more than {LIMITS.field_values:,} values in one field"
        _end(message, "field_values", place, faults)
    refuse_long(value, place, faults)


def _end(message: str, limit: str, place: Place, faults: Faults) -> None:
    faults.add(Fault("E105", message, place, notes=(raising(limit),)))
    faults.raise_errors()


def _everything(value: object) -> Iterator[tuple[object, Place]]:
    """Return everything in a value, keys too, each with its place."""
    for held, at in _held(value):
        yield held, at
        yield from _everything(held)


def _held(value: object) -> Iterator[tuple[object, Place]]:
    """Return the members of a list or object, and its keys."""
    if isinstance(value, Object):
        for key, member in value.items():
            yield key, value.places[key].of_key()
            yield member, value.places[key]
    elif isinstance(value, Array):
        yield from zip(value, value.places, strict=True)

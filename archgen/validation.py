"""From Pydantic's findings to faults at their places; imports ``composition`` and ``source``."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from archgen.composition import Part
from archgen.diagnostics import Fault, closest, did_you_mean, named, quoted
from archgen.expressions import ExpressionFault, is_expression
from archgen.naming import NAME_WORDS
from archgen.ops import OPS
from archgen.ops.norm import Norm
from archgen.places import Place
from archgen.source import Array, Object

# What every entry may say beside the fields of its kind.
ENTRY_KEYS = ("op", "name", "when", "repeat", "description", "inputs")
BRANCHES_NAMED = 24
MEMBER_WORDS = "text, a number, true, false or null"


class Found(NamedTuple):
    """A value and where it stands."""

    place: Place
    value: object


def unknown_key(key: str, place: Place, known: Iterable[str]) -> Fault:
    """Return the fault of a key that the level does not have."""
    help_line = did_you_mean(key, known)
    return Fault("E201", f"unknown key {named(key)}", place.of_key(), help=help_line)


def wrong_kind(place: Place, key: str, wanted: str, value: object) -> Fault:
    """Return the fault of a value that is not what its key wants."""
    return Fault("E203", f"`{key}` must be {wanted}, not {quoted(value)}", place)


def expression_fault(fault: ExpressionFault, place: Place) -> Fault:
    """Return the fault of an expression, at the character inside its string."""
    return Fault(fault.code, fault.message, place.shifted(fault.offset), help=fault.help)


def norm_fault(norm: object, place: Place) -> Fault | None:
    """Return what is wrong with the ``norm`` that a convolution asks for."""
    name = norm.get("op") if isinstance(norm, Mapping) else norm
    if isinstance(norm, Mapping) and "op" not in norm:
        return Fault("E202", "`op` is missing", place)
    if not isinstance(name, str):
        return wrong_kind(place, "norm", "the name of a norm or an object with `op`", norm)
    norms = [op for op, cls in OPS.items() if issubclass(cls, Norm)]
    if name in norms or is_expression(name):
        return None
    message = f"{named(name)} is no norm" if name in OPS else f"no norm is called {named(name)}"
    return Fault("E204", message, place, help=did_you_mean(name, norms))


def order_fault(order: Array, place: Place, branches: Sequence[str]) -> Fault:
    """Return the fault of an `order`: at the first name that is no branch or stands there twice."""
    listed = ", ".join(branches[:BRANCHES_NAMED]) + ", …" * (len(branches) > BRANCHES_NAMED)
    message = f"`order` must name every branch once: {listed}"
    left, named_ones = dict.fromkeys(branches), {str(name) for name in order}
    for name, at in zip(order, order.places, strict=True):
        if not isinstance(name, str) or name not in left:
            other = [branch for branch in branches if branch not in named_ones]
            help_line = did_you_mean(str(name), other) if name not in branches else None
            return Fault("E220", message, at, help=help_line)
        del left[name]
    return Fault("E220", message, place)


def level_faults(error: ValidationError, cls: type[BaseModel], raw: Object) -> list[Fault]:
    """Return Pydantic's findings on one level, one fault for each key."""
    fields = {info.alias or name: info for name, info in cls.model_fields.items()}

    def find(key: str) -> Found:
        return Found(raw.places.get(key, raw.place), raw.get(key))

    return list(_faults(error, fields, list(fields), find).values())


def part_faults(
    error: ValidationError, part: Part, raw: Object, defaults: Mapping[str, Object]
) -> dict[str, Fault]:
    """Return Pydantic's findings on the fields of one op by field.

    Findings on values that still hold a `$`-value are left for the evaluation.
    """
    cls = OPS[part.op]
    entry_keys = ENTRY_KEYS if not part.suffix else ()

    def find(key: str) -> Found:
        return _field(key, part, raw, defaults)

    known = [*cls.model_fields, *cls.followers, *entry_keys]
    faults = _faults(error, cls.model_fields, known, find)
    return {k: f for k, f in faults.items() if not holds_expression(part.fields.get(k))}


def _faults(
    error: ValidationError,
    fields: Mapping[str, FieldInfo],
    known: Iterable[str],
    find: Callable[[str], Found],
) -> dict[str, Fault]:
    """Return one fault for each key; a misspelt key is not missing as well."""
    details: dict[str, ErrorDetails] = {}
    for detail in error.errors():
        details.setdefault(_key(detail), detail)
    unknown = [key for key, detail in details.items() if detail["type"] == "extra_forbidden"]
    meant = {closest(key, known) for key in unknown}
    return {
        key: _fault(key, detail, fields, known, find)
        for key, detail in details.items()
        if detail["type"] != "missing" or key not in meant
    }


def _key(detail: ErrorDetails) -> str:
    if detail["type"] == "wrong_field":
        return str(detail["ctx"]["field"])
    return str(detail["loc"][0]) if detail["loc"] else ""


def _fault(
    key: str,
    detail: ErrorDetails,
    fields: Mapping[str, FieldInfo],
    known: Iterable[str],
    find: Callable[[str], Found],
) -> Fault:
    found = find(key)
    if detail["type"] == "extra_forbidden":
        return unknown_key(key, found.place, known)
    if detail["type"] == "missing":
        return Fault("E202", f"`{key}` is missing", found.place)
    if detail["type"] == "wrong_field":
        return Fault("E203", detail["msg"], found.place)
    return _of_value(key, detail, fields[key], found)


def _of_value(key: str, detail: ErrorDetails, info: FieldInfo, top: Found) -> Fault:
    found = _deepest(top, detail["loc"][1:])
    if info.description == NAME_WORDS:
        return Fault("E213", f"{named(found.value)} cannot be a name: {NAME_WORDS}", found.place)
    if isinstance(top.value, Object) and found.place != top.place:
        return wrong_kind(found.place, str(found.place.path[-1]), MEMBER_WORDS, found.value)
    if isinstance(found.value, float) and detail["type"] == "int_type":
        message = f"`{key}` must be a whole number, not {quoted(found.value)}"
        is_whole = found.value.is_integer() and found.value >= 1
        whole = f"write {found.value:.0f}" if is_whole else None
        return Fault("E212", message, found.place, help=whole)
    extra = info.json_schema_extra
    choices = extra.get("enum") if isinstance(extra, dict) else None
    fault = wrong_kind(found.place, key, info.description or "something else", top.value)
    if isinstance(top.value, str) and isinstance(choices, list):
        return fault.explained(help=did_you_mean(top.value, map(str, choices)))
    return fault


def _deepest(found: Found, loc: tuple[str | int, ...]) -> Found:
    """Follow Pydantic's path into a value as far as it leads."""
    for part in loc:
        value = found.value
        if isinstance(value, Object) and part in value:
            found = Found(value.places[str(part)], value[str(part)])
        elif isinstance(value, Array) and isinstance(part, int) and part < len(value):
            found = Found(value.places[part], value[part])
    return found


def _field(key: str, part: Part, raw: Object, defaults: Mapping[str, Object]) -> Found:
    """Return a field's evaluated value and where it stands: in the entry, else the defaults."""
    asked = raw.get(part.suffix) if part.suffix else raw
    whole = raw.places.get(part.suffix, raw.place) if part.suffix else raw.place
    for level in (asked, defaults.get(part.op)):
        if isinstance(level, Object) and key in level.places:
            own = level[key]
            value = own if isinstance(own, Array | Object) else part.fields.get(key)
            return Found(level.places[key], value)
    return Found(whole, part.fields.get(key))


def holds_expression(value: object) -> bool:
    """Return whether a value or anything in it is a `$`-value."""
    if isinstance(value, dict):
        return any(map(holds_expression, value.values()))
    if isinstance(value, list | tuple):
        return any(map(holds_expression, value))
    return is_expression(value)

"""From Pydantic's findings to faults at their places; imports ``composition`` and ``source``."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from archgen.composition import Part
from archgen.diagnostics import NAMES_LISTED, Fault, closest, named, offering, quoted
from archgen.expressions import ExpressionFault, holds_expression
from archgen.limits import LIMITS
from archgen.naming import NAME_WORDS
from archgen.ops import OPS
from archgen.ops.norm import Norm
from archgen.places import Place
from archgen.source import Array, Object

# What every entry may say beside the fields of its kind.
ENTRY_KEYS = ("op", "name", "when", "repeat", "description", "inputs")
MEMBER_WORDS = "text, a number, true, false or null"


class Found(NamedTuple):
    """A value and where it stands; ``written`` is what stands there, a default where inherited."""

    place: Place
    value: object
    written: object = None
    inherited: bool = False


def unknown_key(key: str, place: Place, known: Iterable[str]) -> Fault:
    """Return the fault of a key that the level does not have."""
    fault = Fault("E201", f"unknown key {named(key)}", place.of_key())
    return offering(fault, key, known, "keys here:")


def wrong_kind(place: Place, key: str, wanted: str, value: object) -> Fault:
    """Return the fault of a value that is not what its key wants."""
    return Fault("E203", f"`{key}` must be {wanted}, not {quoted(value)}", place)


def expression_fault(fault: ExpressionFault, place: Place) -> Fault:
    """Return the fault of an expression, at the character inside its string."""
    told = Fault(fault.code, fault.message, place.shifted(fault.offset))
    if fault.advice is None and fault.unknown:
        return offering(told, *fault.unknown, "known here:")
    return replace(told, help=fault.help)


def norm_fault(asked: Found) -> Fault | None:
    """Return what is wrong with the ``norm`` that a convolution asks for; null asks for none."""
    norm, place = asked.value, asked.place
    name = norm.get("op") if isinstance(norm, Mapping) else norm
    if norm is None:
        return None
    if isinstance(norm, Mapping) and "op" not in norm:
        return Fault("E202", "`op` is missing", place)
    if not isinstance(name, str):
        return wrong_kind(place, "norm", "the name of a norm or an object with `op`", norm)
    norms = [op for op, cls in OPS.items() if issubclass(cls, Norm)]
    if name in norms:
        return None
    message = f"{named(name)} is not a norm" if name in OPS else f"no norm is called {named(name)}"
    return offering(Fault("E204", message, place), name, norms, "known norms:")


def order_fault(order: object, place: Place, branches: Sequence[str]) -> Fault | None:
    """Return what is wrong with an `order`, at the first name that is no branch or there twice."""
    if not isinstance(order, Array) or not all(isinstance(name, str) for name in order):
        return None  # the level's to refuse
    listed = ", ".join(branches[:NAMES_LISTED]) + ", …" * (len(branches) > NAMES_LISTED)
    message = f"`order` must name every branch once: {listed}"
    known, left = set(branches), set(branches)
    for name, at in zip(order, order.places, strict=True):
        if name not in left:
            fault = Fault("E220", message, at)
            there = set(map(str, order))
            absent = [branch for branch in branches if branch not in there]
            return fault if name in known else offering(fault, str(name), absent)
        left.remove(name)
    return Fault("E220", message, place) if left else None


def level_faults(
    error: ValidationError, cls: type[BaseModel], raw: Object, more: Iterable[str] = ()
) -> list[Fault]:
    """Return Pydantic's findings on one level, one fault for each key.

    ``more`` are the keys that may stand there and are read apart.
    """
    fields = {info.alias or name: info for name, info in cls.model_fields.items()}

    def find(key: str) -> Found:
        return Found(raw.places.get(key, raw.place), raw.get(key))

    return list(_faults(error, fields, [*fields, *more], find).values())


def part_faults(
    error: ValidationError, part: Part, raw: Object, defaults: Mapping[str, Object]
) -> dict[str, Fault]:
    """Return Pydantic's findings on the fields of one op by field.

    Findings on values that still hold a `$`-value are left for the evaluation.
    """
    cls = OPS[part.op]
    entry_keys = ENTRY_KEYS if not part.suffix else ()

    def find(key: str) -> Found:
        return field_of(key, part, raw, defaults)

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
    missing = any(detail["type"] == "missing" for detail in details.values())
    meant = {closest(key, known) for key in unknown[: LIMITS.looked_up]} if missing else set()
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
        absent = [name for name in known if not found.place.is_beside(find(name).place)]
        return unknown_key(key, found.place, absent)
    if detail["type"] == "missing":
        return Fault("E202", f"`{key}` is missing", found.place)
    if detail["type"] == "wrong_field":
        return Fault("E203", detail["msg"], found.place)
    if detail["type"] == "wrong_within":
        return _within(detail["ctx"], found)
    return _of_value(key, detail, fields[key], found)


def _within(told: Mapping[str, Any], found: Found) -> Fault:
    """Return the fault of a member of a field's value."""
    place = found.place
    if isinstance(found.value, Object):
        place = found.value.places.get(told["at"], place)
    place = place.of_key() if told["code"] == "E201" else place
    return Fault(told["code"], told["reason"], place, help=told["help"])


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
        return offering(fault, top.value, map(str, choices))
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


def field_of(key: str, part: Part, raw: Object, defaults: Mapping[str, Object]) -> Found:
    """Return a field's evaluated value and where it stands: in the entry, else the defaults."""
    value, own = part.fields.get(key), defaults.get(part.op)
    asked = Found(raw.place, raw, raw)
    if part.suffix:
        asked = follower_of(part.suffix, raw, defaults)
    if part.suffix == "activation":
        return asked._replace(value=value)
    for level, inherited in ((asked.written, asked.inherited), (own, True)):
        if isinstance(level, Object) and key in level.places:
            written = level[key]
            value = written if isinstance(written, Array | Object) else value
            return Found(level.places[key], value, written, inherited)
    return asked._replace(value=value)


def follower_of(key: str, raw: Object, defaults: Mapping[str, Object]) -> Found:
    """Return the norm or activation that an entry asks for, itself or by its op's defaults."""
    inherited = defaults.get(str(raw.get("op")))
    if key not in raw and inherited is not None and key in inherited:
        return Found(inherited.places[key], inherited[key], inherited[key], inherited=True)
    return Found(raw.places.get(key, raw.place), raw.get(key), raw.get(key))

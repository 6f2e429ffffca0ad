"""From Pydantic's findings to faults at their places; imports ``composition``, ``source``."""

from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from archgen.composition import Part
from archgen.diagnostics import Fault, did_you_mean, quoted
from archgen.expressions import ExpressionFault, is_expression
from archgen.ops import OPS
from archgen.places import Place
from archgen.source import Array, Object

# What every entry may say beside the fields of its kind.
ENTRY_KEYS = ("op", "name", "when", "repeat", "description", "inputs")


def unknown_key(key: str, place: Place, known: Iterable[str]) -> Fault:
    """Return the fault of a key that the level does not have."""
    help_line = did_you_mean(key, known)
    return Fault("E201", f"unknown key {quoted(key)}", place.of_key(), help=help_line)


def expression_fault(fault: ExpressionFault, place: Place) -> Fault:
    """Return the fault of an expression, at the character inside its string."""
    return Fault(fault.code, fault.message, place.shifted(fault.offset), help=fault.help)


def level_faults(error: ValidationError, cls: type[BaseModel], raw: Object) -> list[Fault]:
    """Return Pydantic's findings on one level, one fault for each key."""
    fields = {info.alias or name: info for name, info in cls.model_fields.items()}
    faults: dict[str, Fault] = {}
    for detail in error.errors():
        key = str(detail["loc"][0]) if detail["loc"] else ""
        if key not in faults:
            faults[key] = _level_fault(key, detail, fields, raw)
    return list(faults.values())


def _level_fault(
    key: str, detail: ErrorDetails, fields: Mapping[str, FieldInfo], raw: Object
) -> Fault:
    if detail["type"] == "extra_forbidden":
        return unknown_key(key, raw.places[key], fields)
    if detail["type"] == "missing":
        return Fault("E202", f"`{key}` is missing", raw.place)
    place, value = _deepest(raw, detail["loc"])
    wanted = fields[key].description or "something else"
    message = f"`{key}` must be {wanted}, not {quoted(value)}"
    return Fault("E203", message, place)


def _deepest(raw: Object, loc: tuple[str | int, ...]) -> tuple[Place, object]:
    """Follow Pydantic's path into the values as far as it leads."""
    place: Place = raw.place
    value: object = raw
    for part in loc:
        if isinstance(value, Object) and part in value:
            place, value = value.places[str(part)], value[str(part)]
        elif isinstance(value, Array) and isinstance(part, int) and part < len(value):
            place, value = value.places[part], value[part]
    return place, value


def part_faults(
    error: ValidationError, part: Part, raw: Object, defaults: Mapping[str, Object]
) -> dict[str, Fault]:
    """Return Pydantic's findings on the fields of one op by field, "" for the op as a whole.

    Findings on values that still hold a `$`-value are left for the evaluation.
    """
    cls = OPS[part.op]
    faults: dict[str, Fault] = {}
    for detail in error.errors():
        key = str(detail["loc"][0]) if detail["loc"] else ""
        if key not in faults and not (key and holds_expression(part.fields.get(key))):
            place = field_place(key, part, raw, defaults)
            faults[key] = _field_fault(key, detail, cls, place, part.fields.get(key))
    return faults


def _field_fault(
    key: str, detail: ErrorDetails, cls: type[BaseModel], place: Place, value: object
) -> Fault:
    if detail["type"] == "extra_forbidden":
        extra = [] if key in ("norm", "activation") else sorted(ENTRY_KEYS)
        return unknown_key(key, place, [*cls.model_fields, *getattr(cls, "followers", ()), *extra])
    if detail["type"] == "missing":
        return Fault("E202", f"`{key}` is missing", place)
    if not key:
        return Fault("E203", str(detail["ctx"]["error"]), place)
    if isinstance(value, float) and detail["type"] == "int_type":
        return Fault("E212", f"`{key}` must be a whole number, not {quoted(value)}", place)
    wanted = cls.model_fields[key].description or "something else"
    help_line = did_you_mean(value, _choices(cls, key)) if isinstance(value, str) else None
    return Fault("E203", f"`{key}` must be {wanted}, not {quoted(value)}", place, help=help_line)


def _choices(cls: type[BaseModel], key: str) -> list[str]:
    extra = cls.model_fields[key].json_schema_extra
    choices = extra.get("enum", []) if isinstance(extra, dict) else []
    return [str(choice) for choice in choices] if isinstance(choices, list) else []


def field_place(key: str, part: Part, raw: Object, defaults: Mapping[str, Object]) -> Place:
    """Return where a field's value stands: in the entry, else in the defaults."""
    if part.suffix == "activation":
        return raw.places.get("activation", raw.place)
    own: object = raw if part.suffix == "" else raw.get("norm")
    for level in (own, defaults.get(part.op)):
        if isinstance(level, Object) and key in level.places:
            return level.places[key]
    return raw.place if part.suffix == "" else raw.places.get("norm", raw.place)


def holds_expression(value: object) -> bool:
    """Return whether a value or anything in it is a `$`-value."""
    if isinstance(value, dict):
        return any(map(holds_expression, value.values()))
    if isinstance(value, list | tuple):
        return any(map(holds_expression, value))
    return is_expression(value)

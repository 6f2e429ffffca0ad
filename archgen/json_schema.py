"""The JSON Schema (draft 2020-12) of spec files, made from the classes that read them.

Imports ``spec`` and ``ops``. A field of an op is never required, since the document's defaults may
hold it, and may always be a ``$``-value. A document that extends another is a merge patch, so in
it nothing but its name is required and null removes what stands there.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

from archgen.canonical import canonical
from archgen.ir import Op
from archgen.ops import OPS
from archgen.ops.join import Join
from archgen.ops.norm import Norm
from archgen.spec import (
    EXPRESSION_SCHEMA,
    Branch,
    Entry,
    Fork,
    ForkEntry,
    Head,
    Input,
    Level,
    Module,
    Pixels,
    Spec,
    UseEntry,
    Width,
)

Schema = dict[str, Any]

DRAFT = "https://json-schema.org/draft/2020-12/schema"
NULL: Schema = {"type": "null"}
IDENTIFIER: Schema = {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "maxLength": 64}
NAME: Schema = {"pattern": "^[A-Za-z0-9][A-Za-z0-9_]*$", "maxLength": 64}
NORMS = {name: op for name, op in OPS.items() if issubclass(op, Norm)}
JOINS = [name for name, op in OPS.items() if issubclass(op, Join)]


def schema() -> Schema:
    """Return the JSON Schema of a spec file."""
    return {
        "$schema": DRAFT,
        "title": "archgen spec",
        "description": "An architecture as data: `archgen check` says what a schema cannot.",
        "type": "object",
        "if": {"required": ["extends"]},
        "then": _ref("variant"),
        "else": _ref("spec"),
        "$defs": _definitions(),
    }


def schema_text() -> str:
    """Return the JSON Schema as the text of a file."""
    return canonical(schema())


def _definitions() -> Schema:
    whole, change = _Levels(change=False), _Levels(change=True)
    return {
        "spec": whole.spec(),
        "variant": _variant(change.spec()),
        **whole.parts(),
        **change.parts(),
        "pixels": _object(_fields(Pixels), ["mean", "std"]),
        "entry": _entry(),
        "use": _object(_fields(UseEntry), ["use"], UseEntry),
        "fork": _object(_fork_fields(ForkEntry), ["join", "branches"], ForkEntry),
        "op": _op_entry(),
        **{name: _op(name, op) for name, op in OPS.items()},
        "edit": _edit(),
        "expression": {**EXPRESSION_SCHEMA, "description": "a $-value: $name or ${…}"},
    }


# ── levels ────────────────────────────────────────────────────────────────────────────────────────


class _Levels:
    """The levels of a document: whole, or of a merge patch where ``change``."""

    def __init__(self, *, change: bool) -> None:
        self.change = change

    def spec(self) -> Schema:
        below = {name: self.ref(name) for name in ("input", "width", "defaults")}
        below["layers"] = _layers()
        below["heads"] = self.map_of("head", NAME)
        below["modules"] = self.map_of("module", IDENTIFIER)
        return self.level(Spec, below, ["archgen", "name", "input", "layers"])

    def parts(self) -> dict[str, Schema]:
        """Return the definitions of what stands below a document's top."""
        module = self.level(Module, {"layers": _layers(), **self.fork_fields()}, [])
        del module["properties"]["fork"]
        if not self.change:
            module["oneOf"] = [{"required": ["layers"]}, {"required": ["join", "branches"]}]
        parts = {
            "input": self.level(Input, {"pixels": _pixels()}, ["shape"]),
            "width": self.level(Width, {}, []),
            "head": self.level(Head, {"layers": _layers()}, ["from", "layers"]),
            "module": module,
            "branch": self.branch(),
            "defaults": self.defaults(),
        }
        return {self.called(name): part for name, part in parts.items()}

    def fork_fields(self) -> dict[str, Schema]:
        return {**_fork_fields(Fork), "branches": self.map_of("branch", NAME)}

    def branch(self) -> Schema:
        detailed = self.level(Branch, {"layers": _layers()}, [])
        return {"anyOf": [_layers(), detailed], "description": detailed.pop("description")}

    def defaults(self) -> Schema:
        """Return the fields of every op; those of its norm too, where it has one."""
        members = {
            name: _object({key: self.nullable(ref) for key, ref in _references(name, op).items()})
            for name, op in OPS.items()
        }
        members = {name: self.nullable(member) for name, member in members.items()}
        return {**_object(members), "description": "fields of ops, unless an entry says otherwise"}

    def level(
        self, cls: type[Level], below: Mapping[str, Schema], required: Iterable[str]
    ) -> Schema:
        properties = {name: self.nullable(field) for name, field in _fields(cls).items()}
        properties |= {name: self.nullable(field) for name, field in below.items()}
        return _object(properties, () if self.change else required, cls)

    def map_of(self, name: str, names: Schema) -> Schema:
        member = self.nullable(self.ref(name))
        return {"type": "object", "propertyNames": names, "additionalProperties": member}

    def nullable(self, field: Schema) -> Schema:
        return _or(field, NULL) if self.change else field

    def ref(self, name: str) -> Schema:
        return _ref(self.called(name))

    def called(self, name: str) -> str:
        return f"{name}_change" if self.change else name


def _variant(spec: Schema) -> Schema:
    """Return what a document may say that extends another."""
    own = _fields(Spec)
    properties = {
        **spec["properties"],
        "archgen": own["archgen"],
        "name": own["name"],
        "extends": {"type": "string", "description": "a shipped spec, or a .json file below this"},
        "edit": {
            "type": "object",
            "propertyNames": {"pattern": r"^(layers|modules|heads)\."},
            "additionalProperties": _ref("edit"),
            "description": "paths of entries: a change, null to remove it, entries in its place",
        },
    }
    required = ["archgen", "name", "extends"]
    return {**_object(properties, required), "description": "A change of the spec it extends."}


def _pixels() -> Schema:
    """Return the field with the object's own level in place of any object."""
    field = _fields(Input)["pixels"]
    forms = [_ref("pixels") if form["type"] == "object" else form for form in field["anyOf"]]
    return {**field, "anyOf": forms}


def _layers() -> Schema:
    return {"type": "array", "items": _ref("entry")}


# ── entries ───────────────────────────────────────────────────────────────────────────────────────


def _entry() -> Schema:
    """Return what tells the kinds of entries apart, so that a fault is told of the right one."""
    kinds = {"op": "op", "use": "use", "branches": "fork"}
    return {
        "type": "object",
        "anyOf": [{"required": [key]} for key in kinds],
        "allOf": [{"if": {"required": [key]}, "then": _ref(name)} for key, name in kinds.items()],
        "description": "An op, a use of a module, or a fork with its join.",
    }


def _op_entry() -> Schema:
    return {
        "properties": {"op": {"enum": list(OPS)}},
        "allOf": [
            {"if": {"properties": {"op": {"const": name}}}, "then": _ref(name)} for name in OPS
        ],
    }


def _op(name: str, op: type[Op]) -> Schema:
    """Return an entry of one op: what every entry may say, its fields, its norm and activation."""
    fields = {key: _or_expression(field) for key, field in _fields(op).items()}
    followers = {key: _follower(key) for key in op.followers}
    common = {key: _ref(f"use/properties/{key}") for key in Entry.model_fields}
    return _object({"op": {"const": name}, **fields, **followers, **common}, ["op"], op)


def _follower(key: str) -> Schema:
    if key != "norm":
        return _or(_ref(f"activation/properties/{key}"), NULL)
    objects = [
        _object({"op": {"const": name}, **_references(name, op)}, ["op"])
        for name, op in NORMS.items()
    ]
    forms = [{"enum": list(NORMS)}, *objects, _ref("expression"), NULL]
    return {"anyOf": forms, "description": "the name of a norm, or a norm with its fields"}


def _fork_fields(cls: type[Level]) -> dict[str, Schema]:
    fields = _fields(cls)
    fields["join"] = {"enum": JOINS, "description": fields["join"]["description"]}
    fields["activation"] = _follower("activation")
    fields["branches"] = {
        "type": "object",
        "propertyNames": NAME,
        "additionalProperties": _ref("branch"),
    }
    return fields


def _edit() -> Schema:
    """Return a change of an entry or branch of any kind: a field as any of them has it."""
    forms: dict[str, list[Schema]] = {}
    kinds = {**{name: name for name in OPS}, "use": "use", "fork": "fork"}
    for kind, properties in kinds.items():
        for key in _members(kind):
            forms.setdefault(key, []).append(_ref(f"{properties}/properties/{key}"))
    members = {key: {"anyOf": [*options, NULL]} for key, options in forms.items()}
    members["layers"] = _or(_layers(), NULL)
    return {"anyOf": [_object(members), _layers(), NULL]}


# ── pieces ────────────────────────────────────────────────────────────────────────────────────────


def _members(kind: str) -> list[str]:
    """Return what an entry of a kind may say; the kinds are the ops, a use and a fork."""
    if kind in OPS:
        return ["op", *_fields(OPS[kind]), *OPS[kind].followers, *Entry.model_fields]
    return list(_fields(UseEntry if kind == "use" else ForkEntry))


def _references(name: str, op: type[Op]) -> dict[str, Schema]:
    """Return the fields of an op as its own definition has them."""
    return {key: _ref(f"{name}/properties/{key}") for key in (*_fields(op), *op.followers)}


@cache
def _fields(cls: type[BaseModel]) -> dict[str, Schema]:
    """Return the fields of a class as Pydantic describes them, without its titles and defaults."""
    properties = cls.model_json_schema()["properties"]
    return {
        key: {word: value for word, value in field.items() if word not in ("title", "default")}
        for key, field in properties.items()
    }


def _object(
    properties: Mapping[str, Schema],
    required: Iterable[str] = (),
    cls: type[BaseModel] | None = None,
) -> Schema:
    described = {"description": (cls.__doc__ or "").partition("\n")[0]} if cls else {}
    needed = {"required": list(required)} if required else {}
    own = {"type": "object", "properties": dict(properties), "additionalProperties": False}
    return {**described, **own, **needed}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _or(one: Schema, other: Schema) -> Schema:
    return {"anyOf": [one, other]}


def _or_expression(field: Schema) -> Schema:
    return _or(field, _ref("expression"))

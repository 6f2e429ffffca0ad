"""The JSON Schema (draft 2020-12) of spec files, made from the classes that read them.

Imports ``spec`` and ``ops``. A field of an op is never required, since the document's defaults may
hold it, and may always be a ``$``-value. A document that extends another is a merge patch, so in
it nothing but its name is required and null removes what stands there.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from archgen.canonical import canonical
from archgen.ir import Op
from archgen.naming import NAME_LENGTH
from archgen.ops import OPS
from archgen.ops.fields import INITIALIZER, REGULARIZER
from archgen.ops.join import Join
from archgen.ops.keras_objects import EXPRESSION_SCHEMA
from archgen.ops.norm import Norm
from archgen.recipe import Augmentation, Training
from archgen.spec import (
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
IDENTIFIER: Schema = {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "maxLength": NAME_LENGTH}
NAME: Schema = {"pattern": "^[A-Za-z0-9][A-Za-z0-9_]*$", "maxLength": NAME_LENGTH}
NORMS = {name: op for name, op in OPS.items() if issubclass(op, Norm)}
KERAS_OBJECTS = {"initializer": INITIALIZER, "regularizer": REGULARIZER}
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


def _definitions() -> dict[str, Schema]:
    whole, change = _Levels(change=False), _Levels(change=True)
    return {
        "spec": whole.spec(),
        "variant": _variant(change.spec()),
        **_entries(),
        **whole.parts(),
        **change.parts(),
        "pixels": _object(_fields(Pixels), ["mean", "std"], Pixels),
        **{name: _bare(known.schema()) for name, known in KERAS_OBJECTS.items()},
        "expression": {"description": "a $-value: $name or ${…}", **EXPRESSION_SCHEMA},
    }


# ── levels ────────────────────────────────────────────────────────────────────────────────────────


class _Levels:
    """The levels of a document: whole, or of a merge patch where ``change``."""

    def __init__(self, *, change: bool) -> None:
        self.change = change

    def spec(self) -> Schema:
        """Return the top of a document."""
        below = {name: self.ref(name) for name in ("input", "width", "defaults", "training")}
        below |= {"layers": _layers(), "heads": self.map_of("head", NAME)}
        below["modules"] = self.map_of("module", IDENTIFIER)
        return self.level(Spec, below, ["archgen", "name", "input", "layers"])

    def parts(self) -> dict[str, Schema]:
        """Return the definitions of what stands below a document's top."""
        parts = {
            "input": self.level(Input, {"pixels": _pixels()}, ["shape"]),
            "width": self.level(Width, {}, []),
            "defaults": self.defaults(),
            "training": self.level(Training, {"augmentation": self.ref("augmentation")}, []),
            "augmentation": self.level(Augmentation, {}, []),
            "head": self.level(Head, {"layers": _layers()}, ["from", "layers"]),
            "module": self.module(),
            "branch": _or(_layers(), self.level(Branch, {"layers": _layers()}, [])),
        }
        return {self.called(name): part for name, part in parts.items()}

    def module(self) -> Schema:
        """Return a module: layers, or the keys of a fork."""
        fork = {**_fork_fields(Fork), "branches": self.map_of("branch", NAME)}
        module = self.level(Module, {"layers": _layers(), **fork}, [])
        del module["properties"]["fork"]
        forms = [{"required": ["layers"]}, {"required": ["join", "branches"]}]
        return module if self.change else {**module, "oneOf": forms}

    def defaults(self) -> Schema:
        """Return the fields of every op, its norm and activation."""
        members = {name: self.nullable(self.fields_of(op)) for name, op in OPS.items()}
        about = {"description": "Fields of ops where an entry does not say them."}
        return {**about, **_object(members)}

    def fields_of(self, op: type[Op]) -> Schema:
        """Return an object of an op's fields; a change of its norm need not name that one's op."""
        fields = _field_refs(op)
        if self.change and "norm" in fields:
            fields["norm"] = _norm(change=True)
        return _object(self.all_nullable(fields))

    def level(
        self, cls: type[Level], below: Mapping[str, Schema], required: Iterable[str]
    ) -> Schema:
        """Return an object: the keys of a class, those that lead to further levels replaced."""
        properties = self.all_nullable({**_fields(cls), **below})
        return _object(properties, () if self.change else required, cls)

    def map_of(self, name: str, names: Schema) -> Schema:
        """Return an object of members of one kind."""
        return _map_of(self.called(name), names, nullable=self.change)

    def all_nullable(self, fields: Mapping[str, Schema]) -> dict[str, Schema]:
        """Return fields, each of which null removes in a merge patch."""
        return {name: self.nullable(field) for name, field in fields.items()}

    def nullable(self, field: Schema) -> Schema:
        """Return a field that null removes in a merge patch."""
        return _or(field, NULL) if self.change else field

    def ref(self, name: str) -> Schema:
        """Return a reference to a level."""
        return _ref(self.called(name))

    def called(self, name: str) -> str:
        """Return a level's name among the definitions."""
        return f"{name}_change" if self.change else name


def _variant(change: Schema) -> Schema:
    """Return what a document may say that extends another."""
    own = _fields(Spec)
    properties = {
        **change["properties"],
        "archgen": own["archgen"],
        "name": own["name"],
        "extends": {"description": "a shipped spec, or a .json file below this", "type": "string"},
        "edit": {
            "description": "paths of entries: a change, null to remove it, entries in its place",
            "type": "object",
            "propertyNames": {"pattern": r"^(layers|modules|heads)\."},
            "additionalProperties": _ref("edit"),
        },
    }
    required = ["archgen", "name", "extends"]
    return {"description": "A change of the spec it extends.", **_object(properties, required)}


def _pixels() -> Schema:
    """Return the field with the object's own level in place of any object."""
    field = _fields(Input)["pixels"]
    forms = [_ref("pixels") if form.get("type") == "object" else form for form in field["anyOf"]]
    return {**field, "anyOf": forms}


# ── entries ───────────────────────────────────────────────────────────────────────────────────────


def _entries() -> dict[str, Schema]:
    """Return the definitions of every kind of entry, and of a change of one."""
    kinds = {
        "use": _object(_fields(UseEntry), ["use"], UseEntry),
        "fork": _object(_fork_fields(ForkEntry), ["join", "branches"], ForkEntry),
        **{name: _op(name, op) for name, op in OPS.items()},
    }
    return {"entry": _entry(), "op": _op_entry(), **kinds, "edit": _edit(kinds)}


def _entry() -> Schema:
    """Return what tells the kinds of entries apart, so that a fault is told of the right one."""
    kinds = {"op": "op", "use": "use", "branches": "fork"}
    return {
        "description": "An op, a use of a module, or a fork with its join.",
        "type": "object",
        "anyOf": [{"required": [key]} for key in kinds],
        "allOf": [{"if": {"required": [key]}, "then": _ref(name)} for key, name in kinds.items()],
    }


def _op_entry() -> Schema:
    cases = [{"if": {"properties": {"op": {"const": name}}}, "then": _ref(name)} for name in OPS]
    return {"properties": {"op": {"enum": list(OPS)}}, "allOf": cases}


def _op(name: str, op: type[Op]) -> Schema:
    """Return an entry of one op: its fields, its norm and activation, what every entry may say."""
    fields = {key: _or_expression(field) for key, field in _fields(op).items()}
    followers = {key: _norm() if key == "norm" else _activation() for key in op.followers}
    common = {key: _ref(f"use/properties/{key}") for key in Entry.model_fields}
    return _object({"op": {"const": name}, **fields, **followers, **common}, ["op"], op)


def _norm(*, change: bool = False) -> Schema:
    """Return the forms of a norm; a change of one need not name its op."""
    objects = [_norm_object([name], [op], ["op"]) for name, op in NORMS.items()]
    if change:
        objects = [_norm_object(list(NORMS), NORMS.values(), [])]
    forms = [{"enum": list(NORMS)}, *objects, _ref("expression"), NULL]
    return {"description": "the name of a norm, or a norm with its fields", "anyOf": forms}


def _norm_object(names: list[str], ops: Iterable[type[Op]], required: list[str]) -> Schema:
    fields = {key: field for op in ops for key, field in _field_refs(op).items()}
    return _object({"op": {"enum": names}, **fields}, required)


def _activation() -> Schema:
    return _or(_ref("activation/properties/activation"), NULL)


def _field_refs(op: type[Op]) -> dict[str, Schema]:
    """Return references to the fields and followers of an op."""
    keys = (*op.model_fields, *op.followers)
    return {key: _ref(f"{op.kind}/properties/{key}") for key in keys}


def _fork_fields(cls: type[Level]) -> dict[str, Schema]:
    fields = _fields(cls)
    join: Schema = {"description": fields["join"]["description"], "enum": JOINS}
    return {**fields, "join": join, "activation": _activation(), "branches": _branches()}


def _branches() -> Schema:
    return _map_of("branch", NAME)


def _edit(kinds: Mapping[str, Schema]) -> Schema:
    """Return a change of an entry or branch of any kind: a field as any of them has it."""
    forms: dict[str, list[Schema]] = {}
    for kind, definition in kinds.items():
        for key, form in definition["properties"].items():
            pointed = form if "$ref" in form else _ref(f"{kind}/properties/{key}")
            forms.setdefault(key, []).append(pointed)
    forms |= {"op": [{"enum": list(OPS)}], "norm": [_norm(change=True)], "layers": [_layers()]}
    forms["branches"] = [_map_of("branch_change", NAME, nullable=True)]
    members = {key: _or(*options, NULL) for key, options in forms.items()}
    return _or(_object(members), _layers(), NULL)


# ── pieces ────────────────────────────────────────────────────────────────────────────────────────


class _Untitled(GenerateJsonSchema):
    """Leaves out the titles that Pydantic makes from names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - Pydantic calls it
        """Return False: a key is its own title."""
        return False


def _fields(cls: type[BaseModel]) -> dict[str, Schema]:
    """Return the schemas of a class's fields by the keys of a file."""
    made = cls.model_json_schema(schema_generator=_Untitled)
    return {name: _tidy(field) for name, field in made.get("properties", {}).items()}


def _tidy(field: Schema) -> Schema:
    """Describe a field once, at its top; leave out defaults that say nothing."""
    descriptions = [form.get("description") for form in (field, *field.get("anyOf", []))]
    description = next(filter(None, descriptions), None)
    about: Schema = {"description": description, "default": field.get("default")}
    said = {key: value for key, value in about.items() if value not in (None, "", [], {})}
    return {**said, **_bare({key: value for key, value in field.items() if key != "default"})}


def _bare(form: Any) -> Any:
    """Return a schema without descriptions, its forms in one list, ``$``-values by reference."""
    if isinstance(form, list):
        return [_bare(member) for member in form]
    if not isinstance(form, dict):
        return form
    if form == EXPRESSION_SCHEMA:
        return _ref("expression")
    for name, known in KERAS_OBJECTS.items():
        if form.get("format") == known.what:
            return _ref(name)
    bare = {key: _bare(value) for key, value in form.items() if key != "description"}
    return {**bare, **_or(*bare["anyOf"])} if "anyOf" in bare else bare


def _or_expression(field: Schema) -> Schema:
    """Let a field of an op, and each number within it, be a ``$``-value as well."""
    about: Schema = {key: field[key] for key in ("description", "default") if key in field}
    body = {key: value for key, value in field.items() if key not in about}
    forms = [_within(form) for form in body.get("anyOf", [body])]
    if {"type": "string"} not in forms:
        forms.append(_ref("expression"))
    return {**about, **_or(*forms)}


def _within(form: Schema) -> Schema:
    items = {"prefixItems": [_or_expression(item) for item in form.get("prefixItems", [])]}
    rest = {"items": _or_expression(form["items"])} if form.get("items") else {}
    return {**form, **(items if items["prefixItems"] else {}), **rest}


def _or(*forms: Schema) -> Schema:
    """Return what takes any of the forms, each once."""
    flat: list[Schema] = []
    for form in forms:
        for option in form["anyOf"] if set(form) == {"anyOf"} else [form]:
            if option not in flat:
                flat.append(option)
    return flat[0] if len(flat) == 1 else {"anyOf": flat}


def _object(
    properties: Mapping[str, Schema],
    required: Iterable[str] = (),
    cls: type[BaseModel] | None = None,
) -> Schema:
    """Return an object of these keys and no others, described by a class's docstring."""
    sentence = " ".join((cls.__doc__ or "").partition("\n\n")[0].split()) if cls else ""
    return {
        **({"description": sentence.replace("``", "`")} if sentence else {}),
        "type": "object",
        "properties": dict(properties),
        **({"required": list(required)} if required else {}),
        "additionalProperties": False,
    }


def _map_of(name: str, names: Schema, *, nullable: bool = False) -> Schema:
    """Return an object of members of one kind."""
    member = _or(_ref(name), NULL) if nullable else _ref(name)
    return {"type": "object", "propertyNames": names, "additionalProperties": member}


def _layers() -> Schema:
    return {"type": "array", "items": _ref("entry")}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}

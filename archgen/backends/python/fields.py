"""What an op's entry says, its defaults below it, as arguments of Keras calls.

Imports ``arithmetic``, ``layout``, ``ops``, ``composition`` and what they import.
"""

import keyword
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Annotated, Any, NamedTuple

from pydantic import ConfigDict, TypeAdapter

from archgen.backends.python.arithmetic import (
    Inexpressible,
    Scope,
    Term,
    as_float,
    as_whole,
    term_of,
)
from archgen.backends.python.layout import Argument, Atom, Call, Items, Node
from archgen.backends.python.survey import takes_float
from archgen.backends.python.text import literal, quoted
from archgen.composition import NO_ACTIVATION
from archgen.expressions import is_expression
from archgen.grammar import Scalar, syntax_tree
from archgen.ops import OPS
from archgen.ops.fields import INITIALIZERS, REGULARIZERS
from archgen.source import Object

# Ops whose first argument Keras takes without a keyword although it has a default.
_FIRST = frozenset({"pool_size", "padding", "cropping", "size"})
# What Keras takes as one number where height and width are alike.
_OF_AXES = _FIRST | {"kernel_size", "strides", "dilation_rate", "output_padding"}
_LONG = 4


class Given(NamedTuple):
    """A value that a function of the source is given under this name."""

    name: str


class Value(NamedTuple):
    """What a field is given, and whether it stands in the document's defaults."""

    raw: Any
    inherited: bool = False


Fields = Mapping[str, Value]
Scopes = Callable[[Value], Scope]
Known = Callable[[Value], tuple[Scalar] | None]


class Said(NamedTuple):
    """What an entry says: its fields, its norm and those of that, its activation, if any."""

    op: str
    fields: Fields
    norm: tuple[str, Fields] | None = None
    activation: Value | None = None


def said_by(
    op: str, fields: Mapping[str, Any], defaults: Mapping[str, Object], known: Known
) -> Said:
    """Return what an entry says over the defaults; ``known`` are values that no argument changes.

    Raises:
        Inexpressible: its norm is computed, and so is the class of a layer.
    """
    values = over(defaults.get(op, {}), fields)
    followers = {name: values.pop(name, None) for name in OPS[op].followers}
    activation = followers.get("activation")
    if activation is not None and activation.raw in NO_ACTIVATION:
        activation = None
    return Said(op, values, _norm(followers.get("norm"), defaults, known), activation)


def over(defaults: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Value]:
    """Return fields over those of the defaults."""
    below = {name: Value(raw, inherited=True) for name, raw in defaults.items()}
    return below | {name: Value(raw) for name, raw in fields.items()}


def _norm(
    asked: Value | None, defaults: Mapping[str, Object], known: Known
) -> tuple[str, Fields] | None:
    if asked is not None and is_expression(asked.raw):
        if not (found := known(asked)):
            raise Inexpressible("a norm is computed")
        asked = asked._replace(raw=found[0])
    if asked is None or asked.raw is None:
        return None
    if isinstance(asked.raw, str):
        return asked.raw, over(defaults.get(asked.raw, {}), {})
    name = str(asked.raw["op"])
    own = {key: Value(raw, asked.inherited) for key, raw in asked.raw.items() if key != "op"}
    return name, over(defaults.get(name, {}), {}) | own


def names_in(raw: Any) -> frozenset[str]:
    """Return the names that a value reads, also within lists and objects."""
    if is_expression(raw):
        return syntax_tree(raw)[1]
    parts = raw.values() if isinstance(raw, Mapping) else raw if isinstance(raw, list) else ()
    return frozenset[str]().union(*map(names_in, parts))


def is_computed(raw: Any) -> bool:
    """Say whether a value is known only when the source runs."""
    if is_expression(raw) or isinstance(raw, Given):
        return True
    parts = raw.values() if isinstance(raw, Mapping) else raw if isinstance(raw, list) else ()
    return any(map(is_computed, parts))


# ── values ────────────────────────────────────────────────────────────────────────────────────────


@cache
def _adapter(op: str, field: str) -> TypeAdapter[Any]:
    info = OPS[op].model_fields[field]
    kind: Any = info.annotation
    for part in info.metadata:
        kind = Annotated[kind, part]
    return TypeAdapter(kind, config=ConfigDict(strict=True))


def normal(op: str, field: str, raw: Any) -> Any:
    """Return a value that is written out as the op itself holds it."""
    return _adapter(op, field).validate_python(_plain(raw))


def _plain(raw: Any) -> Any:
    if isinstance(raw, Mapping):
        return {key: _plain(value) for key, value in raw.items()}
    return [_plain(value) for value in raw] if isinstance(raw, list) else raw


def is_default(op: str, field: str, value: Any) -> bool:
    """Say whether a value that is written out is Keras's own default, which goes without saying."""
    return bool(normal(op, field, value) == OPS[op].model_fields[field].default)


def node_of(op: str, field: str, raw: Any, scope: Scope) -> Node:
    """Return a field's value as an expression."""
    if is_computed(raw):
        return _computed(raw, scope, is_float=takes_float(op, field))
    return in_short(field, normal(op, field, raw))


def in_short(field: str, value: Any) -> Node:
    """Return a plain value of a field: one number where that stands for height and width."""
    return written_out(_shortened(value) if field in _OF_AXES else value)


def written_out(value: Any) -> Node:
    """Return a plain value."""
    if isinstance(value, dict):
        return _object(value["class_name"], value.get("config") or {}, written_out)
    if isinstance(value, tuple) and len(value) > _LONG:
        return Items("()", tuple(Argument("", written_out(item)) for item in value))
    return Atom(literal(value))


def _shortened(value: Any) -> Any:
    """Return ``(3, 3)`` as 3, and ``((1, 1), (2, 2))`` as (1, 2)."""
    if not isinstance(value, tuple) or len(value) != 2:  # noqa: PLR2004 - height and width
        return value
    items = tuple(map(_shortened, value))
    flat = not any(isinstance(item, tuple) for item in items)
    if items[0] == items[1] and type(items[0]) is int:
        return items[0]
    return items if flat else value


def _computed(raw: Any, scope: Scope, *, is_float: bool) -> Node:
    if isinstance(raw, Given):
        return Atom(raw.name)
    if isinstance(raw, Mapping):
        if is_expression(raw["class_name"]):
            raise Inexpressible("an initializer or a regularizer is computed")
        config = raw.get("config") or {}
        return _object(
            raw["class_name"], config, lambda value: _computed(value, scope, is_float=True)
        )
    if isinstance(raw, list):
        items = tuple(Argument("", _computed(item, scope, is_float=False)) for item in raw)
        return Items("()", items)
    return atom(converted(term_of(raw, scope), is_float=is_float))


def atom(term: Term) -> Atom:
    """Return a term as an expression, which knows how it may be broken."""
    return Atom(term.text, term)


def converted(term: Term, *, is_float: bool) -> Term:
    """Return a number as a field takes it."""
    return as_float(term) if is_float else as_whole(term)


def _object(class_name: str, config: Mapping[str, Any], write: Any) -> Node:
    """Return an initializer or a regularizer: made by its class where a call can say it."""
    module = {**dict.fromkeys(INITIALIZERS, "initializers")}
    module |= dict.fromkeys(REGULARIZERS, "regularizers")
    is_class = class_name in module and class_name[0].isupper()
    if is_class and all(map(_is_keyword, config)):
        arguments = tuple(Argument(f"{key}=", write(value)) for key, value in config.items())
        return Call(f"keras.{module[class_name]}.{class_name}", arguments)
    said = tuple(Argument(f"{quoted(key)}: ", write(value)) for key, value in config.items())
    named = Argument('"class_name": ', Atom(quoted(class_name)))
    return Items("{}", (named, Argument('"config": ', Items("{}", said))))


def _is_keyword(name: str) -> bool:
    plain = name.isascii() and name.isidentifier() and not keyword.iskeyword(name)
    return plain and name != "__debug__"


# ── arguments ─────────────────────────────────────────────────────────────────────────────────────


@cache
def positional(op: str) -> tuple[str, ...]:
    """Return the fields that are given without a keyword: the first ones, without a default."""
    found: list[str] = []
    for name, info in OPS[op].model_fields.items():
        if not info.is_required() and not (name in _FIRST and not found):
            break
        found.append(name)
    return tuple(found)


def arguments_of(
    op: str,
    fields: Fields,
    scopes: Scopes,
    without: frozenset[str] = frozenset(),
    terms: Mapping[str, Term] | None = None,
) -> Iterator[Argument]:
    """Yield the arguments of an op's stock layer, in Keras's order, unless they are defaults.

    ``terms`` are values that are written already.
    """
    leading = positional(op)
    for name in OPS[op].model_fields:
        raw = fields[name].raw if name in fields and name not in without else None
        if terms and name in terms:
            node: Node = atom(terms[name])
        elif name in without or name not in fields or _goes_unsaid(op, name, raw):
            leading = leading[: leading.index(name)] if name in leading else leading
            continue
        else:
            node = node_of(op, name, raw, scopes(fields[name]))
        yield Argument("" if name in leading else f"{name}=", node)


def _goes_unsaid(op: str, field: str, raw: Any) -> bool:
    return not is_computed(raw) and is_default(op, field, raw)

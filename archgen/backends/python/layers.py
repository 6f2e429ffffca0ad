"""An op's entry as statements: a stock layer, or a few, on the tensors that enter.

Imports ``fields``, ``forms``, ``body`` and what they import.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple

from archgen.backends.python.arithmetic import (
    BOOL,
    NONE,
    TEXT,
    Scope,
    Term,
    as_whole,
    chosen,
    constant,
    term_of,
)
from archgen.backends.python.body import Body, named
from archgen.backends.python.fields import (
    Fields,
    Given,
    Said,
    Value,
    arguments_of,
    atom,
    in_short,
    is_computed,
    node_of,
    positional,
)
from archgen.backends.python.forms import (
    ACTIVATION,
    FILTERS,
    LINEAR,
    PADDING,
    Form,
    Padded,
    Site,
)
from archgen.backends.python.layout import (
    INDENT,
    Applied,
    Argument,
    Atom,
    Call,
    Items,
    Node,
    fits,
    flat,
)
from archgen.ir import Call as KerasCall
from archgen.ops import OPS

POOLS = frozenset({"max_pool", "avg_pool"})
_OWN = frozenset({"fixed", PADDING})  # what is said beside the arguments of a convolution
_BESIDE = frozenset({"fixed"})
_RULES = ("ceil_mode", "count_padding")  # of a pool, which Keras's own has not


class Place(NamedTuple):
    """Where a layer goes: the variable it is assigned to, what enters, its name."""

    target: str
    on: Sequence[str]
    path: str


class _OfDocument(NamedTuple):
    """The names of the document, seen from inside a function."""

    body: Body

    def lookup(self, name: str) -> Term:
        return self.body.of_document(name)

    def width(self, filters: Term) -> Term:
        return self.body.width(filters)


def scope_of(body: Body, value: Value) -> Scope:
    """Return the names that a value reads: those of the document where it is inherited."""
    return _OfDocument(body) if value.inherited else body


def layer(target: str, arguments: Iterable[Argument], path: str) -> Call:
    """Return a call that makes a layer."""
    return Call(target, (*arguments, named(path)))


def tensors(on: Sequence[str]) -> Node:
    """Return what a layer is called on."""
    if len(on) == 1 and not on[0].startswith("*"):
        return Atom(on[0])
    return Items("[]", tuple(Argument("", Atom(name)) for name in on))


# ── ops ───────────────────────────────────────────────────────────────────────────────────────────


def write_layer(body: Body, op: str, fields: Fields, place: Place) -> None:
    """Write a stock layer."""
    scopes = partial(scope_of, body)
    arguments = arguments_of(op, fields, scopes)
    made = layer(OPS[op].keras, arguments, place.path)
    body.assign(place.target, Applied(made, tensors(place.on)))


def write_join(body: Body, join: str, place: Place) -> None:
    """Write a join of several tensors."""
    made = layer(OPS[join].keras, (), place.path)
    items = Items("[]", tuple(Argument("", Atom(name)) for name in place.on))
    body.assign(place.target, Applied(made, items))


def write_pool(body: Body, op: str, said: Fields, padded: Padded, place: Place) -> None:
    """Write a pool: Keras's own, or a function of the source that pads and counts."""
    is_plain = padded == "layer" and not any(said[name].raw for name in _RULES if name in said)
    is_known = not any(is_computed(value.raw) for value in said.values())
    if is_plain:
        left = {name: value for name, value in said.items() if name not in _RULES}
        write_layer(body, op, left, place)
    elif padded == "pad" and is_known and not ("ceil_mode" in said and said["ceil_mode"].raw):
        write_composed(body, op, said, place)
    else:
        body.document.pools.append(said)
        arguments = arguments_of(op, said, partial(scope_of, body))
        on = Argument("", Atom(place.on[0]))
        body.assign(place.target, Call(op, (on, *arguments, named(place.path))))


def write_composed(body: Body, op: str, said: Fields, place: Place) -> None:
    """Write the call of a function that makes an op of several calls of Keras."""
    function = body.document.composed(op, said)
    on = Argument("", Atom(place.on[0]))
    body.assign(place.target, Call(function, (on, named(place.path))))


def write_activation(body: Body, value: Value, place: Place, *, is_sure: bool) -> None:
    """Write the activation behind something, unless it comes out as none."""
    node = node_of(ACTIVATION, ACTIVATION, value.raw, scope_of(body, value))
    made = Applied(layer("layers.Activation", (Argument("", node),), place.path), Atom(place.on[0]))
    if is_sure or not is_computed(value.raw):
        body.assign(place.target, made)
        return
    with body.block("if ", activates(body, value)):
        body.assign(place.target, made)


def activates(body: Body, value: Value) -> Term:
    """Return the condition that a computed activation is one."""
    if isinstance(value.raw, Given):
        term = Term(value.raw.name, frozenset({TEXT}))
    else:
        term = term_of(value.raw, scope_of(body, value))
    words = f'not in (None, "{LINEAR}")' if NONE in term.kinds else f'!= "{LINEAR}"'
    return Term(f"{term.within(6)} {words}", frozenset({BOOL}), 5)


# ── convolutions ──────────────────────────────────────────────────────────────────────────────────


def write_kernel(
    body: Body, said: Said, padded: Padded, place: Place, *, is_sure: bool = False
) -> None:
    """Write a convolution, its padding in front of it, its norm and its activation behind it.

    ``is_sure`` says that a computed activation is one.
    """
    on = place.on[0] if padded == "layer" else _write_padding(body, said, padded, place)
    scopes = partial(scope_of, body)
    filters = said.fields.get(FILTERS)
    computed = filters is not None and not isinstance(filters.raw, Given)
    terms = {FILTERS: filters_of(body, said)} if computed else None
    without = _OWN if padded == "pad" else _BESIDE
    arguments = arguments_of(said.op, said.fields, scopes, without, terms)
    made = layer(OPS[said.op].keras, arguments, place.path)
    body.assign(place.target, Applied(made, Atom(on)))
    if said.norm is not None:
        op, own = said.norm
        made = layer(OPS[op].keras, arguments_of(op, own, scopes), f"{place.path}.norm")
        body.assign(place.target, Applied(made, Atom(place.target)))
    if said.activation is not None:
        behind = Place(place.target, (place.target,), f"{place.path}.activation")
        write_activation(body, said.activation, behind, is_sure=is_sure)


def _write_padding(body: Body, said: Said, padded: Padded, place: Place) -> str:
    """Write the padding in front of a convolution; return what is padded."""
    value = said.fields[PADDING]
    node = node_of(said.op, PADDING, value.raw, scope_of(body, value))
    made = layer("layers.ZeroPadding2D", (Argument("", node),), f"{place.path}.pad")
    if padded == "pad":
        body.assign(place.target, Applied(made, Atom(place.on[0])))
        return place.target
    text = flat(node)
    with body.block("if ", Term(f"not isinstance({text}, str)", frozenset({BOOL}))):
        body.assign(place.target, Applied(made, Atom(place.on[0])))
        body.assign(text, Atom('"valid"'))
    return place.target


def filters_of(body: Body, said: Said) -> Term:
    """Return an entry's filters under the width multiplier, unless they are fixed."""
    value = said.fields[FILTERS]
    written = as_whole(term_of(value.raw, scope_of(body, value)))
    fixed = said.fields.get("fixed")
    is_fixed = term_of(fixed.raw, scope_of(body, fixed)) if fixed is not None else constant(False)  # noqa: FBT003
    if body.document.spec.width is None or is_fixed.constant == (True,):
        return written
    scaled = body.width(written)
    if is_fixed.constant == (False,) or scaled == written:
        return scaled
    return chosen(written, is_fixed, scaled)


def write_call(body: Body, form: Form, site: Site, place: Place) -> None:
    """Write the call of a function that several entries share."""
    forms = body.document.forms
    if form.is_local:
        body.functions[form.name] = None
    arguments = [Argument("", Atom(place.on[0]))]
    for name in (*form.leading, *form.trailing):
        value, usual = forms.value_of(site, name), form.own[name]
        op = ACTIVATION if name == ACTIVATION else form.op
        if value is None or (usual and forms.is_same(op, name, value, usual, site.owner)):
            continue
        keyword = "" if name in form.leading else f"{form.keywords[name]}="
        if name == FILTERS:
            node: Node = atom(filters_of(body, site.said))
        else:
            node = node_of(op, name, value.raw, scope_of(body, value))
        arguments.append(Argument(keyword, node))
    body.assign(place.target, Call(form.name, (*arguments, named(place.path))))


# ── calls as data ─────────────────────────────────────────────────────────────────────────────────


def write_calls(body: Body, calls: Sequence[KerasCall], place: Place) -> None:
    """Write the calls of an op, its fields known: each is a layer or a function of `keras.ops`."""
    values = list(place.on)
    for call in calls:
        is_last = call is calls[-1]
        path = place.path if is_last else f"{place.path}.{call.part}"
        target = place.target if is_last else body.names.take(call.part)
        on = [values[index] for index in call.on]
        values.append(target)
        arguments = _arguments(call)
        if call.target.startswith("ops."):
            entering = (Argument("", Atom(name)) for name in on)
            _write_operation(body, target, Call(call.target, (*entering, *arguments)), path)
        else:
            made = layer(call.target, arguments, path)
            body.assign(target, Applied(made, tensors(on)))


def _write_operation(body: Body, target: str, made: Call, path: str) -> None:
    """Write a call of a function, which takes no name: it is given one behind it."""
    whole = Call("named", (Argument("", made), Argument("", named(path).value)))
    if fits(f"{target} = {flat(whole)}", body.depth * INDENT):
        body.assign(target, whole)
        return
    body.assign(target, made)
    arguments = (Argument("", Atom(target)), Argument("", named(path).value))
    body.assign(target, Call("named", arguments))


def _arguments(call: KerasCall) -> list[Argument]:
    leading = _positional(call.target)
    return [
        Argument("" if name in leading else f"{name}=", in_short(name, value))
        for name, value in call.arguments.items()
    ]


def _positional(target: str) -> tuple[str, ...]:
    return next((positional(op) for op, cls in OPS.items() if vars(cls).get("keras") == target), ())

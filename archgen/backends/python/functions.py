"""Modules, shared convolutions and composed ops as functions of the source.

Imports ``lists``, ``layers``, ``body`` and what they import.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from archgen.backends.python.arithmetic import INT, Inexpressible, Term, term_of
from archgen.backends.python.body import Body
from archgen.backends.python.fields import Given, Said, Value, node_of
from archgen.backends.python.forks import Flow
from archgen.backends.python.forms import ACTIVATION, LINEAR, Form
from archgen.backends.python.layers import Place, write_calls, write_kernel
from archgen.backends.python.layout import (
    Argument,
    Atom,
    Block,
    Define,
    Items,
    Statement,
    flat,
)
from archgen.backends.python.lists import Lists
from archgen.backends.python.notes import sentence, summary
from archgen.backends.python.parts import Function, Parameter, Parts
from archgen.backends.python.survey import CHANNELS, DOCUMENT
from archgen.backends.python.text import literal
from archgen.expressions import is_expression
from archgen.ir import Call as KerasCall
from archgen.spec import Module

UNSET = "unset"  # a parameter whose default a variant computes, since no use of it gives one
Flags = Mapping[str, bool | str | None]


class _Above:
    """The names that a default reads: the module's parameters above it, then the document's."""

    def __init__(self, body: Body, known: set[str]) -> None:
        self.body = body
        self.known = known

    def lookup(self, name: str) -> Term:
        if name in self.known or name in self.body.local:
            return self.body.lookup(name)
        return self.body.of_document(name)

    def width(self, filters: Term) -> Term:
        return self.body.width(filters)


def write_module(document: Parts, owner: str, function: Function, flags: Flags) -> None:
    """Write the function of a module; its parts are known once its body is."""
    module = document.spec.modules[owner]
    body = Body(document, owner)
    is_read = ("input", owner) in document.wires.marked
    entering = "inputs" if is_read else "x"
    names = [body.names.take(name) for name in module.inputs]
    body.local[CHANNELS] = Term(CHANNELS, frozenset({INT}), effective=True)
    computed = _own_names(body, module, flags)
    lists = Lists(body)
    lists.where["input", owner] = entering
    for name, identifier in zip(module.inputs, names, strict=True):
        lists.where[f"tensor of {owner}", name] = identifier
    flow = Flow("x", entering, "")
    if module.fork is not None:
        join = Place("x", (), f"{{name}}.{module.fork.join}")
        lists.fork(module.fork, flow, join, "{name}.")
    else:
        lists.write(module.layers or (), flow, "{name}.")
    _give(body, flow, function)
    parameters = _parameters(body, module, flags)
    given = {parameter.name for parameter in parameters}
    body.lines[:0] = _prelude(body, computed, given, entering)
    function.parameters = [parameter for parameter in parameters if parameter.name in body.read]
    function.needs = {name: body.needs[name] for name in document.ordered(body.needs)}
    function.locals = [name for name in document.local_names if name in body.functions]
    head = [entering, *names, *function.locals, "*"]
    head += [parameter.text for parameter in function.parameters]
    head += [*function.needs.values(), "name"]
    notes = summary(module.title or owner.replace("_", " ").capitalize(), module.references)
    function.definition = Define(function.name, tuple(head), notes, body.lines)


def _own_names(body: Body, module: Module, flags: Flags) -> dict[str, str]:
    """Take up a module's parameters; return the defaults that the function computes."""
    computed, known = {}, set[str]()
    survey = body.document.survey
    # A module's own name stands for its own parameter; the document's gets another one there.
    body.names.taken -= {term.text for term in body.document.terms.values()}
    for name in dict.fromkeys([*module.required, *module.parameters]):
        identifier = body.names.take(name)
        effective: bool | None = flags.get(name, False) is True
        raw = module.parameters.get(name)
        is_given = survey.is_ever_given(body.owner, name) and flags.get(name) != UNSET
        if is_expression(raw) and not survey.is_always_given(body.owner, name):
            computed[name] = raw
            if not is_given:
                effective = term_of(raw, _Above(body, set(known))).effective
        kinds = survey.kinds[body.owner, name]
        body.own[name] = Term(identifier, kinds, effective=effective)
        known.add(name)
    body.names.taken |= {*body.document.taken}
    body.read.clear()
    body.needs.clear()
    return computed


def _parameters(body: Body, module: Module, flags: Flags) -> list[Parameter]:
    found = []
    survey = body.document.survey
    for name, term in body.own.items():
        raw = module.parameters.get(name)
        if name not in module.parameters or (
            is_expression(raw) and survey.is_always_given(body.owner, name)
        ):
            found.append(Parameter(name, term.text))
        elif not is_expression(raw):
            found.append(Parameter(name, term.text, literal(raw)))
        elif survey.is_ever_given(body.owner, name) and flags.get(name) != UNSET:
            found.append(Parameter(name, term.text, "None"))
    return found


def _prelude(
    body: Body, computed: Mapping[str, str], given: AbstractSet[str], entering: str
) -> list[Statement | Block | Define]:
    """Return the statements in front of a body: what it reads is computed there, once."""
    order = list(body.own)
    found: dict[str, list[Statement | Block | Define]] = {}
    lines = body.lines
    for name in reversed(list(computed)):
        if name not in body.read:
            continue
        body.lines = found[name] = []
        above = set(order[: order.index(name)])
        scope, target = _Above(body, above), body.own[name].text
        if name in given:
            with body.block("if ", Term(f"{target} is None", frozenset())):
                body.compute(target, term_of(computed[name], scope))
        else:
            body.compute(target, term_of(computed[name], scope))
    body.lines = lines
    first: list[Statement | Block | Define] = []
    if CHANNELS in body.read:
        first.append(Statement(f"{CHANNELS} = ", Atom(f"{entering}.shape[-1]")))
    return [*first, *(line for name in computed if name in found for line in found[name])]


def _give(body: Body, flow: Flow, function: Function) -> None:
    """Write what a function gives: a tensor, or the branches of a concat."""
    function.is_open, function.entry = bool(flow.parts), flow.entry
    function.join = flow.join.removeprefix("{name}")
    if "{" in function.join:
        raise Inexpressible("what a concat is called depends on the parameters")
    if not flow.parts:
        body.returns(flow.now)
    elif len(flow.parts) == 1:
        body.returns(flow.parts[0].removeprefix("*"))
    else:
        items = tuple(Argument("", Atom(part)) for part in flow.parts)
        body.lines.append(Statement("return ", Items("[]", items)))


# ── functions that stand below those of the modules ───────────────────────────────────────────────


def define_form(document: Parts, form: Form) -> Define:
    """Return the function that alike convolutions share."""
    own = {name: Value(Given(form.keywords[name])) for name in (*form.leading, *form.trailing)}
    fields = {**form.shared, **own}
    activation = fields.pop(ACTIVATION, None)
    body = Body(document, DOCUMENT)
    usual = [document.forms.value_of(site, ACTIVATION) for site in form.sites]
    is_sure = all(value and not is_expression(value.raw) and value.raw != LINEAR for value in usual)
    said = Said(form.op, fields, form.norm, activation)
    write_kernel(body, said, form.padded, Place("x", ("x",), "{name}"), is_sure=is_sure)
    body.returns("x")
    parameters = ["x", *(form.keywords[name] for name in form.leading), "*", "name"]
    for name in form.trailing:
        value = form.own[name]
        op = ACTIVATION if name == ACTIVATION else form.op
        default = f"={flat(node_of(op, name, value.raw, body))}" if value else ""
        parameters.append(f"{form.keywords[name]}{default}")
    return Define(form.name, tuple(parameters), [sentence(form)], body.lines)


def define_calls(
    document: Parts, name: str, calls: Sequence[KerasCall], notes: Sequence[str]
) -> Define:
    """Return the function of an op that is several calls of Keras."""
    body = Body(document, DOCUMENT)
    write_calls(body, calls, Place("x", ("x",), "{name}"))
    body.returns("x")
    return Define(name, ("x", "*", "name"), notes, body.lines)

"""Modules, shared convolutions and composed ops as functions of the source.

Imports ``lists``, ``layers``, ``body`` and what they import.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from archgen.backends.python.arithmetic import INT, Inexpressible, Term, term_of
from archgen.backends.python.body import Body, named
from archgen.backends.python.fields import Given, Said, Value, atom, node_of
from archgen.backends.python.forks import Flow, write_fork
from archgen.backends.python.forms import ACTIVATION, LINEAR, Form
from archgen.backends.python.layers import Place, write_calls, write_kernel
from archgen.backends.python.layout import (
    Argument,
    Atom,
    Block,
    Call,
    Define,
    Items,
    Statement,
    flat,
)
from archgen.backends.python.lists import Lists
from archgen.backends.python.notes import sentence, summary
from archgen.backends.python.survey import CHANNELS, DOCUMENT
from archgen.backends.python.text import literal
from archgen.expressions import is_expression
from archgen.ir import Call as KerasCall
from archgen.spec import Module, UseEntry

if TYPE_CHECKING:
    from archgen.backends.python.document import Document

UNSET = "unset"  # a parameter whose default a variant computes, since no use of it gives one
Flags = Mapping[str, bool | str | None]


class Parameter(NamedTuple):
    """A parameter of a module as one of its function; ``default`` is its text, if it has one."""

    name: str
    identifier: str
    default: str = ""

    @property
    def text(self) -> str:
        """Return it as the function's head says it."""
        return f"{self.identifier}={self.default}" if self.default else self.identifier


@dataclass
class Function:
    """The function of a module: what it takes, what it gives, what it is.

    ``entry`` is what the entry that makes its value is called, empty where it gives back what
    entered, None where that depends on the arguments; ``join`` is, where the function gives the
    branches of a concat, the end of that one's name.
    """

    name: str
    parameters: Sequence[Parameter] = ()
    needs: Mapping[str, str] = field(default_factory=dict)
    locals: Sequence[str] = ()
    entry: str | None = None
    is_open: bool = False
    join: str = ""
    definition: Define | None = None

    def called(self, entry: UseEntry, body: Body, on: Sequence[str], path: str) -> Call:
        """Return a call of the function."""
        body.functions |= dict.fromkeys(self.locals)
        arguments = [Argument("", Atom(text)) for text in (*on, *self.locals)]
        for parameter in self.parameters:
            if parameter.name in entry.with_:
                term = term_of(entry.with_[parameter.name], body)
                arguments.append(Argument(f"{parameter.identifier}=", atom(term)))
        for name, identifier in self.needs.items():
            given = body.of_document(name).text
            arguments.append(Argument(f"{identifier}=", Atom(given)))
        return Call(self.name, (*arguments, named(path)))


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


def write_module(document: "Document", owner: str, function: Function, flags: Flags) -> None:
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
        write_fork(lists, module.fork, flow, join, "{name}.")
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


def define_form(document: "Document", form: Form) -> Define:
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
    document: "Document", name: str, calls: Sequence[KerasCall], notes: Sequence[str]
) -> Define:
    """Return the function of an op that is several calls of Keras."""
    body = Body(document, DOCUMENT)
    write_calls(body, calls, Place("x", ("x",), "{name}"))
    body.returns("x")
    return Define(name, ("x", "*", "name"), notes, body.lines)

"""The main function of the source: its arguments, the layers, the heads, the model.

Imports ``document``, ``lists`` and what they import.
"""

from collections.abc import Iterator, Sequence

from archgen.backends.python.arithmetic import BOOL, INT, Inexpressible, Term, as_whole, term_of
from archgen.backends.python.body import Body, named
from archgen.backends.python.document import Document
from archgen.backends.python.fields import atom
from archgen.backends.python.forks import Flow
from archgen.backends.python.layout import (
    Argument,
    Atom,
    Block,
    Call,
    Define,
    Items,
    Statement,
)
from archgen.backends.python.lists import Lists
from archgen.backends.python.survey import CHANNELS, DOCUMENT
from archgen.backends.python.text import literal, quoted
from archgen.expressions import is_expression
from archgen.ir import Shape
from archgen.source import Array
from archgen.spec import Head


def define_main(document: Document, notes: Sequence[str], shape: Shape | None) -> Define:
    """Return the function that makes the model; ``shape`` is an input from outside."""
    body = Body(document, DOCUMENT)
    parameters = [_input_parameter(document, body, shape), *_parameters(document)]
    for name, raw in document.computed.items():
        _compute(document, body, name, raw)
    body.lines += document.form_definitions(local=True)
    made = Call("keras.Input", (Argument("shape=", Atom("input_shape")), named("input")))
    body.assign("inputs", made)
    lists = Lists(body)
    lists.where["input", DOCUMENT] = "inputs"
    body.local[CHANNELS] = _channels("inputs")
    flow = Flow("x", "inputs", "")
    lists.write(document.spec.layers, flow, "")
    outputs = _write_heads(lists, flow)
    model = (Argument("", Atom("inputs")), Argument("", Atom(outputs)), named(document.spec.name))
    body.lines.append(Statement("return ", Call("keras.Model", model)))
    return Define(document.main, tuple(parameters), notes, body.lines)


def _channels(tensor: str) -> Term:
    return Term(f"{tensor}.shape[-1]", frozenset({INT}), effective=True)


def _input_parameter(document: Document, body: Body, shape: Shape | None) -> str:
    raw = document.spec.input.raw["shape"]
    extents: Sequence[object] = shape or (raw if isinstance(raw, Array) else ())
    if not any(map(is_expression, extents)):
        return f"input_shape={literal(tuple(extents))}"
    items = tuple(Argument("", atom(as_whole(term_of(extent, body)))) for extent in extents)
    with body.block("if ", Term("input_shape is None", frozenset({BOOL}))):
        body.assign("input_shape", Items("()", items))
    return "input_shape=None"


def _parameters(document: Document) -> Iterator[str]:
    """Yield the parameters of the spec as those of the function."""
    for name, term in document.terms.items():
        if name not in document.spec.parameters or term.constant or name in document.fixed:
            continue
        if name in document.computed:
            yield f"{term.text}=None"
        else:
            default = document.survey.given.get(name, document.spec.parameters[name])
            yield f"{term.text}={literal(default)}"


def _compute(document: Document, body: Body, name: str, raw: object) -> None:
    """Write what a parameter is where no argument says it."""
    target = document.terms[name].text
    if name in document.fixed:
        body.compute(target, term_of(raw, body))
        return
    with body.block("if ", Term(f"{target} is None", frozenset({BOOL}))):
        body.compute(target, term_of(raw, body))


# ── outputs ───────────────────────────────────────────────────────────────────────────────────────


def _write_heads(lists: Lists, flow: Flow) -> str:
    """Write the heads; return the outputs as an expression: a tensor, or several by name."""
    spec, survey, body = lists.document.spec, lists.survey, lists.body
    known = {name: survey.known(head.when, DOCUMENT) for name, head in spec.heads.items()}
    heads = {name: head for name, head in spec.heads.items() if known[name] != (False,)}
    if not heads:
        return flow.now
    if not flow.entry:
        raise Inexpressible("what the main output is called depends on the parameters")
    key = f"f{quoted(flow.entry)}: " if "{" in flow.entry else f"{quoted(flow.entry)}: "
    body.assign("outputs", Items("{}", (Argument(key, Atom(flow.now)),)))
    above = ""
    for name, head in heads.items():
        if known[name]:
            _write_head(lists, name, head)
            above = ""
            continue
        condition = term_of(head.when, body)
        last = body.lines[-1]
        if condition.text == above and isinstance(last, Block):
            with body.again(last):
                _write_head(lists, name, head)
        else:
            with body.block("if ", condition):
                _write_head(lists, name, head)
        above = condition.text
    return "outputs" if any(known.values()) else f"outputs if len(outputs) > 1 else {flow.now}"


def _write_head(lists: Lists, name: str, head: Head) -> None:
    body, wires = lists.body, lists.document.wires
    entering = lists.tensor(wires.meant[id(head), 0])
    inside = Flow(body.variable(name, "_output"), entering, "")
    body.local[CHANNELS] = _channels(entering)
    lists.write(head.layers, inside, f"{name}.")
    lists.where["head", name] = inside.now
    target = f"outputs[{quoted(name)}] = "
    last = body.lines[-1] if body.lines else None
    is_read = ("head", name) in wires.marked
    if isinstance(last, Statement) and last.before == f"{inside.now} = " and not is_read:
        body.lines[-1] = Statement(target, last.value)
    else:
        body.lines.append(Statement(target, Atom(inside.now)))

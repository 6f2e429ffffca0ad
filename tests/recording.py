"""A stand-in for Keras that records what generated source builds, to compare with a graph.

A layer is recorded as its name, its class, its arguments as the op's own class holds them, and the
names of what it is called on.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

from archgen.backends.python.fields import normal
from archgen.ir import Graph, Op, Shape
from archgen.ops import OPS

BY_LAYER: dict[str, type[Op]] = {
    cls.keras: cls for cls in OPS.values() if isinstance(vars(cls).get("keras"), str)
}


class Made(NamedTuple):
    """A layer: its name, its class, its arguments, the names of what it is called on."""

    name: str
    target: str
    arguments: tuple[tuple[str, str], ...]
    on: tuple[str, ...]


class Recorded(NamedTuple):
    """What a source, or a graph, builds, in the order in which it does."""

    name: str
    made: tuple[Made, ...]
    outputs: Any


# ── what a graph builds ───────────────────────────────────────────────────────────────────────────


def of_graph(graph: Graph) -> Recorded:
    """Return what the builder makes of a graph."""
    made = [
        Made(name, "Input", said("Input", {"shape": shape}), ())
        for name, shape in graph.inputs.items()
    ]
    for node, shapes in zip(graph.nodes, graph.entering, strict=True):
        values = list(node.inputs)
        calls = node.op.call(shapes)
        for call in calls:
            name = node.name if call is calls[-1] else f"{node.name}.{call.part}"
            on = tuple(values[index] for index in call.on)
            made.append(Made(name, call.target, said(call.target, call.arguments), on))
            values.append(name)
    outputs = dict(graph.outputs)
    whole = outputs if len(outputs) > 1 else next(iter(outputs.values()))
    return Recorded(graph.name, tuple(made), whole)


def said(target: str, arguments: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return arguments as the op holds them, without those that are Keras's defaults."""
    op = BY_LAYER.get(target)
    found = {}
    for name, value in arguments.items():
        if op is None or name not in op.model_fields:
            found[name] = repr(plain(value))
            continue
        held = normal(op.kind, name, listed(value))
        if held != op.model_fields[name].default:
            found[name] = repr(plain(held))
    return tuple(sorted(found.items()))


def plain(value: Any) -> Any:
    """Return a value in which tuples are lists and numbers floats."""
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key != "config" or item}
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def listed(value: Any) -> Any:
    """Return tuples as the lists that a spec has."""
    return [listed(item) for item in value] if isinstance(value, tuple | list) else value


# ── what a source builds ──────────────────────────────────────────────────────────────────────────


class Tensor:
    """A symbolic tensor: its shape with the batch in front, and the layer that made it."""

    def __init__(self, name: str, shape: Shape) -> None:
        self.shape = (None, *shape)
        self._keras_history = SimpleNamespace(operation=SimpleNamespace(name=name))

    @property
    def name(self) -> str:
        return str(self._keras_history.operation.name)

    @property
    def extents(self) -> Shape:
        return self.shape[1:]  # type: ignore[return-value]


class Keras:
    """What a source imports as ``keras``; the last model is ``recorded``."""

    def __init__(self) -> None:
        self.made: list[tuple[str, tuple[tuple[str, str], ...], Tensor, tuple[Tensor, ...]]] = []

    def add(
        self, target: str, arguments: Mapping[str, Any], shape: Shape, on: tuple[Tensor, ...],
        name: str = "",
    ) -> Tensor:  # fmt: skip
        tensor = Tensor(name, shape)
        self.made.append((target, said(target, arguments), tensor, on))
        return tensor

    def input(self, shape: Shape, name: str) -> Tensor:
        return self.add("Input", {"shape": shape}, tuple(shape), (), name)

    def model(self, inputs: Tensor, outputs: Tensor | dict[str, Tensor], name: str) -> Recorded:
        assert inputs.name == "input"
        made = tuple(
            Made(tensor.name, target, arguments, tuple(entering.name for entering in on))
            for target, arguments, tensor, on in self.made
        )
        if isinstance(outputs, Tensor):
            return Recorded(name, made, outputs.name)
        return Recorded(name, made, {key: tensor.name for key, tensor in outputs.items()})

    def layer(self, layer: str) -> Any:
        target = f"layers.{layer}"
        op = BY_LAYER[target]

        def make(*positional: Any, name: str, **arguments: Any) -> Any:
            given = dict(zip(op.model_fields, positional, strict=False))
            assert len(given) == len(positional)
            assert not given.keys() & arguments.keys()
            given |= arguments

            def call(on: Tensor | list[Tensor]) -> Tensor:
                entering = tuple(on) if isinstance(on, list) else (on,)
                fields = {key: listed(value) for key, value in given.items()}
                made = op.model_validate(fields)
                shape = made.infer(tuple(tensor.extents for tensor in entering))
                return self.add(target, given, shape, entering, name)

            return call

        return make

    def function(self, name: str) -> Any:
        def call(*on: Tensor, **arguments: Any) -> Tensor:
            shape = on[0].extents
            if name == "pad":
                sides = arguments["pad_width"][1:]
                shape = tuple(n + sum(side) for n, side in zip(shape, sides, strict=True))
            return self.add(f"ops.{name}", arguments, shape, on)

        return call


class _Names:
    """Something whose attributes are made when they are asked for."""

    def __init__(self, make: Any) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:
        return self._make(name)


def _object(class_name: str) -> Any:
    return lambda **config: {"class_name": class_name, "config": config}


def of_source(source: str, **arguments: Any) -> Recorded:
    """Return what a source builds when its first function is called."""
    result = loaded(source)[main_of(source)](**arguments)
    assert isinstance(result, Recorded)
    return result


def main_of(source: str) -> str:
    """Return the name of the first function of a source."""
    return next(n.name for n in ast.parse(source).body if isinstance(n, ast.FunctionDef))


def parameters_of(source: str) -> list[str]:
    """Return the parameters of the first function of a source."""
    function = next(n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef))
    return [argument.arg for argument in function.args.args]


def loaded(source: str) -> dict[str, Any]:
    """Return the names of a source, run with the stand-in in the place of Keras."""
    keras, module = Keras(), ModuleType("keras")
    members = {
        "Input": keras.input,
        "Model": keras.model,
        "layers": _Names(keras.layer),
        "ops": _Names(keras.function),
        "initializers": _Names(_object),
        "regularizers": _Names(_object),
    }
    vars(module).update(members)
    before = sys.modules.get("keras")
    sys.modules["keras"] = module
    namespace: dict[str, Any] = {"__name__": "generated"}
    try:
        exec(compile(source, "generated.py", "exec"), namespace)  # noqa: S102 - that is the test
    finally:
        del sys.modules["keras"]
        if before is not None:
            sys.modules["keras"] = before
    return namespace


def differences(ours: Recorded, theirs: Recorded) -> Iterator[str]:
    """Yield what differs, in words."""
    if (ours.name, ours.outputs) != (theirs.name, theirs.outputs):
        yield f"{ours.name} {ours.outputs}, not {theirs.name} {theirs.outputs}"
    if len(ours.made) != len(theirs.made):
        yield f"{len(ours.made)} layers, not {len(theirs.made)}"
    for one, other in zip(ours.made, theirs.made, strict=False):
        if one != other:
            yield f"{one}, not {other}"

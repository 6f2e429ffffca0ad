"""A stand-in for Keras that records what generated source builds, to compare with a graph.

A layer is recorded as its name, its class, its arguments as the op's own class holds them, and the
names of what it is called on.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from archgen.backends.python.fields import normal
from archgen.ir import Graph, Op, Shape
from archgen.ops import OPS

BY_LAYER: dict[str, type[Op]] = {
    cls.keras: cls for cls in OPS.values() if isinstance(vars(cls).get("keras"), str)
}
POSITIONS = {"Conv2DTranspose": ("filters", "kernel_size"), "BatchNormalization": ()}


class Made(NamedTuple):
    """A layer: its name, its class, its arguments, the names of what it is called on."""

    name: str
    target: str
    arguments: tuple[tuple[str, str], ...]
    on: tuple[str, ...]


@dataclass
class Recorded:
    """What a source, or a graph, builds, in the order in which it does."""

    name: str = ""
    made: list[Made] = field(default_factory=list)
    outputs: Any = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recorded) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]


class Tensor:
    """A symbolic tensor: the layer that made it, and its shape with the batch in front."""

    def __init__(self, made: Made | None, shape: Shape) -> None:
        self.operation = SimpleNamespace(name=made.name if made else "")
        self._keras_history = SimpleNamespace(operation=self.operation)
        self.shape = (None, *shape)

    @property
    def name(self) -> str:
        return str(self.operation.name)


def plain(value: Any) -> Any:
    """Return a value as JSON has it, tuples and lists alike."""
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def said(target: str, arguments: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return arguments as the op holds them, without those that are Keras's defaults."""
    op = BY_LAYER.get(target)
    found = {}
    for name, value in arguments.items():
        if op is not None and name in op.model_fields:
            held = normal(op.kind, name, _listed(value))
            if held == op.model_fields[name].default:
                continue
            value = held  # noqa: PLW2901 - the same argument as the op holds it
        found[name] = repr(plain(value))
    return tuple(sorted(found.items()))


def _listed(value: Any) -> Any:
    return [_listed(item) for item in value] if isinstance(value, tuple) else value


def of_graph(graph: Graph) -> Recorded:
    """Return what the builder makes of a graph."""
    recorded = Recorded(graph.name)
    for name in graph.inputs:
        recorded.made.append(Made(name, "Input", (("shape", repr(graph.inputs[name])),), ()))
    for node, shapes in zip(graph.nodes, graph.entering, strict=True):
        values = list(node.inputs)
        calls = node.op.call(shapes)
        for call in calls:
            name = node.name if call is calls[-1] else f"{node.name}.{call.part}"
            on = tuple(values[index] for index in call.on)
            recorded.made.append(Made(name, call.target, said(call.target, call.arguments), on))
            values.append(name)
    outputs = dict(graph.outputs)
    recorded.outputs = outputs if len(outputs) > 1 else next(iter(outputs.values()))
    return recorded


class Keras:
    """What generated source imports as ``keras``, ``keras.layers`` and ``keras.ops``."""

    def __init__(self) -> None:
        self.recorded = Recorded()
        self.tensors: list[tuple[int, Tensor]] = []
        self.initializers = _Objects()
        self.regularizers = _Objects()
        self.layers = _Layers(self)
        self.ops = _Functions(self)

    def Input(self, shape: Shape, name: str) -> Tensor:  # noqa: N802 - Keras's name
        return self.add(Made(name, "Input", (("shape", repr(tuple(shape))),), ()), tuple(shape))

    def Model(self, inputs: Tensor, outputs: Any, name: str) -> Recorded:  # noqa: N802
        made = [
            made._replace(name=tensor.name, on=tuple(on.name for on in ons))
            for made, tensor, ons in self.kept
        ]
        shown = outputs.name if isinstance(outputs, Tensor) else None
        named = shown or {key: tensor.name for key, tensor in outputs.items()}
        assert inputs.name == "input"
        self.recorded = Recorded(name, made, named)
        return self.recorded

    @property
    def kept(self) -> list[tuple[Made, Tensor, tuple[Tensor, ...]]]:
        return self._kept

    def add(self, made: Made, shape: Shape, on: tuple[Tensor, ...] = ()) -> Tensor:
        tensor = Tensor(made, shape)
        if not hasattr(self, "_kept"):
            self._kept: list[tuple[Made, Tensor, tuple[Tensor, ...]]] = []
        self._kept.append((made, tensor, on))
        return tensor


class _Objects:
    def __getattr__(self, class_name: str) -> Any:
        return lambda **config: {"class_name": class_name, "config": config}


class _Layers:
    def __init__(self, keras: Keras) -> None:
        self._keras = keras

    def __getattr__(self, name: str) -> Any:
        target = f"layers.{name}"
        op = BY_LAYER[target]
        order = list(op.model_fields)

        def make(*positional: Any, name: str, **arguments: Any) -> Any:
            given = dict(zip(order, positional, strict=False)) | arguments
            assert len(given) == len(positional) + len(arguments)

            def call(on: Any) -> Tensor:
                entering = tuple(on) if isinstance(on, list) else (on,)
                shapes = tuple(tensor.shape[1:] for tensor in entering)
                fields = {key: _listed(value) for key, value in given.items()}
                shape = op.model_validate(fields).infer(shapes)
                return self._keras.add(Made(name, target, said(target, given), ()), shape, entering)

            return call

        return make


class _Functions:
    def __init__(self, keras: Keras) -> None:
        self._keras = keras

    def __getattr__(self, name: str) -> Any:
        def call(*on: Tensor, **arguments: Any) -> Tensor:
            shape = on[0].shape[1:]
            if name == "pad":
                sides = arguments["pad_width"][1:]
                shape = tuple(n + sum(side) for n, side in zip(shape, sides, strict=True))
            target = f"ops.{name}"
            return self._keras.add(Made("", target, said(target, arguments), ()), shape, on)

        return call


def of_source(source: str, name: str, **arguments: Any) -> Recorded:
    """Return what a source builds when its main function is called."""
    namespace = loaded(source)
    result = namespace[name](**arguments)
    assert isinstance(result, Recorded)
    return result


def loaded(source: str) -> dict[str, Any]:
    """Return the names of a source that was run with the stand-in for Keras."""
    keras = Keras()
    module = ModuleType("keras")
    for each in ("Input", "Model", "layers", "ops", "initializers", "regularizers"):
        setattr(module, each, getattr(keras, each))
    before = sys.modules.get("keras")
    sys.modules["keras"] = module
    try:
        namespace: dict[str, Any] = {"__name__": "generated"}
        exec(compile(source, "generated.py", "exec"), namespace)  # noqa: S102 - that is the test
    finally:
        if before is None:
            del sys.modules["keras"]
        else:
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


__all__ = ["Recorded", "TypeAdapter", "differences", "of_graph", "of_source"]

"""Networks whose pixels are NaN: what looks at a NaN becomes one, so it shows what is reached.

The ops that archgen has are those of the reference; some that it has not are here, since the
contract must be able to say them.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from random import Random
from typing import Any, ClassVar

import numpy as np  # noqa: TID253 - an oracle of arrays

from archgen.geometry import Axis, AxisPadding, fit
from archgen.inference import inferred
from archgen.ir import Graph, Moved, Node, Op, Refusal, Shape, Taps, size_of
from archgen.lints.dead import Dead
from archgen.ops.conv import Conv
from archgen.ops.dense import Dense, Flatten
from archgen.ops.join import Add, Concat, Maximum, Multiply
from archgen.ops.norm import BatchNorm
from archgen.ops.pointwise import Activation
from archgen.ops.pool import AvgPool, GlobalAvgPool, GlobalMaxPool, MaxPool
from tests.reference import Array, forward, lines

SMALL = 7

# ── networks ──────────────────────────────────────────────────────────────────────────────────────


def chain(shape: Shape, *ops: Op) -> Graph:
    return graph_of(shape, [(op, ("input" if not n else f"n{n - 1}",)) for n, op in enumerate(ops)])


def graph_of(shape: Shape, wired: Sequence[tuple[Op, tuple[str, ...]]]) -> Graph:
    shapes, nodes = {"input": shape}, []
    for n, (op, inputs) in enumerate(wired):
        made = op.infer(tuple(shapes[name] for name in inputs))
        shapes[f"n{n}"] = made
        nodes.append(Node(f"n{n}", op, inputs, made))
    return Graph("net", tuple(nodes), {"input": shape}, {"output": nodes[-1].name})


def conv(kernel: Any, filters: int = 1, **fields: Any) -> Conv:
    return Conv(filters=filters, kernel_size=kernel, **fields)


# ── ops that may come: the contract can say them ──────────────────────────────────────────────────


class Reshape(Op):
    kind: ClassVar[str] = "test_reshape"
    shape: tuple[int, ...]

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        if size_of(inputs[0]) != size_of(self.shape):
            raise Refusal("E330", "")
        return self.shape

    def taps(self, _inputs: tuple[Shape, ...]) -> tuple[Moved, ...]:
        return (Moved(self.shape),)


class Permute(Op):
    kind: ClassVar[str] = "test_permute"
    order: tuple[int, ...]

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return tuple(inputs[0][axis] for axis in self.order)

    def taps(self, inputs: tuple[Shape, ...]) -> tuple[Moved, ...]:
        return (Moved(self.infer(inputs), self.order),)


class Shift(Op):
    """Pads with zeros, or crops where the number is negative."""

    kind: ClassVar[str] = "test_shift"
    sides: tuple[tuple[int, int], tuple[int, int]]

    def axes(self) -> tuple[Axis, Axis]:
        return Axis(1, padding=self.sides[0]), Axis(1, padding=self.sides[1])

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        sizes = [fit(size, axis) for size, axis in zip(inputs[0], self.axes(), strict=False)]
        if None in sizes:
            raise Refusal("E310", "")
        return (*(laid.size for laid in sizes if laid), inputs[0][2])

    def taps(self, _inputs: tuple[Shape, ...]) -> tuple[Taps, ...]:
        return (Taps(self.axes()),)


class UpSample(Op):
    kind: ClassVar[str] = "test_up_sample"
    size: int

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return (inputs[0][0] * self.size, inputs[0][1] * self.size, inputs[0][2])

    def taps(self, _inputs: tuple[Shape, ...]) -> tuple[Taps, ...]:
        axis = Axis(self.size, self.size)
        return (Taps((axis, axis), transposed=True),)


class Transposed(Op):
    """Convolution from the outputs back; padding as Keras has it."""

    kind: ClassVar[str] = "test_transposed"
    kernel: int
    stride: int
    padding: str
    filters: int

    def axis(self) -> Axis:
        padding: AxisPadding = "same" if self.padding == "same" else "valid"
        return Axis(self.kernel, self.stride, padding=padding)

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        more = 0 if self.padding == "same" else max(self.kernel - self.stride, 0)
        return (*(size * self.stride + more for size in inputs[0][:2]), self.filters)

    def taps(self, _inputs: tuple[Shape, ...]) -> tuple[Taps, ...]:
        return (Taps((self.axis(), self.axis()), 1, self.filters, transposed=True),)


class Separable(Op):
    """A kernel for each channel alone, then one that mixes them."""

    kind: ClassVar[str] = "test_separable"
    kernel: int
    multiplier: int
    filters: int

    def depthwise(self, channels: int) -> Conv:
        return conv(self.kernel, channels * self.multiplier, groups=channels, padding="same")

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return (*inputs[0][:2], self.filters)

    def taps(self, inputs: tuple[Shape, ...]) -> tuple[Taps, ...]:
        depthwise = self.depthwise(inputs[0][2])
        axes = depthwise.axes()
        return (Taps(axes, inputs[0][2], self.multiplier), Taps(groups=1, weights=self.filters))


class Mixed(Op):
    """Cannot tell what goes where."""

    kind: ClassVar[str] = "test_mixed"

    def taps(self, _inputs: tuple[Shape, ...]) -> None:
        return


# ── the oracle ────────────────────────────────────────────────────────────────────────────────────


def tainted(op: Any, inputs: list[Array], output: Shape) -> tuple[Array, int, int]:
    """Return an op's output, how many of its weights are never multiplied with a NaN, of all."""
    if op.kind in LATER:
        answer: tuple[Array, int, int] = LATER[op.kind](op, inputs[0], output)
        return answer
    shapes = tuple(np.shape(value) for value in inputs)
    weights = {weight.name: np.ones(weight.shape) for weight in op.weights(shapes)}
    value = forward(op, inputs, weights).value
    if isinstance(op, Conv):
        return (value, *conv_counts(op, inputs[0]))
    if isinstance(op, Dense):
        idle = ~np.isnan(inputs[0]).reshape(-1, shapes[0][-1]).any(axis=0)
        return value, int(idle.sum()) * op.units, weights["kernel"].size
    return value, 0, 0


def conv_counts(op: Conv, image: Array) -> tuple[int, int]:
    live = np.zeros((*op.kernel_size, image.shape[2]), dtype=bool)
    rows, columns = lines(op, image)
    for i, j in np.ndindex(len(rows.windows), len(columns.windows)):
        for a, b in np.ndindex(op.kernel_size):
            row, column = rows.windows[i][a], columns.windows[j][b]
            if row in rows.map and column in columns.map:
                live[a, b] |= np.isnan(image[row, column])
    each = op.filters // op.groups
    return int((~live).sum()) * each, live.size * each


def shift(op: Shift, image: Array, _: Shape) -> tuple[Array, int, int]:
    pads = [(max(before, 0), max(after, 0)) for before, after in op.sides]
    (top, bottom), (left, right) = [(max(-b, 0), max(-a, 0)) for b, a in op.sides]
    value = np.pad(image, (*pads, (0, 0)))
    return value[top : value.shape[0] - bottom, left : value.shape[1] - right], 0, 0


def transposed(op: Transposed, image: Array, output: Shape) -> tuple[Array, int, int]:
    """Give each tap of each position to the output it falls on; Keras crops evenly, then behind."""
    reach = op.kernel if op.padding == "valid" else op.stride
    before = max(op.kernel - reach, 0) // 2
    value = np.zeros(output)
    live = np.zeros((op.kernel, op.kernel, image.shape[2]), dtype=bool)
    for i, j, a, b in np.ndindex(*image.shape[:2], op.kernel, op.kernel):
        row, column = i * op.stride + a - before, j * op.stride + b - before
        if 0 <= row < output[0] and 0 <= column < output[1]:
            value[row, column] += image[i, j].sum()
            live[a, b] |= np.isnan(image[i, j])
    return value, int((~live).sum()) * op.filters, live.size * op.filters


def separable(op: Separable, image: Array, _: Shape) -> tuple[Array, int, int]:
    stages = (op.depthwise(image.shape[2]), conv(1, op.filters))
    dead = weights = 0
    for stage in stages:
        shape = tuple(image.shape)
        image, missed, counted = tainted(stage, [image], stage.infer((shape,)))
        dead, weights = dead + missed, weights + counted
    return image, dead, weights


LATER: Mapping[str, Callable[[Any, Array, Shape], tuple[Array, int, int]]] = {
    "test_reshape": lambda op, image, _: (image.reshape(op.shape), 0, 0),
    "test_permute": lambda op, image, _: (image.transpose(op.order), 0, 0),
    "test_shift": shift,
    "test_up_sample": lambda op, image, _: (image.repeat(op.size, 0).repeat(op.size, 1), 0, 0),
    "test_transposed": transposed,
    "test_separable": separable,
    "test_mixed": lambda _, image, output: (np.full(output, image.sum()), 0, 0),
}

# ── random networks ───────────────────────────────────────────────────────────────────────────────


def padding(random: Random) -> Any:
    pads = tuple((random.randint(0, 3), random.randint(0, 3)) for _ in range(2))
    return random.choice(["same", "valid", pads, pads])


def pair(random: Random, most: int) -> tuple[int, int]:
    return random.randint(1, most), random.randint(1, most)


def random_op(random: Random, shape: Shape) -> Op:
    """Return an op that may fit a shape; ValueError where its fields do not go together."""
    made: Op = random.choice(makers(random, shape))()
    return made


def makers(random: Random, shape: Shape) -> list[Callable[[], Any]]:
    if len(shape) != 3:
        return [
            lambda: Dense(units=random.randint(1, 3)),
            BatchNorm,
            lambda: Activation(activation="softmax"),
            lambda: Reshape(shape=(1, 1, *shape)),
            lambda: Reshape(shape=(shape[-1], 1, 1)),
        ]
    divisors = [n for n in range(1, shape[2] + 1) if shape[2] % n == 0]
    groups, strided = random.choice(divisors), random.random() < 0.4
    window: dict[str, Any] = {"pool_size": pair(random, 4), "strides": pair(random, 3)}
    factors = [(a, b, size_of(shape) // (a * b)) for a in range(1, 5) for b in range(1, 5)]
    return [
        lambda: Conv(
            filters=groups * random.randint(1, 3), kernel_size=pair(random, 5), groups=groups,
            padding=padding(random), strides=pair(random, 3) if strided else (1, 1),
            dilation_rate=(1, 1) if strided else pair(random, 3),
        ),
        lambda: Conv(filters=2, kernel_size=(1, 1), padding=padding(random)),
        lambda: MaxPool(**window, padding=padding(random), ceil_mode=random.random() < 0.5),
        lambda: AvgPool(**window, padding=padding(random)),
        lambda: Activation(activation=random.choice(["relu", "softmax", "sigmoid"])),
        BatchNorm,
        lambda: Dense(units=2),
        random.choice([Flatten, GlobalAvgPool, GlobalMaxPool]),
        lambda: GlobalAvgPool(keepdims=True),
        lambda: Shift(sides=(shifts(random), shifts(random))),
        lambda: UpSample(size=random.randint(1, 3)),
        lambda: Transposed(
            kernel=random.randint(1, 4), stride=random.randint(1, 3), filters=2,
            padding=random.choice(["same", "valid"]),
        ),
        lambda: Separable(kernel=random.randint(1, 5), multiplier=random.randint(1, 2), filters=2),
        lambda: Reshape(shape=random.choice(factors)),
        lambda: Permute(order=random.choice([(1, 0, 2), (2, 0, 1), (0, 2, 1)])),
        Mixed,
    ]  # fmt: skip


def shifts(random: Random) -> tuple[int, int]:
    return random.randint(-2, 2), random.randint(-2, 2)


def random_join(random: Random, shapes: Mapping[str, Shape]) -> tuple[Op, tuple[str, ...]]:
    op = random.choice([Concat, Concat, Concat, Add, Multiply, Maximum])()
    return op, tuple(random.choice(list(shapes)) for _ in range(random.randint(2, 3)))


@cache
def random_graph(seed: int) -> Graph:
    """Return a network of a dozen ops that fit, joins among them; outputs are not all used."""
    random = Random(seed)
    shape = (*pair(random, SMALL), random.randint(1, 3))
    shapes: dict[str, Shape] = {"input": shape}
    wired: list[tuple[Op, tuple[str, ...]]] = []
    for _ in range(60):
        try:
            late = list(shapes)[-3:]
            inputs: tuple[str, ...] = (random.choice(late),)
            op = random_op(random, shapes[inputs[0]])
            if random.random() < 0.4:
                op, inputs = random_join(random, shapes)
        except ValueError:
            continue
        made = inferred(op, tuple(shapes[name] for name in inputs))
        if isinstance(made, Refusal) or size_of(made) > 600 or len(wired) > 12:
            continue
        shapes[f"n{len(wired)}"] = made
        wired.append((op, inputs))
    return graph_of(shape, wired)


def brute_force(graph: Graph) -> dict[str, Dead]:
    values = {name: np.full(shape, np.nan) for name, shape in graph.inputs.items()}
    counts = {}
    for node in graph:
        inputs = [values[name] for name in node.inputs]
        values[node.name], dead, weights = tainted(node.op, inputs, node.shape)
        assert values[node.name].shape == node.shape
        if weights:
            counts[node.name] = Dead(dead, weights)
    return counts

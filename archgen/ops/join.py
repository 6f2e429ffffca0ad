"""Joins: several values become one; a fork names one of them, or an entry with `inputs`."""

from typing import ClassVar

from archgen.ir import Call, Caption, Op, Refusal, Shape, shape_text

SHOWN_SHAPES = 4


class Join(Op):
    """Any number of inputs from two."""

    arity: ClassVar[int | None] = None
    sign: ClassVar[str] = ""

    def caption(self) -> Caption:
        """Return the sign of the join, or its name."""
        return Caption(self.sign or self.label(), "", "concat" if self.kind == "concat" else "add")

    def call(self, inputs: tuple[Shape, ...]) -> tuple[Call, ...]:
        """Return the Keras merge layer, called on the list of the inputs."""
        return (Call(self.keras, self.arguments(), on=tuple(range(len(inputs)))),)


class Concat(Join):
    """Channels side by side, in the order of the branches."""

    kind: ClassVar[str] = "concat"
    keras: ClassVar[str] = "layers.Concatenate"

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """Return the maps with their channels added up; Raises Refusal E320."""
        if len({shape[:-1] for shape in inputs}) > 1:
            label = "height and width differ" if _ranks(inputs) == 1 else "maps beside features"
            raise Refusal("E320", f"`concat` cannot join {_listed(inputs)}", label)
        return (*inputs[0][:-1], sum(shape[-1] for shape in inputs))


class _Elementwise(Join):
    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        """Return the largest map; 1×1 maps are spread over it; Raises Refusal E320."""
        result = max(inputs)
        for shape in inputs:
            spread = len(shape) == 3 and shape[:2] == (1, 1) and shape[2] == result[-1]  # noqa: PLR2004
            if shape != result and not (spread and len(result) == len(shape)):
                message = f"`{self.kind}` cannot join {_listed(inputs)}"
                raise Refusal("E320", message, "shapes differ")
        return result


class Add(_Elementwise):
    """Sum, scalar by scalar."""

    kind: ClassVar[str] = "add"
    keras: ClassVar[str] = "layers.Add"
    sign: ClassVar[str] = "+"


class Multiply(_Elementwise):
    """Product, scalar by scalar."""

    kind: ClassVar[str] = "multiply"
    keras: ClassVar[str] = "layers.Multiply"
    sign: ClassVar[str] = "×"


class Average(_Elementwise):
    """Mean, scalar by scalar."""

    kind: ClassVar[str] = "average"
    keras: ClassVar[str] = "layers.Average"


class Maximum(_Elementwise):
    """Largest, scalar by scalar."""

    kind: ClassVar[str] = "maximum"
    keras: ClassVar[str] = "layers.Maximum"


class Minimum(_Elementwise):
    """Smallest, scalar by scalar."""

    kind: ClassVar[str] = "minimum"
    keras: ClassVar[str] = "layers.Minimum"


def _ranks(shapes: tuple[Shape, ...]) -> int:
    return len({len(shape) for shape in shapes})


def _listed(shapes: tuple[Shape, ...]) -> str:
    """Return the different shapes in words, the first few of many."""
    texts = list(dict.fromkeys(map(shape_text, shapes)))
    *most, last = texts if len(texts) <= SHOWN_SHAPES else [*texts[: SHOWN_SHAPES - 1], "others"]
    return f"{', '.join(most)} and {last}" if most else last

"""What archgen refuses, Keras refuses, and nothing else; what archgen alone refuses is listed.

An op asks the same question wherever it stands: does it take these shapes, and what comes out? The
questions are those that random specs came to, and random ops on random shapes. Keras is asked by
the same calls on symbolic inputs, or, where refused shapes have no calls, by the stock layer behind
a layer of padding.
"""

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from random import Random
from typing import Any, NamedTuple

import pytest
from pydantic import ValidationError

import archgen
from archgen.inference import inferred
from archgen.ir import Call, Op, Refusal, Shape
from archgen.ops import OPS
from archgen.ops.fields import as_sides
from tests.keras_layer.cases import Case
from tests.random_specs import ARRANGING, ELEMENTWISE, ENDING, WINDOWED, spec
from tests.strategies import DEFAULT, ON_DEMAND, agreeing, drawn, seeded

pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore:You are using a softmax over axis:UserWarning"),
]

NUMBERS = [DEFAULT, pytest.param(ON_DEMAND, marks=pytest.mark.full)]
QUESTIONS_A_SPEC = 8  # so many random ops are asked for each random spec
HUGE = 46_341  # the least side of a square map of over 2^31 positions


class Question(NamedTuple):
    """An op on shapes, and what archgen answers."""

    op: Op
    shapes: tuple[Shape, ...]
    answer: Shape | Refusal

    def __str__(self) -> str:
        code = self.answer.code if isinstance(self.answer, Refusal) else ""
        return f"{self.op!r} on {self.shapes}: {code or self.answer}"


# ── what archgen alone refuses ────────────────────────────────────────────────────────────────────


class Stricter(NamedTuple):
    """A reason to refuse what Keras takes, the questions it speaks of, and one of them."""

    reason: str
    code: str
    holds: Callable[[Op, tuple[Shape, ...]], bool]
    example: Case


def _broadcast(op: Op, shapes: tuple[Shape, ...]) -> bool:
    """Say whether an elementwise join could be spread as NumPy does, the last axes aligned."""
    longest = max(map(len, shapes))
    aligned = [(1,) * (longest - len(shape)) + shape for shape in shapes]
    extents = [set(axis) - {1} for axis in zip(*aligned, strict=True)]
    return op.kind in ELEMENTWISE and all(len(axis) < 2 for axis in extents)


def _one_rank(op: Op, shapes: tuple[Shape, ...]) -> bool:
    return _broadcast(op, shapes) and len(set(map(len, shapes))) == 1


def _two_ranks(op: Op, shapes: tuple[Shape, ...]) -> bool:
    return _broadcast(op, shapes) and len(set(map(len, shapes))) > 1


def _beyond(op: Op, shapes: tuple[Shape, ...]) -> bool:
    try:
        return max(op.infer(shapes)) >= 2**31
    except Refusal:
        return False


STRICTER = (
    Stricter(
        "Keras spreads any axis of one, so a lost width or channel would go unseen",
        "E320", _one_rank, Case("add", {}, ((7, 6, 4), (7, 1, 4))),
    ),
    Stricter(
        "Keras joins features with a map, axis by axis from the last",
        "E320", _two_ranks, Case("maximum", {}, ((7, 6, 4), (4,))),
    ),
    Stricter(
        "Keras counts dimensions without end; no tensor holds them",
        "E330", _beyond, Case("flatten", {}, ((HUGE, HUGE, 1),)),
    ),
    Stricter(
        "Keras looks at a dropout's noise in training alone, and fails there",
        "E330", lambda op, _: op.kind == "dropout",
        Case("dropout", {"rate": 0.5, "noise_shape": [None, 1]}, ((7, 6, 4),)),
    ),
    Stricter(
        "Keras gives features a size, and fails when it is to resize them",
        "E330", lambda op, _: op.kind == "resize",
        Case("resize", {"height": 2, "width": 3}, ((9,),)),
    ),
)  # fmt: skip
# Fields that Keras takes apart from each other, since it has no such layer in one.
STRICTER_FIELDS = {
    "padding": "a window that lies on padding alone has no maximum and no average",
    "ceil_mode": "`same` covers every position already",
    "count_padding": "`valid` has no padding to count",
    "strides": "by channel, TensorFlow takes unequal ones in its oneDNN build alone",
    "output_padding": "behind an even window with `same`, 0 leaves the last position no place",
    "dilation_rate": "by channel, TensorFlow takes it with strides in its oneDNN build alone",
}


# ── asking ────────────────────────────────────────────────────────────────────────────────────────


def calls(op: Any, shapes: tuple[Shape, ...]) -> Iterable[Call]:
    """Return an op's calls; by hand for a pool that does not fit and so cannot say them."""
    try:
        return tuple(op.call(shapes))
    except Refusal:
        sides = 0 if isinstance(op.padding, str) else op.padding
        return (Call("layers.ZeroPadding2D", {"padding": sides}), op.stock(padded=True))


def keras_shape(keras: Any, op: Op, shapes: tuple[Shape, ...]) -> Shape | None:
    """Return the shape that Keras gives, None where it refuses."""
    values = [keras.Input(shape) for shape in shapes]
    try:
        for call in calls(op, shapes):
            target = reduce(getattr, call.target.split("."), keras)
            on = [values[index] for index in call.on]
            if call.target.startswith("ops."):
                values.append(target(*on, **call.arguments))
            else:
                values.append(target(**call.arguments)(on[0] if len(on) == 1 else on))
    except ValueError:
        return None
    return tuple(values[-1].shape[1:])


def asked_by_specs(number: int, patch: pytest.MonkeyPatch) -> Iterator[Question]:
    """Return every question of the random specs that come to a refusal of shapes."""
    found: list[Question] = []

    def recorded(op: Op, shapes: tuple[Shape, ...]) -> Shape | Refusal:
        answer = inferred(op, shapes)
        found.append(Question(op, shapes, answer))
        return answer

    patch.setattr("archgen.nodes.inferred", recorded)
    for seed in range(number):
        found.clear()
        try:
            archgen.graph(spec(seed))
        except archgen.SpecError as error:
            codes = {fault.code for fault in error.faults} & {"E310", "E320", "E330"}
            refused = [question for question in found if isinstance(question.answer, Refusal)]
            assert bool(codes) == bool(refused)
            yield from found


def drawn_questions(number: int) -> Iterator[Question]:
    """Return random ops on random shapes, most of them small."""
    random = seeded(number)
    for _ in range(number):
        kind = random.choice((*OPS, *WINDOWED, "concat", "concat"))
        op = OPS[kind].model_validate(agreeing(OPS[kind], random))
        shapes = joined(random) if op.arity is None else (shape(random),)
        if random.random() < 0.02:
            op, shapes = OPS["flatten"](), ((HUGE - random.randint(0, 1), HUGE, 1),)
        yield Question(op, shapes, inferred(op, shapes))


def shape(random: Random) -> Shape:
    if random.random() < 0.1:
        return (random.randint(1, 9),)
    return (random.randint(1, 7), random.randint(1, 7), random.choice((1, 2, 3, 4, 6)))


def joined(random: Random) -> tuple[Shape, ...]:
    """Return shapes that are equal or differ in an axis or two."""
    first = shape(random)
    found = [first]
    for _ in range(random.randint(1, 2)):
        other = list(first)
        for _ in range(random.randint(0, 2)):
            other[random.randrange(len(other))] = random.choice((1, 3, *first))
        found.append(tuple(other) if random.random() < 0.9 else shape(random))
    if len(first) > 1 and random.random() < 0.2:
        found.append((1, 1, first[2]))
    random.shuffle(found)
    return tuple(found)


class Asked(NamedTuple):
    """A question, and what Keras answers."""

    question: Question
    keras: Shape | None

    @property
    def refused(self) -> bool:
        return isinstance(self.question.answer, Refusal)

    @property
    def stricter(self) -> list[Stricter]:
        """Return the listed reasons that speak of a question that archgen alone refuses."""
        op, shapes, answer = self.question
        if not isinstance(answer, Refusal) or self.keras is None:
            return []
        return [row for row in STRICTER if row.code == answer.code and row.holds(op, shapes)]


@pytest.fixture(scope="module", params=NUMBERS)
def asked(request: pytest.FixtureRequest, keras: Any) -> Sequence[Asked]:
    """Ask Keras what archgen was asked, each once."""
    number: int = request.param
    with pytest.MonkeyPatch.context() as patch:
        questions = [*asked_by_specs(number, patch), *drawn_questions(number * QUESTIONS_A_SPEC)]
    answers = []
    for question in {repr(question[:2]): question for question in questions}.values():
        answers.append(Asked(question, keras_shape(keras, question.op, question.shapes)))
        if len(answers) % 500 == 0:
            keras.backend.clear_session()
            gc.collect()
    return answers


def test_keras_gives_the_shape_that_archgen_gives(asked: Sequence[Asked]) -> None:
    given = [each for each in asked if not each.refused]
    assert [str(each) for each in given if each.keras != each.question.answer] == []
    assert len(given) > 0.3 * len(asked)


def test_keras_refuses_what_archgen_refuses_or_a_reason_is_listed(asked: Sequence[Asked]) -> None:
    refused = [each for each in asked if each.refused]
    alone = [each for each in refused if each.keras is not None]
    assert [str(each) for each in alone if len(each.stricter) != 1] == []
    assert 0.2 < len(refused) / len(asked) < 0.7
    assert len(alone) < 0.5 * len(refused)


def test_every_refusal_and_every_reason_is_met(asked: Sequence[Asked]) -> None:
    met = Counter(
        (each.question.op.kind, each.question.answer.code)
        for each in asked
        if isinstance(each.question.answer, Refusal)
    )
    windows = [(kind, code) for kind in WINDOWED for code in ("E310", "E330")]
    alone = ("conv_transpose", "local_response_norm", "dropout", *ARRANGING, *ENDING)
    joins = [(kind, "E320") for kind in ("concat", *ELEMENTWISE)]
    others = [(kind, "E330") for kind in alone]
    assert [each for each in (*windows, *joins, *others) if not met[each]] == []
    assert {row.reason for each in asked for row in each.stricter} == {r.reason for r in STRICTER}


@pytest.mark.parametrize("row", STRICTER, ids=lambda row: row.reason)
def test_a_listed_reason_is_one(row: Stricter, keras: Any) -> None:
    op, shapes = row.example.op(), tuple(row.example.shapes)
    refusal = inferred(op, shapes)
    assert isinstance(refusal, Refusal)
    assert refusal.code == row.code
    assert row.holds(op, shapes)
    assert keras_shape(keras, op, shapes) is not None


# ── fields ────────────────────────────────────────────────────────────────────────────────────────


def keras_takes(keras: Any, kind: str, fields: dict[str, Any]) -> bool:
    """Say whether Keras makes the stock layer, behind a layer of explicit padding."""
    ours = ("fixed", "ceil_mode", "count_padding", "padding")
    given = {name: value for name, value in fields.items() if name not in ours}
    padding = fields.get("padding", "valid")
    image = keras.Input((24, 24, 6))
    try:
        if isinstance(padding, str):
            given["padding"] = padding
        else:
            image = keras.layers.ZeroPadding2D(as_sides(padding))(image)
        reduce(getattr, OPS[kind].keras.split("."), keras)(**given)(image)
    except ValueError:
        return False
    return True


def test_fields_contradict_where_keras_says_so_or_a_reason_is_listed(keras: Any) -> None:
    random, blamed = seeded(11), Counter[tuple[str, bool]]()
    for _ in range(6 * DEFAULT):
        kind = random.choice((*WINDOWED, *2 * ("conv_transpose",)))
        fields = drawn(OPS[kind], random)
        try:
            OPS[kind].model_validate(fields)
            blame = ""
        except ValidationError as error:
            blame = error.errors()[0]["ctx"]["field"]
        blamed[blame, keras_takes(keras, kind, fields)] += 1
    listed = {(field, True) for field in STRICTER_FIELDS}
    refused = {(field, False) for field in ("groups", "dilation_rate", "output_padding")}
    assert blamed.keys() == {("", True)} | refused | listed
    assert min(blamed.values()) >= 2

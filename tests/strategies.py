"""Random fields for every op; a seed gives the same ones everywhere.

What a field may be is looked up by its type, so an op with a field of a new type is an error here
until the type has a strategy.
"""

import inspect
import os
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from pydantic import ValidationError

from archgen.ir import Op
from archgen.ops.fields import (
    ACTIVATIONS,
    AboveZero,
    Activation,
    Border,
    Dims,
    Flag,
    FromZero,
    Initializer,
    Interpolation,
    NoiseShape,
    Number,
    OptionalCounts,
    OptionalPair,
    Padding,
    PairField,
    Positive,
    Regularizer,
    SameOrValid,
    Share,
    TargetShape,
)

# How many random graphs a run compares, and how many one on demand.
DEFAULT = 300
ON_DEMAND = int(os.environ.get("ARCHGEN_RANDOM_GRAPHS", "5000"))

Strategy = Callable[[Random], Any]
Fields = dict[str, Any]

# ── fields ────────────────────────────────────────────────────────────────────────────────────────


def seeded(seed: int) -> Random:
    return Random(seed)


def one_of(*values: Any) -> Strategy:
    return lambda random: random.choice(values)


def pairs(*values: int) -> Strategy:
    """Give a number for both axes, or one for each."""

    def pair(random: Random) -> Any:
        both = random.choice(values)
        return both if random.random() < 0.5 else [both, random.choice(values)]

    return pair


def border(random: Random) -> Any:
    """Give positions around a map in each of the three ways."""

    def side() -> Any:
        amount = random.choice((0, 1, 1, 2))
        return amount if random.random() < 0.3 else [amount, random.choice((0, 1, 2))]

    return random.choice((0, 1, 2, *[[side(), side()] for _ in range(4)]))


def padding(random: Random) -> Any:
    explicit = border(random)
    return random.choice(("same", "same", "valid", explicit, explicit))


NOISE = (
    *([None, None, None, 1], [None, 1, 1, None], [1, None, 1, 4], [1, 1, 1, 1]),
    *([None, 1], [1, None], [2, None, None, None]),
)
STRATEGIES: tuple[tuple[object, Strategy], ...] = (
    (Positive, one_of(1, 2, 3, 4, 5, 6)),
    (Flag, lambda random: random.random() < 0.5),
    (Number, one_of(-1.5, -0.5, 0.25, 0.5, 1, 2)),
    (Share, one_of(0, 0.1, 0.5)),
    (AboveZero, one_of(0.5, 1, 2)),
    (FromZero, one_of(0, 0.01, 0.5, 2)),
    (PairField, pairs(1, 2, 3)),
    (OptionalPair, pairs(1, 2, 3)),
    (OptionalCounts, lambda random: random.choice((None, pairs(0, 0, 1, 1, 2)(random)))),
    (Padding, padding),
    (Border, border),
    (SameOrValid, one_of("same", "valid")),
    (Dims, one_of([2, 1, 3], [2, 1, 3], [1, 3, 2], [3, 1, 2], [1, 2, 3], [1], [2, 1], [1, 3, 3])),
    (TargetShape, one_of([-1], [-1, 1, 1], [1, -1, 2], [2, -1, 2], [-1, 2, 2], [2, 3], [-1, -1])),
    (NoiseShape, lambda random: random.choice((None, *NOISE))),
    (Interpolation, one_of("nearest", "nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")),
    (Activation, one_of(*ACTIVATIONS)),
    (Initializer, one_of("ones", "he_normal", {"class_name": "Constant", "config": {"value": 2}})),
    (Regularizer, one_of("l2", None, {"class_name": "L1", "config": {"l1": 0.5}})),
)
# What fits small maps more often, or keeps numbers finite, than any value of the field's type.
NARROWER: Mapping[str, Strategy] = {
    "filters": one_of(1, 2, 3, 4, 4, 6, 6, 8),
    "groups": one_of(1, 2, 2, 3),
    "kernel_size": pairs(1, 1, 2, 3, 3, 3, 4, 5),
    "pool_size": pairs(1, 2, 2, 3, 3, 4),
    "strides": pairs(1, 1, 2, 2, 3),
    "dilation_rate": pairs(1, 2, 2, 3),
    "depth_multiplier": one_of(1, 2, 2, 3),
    "height": one_of(1, 2, 3, 4, 5, 7, 8, 12),
    "width": one_of(1, 2, 3, 4, 5, 7, 8, 12),
    "epsilon": one_of(0.001, 0.01, 0.5),
    "momentum": one_of(0.5, 0.9),
}


def strategy(cls: type[Op], name: str) -> Strategy:
    """Return what draws a field, by its type; Raises TypeError for a type that has no strategy."""
    annotations: dict[str, object] = {}
    for base in reversed(cls.__mro__):
        annotations |= inspect.get_annotations(base)
    for kind, drawing in STRATEGIES:
        if kind is annotations[name]:
            return NARROWER.get(name, drawing)
    raise TypeError(f"the type of {cls.__name__}.{name} has no strategy")


def drawn(cls: type[Op], random: Random, **given: Any) -> Fields:
    """Return the fields that are required or given, and some of the others; they may contradict."""
    fields = cls.model_fields
    said = [name for name in fields if fields[name].is_required() or random.random() < 0.3]
    return {name: strategy(cls, name)(random) for name in said if name not in given} | given


def agreeing(cls: type[Op], random: Random, **given: Any) -> Fields:
    """Draw until the op's class finds no contradiction among the fields."""
    while True:
        fields = drawn(cls, random, **given)
        try:
            cls.model_validate(fields)
        except ValidationError:
            continue
        return fields

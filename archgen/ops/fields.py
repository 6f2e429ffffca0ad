"""Field types that ops share: normalised before Pydantic's strict checks see them.

The descriptions finish the sentence "`strides` must be …".
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from archgen.limits import LIMITS
from archgen.ops.keras_objects import KerasObject

Positive = Annotated[
    int, Field(ge=1, le=LIMITS.dimension, description="a whole number from 1 to 2,147,483,647")
]
NonNegative = Annotated[
    int, Field(ge=0, le=LIMITS.dimension, description="a whole number from 0 to 2,147,483,647")
]
Flag = Annotated[bool, Field(description="true or false")]
Number = Annotated[float, Field(description="a number")]
Share = Annotated[float, Field(ge=0, lt=1, description="a number from 0 to below 1")]
AboveZero = Annotated[float, Field(gt=0, description="a number above 0")]
FromZero = Annotated[float, Field(ge=0, description="a number from 0")]


def wrong(field: str, reason: str) -> PydanticCustomError:
    """Return the refusal of a field that does not go with the others."""
    return PydanticCustomError("wrong_field", "{reason}", {"field": field, "reason": reason})


def as_pair(value: Any) -> Any:
    """Return ``3`` as (3, 3) and ``[3, 1]`` as (3, 1)."""
    return tuple(value) if isinstance(value, list | tuple) else (value, value)


def as_sides(value: Any) -> Any:
    """Bring ZeroPadding2D's forms ``1``, ``[1, 2]`` and ``[[0, 1], [0, 1]]`` to the last."""
    return value if isinstance(value, str) else tuple(as_pair(side) for side in as_pair(value))


def unless_none(normalise: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Let null pass and normalise everything else."""
    return lambda value: None if value is None else normalise(value)


_PAIR = "a whole number from 1, or two of them: [height, width]"
_Pair = tuple[Positive, Positive]
PairField = Annotated[
    _Pair,
    BeforeValidator(as_pair, json_schema_input_type=Positive | _Pair),
    Field(description=_PAIR),
]
OptionalPair = Annotated[
    _Pair | None,
    BeforeValidator(unless_none(as_pair), json_schema_input_type=Positive | _Pair | None),
    Field(description=_PAIR + ", or null"),
]

_Counts = tuple[NonNegative, NonNegative]
OptionalCounts = Annotated[
    _Counts | None,
    BeforeValidator(unless_none(as_pair), json_schema_input_type=NonNegative | _Counts | None),
    Field(description="a whole number from 0, or two of them: [height, width], or null"),
]

Sides = tuple[tuple[NonNegative, NonNegative], tuple[NonNegative, NonNegative]]
_SIDES = "positions: 1, [height, width] or [[top, bottom], [left, right]]"
_Side = NonNegative | tuple[NonNegative, NonNegative]
Padding = Annotated[
    Literal["same", "valid"] | Sides,
    BeforeValidator(
        as_sides, json_schema_input_type=Literal["same", "valid"] | _Side | tuple[_Side, _Side]
    ),
    Field(description=f'"same", "valid", or {_SIDES}'),
]

Border = Annotated[
    Sides,
    BeforeValidator(as_sides, json_schema_input_type=_Side | tuple[_Side, _Side]),
    Field(description=_SIDES),
]
SameOrValid = Annotated[Literal["same", "valid"], Field(description='"same" or "valid"')]


def as_tuple(value: Any) -> Any:
    """Return a list as a tuple and everything else as it is."""
    return tuple(value) if isinstance(value, list) else value


_Dims = Annotated[tuple[Positive, ...], Field(min_length=1)]
Dims = Annotated[
    _Dims,
    BeforeValidator(as_tuple, json_schema_input_type=_Dims),
    Field(description="axes in their new order, counted from 1: [2, 1, 3]"),
]
_Sizes = Annotated[tuple[Positive | Literal[-1], ...], Field(min_length=1)]
TargetShape = Annotated[
    _Sizes,
    BeforeValidator(as_tuple, json_schema_input_type=_Sizes),
    Field(description="sizes from 1, one of them may be -1: [4, 4, -1]"),
]
_Noise = tuple[Positive | None, ...]
NoiseShape = Annotated[
    _Noise | None,
    BeforeValidator(as_tuple, json_schema_input_type=_Noise | None),
    Field(description="sizes from 1 or null, the batch first: [null, 1, 1, 64], or null"),
]
# Keras also has `area`, which TensorFlow cannot differentiate.
Interpolation = Annotated[
    Literal["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"],
    Field(description='"nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5"'),
]

# Keras's functions of one tensor without `glu`, which changes the shape; a test compares.
ACTIVATIONS = (
    "celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu",
    "hard_swish", "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish",
    "relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink", "softmax", "softplus", "softsign",
    "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus", "swish", "tanh", "tanh_shrink",
)  # fmt: skip


def _known_activation(value: Any) -> Any:
    if isinstance(value, str) and value not in ACTIVATIONS:
        raise ValueError(value)
    return value


Activation = Annotated[
    str,
    BeforeValidator(_known_activation),
    Field(
        description="the name of a Keras activation, such as relu, softmax or linear",
        json_schema_extra={"enum": list(ACTIVATIONS)},
    ),
]

# What keras.initializers.get and keras.regularizers.get take, without the abstract base classes; a
# test compares.
INITIALIZERS = (
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity",
    "IdentityInitializer", "LecunNormal", "LecunUniform", "Ones", "Orthogonal",
    "OrthogonalInitializer", "RandomNormal", "RandomUniform", "STFT", "STFTInitializer",
    "TruncatedNormal", "VarianceScaling", "Zeros", "constant", "glorot_normal", "glorot_uniform",
    "he_normal", "he_uniform", "identity", "lecun_normal", "lecun_uniform", "normal", "one", "ones",
    "orthogonal", "random_normal", "random_uniform", "stft", "truncated_normal", "uniform",
    "variance_scaling", "zero", "zeros",
)  # fmt: skip
REGULARIZERS = (
    "L1", "L1L2", "L2", "OrthogonalRegularizer", "l1", "l1l2", "l2", "orthogonal_regularizer",
)  # fmt: skip

INITIALIZER = KerasObject("an initializer", INITIALIZERS)
REGULARIZER = KerasObject("a regularizer", REGULARIZERS)
Initializer = Annotated[str | dict[str, Any], INITIALIZER, Field(description=INITIALIZER.words)]
Regularizer = Annotated[
    Annotated[str | dict[str, Any], REGULARIZER] | None,
    Field(description=REGULARIZER.words + ", or null"),
]

"""How a network is trained: the keys of a spec's ``training``; imports ``spec``."""

from typing import Annotated, Any, Literal

from pydantic import Field

from archgen.spec import BELOW, Level

OPTIMIZERS = ("adam", "adamw", "sgd", "rmsprop", "nadam", "lion")
SCHEDULES = ("cosine", "constant", "linear")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
FLIPS = ("none", "horizontal", "vertical", "both")

Count = Annotated[int, Field(ge=1, description="a whole number from 1")]
Share = Annotated[
    float, Field(ge=0, lt=1, allow_inf_nan=False, description="a number from 0 to below 1")
]
Above = Annotated[float, Field(gt=0, allow_inf_nan=False, description="a number above 0")]
Positive = Annotated[float, Field(ge=0, allow_inf_nan=False, description="a number from 0")]


def _one_of(names: tuple[str, ...]) -> Any:
    words = f"{', '.join(names[:-1])} or {names[-1]}"
    return Field(description=words, json_schema_extra={"enum": list(names)})


class Augmentation(Level):
    """Random changes of training images: ``shift`` and ``zoom`` by shares, ``rotate`` degrees."""

    shift: Share = 0.0
    rotate: Annotated[
        float, Field(ge=0, le=180, allow_inf_nan=False, description="degrees, from 0 to 180")
    ] = 0.0
    zoom: Share = 0.0
    contrast: Share = 0.0
    flip: Annotated[Literal["none", "horizontal", "vertical", "both"], _one_of(FLIPS)] = "none"


class Training(Level):
    """How a network is trained by default; ``loss`` is told, since archgen's own follows."""

    epochs: Count = 30
    batch_size: Count = 64
    optimizer: Annotated[
        Literal["adam", "adamw", "sgd", "rmsprop", "nadam", "lion"], _one_of(OPTIMIZERS)
    ] = "adam"
    learning_rate: Above | None = Field(default=None, description="a number above 0")
    schedule: Annotated[Literal["cosine", "constant", "linear"], _one_of(SCHEDULES)] = "cosine"
    warmup_epochs: Positive = 0.0
    weight_decay: Positive = 0.0
    label_smoothing: Share = 0.1  # as Inception-v3 was trained: arXiv:1512.00567, section 7
    augmentation: Annotated[
        Augmentation | None, BELOW, Field(description="an object of random changes")
    ] = None  # mild changes, where nothing is said
    precision: Annotated[
        Literal["float32", "mixed_bfloat16", "mixed_float16"], _one_of(PRECISIONS)
    ] = "float32"
    early_stopping: Count | None = Field(default=None, description="a whole number from 1")
    seed: Annotated[
        int, Field(ge=0, lt=2**31, description="a whole number from 0 to below 2147483648")
    ] = 0
    loss: Annotated[Any, Field(description="a loss of Keras, which W608 compares")] = None
    from_logits: Annotated[bool | None, Field(description="true or false")] = None

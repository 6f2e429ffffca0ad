"""What a spec file may say: one class for each level of the document.

A level checks its own keys; what stands below it arrives as checked levels already, so a fault in
one entry leaves the others readable. Imports ``expressions``, ``naming``, ``source``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from archgen.expressions import holds_expression, is_expression
from archgen.limits import LIMITS
from archgen.naming import NAME_LENGTH, NAME_PATTERN, NAME_WORDS
from archgen.ops.fields import wrong
from archgen.ops.keras_objects import EXPRESSION_SCHEMA
from archgen.places import Place
from archgen.source import Array, Object


@dataclass(frozen=True)
class OrExpression:
    """Marks a value that may also be a ``$``-value, checked once it is evaluated."""

    kind: Any

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Let a ``$``-value pass in front of the checks of ``kind``."""
        return core_schema.no_info_wrap_validator_function(
            lambda value, check: value if is_expression(value) else check(value),
            handler.generate_schema(self.kind),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Offer both forms."""
        return {"anyOf": [handler(schema), EXPRESSION_SCHEMA]}


class _Below:
    """Marks what stands below a level: levels that are checked already."""

    def __get_pydantic_core_schema__(self, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.any_schema()


BELOW = _Below()

Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=NAME_LENGTH, description=NAME_WORDS)]
Reference = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_]*(\.[A-Za-z0-9][A-Za-z0-9_]*)*$",
        description="the name of an entry, dots descend",
    ),
]
Scalar = str | int | float | bool | None


def _to_first_wrong(value: Any) -> Any:
    """Return the first member that is no scalar, if any: Pydantic has five findings on each."""
    members = value.items() if isinstance(value, dict) else ()
    wrong = next((item for item in members if not isinstance(item[1], Scalar)), None)
    return dict([wrong]) if wrong else value


def _few_copies(value: int) -> int:
    # Not a bound of the field: it can be raised.
    if value > LIMITS.repeat:
        words = (
            f"`repeat` must be a whole number from 0 to {LIMITS.repeat:,} or a $-value, not {value}"
        )
        raise wrong("repeat", words)
    return value


Parameters = Annotated[
    dict[str, Scalar],
    BeforeValidator(_to_first_wrong),
    Field(description="an object of names and their defaults: text, numbers, true, false, null"),
]
Prose = Annotated[str, Field(description="text")]
Texts = Annotated[list[str], Field(fail_fast=True)]
Prosaic = Annotated[str | Texts, Field(description="text, or a list of texts")]
COUNT_WORDS = f"a whole number from 0 to {LIMITS.repeat:,} or a $-value"
WITH_WORDS = "an object of names and their values: text, numbers, true, false, null"
INPUTS_WORDS = "a list of entries' names"
Condition = Annotated[bool | str, OrExpression(bool), Field(description="true, false or a $-value")]
Count = Annotated[
    int | str,
    OrExpression(
        Annotated[
            int,
            Field(ge=0, json_schema_extra={"maximum": LIMITS.repeat}),
            AfterValidator(_few_copies),
        ]
    ),
    Field(description=COUNT_WORDS),
]
Extent = Annotated[
    int | str | None,
    OrExpression(Annotated[int, Field(ge=1, le=LIMITS.dimension)] | None),
]
Amount = Annotated[
    float | str,
    OrExpression(Annotated[float, Field(gt=0, allow_inf_nan=False)]),
    Field(description="a number above 0 or a $-value"),
]
Divisor = Annotated[
    int | str,
    OrExpression(Annotated[int, Field(ge=1)]),
    Field(description="a whole number from 1 or a $-value"),
]
Join = Annotated[str, Field(description="the name of a join, such as concat or add")]
Inputs = Annotated[list[Reference], Field(fail_fast=True, min_length=1, description=INPUTS_WORDS)]
Layers = Annotated["tuple[Entry, ...]", BELOW]


class Level(BaseModel):
    """One object of the document."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", defer_build=True, validate_by_name=False
    )
    # No field, since a document cannot say it; a private attribute is ten times slower to read.
    raw: ClassVar[Object]

    @property
    def place(self) -> Place:
        """Return where the object stands."""
        return self.raw.place

    def at(self, key: str) -> Place:
        """Return where a member stands, or the object itself where it has none."""
        return self.raw.places.get(key, self.raw.place)

    def member_place(self, key: str, member: str) -> Place:
        """Return where a member of a member stands."""
        inner = self.raw[key]
        return inner.places[member] if isinstance(inner, Object) else self.at(key)

    def element_place(self, key: str, index: int) -> Place:
        """Return where an element of a list stands."""
        inner = self.raw[key]
        return inner.places[index] if isinstance(inner, Array) else self.at(key)

    def read_from(self, raw: Object) -> Self:
        """Remember the object it was read from, which knows the places."""
        self.__dict__["raw"] = raw
        return self


class Entry(Level):
    """An entry of a list: an op, a use of a module, or a fork."""

    name: Name | None = Field(default=None, description=NAME_WORDS)
    when: Condition = True
    repeat: Count | None = Field(default=None, description=COUNT_WORDS)
    description: Prose = ""
    inputs: Inputs | None = Field(default=None, description=INPUTS_WORDS)

    @property
    def called(self) -> str:
        """Return the entry's name before numbering."""
        raise NotImplementedError

    @cached_property
    def named_at(self) -> Place:
        """Return where the text stands that names the entry."""
        keys = ("name", "op", "use", "join")
        return next((self.raw.places[key] for key in keys if key in self.raw), self.place)


class Broken(Entry):
    """An entry with faults of its own: named where possible, without a value."""

    @property
    def called(self) -> str:
        """Return the best name there is."""
        return self.name or "?"


class OpEntry(Entry):
    """An op; its own fields are checked by the op's class once they are evaluated."""

    op: Annotated[str, Field(description="the name of an op")]
    fields: Annotated[Mapping[str, Any], BELOW] = Field(default_factory=dict)

    @property
    def called(self) -> str:
        """Return the entry's name, else its op's."""
        return self.name or self.op

    @cached_property
    def computed(self) -> tuple[str, ...]:
        """Return the names of the fields that hold a `$`-value."""
        return tuple(name for name, value in self.fields.items() if holds_expression(value))


class UseEntry(Entry):
    """A use of a module; each makes new weights."""

    use: Annotated[str, Field(description="the name of a module")]
    with_: Annotated[dict[str, Scalar], Field(description=WITH_WORDS)] = Field(
        default_factory=dict, alias="with"
    )

    @property
    def called(self) -> str:
        """Return the entry's name, else its module's."""
        return self.name or self.use


class Branch(Level):
    """One branch of a fork; without layers it is the identity."""

    when: Condition = True
    layers: Layers = ()


class Fork(Level):
    """Branches and the join behind them; ``order`` restates the order of the branches."""

    join: Join
    branches: Annotated[Mapping[str, Branch], BELOW]
    order: Annotated[Texts | None, Field(description="a list of the branches' names")] = None
    activation: Annotated[
        str | None, Field(description="the name of an activation, or a $-value")
    ] = None


class ForkEntry(Fork, Entry):
    """A fork as an entry."""

    @property
    def called(self) -> str:
        """Return the entry's name, else its join's."""
        return self.name or self.join


class Module(Level):
    """A named part of the network, layers or a fork, used by entries."""

    title: Prose = ""
    description: Prose = ""
    references: Prosaic = ""
    required: Annotated[Texts, Field(description="a list of parameter names")] = []
    parameters: Parameters = Field(default_factory=dict)
    inputs: Annotated[
        list[Name], Field(fail_fast=True, description="a list of names for further tensors")
    ] = []
    layers: Layers | None = None
    fork: Annotated[Fork | None, BELOW] = None


class Head(Level):
    """A further named output."""

    from_: Reference = Field(alias="from")
    title: Prose = ""
    description: Prose = ""
    when: Condition = True
    loss_weight: Amount = 1.0
    layers: Layers


Numbers = Annotated[
    list[float], Field(fail_fast=True, min_length=1, description="a list of numbers")
]


class Pixels(Level):
    """How images enter the network, in 0…255 units."""

    mean: Numbers
    std: Numbers
    order: Annotated[Literal["RGB", "BGR", "L"], Field(description='"RGB", "BGR" or "L"')] = "RGB"

    @model_validator(mode="after")
    def _divisible(self) -> Self:
        if len(self.mean) != len(self.std) or min(self.std) <= 0:
            raise wrong("std", "`std` must have one number above 0 for each of `mean`")
        return self


class Input(Level):
    """The image that enters: height × width × channels, and how its pixels are mapped."""

    shape: Annotated[
        list[Extent],
        Field(min_length=3, max_length=3, description="[height, width, channels], each from 1"),
    ]
    pixels: Annotated[
        Annotated[list[float], Field(min_length=2, max_length=2)] | dict[str, Any] | None,
        Field(description="[low, high] or {mean, std, order}"),
    ] = None

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if isinstance(self.pixels, list) and self.pixels[0] >= self.pixels[1]:
            raise wrong("pixels", "`pixels` must be [low, high] with low below high")
        return self


class Width(Level):
    """The width multiplier: scales every ``filters`` that is not ``fixed``."""

    multiplier: Amount = 1.0
    divisor: Divisor = 8


class Spec(Level):
    """A whole document, its ``extends`` and ``edit`` carried out."""

    archgen: Annotated[int, Field(ge=1, le=1, description="1, the version of the spec language")]
    name: Name
    schema_: Prose = Field(default="", alias="$schema")
    title: Prose = ""
    description: Prosaic = ""
    references: Prosaic = ""
    deviations: Prosaic = ""
    published: Annotated[dict[str, Any], Field(description="an object of published figures")] = (
        Field(default_factory=dict)
    )
    labels: Annotated[Texts | str, Field(description="a list of class names")] = ""
    training: Annotated[Any, BELOW, Field(description="an object of training defaults")] = None
    input: Annotated[Input, BELOW]
    parameters: Parameters = Field(default_factory=dict)
    defaults: Annotated[Mapping[str, Object], BELOW] = Field(default_factory=dict)
    width: Annotated[Width | None, BELOW] = None
    layers: Layers
    heads: Annotated[Mapping[str, Head], BELOW] = Field(default_factory=dict)
    modules: Annotated[Mapping[str, Module], BELOW] = Field(default_factory=dict)

"""The options of a run: defaults, over them the spec's ``training``, over them what is asked."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from archgen.diagnostics import Fault, UsageError, named, offering, quoted
from archgen.recipe import Augmentation, Training
from archgen.spec import Spec

Checked = TypeVar("Checked", bound=BaseModel)

AUGMENTATION = "augmentation"
TOLD = ("loss", "from_logits")  # of other programs
# Small enough to leave alone what nearly every image shows; flips are not.
MILD = Augmentation(shift=0.1, rotate=15.0, zoom=0.15)
# A first learning rate for each optimizer, with a batch of 64.
LEARNING_RATES: Mapping[str, float] = {
    "adam": 2e-3, "adamw": 2e-3, "nadam": 2e-3, "sgd": 5e-2, "rmsprop": 1e-3, "lion": 2e-4
}  # fmt: skip


def options_of(spec: Spec, asked: Mapping[str, object]) -> Training:
    """Return the options of a run, complete.

    Raises:
        UsageError: E517, an option that is none.
    """
    said = written(spec.training) if spec.training else {}
    given = {name: value for name, value in asked.items() if value is not None}
    for name in TOLD:
        if name in given:
            raise UsageError(Fault("E517", f"training has no option {named(name)}"))
    if isinstance(changes := given.get(AUGMENTATION), Mapping):
        given[AUGMENTATION] = _checked(Augmentation, changes)
    elif isinstance(known := said.get(AUGMENTATION), Mapping):
        said[AUGMENTATION] = _checked(Augmentation, known)
    made = _checked(Training, {**said, **given})
    rate = made.learning_rate or LEARNING_RATES[made.optimizer]
    changes = made.augmentation or MILD
    return made.model_copy(update={"learning_rate": rate, AUGMENTATION: changes})


def written(options: Training) -> dict[str, Any]:
    """Return options as plain data: those that were given, and none of other programs."""
    said = options.model_dump(exclude_unset=True, exclude=set(TOLD))
    if options.augmentation is not None:
        said[AUGMENTATION] = options.augmentation.model_dump(exclude_unset=True)
    return {name: value for name, value in said.items() if value is not None}


def whole(options: Training) -> dict[str, Any]:
    """Return all options as plain data, without those that are not in use."""
    said = options.model_dump(exclude={*TOLD, AUGMENTATION}, exclude_none=True)
    if options.augmentation is not None:
        said[AUGMENTATION] = options.augmentation.model_dump(exclude_unset=True)
    return said


def _checked(cls: type[Checked], values: Mapping[str, object]) -> Checked:
    try:
        return cls.model_validate(values)
    except ValidationError as error:
        raise UsageError(list(_faults(cls, error))) from error


def _faults(cls: type[BaseModel], error: ValidationError) -> Iterable[Fault]:
    for detail in error.errors():
        name = str(detail["loc"][0])
        if detail["type"] == "extra_forbidden":
            fault = Fault("E517", f"training has no option {named(name)}")
            yield offering(fault, name, [key for key in cls.model_fields if key not in TOLD])
        else:
            words = cls.model_fields[name].description
            yield Fault("E517", f"{named(name)} must be {words}, not {quoted(detail['input'])}")


def augmentation_of(settings: Iterable[str] | None) -> dict[str, Any] | None:
    """Return every ``name=value`` of ``--augment``; ``none`` alone switches all off.

    Raises:
        UsageError: E517, there is no ``=``, or the value is none.
    """
    if settings is None or not (texts := list(settings)):
        return None
    if texts == ["none"]:
        return {}
    return dict(map(_change, texts))


def _change(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        message = f"--augment wants name=value, such as shift=0.1, or none, not {named(text)}"
        raise UsageError(Fault("E517", message))
    try:
        return name, float(value)
    except ValueError:
        return name, value

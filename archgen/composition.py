"""From the fields of an entry to the ops it stands for: the op itself, then norm and activation.

Imports ``ops``.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from archgen.ops import OPS

Fields = Mapping[str, Any]
NO_ACTIVATION = (None, "linear")


class Part(NamedTuple):
    """One op to make: ``suffix`` ends its node's name and is the field that asked for it.

    Parts of one document with the same ``key`` are equal; it is empty where nothing is known.
    """

    suffix: str
    op: str
    fields: Fields
    key: str = ""


def parts_of(op: str, fields: Fields, defaults: Mapping[str, Fields]) -> list[Part]:
    """Return the ops of an entry, its fields over the defaults; ``op`` is a known name."""
    values = {**defaults.get(op, {}), **fields}
    asked = {suffix: values.pop(suffix, None) for suffix in OPS[op].followers}
    parts = [Part("", op, values)]
    norm = asked.get("norm")
    if isinstance(norm, str):
        parts.append(Part("norm", norm, defaults.get(norm, {}), f"norm {norm}"))
    elif isinstance(norm, Mapping):
        own = {key: value for key, value in norm.items() if key != "op"}
        name = str(norm.get("op"))
        parts.append(Part("norm", name, {**defaults.get(name, {}), **own}))
    return parts + activation_parts(asked.get("activation"))


def activation_parts(activation: object) -> list[Part]:
    """Return the activation that a conv or a fork asks for, if any."""
    if activation in NO_ACTIVATION:
        return []
    fields = {"activation": activation}
    return [Part("activation", "activation", fields, f"activation {activation!r}")]

"""Of which graph and spec archgen built a model; imports ``provenance`` and ``ir``.

A model is known by its identity, as long as it lives: a copy, or one loaded from a file, is not it.
"""

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from archgen.ir import Graph
from archgen.spec import Spec

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    import keras

    from archgen.provenance import Scalar

_ORIGINS: "MutableMapping[keras.Model, Origin]" = WeakKeyDictionary()


class Origin(NamedTuple):
    """The graph of a model; its spec and the parameters set from outside, None of a bare graph."""

    graph: Graph
    spec: Spec | None = None
    parameters: "Mapping[str, Scalar]" = MappingProxyType({})


def remember(model: "keras.Model", origin: Origin) -> None:
    """Keep of what a model was built."""
    _ORIGINS[model] = origin


def origin_of(model: "keras.Model") -> Origin | None:
    """Return of what archgen built a model; None where it did not."""
    return _ORIGINS.get(model)

"""The first spec of one's own that `new` writes; imports ``canonical`` and ``naming``."""

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

from archgen.canonical import canonical
from archgen.diagnostics import Fault, UsageError, named
from archgen.library import SCHEMA_NAME
from archgen.naming import NAME_WORDS, is_name

_CONV = {"op": "conv", "filters": "$filters", "kernel_size": 3}
_OWN: dict[str, Any] = {
    "description": "A small network for 28×28 digits: change it, then check and show it.",
    "input": {"shape": [28, 28, 1], "pixels": [0, 1]},
    "parameters": {"classes": 10, "blocks": 2, "classifier_activation": "softmax"},
    "defaults": {
        "conv": {"padding": "same", "use_bias": False, "norm": "batch_norm", "activation": "relu"},
        "max_pool": {"pool_size": 2},
    },
    "layers": [
        {"op": "conv", "filters": 16, "kernel_size": 3},
        {"use": "residual", "repeat": "$blocks", "with": {"filters": 16}},
        {"op": "max_pool"},
        {"use": "mixed"},
        {"op": "global_avg_pool"},
        {
            "op": "dense",
            "name": "predictions",
            "units": "$classes",
            "activation": "$classifier_activation",
        },
    ],
    "modules": {
        "residual": {
            "title": "Residual block",
            "required": ["filters"],
            "join": "add",
            "activation": "relu",
            "branches": {"shortcut": [], "body": [_CONV, {**_CONV, "activation": "linear"}]},
        },
        "mixed": {
            "title": "Mixed block",
            "join": "concat",
            "branches": {
                "direct": [{"op": "conv", "filters": 16, "kernel_size": 1}],
                "wide": [{"op": "conv", "filters": 16, "kernel_size": [1, 5]}],
                "tall": [{"op": "conv", "filters": 16, "kernel_size": [5, 1]}],
            },
        },
    },
}


def starter(name: str, base: str | None, parameters: Iterable[str] = ()) -> str:
    """Return the text of a spec called ``name``, of its own or over ``base`` and its parameters.

    Raises:
        UsageError: E213 the name cannot be one; E217 the base is not below this folder.
    """
    if not is_name(name):
        raise UsageError(Fault("E213", f"{named(name)} cannot be a name: {NAME_WORDS}"))
    head = {"$schema": SCHEMA_NAME, "archgen": 1, "name": name}
    if base is None:
        return canonical({**head, "title": name, **_OWN})
    if PurePath(base).is_absolute() or ".." in PurePath(base).parts:
        message = f"{named(base)} is not below this folder, so no spec here can extend it"
        raise UsageError(Fault("E217", message))
    changes = {"parameters": {"classes": 10}} if "classes" in parameters else {}
    return canonical({**head, "extends": base, "title": name, **changes})

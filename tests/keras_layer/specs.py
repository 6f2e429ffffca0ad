"""Small specs as dicts."""

from typing import Any


def spec(
    *layers: dict[str, Any], shape: tuple[int, ...] = (8, 9, 4), **keys: Any
) -> dict[str, Any]:
    """Return a spec of some layers."""
    head = {"archgen": 1, "name": "small", "input": {"shape": list(shape)}}
    return {**head, "layers": list(layers), **keys}


def conv(name: str, filters: int = 4, **fields: Any) -> dict[str, Any]:
    """Return a conv entry that keeps the size of its map."""
    entry = {"op": "conv", "name": name, "filters": filters, "kernel_size": 3, "padding": "same"}
    return {**entry, **fields}


# Each op that archgen composes of several calls of Keras, in a row.
COMPOSED = (
    conv("explicit", padding=[[0, 1], [2, 0]], norm="batch_norm", activation="relu"),
    {"op": "max_pool", "pool_size": 3, "strides": 1, "padding": 1},
    {"op": "max_pool", "name": "ceiled", "pool_size": 2, "strides": 2, "ceil_mode": True},
    {"op": "avg_pool", "pool_size": 3, "strides": 1, "padding": 1},
    {"op": "avg_pool", "name": "counted", "pool_size": 3, "strides": 1, "padding": "same",
     "count_padding": True},
    {"op": "avg_pool", "name": "both", "pool_size": 3, "strides": 2, "padding": [[0, 1], [1, 0]],
     "ceil_mode": True, "count_padding": True},
    {"op": "flatten"},
    {"op": "dense", "units": 3, "activation": "softmax"},
)  # fmt: skip

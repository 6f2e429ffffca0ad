"""Small specs as dicts."""

from typing import Any


def spec(*layers: dict[str, Any], shape: tuple[int, ...] = (8, 9, 4), **keys: Any) -> dict[str, Any]:
    """Return a spec of some layers."""
    head = {"archgen": 1, "name": "small", "input": {"shape": list(shape)}}
    return {**head, "layers": list(layers), **keys}


def conv(name: str, filters: int = 4, **fields: Any) -> dict[str, Any]:
    """Return a conv entry that keeps the size of its map."""
    entry = {"op": "conv", "name": name, "filters": filters, "kernel_size": 3, "padding": "same"}
    return {**entry, **fields}

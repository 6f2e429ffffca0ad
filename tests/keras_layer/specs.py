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
COMPOSED: tuple[dict[str, Any], ...] = (
    conv("explicit", padding=[[0, 1], [2, 0]], norm="batch_norm", activation="relu"),
    {"op": "max_pool", "pool_size": 3, "strides": 1, "padding": 1},
    {"op": "max_pool", "name": "ceiled", "pool_size": 2, "strides": 2, "ceil_mode": True},
    {"op": "avg_pool", "pool_size": 3, "strides": 1, "padding": 1},
    {"op": "avg_pool", "name": "counted", "pool_size": 3, "strides": 1, "padding": "same",
     "count_padding": True},
    {"op": "avg_pool", "name": "both", "pool_size": 3, "strides": 2, "padding": [[0, 1], [1, 0]],
     "ceil_mode": True, "count_padding": True},
    {"op": "depthwise_conv", "kernel_size": 3, "padding": 1},
    {"op": "separable_conv", "filters": 4, "kernel_size": 2, "padding": [[0, 1], [1, 0]]},
    {"op": "local_response_norm", "size": 4, "alpha": 2.0},
    {"op": "flatten"},
    {"op": "dense", "units": 3, "activation": "softmax"},
)  # fmt: skip


def fork(join: str, *other: dict[str, Any]) -> dict[str, Any]:
    """Return a fork of what enters and of what some entries make of it."""
    branches = {"same": [], "other": list(other)}
    return {"name": f"{join}_fork", "join": join, "branches": branches}


MEAN: dict[str, Any] = {"op": "global_avg_pool", "keepdims": True}
PEAK: dict[str, Any] = {"op": "global_max_pool", "keepdims": True}
# Every other op, in a row.
PLAIN: tuple[dict[str, Any], ...] = (
    {"op": "rescale", "scale": 0.5, "offset": 0.1},
    {"op": "conv_transpose", "filters": 3, "kernel_size": 3, "strides": 2, "padding": "same",
     "norm": {"op": "layer_norm", "epsilon": 0.1}, "activation": "relu"},
    {"op": "up_sample", "size": [1, 2], "interpolation": "bilinear"},
    {"op": "resize", "height": 7, "width": 10, "interpolation": "lanczos3", "antialias": True},
    {"op": "crop", "cropping": [[1, 0], [0, 2]]},
    {"op": "zero_pad", "padding": [0, 1]},
    {"op": "permute", "dims": [3, 1, 2]},
    {"op": "reshape", "target_shape": [6, -1, 5]},
    {"op": "dropout", "rate": 0.5, "noise_shape": [None, 1, 1, 5]},
    *(fork("concat", conv("one", 2)), fork("add", MEAN), fork("multiply", PEAK)),
    *(fork("average", MEAN), fork("maximum", MEAN), fork("minimum", PEAK)),
    {"op": "batch_norm"},
    {"op": "activation", "activation": "tanh"},
)  # fmt: skip

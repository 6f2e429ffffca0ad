"""A model's weights as arrays of their own, which training does not change."""

from typing import Any

import numpy as np  # noqa: TID253 - weights are arrays

Arrays = dict[str, np.ndarray[Any, Any]]


def arrays(model: Any) -> Arrays:
    """Return a copy of every weight by its path."""
    paths = [weight.path for weight in model.weights]
    assert len(set(paths)) == len(paths)
    return {path: array.copy() for path, array in zip(paths, model.get_weights(), strict=True)}


def unchanged(before: Arrays, model: Any) -> list[str]:
    """Return the paths of the weights that are as they were."""
    after = arrays(model)
    assert before.keys() == after.keys()
    return [path for path, array in before.items() if np.array_equal(array, after[path])]

"""Networks for pictures: random ones of series and parallel branches, random tangles."""

import random
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

import archgen
from archgen.render.view import View
from archgen.render.viewing import view

NEEDS_DOT = pytest.mark.skipif(
    shutil.which("dot") is None, reason="needs Graphviz (apt-get install graphviz)"
)


def seen(spec: Any, **parameters: Any) -> View:
    """Return the view of a network that works."""
    checked = archgen.load(spec)
    titles = {name: module.title for name, module in checked.modules.items()}
    return view(archgen.analyse(checked, **parameters), checked.title, titles)


def random_layers(rng: random.Random, depth: int, *, uses: bool = True) -> Iterator[dict[str, Any]]:
    """Return entries of equal shapes, so that every join fits."""
    for number in range(rng.randint(1, 4)):
        if depth and rng.random() < 0.45:
            branches = {
                f"b{index}": list(random_layers(rng, depth - 1, uses=uses))
                if rng.random() < 0.75
                else []
                for index in range(rng.randint(2, 4))
            }
            join = rng.choice(["add", "multiply", "maximum"])
            yield {"name": f"f{number}_{depth}", "join": join, "branches": branches}
        elif uses and rng.random() < 0.25:
            yield {"use": "block", "name": f"m{number}_{depth}", "repeat": rng.randint(1, 3)}
        else:
            kernel = rng.choice([1, 3, [1, 5]])
            yield {"op": "conv", "name": f"c{number}_{depth}", "filters": 4, "kernel_size": kernel}


def random_spec(seed: int) -> dict[str, Any]:
    rng = random.Random(seed)
    pointwise = {"op": "conv", "filters": 4, "kernel_size": 1}
    used = {"use": "block", "name": "used"}
    inner = [{"name": "first", **pointwise}, *random_layers(rng, 3), used]
    return {
        "archgen": 1,
        "name": f"random_{seed}",
        "input": {"shape": [9, 9, 4]},
        "defaults": {"conv": {"padding": "same"}},
        "layers": [*inner, {"name": "last", **pointwise}],
        "modules": {"block": {"layers": list(random_layers(rng, 1, uses=False))}},
    }


def tangled_spec(seed: int) -> dict[str, Any]:
    """Return a network wired by name at random, every value used."""
    rng = random.Random(seed)
    names, unused, layers = ["first"], {"first"}, []
    layers.append({"op": "conv", "name": "first", "filters": 4, "kernel_size": 1})
    for number in range(rng.randint(5, 14)):
        name, read = f"n{number}", rng.sample(names, min(len(names), rng.randint(1, 3)))
        if len(read) > 1:
            layers.append({"op": rng.choice(["add", "average"]), "name": name, "inputs": read})
        else:
            conv = {"op": "conv", "filters": 4, "kernel_size": 3, "name": name, "inputs": read}
            layers.append(conv)
        names.append(name)
        unused = (unused - set(read)) | {name}
    ends = sorted(unused)
    if len(ends) > 1:
        layers.append({"op": "add", "name": "last", "inputs": ends})
    conv = {"padding": "same"}
    head = {"archgen": 1, "name": f"tangled_{seed}", "input": {"shape": [9, 9, 4]}}
    return {**head, "defaults": {"conv": conv}, "layers": layers}

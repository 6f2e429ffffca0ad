"""Random specs in which passes find something to do."""

from random import Random
from typing import Any

import archgen
from archgen.ir import Graph
from archgen.ops import OPS
from tests.passes.cases import op
from tests.random_specs import KEEPING, KERNELS, Writer, is_small
from tests.sizing import GLOBAL_POOL, conv, net
from tests.strategies import agreeing


def any_spec(random: Random) -> dict[str, Any]:
    """Return a small one of every kind."""
    return Writer(random).spec(10, 4)


def rich(random: Random) -> dict[str, Any]:
    """Return a chain of what passes look for, with joins; it may not fit."""
    layers = [layer for _ in range(random.randint(2, 8)) for layer in motif(random)]
    named = [{"name": f"e{place}", **layer} for place, layer in enumerate(layers)]
    for place, layer in enumerate(named):
        if layer["op"] == "concat":
            layer["inputs"] = [f"e{place - 1}", f"e{random.randrange(place)}"] if place else []
    heads = {"aux": {"from": random.choice(named)["name"], "layers": [GLOBAL_POOL]}}
    head = {"heads": heads} if random.random() < 0.2 else {}
    return net(*named, shape=(random.randint(1, 7), random.randint(1, 7), 4), **head)


def motif(random: Random) -> list[dict[str, Any]]:
    kinds = ("batch_norm", "rescale", "dropout", "host", "moving", "concat")
    kind = random.choices(kinds, (5, 4, 1, 5, 2, 1))[0]
    if kind == "host":
        host = random.choice((*KERNELS, "conv", "dense"))
        given = KEEPING if random.random() < 0.4 and host != "dense" else {}
        return [op(host, **agreeing(OPS[host], random, **given))]
    if kind == "moving":
        given = {"strides": 1, "padding": random.choice(("same", 1)), "pool_size": 3}
        mean = op("avg_pool", **agreeing(OPS["avg_pool"], random, **given, ceil_mode=False))
        few = conv(1, filters=random.choice((1, 2, 5)), use_bias=random.random() < 0.5)
        return [mean, few]
    return [op(kind, **agreeing(OPS[kind], random))]


def graph_of(document: dict[str, Any]) -> Graph | None:
    try:
        graph = archgen.graph(document)
    except archgen.SpecError:
        return None
    return graph if is_small(graph) else None

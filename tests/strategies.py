"""Random fields for every op, and random specs; a seed gives the same ones everywhere.

What a field may be is looked up by its type, so an op with a field of a new type is an error here
until the type has a strategy. Specs are written blindly, nothing here infers a shape: some fit,
some do not. Windows that keep the size of a map, and joins of such, make enough of them fit.
"""

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any

from pydantic import ValidationError

from archgen.ir import Op
from archgen.ops import OPS
from archgen.ops.fields import (
    ACTIVATIONS,
    Activation,
    Flag,
    Initializer,
    Number,
    OptionalPair,
    Padding,
    PairField,
    Positive,
    Regularizer,
    Share,
)

# How many random graphs a run compares, and how many one on demand.
DEFAULT = 300
ON_DEMAND = int(os.environ.get("ARCHGEN_RANDOM_GRAPHS", "5000"))

Strategy = Callable[[Random], Any]
Fields = dict[str, Any]
Entry = dict[str, Any]

# ── fields ────────────────────────────────────────────────────────────────────────────────────────


def seeded(seed: int) -> Random:
    return Random(seed)


def one_of(*values: Any) -> Strategy:
    return lambda random: random.choice(values)


def pairs(*values: int) -> Strategy:
    """Give a number for both axes, or one for each."""

    def pair(random: Random) -> Any:
        both = random.choice(values)
        return both if random.random() < 0.5 else [both, random.choice(values)]

    return pair


def _padding(random: Random) -> Any:
    def side() -> Any:
        amount = random.choice((0, 1, 1, 2))
        return amount if random.random() < 0.3 else [amount, random.choice((0, 1, 2))]

    explicit = random.choice((0, 1, 2, *[[side(), side()] for _ in range(4)]))
    return random.choice(("same", "same", "valid", explicit, explicit))


STRATEGIES: tuple[tuple[object, Strategy], ...] = (
    (Positive, one_of(1, 2, 3, 4, 5, 6)),
    (Flag, lambda random: random.random() < 0.5),
    (Number, one_of(-1.5, -0.5, 0.25, 0.5, 1, 2)),
    (Share, one_of(0, 0.1, 0.5)),
    (PairField, pairs(1, 2, 3)),
    (OptionalPair, pairs(1, 2, 3)),
    (Padding, _padding),
    (Activation, one_of(*ACTIVATIONS)),
    (Initializer, one_of("ones", "he_normal", {"class_name": "Constant", "config": {"value": 2}})),
    (Regularizer, one_of("l2", None, {"class_name": "L1", "config": {"l1": 0.5}})),
)
# What fits small maps more often, or keeps numbers finite, than any value of the field's type.
NARROWER: Mapping[str, Strategy] = {
    "filters": one_of(1, 2, 3, 4, 4, 6, 6, 8),
    "groups": one_of(1, 2, 2, 3),
    "kernel_size": pairs(1, 1, 2, 3, 3, 3, 4, 5),
    "pool_size": pairs(1, 2, 2, 3, 3, 4),
    "strides": pairs(1, 1, 2, 2, 3),
    "dilation_rate": pairs(1, 2, 2, 3),
    "epsilon": one_of(0.001, 0.01, 0.5),
    "momentum": one_of(0.5, 0.9),
}


def strategy(cls: type[Op], name: str) -> Strategy:
    """Return what draws a field, by its type; Raises TypeError for a type that has no strategy."""
    annotations: dict[str, object] = {}
    for base in reversed(cls.__mro__):
        annotations |= inspect.get_annotations(base)
    for kind, drawing in STRATEGIES:
        if kind is annotations[name]:
            return NARROWER.get(name, drawing)
    raise TypeError(f"the type of {cls.__name__}.{name} has no strategy")


def drawn(cls: type[Op], random: Random, **given: Any) -> Fields:
    """Return the fields that are required or given, and some of the others; they may contradict."""
    fields = cls.model_fields
    said = [name for name in fields if fields[name].is_required() or random.random() < 0.3]
    return {name: strategy(cls, name)(random) for name in said if name not in given} | given


def agreeing(cls: type[Op], random: Random, **given: Any) -> Fields:
    """Draw until the op's class finds no contradiction among the fields."""
    while True:
        fields = drawn(cls, random, **given)
        try:
            cls.model_validate(fields)
        except ValidationError:
            continue
        return fields


# ── specs ─────────────────────────────────────────────────────────────────────────────────────────

KEEPING = {"padding": "same", "strides": 1}
WINDOWED = ("conv", "conv", "conv", "max_pool", "avg_pool")
SCALARWISE = ("batch_norm", "activation", "dropout", "rescale", "dense")
ENDING = ("global_avg_pool", "global_max_pool", "flatten")
JOINS = tuple(kind for kind, cls in OPS.items() if cls.arity is None)
ELEMENTWISE = tuple(kind for kind in JOINS if kind != "concat")
PARAMETERS = {"small": 3, "twice": "${small * 2}", "copies": 2, "on": True, "kernel": 3}
COUNTS = ("$small", "$twice", "${small + 1}", "${max(small, 4)}", "${width(4)}", "${9 // small}")
CONDITIONS = (True, True, False, "$on", "${not on}", "${small > 2}", "${kernel % 2 == 1}")
REPEATS = (0, 1, 2, 3, "$copies", "${copies - 1}", "${copies if on else 1}")


def spec(seed: int, largest: int = 24, channels: int = 6) -> dict[str, Any]:
    """Return a random spec; its image has at most ``largest`` rows and columns."""
    return Writer(seeded(seed)).spec(largest, channels)


class Writer:
    """Writes one spec; no name is given twice."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.names = 0
        self.modules: dict[str, dict[str, Any]] = {}
        self.inner: tuple[str, ...] = ()  # the parameters of the module being written

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def named(self, stem: str) -> str:
        self.names += 1
        return f"{stem}{self.names}"

    def spec(self, largest: int, channels: int) -> dict[str, Any]:
        sides = [self.random.randint(1, largest), self.random.randint(1, largest)]
        if self.chance(0.7):  # most windows fit no map of a few pixels
            sides = [max(side, largest // 2) for side in sides]
        document: dict[str, Any] = {"archgen": 1, "name": "random"}
        document["input"] = {"shape": [*sides, self.random.randint(1, channels)]}
        document["parameters"] = PARAMETERS | {"on": self.chance(0.7)}
        for _ in range(self.random.randint(0, 3)):
            self.module()
        layers = self.entries(self.random.randint(1, 7), depth=0)
        heads = self.heads(layers) if self.chance(0.2) else {}
        layers += self.ending() if self.chance(0.6) else []
        return {**document, **self.options(), "layers": layers, "heads": heads,
                "modules": self.modules}  # fmt: skip

    def options(self) -> dict[str, Any]:
        """Return defaults and a width multiplier, sometimes."""
        found: dict[str, Any] = {}
        if self.chance(0.4):
            conv = {"padding": "same", "use_bias": False, "norm": "batch_norm"}
            found["defaults"] = {"conv": self.some(conv | {"activation": "relu"})}
            found["defaults"]["batch_norm"] = agreeing(OPS["batch_norm"], self.random)
            found["defaults"]["max_pool"] = self.some({"pool_size": 3, "padding": "same"})
        if self.chance(0.2):
            multiplier = self.random.choice((0.5, 0.75, 1.5))
            found["width"] = {"multiplier": multiplier, "divisor": self.random.choice((1, 2))}
        return found

    def some(self, fields: Fields) -> Fields:
        return {name: value for name, value in fields.items() if self.chance(0.6)}

    # ── lists ─────────────────────────────────────────────────────────────────────────────────

    def entries(self, count: int, depth: int, *, keeping: bool = False) -> list[Entry]:
        """Return a list of entries; with ``keeping`` each keeps height and width."""
        found: list[Entry] = []
        while len(found) < count:
            found += self.motif(depth, keeping=keeping)
        unnamed = [entry for entry in found if "branches" in entry and "name" not in entry]
        for entry in unnamed[1:]:
            entry["name"] = self.named("fork")
        return found

    def motif(self, depth: int, *, keeping: bool) -> list[Entry]:
        """Return entries that belong together."""
        kind = self.random.choices(("op", "fork", "skip", "use"), (8, 3 - depth, 1, 2))[0]
        if kind == "fork":
            return self.fork_entry(depth, keeping=keeping)
        if kind == "skip":
            return self.skip()
        if kind == "use" and self.modules:
            return self.use(keeping=keeping)
        return [self.decorated(self.op(keeping=keeping))]

    def op(self, *, keeping: bool) -> Entry:
        """Return an entry of an op that takes a map and gives one."""
        kind = self.random.choice(WINDOWED if self.chance(0.65) else SCALARWISE)
        if not keeping and self.chance(0.02):
            kind = self.random.choice(ENDING)
        given: Fields = {}
        if kind in WINDOWED:
            given = (
                KEEPING
                if keeping
                else {"padding": _padding(self.random)}
                if self.chance(0.4)
                else {}
            )
        entry = {"op": kind, **agreeing(OPS[kind], self.random, **given)}
        if kind == "conv":
            entry |= self.some({"norm": self.norm(), "activation": self.activation()})
            if "groups" not in entry and self.chance(0.3):
                entry["filters"] = self.random.choice((*COUNTS, "$channels", *self.inner))
            if entry["kernel_size"] == 3 and self.chance(0.3):
                entry["kernel_size"] = "$kernel"
        return entry

    def norm(self) -> Any:
        return self.random.choice(
            ("batch_norm", {"op": "batch_norm", **agreeing(OPS["batch_norm"], self.random)}, None)
        )

    def activation(self) -> str:
        return str(strategy(OPS["activation"], "activation")(self.random))

    def decorated(self, entry: Entry) -> Entry:
        """Give an entry a name, a condition or copies, sometimes."""
        if self.chance(0.2):
            entry["name"] = self.named("entry")
        if self.chance(0.1):
            entry["when"] = self.random.choice(CONDITIONS)
        if self.chance(0.1):
            entry["repeat"] = self.random.choice(REPEATS)
        return entry

    def ending(self) -> list[Entry]:
        """Return what makes features of a map, and dense layers behind it."""
        kind = self.random.choice(ENDING)
        found = [{"op": kind, **agreeing(OPS[kind], self.random)}]
        for _ in range(self.random.randint(0, 3)):
            behind = self.random.choice(SCALARWISE)
            found.append({"op": behind, **agreeing(OPS[behind], self.random)})
        return found

    # ── forks and modules ─────────────────────────────────────────────────────────────────────

    def fork(self, depth: int, *, keeping: bool) -> Entry:
        """Return a fork; how its branches end decides which join they fit."""
        write = self.random.choice((self.side_by_side, self.side_by_side, self.summed, self.gated))
        if not keeping:
            write = self.random.choice((write, write, write, self.reduced, self.reduced, self.any))
        join, branches = write(depth)
        self.random.shuffle(branches)
        named: dict[str, Any] = {self.named("branch"): branch for branch in branches}
        fork: Entry = {"join": join, "branches": named}
        if self.chance(0.2):
            order = list(named)
            self.random.shuffle(order)
            fork["order"] = order
        if self.chance(0.2):
            fork["activation"] = self.activation()
        if self.chance(0.2):
            branch = self.random.choice(list(named))
            condition = self.random.choice(CONDITIONS)
            named[branch] = {"when": condition, "layers": named[branch]}
        return fork

    def branches(self, depth: int, least: int, most: int, *, keeping: bool) -> list[list[Entry]]:
        counts = [self.random.choice((0, 1, 1, 2)) for _ in range(self.random.randint(least, most))]
        return [self.entries(count, depth + 1, keeping=keeping) for count in counts]

    def side_by_side(self, depth: int) -> tuple[str, list[list[Entry]]]:
        """Return branches of one size; an elementwise join may find other channels."""
        join = self.random.choice(("concat", "concat", *ELEMENTWISE))
        return join, self.branches(depth, 1, 4, keeping=True)

    def summed(self, depth: int) -> tuple[str, list[list[Entry]]]:
        """Return branches that end in as many filters; with one that is empty if those fit."""
        filters = self.random.choice((3, 4, "$channels"))
        branches = self.branches(depth, 1, 3, keeping=True)
        ended = [[*branch, self.conv(filters)] for branch in branches]
        if filters == "$channels" or self.chance(0.1):
            ended.append([])
        return self.random.choice(ELEMENTWISE), ended

    def gated(self, _: int) -> tuple[str, list[list[Entry]]]:
        """Return a map and a 1×1 map of as many channels, if it is at a module's beginning."""
        squeeze = {"op": self.random.choice(ENDING[:2]), "keepdims": True}
        gate = [squeeze, self.conv("$channels", kernel_size=1, activation="sigmoid")]
        return self.random.choice(ELEMENTWISE), [[], gate]

    def reduced(self, depth: int) -> tuple[str, list[list[Entry]]]:
        """Return branches that all end in the same window."""
        window: Fields = {"strides": self.random.choice((2, 3, [1, 2]))}
        window["padding"] = self.random.choice(("same", "valid", 1))
        size = self.random.choice((3, 2, [2, 3]))
        pool = {"op": self.random.choice(WINDOWED[3:]), "pool_size": size, **window}
        convs = [
            [*branch, self.conv(4, kernel_size=size, **window)]
            for branch in self.branches(depth, 1, 2, keeping=True)
        ]
        return "concat", [*convs, [pool]]

    def any(self, depth: int) -> tuple[str, list[list[Entry]]]:
        """Return branches that fit by chance."""
        return self.random.choice(JOINS), self.branches(depth, 1, 3, keeping=False)

    def conv(self, filters: Any, **given: Any) -> Entry:
        """Return a convolution that keeps the size unless ``given`` says otherwise."""
        base = {"op": "conv", "filters": filters, "kernel_size": 3, "padding": "same"}
        return {**base, "strides": 1, **given}

    def fork_entry(self, depth: int, *, keeping: bool) -> list[Entry]:
        """Return a fork, and sometimes a join with one of its branches."""
        entry = self.fork(depth, keeping=keeping)
        if not self.chance(0.3):
            return [
                entry if self.chance(0.5) else self.decorated({**entry, "name": self.named("fork")})
            ]
        entry["name"] = self.named("fork")
        branch = self.random.choice(list(entry["branches"]))
        again = {"op": "concat", "inputs": [entry["name"], f"{entry['name']}.{branch}"]}
        return [entry, again]

    def skip(self) -> list[Entry]:
        """Return entries that a join closes over, by name or through a module's own input."""
        first, last = self.named("from"), self.named("to")
        filters = self.random.choice((2, 4, "$small"))
        inside = self.entries(self.random.randint(0, 1), 2, keeping=True)
        found = [
            {**self.conv(filters), "name": first},
            *inside,
            {**self.conv(filters), "name": last},
        ]
        if not self.inner and self.chance(0.3):
            join: Entry = {"use": self.joining(), "with": {"other": first}}
        else:
            join = {"op": self.random.choice(JOINS), "inputs": [last, first]}
        return [*found, join]

    def joining(self) -> str:
        """Return a module that joins its input with a further tensor."""
        join = {"op": self.random.choice(JOINS), "inputs": ["input", "other"]}
        name = self.named("joining")
        self.modules[name] = {"inputs": ["other"], "layers": [join]}
        return name

    def module(self) -> None:
        """Write a module: a list or a fork, with a parameter of its own."""
        self.inner = ("$wide", "${wide + small}")
        keeping = self.chance(0.7)
        if self.chance(0.5):
            body = self.fork(1, keeping=keeping)
        else:
            body = {"layers": self.entries(self.random.randint(1, 3), 1, keeping=keeping)}
        self.inner = ()
        said = {"parameters": {"wide": 4}} if self.chance(0.5) else {"required": ["wide"]}
        self.modules[self.named("module" if keeping else "changing")] = {**said, **body}

    def use(self, *, keeping: bool) -> list[Entry]:
        """Return a use of a module that has been written."""
        fitting = [name for name in self.modules if name.startswith("module")]
        if not keeping:
            fitting += [name for name in self.modules if name.startswith("changing")]
        if not fitting:
            return []
        wide = self.random.choice((2, 6, "$small", "${small * 3}"))
        return [self.decorated({"use": self.random.choice(fitting), "with": {"wide": wide}})]

    def heads(self, layers: Sequence[Entry]) -> dict[str, Any]:
        """Return a head from an entry that has a name."""
        known = [entry["name"] for entry in layers if "name" in entry]
        if not known:
            return {}
        head = {"from": self.random.choice(known), "layers": self.ending()}
        return {
            "aux": head | self.some({"when": self.random.choice(CONDITIONS), "loss_weight": 0.4})
        }

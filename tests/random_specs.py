"""Random specs; a seed gives the same ones everywhere.

They are written blindly, nothing here infers a shape: some fit, some do not. Windows that keep the
size of a map, entries that undo each other, and joins of such, make enough of them fit.
"""

from collections.abc import Sequence
from random import Random
from typing import Any

from archgen.ir import Graph, size_of
from archgen.ops import OPS
from tests.strategies import Fields, agreeing, border, padding, seeded, strategy

Entry = dict[str, Any]

KEEPING = {"padding": "same", "strides": 1}
BY_CHANNEL = ("depthwise_conv", "separable_conv")
POOLS = ("max_pool", "avg_pool")
WINDOWED = ("conv", *BY_CHANNEL, *POOLS)
KERNELS = ("conv", *BY_CHANNEL, "conv_transpose")
LAID = ("conv", "conv", *WINDOWED, "conv_transpose")
NORMS = ("batch_norm", "layer_norm")
SCALARWISE = (*NORMS, "activation", "activation", "dropout", "rescale", "dense")
GROWING = ("conv_transpose", "up_sample")
ARRANGING = ("crop", "zero_pad", "up_sample", "resize", "permute", "reshape")
ENDING = ("global_avg_pool", "global_max_pool", "flatten")
JOINS = tuple(kind for kind, cls in OPS.items() if cls.arity is None)
ELEMENTWISE = tuple(kind for kind in JOINS if kind != "concat")
PARAMETERS = {"small": 3, "twice": "${small * 2}", "copies": 2, "on": True, "kernel": 3}
COUNTS = ("$small", "$twice", "${small + 1}", "${max(small, 4)}", "${width(4)}", "${9 // small}")
CONDITIONS = (True, True, False, "$on", "${not on}", "${small > 2}", "${kernel % 2 == 1}")
TURNED = {(2, 1, 3): (2, 1, 3), (1, 3, 2): (1, 3, 2), (3, 1, 2): (2, 3, 1)}
REPEATS = (0, 1, 2, 3, "$copies", "${copies - 1}", "${copies if on else 1}")


LARGEST = 20_000  # scalars of one map that the reference goes over


def spec(seed: int, largest: int = 24, channels: int = 6) -> dict[str, Any]:
    """Return a random spec; its image has at most ``largest`` rows and columns."""
    return Writer(seeded(seed)).spec(largest, channels)


def is_small(graph: Graph) -> bool:
    """Say whether a naive forward pass is done in a second or two."""
    sizes = [size_of(shape) for shape in graph.shapes.values()]
    return max(sizes) <= LARGEST and sum(sizes) <= 10 * LARGEST


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
        motifs = ("op", "fork", "skip", "use", "back")
        kind = self.random.choices(motifs, (8, 3 - depth, 1, 2, 1.5))[0]
        if kind == "fork":
            return self.fork_entry(depth, keeping=keeping)
        if kind == "skip":
            return self.skip()
        if kind == "back":
            return self.there_and_back()
        if kind == "use" and self.modules:
            return self.use(keeping=keeping)
        return [self.decorated(self.op(keeping=keeping))]

    def op(self, *, keeping: bool) -> Entry:
        """Return an entry of an op that takes a map and gives one."""
        if keeping or self.chance(0.8):
            scalarwise = (*SCALARWISE, "local_response_norm")
            kind = self.random.choice(LAID if self.chance(0.65) else scalarwise)
        else:
            kind = self.random.choice(ENDING if self.chance(0.1) else ARRANGING)
        given: Fields = {}
        if kind in LAID and keeping:
            given = KEEPING
        elif kind in WINDOWED and self.chance(0.4):
            given = {"padding": padding(self.random)}
        entry = {"op": kind, **agreeing(OPS[kind], self.random, **given)}
        return self.followed(entry) if kind in KERNELS else entry

    def followed(self, entry: Entry) -> Entry:
        """Give a convolution what it alone can say."""
        entry |= self.some({"norm": self.norm(), "activation": self.activation()})
        if "filters" in entry and "groups" not in entry and self.chance(0.3):
            entry["filters"] = self.random.choice((*COUNTS, "$channels", *self.inner))
        if entry["kernel_size"] == 3 and self.chance(0.3):
            entry["kernel_size"] = "$kernel"
        return entry

    def norm(self) -> Any:
        kind = self.random.choice(NORMS)
        return self.random.choice((kind, {"op": kind, **agreeing(OPS[kind], self.random)}, None))

    def activation(self) -> str:
        return str(strategy(OPS["activation"], "activation")(self.random))

    def there_and_back(self) -> list[Entry]:
        """Return entries that change a map's size or its axes' order, and change it back."""
        between = self.entries(self.random.randint(0, 1), 2, keeping=True)
        way = self.random.choice(("turned", "bordered", "grown", "grown", "shrunk"))
        if way == "turned":
            dims, again = self.random.choice(list(TURNED.items()))
            ends = [{"op": "permute", "dims": list(order)} for order in (dims, again)]
        elif way == "bordered":
            sides = border(self.random)
            ends = [{"op": "zero_pad", "padding": sides}, {"op": "crop", "cropping": sides}]
        else:
            factor = self.random.choice((2, 2, 3))
            ends = [self.grown(factor), self.shrunk(factor)][:: 1 if way == "grown" else -1]
        return [ends[0], *between, ends[1]]

    def grown(self, factor: int) -> Entry:
        """Return an entry that makes maps larger by a factor."""
        if self.chance(0.5):
            return {"op": "up_sample", **agreeing(OPS["up_sample"], self.random, size=factor)}
        kernel = self.random.choice((1, 2, 3, 4, 5))
        more = self.random.choice((None, factor - 1)) if kernel % 2 else None
        given: Fields = {"kernel_size": kernel, "output_padding": more, "dilation_rate": 1}
        given |= {"strides": factor, "padding": "same"}
        return {"op": "conv_transpose", **agreeing(OPS["conv_transpose"], self.random, **given)}

    def shrunk(self, factor: int) -> Entry:
        """Return an entry that makes maps smaller by a factor, rounded up."""
        kind = self.random.choice(WINDOWED)
        given: Fields = {"strides": factor, "padding": "same"}
        given |= {"ceil_mode": False} if kind in POOLS else {"dilation_rate": 1}
        return {"op": kind, **agreeing(OPS[kind], self.random, **given)}

    def decorated(self, entry: Entry) -> Entry:
        """Give an entry a name, a condition or copies, sometimes."""
        if self.chance(0.2):
            entry["name"] = self.named("entry")
        if self.chance(0.1):
            entry["when"] = self.random.choice(CONDITIONS)
        if self.chance(0.1) and entry.get("op") not in GROWING:
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
            ended = (self.reduced, self.reduced, self.resized)
            write = self.random.choice((write, write, write, *ended, self.any))
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
        pool = {"op": self.random.choice(POOLS), "pool_size": size, **window}
        convs = [
            [*branch, self.conv(4, kernel_size=size, **window)]
            for branch in self.branches(depth, 1, 2, keeping=True)
        ]
        return "concat", [*convs, [pool]]

    def resized(self, depth: int) -> tuple[str, list[list[Entry]]]:
        """Return branches that are all resized to one size."""
        size = {side: self.random.choice((1, 2, 4, 7, 12)) for side in ("height", "width")}
        branches = self.branches(depth, 1, 2, keeping=self.chance(0.5))
        ways = [agreeing(OPS["resize"], self.random, **size) for _ in branches]
        ended = [
            [*branch, {"op": "resize", **way}] for branch, way in zip(branches, ways, strict=True)
        ]
        return "concat", ended

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

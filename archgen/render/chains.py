"""The nodes of a network in chains: an op, with the norm and the activation of its entry.

A picture shows a chain as one box. Imports ``analysis``, ``ir`` and ``view``.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from archgen.analysis import Measure
from archgen.ir import Caption, Node, Pair, Shape
from archgen.render.view import Box

FOLLOWERS = ("norm", "activation")
LONGEST = 80  # signs of a title
PLAIN = Caption("")


@dataclass(slots=True)
class Chain:
    """One op's node, and the norm and the activation behind it.

    ``shape`` and ``field`` are those of the last node, params and MACs those of all; ``fault`` is
    what is wrong with one of them.
    """

    name: str
    scope: str
    inputs: tuple[str, ...]
    first: Node
    nodes: list[str]
    caption: Caption
    shape: Shape
    params: int
    macs: int
    field: Pair
    norm: str = ""
    activation: str = ""
    fault: str = ""

    def add(self, measure: Measure, suffix: str) -> None:
        """Put a norm or an activation behind it."""
        node = measure.node
        self.nodes.append(node.name)
        self.shape, self.field = node.shape, measure.receptive_field
        self.params += measure.trainable + measure.non_trainable
        self.macs += measure.macs
        if suffix == "norm":
            self.norm = node.op.kind
        else:
            self.activation = node.op.label()

    def box(self, inputs: tuple[str, ...]) -> Box:
        """Return it as the box of a picture, which reads those items."""
        return Box(
            self.name, self.caption, self.shape, self.params, self.macs, tuple(self.nodes),
            inputs, (self.name,), self.first.origin, self.field, self.fault,
        )  # fmt: skip


class Fused:
    """The nodes of a network, each in the chain that owns it, and who reads them."""

    def __init__(self, measures: Sequence[Measure], faults: Mapping[str, str]) -> None:
        self.owner: dict[str, str] = {}
        self.readers: dict[str, list[str]] = {}
        self.chains: dict[str, Chain] = {}
        for measure in measures:
            for name in measure.node.inputs:
                self.readers.setdefault(name, []).append(measure.node.name)
        self._fuse(measures)
        self._caption()
        for name, fault in faults.items():
            chain = self.chains.get(self.owner.get(name, ""))
            if chain:
                chain.fault = chain.fault or fault

    def _fuse(self, measures: Sequence[Measure]) -> None:
        """Put each node behind the op that its entry asks it for, or begin a chain with it."""
        chains, owner, readers = self.chains, self.owner, self.readers
        for measure in measures:
            node = measure.node
            name, inputs = node.name, node.inputs
            base, _, suffix = name.rpartition(".")
            if (
                suffix in FOLLOWERS
                and base == owner.get(inputs[0])
                and len(readers[inputs[0]]) == 1
            ):
                chains[base].add(measure, suffix)
                owner[name] = base
            else:
                params = measure.trainable + measure.non_trainable
                chains[name] = Chain(
                    name, node.scope, inputs, node, [name], PLAIN, node.shape, params,
                    measure.macs, measure.receptive_field,
                )  # fmt: skip
                owner[name] = name

    def _caption(self) -> None:
        """Caption the chains: their marks tell how they differ from most."""
        followed = [chain for chain in self.chains.values() if "norm" in chain.first.op.followers]
        known = Counter([(chain.norm, chain.activation) for chain in followed])
        usual = known.most_common(1)[0][0] if known else ("", "")
        captions: dict[tuple[int, str, str], Caption] = {}
        for chain in self.chains.values():
            key = (id(chain.first.op), chain.norm, chain.activation)
            if key not in captions:
                captions[key] = _captioned(chain, *usual)
            chain.caption = captions[key]


def _captioned(chain: Chain, norm: str, activation: str) -> Caption:
    """Return what a picture says of a chain among those with that norm and activation."""
    words, marks, family = chain.first.op.caption()
    if "norm" in chain.first.op.followers:
        differing = [chain.activation or "linear"] if chain.activation != activation else []
        differing += [chain.norm.replace("_", " ") or "no norm"] if chain.norm != norm else []
        marks = " ".join(filter(None, [marks, *differing]))
    elif chain.norm or chain.activation:  # behind a join, where none is usual
        marks = " ".join(filter(None, [marks, chain.norm.replace("_", " "), chain.activation]))
    return Caption(clipped(words), marks, family)


def clipped(text: str) -> str:
    """Return text on one line that is no longer than a picture's title can be."""
    words = " ".join(text.split())
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 1]}…"

"""A view as a Mermaid flowchart, which code hosts draw in a README; imports ``links``, ``dot``."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from archgen.naming import INPUT
from archgen.render.dot import label_of
from archgen.render.links import links
from archgen.render.palette import LIGHT
from archgen.render.view import Group, Item, Series, View, boxes, items, shape_words

INK = LIGHT.roles["ink"]
DIRECTIONS = {"down": "TB", "up": "BT", "right": "LR"}


def mermaid_text(
    view: View, *, opened: bool = False, detail: int = 0, direction: str = "down"
) -> str:
    """Return a Mermaid document; modules are single nodes unless ``opened``, then subgraphs."""
    edges = list(links(view, opened=opened))
    names = dict.fromkeys([INPUT, *(end for edge in edges for end in edge)])
    drawn: Iterable[Item] = boxes(view.everything) if opened else items(view.everything)
    used = {"input", *(item.family for item in drawn)}
    chart = _Chart(
        {name: f"n{number}" for number, name in enumerate(names)},
        {name: f"f{number}" for number, name in enumerate(LIGHT.families) if name in used},
        opened,
        detail,
    )
    entering = quoted(f"input {shape_words(view.input)}")
    lines = [
        f"flowchart {DIRECTIONS[direction]}",
        f"  {chart.ids[INPUT]}([{entering}]):::{chart.families['input']}",
        *chart.nodes(view.everything, "  "),
        *(f"  {chart.ids[source]} --> {chart.ids[target]}" for source, target in edges),
        *chart.styles(),
    ]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class _Chart:
    """What the nodes and styles of one chart are called."""

    ids: Mapping[str, str]
    families: Mapping[str, str]
    opened: bool
    detail: int

    def nodes(self, series: Series, indent: str) -> Iterator[str]:
        for item in items(series):
            if isinstance(item, Group) and self.opened:
                yield f"{indent}subgraph {quoted(label_of(item, 0)[0])}"
                yield from self.nodes(item.body, indent + "  ")
                yield f"{indent}end"
            else:
                family = self.families[item.family]
                label = "<br>".join(map(_plain, label_of(item, self.detail)))
                yield f'{indent}{self.ids[item.name]}("{label}"):::{family}'

    def styles(self) -> Iterator[str]:
        for name, short in self.families.items():
            pair = LIGHT.families[name]
            yield f"  classDef {short} fill:{pair.fill},stroke:{pair.line},color:{INK}"


def _plain(text: str) -> str:
    """Return text whose every sign that Mermaid or HTML could read is an entity of Mermaid's."""
    return "".join(
        sign if sign.isalnum() or sign in " .,×·/_+-→" else f"#{ord(sign)};"
        for sign in text
        if sign.isprintable()
    )


def quoted(text: str) -> str:
    """Return text as a quoted label."""
    return f'"{_plain(text)}"'

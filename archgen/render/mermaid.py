"""A view as a Mermaid flowchart, which code hosts draw in a README; imports ``links``, ``dot``."""

from collections.abc import Iterator, Mapping

from archgen.ir import shape_text
from archgen.naming import INPUT
from archgen.render.dot import label_of
from archgen.render.links import links
from archgen.render.palette import LIGHT
from archgen.render.view import Box, Group, Series, View, boxes, items

DIRECTIONS = {"down": "TB", "up": "BT", "right": "LR"}


def mermaid_text(
    view: View,
    *,
    opened: bool = False,
    detail: int = 0,
    direction: str = "down",
) -> str:
    """Return a Mermaid document; modules are single nodes unless ``opened``, then subgraphs."""
    edges = list(links(view, opened=opened))
    names = dict.fromkeys([INPUT, *(end for edge in edges for end in edge)])
    ids = {name: f"n{number}" for number, name in enumerate(names)}
    used = {box.caption.family for box in boxes(view.everything)} | {"card", "input"}
    families = {name: f"f{n}" for n, name in enumerate(LIGHT.families) if name in used}
    lines = [
        f"flowchart {DIRECTIONS[direction]}",
        f'  {ids[INPUT]}(["input {shape_text(view.input)}"]):::{families["input"]}',
        *_nodes(view.everything, ids, families, detail, "  ", opened=opened),
        *(f"  {ids[source]} --> {ids[target]}" for source, target in edges),
        *(
            f"  classDef {families[name]} fill:{pair.fill},stroke:{pair.line},color:#1B1F24"
            for name, pair in LIGHT.families.items()
            if name in families
        ),
    ]
    return "\n".join(lines) + "\n"


def _nodes(
    series: Series,
    ids: Mapping[str, str],
    families: Mapping[str, str],
    detail: int,
    indent: str,
    *,
    opened: bool,
) -> Iterator[str]:
    for item in items(series):
        if isinstance(item, Group) and opened:
            times = f" ×{len(item.copies)}" if len(item.copies) > 1 else ""
            yield f"{indent}subgraph {quoted(item.title + times)}"
            yield from _nodes(item.body, ids, families, detail, indent + "  ", opened=True)
            yield f"{indent}end"
        else:
            family = families[item.caption.family if isinstance(item, Box) else "card"]
            label = quoted("<br>".join(map(_plain, label_of(item, detail))), whole=True)
            yield f"{indent}{ids[item.name]}({label}):::{family}"


def _plain(text: str) -> str:
    """Return text whose every sign that Mermaid or HTML could read is an entity of Mermaid's."""
    return "".join(
        sign if sign.isalnum() or sign in " .,×·/_+-→" else f"#{ord(sign)};"
        for sign in text
        if sign.isprintable()
    )


def quoted(text: str, *, whole: bool = False) -> str:
    """Return text as a quoted label; ``whole`` when its parts are plain already."""
    return f'"{text if whole else _plain(text)}"'

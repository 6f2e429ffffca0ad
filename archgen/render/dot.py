"""A view as DOT, the language of Graphviz: plain labels, a cluster a module; imports ``links``."""

from collections.abc import Iterator

from archgen.naming import INPUT
from archgen.render.links import links
from archgen.render.palette import DARK, LIGHT, Theme
from archgen.render.view import Box, Group, Item, Series, View, items, shape_words

RANKS = {"down": "TB", "up": "BT", "right": "LR"}


def dot_text(
    view: View,
    *,
    opened: bool = False,
    detail: int = 0,
    theme: str = "light",
    direction: str = "down",
) -> str:
    """Return a DOT document; modules are single nodes unless ``opened``, then clusters."""
    colours = DARK if theme == "dark" else LIGHT
    ink, muted = colours.roles["ink"], colours.roles["edge"]
    graph = (
        f"rankdir={RANKS[direction]} nodesep=0.22 ranksep=0.3 ordering=out "
        "splines=spline outputorder=edgesfirst "
        f'fontname="Arial" fontcolor="{ink}" bgcolor="{colours.background}" '
        f"tooltip={quoted(view.title)}"
    )
    node = f'shape=box style="rounded,filled" fontname="Arial" fontsize=11 fontcolor="{ink}"'
    entering = f"label={quoted(f'input {shape_words(view.input)}')} {_colours('input', colours)}"
    edges = links(view, opened=opened)
    lines = [
        f"digraph {quoted(view.name)} {{",
        f"  graph [{graph}];",
        f"  node [{node}];",
        f'  edge [color="{muted}" arrowsize=0.7];',
        f"  {quoted(INPUT)} [{entering}];",
        *_nodes(view.everything, colours, detail, "  ", opened=opened),
        *(f"  {quoted(source)} -> {quoted(target)};" for source, target in edges),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _nodes(
    series: Series,
    theme: Theme,
    detail: int,
    indent: str,
    *,
    opened: bool,
) -> Iterator[str]:
    for item in items(series):
        if isinstance(item, Group) and opened:
            title = label_of(item, 0)[0]
            pair = theme.families["panel"]
            yield f"{indent}subgraph {quoted(f'cluster_{item.name}')} {{"
            yield (
                f'{indent}  label={quoted(title)}; labeljust=l; style="rounded,filled"; '
                f'color="{pair.line}"; fillcolor="{pair.fill}";'
            )
            yield from _nodes(item.body, theme, detail, indent + "  ", opened=True)
            yield f"{indent}}}"
        else:
            yield f"{indent}{quoted(item.name)} [{_look(item, theme, detail)}];"


def _look(item: Item, theme: Theme, detail: int) -> str:
    family = item.family
    many = " peripheries=2" if len(item.copies) > 1 else ""
    label = "\n".join(label_of(item, detail))
    return (
        f"label={quoted(label)} id={quoted(item.name)} tooltip={quoted(item.name)} "
        f"class={quoted(family.replace(' ', '-'))} "
        f"{_colours(family, theme)}{many}"
    )


def label_of(item: Item, detail: int) -> list[str]:
    """Return the lines of an item's label."""
    said = (
        f"{item.caption.words} {item.caption.marks}"
        if isinstance(item, Box)
        else f"{item.title} {item.called}"
    )
    times = f" ×{len(item.copies)}" if len(item.copies) > 1 else ""
    second = [shape_words(item.shape)] if detail or (isinstance(item, Box) and item.is_join) else []
    second += [f"{item.params:,} params", f"{item.macs:,} MACs"] if detail > 1 else []
    told = [item.fault] if item.fault else []
    return [said.strip() + times, *([" · ".join(second)] if second else []), *told]


def _colours(family: str, theme: Theme) -> str:
    pair = theme.families[family]
    return f'fillcolor="{pair.fill}" color="{pair.line}"'


def quoted(text: str) -> str:
    r"""Return text as a DOT string that is nothing but text.

    ``\`` would begin an escape (and at the end eat the quote), a line break is ``\n``, a control
    character is left out.
    """
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + "".join(sign if sign.isprintable() else "�" for sign in plain) + '"'

"""Whole pictures: the overview, one module, the poster of both, every layer.

Imports ``heads``, ``layout``, ``overview``, ``parts``, ``poster``, ``scene``, ``typography``,
``view`` and ``words``.
"""

from collections.abc import Mapping
from dataclasses import replace

from archgen.render.heads import with_heads
from archgen.render.layout import Layout
from archgen.render.overview import overview, with_ends
from archgen.render.parts import Title, flow, titled
from archgen.render.poster import poster
from archgen.render.scene import Scene
from archgen.render.typography import Run
from archgen.render.view import Box, Group, View, groups, items, shape_words
from archgen.render.words import cost_text, costs_of

VIEWS = ("overview", "module", "poster", "layers")


def figure(
    view: View, kind: str = "overview", module: str = "", detail: int = 0, direction: str = "down"
) -> Scene:
    """Return the picture of a network, or of one of its modules; ``kind`` is one of ``VIEWS``.

    Raises KeyError where there is no such module.
    """
    layout = Layout(detail, direction)
    if kind == "module":
        group = modules(view)[module]
        part = flow(layout.entering(group.body, group.entering), direction)
        return titled(part, _group_title(group), [group], detail=detail, faults=view.faults)
    if kind == "poster":
        return titled(
            poster(view, layout), _title(view), view.everything, detail=detail, faults=view.faults
        )
    if kind == "layers":
        opened = replace(layout, open=True)
        body = flow(with_ends(view, opened), direction).flat()
        part = with_heads(body, view, opened)
        return titled(part, _title(view), view.everything, detail=detail, faults=view.faults)
    shown = [item for item in items(view.body) if isinstance(item, Box)]
    return titled(overview(view, layout), _title(view), shown, detail=detail, faults=view.faults)


def modules(view: View) -> Mapping[str, Group]:
    """Return the first use of every module, and the heads, by their names and those of scopes."""
    found: dict[str, Group] = {}
    for group in groups(view.everything):
        for name in (group.module, *group.copies):
            found.setdefault(name, group)
    return found


def _title(view: View) -> Title:
    entering = f" · input {shape_words(view.input)}"
    said = Run(cost_text(view.params, view.macs), 11, "muted")
    if view.faults:
        count = "a fault" if len(view.faults) == 1 else f"{len(view.faults):,} faults"
        said = Run(f"does not work: {count}", 11, "fault", bold=True)
    return Title((Run(view.title, 18, bold=True),), (said, Run(entering, 11, "muted")))


def _group_title(group: Group) -> Title:
    many = (Run(f"×{len(group.copies)}", 15, "muted", gap=6),) if len(group.copies) > 1 else ()
    costs = (Run(costs_of(group), 11, "muted"),)
    called = (Run(group.called, 14, "muted", gap=6),) if group.called else ()
    return Title((Run(group.title, 15, bold=True), *called, *many), costs, centred=True)

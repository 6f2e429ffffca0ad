"""Whole pictures: the overview, one module, the poster of both, every layer.

Imports ``layout``, ``overview``, ``parts``, ``poster``, ``scene``, ``typography`` and ``view``.
"""

from collections.abc import Mapping
from dataclasses import replace

from archgen.ir import shape_text
from archgen.render.layout import Layout, cost_text
from archgen.render.overview import overview
from archgen.render.parts import Title, flow, titled
from archgen.render.poster import poster
from archgen.render.scene import Scene
from archgen.render.typography import Run
from archgen.render.view import Box, Group, View, groups, items

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
        return titled(part, _group_title(group), [group], centred=True)
    if kind == "poster":
        return titled(poster(view, layout), _title(view), view.everything)
    if kind == "layers":
        opened = replace(layout, open=True)
        part = flow(opened.entering(view.body, view.input), direction)
        return titled(part, _title(view), view.body)
    shown = [item for item in items(view.body) if isinstance(item, Box)]
    return titled(overview(view, layout, {}), _title(view), shown)


def modules(view: View) -> Mapping[str, Group]:
    """Return the first use of every module, and the heads, by their names and those of scopes."""
    found: dict[str, Group] = {}
    for group in groups(view.everything):
        for name in (group.module, *group.copies):
            found.setdefault(name, group)
    return found


def _title(view: View) -> Title:
    costs = f"{cost_text(view.params, view.macs)} · input {shape_text(view.input)}"
    return (Run(view.title, 18, bold=True),), (Run(costs, 11, "muted"),)


def _group_title(group: Group) -> Title:
    many = (Run(f"×{len(group.copies)}", 15, "muted", gap=6),) if len(group.copies) > 1 else ()
    costs = cost_text(group.params, group.macs, group)
    return (Run(group.title, 15, bold=True), *many), (Run(costs, 11, "muted"),)

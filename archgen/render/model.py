"""A view as JSON-ready data, which the page and other programs read; imports ``view``."""

from typing import Any

from archgen.render.view import Box, Element, Fork, Group, Series, Tangle, View, entered

VERSION = 1


def record(view: View) -> dict[str, Any]:
    """Return a view as data: boxes, groups, forks (lists of branches) and tangles.

    Shapes are height × width × channels; params and MACs are those of one copy.
    """
    return {
        "version": VERSION,
        "name": view.name,
        "title": view.title,
        "input": list(view.input),
        "outputs": {name: list(shape) for name, shape in view.outputs.items()},
        "params": view.params,
        "macs": view.macs,
        "faults": list(view.faults),
        "body": _series(view.body),
        "heads": [{"from": tap, **_element(head)} for tap, head in view.heads],
    }


def _series(series: Series) -> list[dict[str, Any]]:
    return [_element(element) for element in series]


def _element(element: Element) -> dict[str, Any]:
    if isinstance(element, Fork):
        return {"branches": [_series(branch) for branch in element.branches]}
    if isinstance(element, Tangle):
        items = [_element(item) for item in element.items]
        return {"tangle": items, "leaving": list(element.leaving)}
    return _box(element) if isinstance(element, Box) else _group(element)


def _box(box: Box) -> dict[str, Any]:
    said = {
        "name": box.name,
        "words": box.caption.words,
        "marks": box.caption.marks,
        "family": box.family,
        "join": box.is_join,
        "shape": list(box.shape),
        "params": box.params,
        "macs": box.macs,
        "nodes": list(box.nodes[1:]),
        "inputs": list(box.inputs),
        "field": list(box.field) if any(box.field) else [],
        "origin": box.origin,
        "at": box.at,
        "fault": box.fault,
        "dead": box.is_dead,
        "copies": list(box.copies) if len(box.copies) > 1 else [],
    }
    return {key: value for key, value in said.items() if value or key in ("name", "words", "shape")}


def _group(group: Group) -> dict[str, Any]:
    said = {
        "name": group.name,
        "module": group.module,
        "title": group.title,
        "called": group.called,
        "entering": [list(shape) for shape in group.entering.values()],
        "shape": list(group.shape),
        "params": group.params,
        "macs": group.macs,
        "totals": list(group.totals),
        "alike": group.alike,
        "inputs": list(group.inputs),
        "fault": group.fault,
        "dead": group.is_dead,
        "unknown": not group.is_known,
        "runs": [[list(shape), *ends] for shape, *ends in entered(group.body, group.entering)],
        "family": "" if group.family == "card" else group.family,
        "copies": list(group.copies) if len(group.copies) > 1 else [],
    }
    kept = {
        key: value
        for key, value in said.items()
        if value or key in ("shape", "params", "macs", "alike")
    }
    return {**kept, "body": _series(group.body)}

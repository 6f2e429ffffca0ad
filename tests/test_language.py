"""The rules of the spec language, one literate case each: prose, spec, the nodes it must give.

A case's unnamed ``json`` block is the spec, a named one a file beside it. A ``nodes`` block lists
every node: name, op, shape, parameters, then ``←`` and its inputs where they are not the line
above, then its filters as written and as scaled. Behind it stand the outputs. Its info string may
give an input shape and parameters: ``nodes input=16x16x3 classes=4``. A ``fields`` block names
some fields of some ops. ``UPDATE=1`` writes the ``nodes`` blocks anew, for review line by line.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import archgen
from archgen.analysis import Measure
from archgen.ir import Graph, shape_text
from tests.literate import Block, Case, cases

CASES = cases(Path(__file__).parent / "cases" / "language")
THEMES = {case.path.stem for case in CASES}


def table(graph: Graph) -> str:
    """Return the nodes and outputs of a graph as a case lists them."""
    return "".join(row.rstrip() + "\n" for row in (*_aligned(list(_rows(graph))), *_ends(graph)))


def _rows(graph: Graph) -> Iterator[list[str]]:
    before = "input"
    for measure in archgen.analyse(graph).measures:
        yield [*_cells(measure), " ".join(_remarks(measure, before))]
        before = measure.node.name


def _cells(measure: Measure) -> list[str]:
    node = measure.node
    return [node.name, node.op.kind, shape_text(node.shape), f"{measure.params:,}"]


def _remarks(measure: Measure, before: str) -> Iterator[str]:
    node = measure.node
    if node.inputs != (before,):
        yield "← " + ", ".join(node.inputs)
    if node.written is not None:
        yield f"{node.written}→{node.shape[-1]}"


def _aligned(rows: list[list[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))


def _ends(graph: Graph) -> Iterator[str]:
    for name, node in graph.outputs.items():
        weight = f", loss weight {graph.loss_weights[name]}" if name in graph.loss_weights else ""
        yield f"output {name}: {node}{weight}"


def spec_of(case: Case, folder: Path) -> Path:
    """Write a case's files into a folder and return that of the spec."""
    for block in _blocks(case, "json"):
        name = block.info.partition(" ")[2] or "spec.json"
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
    return folder / "spec.json"


def asked(block: Block) -> dict[str, Any]:
    """Return the arguments that a block's info string asks for."""
    pairs = [word.split("=", 1) for word in block.info.split()[1:]]
    return {("input_shape" if key == "input" else key): _value(value) for key, value in pairs}


def _value(word: str) -> Any:
    extents = word.split("x")
    if len(extents) > 1 and all(map(str.isdigit, extents)):
        return tuple(map(int, extents))
    try:
        return json.loads(word)
    except ValueError:
        return word


def _blocks(case: Case, kind: str) -> list[Block]:
    return [block for block in case.blocks if block.info.split(" ")[0] == kind]


def words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def fields(text: str) -> Iterator[tuple[str, str, Any]]:
    """Return the node, the field and the value of each of the fields that a block names."""
    for line in text.splitlines():
        name, *pairs = line.split()
        for key, value in (pair.split("=", 1) for pair in pairs):
            yield name, key, json.loads(value)


def rewrite(case: Case, number: int, text: str) -> None:
    """Write a case's block anew; the lines are counted again, since others were written before."""
    (now,) = [known for known in cases(case.path.parent) if known.id == case.id]
    block = _blocks(now, "nodes")[number]
    lines = case.path.read_text(encoding="utf-8").split("\n")
    size = block.text.count("\n")
    lines[block.line : block.line + size] = text.split("\n")[:-1]
    case.path.write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_a_spec_gives_these_nodes(case: Case, tmp_path: Path) -> None:
    spec = spec_of(case, tmp_path)
    for number, block in enumerate(_blocks(case, "nodes")):
        found = table(archgen.graph(spec, **asked(block)))
        if os.environ.get("UPDATE"):
            rewrite(case, number, found)
        else:
            assert words(found) == words(block.text), found


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if _blocks(case, "fields")],
    ids=[case.id for case in CASES if _blocks(case, "fields")],
)
def test_an_op_has_these_fields(case: Case, tmp_path: Path) -> None:
    graph = archgen.graph(spec_of(case, tmp_path))
    for block in _blocks(case, "fields"):
        for name, key, value in fields(block.text):
            found = graph.by_name[name].op.model_dump(mode="json")[key]
            assert (name, key, found) == (name, key, value)


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_a_case_is_complete(case: Case) -> None:
    kinds = [block.info.split(" ")[0] for block in case.blocks]
    assert case.prose.endswith((".", ":"))
    assert set(kinds) <= {"json", "nodes", "fields"}
    assert [block.info for block in case.blocks].count("json") == 1
    assert "nodes" in kinds


def test_every_theme_has_cases() -> None:
    assert {"parameters", "forks", "wiring", "heads", "width", "edit", "names"} <= THEMES

"""Imports run one way, along the flow from a text to a model."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).parents[1] / "archgen"

# Lowest first. `x` covers the module or package x and all below it, `x.*` only what is below;
# the closest pattern wins. A module may import what is lower, and its siblings in one package.
TIERS = (
    ("places", "limits", "look", "intervals", "columns", "collection"),
    ("similarity", "echo"),
    ("record", "snippets"),
    ("reports",),
    ("diagnostics", "grammar", "naming"),
    ("intake",),
    ("source", "canonical", "expressions", "geometry", "explaining"),
    ("formatting", "ir"),
    ("inference", "ops.keras_objects"),
    ("ops.fields", "ops.windows"),
    ("ops.*",),
    ("ops",),
    ("spec",),
    ("recipe", "pixels"),
    ("variants",),
    ("library", "json_schema"),
    ("composition", "scopes", "melt"),
    ("trails",),
    ("validation", "wiring"),
    ("bounds",),
    ("declaring",),
    ("reading", "evaluation"),
    ("making", "growth"),
    ("nodes",),
    ("resolve",),
    ("receptive", "provenance"),
    ("manifest",),
    ("artifacts",),
    ("analysis", "lints", "repairs", "outline"),
    ("published", "passes.contract"),
    ("passes.draft", "passes.hosts"),
    ("passes.folding",),
    ("passes.*",),
    ("passes.running",),
    ("passes.report",),
    ("passes",),
    ("sketch",),
    ("runs",),
    ("spreading",),
    ("input_sizes",),
    ("tables", "starters", "arguments"),
    ("about",),
    ("render",),
    ("files",),
    ("fitting",),
    ("backends",),
    ("api",),
    ("pictures", "training"),
    ("exports",),
    ("watching",),
    ("cli", "__init__"),
    ("__main__",),
)


class Import(NamedTuple):
    """One import of a module of the package by another."""

    importer: str
    imported: str
    line: int


def modules(package: Path) -> dict[str, Path]:
    """Return every module below a package by its dotted name, without the package's own."""
    return {_name(path.relative_to(package)): path for path in sorted(package.rglob("*.py"))}


def _name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)


def imports(package: Path) -> list[Import]:
    """Return every import inside a package: in functions and under TYPE_CHECKING too."""
    known = modules(package)
    return [
        Import(name, imported, line)
        for name, path in known.items()
        for target, line in _targets(path, package)
        if (imported := _owner(target, package.name, known)) is not None
    ]


def _targets(path: Path, package: Path) -> Iterator[tuple[str, int]]:
    folder = path.parent.relative_to(package.parent).parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = folder[: len(folder) - node.level + 1] if node.level else ()
            base = ".".join([*above, *filter(None, [node.module])])
            yield from ((f"{base}.{alias.name}", node.lineno) for alias in node.names)


def _owner(target: str, package: str, known: dict[str, Path]) -> str | None:
    """Return the module that an imported name comes from; None outside the package."""
    head, _, rest = target.partition(".")
    if head != package:
        return None
    while rest and rest not in known:
        rest = rest.rpartition(".")[0]
    return rest or "__init__"


def pattern_of(name: str, tiers: tuple[tuple[str, ...], ...]) -> str | None:
    """Return the closest pattern that covers a module."""
    covering = (pattern for tier in tiers for pattern in tier if _covers(pattern, name))
    return max(covering, key=_closeness, default=None)


def _covers(pattern: str, name: str) -> bool:
    stem = pattern.removesuffix(".*")
    return name.startswith(f"{stem}.") or (stem == pattern == name)


def _closeness(pattern: str) -> tuple[int, bool]:
    stem = pattern.removesuffix(".*")
    return (len(stem), pattern != stem)


def rank_of(name: str, tiers: tuple[tuple[str, ...], ...]) -> int:
    """Return the number of a module's tier; a module without one ranks below all."""
    pattern = pattern_of(name, tiers)
    return next((rank for rank, tier in enumerate(tiers) if pattern in tier), -1)


def unranked(package: Path, tiers: tuple[tuple[str, ...], ...]) -> list[str]:
    """Return the modules that no tier names."""
    return [name for name in modules(package) if pattern_of(name, tiers) is None]


def missing(package: Path, tiers: tuple[tuple[str, ...], ...]) -> list[str]:
    """Return the patterns that cover no module."""
    used = {pattern_of(name, tiers) for name in modules(package)}
    return [pattern for tier in tiers for pattern in tier if pattern not in used]


def backward(package: Path, tiers: tuple[tuple[str, ...], ...]) -> list[str]:
    """Return the imports that run up, or sideways out of their package."""
    return [
        f"{importer} imports {imported} (line {line})"
        for importer, imported, line in imports(package)
        if not _runs_down(importer, imported, tiers)
    ]


def _runs_down(importer: str, imported: str, tiers: tuple[tuple[str, ...], ...]) -> bool:
    rise = rank_of(imported, tiers) - rank_of(importer, tiers)
    return rise < 0 or (rise == 0 and _folder(imported) == _folder(importer))


def _folder(name: str) -> str:
    return name.partition(".")[0]


def cycle(package: Path) -> list[str]:
    """Return the modules of one import cycle, if there is any."""
    graph: dict[str, set[str]] = {}
    for importer, imported, _ in imports(package):
        graph.setdefault(importer, set()).add(imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_every_module_has_a_tier() -> None:
    assert unranked(PACKAGE, TIERS) == []


def test_every_tier_names_modules_that_exist() -> None:
    assert missing(PACKAGE, TIERS) == []


def test_imports_run_down_the_tiers() -> None:
    assert backward(PACKAGE, TIERS) == []


def test_no_imports_run_in_a_circle() -> None:
    assert cycle(PACKAGE) == []


def test_imports_are_found_at_all() -> None:
    assert Import("ops.conv", "ir", 0) in {found._replace(line=0) for found in imports(PACKAGE)}


TOY_TIERS = (("low", "side"), ("ops.base",), ("ops.*",), ("ops",), ("high",))
TOY = {
    "low.py": "import json\n",
    "side.py": "",
    "ops/__init__.py": "from . import conv, pool\n",
    "ops/base.py": "from toy import low\n",
    "ops/conv.py": "from ..low import thing\nfrom . import base\n",
    "ops/pool.py": "from toy.ops.conv import axes\n",
    "high.py": "import toy.ops.conv\nfrom toy.ops import OPS\n",
}


def make_toy(folder: Path, changes: dict[str, str]) -> Path:
    for name, text in (TOY | changes).items():
        path = folder / "toy" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "toy"


def test_a_layered_package_passes(tmp_path: Path) -> None:
    toy = make_toy(tmp_path, {})
    assert unranked(toy, TOY_TIERS) == missing(toy, TOY_TIERS) == []
    assert backward(toy, TOY_TIERS) == cycle(toy) == []


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        ("low.py", "from toy.high import f\n", "low imports high (line 1)"),
        ("low.py", "from toy import side\n", "low imports side (line 1)"),
        ("low.py", "def f():\n    import toy.high\n", "low imports high (line 2)"),
        ("low.py", "if TYPE_CHECKING:\n    from .ops import OPS\n", "low imports ops (line 2)"),
        ("ops/base.py", "from .conv import f\n", "ops.base imports ops.conv (line 1)"),
        ("ops/conv.py", "\nfrom ..high import f\n", "ops.conv imports high (line 2)"),
        ("ops/conv.py", "from . import OPS\n", "ops.conv imports ops (line 1)"),
        ("high.py", "from toy import VERSION\n", "high imports __init__ (line 1)"),
    ],
)
def test_an_import_up_or_sideways_is_reported(
    tmp_path: Path, module: str, text: str, fault: str
) -> None:
    tiers = (*TOY_TIERS, ("__init__",))
    assert backward(make_toy(tmp_path, {module: text}), tiers) == [fault]


def test_an_unranked_and_a_missing_module_are_reported(tmp_path: Path) -> None:
    toy = make_toy(tmp_path, {"new.py": ""})
    assert unranked(toy, TOY_TIERS) == ["new"]
    assert missing(toy, (*TOY_TIERS, ("gone", "ops.gone"))) == ["gone", "ops.gone"]


def test_a_circle_inside_a_package_is_reported(tmp_path: Path) -> None:
    toy = make_toy(tmp_path, {"ops/conv.py": "from toy.ops import pool\n"})
    assert backward(toy, TOY_TIERS) == []
    assert set(cycle(toy)) == {"ops.conv", "ops.pool"}

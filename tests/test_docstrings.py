"""Whatever looks public says what it is."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "archgen"

Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def undocumented(source: str) -> list[str]:
    """Return the public classes and functions of a module without a docstring, and itself."""
    return [name for name, node in _public(ast.parse(source)) if not ast.get_docstring(node)]


def _public(module: ast.Module) -> Iterator[tuple[str, Documented]]:
    yield ("<module>", module)
    for node in module.body:
        match node:
            case ast.ClassDef(name) | ast.FunctionDef(name) | ast.AsyncFunctionDef(name):
                if not name.startswith("_"):
                    yield (name, node)


def test_every_public_name_has_a_docstring() -> None:
    modules = {path.relative_to(PACKAGE).as_posix(): path for path in PACKAGE.rglob("*.py")}
    assert modules
    missing = {name: undocumented(path.read_text("utf-8")) for name, path in modules.items()}
    assert {name: found for name, found in missing.items() if found} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('"""A module."""\ndef f():\n    """Do."""\n', []),
        ('"""A module."""\ndef _f(): ...\nclass C:\n    x = 1\n', ["C"]),
        ('def f():\n    """Do."""\nasync def g(): ...\n', ["<module>", "g"]),
    ],
)
def test_a_missing_docstring_is_noticed(source: str, found: list[str]) -> None:
    assert undocumented(source) == found

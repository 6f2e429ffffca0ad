"""What importing archgen brings along; asked in fresh interpreters, since pytest imports much."""

import json
import subprocess
import sys

import pytest

HEAVY = {"tensorflow", "keras", "numpy", "jax", "torch", "sklearn"}

CHECK = """
from archgen.cli import main
try:
    status = main(["check", "inception_v4"])
except SystemExit as stop:
    status = stop.code
assert not status, status
"""

DRAW = """
import archgen
for form in ("svg", "png", "pdf", "html", "dot", "mmd", "json"):
    archgen.render("inception_v4", format=form)
"""

PASS = """
import archgen
from archgen import passes
rewriting = passes.rewrite(archgen.graph("inception_v4"))
assert rewriting.edits and passes.report_text(rewriting)
"""

CODE = """
import archgen
assert "import keras" in archgen.code("inception_v4")
"""

PUBLIC_NAMES = """
import archgen, json, types
print(json.dumps([
    name for name, value in vars(archgen).items()
    if not name.startswith("_") and not isinstance(value, types.ModuleType)
]))
"""


def run(code: str) -> str:
    """Return the last line that a fresh interpreter prints for some code."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def loaded_by(code: str) -> set[str]:
    """Return the top-level modules that some code leaves in ``sys.modules``."""
    listing = 'import json, sys; print(json.dumps([n for n in sys.modules if "." not in n]))'
    return set(json.loads(run(f"{code}\n{listing}")))


@pytest.mark.parametrize("code", ["import archgen", "import archgen.cli", CHECK, DRAW, PASS, CODE])
def test_nothing_before_the_build_loads_an_array_library(code: str) -> None:
    loaded = loaded_by(code)
    assert "archgen" in loaded
    assert loaded & HEAVY == set()


def test_asking_for_every_public_name_loads_no_array_library() -> None:
    loaded = loaded_by("import archgen\nfor name in archgen.__all__: getattr(archgen, name)")
    assert loaded & HEAVY == set()


def test_an_import_would_be_noticed() -> None:
    assert loaded_by("import sys, types; sys.modules['keras'] = types.ModuleType('keras')") & HEAVY


def test_the_public_names_are_those_of_all() -> None:
    listed = json.loads(run("import archgen, json; print(json.dumps(archgen.__all__))"))
    assert listed
    assert set(json.loads(run(PUBLIC_NAMES))) <= set(listed)
    assert len(listed) == len(set(listed))

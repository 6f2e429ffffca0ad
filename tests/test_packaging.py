"""The wheel and the source archive hold what an installed archgen needs."""

import subprocess
import sys
import tarfile
import tomllib
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

from archgen.diagnostics import CODES

ROOT = Path(__file__).parents[1]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
INFO = f"archgen-{VERSION}.dist-info"


def build(target: str, project: Path, folder: Path) -> Path:
    """Return the one file that hatchling, without a network, makes of a project."""
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)],
        cwd=project,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the wheel's files by name."""
    return contents(build("wheel", ROOT, tmp_path_factory.mktemp("wheel")))


def contents(wheel: Path) -> dict[str, bytes]:
    """Return every file of a wheel by name."""
    with ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_holds_every_shipped_spec(wheel: dict[str, bytes]) -> None:
    specs = {f"archgen/specs/{path.name}": path for path in (ROOT / "specs").glob("*.json")}
    assert "archgen/specs/inception_v4.json" in specs
    assert {name: wheel.get(name) for name in specs} == {
        name: path.read_bytes() for name, path in specs.items()
    }


def test_the_wheel_holds_every_explanation(wheel: dict[str, bytes]) -> None:
    pages = {f"archgen/explanations/{code}.md" for code in CODES}
    assert {name for name in wheel if name.startswith("archgen/explanations/")} == pages


def test_the_wheel_holds_the_digits_with_their_licence(wheel: dict[str, bytes]) -> None:
    for suffix in (".npz", ".txt"):
        name = f"archgen/training/digits{suffix}"
        assert wheel.get(name) == (ROOT / name).read_bytes()


def test_the_wheel_holds_the_fonts_with_their_licence_and_the_parts_of_the_page(
    wheel: dict[str, bytes],
) -> None:
    render = ROOT / "archgen" / "render"
    parts = [*(render / "fonts").iterdir(), *(render / "page").iterdir()]
    names = {path.relative_to(ROOT).as_posix(): path for path in parts}
    assert {path.suffix for path in parts} == {".css", ".html", ".js", ".json", ".ttf", ".txt"}
    assert {name: wheel.get(name) for name in names} == {
        name: path.read_bytes() for name, path in names.items()
    }


@pytest.mark.parametrize("name", ["archgen/specs/archgen.schema.json", "archgen/py.typed"])
def test_the_wheel_holds_the_schema_and_the_typing_marker(
    wheel: dict[str, bytes], name: str
) -> None:
    assert name in wheel


def test_the_wheel_holds_every_module_and_nothing_beside_the_package(
    wheel: dict[str, bytes],
) -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "archgen").rglob("*.py")}
    assert modules <= wheel.keys()
    assert {name.split("/")[0] for name in wheel} == {"archgen", INFO}


def test_the_wheel_says_its_licence_and_its_command(wheel: dict[str, bytes]) -> None:
    metadata = Parser().parsestr(wheel[f"{INFO}/METADATA"].decode())
    assert metadata["License-Expression"] == "Apache-2.0"
    assert f"{INFO}/licenses/LICENSE" in wheel
    assert b"archgen = archgen.cli:main" in wheel[f"{INFO}/entry_points.txt"]


def test_the_source_archive_makes_the_same_wheel(tmp_path: Path, wheel: dict[str, bytes]) -> None:
    with tarfile.open(build("sdist", ROOT, tmp_path / "sdist")) as archive:
        archive.extractall(tmp_path, filter="data")
    again = contents(build("wheel", tmp_path / f"archgen-{VERSION}", tmp_path / "wheel"))
    assert again == wheel

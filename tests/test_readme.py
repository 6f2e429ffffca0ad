"""The README's console blocks print what it says."""

import re
from pathlib import Path

import pytest

from archgen.cli import main

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n(.*?)```", README, re.DOTALL)


def commands() -> list[tuple[list[str], str]]:
    found = []
    for block in BLOCKS:
        for text in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = text.partition("\n")
            found.append((command.split()[1:], output))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("readme")


@pytest.mark.parametrize(("arguments", "output"), commands(), ids=lambda value: str(value)[:40])
def test_a_command_prints_what_the_readme_says(
    arguments: list[str],
    output: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    assert main(arguments) in (0, 1)
    printed = capsys.readouterr().out
    assert printed == output if output else printed

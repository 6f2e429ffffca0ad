"""The console blocks of the README and the documents print what they say.

A block of JSON whose info string names a file is written before the commands behind it run.
``UPDATE=1`` writes what the commands print into the documents, for review.
"""

import re
from pathlib import Path

import pytest

from archgen.cli import main
from tests.literate import UPDATE

ROOT = Path(__file__).parents[1]
DOCUMENTS = (
    "README.md",
    "docs/story.md",
    "docs/pictures.md",
    "docs/fitting.md",
    "docs/code.md",
    pytest.param("docs/training.md", marks=pytest.mark.keras),
    pytest.param("docs/export.md", marks=pytest.mark.keras),
)
PYTHON = ("docs/export.md",)  # whose blocks of Python are run, one behind the other
FENCED = re.compile(
    r"^```(?P<info>console|python|json \S+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
COMMAND = re.compile(r"^\$ (?P<command>.*)\n(?P<output>(?:(?!\$ ).*\n)*)", re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_prints_what_the_document_says(
    document: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    path = ROOT / document
    text = path.read_text(encoding="utf-8")

    names: dict[str, object] = {}

    def ran(match: re.Match[str]) -> str:
        arguments = match["command"].split()
        assert arguments[0] == "archgen"
        assert main(arguments[1:]) in (0, 1)
        output = capsys.readouterr().out
        # Where a document shows no output there must be some, and it need not be shown.
        shown = output if match["output"] or not output else ""
        return f"$ {match['command']}\n{shown}"

    def carried_out(match: re.Match[str]) -> str:
        if match["info"] == "console":
            return f"```console\n{COMMAND.sub(ran, match['text'])}```"
        if match["info"] == "python":
            if document in PYTHON:
                exec(match["text"], names)  # noqa: S102 - the project's own text
            return match[0]
        Path(match["info"].removeprefix("json ")).write_text(match["text"], encoding="utf-8")
        return match[0]

    told = FENCED.sub(carried_out, text)
    if UPDATE:
        path.write_text(told, encoding="utf-8")
    assert told == text
    assert FENCED.search(text)

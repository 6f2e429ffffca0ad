"""The console blocks of the README and the documents print what they say.

A block whose info string names a file is written before the commands behind it run; where a command
has written the file, the block is what stands in it. In a block of ``console varying`` an ellipsis
``…`` stands for what differs from run to run. Pictures in the folder that is called like a document
are those that its commands draw. ``UPDATE=1`` writes what comes out into the documents, for review.
"""

import os
import re
import subprocess
import sys
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
    pytest.param("docs/mnist.md", marks=pytest.mark.keras),
    pytest.param("docs/training.md", marks=pytest.mark.keras),
    pytest.param("docs/export.md", marks=pytest.mark.keras),
)
PYTHON = ("docs/export.md",)  # whose blocks of Python are run, one behind the other
FENCED = re.compile(
    r"^```(?P<info>console(?: varying)?|python(?: \S+)?|json \S+)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
COMMAND = re.compile(r"^\$ (?P<command>.*)\n(?P<output>(?:(?!\$ ).*\n)*)", re.MULTILINE)
VARYING = "console varying"

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_prints_what_the_document_says(
    document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    path = ROOT / document
    text = path.read_text(encoding="utf-8")
    names: dict[str, object] | None = {} if document in PYTHON else None

    told = FENCED.sub(lambda match: carried_out(match, names, capsys), text)
    changed = redrawn(path, text)
    if UPDATE:
        path.write_text(told, encoding="utf-8")
    assert told == text
    assert FENCED.search(text)
    assert not changed


def carried_out(match: re.Match[str], names: dict[str, object] | None, capsys: Captured) -> str:
    """Carry a block out, and return it as it comes out."""
    info, text = match["info"], match["text"]
    kind, _, name = info.partition(" ")
    if kind == "console":
        text = COMMAND.sub(lambda one: ran(one, capsys, varies=info == VARYING), text)
    elif not name:
        if names is not None:
            exec(text, names)  # noqa: S102 - the project's own text
    elif Path(name).exists():
        text = Path(name).read_text(encoding="utf-8")
    else:
        Path(name).write_text(text, encoding="utf-8")
    return f"```{info}\n{text}```"


def ran(match: re.Match[str], capsys: Captured, *, varies: bool) -> str:
    """Run a command; where the document shows no output there must be some, and it stays out."""
    said = match["output"]
    printed = output(match["command"].split(), capsys)
    shown = printed if said or not printed else ""
    if varies and agrees(said, printed):
        shown = said
    return f"$ {match['command']}\n{shown}"


def output(command: list[str], capsys: Captured) -> str:
    """Return what a command prints: one of archgen's, or a program of Python."""
    program, *arguments = command
    if program == "python":
        quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
        run = [sys.executable, *arguments]
        return subprocess.run(run, stdout=subprocess.PIPE, text=True, check=True, env=quiet).stdout
    assert program == "archgen"
    assert main(arguments) in (0, 1)
    return capsys.readouterr().out


def agrees(said: str, printed: str) -> bool:
    """Say whether a text is another, but for what its ellipses stand for within a line."""
    return re.fullmatch(".+?".join(map(re.escape, said.split("…"))), printed) is not None


def redrawn(document: Path, text: str) -> list[str]:
    """Return the pictures of a document that its commands draw otherwise than they are there."""
    shown = re.findall(rf"\]\({document.stem}/([^)]+)\)", text)
    drawn = {name: Path(name).read_bytes() for name in shown if Path(name).exists()}
    kept = {name: document.with_suffix("") / name for name in drawn}
    changed = [name for name, path in kept.items() if path.read_bytes() != drawn[name]]
    for name in changed if UPDATE else ():
        kept[name].write_bytes(drawn[name])
    return changed


def test_an_ellipsis_stands_for_some_of_a_line() -> None:
    assert agrees("ran … s\nfine\n", "ran 0.5 s\nfine\n")
    assert not agrees("ran … s\nfine\n", "ran 0.5 s\nfailed\n")
    assert not agrees("ran … s\n", "ran s\n")
    assert not agrees("ran … s\n", "ran 0.5\nfor a second or two s\n")

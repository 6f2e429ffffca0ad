"""Every code has a page, and every page's example prints what it says.

``UPDATE=1`` writes the examples' output anew, for review; then ``python -m docs.errors``.
"""

import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from archgen.artifacts import contents, seal
from archgen.cli import main
from archgen.diagnostics import CODES
from archgen.explaining import FOLDER, PHASES, errors_page, explained, overview, page
from archgen.limits import table
from archgen.look import PLAIN, Look, cells
from archgen.manifest import Manifest
from tests.literate import UPDATE, Block, blocks_of

ERRORS = Path(__file__).parents[1] / "docs" / "errors.md"
Captured = pytest.CaptureFixture[str]
Patch = pytest.MonkeyPatch
# A page's prose is read in a terminal: some lines, not a chapter.
FEWEST_LINES, MOST_LINES = 3, 11


def little_memory(monkeypatch: Patch) -> None:
    monkeypatch.setattr("archgen.backends.memory.available_bytes", lambda: 2 << 30)


def channels_first(monkeypatch: Patch) -> None:
    import keras

    monkeypatch.setattr(keras.config, "image_data_format", lambda: "channels_first")


def weights_of_another_model(_: Patch) -> None:
    import archgen

    layers = [{"op": "flatten"}, {"op": "dense", "units": 10, "name": "predictions"}]
    spec = {"archgen": 1, "name": "other", "input": {"shape": [32, 32, 3]}, "layers": layers}
    archgen.build(spec).save_weights("other.weights.h5")


def without_reportlab(monkeypatch: Patch) -> None:
    monkeypatch.setitem(sys.modules, "reportlab.pdfbase.pdfmetrics", None)


def damaged_artifact(_: Patch) -> None:
    path = Path("served")
    path.mkdir()
    (path / "saved_model.pb").write_bytes(b"graph")
    manifest = Manifest(
        artifact="savedmodel",
        dtype="float32",
        outputs=(),
        versions={},
        passes={},
        verified=None,
        files=contents(path),
    )
    seal(path, manifest)
    (path / "saved_model.pb").write_bytes(b"grapi")


def other_answers(monkeypatch: Patch) -> None:
    monkeypatch.setattr("archgen.backends.exporting.Reader.answers", lambda *_, **__: {})
    monkeypatch.setattr("archgen.backends.exporting.difference", lambda *_: 0.02)


NEED_KERAS = ("E504", "E505", "E506", "E514", "E518")
# What a spec and a command line alone do not bring about.
CIRCUMSTANCES: dict[str, Callable[[Patch], None]] = {
    "E504": little_memory,
    "E505": channels_first,
    "E506": weights_of_another_model,
    "E509": without_reportlab,
    "E513": damaged_artifact,
    "E514": other_answers,
}


def example_of(code: str) -> tuple[list[Block], Block]:
    *files, console = blocks_of(FOLDER / f"{code}.md")
    assert console.info == "console"
    return files, console


def printed(code: str, capsys: Captured) -> str:
    """Return the command of a page's example and what it prints in the current folder."""
    files, console = example_of(code)
    for block in files:
        kind, *words = block.info.split()
        assert kind in {"json", "text"}
        name, encoding = [*words, *("net.json", "utf-8")[len(words) :]]
        Path(name).write_bytes(block.text.encode(encoding))
    command = console.text.partition("\n")[0]
    capsys.readouterr()
    main(shlex.split(command.removeprefix("$ archgen ")))
    said = capsys.readouterr()
    return f"{command}\n{said.out}{said.err}"


@pytest.mark.parametrize(
    "code",
    [pytest.param(code, marks=pytest.mark.keras if code in NEED_KERAS else ()) for code in CODES],
)
def test_an_example_prints_what_its_page_says(
    code: str, tmp_path: Path, monkeypatch: Patch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    if code in CIRCUMSTANCES:
        CIRCUMSTANCES[code](monkeypatch)
    _, console = example_of(code)
    text = printed(code, capsys)
    assert f"[{code}]" in text
    if UPDATE:
        path = FOLDER / f"{code}.md"
        content = path.read_text(encoding="utf-8")
        path.write_text(content.replace(console.text, text), encoding="utf-8")
    else:
        assert text == console.text


def test_there_is_a_page_for_every_code_and_no_other() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == CODES.keys()


@pytest.mark.parametrize("code", CODES)
def test_a_page_reads_like_one(code: str) -> None:
    text = page(code)
    prose = text.partition("```")[0].strip().split("\n")
    assert FEWEST_LINES <= len(prose) <= MOST_LINES
    assert max(map(len, prose)) <= 100
    assert CODES[code] not in text.partition("```")[0]
    assert all(not line.startswith("#") for line in prose)


@pytest.mark.parametrize("columns", [None, 40, 80])
@pytest.mark.parametrize("code", CODES)
def test_a_page_is_printed_whole_and_in_the_width(code: str, columns: int | None) -> None:
    shown = explained(code, Look(columns))
    assert " ".join(shown.split()).startswith(f"{code}: {CODES[code]} ")
    prose, *rest = page(code).split("```")
    words = prose.split()
    assert shown.split()[len(f"{code}: {CODES[code]}".split()) :][: len(words)] == words
    for block in rest[::2]:
        for line in block.rstrip().split("\n")[1:]:
            assert f"    {line}".rstrip() in shown
    if columns:
        lines = shown.split("\n")
        assert all(cells(line) <= columns for line in lines if not line.startswith(" "))


def test_the_document_of_all_pages_is_up_to_date() -> None:
    assert ERRORS.read_text(encoding="utf-8") == errors_page(), "run python -m docs.errors"


def test_the_overview_lists_every_code_under_its_phase() -> None:
    lines = overview(PLAIN).split("\n")
    assert [line for line in lines if re.match("[EW][0-9]{3}", line)] == [
        f"{code}  {headline}" for code, headline in CODES.items()
    ]
    assert {code[:2] for code in CODES} <= PHASES.keys()


@pytest.mark.parametrize("asked", ["E310", "e310", "W601", "w601", "limits", "LIMITS"])
def test_explain_prints_a_page(asked: str, capsys: Captured) -> None:
    assert main(["explain", asked]) == 0
    out = capsys.readouterr().out
    topic = asked.lower() if asked.lower() == "limits" else asked.upper()
    assert out == explained(topic, PLAIN) + "\n"


def test_explain_lists_the_codes(capsys: Captured) -> None:
    assert main(["explain"]) == 0
    assert capsys.readouterr().out == overview(PLAIN) + "\n"


@pytest.mark.parametrize(("asked", "meant"), [("E319", "E310"), ("limit", "limits")])
def test_explain_asks_what_was_meant(asked: str, meant: str, capsys: Captured) -> None:
    assert main(["explain", asked]) == 2
    assert f"did you mean {meant}?" in " ".join(capsys.readouterr().err.split())


def test_explain_knows_no_other_topic(capsys: Captured) -> None:
    assert main(["explain", "qqq"]) == 2
    assert "lists the codes" in " ".join(capsys.readouterr().err.split())


def test_the_table_of_limits_is_printed(capsys: Captured) -> None:
    main(["explain", "limits"])
    assert capsys.readouterr().out == table()

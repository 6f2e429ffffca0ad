"""How faults look, in literate cases: prose, files, and what is shown of them, byte by byte.

The info string of a ``shown`` block is a look, such as ``columns=40 encoding=ascii colour``, and
may name another file than ``net.json``; an escape sequence begins with ␛. ``UPDATE=1`` writes the
blocks anew, for review.
"""

import json
import re
from pathlib import Path

import pytest

import archgen
from archgen.diagnostics import Fault, Related
from archgen.look import Look, cells, folded, wrapped
from archgen.places import Place, Text
from archgen.reports import fault_record, render_fault, render_faults, render_github
from tests.literate import UPDATE, Block, Case, cases, rewrite

CASES = cases(Path(__file__).parent / "cases" / "reports")
MARK = re.compile(r"[\^-]+")
SPEC = '{"archgen": 1, "name": "net", "input": {"shape": [4, 4, 3]}, "layers": %s}'


@pytest.fixture(params=CASES, ids=[case.id for case in CASES])
def case(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    found: Case = request.param
    monkeypatch.chdir(tmp_path)
    for block in found.blocks:
        kind, *words = block.info.split()
        name, encoding = [*words, *("net.json", "utf-8")[len(words) :]]
        if kind in {"json", "text"}:
            windows = encoding == "crlf"
            text = block.text.replace("\n", "\r\n") if windows else block.text
            Path(name).write_bytes(text.encode("utf-8" if windows else encoding))
    return found


def shown_blocks(case: Case) -> list[Block]:
    return [block for block in case.blocks if block.info.split()[0] == "shown"]


def look_of(words: list[str]) -> Look:
    options = dict(word.partition("=")[::2] for word in words)
    columns = int(options["columns"]) if "columns" in options else None
    return Look(columns, "colour" in options, options.get("encoding"))


def drawn(block: Block) -> tuple[str, Look]:
    _, *words = block.info.split()
    (name,) = [word for word in words if word.endswith(".json")] or ["net.json"]
    look = look_of([word for word in words if not word.endswith(".json")])
    return render_faults(archgen.check(Path(name)), look), look


def test_faults_look_like_this(case: Case) -> None:
    assert shown_blocks(case)
    for block in shown_blocks(case):
        text = drawn(block)[0].replace("\x1b", "␛") + "\n"
        if UPDATE:
            rewrite(case, block, text)
        else:
            assert text == block.text


def test_no_line_is_wider_than_the_terminal(case: Case) -> None:
    for block in shown_blocks(case):
        text, look = drawn(block)
        if look.columns is not None:
            lines = [line for line in text.split("\n") if not is_kept_whole(line)]
            assert max(map(cells, lines)) <= look.columns


def is_kept_whole(line: str) -> bool:
    """Say whether a line is a place or a pointer, to be clicked on or copied."""
    return "--> " in line or "::: " in line or line.lstrip().startswith("/")


def test_what_is_shown_can_be_encoded(case: Case) -> None:
    for block in shown_blocks(case):
        text, look = drawn(block)
        assert text.encode(look.encoding or "utf-8")


# ── every place of every fault ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("columns", [None, 24, 40, 80, 200])
@pytest.mark.parametrize("before", ["", "日本 ", "a\u0301\u0301", "\t\t", "x" * 300, "\u202e"])
@pytest.mark.parametrize("after", ["", "日" * 300])
def test_carets_stand_under_their_word(before: str, after: str, columns: int | None) -> None:
    line = f"{before}WORD{after}"
    text = Text("net.json", f"first\n{line}\nlast\n")
    start = len("first\n") + len(before)
    place = Place(text, (), start, start + 4)
    rows = render_fault(Fault("E102", "it is wrong", place), Look(columns)).split("\n")
    at = next(index for index, row in enumerate(rows) if "WORD" in row)
    below = rows[at + 1]
    assert cells(below[: below.index("^")]) == cells(rows[at][: rows[at].index("WORD")])
    assert below.count("^") == 4


def test_a_text_of_a_megabyte_in_one_line_is_drawn_at_once() -> None:
    text = Text("net.json", "[" + "1, " * 300_000 + "2]")
    middle = text.content.index("1", 450_000)
    places = [Place(text, (), at, at + 1) for at in (0, middle, len(text.content) - 2)]
    fault = Fault("E102", "it is wrong", places[1], "here", (Related(places[0], "a"),))
    rows = render_fault(fault.explained(related=(Related(places[2], "b"),))).split("\n")
    assert max(map(len, rows)) < 200
    assert sum(row.count("^") for row in rows) == 1


def test_a_fault_without_a_place_is_its_message_and_help() -> None:
    fault = Fault("E501", "no spec is called `x`", help="did you mean `y`?")
    expected = "error[E501]: no spec is called `x`\n  = help: did you mean `y`?"
    assert render_fault(fault) == expected


def test_what_works_stands_between_trail_and_notes() -> None:
    fault = Fault("E310", "it does not fit", trail=("8×8",), notes=("a",), sizes="inputs ≥ 75")
    lines = render_fault(fault).split("\n")[1:]
    assert lines == ["  = trail: 8×8", "  = works for: inputs ≥ 75", "  = note: a"]
    assert fault_record(fault)["works_for"] == "inputs ≥ 75"


# ── GitHub ────────────────────────────────────────────────────────────────────────────────────────


def test_a_workflow_command_is_escaped() -> None:
    text = Text("a,b:c%.json", "one\ntwo")
    fault = Fault("W602", "100% :,\nx", Place(text, (), 4, 7), "under", help="do\rthis")
    assert render_github(fault) == (
        "::warning file=a%2Cb%3Ac%25.json,line=2,endLine=2,col=1,endColumn=4,title=W602"
        "::100%25 :,\\nx%0Aunder%0Ahelp: do\\rthis"
    )


def test_a_workflow_command_of_several_lines_has_no_columns() -> None:
    place = Place(Text("a.json", "one\ntwo"), (), 1, 6)
    command = render_github(Fault("E310", "m", place, related=(Related(place, "also"),)))
    assert command == "::error file=a.json,line=1,endLine=2,title=E310::m%0Aa.json:1:2: also"


def test_a_workflow_command_without_a_place_has_its_title() -> None:
    assert render_github(Fault("E501", "no spec")) == "::error title=E501::no spec"


# ── the look ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "width"),
    [("abc", 3), ("日本", 4), ("e\u0301", 1), ("×─→…≥", 5), ("\u1112\u1161\u11ab", 2)],
)
def test_a_text_takes_so_many_cells(text: str, width: int) -> None:
    assert cells(text) == width


def test_signs_that_are_lacking_have_likes() -> None:
    assert folded("3×3 ─ a → 2…≥5 é日") == "3x3 - a -> 2...>=5 \\xe9\\u65e5"
    assert Look(encoding="latin-1").plain("3×3 → é\u202e\n") == "3×3 -> é?\n"
    assert Look().plain("3×3 → é\u202e\n") == "3×3 → é�\n"


@pytest.mark.parametrize(
    ("columns", "lines"),
    [
        (None, ["one two threefourfive six"]),
        (25, ["one two threefourfive six"]),
        (24, ["one two threefourfive", "  six"]),
        (8, ["one two", "  threef", "  ourfiv", "  e six"]),
        (7, ["one", "  two", "  three", "  fourf", "  ive", "  six"]),
    ],
)
def test_text_is_wrapped_between_its_words(columns: int | None, lines: list[str]) -> None:
    assert wrapped("one two threefourfive six", columns, 0 if columns != 7 else 1, 2) == lines


def test_an_error_shows_its_first_faults_and_counts_the_others() -> None:
    layers = json.dumps([{"op": "cov"}] * 60)
    with pytest.raises(archgen.SpecError) as refusal:
        archgen.graph((SPEC % layers).encode())
    shown = str(refusal.value)
    assert shown.count("error[E204]") == 50
    assert shown.endswith("\n\n… and 10 more")

"""Every file of the hostile corpus is refused with its code at its place, and echoed harmlessly."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import archgen
from archgen.cli import main
from archgen.diagnostics import CODES, Fault
from archgen.limits import LIMITS
from tests.hostile.corpus import CHECKED, Hostile, corpus
from tests.hostile.measure import SOUND, Cost

CORPUS = corpus()
MOST_MEBIBYTES = 64
# The goal is one second; here it is only to be seen that nothing hangs on a busy machine.
MOST_SECONDS = 10
Captured = pytest.CaptureFixture[str]


@pytest.fixture(params=CORPUS, ids=[hostile.id for hostile in CORPUS])
def hostile(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Hostile:
    """Return a hostile file, written to the current folder."""
    monkeypatch.chdir(tmp_path)
    found: Hostile = request.param
    found.write(tmp_path)
    return found


def faults_of(hostile: Hostile) -> tuple[Fault, ...]:
    try:
        return archgen.check(Path(CHECKED))
    except archgen.UsageError as error:
        return error.faults


def test_a_hostile_file_is_refused_with_its_code_at_its_place(hostile: Hostile) -> None:
    first, *others = faults_of(hostile)
    pointer = first.place.pointer if first.place else ""
    assert first.code == hostile.code
    if hostile.pointer.endswith("…"):
        assert pointer.startswith(hostile.pointer[:-1])
    else:
        assert pointer == hostile.pointer
    assert {fault.code for fault in others} <= CODES.keys()
    for fault in (first, *others):
        for text in (fault.message, fault.label, fault.help or "", *fault.notes, *fault.trail):
            assert len(text) <= LIMITS.told
            assert not text or text.isprintable()


@pytest.mark.skipif(sys.platform != "linux", reason="peaks of memory are read from /proc")
def test_no_hostile_file_takes_much_memory_or_hangs() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.measure", "--json"],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    costs = [Cost(*cost) for cost in json.loads(done.stdout)]
    assert len(costs) == len(CORPUS)
    assert [cost for cost in costs if cost.mebibytes > MOST_MEBIBYTES] == []
    assert [cost for cost in costs if cost.seconds > MOST_SECONDS] == []
    assert [cost for cost in costs if cost.loaded] == []
    assert max(cost.mebibytes for cost in costs) > 10


def test_there_are_enough_of_every_kind() -> None:
    assert len(CORPUS) > 400
    assert {hostile.theme for hostile in CORPUS} >= {"text", "names", "references", "expansion"}
    assert len({hostile.content() for hostile in CORPUS if "members" in hostile.recipe}) > 100


ECHOED = [hostile for hostile in CORPUS if hostile.theme == "names" or "escape" in hostile.name]


@pytest.mark.parametrize("form", ["text", "short", "json"])
@pytest.mark.parametrize("echoed", ECHOED, ids=[hostile.id for hostile in ECHOED])
def test_what_is_echoed_moves_no_cursor_and_begins_no_line(
    echoed: Hostile, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    echoed.write(tmp_path)
    assert main(["check", "net.json", "--format", form]) == 1
    printed = capsys.readouterr()
    shown = printed.out + printed.err
    assert all(sign.isprintable() or sign == "\n" for sign in shown)
    assert not re.search(r"^\s*::", shown, re.MULTILINE)
    if form == "json":
        assert json.loads(printed.out)


def test_a_file_called_like_a_workflow_command_begins_no_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("::error::a.json").write_text("{}", encoding="utf-8")
    assert main(["check", "::error::a.json", "--format", "short"]) == 1
    assert capsys.readouterr().out.startswith("./::error::a.json:1:1: ")
    Path("::error::a.json").write_text(json.dumps(SOUND), encoding="utf-8")
    assert main(["check", "::error::a.json", "--sizes"]) == 0
    assert main(["fmt", "::error::a.json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 2
    assert all(line.startswith("./::error::a.json: ") for line in lines)


@pytest.mark.parametrize("signs", ["", "a"])
def test_a_file_that_nobody_may_read_is_refused(
    signs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", denied)
    with pytest.raises(archgen.UsageError, match=r"cannot read .*net\.json: permission denied"):
        archgen.check(tmp_path / f"{signs}net.json")


def test_standard_input_is_read_by_the_name_of_its_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"[]")))
    (fault,) = archgen.check("/dev/stdin")
    assert (fault.code, fault.place and fault.place.file) == ("E102", "<stdin>")


def test_a_text_without_a_file_reads_nothing_above_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "base.json").write_text("[]", encoding="utf-8")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    for name in ("../base.json", str(tmp_path / "base.json")):
        spec = {"archgen": 1, "name": "net", "extends": name}
        for given in (spec, json.dumps(spec).encode()):
            assert [fault.code for fault in archgen.check(given)] == ["E217"]
    monkeypatch.chdir(tmp_path)
    assert [fault.code for fault in archgen.check({**spec, "extends": "base.json"})] == ["E102"]

"""The one table of limits: what it says is in force, where it is read, and nowhere else."""

import json
import re
import threading
from dataclasses import fields
from pathlib import Path

import pytest

import archgen
from archgen.arguments import limits_of
from archgen.cli import main
from archgen.diagnostics import CODES, Fault, Faults, SpecError
from archgen.limits import LIMITS, Limits, names, raised, raising, table
from archgen.places import Place, Text
from archgen.similarity import LONGEST_COMPARED, similar

PACKAGE = Path(archgen.__file__).parent
TEXT = Text("net.json", "{}")


def fault(number: int, code: str = "E201") -> Fault:
    return Fault(code, f"fault {number}", Place(TEXT))


# ── the table ─────────────────────────────────────────────────────────────────────────────────────


def test_the_table_has_a_row_for_every_limit_with_its_bound_and_code() -> None:
    rows = table().splitlines()
    for one in fields(Limits):
        (row,) = [row for row in rows if row.startswith(f"{one.name} ")]
        assert f"{one.default:,}" in row
        assert one.metadata["bounds"] in row
        assert row.endswith(" fixed") == one.metadata["fixed"]
        codes = set(filter(None, one.metadata["code"].split(", ")))
        assert codes <= CODES.keys()
        assert all(code in row for code in codes)


def test_the_columns_of_the_table_stand_below_each_other() -> None:
    head, *rows = [row for row in table().splitlines() if "`" not in row and row]
    for heading in ("at most", " of ", "fault"):
        column = head.index(heading) + heading.startswith(" ")
        assert {row[column - 2 : column].strip() for row in rows} == {""}
        assert any(row[column : column + 1].strip() for row in rows)


def test_every_limit_is_read_somewhere() -> None:
    texts = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")]
    for name in names():
        assert any(re.search(rf"LIMITS\.{name}\b", text) for text in texts), name


# ── raising one ───────────────────────────────────────────────────────────────────────────────────


def test_a_limit_is_raised_inside_the_block_alone() -> None:
    before = LIMITS.nodes
    with raised({"nodes": 7}):
        assert LIMITS.nodes == 7
        with raised({"repeat": 3}):
            assert (LIMITS.nodes, LIMITS.repeat) == (7, 3)
        assert "nodes" in table()
        assert " 7 entries" in table()
    assert LIMITS.nodes == before


def test_a_limit_raised_in_one_thread_is_not_raised_in_another() -> None:
    seen = []
    with raised({"nodes": 7}):
        thread = threading.Thread(target=lambda: seen.append(LIMITS.nodes))
        thread.start()
        thread.join()
    assert seen == [Limits().nodes]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("node", 1, "there is no limit 'node'; there are file_bytes, "),
        ("dimension", 2**40, "the limit 'dimension' is fixed"),
        ("nodes", 0, "a limit is a whole number from 1, not 0"),
        ("nodes", True, "a limit is a whole number from 1, not True"),
        ("nodes", 1e6, "a limit is a whole number from 1, not 1000000.0"),
    ],
)
def test_a_limit_that_cannot_be_set_says_why(name: str, value: int, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)), raised({name: value}):
        pass


def test_limits_of_the_command_line_are_name_and_number() -> None:
    assert limits_of(["nodes=200000", "repeat=5"]) == {"nodes": 200_000, "repeat": 5}
    assert limits_of(None) == {}


@pytest.mark.parametrize(
    "setting",
    ["nodes", "nodes=", "nodes=0", "nodes=-1", "nodes=1e6", "nodes=²", "dimension=9", "="],
)
def test_a_limit_of_the_command_line_that_is_none_is_wrong_usage(setting: str) -> None:
    with pytest.raises(archgen.UsageError) as refusal:
        limits_of([setting])
    (fault,) = refusal.value.faults
    assert fault.code == "E511"


# ── faults, names ─────────────────────────────────────────────────────────────────────────────────


def test_a_check_stops_at_the_first_error_too_many_and_says_so() -> None:
    faults = Faults()
    with raised({"faults": 7}):
        for number in range(7):
            faults.add(fault(number))
            faults.add(fault(number))
        assert [one.notes for one in faults.listed() if one.notes] == []
        with pytest.raises(SpecError) as stop:
            faults.add(fault(7))
        assert len(stop.value.faults) == 7
        stopped = "the check stopped here, after 7 faults"
        assert stop.value.faults[-1].notes == (stopped, raising("faults"))
        faults.take(stop.value)
        assert faults.listed() == stop.value.faults


def test_warnings_too_many_stop_no_check() -> None:
    faults = Faults()
    with raised({"faults": 7}):
        for number in range(12):
            faults.add(fault(number, "W602"))
        assert len(faults.listed()) == 7
        assert faults.listed()[-1].notes
        assert not faults.has_errors


def test_faults_taken_again_are_not_counted_as_further_uses() -> None:
    faults = Faults()
    faults.add(fault(1, "E310"))
    faults.take(SpecError(faults.listed()))
    assert faults.listed()[0].notes == ()


def net_of(faults: int) -> dict[str, object]:
    layers = [{"op": f"q{number}"} for number in range(faults)]
    return {"archgen": 1, "name": "net", "input": {"shape": [8, 8, 3]}, "layers": layers}


def test_more_faults_are_looked_for_where_the_limit_is_raised() -> None:
    assert len(archgen.check(net_of(300))) == 300
    with raised({"faults": 100}):
        assert len(archgen.check(net_of(300))) == 100


def test_the_count_of_a_check_that_stopped_claims_no_more_than_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "net.json"
    path.write_text(json.dumps(net_of(300)), encoding="utf-8")
    assert main(["check", str(path)]) == 1
    printed = capsys.readouterr()
    assert printed.out.endswith("… and 250 more\n")
    assert printed.err == "\n300 errors\n"
    assert main(["check", str(path), "--limit", "faults=100", "--limit", "shown=7"]) == 1
    printed = capsys.readouterr()
    assert printed.out.endswith("… and at least 93 more\n")
    assert printed.out.count("error[") == 7
    assert printed.err == "\nat least 100 errors\n"
    assert main(["check", str(path), "--format", "short", "--limit", "faults=100"]) == 1
    assert capsys.readouterr().err == "\nat least 100 errors\n"


@pytest.mark.parametrize("verb", ["check", "show"])
def test_a_limit_of_the_command_line_holds_until_its_faults_are_told(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "net.json"
    path.write_text(json.dumps(net_of(9)), encoding="utf-8")
    assert main([verb, str(path), "--limit", "shown=3"]) == 1
    printed = capsys.readouterr()
    assert (printed.out + printed.err).count("error[") == 3
    assert main([verb, str(path)]) == 1
    printed = capsys.readouterr()
    assert (printed.out + printed.err).count("error[") == 9


@pytest.mark.parametrize("sign", ["\x1b", "\n", "\u202e", "\ud800", "\x00"])
def test_every_text_of_a_fault_is_one_printable_line(sign: str) -> None:
    text = f"a{sign}b×"
    found = Fault("E201", text, None, text, (), (text,), (text,), text)
    shown = {found.message, found.label, *found.trail, *found.notes, found.help}
    assert shown == {f"a{ascii(sign)[1:-1]}b×"}


def test_a_long_text_of_a_fault_is_cut() -> None:
    assert Fault("E201", "x" * 10**6).message == "x" * (LIMITS.told - 1) + "…"


def test_the_likeliest_of_a_few_hundred_names_is_found() -> None:
    names = [f"reduction_{number}" for number in range(100)]
    assert similar("reductoin_42", names)[0] == "reduction_42"
    assert similar("max_pol", ["avg_pool", "max_pool", "pool"]) == ("max_pool", "avg_pool")
    assert similar("zzz", names) == ()


def test_long_names_are_not_compared() -> None:
    longest = "ab" * (LONGEST_COMPARED // 2)
    assert similar(longest, [longest + "c", longest]) == (longest,)
    assert similar(longest + "c", [longest]) == ()


def test_the_docs_print_the_table() -> None:
    docs = (Path(__file__).parents[1] / "docs" / "reliability.md").read_text(encoding="utf-8")
    rows = table().partition("\n\n")[0]
    assert f"```text\n{rows}\n```" in docs

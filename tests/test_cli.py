"""The verbs, as a user meets them."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import archgen
from archgen.cli import main

Captured = pytest.CaptureFixture[str]
NET = {
    "archgen": 1,
    "name": "net",
    "input": {"shape": [8, 8, 3]},
    "layers": [{"op": "conv", "filters": 4, "kernel_size": 3}],
}


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("net.json")
    path.write_text(json.dumps(NET), encoding="utf-8")
    return path


def test_sizes_that_work_are_told_on_demand(capsys: Captured) -> None:
    works = "inception_v4: heights and widths from 75, checked to 1,024"
    assert main(["check", "inception_v4", "--sizes"]) == 0
    assert capsys.readouterr().out.splitlines() == ["inception_v4: fine", works]
    assert (
        main(["check", "inception_v4", "--sizes", "--input", "74x74x3", "--format", "short"]) == 1
    )
    assert capsys.readouterr().out.splitlines()[-1] == works
    assert main(["check", "inception_v4", "--sizes", "--format", "json"]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert record["spec"] == "inception_v4"
    assert record["faults"] == []
    assert record["sizes"]["heights"] == [[75, 1024]]


def test_list_prints_a_name_a_line_where_nobody_looks(capsys: Captured) -> None:
    assert main(["list"]) == 0
    assert capsys.readouterr().out.split() == list(archgen.names())
    assert main(["list", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == list(archgen.names())


def test_show_prints_the_record_that_programs_read(capsys: Captured) -> None:
    assert main(["show", "inception_v4", "--format", "json"]) == 0
    record = json.loads(capsys.readouterr().out)
    nodes = record.pop("nodes")
    assert {key: record[key] for key in ("name", "input", "output", "params", "macs")} == {
        "name": "inception_v4",
        "input": [299, 299, 3],
        "output": {"predictions": [1000]},
        "params": {"trainable": 42648232, "non_trainable": 63168, "total": 42711400},
        "macs": 12253974624,
    }
    first = {"name": "conv_1", "op": "conv", "shape": [149, 149, 32], "params": 864}
    first |= {"macs": 19181664, "receptive_field": [3, 3], "origin": "/layers/0", "scope": ""}
    assert {key: nodes[0][key] for key in first} == first


def test_show_folds_to_a_depth_and_says_written_and_effective(capsys: Captured) -> None:
    assert main(["show", "inception_v4_mnist", "--depth", "1"]) == 0
    folded = capsys.readouterr().out
    assert "32 → 8" in folded
    assert main(["show", "inception_v4_mnist", "--depth", "9"]) == 0
    assert len(capsys.readouterr().out.splitlines()) > 9 * len(folded.splitlines())


def test_show_resolved_prints_a_spec_that_stands_alone(capsys: Captured) -> None:
    assert main(["show", "inception_v4_mnist", "--resolved"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert archgen.graph(document) == archgen.graph("inception_v4_mnist")


def test_input_and_set_change_what_is_shown(capsys: Captured) -> None:
    arguments = ["show", "inception_v4", "--input", "107x107x1", "--set", "classes=7"]
    assert main([*arguments, "--format", "json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["input"], record["output"]) == ([107, 107, 1], {"predictions": [7]})


def test_check_lists_nothing_for_a_clean_spec(capsys: Captured) -> None:
    assert main(["check", "inception_v4", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_check_takes_several_specs_and_tells_each(net: Path, capsys: Captured) -> None:
    assert main(["check", str(net), "inception_v4", "--input", "2x2x3"]) == 1
    printed = capsys.readouterr().out
    assert "net.json:1:" in printed
    assert "inception_v4.json:" in printed


def test_check_reads_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    text = json.dumps({**NET, "titel": []}).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert main(["check", "-", "--format", "json"]) == 1
    (fault,) = json.loads(capsys.readouterr().out)
    assert (fault["code"], fault["file"], fault["pointer"]) == ("E201", "<stdin>", "/titel")
    assert fault["help"] == "did you mean `title`?"


def test_warnings_count_only_when_strict(net: Path) -> None:
    net.write_text(json.dumps({**NET, "parameters": {"unused": 1}}), encoding="utf-8")
    assert main(["check", str(net)]) == 0
    assert main(["check", str(net), "--strict"]) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "inception_v5"],
        ["check", "missing.json"],
        ["check", "inception_v4", "--set", "clases=3"],
        ["check", "inception_v4", "--input", "28"],
        ["check", "inception_v4", "--format", "yaml"],
        ["build", "inception_v4", "-o", "model.h5"],
        ["draw"],
    ],
)
def test_wrong_usage_exits_with_2(arguments: list[str], net: Path, capsys: Captured) -> None:
    assert net.exists()
    assert main(arguments) == 2
    assert capsys.readouterr().err


def test_a_bug_of_ours_exits_with_70(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr("archgen.api.check", lambda *_, **__: 1 // 0)
    assert main(["check", "inception_v4"]) == 70
    *trace, bug, please = capsys.readouterr().err.splitlines()
    assert trace[0] == "Traceback (most recent call last):"
    assert trace[-2:] == ["ZeroDivisionError: integer division or modulo by zero", ""]
    assert "bug of archgen" in bug
    assert "report it" in please


def test_memory_that_runs_out_is_the_machine(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    def exhausted(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("archgen.api.check", exhausted)
    assert main(["check", "inception_v4"]) == 3
    assert capsys.readouterr().err == "error[E504]: there is not enough memory for this\n"


def test_ctrl_c_exits_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("archgen.api.check", interrupted)
    assert main(["check", "inception_v4"]) == 130


def test_fmt_rewrites_once_and_then_changes_nothing(net: Path, capsys: Captured) -> None:
    assert main(["fmt", "--check", str(net)]) == 1
    assert main(["fmt", str(net)]) == 0
    assert json.loads(net.read_text(encoding="utf-8")) == NET
    capsys.readouterr()
    assert main(["fmt", str(net)]) == 0
    assert main(["fmt", "--check", str(net)]) == 0
    assert capsys.readouterr().out == ""


def test_fmt_keeps_numbers_as_written(net: Path) -> None:
    net.write_text('{"archgen": 1, "name": "n", "published": [1e-3, 1.0, 1E5]}', encoding="utf-8")
    assert main(["fmt", str(net)]) == 0
    assert "[1e-3, 1.0, 1E5]" in net.read_text(encoding="utf-8")


@pytest.mark.parametrize("base", [[], ["--from", "inception_v4"]])
def test_new_writes_a_clean_canonical_spec(base: list[str], net: Path) -> None:
    assert main(["new", "mine", *base]) == 0
    assert main(["check", "mine.json", "--strict"]) == 0
    assert main(["fmt", "--check", "mine.json"]) == 0
    assert Path("archgen.schema.json").read_text(encoding="utf-8") == archgen.schema()
    assert main(["new", "mine", *base]) == 2
    assert main(["new", "mine", *base, "--force"]) == 0
    assert net.exists()


def test_the_shipped_schema_is_the_one_that_the_classes_make() -> None:
    path = Path(__file__).parents[1] / "specs" / "archgen.schema.json"
    assert path.read_text(encoding="utf-8") == archgen.schema()


def test_the_program_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "archgen", "check", "inception_v4_cifar"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "inception_v4_cifar: fine\n")


def test_check_goes_on_behind_a_spec_that_cannot_be_read(net: Path, capsys: Captured) -> None:
    assert main(["check", "inception_v5", str(net), "missing.json"]) == 2
    printed = capsys.readouterr()
    assert printed.out == "net.json: fine\n"
    assert "no spec is called `inception_v5`" in printed.err
    assert "cannot read missing.json" in printed.err


def test_check_counts_what_it_found(net: Path, capsys: Captured) -> None:
    net.write_text(json.dumps({**NET, "titel": "", "parameters": {"a": 1}}), encoding="utf-8")
    assert main(["check", str(net), str(net), "inception_v4"]) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith("inception_v4: fine\nerror[E201]: unknown key `titel`\n")
    assert printed.err.endswith("in 2 of 3 specs\n")


def test_check_shows_no_more_than_fifty_faults(net: Path, capsys: Captured) -> None:
    net.write_text(json.dumps({**NET, "layers": [{"op": "cov"}] * 60}), encoding="utf-8")
    assert main(["check", str(net)]) == 1
    printed = capsys.readouterr().out
    assert printed.count("error[E204]") == 50
    assert printed.endswith("\n\n… and 10 more\n")
    assert main(["check", str(net), "--format", "short"]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 60


@pytest.mark.parametrize("form", ["text", "short"])
def test_a_spec_moves_no_cursor(form: str, net: Path, capsys: Captured) -> None:
    net.write_text('{"a\x9b31m\u202e": 1}', encoding="utf-8")
    assert main(["check", str(net), "\x1b[31m.json", "--format", form]) == 2
    printed = capsys.readouterr()
    assert r"\x9b31m\u202e" in printed.out
    assert r"cannot read \x1b[31m.json" in printed.err
    assert {sign for sign in printed.out + printed.err if not sign.isprintable()} == {"\n"}


@pytest.mark.parametrize("setting", ["dropout=NaN", "dropout=1e999", "classes=[1]", "classes="])
def test_a_value_that_is_no_scalar_is_text(setting: str, capsys: Captured) -> None:
    assert main(["check", "inception_v4", "--set", setting, "--format", "json"]) == 1
    name, _, value = setting.partition("=")
    (fault,) = json.loads(capsys.readouterr().out)
    assert f'not "{value}"' in fault["message"]
    assert fault["related"][0]["pointer"] == f"/parameters/{name}"


@pytest.mark.parametrize("name", ["spec", "input_shape", "seed", "weights"])
def test_what_build_takes_itself_is_no_parameter(name: str, capsys: Captured) -> None:
    assert main(["check", "inception_v4", "--set", f"{name}=1"]) == 2
    assert "E507" in capsys.readouterr().err


@pytest.mark.parametrize("shape", ["9" * 5000 + "x2x3", "0x2x3", "2x3", "axbxc", "-1x2x3", "²x2x3"])
def test_an_input_that_is_none_is_wrong_usage(shape: str, capsys: Captured) -> None:
    assert main(["show", "inception_v4", "--input", shape]) == 2
    assert "E508" in capsys.readouterr().err


def test_resolved_takes_nothing_that_it_would_ignore(capsys: Captured) -> None:
    assert main(["show", "inception_v4", "--resolved", "--set", "classes=3"]) == 2
    assert "--resolved" in capsys.readouterr().err


def test_fmt_goes_on_behind_a_file_that_is_no_spec(net: Path, capsys: Captured) -> None:
    Path("bad.json").write_text('{"a": 1,}', encoding="utf-8")
    assert main(["fmt", "bad.json", str(net)]) == 1
    printed = capsys.readouterr()
    assert printed.out == "net.json: rewritten\n"
    assert "bad.json:1:" in printed.err
    assert main(["fmt", "bad.json", "missing.json"]) == 2


def test_fmt_filters_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    for arguments, code, out in (
        ([], 0, '{\n  "a": 1e-5\n}\n'),
        (["--check"], 1, "-: would change\n"),
    ):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"a":1e-5}')))
        assert main(["fmt", "-", *arguments]) == code
        assert capsys.readouterr().out == out


def test_fmt_leaves_a_file_of_its_layout_untouched(net: Path) -> None:
    assert main(["fmt", str(net)]) == 0
    before = net.stat()
    assert main(["fmt", str(net)]) == 0
    assert (net.stat().st_ino, net.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_new_extends_a_file_below_and_no_other(net: Path, capsys: Captured) -> None:
    assert main(["new", "mine", "--from", str(net)]) == 0
    assert main(["check", "mine.json"]) == 0
    assert json.loads(Path("mine.json").read_text(encoding="utf-8"))["extends"] == "net.json"
    assert main(["new", "other", "--from", str(net.resolve())]) == 2
    assert main(["new", "a b"]) == main(["new", "other", "--from", "inception_v5"]) == 2
    assert "not below this folder" in capsys.readouterr().err
    assert not Path("other.json").exists()


def test_build_asks_for_a_folder_before_it_works(net: Path, capsys: Captured) -> None:
    assert main(["build", str(net), "-o", "nowhere/net.keras"]) == 3
    assert capsys.readouterr().err == (
        "error[E503]: cannot write nowhere/net.keras: no such file or directory\n"
    )


def test_a_missing_keras_is_the_machine(
    net: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    assert main(["build", str(net), "-o", "net.keras"]) == 3
    assert "Keras cannot be imported" in capsys.readouterr().err
    assert not Path("net.keras").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is full, as Linux has it")
@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("list >/dev/full", 3, b"error[E503]: cannot write the output: no space left on device\n"),
        (
            "--help >/dev/full",
            3,
            b"error[E503]: cannot write the output: no space left on device\n",
        ),
        ("list >/dev/full 2>/dev/full", 3, b""),
        ("check q 2>/dev/full", 2, b""),
        ("list >&-", 0, b""),
        ("check q 2>&-", 2, b""),
    ],
)
def test_output_that_fails_is_no_bug(command: str, code: int, said: bytes) -> None:
    command = f"{sys.executable} -m archgen {command}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False)  # noqa: S607
    assert (done.returncode, done.stderr) == (code, said)


def test_who_stops_reading_hears_nothing() -> None:
    command = f"{sys.executable} -u -m archgen list | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False)  # noqa: S607
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_terminal_without_the_signs_gets_their_likes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "archgen", "show", "inception_v4_mnist", "--depth", "0"],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"28x28x1 -> predictions 10" in done.stdout

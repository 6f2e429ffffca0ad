"""The verbs, as a user meets them."""

import io
import json
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
    assert len(capsys.readouterr().out.splitlines()) > 10 * len(folded.splitlines())


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
    assert "inception_v4.json:20:" in printed


def test_check_reads_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    text = json.dumps({**NET, "layres": []}).encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert main(["check", "-", "--format", "json"]) == 1
    (fault,) = json.loads(capsys.readouterr().out)
    assert (fault["code"], fault["file"], fault["pointer"]) == ("E201", "<stdin>", "/layres")
    assert fault["help"] == "did you mean `layers`?"


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
    assert "bug of archgen" in capsys.readouterr().err


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

"""Fitting from the outside: what is given and told, files, the verb, what a field is."""

import json
from pathlib import Path
from typing import Any

import pytest

import archgen
from archgen.cli import main
from archgen.fitting.changes import Change, count_fields, go_together
from archgen.fitting.fitted import Fitted
from archgen.fitting.trial import last_map
from tests.fits import (
    STRIDED,
    conv,
    dead_of,
    fit_own,
    folder,
    own,
)

__all__ = ["folder"]


Captured = pytest.CaptureFixture[str]

# ── given values, pixels, remarks ─────────────────────────────────────────────────────────────────


def test_what_is_given_is_stated_and_not_changed() -> None:
    spec = archgen.fit("inception_v4", (64, 64, 1), padding="valid", a_blocks=1, classes=1000)
    assert spec["parameters"] == {"a_blocks": 1}  # the others are the spec's own
    assert all(change.path != ("parameters", "padding") for s in spec.steps for change in s.changes)
    assert dead_of(archgen.graph(spec)) == 0


def test_pixels_follow_the_channels() -> None:
    grey = archgen.fit("resnet50", (28, 28, 1))
    assert grey["input"] == {"shape": [28, 28, 1], "pixels": [-1, 1]}
    assert any("pixels" in remark for remark in grey.remarks)
    assert archgen.fit("resnet50", (28, 28, 3))["input"] == {"shape": [28, 28, 3]}


def test_slow_averages_are_remarked() -> None:
    slow = archgen.fit("inception_v4", (64, 64, 3))
    assert any("--set bn_momentum=0.9" in r for r in slow.remarks)
    quick = archgen.fit("inception_v4", (64, 64, 3), bn_momentum=0.9)
    assert quick.remarks == ()


# ── files ─────────────────────────────────────────────────────────────────────────────────────────


def saved(name: str = "own.json") -> Path:
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(own(STRIDED, STRIDED, STRIDED)), encoding="utf-8")
    return path


def test_a_file_is_extended_as_seen_from_the_new_one(folder: Path) -> None:
    saved("inner/own.json")
    spec = archgen.fit(folder / "inner" / "own.json", (8, 8, 3), output="mine.json")
    assert (spec["extends"], spec["name"]) == ("inner/own.json", "mine")
    assert archgen.graph(Path("mine.json")) == archgen.graph(spec)
    beside = archgen.fit(Path("inner/own.json"), (8, 8, 3), output="inner/my new-one.json")
    assert (beside["extends"], beside["name"]) == ("own.json", "my_new_one")
    assert archgen.graph(Path("inner/my new-one.json")).inputs == {"input": (8, 8, 3)}


def test_a_file_that_is_not_below_the_new_one_is_refused_with_a_way_out(folder: Path) -> None:
    saved()
    Path("elsewhere").mkdir()
    with pytest.raises(archgen.UsageError) as refusal:
        archgen.fit(Path("own.json"), (8, 8, 3), output="elsewhere/mine.json")
    (fault,) = refusal.value.faults
    assert fault.code == "E217"
    assert fault.help == "write to a file beside it: `-o fitted.json`"
    assert list(Path("elsewhere").iterdir()) == []
    archgen.fit(Path("own.json"), (8, 8, 3), output="fitted.json")


def test_a_spec_is_not_written_over_itself(folder: Path) -> None:
    before = saved().read_bytes()
    with pytest.raises(archgen.UsageError, match="is the spec that is to be fitted"):
        archgen.fit(Path("own.json"), (8, 8, 3), output=folder / "own.json")
    assert Path("own.json").read_bytes() == before


def test_an_output_is_json_and_can_be_written(folder: Path) -> None:
    with pytest.raises(archgen.UsageError, match=r"ends in \.json"):
        archgen.fit("lenet5", output="mine.txt")
    with pytest.raises(archgen.MachineError, match="cannot write"):
        archgen.fit("lenet5", output="nowhere/mine.json")


def test_a_name_is_a_name_however_long_its_parent_is(folder: Path) -> None:
    document = own(conv()) | {"name": "x" * 64}
    assert len(fit_own(document, 32)["name"]) == 64
    assert archgen.graph(fit_own(document, 32)).name.endswith("_32x32")


def test_a_title_tells_the_last_size_only(folder: Path) -> None:
    archgen.fit("lenet5", (28, 28, 1), output="one.json")
    assert archgen.fit(Path("one.json"), (36, 36, 1))["title"] == "LeNet-5 at 36×36×1"


# ── the verb ──────────────────────────────────────────────────────────────────────────────────────


def test_the_spec_alone_goes_to_standard_output(folder: Path, capsys: Captured) -> None:
    assert main(["fit", "lenet5", "--input", "28x28x1"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == dict(archgen.fit("lenet5", (28, 28, 1)))
    assert "lenet5 at 28×28×1: 1 step, 2 fields stated" in said.err
    assert list(folder.iterdir()) == []


def test_a_file_is_written_and_what_was_done_is_told(folder: Path, capsys: Captured) -> None:
    saved()
    arguments = ["fit", "own.json", "--input", "8x8x3", "-o", "mine.json", "--show", "2"]
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "stride  `conv_1` has stride 1 instead of 2" in out
    assert "answer 2: " in out
    assert out.endswith(
        "wrote mine.json; next: archgen check mine.json, archgen render mine.json -o mine.svg\n"
    )
    assert main(["check", "mine.json"]) == 0


def test_programs_read_a_record(capsys: Captured) -> None:
    arguments = ["fit", "resnet50", "--input", "28x28x1", "--show", "2", "--format", "json"]
    assert main([*arguments, "--classes", "10"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["spec"]["parameters"] == {"classes": 10}
    assert record["fields"] == count_fields(record["spec"]) == 4
    assert record["steps"] == [
        {
            "kind": "stride",
            "says": "`stem.conv` has stride 1 instead of 2",
            "changes": [{"path": ["edit", "modules.stem.conv", "strides"], "value": 1}],
        }
    ]
    assert record["figures"]["as_it_is"]["dead_weights"] > 0
    assert record["figures"]["after"]["dead_weights"] == 0
    assert record["stages"][0] == {
        "first": "stem", "last": "stem", "before": [56, 56], "as_it_is": [7, 7], "after": [14, 14],
    }  # fmt: skip
    assert len(record["alternatives"]) == 1


@pytest.mark.parametrize(
    ("given", "number"),
    [("800000", 800_000), ("500k", 500_000), ("1M", 10**6), ("1.5g", 15 * 10**8)],
)
def test_bounds_are_written_as_people_write_them(
    given: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def noted(*_: object, **wishes: Any) -> Fitted:
        asked.append(wishes)
        return archgen.fit("lenet5")

    monkeypatch.setattr("archgen.api.fit", noted)
    assert main(["fit", "lenet5", "--max-params", given, "--max-macs", given]) == 0
    assert (asked[0]["max_params"], asked[0]["max_macs"]) == (number, number)


@pytest.mark.parametrize("given", ["1.x", "0", "M", "-5", "1e6", "1MM"])
def test_a_bound_that_is_none_is_refused(given: str, capsys: Captured) -> None:
    assert main(["fit", "lenet5", f"--max-params={given}"]) == 2
    assert "a number such as 800000, 500k or 1M is wanted" in " ".join(
        capsys.readouterr().err.split()
    )


def test_standard_input_has_no_name_to_extend(capsys: Captured) -> None:
    assert main(["fit", "-"]) == 2
    assert "needs a name" in capsys.readouterr().err


# ── fields ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        ({"archgen": 1, "name": "x", "extends": "y", "title": "z", "description": "w"}, 0),
        ({"input": {"shape": [28, 28, 1]}, "parameters": {"classes": 10}}, 2),
        ({"edit": {"layers.a": None, "layers.b": {"strides": 1, "padding": "same"}}}, 3),
        ({"edit": {"layers.a": [{"op": "global_avg_pool", "keepdims": True}]}}, 1),
        ({"edit": {"layers.a": [{"op": "flatten"}, {"op": "flatten"}]}}, 2),
    ],
)
def test_fields_are_counted(document: dict[str, Any], fields: int) -> None:
    assert count_fields(document) == fields


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (("edit", "a", "strides"), ("edit", "a", "padding"), True),
        (("edit", "a"), ("edit", "a", "padding"), False),
        (("edit", "a", "padding"), ("edit", "a"), False),
        (("edit", "a", "padding"), ("edit", "a", "padding"), False),
        (("edit", "a"), ("edit", "ab"), True),
    ],
)
def test_changes_of_one_place_do_not_go_together(
    one: tuple[str, ...], other: tuple[str, ...], together: bool
) -> None:
    assert go_together([Change(one, 1)], [Change(other, 2)]) is together
    assert go_together([Change(one, 1)], [Change(one, 1)])


def test_a_network_knows_its_last_map() -> None:
    assert last_map(archgen.graph("inception_v4")) == (8, 8)
    assert last_map(archgen.graph("inception_v4_paper", fixed_pool=True)) == (8, 8)
    assert last_map(archgen.graph("vgg16")) == (7, 7)
    assert last_map(archgen.graph("lenet5")) == (1, 1)
    assert last_map(archgen.graph("unet")) == (388, 388)

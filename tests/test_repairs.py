"""A proposal is tried before it is told, and no more than a few are."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import archgen
from archgen import repairs
from archgen.diagnostics import Fault


def net(layers: Sequence[object], **more: object) -> dict[str, Any]:
    return {"archgen": 1, "name": "n", "input": {"shape": [4, 4, 3]}, "layers": layers, **more}


WIDE = {"op": "conv", "filters": 8, "kernel_size": 5}
OWN = net([WIDE])


def advice(spec: Any, *shape: int) -> list[str | None]:
    return [fault.help for fault in archgen.check(spec, shape or None)]


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the texts that are tried, in order."""
    texts: list[str] = []
    errors = repairs._errors

    def counted(text: str, *rest: Any) -> list[Fault]:
        texts.append(text)
        return errors(text, *rest)

    monkeypatch.setattr(repairs, "_errors", counted)
    return texts


def test_a_users_own_spec_gets_advice_however_it_is_given(tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    path.write_text(json.dumps(OWN), encoding="utf-8")
    for spec in (OWN, json.dumps(OWN).encode(), path, str(path)):
        assert advice(spec) == ['say `"padding": "same"`']
    with pytest.raises(archgen.SpecError, match="help: say"):
        archgen.graph(OWN)


def test_a_shipped_spec_is_not_the_users_to_change(tried: list[str]) -> None:
    assert advice("inception_v4", 74, 74, 3) == [None]
    assert tried == []


def test_a_variant_of_a_shipped_spec_is_mended_by_edits() -> None:
    variant = {
        "archgen": 1,
        "name": "v",
        "extends": "inception_v4",
        "input": {"shape": [74, 74, 3]},
    }
    (line,) = advice(variant)
    assert line is not None
    edits = json.loads("{" + line.removeprefix("say `").removesuffix("`") + "}")
    assert len(edits["edit"]) == 3
    archgen.graph(variant | edits)


def test_a_sound_spec_and_other_faults_are_not_tried(tried: list[str]) -> None:
    archgen.check(net([{"op": "flatten"}]))
    archgen.check(net([{"op": "flatten"}, {"op": "max_pool"}]))
    assert tried == []


def test_a_change_that_only_moves_the_fault_is_not_told(tried: list[str]) -> None:
    assert advice(net([WIDE, {**WIDE, "kernel_size": 7}])) == [None]
    assert len(tried) == 1


def test_parameters_from_outside_hold_in_a_try() -> None:
    spec = net([{**WIDE, "kernel_size": "$k"}], parameters={"k": 3})
    assert archgen.check(spec) == ()
    assert [fault.help for fault in archgen.check(spec, k=5)] == ['say `"padding": "same"`']
    assert [fault.help for fault in archgen.check(spec, (2, 2, 3))] == ['say `"padding": "same"`']


def test_few_changes_are_tried(tried: list[str]) -> None:
    branches = {f"b{k}": [{**WIDE, "kernel_size": k}] for k in range(5, 30)}
    archgen.check(net([{"join": "concat", "branches": branches}]))
    assert len(tried) == repairs.TRIES


def test_a_huge_or_hopeless_spec_is_not_tried(tried: list[str]) -> None:
    broken = [{"op": "flatten", "x" * length: 0} for length in range(1, repairs.MOST_ERRORS + 1)]
    assert len(archgen.check(net([WIDE, *broken]))) > repairs.MOST_ERRORS
    assert advice(net([WIDE], title="x" * repairs.LONGEST_TEXT)) == [None]
    assert tried == []

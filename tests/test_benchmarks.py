"""The benchmarks' own arithmetic and page; nothing is measured here."""

import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import engines, export
from benchmarks.report import Goal, Section, Verdict
from benchmarks.timing import Spread, repeated


def test_what_is_not_installed_is_told_and_the_page_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engines, "find_spec", lambda _: None)
    section = engines.measure(1)
    assert "ONNX Runtime was not measured: tf2onnx and onnx and onnxruntime" in section.text
    assert "LiteRT was not measured: ai_edge_litert" in section.text
    assert (section.rows, section.verdicts) == ([engines.HEAD], [])


@pytest.mark.parametrize(
    ("arguments", "written"), [([], True), (["--quick"], False), (["--only", "tried"], False)]
)
def test_only_a_whole_run_writes_the_page(
    arguments: list[str],
    written: bool,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    verdict = Verdict("It takes", Spread(1, 1, 1), Goal("≤", 2, "×"))
    section = Section("Tried", "Nothing.", [["", "Time"]], [verdict])
    monkeypatch.setattr(benchmarks, "BENCHMARKS", {"tried": (lambda _: section, 3)})
    monkeypatch.setattr(benchmarks, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(sys, "argv", ["benchmarks", *arguments])
    benchmarks.main()
    assert (tmp_path / "page.md").exists() == written


WRITTEN = {"seconds": 4.0, "bytes": 400.0, "memory": 40.0}
LOADED = {"load": 2.0, "first": 0.5, "memory": 80.0}


def half(figures: dict[str, float]) -> dict[str, float]:
    return {name: value / 2 for name, value in figures.items()}


def test_archgen_stands_above_keras_in_every_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "peak", lambda: 1e12)
    answers = {
        f"{side} {batch}": each
        for side, each in (("keras", 0.2), ("ours", 0.1))
        for batch in (1, 8)
    }
    found: Any = {
        "keras": [WRITTEN],
        "unverified": [half(WRITTEN)],
        "ours": [half(WRITTEN)],
        "load keras": [LOADED],
        "load ours": [half(LOADED)],
        "loaded": [answers],
    }
    rows, verdicts = export.told("lenet5", found)
    assert len(rows) == len(export.WORDS)
    assert {row[-1] for row in rows} == {"0.5"}
    assert {verdict.figure for verdict in verdicts} == {Spread(0.5, 0.5, 0.5)}
    assert len(verdicts) == 7


def test_a_short_work_is_repeated_and_told_as_once() -> None:
    done: list[str] = []
    runs = repeated({"a": lambda: done.append("a"), "b": lambda: done.append("b")}, 3, 1e-3)
    assert {name: len(each) for name, each in runs.items()} == {"a": 3, "b": 3}
    assert done.count("a") == done.count("b") > 6 + 3

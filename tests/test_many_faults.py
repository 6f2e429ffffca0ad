"""Thousands of faults in one file are counted, the first of them told."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archgen.cli import main
from archgen.limits import LIMITS

Captured = pytest.CaptureFixture[str]
RANDOM = random.Random(1)


def word() -> str:
    return "".join(RANDOM.choices("abcdefghij", k=8))


def net(layers: list[Any], **more: Any) -> dict[str, Any]:
    return {"archgen": 1, "name": "n", "input": {"shape": [32, 32, 3]}, "layers": layers, **more}


def fork(count: int, branch: Callable[[int], list[Any]]) -> dict[str, Any]:
    return net([{"join": "concat", "branches": {f"b{i}": branch(i) for i in range(count)}}])


def conv(kernel: int, filters: int = 1) -> dict[str, Any]:
    return {"op": "conv", "filters": filters, "kernel_size": kernel}


def added(number: int) -> list[Any]:
    return [{"join": "add", "branches": {"a": [conv(1, 4 + number)], "b": []}}]


MANY: dict[str, Callable[[], tuple[int, dict[str, Any]]]] = {
    "unknown keys": lambda: (
        10_000,
        net([{"op": "flatten"}]) | {f"{word()}{i}": 0 for i in range(10_000)},
    ),
    "unknown fields": lambda: (
        10_000,
        net([{"op": "flatten"} | {f"{word()}{i}": 0 for i in range(10_000)}]),
    ),
    "unknown ops": lambda: (20_000, net([{"op": word()} for _ in range(20_000)])),
    "unknown modules": lambda: (
        10_000,
        net(
            [{"use": f"u{word()}"} for _ in range(10_000)],
            modules={word(): {"layers": []} for _ in range(2_000)},
        ),
    ),
    "unknown names": lambda: (
        8_000,
        net([{"op": "flatten", "inputs": [word()]} for _ in range(8_000)]),
    ),
    "unknown parameters": lambda: (
        5_000,
        net(
            [conv(1) | {"filters": f"$u{word()}"} for _ in range(5_000)],
            parameters={word(): 1 for _ in range(500)},
        ),
    ),
    "edits without a match": lambda: (
        5_000,
        {
            "archgen": 1,
            "name": "n",
            "extends": "inception_v4",
            "edit": {f"{word()}{i}": None for i in range(5_000)},
        },
    ),
    "windows of all sizes": lambda: (5_000, fork(5_000, lambda i: [conv(33 + i)])),
    "windows of one size": lambda: (1, fork(5_000, lambda _: [conv(33)])),
    "joins that differ": lambda: (2_000, fork(2_000, added)),
}


@pytest.mark.parametrize("kind", MANY)
def test_many_faults_are_counted(kind: str, tmp_path: Path, capsys: Captured) -> None:
    count, spec = MANY[kind]()
    path = tmp_path / "net.json"
    path.write_text(json.dumps(spec), encoding="utf-8")
    assert main(["check", str(path)]) == 1
    shown = capsys.readouterr().out
    found = min(count, LIMITS.faults)
    assert shown.count("error[") == min(found, LIMITS.shown)
    stopped = "at least " * (found == LIMITS.faults)
    more = f"… and {stopped}{found - LIMITS.shown:,} more"
    assert (more in shown) == (found > LIMITS.shown)


def test_the_first_names_are_looked_up_the_others_only_told(
    tmp_path: Path, capsys: Captured
) -> None:
    path = tmp_path / "net.json"
    path.write_text(json.dumps(net([{"op": f"cov{i % 10}"} for i in range(300)])), encoding="utf-8")
    assert main(["check", str(path), "--format", "json"]) == 1
    helped = [fault["help"] for fault in json.loads(capsys.readouterr().out)]
    assert helped == ["did you mean `conv`?"] * LIMITS.looked_up + [None] * (300 - LIMITS.looked_up)

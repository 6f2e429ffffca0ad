"""Small networks to fit, and what is asked of a fit."""

import json
from pathlib import Path
from typing import Any

import pytest

import archgen
from archgen.fitting.fitted import Fitted
from archgen.ir import Graph
from archgen.lints.dead import dead_weights

POOL = {"op": "max_pool", "pool_size": 3, "strides": 2, "padding": "same"}


def own_channels(name: str) -> int:
    channels = archgen.load(name).input.shape[2]
    assert isinstance(channels, int)
    return channels


def dead_of(graph: Graph) -> int:
    return sum(count.dead for count in dead_weights(graph).values())


def conv(filters: int = 8, kernel: Any = 3, **fields: Any) -> dict[str, Any]:
    return {"op": "conv", "filters": filters, "kernel_size": kernel, **fields}


STRIDED = conv(padding="same", strides=2)
CLASSIFIER = [{"op": "global_avg_pool"}, {"op": "dense", "name": "predictions", "units": 4}]


def own(*layers: dict[str, Any], side: int = 64, **keys: Any) -> dict[str, Any]:
    head = {"archgen": 1, "name": "own", "input": {"shape": [side, side, 3]}}
    return {**head, "layers": [*layers, *CLASSIFIER], **keys}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fit_own(document: dict[str, Any], side: int, **wishes: Any) -> Fitted:
    Path("own.json").write_text(json.dumps(document), encoding="utf-8")
    return archgen.fit(Path("own.json"), (side, side, 3), **wishes)


def says(spec: Fitted) -> list[str]:
    return [step.says for step in spec.steps]

"""What a run was asked to do, as data that outlives it; and the spec of it that stands alone."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from archgen import api
from archgen.canonical import canonical
from archgen.formatting import laid_out
from archgen.ir import Graph, Shape
from archgen.recipe import Training
from archgen.spec import Spec
from archgen.training.images import DataSet
from archgen.training.options import whole
from archgen.training.sources import NAMES


@dataclass(frozen=True)
class DataRecord:
    """Which data a run learns from; ``source`` is empty for arrays."""

    source: str
    images: int
    shape: Shape
    classes: int
    sha256: str


@dataclass(frozen=True)
class Plan:
    """What a run was asked to do.

    ``origin`` is the name or path of its spec, empty where there is none; ``input_shape`` and
    ``parameters`` are those given from outside, ``asked`` the options that were asked for beside
    the spec's; ``every`` is after how many steps there is a checkpoint within an epoch.
    """

    origin: str
    input_shape: Shape | None
    parameters: Mapping[str, api.Scalar]
    asked: Mapping[str, Any]
    data: DataRecord
    deterministic: bool = False
    every: int | None = None

    def record(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)


def plan_of(record: Mapping[str, Any]) -> Plan:
    """Return the plan that `Plan.record` told; Raises TypeError where it is none."""
    data = DataRecord(**{**record["data"], "shape": tuple(record["data"]["shape"])})
    shape = record["input_shape"]
    return Plan(**{**record, "data": data, "input_shape": tuple(shape) if shape else None})


def data_record(data: DataSet, source: object) -> DataRecord:
    """Return what is remembered of data: files and folders by their whole paths."""
    told = ""
    if isinstance(source, str | Path):
        told = str(source) if source in NAMES else str(Path(source).resolve())
    return DataRecord(told, len(data.labels), data.shape, len(data.names), data.digest)


def origin_of(spec: api.SpecLike) -> str:
    """Return the name or the whole path of a spec; empty for one that is neither."""
    if isinstance(spec, str | Path):
        return str(Path(spec).resolve()) if Path(spec).suffix == ".json" else str(spec)
    return ""


def standing_alone(
    spec: Spec, graph: Graph, parameters: Mapping[str, api.Scalar], options: Training, data: DataSet
) -> str:
    """Return the spec of a run: nothing extended, its input, parameters, training and labels in it.

    It makes the same graph without anything from outside.
    """
    document = json.loads(laid_out(spec.raw))
    document["input"]["shape"] = list(next(iter(graph.inputs.values())))
    if parameters:
        document["parameters"] = {**document.get("parameters", {}), **parameters}
    if not document.get("labels"):
        document["labels"] = list(data.names)
    told = {key: value for key, value in document.get("training", {}).items() if key == "loss"}
    document["training"] = {**whole(options), **told}
    if api.graph(document) != graph:
        raise AssertionError("the spec that stands alone is another network")
    return canonical(document)

"""Generated source: the graph of every spec under every argument, and text that is safe to run."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

import archgen
from archgen.diagnostics import ArchgenError
from archgen.ir import Shape
from archgen.spec import Spec
from tests import random_specs
from tests.recording import Keras, differences, loaded, of_graph, of_source, parameters_of
from tests.strategies import seeded

SPECS = archgen.names()
IMPORTED = {"fractions", "keras", "math"}
# A spec says more under these arguments; each is one call, and all in one where they go together.
OTHERS: Mapping[str, list[dict[str, Any]]] = {
    "bn_inception": [{"padding": "same"}],
    "densenet121": [{"growth": 12}],
    "efficientnet_b0": [
        {"wider": 1.4, "deeper": 1.8},
        {"wider": 0.35, "deeper": 0.3, "drop_connect": 0},
        {"n1": 2, "n": 31, "drop_connect": 0.3},
    ],
    "googlenet": [{"aux": True}, {"aux": True, "input_shape": (101, 99, 3)}],
    "googlenet_mnist": [{"aux": True, "tf_padding": False}],
    "inception_resnet_v2": [{"a_blocks": 2, "b_blocks": 1, "c_blocks": 3, "a_scale": 1}],
    "inception_resnet_v1_facenet": [{"c_blocks": 1, "embedding": 64, "bn_scale": False}],
    "inception_v3": [{"aux": True, "count_padding": True}, {"padding": "same"}],
    "inception_v4": [{"aux": True, "classes": 10}, {"b_blocks": 0, "bn_scale": True}],
    "inception_v4_mnist": [{"aux": True}],
    "inception_v4_paper": [{"fixed_pool": True, "conv_bias": True}],
    "mobilenet_v2": [{"alpha": alpha} for alpha in (0.35, 0.5, 0.75, 1.3, 1.4)],
    "resnet50": [{"conv_bias": False}],
    "unet": [{"padding": "same", "input_shape": (64, 96, 2)}, {"dropout": 0, "classes": 7}],
}


@pytest.fixture(scope="module")
def sources() -> Mapping[str, str]:
    return {name: archgen.code(name) for name in SPECS}


def tool(*arguments: str) -> str:
    """Return what ruff says with its own settings, nobody else's."""
    command = [sys.executable, "-m", "ruff", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() + done.stderr.strip()


def written(texts: Mapping[str, str], folder: Path) -> str:
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return str(folder)


def assert_formatted(texts: Mapping[str, str], folder: Path) -> None:
    where = written(texts, folder)
    said = tool("format", "--isolated", "--diff", where)
    assert said.endswith("already formatted"), said[:4000]
    assert tool("check", "--isolated", where) == "All checks passed!"


# ── the shipped specs ─────────────────────────────────────────────────────────────────────────────


def test_ruff_would_change_nothing(sources: Mapping[str, str], tmp_path: Path) -> None:
    assert len(sources) == 27
    assert_formatted(sources, tmp_path)


@pytest.mark.parametrize("name", SPECS)
def test_a_source_builds_the_graph(name: str, sources: Mapping[str, str]) -> None:
    assert [*differences(of_source(sources[name]), of_graph(archgen.graph(name)))] == []


@pytest.mark.parametrize("name", SPECS)
def test_a_source_says_the_spec(name: str, sources: Mapping[str, str]) -> None:
    spec, tree = archgen.load(name), ast.parse(sources[name])
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert spec.modules.keys() <= functions
    assert {*parameters_of(sources[name])} == {"input_shape", *spec.parameters}
    told = " ".join((ast.get_docstring(tree) or "").split())
    assert spec.title in told
    for text in (*lines(spec.references), *lines(spec.deviations)):
        assert " ".join(text.split()) in told
    analysis = archgen.analyse(name)
    assert f"{analysis.params:,} parameters" in told
    assert f"{analysis.macs:,} multiply" in told


def lines(texts: str | list[str]) -> Iterable[str]:
    return [texts] if isinstance(texts, str) else texts


@pytest.mark.parametrize(
    ("name", "arguments"), [(name, each) for name, listed in OTHERS.items() for each in listed]
)
def test_a_source_builds_the_graph_of_other_arguments(
    name: str, arguments: dict[str, Any], sources: Mapping[str, str]
) -> None:
    graph = archgen.graph(name, **arguments)
    assert graph != archgen.graph(name)
    assert [*differences(of_source(sources[name], **arguments), of_graph(graph))] == []


def test_what_is_set_becomes_a_default() -> None:
    source = archgen.code("inception_v4", (75, 80, 3), classes=7, aux_kernel=1)
    assert "input_shape=(75, 80, 3)," in source
    assert "classes=7," in source
    graph = archgen.graph("inception_v4", (75, 80, 3), classes=7, aux_kernel=1)
    assert [*differences(of_source(source), of_graph(graph))] == []


def test_a_source_needs_keras_alone(sources: Mapping[str, str]) -> None:
    for source in sources.values():
        imported = set()
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(str(node.module))
        assert imported <= IMPORTED


EXCERPT = re.compile(r"^```python (?P<name>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


def test_the_document_shows_what_is_written(sources: Mapping[str, str]) -> None:
    text = (Path(__file__).parents[1] / "docs" / "code.md").read_text("utf-8")
    excerpts = EXCERPT.findall(text)
    assert len(excerpts) == 3
    for name, excerpt in excerpts:
        assert excerpt in sources[name] + "\n"


def test_a_difference_would_be_noticed(sources: Mapping[str, str]) -> None:
    graph = of_graph(archgen.graph("lenet5"))
    for before, after in (
        ("filters=6", "filters=7"),
        ('name="C3"', 'name="C9"'),
        ("tanh", "relu"),
        ("x = layers.Flatten", "_ = layers.Flatten"),
        ("    return squash(x", "    return (x"),
    ):
        source = sources["lenet5"]
        assert before in source
        try:
            found = [*differences(of_source(source.replace(before, after)), graph)]
        except (TypeError, SyntaxError):
            continue
        assert found, before


# ── random specs ──────────────────────────────────────────────────────────────────────────────────

VALUES: Mapping[str, tuple[Any, ...]] = {
    "small": (1, 2, 3, 4, 5), "copies": (0, 1, 2, 3), "on": (True, False),
    "kernel": (1, 2, 3, 4, 5), "twice": (2, 7),
}  # fmt: skip


class Survey:
    """Sources of random specs: what they differ in, and how they say what the specs say."""

    def __init__(self, seeds: Iterable[int]) -> None:
        self.sources: dict[str, str] = {}
        self.wrong: list[str] = []
        self.counts: Counter[str] = Counter()
        for seed in seeds:
            self._add(seed)

    def _add(self, seed: int) -> None:
        spec = archgen.load(random_specs.spec(seed))
        if not self._compare(spec, "", None, {}):
            return
        source = self.sources[f"seed_{seed}"] = archgen.code(spec)
        self.counts["flat"] += "- none, since" in source
        self.counts["frozen"] += "- no arguments, since" in source
        self._compare(spec, source, None, {})
        for shape, given in others(seeded(seed), parameters_of(source)):
            self._compare(spec, source, shape, given)

    def _compare(self, spec: Spec, source: str, shape: Shape | None, given: dict[str, Any]) -> bool:
        try:
            graph = archgen.graph(spec, shape, **given)
        except ArchgenError:
            return False
        if source:
            arguments = {**given, **({"input_shape": shape} if shape else {})}
            found = [*differences(of_source(source, **arguments), of_graph(graph))]
            self.wrong += [f"{spec.raw} under {arguments}: {found[0]}"] if found else []
            self.counts["other" if arguments else "own"] += 1
        return True


def others(random: Random, names: list[str]) -> Iterator[tuple[Shape | None, dict[str, Any]]]:
    """Yield arguments that differ from a random spec's own."""
    for _ in range(4):
        chosen = [name for name in VALUES if name in names and random.random() < 0.5]
        given = {name: random.choice(VALUES[name]) for name in chosen}
        sizes = random.randint(8, 40), random.randint(8, 40), random.randint(1, 6)
        shape = sizes if "input_shape" in names and random.random() < 0.5 else None
        if given or shape:
            yield shape, given


@pytest.fixture(
    scope="module",
    params=[range(100), pytest.param(range(100, 10_000), marks=pytest.mark.full)],
    ids=["few", "many"],
)
def survey(request: pytest.FixtureRequest) -> Survey:
    return Survey(request.param)


def test_sources_of_random_specs_build_their_graphs(survey: Survey) -> None:
    assert survey.wrong == []


def test_ruff_would_change_nothing_of_random_sources(survey: Survey, tmp_path: Path) -> None:
    assert_formatted(survey.sources, tmp_path)


def test_random_sources_say_all_kinds_of_things(survey: Survey) -> None:
    assert survey.counts["own"] == len(survey.sources) > 50
    assert survey.counts["other"] > 3 * survey.counts["own"]
    assert 0 < survey.counts["flat"] < 0.1 * survey.counts["own"]
    text = "\n".join(survey.sources.values())
    for piece in ("for index", "width(", "avg_pool(", "isinstance(", "outputs[", "has_"):
        assert piece in text


# ── the stand-in ──────────────────────────────────────────────────────────────────────────────────


def test_the_stand_in_leaves_no_trace() -> None:
    before = sys.modules.get("keras")
    assert "keras" in loaded("import keras")
    assert sys.modules.get("keras") is before
    assert isinstance(Keras(), Keras)

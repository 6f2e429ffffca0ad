"""Fitting a network to another input: what is preferred, what the search finds, what it refuses."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import archgen
from archgen.fitting.changes import count_fields, go_together, stated
from archgen.fitting.fitted import Fitted
from archgen.fitting.judging import Rank
from archgen.fitting.network import Wish, read
from archgen.fitting.search import Found, _Search, search
from archgen.fitting.shrinking import SHARES
from archgen.fitting.steps import Step
from archgen.fitting.trial import families, last_map
from tests.fits import (
    POOL,
    STRIDED,
    conv,
    dead_of,
    fit_own,
    folder,
    own,
    own_channels,
    says,
)
from tests.random_specs import spec as random_spec

__all__ = ["folder"]

SIZES = (28, 32, 64, 96, 128, 160, 224)
MAIN = (
    "inception_v4", "inception_v3", "googlenet", "inception_resnet_v2", "resnet50", "vgg16",
    "densenet121",
)  # fmt: skip


@cache
def fitted(name: str, side: int) -> Fitted:
    channels = own_channels(name)
    return archgen.fit(name, (side, side, channels))


# ── what every fit is ─────────────────────────────────────────────────────────────────────────────

ALL = [(name, side) for name in archgen.names() for side in SIZES]
# Each network once, at a size of its own, and the best known ones at both of the small ones.
SOME = {(name, SIZES[i % len(SIZES)]) for i, name in enumerate(archgen.names())}
SOME |= {(name, side) for name in MAIN for side in (28, 32)}


@pytest.fixture(
    params=[
        pytest.param(case, marks=() if case in SOME else pytest.mark.full, id="{}-{}".format(*case))
        for case in ALL
    ]
)
def case(request: pytest.FixtureRequest) -> tuple[str, int]:
    found: tuple[str, int] = request.param
    return found


def test_a_fit_meets_every_wish(case: tuple[str, int]) -> None:
    name, side = case
    spec, before = fitted(*case), archgen.graph(name)
    graph = archgen.graph(spec)
    assert graph.inputs == {"input": (side, side, own_channels(name))}
    assert dead_of(graph) == 0
    assert min(last_map(graph)) >= min(2, *last_map(before))
    assert families(graph) >= families(before)
    assert spec.fields <= 8
    assert not spec.remarks or not spec.remarks[0].startswith("still")


def test_a_fit_states_nothing_but_changes(case: tuple[str, int]) -> None:
    name, side = case
    spec = fitted(*case)
    assert spec["extends"] == name
    assert spec.keys() <= {
        "archgen", "name", "extends", "title", "description", "input", "parameters", "defaults",
        "modules", "edit",
    }  # fmt: skip
    shape = [side, side, own_channels(name)]
    wanted = {"input": {"shape": shape}} if list(archgen.load(name).input.shape) != shape else {}
    changes = [change for step in spec.steps for change in step.changes]
    body = {key: value for key, value in spec.items() if key in stated(wanted, changes)}
    assert body == stated(wanted, changes)
    assert spec.fields == count_fields(wanted) + len({change.path for change in changes})


def test_no_step_of_a_fit_is_one_too_many(case: tuple[str, int]) -> None:
    name, side = case
    network = read(name, Wish((side, side, own_channels(name))))
    problem = network.problem(Wish())
    steps = fitted(*case).steps
    for step in steps:
        found = _Search(problem, 1).tried([other for other in steps if other != step])
        assert not found.rank.fits


def test_the_blocks_of_inception_v4_stay() -> None:
    stem = {"mixed_3a", "mixed_4a", "mixed_5a"}
    blocks = {f"inception_{x}" for x in "abc"} | {"reduction_a", "reduction_b"}
    small = archgen.fit("inception_v4", (28, 28, 1), classes=10)
    assert small.fields <= 8
    for spec in (small, fitted("inception_v4", 32)):
        assert stem | blocks <= set(archgen.graph(spec).modules.values())


def test_a_network_that_works_is_left_as_it_is() -> None:
    spec = archgen.fit("inception_v4_mnist", (64, 64, 1))
    assert spec.steps == ()
    assert spec.fields == 1
    assert "works as it is" in spec.text()
    unchanged = archgen.fit("lenet5", classes=10)
    assert unchanged.fields == 0
    assert archgen.graph(unchanged).nodes == archgen.graph("lenet5").nodes


# ── the order of preference ───────────────────────────────────────────────────────────────────────

PREFERENCE = (
    "illegal", "early", "dead", "small", "lost", "over", "fields", "left_out", "uses", "excess",
    "fewer", "order",
)  # fmt: skip


def rank(**worse: int) -> Rank:
    values: dict[str, Any] = dict.fromkeys(PREFERENCE, 0) | worse
    return Rank(**values)


@pytest.mark.parametrize("place", range(len(PREFERENCE)))
def test_what_comes_first_in_the_order_of_preference_decides(place: int) -> None:
    first, *behind = PREFERENCE[place:]
    assert rank(**dict.fromkeys(behind, 9)) < rank(**{first: 1})


def test_the_first_stride_goes_before_a_later_one(folder: Path) -> None:
    spec = fit_own(own(STRIDED, STRIDED, STRIDED), 8)
    assert says(spec) == ["`conv_1` has stride 1 instead of 2"]


def test_dead_weights_are_worse_than_more_changes(folder: Path) -> None:
    layers = [STRIDED, STRIDED, conv(kernel=[1, 7], padding="same")]
    spec = fit_own(own(*layers), 8)  # 8 → 4 → 2: a 1×7 kernel has taps that touch nothing
    assert dead_of(archgen.graph(own(*layers), (8, 8, 3))) > 0
    assert len(spec.steps) == 1
    assert dead_of(archgen.graph(spec)) == 0


def test_the_last_map_is_as_large_as_wished(folder: Path) -> None:
    strided = conv(kernel=1, strides=2)
    layers = own(strided, strided, strided)
    sides = [min(last_map(archgen.graph(fit_own(layers, 16, last_map=n)))) for n in (1, 2, 3, 5)]
    assert sides == [2, 2, 4, 8]


def test_the_last_map_need_not_be_larger_than_it_was(folder: Path) -> None:
    whole = own(conv(kernel=8), side=8)
    assert last_map(archgen.graph(whole)) == (1, 1)
    assert fit_own(whole, 8).steps == ()


def test_a_module_is_kept_at_the_cost_of_more_fields(folder: Path) -> None:
    fork = {"join": "concat", "branches": {
        "conv": [conv(strides=2, padding="same")],
        "pool": [{"op": "max_pool", "pool_size": 3, "strides": 2, "padding": "same"}],
    }}  # fmt: skip
    fold = {"title": "Small", **fork}
    layers = own(conv(strides=2, padding="same"), {"use": "fold"}, modules={"fold": fold})
    # One field would do, `"layers.fold": null`, but nothing would be left of the module.
    spec = fit_own(layers, 2, last_map=2)
    assert {step.kind for step in spec.steps} == {"stride", "reduction"}
    assert count_fields(spec["edit"]) == 3
    assert "`fold`" in families(archgen.graph(spec))


FLAT = [STRIDED, {"op": "max_pool", "pool_size": 4, "padding": "same"}, {"op": "flatten"}]


@pytest.mark.parametrize(
    ("own_side", "side", "words"),
    [
        # 8 → 4 → 1 must be 2×2: a stride less makes it so, without the pool it is 4×4 as before.
        (32, 8, "`max_pool` is dropped"),
        # 6 → 3 → 1: a stride less makes it 2×2 as before, without the pool it is 3×3, more.
        (16, 6, "`conv` has stride 1 instead of 2"),
    ],
)
def test_of_equal_changes_more_parameters_are_better_up_to_those_of_before(
    own_side: int, side: int, words: str, folder: Path
) -> None:
    document = own(*FLAT, side=own_side)
    del document["layers"][-2]
    spec = fit_own(document, side)
    assert says(spec) == [words]
    assert archgen.analyse(spec).params == archgen.analyse(document).params


def test_a_flattened_map_is_not_made_larger_than_it_was(folder: Path) -> None:
    """LeNet's second and third padding would multiply its dense layer by 49."""
    before = archgen.analyse("lenet5").params
    spec = archgen.fit("lenet5", (28, 28, 1))
    assert archgen.analyse(spec).params == before
    assert says(spec) == [
        "`convolution.conv` keeps the border: same instead of valid where filters ≤ 6"
    ]


# ── bounds ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["resnet50", "unet", "mobilenet_v2"])
def test_bounds_are_kept(name: str) -> None:
    shape = (32, 32, own_channels(name))
    free = archgen.analyse(archgen.fit(name, shape, classes=10))
    for wishes in ({"max_params": free.params // 4}, {"max_macs": free.macs // 4}):
        spec = archgen.fit(name, shape, classes=10, **wishes)  # type: ignore[arg-type]
        costs = archgen.analyse(spec)
        assert costs.params <= wishes.get("max_params", free.params)
        assert costs.macs <= wishes.get("max_macs", free.macs)
        assert dead_of(archgen.graph(spec)) == 0


def test_the_largest_network_within_its_bounds_is_taken() -> None:
    costs = archgen.analyse("inception_v4_mnist").params
    exact = archgen.fit("inception_v4_mnist", max_params=costs)
    assert exact.steps == ()
    less = archgen.fit("inception_v4_mnist", max_params=costs - 1)
    assert [step.kind for step in less.steps] == ["repeat"]
    fewer: tuple[dict[str, Any], ...] = ({"a_blocks": 1}, {"b_blocks": 2})
    others = [archgen.analyse("inception_v4_mnist", **one).params for one in fewer]
    assert archgen.analyse(less).params >= max(others)


def test_the_widest_network_within_its_bounds_is_taken() -> None:
    spec = archgen.fit("mobilenet_v2", (32, 32, 3), classes=10, max_params=500_000)
    assert spec["parameters"].keys() == {"classes", "alpha"}
    wider = min(share for share in SHARES if share > spec["parameters"]["alpha"])
    assert archgen.analyse("mobilenet_v2", classes=10, alpha=wider).params > 500_000


def test_outputs_keep_their_channels_under_a_width() -> None:
    spec = archgen.fit("unet", (32, 32, 1), max_params=1_000_000, classes=3)
    assert [step.kind for step in spec.steps] == ["padding", "width"]
    graph = archgen.graph(spec)
    assert [graph.shapes[node] for node in graph.outputs.values()] == [(32, 32, 3)]


def test_of_equal_changes_no_part_is_left_out() -> None:
    spec = archgen.fit("resnet50", (28, 28, 3), classes=10, max_params=1_000_000)
    assert [step.kind for step in spec.steps] == ["stride", "width"]


def test_another_size_may_cost_less_than_a_narrower_network() -> None:
    spec = archgen.fit("inception_v4", (96, 96, 3), max_macs=2_000_000_000)
    assert [step.kind for step in spec.steps] == ["padding"]


# ── the search ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("lenet5", 28),
        ("vgg16", 28),
        ("mobilenet_v2", 28),
        ("resnet50", 20),
        *(
            pytest.param(name, 28, marks=pytest.mark.full)
            for name in ("inception_v4", "bn_inception", "googlenet", "efficientnet_b0", "xception")
        ),
    ],
)
def test_what_the_search_leaves_out_is_no_better(
    name: str, side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = Wish((side, side, 3))
    problem = read(name, wish).problem(wish)
    found = search(problem, 1)
    everything = range(len(problem.steps))
    tried: list[Found] = []

    class Blind(_Search):
        """A search that tries every set."""

        def relevant(self, task: Any, _: object) -> Iterator[int]:
            taken = [change for step in task.steps for change in step.changes]
            for index in everything:
                fresh = index not in task.chosen
                if fresh and go_together(taken, problem.steps[index].changes):
                    yield index

        def tried(self, steps: Sequence[Step]) -> Found:
            tried.append(found := super().tried(steps))
            return found

    monkeypatch.setattr("archgen.fitting.search._Search", Blind)
    blind = search(problem, 1)
    assert found[0].rank == blind[0].rank
    assert min(one.rank for one in tried if one.rank.fits) == found[0].rank


def test_what_is_wrong_is_found_behind_what_is_left_out(folder: Path) -> None:
    odd = {"layers": [POOL, {"op": "crop", "cropping": 3}, conv(padding="same")]}
    wide = conv(kernel=25, name="wide")
    layers = [conv(padding="same"), *[{"use": "odd"}] * 3, wide]
    document = own(*layers, side=400, modules={"odd": odd})
    # 52 → 20 → 4 → none: two of them go, then the wide kernel needs its border on 20×20.
    assert says(fit_own(document, 52)) == [
        "`wide` keeps the border: same instead of valid",
        "`odd_2` is left out",
        "`odd_3` is left out",
    ]


def test_an_answer_does_not_depend_on_the_seed_of_hashes() -> None:
    command = [sys.executable, "-m", "archgen", "fit", "mobilenet_v2", "--input", "28x28x1"]
    command += ["--classes", "10", "--max-params", "300k", "--show", "3", "--format", "json"]
    printed = {
        subprocess.run(
            command,
            capture_output=True,
            check=True,
            timeout=300,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(printed) == 1
    assert printed != {b""}


def test_alternatives_are_no_richer_variants_of_a_better_one(folder: Path) -> None:
    # The last one's border alone is no fit, so more is tried with it, what fits without it too.
    layers = [STRIDED, STRIDED, STRIDED, conv(kernel=2)]
    best = fit_own(own(*layers), 16, last_map=3, show=9)
    answers = [best, *best.alternatives]
    assert [says(one) for one in answers] == [
        [f"`conv_{number}` has stride 1 instead of 2"] for number in (1, 2, 3)
    ]
    assert [one.number for one in answers] == [1, 2, 3]


def test_another_answer_can_be_taken() -> None:
    first = archgen.fit("resnet50", (28, 28, 3), show=2)
    second = archgen.fit("resnet50", (28, 28, 3), take=2)
    assert dict(second) == dict(first.alternatives[0])
    assert [other.number for other in second.alternatives] == [1]
    with pytest.raises(archgen.UsageError, match="there is no answer 9, only 1 answer"):
        archgen.fit("lenet5", take=9)


# ── what stands in the way ────────────────────────────────────────────────────────────────────────


def test_what_stands_in_the_way_is_told(folder: Path) -> None:
    document = own({"op": "crop", "cropping": 10})
    with pytest.raises(archgen.SpecError) as refusal:
        fit_own(document, 16)
    (fault,) = refusal.value.faults
    assert fault.code == "E512"
    assert fault.message == "no step that is known lets `own` work at 16×16×3"
    assert fault.notes[0] == "closest: as it is"
    assert fault.notes[1].startswith("then: ")
    assert fault.sizes.startswith("heights and widths from 21")


def test_a_bound_that_is_too_low_is_told() -> None:
    with pytest.raises(archgen.SpecError) as refusal:
        archgen.fit("mobilenet_v2", max_params=10)
    (fault,) = refusal.value.faults
    message = "no step that is known brings `mobilenet_v2` within its bounds at 224×224×3"
    assert fault.message == message
    assert fault.notes[1].endswith("parameters, more than 10")
    steps = fault.notes[0].removeprefix("closest: ").split("; ")
    assert len(steps) == len(set(steps)) > 1


def test_what_is_left_to_wish_for_is_told() -> None:
    spec = archgen.fit("mobilenet_v2", (1, 1, 3))
    assert spec.remarks[0].startswith("still: ")
    assert archgen.graph(spec).inputs == {"input": (1, 1, 3)}


def test_a_spec_that_does_not_work_at_its_own_input_is_fitted_to_it(folder: Path) -> None:
    broken = {"archgen": 1, "name": "mine", "extends": "inception_v4", "input": {}}
    broken["input"] = {"shape": [28, 28, 1]}
    Path("mine.json").write_text(json.dumps(broken), encoding="utf-8")
    spec = archgen.fit(Path("mine.json"))
    assert archgen.graph(spec).inputs == {"input": (28, 28, 1)}
    assert spec.keys() & {"input"} == set()
    assert spec["extends"] == "mine.json"


def test_faults_of_the_spec_itself_are_told(folder: Path) -> None:
    with pytest.raises(archgen.SpecError) as refusal:
        fit_own(own({"op": "cnov"}), 8)
    assert refusal.value.faults[0].code == "E204"
    with pytest.raises(archgen.SpecError) as refusal:
        fit_own(own({"op": "crop", "cropping": 2000}), 8)
    assert {fault.code for fault in refusal.value.faults} <= {"E310", "E330"}


@pytest.mark.parametrize("number", [0, -1, 1.5, True, "8"])
@pytest.mark.parametrize("wish", ["max_params", "max_macs", "last_map", "show", "take"])
def test_a_number_that_is_none_is_refused(wish: str, number: Any) -> None:
    with pytest.raises(archgen.UsageError, match=f"`{wish}` must be a whole number from 1"):
        archgen.fit("lenet5", **{wish: number})


def test_classes_need_a_parameter(folder: Path) -> None:
    with pytest.raises(archgen.UsageError, match="own has no parameter `classes`") as refusal:
        fit_own(own(conv()), 32, classes=10)
    assert refusal.value.faults[0].code == "E507"


@pytest.mark.parametrize("spec", [{"archgen": 1}, b"{}", None, archgen.load("lenet5")])
def test_only_what_has_a_name_can_be_extended(spec: Any) -> None:
    with pytest.raises(archgen.UsageError) as refusal:
        archgen.fit(spec)
    assert refusal.value.faults[0].code == "E501"


def test_random_specs_are_fitted_or_refused(folder: Path) -> None:
    codes: list[str] = []
    for seed in range(60):
        document = random_spec(seed)
        Path("random.json").write_text(json.dumps(document), encoding="utf-8")
        channels = archgen.load(document).input.shape[2]
        assert isinstance(channels, int)
        side, bound = (1, 2, 3, 5, 8, 12, 40)[seed % 7], (None, 100, 3000)[seed % 3]
        try:
            spec = archgen.fit(Path("random.json"), (side, side, channels), max_params=bound)
        except archgen.SpecError as refusal:
            codes.append(refusal.faults[0].code)
            continue
        codes.append("changed" if spec.steps else "as it is")
        graph = archgen.graph(spec)
        assert graph.inputs == {"input": (side, side, channels)}
        assert archgen.analyse(graph).params <= (bound or 1 << 60)
        assert len(spec.text()) > 100
    assert {"changed", "as it is", "E512", "E320"} <= set(codes)

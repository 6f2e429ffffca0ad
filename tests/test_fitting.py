"""Fitting a network to another input: what is preferred, which steps there are, what is told."""

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
from archgen.cli import main
from archgen.fitting.changes import Change, count_fields, go_together, stated
from archgen.fitting.fitted import Fitted
from archgen.fitting.judging import Rank
from archgen.fitting.network import Wish, read
from archgen.fitting.search import Found, _Search, search
from archgen.fitting.shrinking import SHARES
from archgen.fitting.steps import KINDS, Step
from archgen.fitting.trial import families, last_map
from archgen.ir import Graph
from archgen.lints.dead import dead_weights
from tests.random_specs import spec as random_spec

SIZES = (28, 32, 64, 96, 128, 160, 224)
MAIN = (
    "inception_v4", "inception_v3", "googlenet", "inception_resnet_v2", "resnet50", "vgg16",
    "densenet121",
)  # fmt: skip
Captured = pytest.CaptureFixture[str]


def own_channels(name: str) -> int:
    channels = archgen.load(name).input.shape[2]
    assert isinstance(channels, int)
    return channels


@cache
def fitted(name: str, side: int) -> Fitted:
    channels = own_channels(name)
    return archgen.fit(name, (side, side, channels))


def dead_of(graph: Graph) -> int:
    return sum(count.dead for count in dead_weights(graph).values())


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


# ── the steps ─────────────────────────────────────────────────────────────────────────────────────

POOL = {"op": "max_pool", "pool_size": 3, "strides": 2, "padding": "same"}
BLOCK = {"title": "Block", "layers": [conv(padding="same"), POOL]}
# No single change but leaving it out lets it pass a map of 4×4.
WIDE = [{"op": "avg_pool", "pool_size": 5}, conv(kernel=5)]
HEAD = {"from": "first", "layers": [*WIDE, *CLASSIFIER]}
BY_KIND: dict[str, tuple[dict[str, Any], int, str]] = {
    "stride": (own(STRIDED, conv(), STRIDED), 6, "`conv_1` has stride 1 instead of 2"),
    "pool": (own(conv(padding="same"), POOL, POOL), 4, "`max_pool_1` is dropped"),
    "padding": (
        own(conv(name="plain", repeat=3)),
        6,
        "`plain` keeps the border: same instead of valid",
    ),
    "global_pool": (
        own({"op": "avg_pool", "pool_size": 64}, conv(kernel=1), side=64),
        16,
        "`avg_pool` pools the whole map, whatever its size",
    ),
    "repeat": (
        own({"use": "block", "repeat": 4}, modules={"block": BLOCK}),
        16,
        "`block`: `repeat` is 3 instead of 4",
    ),
    "reduction": (
        own(*[{"use": "stage", "with": {"steps": 2}}] * 3, modules={"stage": {
            "required": ["steps"], "layers": [conv(padding="same", strides="$steps")],
        }}),
        8,
        "`stage_1` has stride 1 instead of 2",
    ),
    "leave_out": (
        own(*[{"use": "crop"}] * 3, modules={"crop": {"layers": [
            POOL, {"op": "crop", "cropping": 3}, conv(padding="same"),
        ]}}, side=120),
        52,
        "`crop_2` is left out",
    ),
    "head": (
        own(conv(padding="same", name="first"), heads={"aux": HEAD}),
        4,
        "the head `aux` is left out",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BY_KIND)
def test_each_kind_of_step_is_found_where_it_helps(kind: str, folder: Path) -> None:
    document, side, words = BY_KIND[kind]
    spec = fit_own(document, side)
    assert [step.kind for step in spec.steps] == [kind]
    assert says(spec) == [words]
    assert dead_of(archgen.graph(spec)) == 0


def test_every_kind_is_tested() -> None:
    assert {*BY_KIND, "width"} == set(KINDS)


def test_a_head_with_a_switch_is_switched_off(folder: Path) -> None:
    document = own(conv(padding="same", name="first"), heads={"aux": {**HEAD, "when": "$aux"}})
    document["parameters"] = {"aux": True}
    spec = fit_own(document, 4)
    assert spec["parameters"] == {"aux": False}
    asked = fit_own(document, 4, aux=True)  # what was asked for is not taken back
    assert "aux" in archgen.graph(asked).outputs


def test_a_module_of_a_head_alone_goes_with_it(folder: Path) -> None:
    head = {"from": "first", "layers": [{"use": "wide"}, *CLASSIFIER]}
    modules = {"wide": {"layers": WIDE}}
    document = own(conv(padding="same", name="first"), heads={"aux": head}, modules=modules)
    spec = fit_own(document, 4)
    assert says(spec) == ["the head `aux` is left out"]
    assert spec.remarks == ()


def test_branches_that_stride_together_stay_together(folder: Path) -> None:
    fork = {"join": "concat", "name": "fork", "branches": {
        "conv": [conv(padding="same"), STRIDED], "pool": [POOL],
    }}  # fmt: skip
    spec = fit_own(own(fork, fork | {"name": "other"}), 4)
    assert says(spec) == ["`fork` has stride 1 instead of 2"]
    assert spec["edit"] == {
        "layers.fork.conv.conv_2": {"strides": 1},
        "layers.fork.pool.max_pool": {"strides": 1},
    }


def test_some_uses_of_a_module_are_told_from_others_by_a_number(folder: Path) -> None:
    block = {"required": ["n"], "layers": [conv("$n", padding="same"), POOL]}  # type: ignore[arg-type]
    uses = [{"use": "block", "with": {"n": n}} for n in (8, 16, 32)]
    spec = fit_own(own(*uses, modules={"block": block}), 8)
    assert says(spec) == ["`block.max_pool` is dropped where n ≤ 8"]
    assert spec["edit"] == {"modules.block.max_pool": {"when": "${n > 8}"}}


def test_numbers_that_rise_and_fall_tell_no_uses_apart(folder: Path) -> None:
    block = {"required": ["n"], "layers": [conv("$n", padding="same"), POOL]}  # type: ignore[arg-type]
    uses = [{"use": "block", "with": {"n": n}} for n in (8, 16, 8)]
    spec = fit_own(own(*uses, modules={"block": block}), 8)
    assert says(spec) == ["`block_3` is left out"]


def test_a_pool_that_rounds_up_is_padded_as_a_whole(folder: Path) -> None:
    pool = {"op": "max_pool", "pool_size": 3, "strides": 2, "ceil_mode": True}
    fork = {"join": "concat", "branches": {"pool": [pool], "conv": [STRIDED]}}
    spec = fit_own(own(fork, side=32), 31)  # (31 - 3) / 2 + 1 = 15 beside 16
    assert spec["edit"] == {"layers.pool.max_pool": {"padding": "same", "ceil_mode": False}}


@pytest.mark.parametrize(
    ("side", "gone"),
    [
        (28, {"down_4", "bottom", "up_4", "up_3"}),  # twice 2 in 28
        (6, {"down_3", "down_4", "bottom", "up_4", "up_3", "up_2"}),
    ],
)
def test_a_u_shaped_network_loses_its_innermost_levels(side: int, gone: set[str]) -> None:
    spec = archgen.fit("unet", (side, side, 1))
    assert spec["edit"] == {f"layers.{name}": None for name in gone}
    assert last_map(archgen.graph(spec)) == (side, side)


def test_a_copied_tutorial_gets_a_pool_of_the_whole_map() -> None:
    spec = archgen.fit("inception_v4_paper", (200, 200, 1), fixed_pool=True, classes=10)
    pool = {"op": "global_avg_pool", "keepdims": True, "when": "$fixed_pool"}
    assert spec["edit"] == {"modules.classifier.avg_pool": [pool]}
    assert last_map(archgen.graph(spec)) == (4, 4)


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
    assert any("--set bn_momentum=0.9" in r for r in fitted("inception_v4", 28).remarks)
    quick = archgen.fit("inception_v4", (28, 28, 3), bn_momentum=0.9)
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

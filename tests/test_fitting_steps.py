"""The steps of a fit: each kind where it helps, and what it states."""

from pathlib import Path
from typing import Any

import pytest

import archgen
from archgen.fitting.steps import KINDS
from archgen.fitting.trial import last_map
from tests.fits import (
    CLASSIFIER,
    POOL,
    STRIDED,
    conv,
    dead_of,
    fit_own,
    folder,
    own,
    says,
)

__all__ = ["folder"]

# ── the steps ─────────────────────────────────────────────────────────────────────────────────────

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


def test_a_pool_of_the_whole_map_is_neither_dropped_nor_padded_for_more_parameters(
    folder: Path,
) -> None:
    fixed = {"op": "avg_pool", "pool_size": 16, "strides": 16}
    wide = conv(32, padding="same", strides=2)
    layers = [wide, wide, fixed, {"op": "flatten"}, CLASSIFIER[1]]
    spec = fit_own(own() | {"layers": layers}, 16, max_params=9_000, show=5)
    pooled = "`avg_pool` pools the whole map, whatever its size"
    assert says(spec)[0] == pooled
    told = {words for one in spec.alternatives for words in says(one)}
    assert not any("`avg_pool`" in words for words in told - {pooled})


def test_a_pool_that_is_whole_in_one_use_only_stays_a_pool(folder: Path) -> None:
    pool = {"op": "max_pool", "pool_size": 2}
    block = {"layers": [conv(kernel=1), pool]}
    document = own({"use": "block", "repeat": 3}, side=8, modules={"block": block})
    spec = fit_own(document, 4)
    assert [step.kind for step in spec.steps] == ["padding"]

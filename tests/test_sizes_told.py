"""What is said of the sizes that work: in faults, in tables, as a record; and how soon."""

import json
from typing import Any

import pytest

import archgen
from archgen.diagnostics import Faults
from archgen.input_sizes import MODERATE, Sizes, quick_sizes
from archgen.intervals import LIMIT, Intervals
from archgen.reports import fault_record, render_fault
from archgen.resolve import resolve
from tests.counting import steps
from tests.sizing import (
    FLATTEN,
    GLOBAL_POOL,
    HEAD,
    SIDES,
    both,
    caffe,
    conv,
    counted,
    fork,
    net,
    pool,
)


def told(spec: Any, *shape: int, **parameters: Any) -> list[str]:
    return [fault.sizes for fault in archgen.check(spec, shape or None, **parameters)]


def test_a_fault_of_shapes_says_what_works_and_what_is_nearest() -> None:
    (fault,) = archgen.check("inception_v4", (74, 300, 3))
    assert fault.sizes == f"{both('from 75')}; the nearest to 74×300 is 75×300"
    assert f"= works for: {fault.sizes}\n" in render_fault(fault) + "\n"
    assert fault_record(fault)["works_for"] == fault.sizes
    for ask in (archgen.graph, archgen.analyse, archgen.build):
        with pytest.raises(archgen.SpecError, match="the nearest to 74×300 is 75×300"):
            ask("inception_v4", (74, 300, 3))


def test_the_nearest_works() -> None:
    spec = net(caffe(), caffe(), *HEAD)
    (first, *_) = told(spec, 30, 5, 4)
    assert first == f"{both('in multiples of 4')}; the nearest to 30×5 is 32×4"
    archgen.graph(spec, (32, 4, 4))


def test_where_the_axes_do_not_go_apart_the_nearest_is_one_of_those_told() -> None:
    spec = net(FLATTEN, shape=(600, 600, 4000))
    (fault,) = told(spec, 900, 700, 4000)
    assert fault.endswith("; of these the nearest to 900×700 is 732×700")
    assert archgen.check(spec, (732, 700, 4000)) == ()


def test_of_two_that_are_as_near_the_larger_is_told() -> None:
    seven, none = Intervals(((7, 7),)), Intervals()
    squares = Intervals(((3, 3), (7, 7)))
    assert Sizes(none, none, squares, (1, 1), is_free=False).nearest(5, 5) == (7, 7)
    assert Sizes(seven, none, squares, (7, 5), is_free=False).nearest(5, 5) == (7, 5)
    assert Sizes(none, none, none, (1, 1), is_free=False).nearest(5, 5) is None


def test_a_fault_at_every_size_says_so() -> None:
    assert told(net(FLATTEN, conv(3))) == ["no input up to 1,024"]


def test_of_several_faults_of_shapes_the_first_says_it() -> None:
    spec = net(fork("concat", [conv(5)], [conv(7)]), shape=(4, 4, 4))
    assert told(spec) == ["no input up to 1,024", ""]


def test_beside_a_fault_of_another_kind_nothing_is_said() -> None:
    spec = net(conv(50), {"op": "dense", "units": "$many"})
    assert told(spec) == ["", ""]
    with pytest.raises(archgen.SpecError, match="many") as refusal:
        archgen.sizes(spec)
    assert [fault.code for fault in refusal.value.faults] == ["E206"]


def test_a_fault_behind_a_window_that_does_not_fit_is_found_too() -> None:
    """Nothing is known of ``channels`` there, so that only the question for sizes finds it."""
    module = {"layers": [conv(1, filters="${channels / 3}"), GLOBAL_POOL]}
    spec = net(conv(50), {"use": "third"}, modules={"third": module})
    assert told(spec) == [""]
    with pytest.raises(archgen.SpecError, match="E212"):
        archgen.sizes(spec)


def test_a_warning_says_nothing_and_is_in_nobodys_way() -> None:
    spec = net(conv(50), modules={"unused": {"layers": [conv(1)]}})
    sizes = {fault.code: fault.sizes for fault in archgen.check(spec)}
    assert sizes.keys() == {"E310", "W602"}
    assert sizes["W602"] == ""
    assert sizes["E310"].startswith("heights and widths from 50")


def test_a_table_ends_with_what_works() -> None:
    table = archgen.table("inception_v4")
    works = "heights and widths from 75, checked to 1,024"
    assert table.text(0).splitlines()[-1].split(maxsplit=2) == ["works", "for", works]
    assert table.markdown(0).splitlines()[-1] == f"- works for {works}"
    record: Any = table.record()
    assert record["sizes"] == archgen.sizes("inception_v4").record()
    assert json.loads(json.dumps(record)) == record


def test_a_table_finds_out_once_and_only_when_it_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    sizes = archgen.sizes("inception_v4_mnist_tiny")

    def quick(*_: object) -> Sizes:
        asked.append(1)
        return sizes

    monkeypatch.setattr("archgen.api.quick_sizes", quick)
    table = archgen.table("inception_v4_mnist_tiny")
    assert table.rows(), table.totals()
    assert not asked
    assert table.text(), table.record()
    assert len(asked) == 1


def test_a_table_of_what_takes_long_says_nothing() -> None:
    table = archgen.table(counted(net(FLATTEN, shape=(4, 4, 1))))
    assert "works for" not in table.text() + table.markdown()
    assert table.record()["sizes"] is None


def test_the_record_has_both_ends_and_the_period() -> None:
    record = archgen.sizes(net(caffe(), pool([3, 1], strides=1), shape=(99, 99, 1))).record()
    heights: Any = record["heights"]
    assert heights[:2] == [[6, 6], [8, 8]]
    assert record["widths"] == [[n, n] for n in SIDES if n % 2 == 0]
    assert record["period"] == {"heights": 2, "widths": 2, "squares": 2}
    assert (record["held"], record["is_free"], record["limit"]) == (None, True, LIMIT)


def test_sizes_are_printed_one_kind_a_line() -> None:
    assert archgen.sizes("inception_v4").lines("inception_v4") == (
        "inception_v4: heights and widths from 75, checked to 1,024",
    )
    assert archgen.sizes(net(FLATTEN, shape=(600, 600, 4000))).lines("net") == (
        "net: squares 1…732",
        "     at width 600 heights 1…894",
        "     at height 600 widths 1…894, checked to 1,024",
    )


# ── how long it takes ─────────────────────────────────────────────────────────────────────────────


def test_inception_v4_is_known_in_a_moment() -> None:
    spec = archgen.load("inception_v4")
    assert steps(lambda: archgen.sizes(spec)) < 40 * steps(lambda: archgen.graph(spec))


def test_a_fault_of_a_hostile_spec_does_not_wait_for_its_sizes() -> None:
    layers = [conv(1, filters="$index", repeat=1000), pool(2000)]
    spec = archgen.load(net(*layers))
    assert quick_sizes(spec, {}, None) is None
    alone = steps(lambda: resolve(spec, Faults(), {}, None))
    assert steps(lambda: archgen.check(spec)) < 25 * alone
    assert told(spec) == [""]


def test_very_many_nodes_are_not_looked_at() -> None:
    relu = {"op": "activation", "activation": "relu", "repeat": 6000}
    assert quick_sizes(archgen.load(net(relu)), {}, None) is None


def test_a_join_of_very_many_pairs_is_not_tried_at_each() -> None:
    spec = archgen.load(net(fork("add", [conv(1, strides=LIMIT)], [])))
    assert steps(lambda: archgen.sizes(spec)) < LIMIT**2
    assert not archgen.sizes(spec).is_free


def test_what_is_quick_is_not_cut() -> None:
    rows = [conv(2, repeat=40)]
    assert 40 * LIMIT < MODERATE
    sizes = quick_sizes(archgen.load(net(*rows)), {}, None)
    assert sizes is not None
    assert sizes.text() == both("from 41")

"""What a network costs, folded and shown; the numbers themselves are held by the golden tables."""

import json
from typing import Any

import pytest

import archgen
from archgen.tables import HEADER, bytes_text

CONV = {"op": "conv", "filters": 4, "kernel_size": 1}
NESTED: dict[str, Any] = {
    "archgen": 1,
    "name": "nested",
    "input": {"shape": [8, 8, 3]},
    "layers": [{**CONV, "activation": "relu"}, {"use": "outer"}],
    "heads": {"side": {"title": "Side head", "from": "conv", "layers": [CONV]}},
    "modules": {
        "outer": {"title": "Outer", "layers": [CONV, {"use": "inner", "repeat": 2}]},
        "inner": {"layers": [CONV]},
    },
}


@pytest.mark.parametrize("depth", [1, 2, 9])
def test_the_rows_of_any_depth_add_up_to_the_totals(depth: int) -> None:
    table = archgen.table("inception_v4_mnist", aux=True)
    rows, total = table.rows(depth), table.analysis
    assert len(rows) > 1
    assert sum(row.trainable for row in rows) == total.trainable
    assert sum(row.non_trainable for row in rows) == total.non_trainable
    assert sum(row.macs for row in rows) == total.macs
    assert sum(row.activation_bytes for row in rows) == total.activation_bytes


def test_a_row_has_the_shape_and_the_receptive_field_of_its_last_node() -> None:
    conv, outer, _ = archgen.table(NESTED).rows(1)
    assert (conv.name, conv.op, conv.shape) == ("conv", "1×1 conv", (8, 8, 4))
    assert (outer.name, outer.op, outer.params) == ("outer", "Outer", 3 * (4 * 4 + 4))
    last = archgen.table("inception_v4").rows(1)[3]
    assert (last.name, last.shape, last.receptive_field) == ("mixed_3a", (73, 73, 160), (15, 15))


def test_a_module_made_only_of_uses_has_its_title() -> None:
    modules = {**NESTED["modules"], "stage": {"title": "Stage", "layers": [{"use": "outer"}]}}
    layers = [NESTED["layers"][0], {"use": "stage", "repeat": 2}]
    table = archgen.table({**NESTED, "layers": layers, "modules": modules})
    assert [row.op for row in table.rows(1)] == ["1×1 conv", "Stage", "Stage", "Side head"]
    titles = {row.name: row.op for row in table.scopes()}
    assert (titles["stage_2"], titles["stage_2.outer"]) == ("Stage", "Outer")


def test_a_module_whose_first_entry_was_edited_has_its_title() -> None:
    stem = archgen.table("inception_v2").rows(1)[0]
    assert (stem.name, stem.op) == ("stem", "Stem")


def test_depth_unfolds_names_component_by_component() -> None:
    table = archgen.table(NESTED)
    assert [row.name for row in table.rows(1)] == ["conv", "outer", "side"]
    assert [row.name for row in table.rows(2)] == [
        "conv", "conv.activation", "outer.conv", "outer.inner_1", "outer.inner_2", "side.conv",
    ]  # fmt: skip
    assert table.rows(0) == ()


def test_an_outer_scope_counts_what_stands_in_the_inner() -> None:
    scopes = {row.name: row for row in archgen.table(NESTED).scopes()}
    assert list(scopes) == ["outer", "outer.inner_1", "outer.inner_2", "side"]
    assert (scopes["outer"].params, scopes["outer.inner_1"].params) == (60, 20)
    assert scopes["side"].op == "Side head"


def test_the_record_has_the_keys_that_programs_were_promised_in_order() -> None:
    record = archgen.table(NESTED).record()
    assert list(record)[:6] == ["name", "input", "output", "params", "macs", "nodes"]
    nodes: Any = record["nodes"]
    promised = ["name", "op", "shape", "params", "macs", "receptive_field", "origin", "scope"]
    assert all(list(node)[:8] == promised for node in nodes)
    assert json.loads(json.dumps(record)) == record


def test_a_node_names_its_file_only_where_another_text_made_it() -> None:
    own: Any = archgen.table("inception_v4").record()["nodes"]
    assert not any("file" in node for node in own)
    child: Any = archgen.table("inception_v4_mnist").record()["nodes"]
    assert child[0]["file"] == "inception_v4.json"


def test_written_filters_are_told_only_where_the_width_changed_them() -> None:
    plain, scaled = archgen.table("inception_v4"), archgen.table("inception_v4_mnist")
    assert "filters" not in plain.cells()[0]
    assert scaled.cells()[0] == list(HEADER)
    assert scaled.rows()[0].filters == (32, 8)


def test_text_is_aligned_and_ends_with_the_totals() -> None:
    lines = archgen.table(NESTED).text(9).splitlines()
    assert lines[0] == "nested: 8×8×3 → conv 8×8×4, side 8×8×4"
    header, rule, *rows = lines[2 : lines.index("", 2)]
    assert set(rule) == {"─"}
    shape = header.index("shape")
    assert {row[shape : shape + 5] for row in rows} == {"8×8×4"}
    macs = header.index("MACs") + len("MACs")
    assert all(row[:macs][-1].isdigit() and row[macs] == " " for row in rows)
    assert lines[-6:] == [
        "trainable parameters           96",
        "non-trainable parameters        0",
        "total parameters               96",
        "MACs                        4,864",
        "activations               6.0 KiB",
        "works for                 heights and widths of any size, checked to 1,024",
    ]


def test_depth_0_leaves_the_totals_alone() -> None:
    assert archgen.table(NESTED).text(0).splitlines()[1:3] == [
        "",
        "trainable parameters           96",
    ]
    assert "|" not in archgen.table(NESTED).markdown(0)


def hostile(title: str) -> archgen.Spec:
    modules = {**NESTED["modules"], "outer": {**NESTED["modules"]["outer"], "title": title}}
    return archgen.load({**NESTED, "modules": modules})


def test_markdown_escapes_what_a_title_could_mean() -> None:
    row = archgen.table(hostile("a|b *c* <i>`_x_")).markdown().splitlines()[5]
    assert row.startswith(r"| outer | a\|b \*c\* \<i\>\`\_x\_ | 8×8×4 |")


def test_a_title_moves_no_cursor_and_fills_no_line() -> None:
    text = archgen.table(hostile("\x1b[2J\u202e" + "x" * 100)).text()
    assert "�[2J�xxx" in text
    assert text.isprintable() or set(filter(lambda sign: not sign.isprintable(), text)) == {"\n"}
    assert "x" * 40 not in text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1 << 20, "1.0 MiB"),
        (3 << 30, "3.0 GiB"),
        (5000 << 40, "5,000.0 TiB"),
    ],
)
def test_bytes_come_in_the_unit_a_reader_takes_in(count: int, text: str) -> None:
    assert bytes_text(count) == text

"""A module used again is the first use under new names: exactly what expanding it again gives."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archgen
from archgen.ir import Graph, Node
from archgen.resolve import Resolver
from tests.counting import steps
from tests.literate import Case, cases
from tests.test_language import asked, spec_of

LANGUAGE = cases(Path(__file__).parent / "cases" / "language")


class Forgetful(dict[Any, Any]):
    """Expansions that are never found again."""

    def __contains__(self, _: object) -> bool:
        return False


@pytest.fixture(autouse=True)
def repeats(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the paths of the uses that were repeated, not expanded."""
    taken: list[str] = []
    again = Resolver.again

    def noted(self: Resolver, made: Any, path: str, *rest: Any) -> Any:
        taken.append(path)
        return again(self, made, path, *rest)

    monkeypatch.setattr(Resolver, "again", noted)
    return taken


def expanded(spec: Any, **arguments: Any) -> Graph:
    """Return the graph of a spec with every use expanded by itself."""
    with pytest.MonkeyPatch.context() as patch:
        prepare = Resolver.__init__

        def forgetful(self: Resolver, *args: Any) -> None:
            prepare(self, *args)
            self.expansions = Forgetful()

        patch.setattr(Resolver, "__init__", forgetful)
        return archgen.graph(spec, **arguments)


def stand_at(node: Node) -> tuple[str, str]:
    assert node.origin is not None
    return node.origin.file, node.origin.pointer


def assert_same(spec: Any, **arguments: Any) -> Graph:
    quick, slow = archgen.graph(spec, **arguments), expanded(spec, **arguments)
    assert dict(quick.outputs) == dict(slow.outputs)
    assert list(quick.outputs) == list(slow.outputs)
    for one, other in zip(quick, slow, strict=True):
        assert one == other
        assert stand_at(one) == stand_at(other)
    assert quick == slow
    assert quick.modules == slow.modules
    return quick


CONV: dict[str, Any] = {"op": "conv", "filters": 2, "kernel_size": 1, "norm": "batch_norm"}


def net(*layers: dict[str, Any], **keys: Any) -> dict[str, Any]:
    spec = {"archgen": 1, "name": "net", "input": {"shape": [4, 4, 2]}, "layers": list(layers)}
    return {**spec, **keys}


def test_a_module_in_a_row_is_repeated(repeats: list[str]) -> None:
    graph = assert_same(net({"use": "m", "repeat": 4}, modules={"m": {"layers": [CONV, CONV]}}))
    assert repeats == ["m_2", "m_3", "m_4"]
    assert [node.scope for node in graph if node.name.endswith("norm")] == [
        f"m_{copy}" for copy in range(1, 5) for _ in range(2)
    ]


def test_many_repeats_cost_no_more_than_they_make() -> None:
    """Looking through all scopes for those of one module would cost their square."""

    def cost(copies: int) -> int:
        spec = net({"use": "m", "repeat": copies}, modules={"m": {"layers": [CONV]}})
        return steps(lambda: archgen.graph(spec))

    assert cost(1600) < 4.4 * cost(400)


def test_nothing_is_repeated_with_the_shortcut_off(repeats: list[str]) -> None:
    expanded(net({"use": "m", "repeat": 4}, modules={"m": {"layers": [CONV]}}))
    assert repeats == []


def test_another_shape_or_parameter_is_expanded_by_itself(repeats: list[str]) -> None:
    module = {"parameters": {"n": 2}, "layers": [{**CONV, "filters": "${n + channels}"}]}
    same, other = {"use": "m", "with": {"n": 2}}, {"use": "m", "with": {"n": 3}}
    reset = {"op": "conv", "filters": 2, "kernel_size": 1}
    pool = {"op": "max_pool", "pool_size": 2}
    spec = net({"use": "m"}, reset, same, reset, other, reset, pool, same, modules={"m": module})
    graph = assert_same(spec)
    assert repeats == ["m_2"]
    assert [node.shape for node in graph if node.name.endswith("norm")] == [
        (4, 4, 4), (4, 4, 4), (4, 4, 5), (2, 2, 4),
    ]  # fmt: skip


def test_a_scaled_and_a_written_number_are_two(repeats: list[str]) -> None:
    module = {"required": ["n"], "layers": [{**CONV, "filters": "$n"}]}
    reset = {"op": "conv", "filters": 2, "kernel_size": 1, "fixed": True}
    uses = [{"use": "m", "with": {"n": n}} for n in (16, "${width(32)}", 16)]
    layers = [entry for use in uses for entry in (reset, use)]
    graph = assert_same(net(*layers, modules={"m": module}, width={"multiplier": 0.5}))
    assert repeats == ["m_3"]
    found = [(n.shape[-1], n.written) for n in graph if n.name.endswith("conv") and n.scope]
    assert found == [(8, 16), (16, None), (8, 16)]


NESTED = {
    "outer": {"layers": [{"use": "inner", "repeat": 2}, {"use": "inner", "name": "last"}]},
    "inner": {"join": "add", "branches": {"a": [CONV, {"use": "leaf"}], "b": [{"use": "leaf"}]}},
    "leaf": {"layers": [{**CONV, "name": "c"}]},
}


def test_nested_modules_are_repeated(repeats: list[str]) -> None:
    graph = assert_same(net({"use": "outer", "repeat": 3}, modules=NESTED))
    assert {"outer_1.inner_1.b.leaf", "outer_1.inner_2", "outer_1.last", "outer_3"} <= set(repeats)
    assert graph.by_name["outer_3.last.a.leaf.c.norm"].scope == "outer_3.last.a.leaf"
    assert graph.by_name["outer_2.inner_1.add"].scope == "outer_2.inner_1"


@pytest.mark.parametrize(
    "reference",
    [
        "outer_2", "outer_3.last", "outer_1.inner_2", "outer_2.inner_2", "outer_3.inner",
        "outer_2.inner_1.a", "outer_2.inner_1.add", "outer_3.inner_2.a.conv", "outer.last.b.leaf",
        "outer_2.inner_2.a.leaf.c", "outer_1.inner_1.b.leaf.c", "outer_3.last.b",
        "outer.inner.a.leaf",
    ],
)  # fmt: skip
def test_dots_descend_into_repeated_modules(reference: str) -> None:
    layers: list[dict[str, Any]] = [
        {"use": "outer", "repeat": 3},
        {"op": "add", "inputs": ["outer", reference]},
    ]
    graph = assert_same(net(*layers, modules=NESTED))
    read = graph.by_name["add"].inputs[1]
    path = reference.replace("outer.", "outer_3.").replace("inner.", "inner_2.")
    assert read.startswith(path.removesuffix(".inner"))


def test_a_head_may_begin_in_a_repeated_module() -> None:
    heads = {"aux": {"from": "outer_2.inner_2.a.leaf", "layers": [{"use": "leaf"}]}}
    graph = assert_same(net({"use": "outer", "repeat": 3}, modules=NESTED, heads=heads))
    assert graph.by_name["aux.leaf.c"].inputs == ("outer_2.inner_2.a.leaf.c.norm",)


IDENTITY = {
    "nothing": {"layers": []},
    "wrapped": {"layers": [{"use": "nothing"}, {"use": "nothing"}]},
    "half": {"join": "concat", "branches": {"a": [{"use": "nothing"}], "b": [CONV]}},
}


def test_identity_modules_hand_on_what_enters_each(repeats: list[str]) -> None:
    layers: list[dict[str, Any]] = [
        {**CONV, "name": "a"}, {"use": "nothing"},
        {**CONV, "name": "b"}, {"use": "nothing"}, {"use": "wrapped"},
        {**CONV, "name": "c"}, {"use": "wrapped"},
        {"op": "add", "inputs": ["nothing_1", "nothing_2", "wrapped_1", "wrapped_2.nothing_1"]},
    ]  # fmt: skip
    graph = assert_same(net(*layers, modules=IDENTITY))
    assert {"nothing_2", "wrapped_2"} <= set(repeats)
    assert graph.by_name["add"].inputs == ("a.norm", "b.norm", "b.norm", "c.norm")


def test_an_output_behind_identity_modules_is_called_by_what_made_it() -> None:
    layers = [{**CONV, "name": "a"}, {"use": "nothing"}, {**CONV, "name": "b"}, {"use": "nothing"}]
    graph = assert_same(net(*layers, modules=IDENTITY))
    assert dict(graph.outputs) == {"b": "b.norm"}


def test_forks_with_an_identity_branch_are_repeated() -> None:
    layers = [{"use": "half"}, CONV, {"use": "half"}, CONV, {"use": "half"}]
    assert_same(net(*layers, modules=IDENTITY))


def test_modules_with_further_inputs_inside_repeated_ones() -> None:
    modules = {
        "outer": {"layers": [
            {**CONV, "name": "x"},
            {"use": "mix", "with": {"skip": "x"}},
            {"use": "mix", "with": {"skip": "input"}},
        ]},
        "mix": {"inputs": ["skip"], "layers": [{"op": "add", "inputs": ["skip", "input"]}, CONV]},
    }  # fmt: skip
    graph = assert_same(net({"use": "outer", "repeat": 2}, modules=modules))
    assert graph.by_name["outer_2.mix_2.add"].inputs == (
        "outer_1.mix_2.conv.norm",
        "outer_2.mix_1.conv.norm",
    )


@pytest.mark.parametrize("case", LANGUAGE, ids=[case.id for case in LANGUAGE])
def test_every_case_of_the_language_is_the_same(case: Case, tmp_path: Path) -> None:
    for block in case.blocks:
        if block.info.startswith("nodes"):
            assert_same(spec_of(case, tmp_path), **asked(block))


@pytest.mark.parametrize("name", archgen.names())
def test_every_shipped_spec_is_the_same(name: str) -> None:
    assert_same(name)


def test_a_shipped_spec_takes_the_shortcut(repeats: list[str]) -> None:
    archgen.graph("inception_v4")
    assert {"inception_a_4", "inception_b_7", "inception_c_3"} <= set(repeats)


# ── random specs ──────────────────────────────────────────────────────────────────────────────────

NAMES = ("m0", "m1", "m2")
POINT: dict[str, Any] = {"op": "conv", "filters": 2, "kernel_size": 1}


@st.composite
def entries(draw: st.DrawFn, level: int, depth: int = 0) -> dict[str, Any]:
    """Draw an entry that keeps the shape and uses modules of lower levels."""
    kinds = ["conv", "pool", "use", "use"] if level else ["conv", "pool"]
    kind = draw(st.sampled_from([*kinds, "fork"] if depth < 2 else kinds))
    repeat: dict[str, Any] = draw(st.sampled_from([{}, {}, {"repeat": 2}, {"repeat": 0}]))
    if kind == "use":
        given_n: dict[str, Any] = draw(
            st.sampled_from([{}, {"with": {"n": 1}}, {"with": {"n": "${channels // 2}"}}])
        )
        return {"use": NAMES[draw(st.integers(0, level - 1))], **given_n, **repeat}
    if kind == "fork":
        branches = draw(st.lists(lists(level, depth + 1), min_size=1, max_size=2))
        named = {f"b{number}": branch for number, branch in enumerate(branches)}
        return {"name": "f", "join": "add", "branches": named, **repeat}
    return {**(POINT if kind == "conv" else {"op": "max_pool", "pool_size": 1}), **repeat}


def lists(level: int, depth: int = 0) -> st.SearchStrategy[list[dict[str, Any]]]:
    return st.lists(entries(level, depth), max_size=3)


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    """Draw modules that use modules, and layers that use them all."""
    modules = {}
    for level, name in enumerate(NAMES):
        body = draw(lists(level))
        when = {"op": "conv", "filters": 2, "kernel_size": 1, "when": "${n == 1}"}
        modules[name] = {"parameters": {"n": 2}, "layers": [*body, when]}
    layers = [POINT, *draw(lists(3)), {"use": "m2"}, {"use": "m1"}, {"use": "m2"}, POINT]
    return net(*layers, modules=modules)


@settings(deadline=None, max_examples=60)
@given(specs())
def test_random_modules_are_the_same(spec: dict[str, Any]) -> None:
    graph = assert_same(spec)
    references = [node.name for node in graph if node.op.kind != "activation"]
    gathered = {"op": "add", "name": "gathered", "inputs": [*references, references[0]]}
    again = assert_same({**spec, "layers": [*spec["layers"], gathered]})
    assert again.by_name["gathered"].inputs == (*references, references[0])

"""Small specs, each for one thing that the language can say, and arguments that change it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

Entry = dict[str, Any]


def spec(*layers: Entry, shape: Sequence[Any] = (8, 9, 4), **keys: Any) -> dict[str, Any]:
    """Return a spec of some layers."""
    head = {"archgen": 1, "name": "small", "input": {"shape": list(shape)}}
    return {**head, "layers": list(layers), **keys}


def conv(name: str, filters: Any = 4, **fields: Any) -> Entry:
    """Return a conv entry that keeps the size of its map."""
    entry = {"op": "conv", "name": name, "filters": filters, "kernel_size": 3, "padding": "same"}
    return {**entry, **fields}


def scaling(class_name: str, scale: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": {"scale": scale}}


class Case(NamedTuple):
    """A spec, sets of arguments beside none; why arguments are left out, and whether all are."""

    spec: dict[str, Any]
    arguments: tuple[dict[str, Any], ...] = ()
    why: str = ""
    is_flat: bool = False


def uses(name: str, **given: Any) -> Entry:
    """Return a use of a module."""
    return {"use": name, "with": given} if given else {"use": name}


def act(name: str = "relu", **keys: Any) -> Entry:
    return {"op": "activation", "activation": name, **keys}


def fork(join: str, **branches: Any) -> Entry:
    return {"join": join, "branches": branches}


ON = {"a": True, "b": False, "c": False}
SWITCHED = ((True, True, True), (False, True, True), (True, False, True), (False, True, False))
SWITCHES = tuple(dict(zip("abc", each, strict=True)) for each in SWITCHED)
DEEP: dict[str, Any] = {"parameters": {"n": 2}}

CASES: dict[str, Case] = {
    # ── branches ──
    "some branches": Case(
        spec(
            fork(
                "add",
                x={"when": "$a", "layers": [conv("c1")]},
                y=[conv("c2")],
                z={"when": "${b and not c}", "layers": [conv("c3"), act()]},
                w={"when": "$c"},
            ),
            parameters=ON,
        ),
        SWITCHES,
    ),
    "no branch is sure": Case(
        spec(
            conv("before"),
            fork("concat", x={"when": "$a", "layers": []}, y={"when": "$b", "layers": [conv("c")]}),
            conv("behind"),
            parameters=ON,
        ),
        ({"b": True}, {"a": False, "b": True}),
    ),
    "two of three are sure": Case(
        spec(
            fork("maximum", x=[], y={"when": "$a", "layers": [act()]}, z=[conv("c")]),
            conv("behind"),
            parameters={"a": False},
        ),
        ({"a": True},),
    ),
    "the other branch is the value": Case(
        spec(fork("add", x=[], y={"when": "${n > 2}", "layers": [conv("c")]}), act(), **DEEP),
        ({"n": 3},),
    ),
    "a branch alone": Case(
        spec(fork("add", x={"when": False, "layers": [conv("c1")]}, y=[conv("c2")]), act()),
    ),
    "an activation behind a join that may be none": Case(
        spec(
            {**fork("add", x={"when": "$a"}, y=[conv("c")]), "activation": "$kind"},
            parameters={"a": True, "kind": "relu"},
        ),
        ({"a": False}, {"kind": "linear"}, {"a": False, "kind": "linear"}),
    ),
    "an activation is all there is": Case(
        spec(
            {**fork("add", x={"when": "$a"}, y=[]), "activation": "tanh"}, parameters={"a": False}
        ),
        ({"a": True},),
    ),
    "forks in forks": Case(
        spec(
            fork(
                "add",
                x=[{**fork("add", x=[conv("c")], y=[act()]), "name": "inner"}, conv("behind")],
                y=[fork("multiply", p=[], q=[conv("d"), fork("add", r=[], s=[act()])])],
            )
        ),
    ),
    "repeated forks": Case(
        spec(
            {
                **fork("add", x=[], y=[conv("c"), {**act(), "repeat": 2}]),
                "name": "block",
                "repeat": "$n",
            },
            {"op": "concat", "inputs": ["block", "input"]},
            **DEEP,
        ),
        ({"n": 1}, {"n": 4}),
    ),
    "order": Case(spec({**fork("concat", x=[], y=[conv("c")]), "order": ["y", "x"]}, act())),
    # ── concats that melt ──
    "a concat melts": Case(
        spec(fork("concat", x=[act()], y=[conv("c"), fork("concat", p=[], q=[act()])]), act())
    ),
    "a concat melts through modules": Case(
        spec(
            fork("concat", x=[act()], y=[uses("outer")]),
            act(),
            modules={
                "outer": {"layers": [conv("c"), uses("inner")]},
                "inner": fork("concat", p=[act()], q=[conv("d")]),
            },
        )
    ),
    "a module's concat melts here and not there": Case(
        spec(
            uses("split"),
            fork("concat", x=[act()], y=[uses("split")], z=[fork("concat", s=[uses("split")])]),
            act(),
            uses("split"),
            conv("last"),
            modules={"split": {"layers": [act(), {**fork("concat", p=[act()], q=[conv("d")])}]}},
        )
    ),
    "a concat that a head reads": Case(
        spec(
            fork("concat", x=[act()], y=[fork("concat", p=[act()], q=[conv("d")]) | {"name": "k"}]),
            act(),
            heads={"aux": {"from": "y.k", "when": "$a", "layers": [act("tanh")]}},
            parameters={"a": True},
        ),
        why="which concats melt",
        is_flat=True,
    ),
    "a concat that may be the last": Case(
        spec(
            fork(
                "concat",
                x=[act()],
                y=[fork("concat", p=[act()], q=[conv("d")]), act(when="$a")],
            ),
            parameters={"a": True},
        ),
        why="which concats melt",
    ),
    "a concat that is read by a sum, too": Case(
        spec(
            {**fork("concat", x=[act()], y=[conv("c")]), "name": "k"},
            fork("concat", p=[], q=[conv("d", filters=3)]),
            conv("e", filters=8),
            {"op": "add", "inputs": ["e", "k"]},
        )
    ),
    # ── names, loops ──
    "numbers behind a loop": Case(
        spec(
            conv("c"),
            {**conv("c"), "repeat": "$n"},
            {**act(), "repeat": "${n + 1}"},
            conv("c"),
            {**conv("c"), "repeat": 1},
            act(),
            {**act(), "repeat": 0},
            {**conv("c"), "repeat": "${n * 2 if n > 1 else 5}"},
            conv("c"),
            **DEEP,
        ),
        ({"n": 0}, {"n": 1}, {"n": 5}),
    ),
    "a loop reads its number": Case(
        spec(
            {**conv("c", filters="${4 * index}"), "repeat": "$n", "when": "${index != 2}"},
            {
                "use": "twice",
                "name": "t",
                "repeat": 2,
                "with": {"k": "${index + n}"},
            },
            modules={
                "twice": {
                    "required": ["k"],
                    "layers": [{**conv("d", filters="${k + index}"), "repeat": "$k"}],
                }
            },
            **DEEP,
        ),
        ({"n": 3}, {"n": 0}),
    ),
    "loops in loops": Case(
        spec(
            {
                **fork(
                    "add",
                    x=[],
                    y=[
                        {**conv("c", filters="${4 + 0 * index}"), "repeat": "${index}"},
                        conv("d", filters="${4 * (index // index)}"),
                    ],
                ),
                "name": "k",
                "repeat": 3,
            }
        )
    ),
    # ── references ──
    "references": Case(
        spec(
            conv("a1"),
            {**conv("b1"), "when": "$a"},
            {**fork("add", x=[conv("c")], y=[], z=[act()]), "name": "k"},
            {"op": "add", "inputs": ["k.x", "k.y", "a1"]},
            {"op": "add", "inputs": ["add_1", "k.z.activation", "k.add", "k", "input"]},
            {**conv("d"), "repeat": "$n"},
            {"op": "add", "name": "sum", "inputs": ["d", "add_1", "add_2", "b1"]},
            parameters={"a": True, "n": 2},
        ),
        ({"n": 1},),
    ),
    "a value in front": Case(
        spec(
            uses("m", other="input"),
            {**uses("m", other="m_1"), "inputs": ["input"]},
            modules={
                "m": {
                    "inputs": ["other"],
                    "layers": [
                        conv("c"),
                        fork("add", p=[act(inputs=["input"])], q=[act(inputs=["other"])]),
                        {"op": "concat", "inputs": ["add", "c", "input", "other"]},
                        conv("d"),
                    ],
                }
            },
        )
    ),
    "the third copy": Case(
        spec({**conv("d"), "repeat": 3}, {"op": "add", "inputs": ["d_3", "d"]}),
    ),
    "a copy in the middle": Case(
        spec({**conv("d"), "repeat": 3}, {"op": "add", "inputs": ["d_2", "d"]}),
        why="is a copy of a repeated entry",
        is_flat=True,
    ),
    "a copy that may be none": Case(
        spec({**conv("d"), "repeat": "$n"}, {"op": "add", "inputs": ["d_2", "input"]}, **DEEP),
        why="whose copies are not counted",
    ),
    "a value inside a module": Case(
        spec(
            uses("m"),
            {"op": "add", "inputs": ["m.c", "m"]},
            modules={"m": {"layers": [conv("c"), act()]}},
        ),
        why="is inside a module or a copy",
        is_flat=True,
    ),
    # ── heads ──
    "heads": Case(
        spec(
            conv("c"),
            {**conv("d"), "repeat": "$n"},
            {"op": "flatten"},
            {"op": "dense", "name": "main", "units": "$n"},
            heads={
                "one": {"from": "c", "when": "$a", "layers": [conv("e", filters="$channels")]},
                "two": {"from": "d", "when": "$a", "layers": [{"op": "flatten"}]},
                "three": {"from": "input", "layers": [act(), act("tanh")]},
                "four": {"from": "three", "when": "${n > 2}", "layers": [act("tanh")]},
            },
            parameters={"a": False, "n": 2},
        ),
        ({"a": True}, {"n": 3}, {"a": True, "n": 4}),
    ),
    "a main output of many names": Case(
        spec(
            conv("c"),
            act(when="$a"),
            heads={"one": {"from": "c", "when": "$b", "layers": [act("tanh")]}},
            parameters={"a": True, "b": True},
        ),
        why="what the main output is called",
    ),
    "a main output with a number": Case(
        spec(
            {**conv("c"), "repeat": "$n"},
            conv("c"),
            heads={"one": {"from": "input", "layers": [act("tanh")]}},
            **DEEP,
        ),
        ({"n": 4},),
    ),
    # ── parameters ──
    "parameters of modules": Case(
        spec(
            uses("m", k=3),
            uses("m", k=5, first=7, padding="valid"),
            uses("m", k=1, flag=True, kind="tanh"),
            parameters={"padding": "same", "wide": 4, "first": 2},
            modules={
                "m": {
                    "required": ["k"],
                    "parameters": {
                        "first": "${wide + k}",
                        "padding": "$padding",
                        "flag": False,
                        "kind": "linear",
                        "twice": "${first * 2}",
                        "unread": "${1 / 0 if false else 1}",
                    },
                    "layers": [
                        conv(
                            "a", "$first", kernel_size="$k", padding="$padding", activation="$kind"
                        ),
                        conv("c", filters="$twice", activation="relu"),
                        {**conv("d", filters="$channels"), "when": "${flag == true}"},
                        uses("n", padding="$padding"),
                    ],
                },
                "n": {
                    "required": ["padding"],
                    "layers": [conv("a", "$first", kernel_size=1, norm="batch_norm")],
                },
            },
            defaults={"batch_norm": {"scale": "${padding == 'same'}"}},
        ),
        ({"wide": 9, "first": 3}, {"padding": "valid"}),
    ),
    "numbers of every kind": Case(
        spec(
            {"op": "dropout", "rate": "${f / 3 + index / 7}", "repeat": 3},
            {"op": "rescale", "scale": "${n / 3}", "offset": "${f * 3}"},
            {**uses("m", q="${f * index / 3}"), "repeat": 2},
            {"op": "rescale", "scale": "$half"},
            conv("c", filters="${ceil(n * f * 10)}"),
            conv("d", filters="${n / 2 * 4}"),
            parameters={"n": 2, "f": 0.1, "half": "${f / 2}", "none": None},
            modules={
                "m": {
                    "required": ["q"],
                    "layers": [
                        {"op": "dropout", "rate": "$q", "when": "${q > 0.05}"},
                        {"op": "dropout", "name": "other", "rate": "${min(q, 0.5)}"},
                        {**act(), "when": "${none == null}"},
                    ],
                }
            },
        ),
        ({"n": 4, "f": 0.3}, {"f": 0.7, "half": 0.1}, {"n": 3}, {"none": 1}),
    ),
    "the input is computed": Case(
        spec(conv("c"), shape=("${side * 2}", "$side", 3), parameters={"side": 6}),
        ({"side": 5}, {"input_shape": (7, 8, 1)}),
    ),
    "true is not 1": Case(
        spec(conv("c"), act(when="${n == a}"), conv("d"), parameters={"n": 1, "a": True}),
        why="takes true and 1 for equal",
    ),
    # ── width ──
    "width": Case(
        spec(
            conv("c", filters=10),
            conv("d", filters=10, fixed=True),
            conv("e", filters=12, fixed="${wide < 1}"),
            conv("f", filters="${width(9) + 0}"),
            uses("m", k="$channels", n=7),
            uses("m", k=7, n=7),
            uses("m", k=7),
            parameters={"wide": 0.5, "by": 4, "made": "${width(16)}"},
            width={"multiplier": "$wide", "divisor": "$by"},
            modules={
                "m": {
                    "required": ["k"],
                    "parameters": {"n": "$k", "adds": "${channels == width(k)}"},
                    "layers": [
                        conv("c", filters="$k"),
                        {**conv("d", filters="$n"), "when": "$adds"},
                        conv("e", filters="$made"),
                        conv("f", filters="${width(k) + channels}"),
                    ],
                }
            },
        ),
        ({"wide": 0.75}, {"wide": 2, "by": 3}, {"wide": 1}),
    ),
    "width by arithmetic": Case(
        spec(
            conv("c", filters=10),
            conv("d", filters="$n"),
            parameters={"a": 0.5, "n": 6},
            width={"multiplier": "${a * 0.9}", "divisor": "${2 * 2}"},
        ),
        ({"a": 1.7, "n": 40},),
    ),
    "width of nothing": Case(
        spec(conv("c", "${width(n)}"), conv("d", "${width(f)}"), parameters={"n": 3, "f": 2.5}),
        ({"f": 3.5},),
    ),
    "scaled on some ways": Case(
        spec(
            conv("c", filters="${width(n) if n > 3 else n}"),
            parameters={"n": 3},
            width={"multiplier": 0.5},
        ),
        why="whether filters are scaled",
        is_flat=True,
    ),
    # ── ops ──
    "a computed norm": Case(
        spec(conv("c", norm="$kind"), conv("d", "$n"), parameters={"kind": "batch_norm", "n": 3}),
        ({"n": 4},),
        why="a norm is computed",
    ),
    "norms of an entry": Case(
        spec(
            conv("c", norm={"op": "batch_norm", "scale": "$s"}, activation="relu"),
            conv("d", norm={"op": "batch_norm", "scale": "$s"}, activation="relu"),
            conv("e", norm={"op": "layer_norm", "epsilon": "${f / 3}"}),
            conv("f", norm="layer_norm"),
            conv("g", norm=None, activation=None),
            conv("h", activation="$k"),
            conv("i", activation="tanh"),
            parameters={"s": False, "f": 0.1, "k": "relu"},
            defaults={"conv": {"activation": "relu"}, "layer_norm": {"center": False}},
        ),
        ({"s": True, "f": 0.7}, {"k": "linear"}),
    ),
    "objects of Keras": Case(
        spec(
            conv("c", kernel_initializer={"class_name": "HeNormal"}),
            conv("d", kernel_initializer=scaling("VarianceScaling", "$f")),
            conv("e", kernel_initializer=scaling("variance_scaling", 2)),
            conv("f", kernel_initializer={"class_name": "HeNormal", "config": {"not a name": 1}}),
            conv("g", kernel_regularizer={"class_name": "L1L2", "config": {"l1": 0.1, "l2": None}}),
            conv("h", kernel_regularizer="l2", bias_initializer="ones"),
            parameters={"f": 0.5},
        ),
        ({"f": 2},),
    ),
    "padding of every kind": Case(
        spec(
            conv("c", padding="$p"),
            conv("d", padding=[[0, 1], [2, 0]], activation="relu"),
            conv("e", padding=[1, 2]),
            {"op": "depthwise_conv", "kernel_size": 3, "padding": "$q"},
            {"op": "separable_conv", "kernel_size": 3, "filters": 3, "padding": "$q"},
            {"op": "conv_transpose", "filters": 3, "kernel_size": 3, "padding": "$q"},
            uses("m", p="same"),
            uses("m", p=1),
            parameters={"p": 1, "q": "valid"},
            shape=(24, 25, 3),
            modules={"m": {"required": ["p"], "layers": [conv("c", padding="$p")]}},
        ),
        ({"p": 2}, {"q": "same"}),
    ),
    "a layer of several calls": Case(
        spec(
            {"op": "local_response_norm", "size": 3},
            {"op": "local_response_norm", "size": 4, "beta": 0.5},
            {"op": "local_response_norm", "size": 3},
        )
    ),
    "several calls that depend": Case(
        spec({"op": "local_response_norm", "size": "$n"}, **DEEP),
        why="made of other calls",
        is_flat=True,
    ),
    "shapes": Case(
        spec(
            {"op": "permute", "dims": [2, 1, 3]},
            {"op": "reshape", "target_shape": ["$n", -1]},
            {"op": "reshape", "target_shape": [6, 6, 1, 2, 2, 2]},
            {"op": "reshape", "target_shape": [6, 6, 8]},
            {"op": "reshape", "target_shape": [6, 6, 8]},
            {"op": "crop", "cropping": [[0, 1], [1, 0]]},
            {"op": "zero_pad", "padding": [1, 1]},
            {"op": "up_sample"},
            {"op": "resize", "height": 6, "width": "${n * 2}"},
            {"op": "dropout", "rate": 0.5, "noise_shape": [None, 1, 1, "$n"]},
            {"op": "global_avg_pool", "keepdims": True},
            {"op": "flatten"},
            {"op": "reshape", "target_shape": [8]},
            parameters={"n": 8},
        )
    ),
}

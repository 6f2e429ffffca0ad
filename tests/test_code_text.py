"""Text of a stranger's spec in generated source: it stays text, and names stay names."""

import ast
import io
import keyword
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

import archgen
from archgen.backends.python.layout import (
    Applied,
    Argument,
    Atom,
    Block,
    Call,
    Define,
    Items,
    Line,
    Node,
    Statement,
    lines_of,
)
from archgen.backends.python.text import Names, literal, prose, quoted
from archgen.cli import main
from tests.code_cases import conv, spec
from tests.pictures.test_hostile import HOSTILE, net
from tests.recording import differences, main_of, of_graph, of_source, parameters_of
from tests.test_code import assert_formatted, tool

# What acts on a reader or an editor although nobody sees it; quotes and backslashes are escaped.
UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
PYTHON = (
    '"""', "'''", '\\"""', '"""\nimport os\n"""', "\\", "\\\\", '"', "'", "\"'", "\\N{DIGIT ONE}",
    "# coding: latin-1", "-*- coding: utf-7 -*-", "\r# coding: x\r", "\\u0022\\u0022\\u0022", "{x}",
    "%s", "{0!r}", "\\\n", "\\x00", "noqa", "type: ignore", "# fmt: off", "# ruff: noqa", "\ud7ff",
)  # fmt: skip
TEXTS = [*HOSTILE, *PYTHON, *(f"{text} x" for text in PYTHON), *(f"x{text}" for text in PYTHON)]


def bare(source: str) -> str:
    """Return a source without its docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def docstrings(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.FunctionDef) and (told := ast.get_docstring(node)):
            yield told


def words(text: str) -> list[str]:
    return text.split()


# ── text ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def hostile() -> dict[str, str]:
    return {text: archgen.code(net(text)) for text in TEXTS}


def test_no_text_changes_what_runs(hostile: dict[str, str]) -> None:
    plain = bare(archgen.code(net("plain")))
    assert {text: bare(source) for text, source in hostile.items() if bare(source) != plain} == {}


def test_docstrings_say_the_text(hostile: dict[str, str]) -> None:
    for text, source in hostile.items():
        told = " ".join(words(" ".join(docstrings(source))))
        assert " ".join(words(text)) in told, text[:100]


def test_nothing_unseen_gets_in(hostile: dict[str, str]) -> None:
    for text, source in hostile.items():
        assert not UNSEEN.search(source), text


def test_no_comment_is_of_a_text(hostile: dict[str, str]) -> None:
    for source in hostile.values():
        tokens = tokenize.generate_tokens(io.StringIO(source).readline)
        assert not [token for token in tokens if token.type == tokenize.COMMENT]
        encoding, _ = tokenize.detect_encoding(io.BytesIO(source.encode()).readline)
        assert encoding == "utf-8"


def test_ruff_would_change_nothing(hostile: dict[str, str], tmp_path: Path) -> None:
    assert_formatted({f"n{n}": source for n, source in enumerate(hostile.values())}, tmp_path)


def test_texts_in_values_stay_values(tmp_path: Path) -> None:
    sources = {}
    for number, text in enumerate([*HOSTILE[::5], *PYTHON]):
        if len(text) > 255 or text.startswith("$"):  # too long for a value; computed
            continue
        unsaid = {"class_name": "HeNormal", "config": {"seed": text, text: text}}
        said = {"class_name": "HeNormal", "config": {"seed": text}}
        document = spec(
            conv("c", kernel_initializer=unsaid),
            conv("d", kernel_initializer=said, filters="${4 if a == b else 5}"),
            parameters={"a": f"x{text}", "b": text},
        )
        source = sources[f"n{number}"] = archgen.code(document)
        graph = archgen.graph(document)
        assert [*differences(of_source(source), of_graph(graph))] == []
        same = archgen.graph(document, a=text)
        assert [*differences(of_source(source, a=text), of_graph(same))] == []
    assert_formatted(sources, tmp_path)


def test_a_literal_is_what_it_says() -> None:
    for text in TEXTS:
        assert ast.literal_eval(quoted(text)) == text
        assert quoted(text).isascii()
        assert "\n" not in quoted(text)
    for value in ((1,), (1, (2, 3)), [1, None], {"a": [True]}, -2, 0.1, 1e-05, "it's"):
        assert ast.literal_eval(literal(value)) == value
    assert literal(float("-inf")) == 'float("-inf")'


def test_prose_is_wrapped_and_escaped() -> None:
    for text in TEXTS:
        lines = prose(text, 40)
        told = ast.literal_eval('"""' + "\n".join(lines) + '"""')
        assert words(told) == words(text)


# ── names ─────────────────────────────────────────────────────────────────────────────────────────

NAMES = (
    "keras", "layers", "ops", "x", "name", "inputs", "outputs", "range", "len", "str", "exact",
    "conv", "Fraction", "float", "l", "O", "I", "_", "__debug__", "match", "type", "print",
    "block", "net", "pool_padding", "whole", "branches", "value", "input_shapes", "model_conv",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_any_name_may_be_a_parameter_a_module_and_an_entry(name: str, tmp_path: Path) -> None:
    entry = module = name if name[0] != "_" else "entry"
    document = spec(
        conv("first", filters=f"${name}", activation="relu"),
        conv(entry, filters=f"${name}", norm="batch_norm", activation="relu"),
        {"use": "m", "with": {name: 5}},
        {"use": module, "name": "used"},
        {
            "name": "k",
            "join": "maximum",
            "branches": {entry: [conv("c", activation="relu")], "b": []},
        },
        {"op": "concat", "inputs": ["k", f"k.{entry}", entry]},
        parameters={name: 4, "half": f"${{{name} * 0.1}}"},
        defaults={"batch_norm": {"momentum": "$half"}},
        modules={
            "m": {
                "required": [name],
                "layers": [
                    conv("c", filters=f"${name}", activation="relu"),
                    {"use": "inside", "with": {"wide": f"${name}"}},
                ],
            },
            "inside": {
                "required": ["wide"],
                "layers": [
                    conv("c", filters=f"${{wide + {name}}}", norm="batch_norm"),
                    conv("d", filters="${ceil(half)}", norm="batch_norm"),
                ],
            },
            module: {"layers": [conv("c", activation="relu")]},
        },
    )
    source = archgen.code(document)
    (argument,) = set(parameters_of(source)) - {"input_shape", "half"}
    for value in (4, 6):
        given: dict[str, Any] = {name: value}
        found = of_source(source, **{argument: value})
        assert [*differences(found, of_graph(archgen.graph(document, **given)))] == []
    told = f"{argument} is the spec's {name}"
    assert (argument != name) == (told in source)
    assert_formatted({"source": source}, tmp_path)


@pytest.mark.parametrize(
    "name", ["class", "3d", "None", "inputs", "keras", "conv", "lambda", "net_"]
)
def test_a_network_may_be_called_anything(name: str, tmp_path: Path) -> None:
    document = {**spec(conv("c", activation="relu"), conv("d", activation="relu")), "name": name}
    for source in (archgen.code(document), archgen.code(archgen.graph(document))):
        assert of_source(source).name == name
        assert main_of(source).isidentifier()
        assert not keyword.iskeyword(main_of(source))
        assert_formatted({"source": source}, tmp_path)


def test_names_are_given_once() -> None:
    names = Names(["taken"])
    assert [names.take(name) for name in ("a", "a", "a", "taken", "x", "if", "3a", "l")] == [
        "a", "a_", "a_2", "taken_", "x_", "if_", "n3a", "l_",
    ]  # fmt: skip


LONG = "a" * 61


def test_long_names_and_expressions_are_laid_out(tmp_path: Path) -> None:
    a, b, c = (f"{LONG}_{end}" for end in "abc")
    module = [
        conv(f"{LONG}_c", filters=f"${LONG}_p", activation="relu", norm="batch_norm"),
        {"op": "rescale", "scale": "$computed"},
        conv("c", filters=f"${{{LONG}_p + {LONG}_p + {LONG}_p}}"),
    ]
    branches = {
        f"{LONG}_b{n}": {"when": f"${{{c} or {a} > {n}}}", "layers": [conv(f"{LONG}_{n}")]}
        for n in range(4)
    }
    document = spec(
        conv(f"{LONG}_c", filters=f"${{{a} * 2 + {b}}}", activation="relu", norm="batch_norm"),
        conv("d", filters=f"${{{a} if {c} and {b} > 3 else 7}}"),
        {**conv("e", filters=f"${{({a} + {b}) * ({b} + 2) // 7 % 5 + 4}}"), "repeat": f"${a}"},
        {"op": "rescale", "scale": f"${{{a} / 3 + {b} / 7}}"},
        {"use": f"{LONG}_m", "name": f"{LONG}_u", "with": {f"{LONG}_p": f"${{{a} + {b} * {b}}}"}},
        {"op": "activation", "activation": "relu", "when": f"${{{c} and {b} > 2 or not {c}}}"},
        {"join": "average", "name": f"{LONG}_f", "branches": branches},
        {"op": "concat", "inputs": [f"{LONG}_c", f"{LONG}_u", f"{LONG}_f"]},
        shape=(f"${{{a} * 4}}", f"${{{b} + {b} + {b}}}", 4),
        parameters={a: 2, b: 3, c: True, "computed": f"${{{a} / 7 * {b}}}"},
        modules={f"{LONG}_m": {"required": [f"{LONG}_p"], "layers": module}},
    )
    document["name"] = f"{LONG}_n"
    source = archgen.code(document)
    others: tuple[dict[str, Any], ...] = ({}, {a: 3, c: False}, {b: 5})
    for arguments in others:
        graph = archgen.graph(document, **arguments)
        assert [*differences(of_source(source, **arguments), of_graph(graph))] == []
    assert_formatted({"source": source, "flat": archgen.code(archgen.graph(document))}, tmp_path)


# ── layout ────────────────────────────────────────────────────────────────────────────────────────


class Writer:
    """Writes random statements of the kinds that generated source has."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def name(self, *sizes: int) -> str:
        return self.random.choice("abcdefgh") * self.random.choice(
            sizes or (1, 3, 5, 8, 12, 20, 30)
        )

    def atom(self) -> Atom:
        path = f'f"{{name}}.{self.name(3, 8, 20, 40, 64)}"'
        texts = (self.name(), path, "1.5", f"{self.name(3, 5)} + 2", "(1, 7)", "None")
        return Atom(self.random.choice(texts))

    def arguments(self, most: int, depth: int) -> tuple[Argument, ...]:
        count = self.random.randint(1, most)
        without = self.random.randint(0, count)
        keywords = ["" if n < without else f"{self.name(4, 7, 11)}{n}=" for n in range(count)]
        return tuple(Argument(keyword, self.node(depth)) for keyword in keywords)

    def node(self, depth: int) -> Node:
        kind = self.random.randrange(10)
        if depth <= 0 or kind < 6:
            return self.atom()
        if kind < 8:
            return Call("keras.initializers.VarianceScaling", self.arguments(3, depth - 1))
        return Items(
            "[]", tuple(Argument("", self.atom()) for _ in range(self.random.randint(2, 4)))
        )

    def statement(self) -> Statement:
        before = self.random.choice(("x = ", "return ", f"{self.name()} = "))
        named = Argument("name=", Atom(f'f"{{name}}.{self.name(3, 8, 20, 40, 64)}"'))
        layer = Call("layers.Conv2D", (*self.arguments(5, 2), named))
        several = tuple(Argument("", Atom(self.name())) for _ in range(self.random.randint(2, 6)))
        values: tuple[Node, ...] = (
            Call("conv", self.arguments(7, 2)),
            Applied(layer, Atom(self.name())),
            Applied(Call("layers.Concatenate", (named,)), Items("[]", several)),
            Items("[]", several),
            Atom(self.name(30, 64)),
        )
        return Statement(before, self.random.choice(values))

    def function(self, number: int) -> Define:
        names = [f"{self.name(3, 8, 14)}{n}" for n in range(self.random.randint(1, 9))]
        defaults = sorted(self.random.choice(("", "=1000", '="valid"')) for _ in names)
        parameters = tuple(map("".join, zip(names, defaults, strict=True)))
        block = Block(Statement("if ", Atom("x:")), [self.statement()])
        body: list[Line] = [block, self.statement()]
        if number % 5 == 0:
            body.insert(0, Define("g", ("x",), ["Do."], [self.statement()]))
        return Define(f"f{number}", parameters, ["Do."], body)


@pytest.mark.parametrize("count", [400, pytest.param(20_000, marks=pytest.mark.full)])
def test_ruff_lays_statements_out_like_that(count: int, tmp_path: Path) -> None:
    writer = Writer(3)
    functions = ["\n".join(lines_of([writer.function(number)], 0)) for number in range(count)]
    (tmp_path / "source.py").write_text("\n\n\n".join(functions) + "\n")
    said = tool("format", "--isolated", "--diff", str(tmp_path))
    assert said.endswith("already formatted"), said[:3000]


# ── the verb ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("in_folder")
def test_the_verb_prints_and_writes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["code", "lenet5"]) == 0
    printed = capsys.readouterr().out
    assert printed == archgen.code("lenet5")
    assert (
        main(["code", "lenet5", "-o", "model.py", "--set", "classes=3", "--input", "36x36x1"]) == 0
    )
    assert capsys.readouterr().out.startswith("wrote model.py: ")
    assert Path("model.py").read_text("utf-8") == archgen.code("lenet5", (36, 36, 1), classes=3)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["lenet5", "-o", "model.txt"], 2, "a Python source's name ends in .py, not model.txt"),
        (["lenet5", "-o", "no/model.py"], 3, "cannot write no/model.py: no such file or directory"),
        (["lenet5", "--set", "clases=3"], 2, "did you mean `classes`?"),
        (["lenet5", "--input", "8x8x1"], 1, "E310"),
        (["lenet6"], 2, "did you mean `lenet5`?"),
    ],
)
def test_the_verb_refuses_in_words(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str], in_folder: Path
) -> None:
    assert main(["code", *arguments]) == code
    assert said in capsys.readouterr().err
    assert list(in_folder.iterdir()) == []


@pytest.mark.usefixtures("in_folder")
def test_a_file_that_is_there_stays_when_the_spec_is_wrong() -> None:
    Path("model.py").write_text("mine")
    assert main(["code", "lenet5", "--input", "8x8x1", "-o", "model.py"]) == 1
    assert Path("model.py").read_text() == "mine"

"""Text of a stranger's spec stays text in every form, whatever stands in it."""

import random
import re
import subprocess
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

import archgen
from archgen.render.dot import quoted as dot_quoted
from archgen.render.mermaid import quoted as mermaid_quoted
from tests.pictures.networks import NEEDS_DOT

STRINGS = 500
PIECES = (
    "<script>alert(1)</script>", "</script>", "<!--", "-->", "<![CDATA[", "]]>", "&lt;b&gt;",
    "&amp;", "&#60;img src=x&#62;", "<svg onload=alert(1)>", "</text><rect width='9'/>",
    "</title>", "</svg>", "</desc>", "</style>", "<style>*{display:none}</style>",
    "<?xml version='1.0'?>", "<!DOCTYPE a [", '"', "'", "\\", "\\\\", '\\"', "\\n", "\n", "\r\n",
    "\t", "\0", "\x01", "\x1b[31m", "\x7f", "\x85", "\u200b", "\u200e", "\u200f", "\u202a",
    "\u202e", "\u2066", "\u2069", "\u2028", "\u2029", "\ufeff", "\ufffe", "\uffff", "\U0001f600",
    "e\u0301", "\u0645\u0631", "{", "}", "[", "]", "(", ")", "|", ";", "%%", "%%{init: {}}%%",
    "---", "subgraph x", "end", "click n0 callback", "#quot;", "`", "$1", "${1}", "@title@",
    "@model@", "javascript:alert(1)", "onload=alert(1) ", "digraph {", "->", "<b>bold</b>", "\\N",
    "\\G", "\\L", "\\l", "a" * 300, "x ", " ", "ü", "×",
)  # fmt: skip


def strings() -> Iterator[str]:
    """Return every piece alone, then random rows of pieces, one of them very long."""
    rng = random.Random(20)
    yield from PIECES
    yield "<script>" * 20_000
    for _ in range(STRINGS - len(PIECES) - 1):
        yield "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 6)))


HOSTILE = list(strings())


def net(text: str) -> dict[str, Any]:
    """Return a network with a text everywhere where a spec may say what it likes."""
    conv = {"op": "conv", "filters": 4, "kernel_size": 1, "description": text}
    return {
        "archgen": 1,
        "name": "net",
        "title": text,
        "description": text,
        "references": [text],
        "deviations": text,
        "input": {"shape": [8, 8, 3]},
        "layers": [{"use": "block", "repeat": 2}, conv, {"op": "flatten"}],
        "heads": {"aux": {"from": "conv", "title": text, "description": text, "layers": [conv]}},
        "modules": {"block": {"title": text, "description": text, "layers": [conv]}},
    }


def broken(text: str) -> dict[str, Any]:
    """Return a network whose faults quote a text: as an op, a module, a key, a reference."""
    spec = net(text)
    forks = [{"op": "add", "inputs": [text, "input"]}, {"join": text, "branches": {text: []}}]
    layers = [{"op": text}, {"use": text}, {"op": "flatten", text: 1}, {"op": "add", "name": text}]
    return {**spec, "layers": [*spec["layers"][:2], *layers, *forks]}


def test_there_are_as_many_strings_as_promised() -> None:
    assert len(HOSTILE) == STRINGS


@pytest.fixture(
    scope="module",
    params=[(net, 1), (broken, 5), pytest.param((broken, 1), marks=pytest.mark.full)],
    ids=["sound", "broken", "all broken"],
)
def specs(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """Return a network with each of the strings; of faulty ones, which take longer, some."""
    make, step = request.param
    return [make(text) for text in ["plain", *HOSTILE[::step]]]


def elements(text: str) -> Counter[str]:
    return Counter(element.tag for element in ET.fromstring(text).iter())


ALLOWED = {"svg", "title", "desc", "style", "rect", "text", "tspan", "path"}


def test_an_svg_has_no_foreign_element(specs: list[dict[str, Any]]) -> None:
    for spec in specs:
        drawn = archgen.render(spec, view="layers", theme="auto").text
        tags = {tag.removeprefix("{http://www.w3.org/2000/svg}") for tag in elements(drawn)}
        assert tags <= ALLOWED
        attributes = {name for e in ET.fromstring(drawn).iter() for name in e.attrib}
        assert not {name for name in attributes if name.startswith("on") or "href" in name}
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f]", drawn)


def test_the_shapes_of_a_picture_do_not_depend_on_its_texts() -> None:
    plain = elements(archgen.render(net("plain")).text)
    for text in HOSTILE:
        if text.strip():
            assert elements(archgen.render(net(text)).text) == plain


class Tags(HTMLParser):
    """The elements of a page and what stands in its title."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()
        self.names: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found[tag] += 1
        self.names |= {name for name, _ in attrs}


def test_a_page_has_no_foreign_element(specs: list[dict[str, Any]]) -> None:
    plain = Tags(archgen.render(specs[0], format="html").text)
    for spec in specs:
        page = Tags(archgen.render(spec, format="html").text)
        assert page.found == plain.found
        assert page.names == plain.names


@NEEDS_DOT
def test_graphviz_finds_no_foreign_node(specs: list[dict[str, Any]]) -> None:
    texts = [archgen.render(spec, format="dot", view="layers").text for spec in specs]
    read = canonical("".join(texts))
    assert len(read) == len(texts)
    for text, graph in zip(texts, read, strict=True):
        assert parts(graph) == parts(text)


def canonical(text: str) -> list[str]:
    """Return graphs as Graphviz reads them, all in one run, since it takes long to start."""
    command = ["dot", "-Tcanon"]
    done = subprocess.run(command, input=text, capture_output=True, check=True, text=True)
    assert done.stderr == ""
    return re.split(r"^digraph ", done.stdout, flags=re.MULTILINE)[1:]


def parts(text: str) -> tuple[int, int, int]:
    """Return how many edges, tooltips and clusters a text has, its strings aside."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', text, flags=re.DOTALL)
    return bare.count(" -> "), bare.count("class="), bare.count("subgraph ")


CHART = re.compile(
    r"""flowchart\ TB
    | \s+ n\d+ (?: \("[^"]*"\) | \(\["[^"]*"\]\) ) ::: f\d+
    | \s+ n\d+\ -->\ n\d+
    | \s+ subgraph\ "[^"]*" | \s+ end
    | \s+ classDef\ f\d+\ fill:\#\w+,stroke:\#\w+,color:\#\w+
    """,
    re.VERBOSE,
)


def test_a_chart_has_no_foreign_line(specs: list[dict[str, Any]]) -> None:
    for spec in specs:
        chart = archgen.render(spec, format="mmd", view="layers").text
        assert chart.endswith("\n")
        for line in chart[:-1].split("\n"):
            assert CHART.fullmatch(line)
            # What a label may hold: entities of Mermaid's, line breaks of ours.
            for label in re.findall(r'"([^"]*)"', line):
                assert not re.search(r"[<>\[\]{}()|`\\]", label.replace("<br>", ""))


def test_what_quotes_itself_stays_one_string() -> None:
    for text in HOSTILE:
        assert re.fullmatch(r'"(?:[^"\\\n]|\\.)*"', dot_quoted(text))
        assert re.fullmatch(r'"[^"\n]*"', mermaid_quoted(text))


def test_a_pdf_and_a_png_are_made_of_any_text() -> None:
    for text in [*PIECES[::6], "<script>" * 20_000]:
        made = archgen.render(net(text), format="pdf").content
        assert made.startswith(b"%PDF-")
        assert made.rstrip().endswith(b"%%EOF")
        assert b"/JavaScript" not in made
        assert b"/URI" not in made
        assert archgen.render(net(text), format="png").content.startswith(b"\x89PNG")

"""Random networks, in every form: each edge is there once, nothing overlaps or leaves its box."""

import random
import re
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from archgen.render.dot import dot_text
from archgen.render.figures import figure
from archgen.render.links import links
from archgen.render.page import page_text
from archgen.render.svg import svg_text
from archgen.render.view import Tangle, View
from tests.pictures.browsing import (
    NEEDS_CHROMIUM,
    Reader,
    browser,
    leaving_texts,
    loose_ends,
    overlaps,
    reader,
)
from tests.pictures.geometry import edges, faults, wanted
from tests.pictures.networks import NEEDS_DOT, random_spec, seen, tangled_spec
from tests.pictures.test_hostile import canonical

__all__ = ["browser", "reader"]

SERIES_PARALLEL, TANGLED, USUAL = 200, 50, 40
FULL = pytest.mark.full


@pytest.mark.parametrize(
    "seed",
    [pytest.param(seed, marks=FULL if seed >= USUAL else ()) for seed in range(SERIES_PARALLEL)],
)
def test_a_random_network_is_drawn_without_a_flaw(seed: int) -> None:
    network = seen(random_spec(seed))
    rng = random.Random(seed)
    direction, detail = rng.choice(["down", "up", "right"]), rng.choice([0, 1, 2])
    for kind, opened in (("overview", False), ("layers", True)):
        scene = figure(network, kind, detail=detail, direction=direction)
        assert faults(scene) == []
        assert edges(scene) == Counter(wanted(network, opened=opened))
    ET.fromstring(svg_text(scene))


@NEEDS_DOT
@pytest.mark.parametrize("seed", range(TANGLED))
def test_a_tangled_network_is_drawn_without_a_flaw(seed: int) -> None:
    network = seen(tangled_spec(seed))
    scene = figure(network, "layers")
    assert faults(scene) == []
    assert edges(scene) == Counter(wanted(network, opened=True))


def test_some_random_networks_are_tangles() -> None:
    found = [seen(tangled_spec(seed)) for seed in range(TANGLED)]
    assert sum(any(isinstance(part, Tangle) for part in network.body) for network in found) > 10


# ── other forms ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(params=[0, pytest.param(1, marks=FULL)], ids=["some", "the others"])
def networks(request: pytest.FixtureRequest) -> list[View]:
    """Return random networks of both kinds: one of 25, or all others."""
    specs = [*map(random_spec, range(SERIES_PARALLEL)), *map(tangled_spec, range(TANGLED))]
    return [seen(spec) for n, spec in enumerate(specs) if bool(n % 25) == bool(request.param)]


@NEEDS_DOT
def test_graphviz_reads_every_edge_of_a_random_network_once(networks: list[View]) -> None:
    for opened in (False, True):
        read = canonical("".join(dot_text(network, opened=opened) for network in networks))
        for network, text in zip(networks, read, strict=True):
            found = re.findall(r'^\s*"?([\w.]+)"? -> "?([\w.]+)"?', text, flags=re.MULTILINE)
            assert Counter(found) == Counter(links(network, opened=opened))


@NEEDS_CHROMIUM
def test_a_page_of_a_random_network_has_no_flaw(
    networks: list[View], reader: Reader, tmp_path: Path
) -> None:
    for network in networks:
        path = tmp_path / f"{network.name}.html"
        path.write_text(page_text(network), "utf-8")
        reader.page.goto(path.as_uri())
        for opened in (False, True):
            state: Any = reader.state
            assert overlaps(state) == loose_ends(state) == leaving_texts(reader.page) == []
            drawn = Counter((edge["source"], edge["target"]) for edge in state["edges"])
            assert drawn == page_edges(network, opened=opened)
            reader.page.click("#expand")
    reader.asked.clear()


def page_edges(network: View, *, opened: bool) -> Counter[tuple[str, str]]:
    """Return the edges of a page, to which a line from inside a module to its frame is none."""
    found = wanted(network, opened=opened)
    return Counter((start, end) for start, end in found if not start.startswith(f"{end}."))

"""A page in a browser, everything that it complained of or asked for, and what must hold of it."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

import pytest

import archgen

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
NEEDS_CHROMIUM = pytest.mark.skipif(
    CHROMIUM is None, reason="needs Chromium (apt-get install chromium)"
)
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
    "--disable-component-update", "--disable-sync", "--disable-quic",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


class Reader:
    """A page in the browser, and everything that it complained of or asked for."""

    def __init__(self, browser: Any, **context: Any) -> None:
        self.context = browser.new_context(viewport={"width": 1440, "height": 900}, **context)
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def read(self, spec: Any, folder: Path, **choices: Any) -> "Reader":
        path = folder / "net.html"
        archgen.render(spec, path, **choices)
        self.page.goto(path.as_uri())
        self.asked.clear()
        return self

    @property
    def state(self) -> Any:
        return self.page.evaluate("archgen.state()")

    def node(self, name: str) -> Any:
        return self.page.locator(f'g.node[data-name="{name}"]')

    def focused(self) -> Any:
        return self.page.evaluate(
            "document.activeElement.dataset.name ?? document.activeElement.id"
        )


@pytest.fixture
def reader(browser: Any) -> Iterator[Reader]:
    one = Reader(browser)
    yield one
    one.context.close()
    assert one.errors == []
    assert one.asked == []


class Placed(TypedDict):
    """A box as the page lays it out."""

    name: str
    kind: str
    x: float
    y: float
    w: float
    h: float


def overlaps(state: Any) -> list[tuple[str, str]]:
    """Return the boxes that overlap without one being in the other."""
    placed = state["boxes"]
    return [
        (one["name"], other["name"])
        for index, one in enumerate(placed)
        for other in placed[index + 1 :]
        if not (_apart(one, other) or _holds(one, other) or _holds(other, one))
    ]


def _apart(one: Placed, other: Placed) -> bool:
    across = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    return across or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]


def _holds(outer: Placed, inner: Placed) -> bool:
    return (
        outer["kind"] == "panel"
        and outer["x"] <= inner["x"]
        and outer["y"] <= inner["y"]
        and inner["x"] + inner["w"] <= outer["x"] + outer["w"]
        and inner["y"] + inner["h"] <= outer["y"] + outer["h"]
    )


def loose_ends(state: Any) -> list[Any]:
    """Return the edges of which an end lies on no border of its box."""
    placed = {box["name"]: box for box in state["boxes"]}
    ends = [
        (name, *point)
        for edge in state["edges"]
        for name, point in (
            (edge["source"], edge["points"][0]),
            (edge["target"], edge["points"][-1]),
        )
    ]
    return [end for end in ends if not _touches(placed[end[0]], end[1], end[2])]


def _touches(box: Placed, x: float, y: float) -> bool:
    slack = 9  # the cards behind one that is repeated
    near_x = box["x"] - 1 <= x <= box["x"] + box["w"] + slack
    near_y = box["y"] - 1 <= y <= box["y"] + box["h"] + slack
    return near_x and near_y


def leaving_texts(page: Any) -> list[str]:
    """Return the texts that leave the box that they stand in."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("g.node")].flatMap((node) => {
            const box = [...node.querySelectorAll("rect.box")].at(-1).getBBox();
            return [...node.querySelectorAll("text")].filter((text) => {
                const { x, y, width, height } = text.getBBox();
                const within = x >= box.x && x + width <= box.x + box.width;
                return !within || y < box.y - 1 || y + height > box.y + box.height + 1;
            }).map((text) => text.textContent);
        })"""
    )
    return found

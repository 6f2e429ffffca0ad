"""The page, as its reader meets it: in a browser, which these tests need."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import archgen
from archgen.pictures import seen
from archgen.render.links import links
from archgen.render.page import page_text
from archgen.render.view import boxes, groups
from archgen.watching import NOTHING, Watched, serving
from tests.pictures.browsing import (
    NEEDS_CHROMIUM,
    Reader,
    browser,
    leaving_texts,
    loose_ends,
    overlaps,
    reader,
)

__all__ = ["browser", "reader"]

pytestmark = NEEDS_CHROMIUM
USUAL = ("inception_v4", "googlenet", "resnet50", "unet")
CONV = {"op": "conv", "filters": 4, "kernel_size": 3, "padding": "same"}
INSIDE = {"use": "middle"}
NESTED: dict[str, Any] = {
    "archgen": 1,
    "name": "nested",
    "input": {"shape": [8, 8, 3]},
    "layers": [{"use": "outer"}, CONV, {"use": "outer"}, {"op": "flatten"}],
    "modules": {
        "outer": {"title": "Outer", "join": "concat", "branches": {"a": [INSIDE], "b": []}},
        "middle": {"title": "Middle", "layers": [CONV, {"use": "inner", "repeat": 2}]},
        "inner": {"title": "Inner", "join": "add", "branches": {"a": [CONV], "b": [CONV, CONV]}},
    },
}  # fmt: skip


def wait_until(holds: Callable[[], bool]) -> None:
    for _ in range(100):
        if holds():
            return
        time.sleep(0.05)
    pytest.fail("it never came about")


def test_every_depth_opens_and_nothing_overlaps(reader: Reader, tmp_path: Path) -> None:
    reader.read(NESTED, tmp_path)
    network = seen(NESTED).view
    assert reader.state["groups"] == [group.name for group in groups(network.body)]
    assert not reader.state["open"]
    for group in groups(network.body):
        reader.node(group.name).focus()
        reader.page.keyboard.press("Enter")
        state = reader.state
        assert group.name in state["open"]
        assert reader.focused() == group.name
        assert overlaps(state) == []
        assert loose_ends(state) == []
    shown = {box["name"] for box in reader.state["boxes"]}
    assert {box.name for box in boxes(network.body)} < shown
    reader.page.keyboard.press("c")
    assert not reader.state["open"]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in USUAL else pytest.mark.full)
        for name in archgen.names()
    ],
)
def test_every_shipped_network_opens_whole(reader: Reader, name: str, tmp_path: Path) -> None:
    reader.read(name, tmp_path)
    for _ in ("closed", "open"):
        state = reader.state
        assert overlaps(state) == loose_ends(state) == leaving_texts(reader.page) == []
        reader.page.click("#expand")
    network = seen(name).view
    assert state["rows"] == [box.name for box in boxes(network.everything)]
    assert {tuple(link) for link in state["links"]} == set(links(network, opened=True))


def test_a_search_opens_what_it_finds(reader: Reader, tmp_path: Path) -> None:
    reader.read("inception_v4", tmp_path)
    reader.page.keyboard.press("/")
    assert reader.focused() == "search"
    reader.page.keyboard.type("1x7")
    state = reader.state
    wanted = [b.name for b in boxes(seen("inception_v4").view.body) if b.caption.words[:3] == "1×7"]
    assert state["hits"] == wanted
    assert {"mixed_4a", "inception_b_1"} <= set(state["open"])
    assert reader.page.text_content("#said") == f"{len(wanted)} layers found"
    assert reader.page.locator("g.hit").count() == len(wanted)
    reader.page.keyboard.press("Enter")
    reader.page.keyboard.press("Enter")
    assert reader.state["selected"] == wanted[1]
    reader.page.fill("#search", "71")
    hits = set(reader.state["hits"])
    assert {b.name for b in boxes(seen("inception_v4").view.body) if 71 in b.shape} <= hits
    assert all(71 in b.shape for b in boxes(seen("inception_v4").view.body) if b.name in hits)
    reader.page.fill("#search", "")
    assert reader.state["hits"] == []


def test_a_path_is_lit_across_the_borders_of_modules(reader: Reader, tmp_path: Path) -> None:
    reader.read(NESTED, tmp_path)
    reader.page.click("#expand")
    name = "outer_1.a.middle.inner_1.a.conv"
    reader.node(name).click()
    edges = list(links(seen(NESTED).view, opened=True))
    lit = {name}
    for forward in (True, False):
        found = {name}
        while (
            more := {b if forward else a for a, b in edges if (a if forward else b) in found}
            - found
        ):
            found |= more
        lit |= found
    drawn = {box["name"] for box in reader.state["boxes"] if box["kind"] == "box"} & lit
    assert {n for n in reader.state["lit"] if n in drawn} == drawn
    dark = {b.name for b in boxes(seen(NESTED).view.body)} - lit
    assert dark
    assert not dark & set(reader.state["lit"])
    # A module that is closed shows whether a path goes through it.
    reader.page.keyboard.press("c")
    assert {"outer_1", "conv", "outer_2", "flatten"} <= set(reader.state["lit"])
    assert reader.page.locator("path.edge.on").count() == reader.page.locator("path.edge").count()


def test_the_details_tell_where_an_entry_stands_and_lead_on(reader: Reader, tmp_path: Path) -> None:
    reader.read("inception_v4", tmp_path)
    reader.node("conv_2").click()
    told = reader.page.inner_text("#details")
    for words in (
        "3×3 conv, 32",
        "147×147×32",
        "9,312",
        "199,148,544",
        "7×7",
        "inception_v4.json:",
        "/layers/1",
    ):
        assert words in told
    reader.page.get_by_role("button", name="(conv_3)").click()
    assert reader.state["selected"] == "conv_3"
    assert reader.focused() == "conv_3"


def test_the_table_is_sorted_and_leads_to_its_layers(reader: Reader, tmp_path: Path) -> None:
    reader.read("inception_v4", tmp_path)
    reader.page.keyboard.press("t")
    heads = reader.page.locator("th")
    assert heads.all_inner_texts()[:3] == ["name", "in", "op"]
    button = reader.page.get_by_role("button", name="params")
    button.click()
    reader.page.keyboard.press("Enter")
    assert heads.nth(5).get_attribute("aria-sort") == "descending"
    cells = reader.page.locator("tbody td:nth-child(6)").all_inner_texts()
    counts = [int(cell.replace(",", "")) for cell in cells]
    assert counts == sorted(counts, reverse=True)
    assert len(counts) == len(reader.state["rows"])
    first = reader.page.locator("tbody button").first
    name = first.inner_text()
    first.click()
    assert reader.state["selected"] == reader.focused() == name
    assert not reader.state["table"]


def test_everything_goes_by_keyboard(reader: Reader, tmp_path: Path) -> None:
    reader.read(NESTED, tmp_path)
    press = reader.page.keyboard.press
    reached = set()
    for _ in range(30):
        press("Tab")
        reached.add(reader.focused())
    buttons = {
        "search",
        "expand",
        "collapse",
        "detail",
        "fit",
        "larger",
        "smaller",
        "tabular",
        "dark",
    }
    assert buttons | {"outer_1", "conv", "outer_2", "flatten"} <= reached
    reader.node("outer_1").focus()
    press("ArrowDown")
    assert reader.focused() == "conv"
    press(" ")
    assert reader.state["selected"] == "conv"
    press("Escape")
    assert reader.state["selected"] == ""
    zoom = reader.state["zoom"]
    press("+")
    assert reader.state["zoom"] > zoom
    press("0")
    assert reader.state["zoom"] == pytest.approx(zoom)
    press("e")
    assert set(reader.state["open"]) == set(reader.state["groups"])
    assert reader.node("outer_1").get_attribute("aria-expanded") == "true"


def test_wheel_and_drag_zoom_and_move(reader: Reader, tmp_path: Path) -> None:
    reader.read("inception_v4", tmp_path)
    before = reader.state
    mouse = reader.page.mouse
    mouse.move(300, 400)
    mouse.wheel(0, -200)
    wait_until(lambda: reader.state["zoom"] > before["zoom"])
    place = reader.state
    mouse.down()
    mouse.move(360, 430)
    mouse.up()
    assert (reader.state["x"] - place["x"], reader.state["y"] - place["y"]) == (60, 30)
    assert reader.state["open"] == []


class Toucher(Reader):
    """A page under fingers."""

    def __init__(self, browser: Any) -> None:
        super().__init__(browser, has_touch=True)
        self.session = self.context.new_cdp_session(self.page)

    def touch(self, kind: str, *places: tuple[int, int]) -> None:
        """Put fingers at places of the page, move them there, or (with none) take them away."""
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        # Where fingers move to is told once a frame.
        self.page.evaluate(
            "new Promise(f => requestAnimationFrame(() => requestAnimationFrame(f)))"
        )


@pytest.fixture
def toucher(browser: Any) -> Iterator[Toucher]:
    one = Toucher(browser)
    yield one
    one.context.close()
    assert one.errors == []


def place_of(reader: Reader, name: str) -> tuple[float, float]:
    box = reader.node(name).bounding_box()
    return (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_a_finger_moves_the_picture_and_a_tap_opens_a_module(
    toucher: Toucher, tmp_path: Path
) -> None:
    toucher.read("inception_v4", tmp_path)
    before = toucher.state
    x, y = map(round, place_of(toucher, "inception_a_1"))
    toucher.touch("touchStart", (x, y))
    toucher.touch("touchMove", (x + 50, y - 20))
    toucher.touch("touchEnd")
    after = toucher.state
    assert (after["x"] - before["x"], after["y"] - before["y"]) == (50, -20)
    assert after["zoom"] == before["zoom"]
    assert after["open"] == []
    toucher.touch("touchStart", (x + 50, y - 20))
    toucher.touch("touchEnd")
    assert toucher.state["open"] == ["inception_a_1"]


def test_two_fingers_zoom_the_picture_under_them(toucher: Toucher, tmp_path: Path) -> None:
    toucher.read("inception_v4", tmp_path)
    before = toucher.state
    x, y = map(round, place_of(toucher, "inception_a_1"))
    toucher.touch("touchStart", (x - 40, y))
    toucher.touch("touchStart", (x - 40, y), (x + 40, y))
    toucher.touch("touchMove", (x - 80, y), (x + 80, y))
    assert toucher.state["zoom"] == pytest.approx(2 * before["zoom"])
    assert place_of(toucher, "inception_a_1") == pytest.approx((x, y), abs=1.5)
    # They part in another direction: what counts is how far they are from each other.
    toucher.touch("touchMove", (x, y - 40), (x, y + 40))
    assert toucher.state["zoom"] == pytest.approx(before["zoom"])
    toucher.touch("touchMove", (x + 30, y - 30), (x + 30, y + 50))
    assert place_of(toucher, "inception_a_1") == pytest.approx((x + 30, y + 10), abs=1.5)
    toucher.touch("touchEnd")
    # No finger was a tap, and none is left that would move the picture.
    assert toucher.state["open"] == []
    kept = toucher.state
    toucher.page.mouse.move(x, y)
    assert toucher.state == kept


def test_nothing_moves_for_who_wants_no_motion(browser: Any, tmp_path: Path) -> None:
    slow = "getComputedStyle(document.querySelector('.box')).transitionDuration"
    for wish, seconds in (("reduce", "0s"), ("no-preference", "0.1s")):
        reader = Reader(browser, reduced_motion=wish)
        reader.read("lenet5", tmp_path)
        assert reader.page.evaluate(slow) == seconds
        reader.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_follows_its_reader(browser: Any, scheme: str, tmp_path: Path) -> None:
    reader = Reader(browser, color_scheme=scheme)
    reader.read("lenet5", tmp_path)
    colour = "getComputedStyle(document.body).backgroundColor"
    light, dark = "rgb(255, 255, 255)", "rgb(13, 17, 23)"
    assert reader.page.evaluate(colour) == (dark if scheme == "dark" else light)
    reader.page.keyboard.press("d")
    assert reader.page.evaluate(colour) == (light if scheme == "dark" else dark)
    reader.read("lenet5", tmp_path, theme="dark")
    assert reader.page.evaluate(colour) == dark
    reader.context.close()
    assert reader.errors == []


def test_a_page_is_printed_whole(reader: Reader, tmp_path: Path) -> None:
    reader.read("inception_v4", tmp_path)
    reader.page.click("#expand")
    reader.page.emulate_media(media="print")
    reader.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    picture = reader.page.evaluate(
        "document.getElementById('picture').getBoundingClientRect().toJSON()"
    )
    for box in ("input", "classifier"):
        place = reader.node(box).bounding_box()
        assert picture["top"] <= place["y"] <= picture["bottom"]
        assert picture["left"] <= place["x"] <= picture["right"]
    assert not reader.page.is_visible("#expand")


def test_faults_stand_in_the_page(reader: Reader, tmp_path: Path) -> None:
    pool = {"op": "max_pool", "pool_size": 99, "name": "pool"}
    reader.read({**NESTED, "layers": [{"use": "outer"}, pool, {"op": "flatten"}]}, tmp_path)
    assert "error[E310]" in reader.page.inner_text("#faults")
    assert "does not work: a fault" in reader.page.inner_text("header")
    assert "E310" in reader.node("pool").text_content()
    assert overlaps(reader.state) == []
    reader.node("pool").click()
    assert "E310" in reader.page.inner_text("#details")


def test_what_nothing_uses_leads_nowhere_in_the_page(reader: Reader, tmp_path: Path) -> None:
    side = {**CONV, "name": "lost", "inputs": ["first"]}
    layers = [{**CONV, "name": "first"}, side, {**CONV, "name": "last", "inputs": ["first"]}]
    outside = [{"use": "m"}, {**CONV, "name": "end"}, {**CONV, "name": "late", "inputs": ["m"]}]
    spec = {**NESTED, "layers": outside, "modules": {"m": {"layers": layers}}}
    reader.read(spec, tmp_path)
    reader.page.click("#expand")
    assert "E223" in reader.node("m.lost").text_content()
    assert "params" in reader.node("m").text_content()
    drawn = {(edge["source"], edge["target"]) for edge in reader.state["edges"]}
    assert drawn == {
        ("input", "m"),
        ("m", "m.first"),
        ("m.first", "m.lost"),
        ("m.first", "m.last"),
        ("m", "end"),
        ("m", "late"),
        ("late", "output late"),
    }
    assert loose_ends(reader.state) == overlaps(reader.state) == []


def test_an_open_module_has_a_bar_for_each_value_that_enters(
    reader: Reader, tmp_path: Path
) -> None:
    reader.read("unet", tmp_path)
    reader.node("up_4").press("Enter")
    bars = [text for text in reader.page.locator("text").all_text_contents() if "input" in text]
    assert bars == ["input572×572×1", "input64×64×512", "input28×28×1024"]
    inside = [edge for edge in reader.state["edges"] if edge["target"].startswith("up_4.")]
    assert [edge["source"] for edge in inside].count("up_4") == 2
    assert loose_ends(reader.state) == overlaps(reader.state) == []


def test_the_output_is_lit_where_a_path_leads_to_it(reader: Reader, tmp_path: Path) -> None:
    heads = {"aux": {"from": "conv", "layers": [{"op": "flatten"}]}}
    layers = [{**CONV, "name": "stem"}, CONV, {**CONV, "name": "last", "inputs": ["stem"]}]
    reader.read({**NESTED, "layers": layers, "heads": heads, "modules": {}}, tmp_path)
    reader.node("last").click()
    assert "output last" in reader.state["lit"]
    reader.node("aux").click()
    assert "output last" not in reader.state["lit"]


def test_a_page_of_nothing_waits_for_something(reader: Reader, tmp_path: Path) -> None:
    path = tmp_path / "nothing.html"
    path.write_text(page_text(NOTHING, ["error[E102]: a brace is missing"]), "utf-8")
    reader.page.goto(path.as_uri())
    reader.asked.clear()
    assert [box["name"] for box in reader.state["boxes"]] == ["input"]
    assert "E102" in reader.page.inner_text("#faults")


def test_a_notebook_shows_a_page_that_works_in_its_frame(browser: Any) -> None:
    shown = archgen.render("lenet5", format="html")._repr_html_()
    reader = Reader(browser)
    reader.page.set_content(f"<p>a cell's output</p>{shown}")
    frame = reader.page.frame_locator("iframe")
    frame.locator("#expand").click()
    assert frame.locator('[aria-expanded="true"]').count() > 0
    reader.context.close()
    assert reader.errors == []


def test_a_hostile_title_is_text(reader: Reader, tmp_path: Path) -> None:
    title = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>"
    reader.read({**NESTED, "title": title}, tmp_path)
    assert reader.page.inner_text("#title") == title
    assert reader.page.title() == title
    assert reader.page.locator("img").count() == 0


# ── while a spec is edited ────────────────────────────────────────────────────────────────────────


def test_a_watched_page_shows_every_change_and_keeps_what_was_open(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    base, path = Path("base.json"), Path("net.json")
    base.write_text(json.dumps(NESTED), "utf-8")
    path.write_text(json.dumps({"archgen": 1, "name": "net", "extends": "base.json"}), "utf-8")
    watched = Watched(path)
    reader = Reader(browser)
    with serving(watched) as url:
        reader.page.goto(url)
        reader.node("outer_1").focus()
        reader.page.keyboard.press("Enter")
        reader.page.keyboard.press("+")
        kept = reader.state
        assert not watched.look()

        def saved(file: Path, text: str) -> None:
            file.write_text(text, "utf-8")
            assert watched.look()
            reader.page.wait_for_selector(f'html[data-version="{watched.version}"]')

        def is_kept() -> bool:
            now = reader.state
            return all(now[key] == kept[key] for key in ("open", "zoom", "x", "y"))

        saved(base, json.dumps(NESTED).replace('"filters": 4', '"filters": 16'))
        assert "3×3 conv, 16" in reader.page.text_content("#picture")
        assert is_kept()
        assert reader.focused() == "outer_1"
        layers = [{"use": "outer"}, {"op": "x"}, {"use": "outer"}]
        child = {"archgen": 1, "name": "net", "extends": "base.json", "layers": layers}
        saved(path, json.dumps(child))
        assert "E204" in reader.page.inner_text("#faults")
        assert is_kept()
        saved(path, "{")
        assert "E102" in reader.page.inner_text("#faults")
        assert is_kept()
        saved(path, json.dumps(NESTED))
        assert reader.page.inner_text("#faults") == ""
        assert reader.state["open"] == ["outer_1"]
    assert {asked.removeprefix(url).partition("?")[0] for asked in reader.asked} == {"", "changes"}
    reader.context.close()
    assert reader.errors == []


# ── everybody ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible(browser: Any, scheme: str, tmp_path: Path) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    # The checker's script is put into the page, which its own policy would forbid.
    reader = Reader(browser, color_scheme=scheme, bypass_csp=True)
    pool = {"op": "max_pool", "pool_size": 99}
    for spec in ("inception_v4", {**NESTED, "layers": [{"use": "outer"}, pool, CONV]}):
        reader.read(spec, tmp_path)
        for key in ("", "e", "t"):
            if key:
                reader.page.keyboard.press(key)
            found = axe.run(reader.page).response["violations"]
            assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found] == []
    reader.context.close()

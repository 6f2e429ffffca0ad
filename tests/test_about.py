"""What is told of a network: its sources, its figures beside those of others, its warnings."""

import json
from typing import Any

import pytest

import archgen
from archgen.cli import main
from archgen.published import MOST_SETTINGS, Claim, Figure

Captured = pytest.CaptureFixture[str]

# 8×8 positions of 4 filters on 3 channels, a bias each.
PARAMS, MACS = 3 * 4 + 4, 8 * 8 * 3 * 4
NET: dict[str, Any] = {
    "archgen": 1,
    "name": "net",
    "title": "A net",
    "references": ["a book", "a paper"],
    "deviations": "no dropout",
    "input": {"shape": [8, 8, 3]},
    "parameters": {"filters": 4},
    "layers": [{"use": "only"}],
    "modules": {
        "only": {
            "title": "Only",
            "references": "a paper, fig. 2",
            "layers": [{"op": "conv", "filters": "$filters", "kernel_size": 1}],
        }
    },
}


def claims(**published: object) -> tuple[Claim, ...]:
    return archgen.about({**NET, "published": published}).claims


def test_an_equal_figure_is_equal() -> None:
    (claim,) = claims(me={"params": PARAMS, "macs": MACS, "convs": 1, "source": "a count"})
    assert claim.figures == (
        Figure("params", PARAMS, PARAMS), Figure("macs", MACS, MACS), Figure("convs", 1, 1),
    )  # fmt: skip
    assert {figure.compared() for figure in claim.figures} == {"equal"}
    assert claim.is_met
    assert claim.note() == "me: a count"


def test_one_scalar_more_is_a_difference_and_explained_by_the_spec() -> None:
    (claim,) = claims(me={"params": PARAMS + 1, "source": "s", "difference": "a count"})
    assert [figure.compared() for figure in claim.figures] == ["1 fewer here"]
    assert not claim.is_met
    assert claim.note() == "me: s; a count"
    (unexplained,) = claims(me={"macs": MACS - 1000, "source": "s"})
    assert [figure.compared() for figure in unexplained.figures] == ["1,000 more here"]
    assert unexplained.note() == "me: s; the difference is not explained"


def test_a_figure_is_counted_under_its_own_input_and_parameters() -> None:
    (claim,) = claims(me={"macs": 5 * 7 * 2 * 6, "input": [5, 7, 2], "set": {"filters": 6}})
    assert claim.is_met
    assert claim.settings_text() == "input 5×7×2, filters=6"


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("16 parameters", "it is no object"),
        ({"source": "s"}, "it has no figure"),
        ({"params": True}, "it has no figure"),
        ({"params": 1, "set": {"filters": [1]}}, "`set` holds no parameters"),
        ({"params": 1, "set": {"filter": 1}}, "net has no parameter `filter`"),
        ({"params": 1, "input": "8x8x3"}, "input_shape must be (height, width, channels)"),
        ({"params": 1, "set": {"filters": 0}}, "must be"),
    ],
)
def test_what_cannot_be_compared_says_why(told: object, why: str) -> None:
    (claim,) = claims(me=told)
    assert claim.unread.startswith("not compared: ")
    assert why in claim.unread
    assert claim.figures == ()
    assert not claim.is_met
    assert claim.unread in claim.note()


def test_settings_without_end_are_not_all_counted() -> None:
    told = {f"by{n}": {"params": n * 4, "set": {"filters": n}} for n in range(1, 40)}
    found = claims(**told, again={"params": 4, "set": {"filters": 1}})
    assert sum(claim.is_met for claim in found) == MOST_SETTINGS + 1
    assert "only the first 16 settings" in found[-2].unread


def test_the_text_tells_everything() -> None:
    published = {"me": {"params": PARAMS + 1, "source": "a count", "set": {"filters": 4}}}
    spec = {**NET, "published": published, "description": "word " * 40}
    text = archgen.about({**spec, "parameters": {"filters": 4, "idle": 1}}).text()
    lines = text.splitlines()
    assert lines[0] == "A net"
    assert max(map(len, lines)) <= 100
    headings = ("References", "Deviations", "Published figures", "Warnings")
    places = [lines.index(heading) for heading in headings]
    assert places == sorted(places)
    assert lines[places[0] + 1 : places[1] - 1] == [
        "  a book",
        "  a paper",
        "  Only: a paper, fig. 2",
    ]
    assert lines[places[2] + 3].split() == ["me", "parameters", "1", "fewer", "here", "17", "16"]
    assert lines[places[2] + 4] == "  me: a count; filters=4; the difference is not explained"
    assert "W603" in lines[places[3] + 1]
    assert text.endswith(archgen.table(spec).text(1))


def test_what_a_spec_does_not_say_has_no_heading() -> None:
    bare = {key: NET[key] for key in ("archgen", "name", "input", "parameters", "layers")}
    layers = [{"op": "conv", "filters": "$filters", "kernel_size": 1}]
    text = archgen.about({**bare, "layers": layers}).text()
    assert text.splitlines()[:2] == ["net", ""]
    assert "References" not in text
    assert "Warnings" not in text


def test_free_text_moves_no_cursor_and_no_markdown() -> None:
    hostile = "\x1b[2J *bold*\n# head | <i>"
    spec = {**NET, "title": hostile, "deviations": hostile, "published": {hostile: {"params": 1}}}
    about = archgen.about(spec)
    assert "\x1b" not in about.text() + about.markdown()
    page = about.markdown()
    assert page.startswith(r"# �\[2J \*bold\* \# head \| \<i\>" + "\n")
    assert page.count("\n# ") == 0
    assert "*bold*" not in page.replace(r"\*bold\*", "")


def test_the_record_is_json_and_has_what_the_text_has() -> None:
    record = json.loads(json.dumps(archgen.about("inception_v3").record()))
    paper = record["published"][-1]
    assert paper["figures"]["params"] == {
        "published": 25_000_000, "here": 23_851_784, "equal": False,
    }  # fmt: skip
    assert record["stages"][0]["name"] == "stem"
    assert record["sizes"]["heights"] == [[75, 1024]]
    assert record["modules"]["inception_a"]["references"] == ["arXiv:1512.00567, fig. 5"]
    warned = json.loads(json.dumps(archgen.about("resnet50").record()))
    assert {fault["code"] for fault in warned["warnings"]} == {"W604"}


def test_show_tells_about_a_spec_in_three_forms(capsys: Captured) -> None:
    about = archgen.about("lenet5")
    for form, expected in (("text", about.text()), ("md", about.markdown())):
        assert main(["show", "lenet5", "--about", "--format", form]) == 0
        assert capsys.readouterr().out == expected
    assert main(["show", "lenet5", "--about", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(about.record()))


@pytest.mark.parametrize(
    "more", [["--resolved"], ["--set", "classes=2"], ["--input", "32x32x1"], ["--depth", "2"]]
)
def test_about_takes_no_other_settings(more: list[str], capsys: Captured) -> None:
    assert main(["show", "lenet5", "--about", *more]) == 2
    assert "--about" in " ".join(capsys.readouterr().err.split())

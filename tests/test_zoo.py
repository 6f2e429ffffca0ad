"""The pages of the shipped networks are those that archgen would write today."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import archgen

zoo: Any = import_module("docs.zoo")  # mypy would take the folder of the pages for it
PAGES: dict[Path, str] = zoo.pages()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_is_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == PAGES[path], "run python -m docs.zoo"


def test_every_network_has_a_page_and_a_row_and_nothing_else_has() -> None:
    assert {path.stem for path in zoo.FOLDER.glob("*.md")} == set(archgen.names())
    rows = re.findall(r"^\| \[(\w+)\]\(zoo/(\w+)\.md\) \|", PAGES[zoo.OVERVIEW], re.MULTILINE)
    assert rows == [(name, name) for name in archgen.names()]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_link_of_a_page_leads_somewhere(path: Path) -> None:
    links = re.findall(r"[^\\]\]\(([^)#]+)(?:#([^)]+))?\)", PAGES[path])
    assert links
    for target, heading in links:
        text = (path.parent / target).read_text(encoding="utf-8")
        headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
        assert not heading or heading in [title.lower().replace(" ", "-") for title in headings]


def test_a_row_has_the_figures_of_its_network() -> None:
    (row,) = [line for line in PAGES[zoo.OVERVIEW].splitlines() if line.startswith("| [googlenet]")]
    assert row.split(" | ")[1:] == [
        "GoogLeNet", "from 31", "caffe, caffe_train", "224×224×3", "6,998,552", "1,582,671,872",
        "90 |",
    ]  # fmt: skip


def test_the_page_of_a_network_that_is_gone_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zoo, "FOLDER", tmp_path / "zoo")
    monkeypatch.setattr(zoo, "OVERVIEW", tmp_path / "zoo.md")
    monkeypatch.setattr(archgen, "names", lambda: ("lenet5",))
    (tmp_path / "zoo").mkdir()
    (tmp_path / "zoo" / "gone.md").write_text("", encoding="utf-8")
    zoo.write()
    assert sorted(path.name for path in tmp_path.rglob("*.md")) == ["lenet5.md", "zoo.md"]

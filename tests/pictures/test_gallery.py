"""The pictures of docs/pictures.md are those that archgen draws, byte for byte."""

import importlib
import re
from pathlib import Path

import pytest

# By its name: beside the module there is a folder of the same name.
gallery = importlib.import_module("docs.gallery")
before = importlib.import_module("docs.before")
PAGE = Path(__file__).parents[2] / "docs" / "pictures.md"


@pytest.mark.parametrize("name", gallery.PICTURES)
def test_a_picture_is_up_to_date(name: str) -> None:
    kept = (gallery.FOLDER / name).read_bytes()
    assert gallery.drawn(name) == kept, "run python -m docs.gallery, and look at the pictures"


def test_the_page_shows_every_picture_and_there_is_no_other() -> None:
    shown = re.findall(r"\]\(gallery/([^)]+)\)", PAGE.read_text("utf-8"))
    assert sorted(shown) == sorted([*gallery.PICTURES, *before.PICTURES])
    pictures = {path.name for path in gallery.FOLDER.iterdir() if path.suffix != ".json"}
    assert pictures == set(shown)

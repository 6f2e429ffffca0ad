"""The hostile corpus: recipes in JSON files, and the texts, files and links that they make.

A recipe has one of

* ``text``: the text itself, or a list of its parts; ``{"repeat": "[],", "times": 9}`` is a part,
  too, in which ``§`` is the number of the repetition, from 0, and ``§+1`` that of the next;
* ``members``: the same, as further members behind the head of a sound spec;
* ``bytes``: hexadecimal digits.

``files``, ``folders``, ``links`` and ``pipes`` stand around it; the text itself is ``net.json``,
unless one of them is called so; ``expect`` is the code and pointer of the first fault, ``…``
where a pointer of a megabyte goes on.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent
HEAD = '"archgen": 1, "name": "net", "input": {"shape": [32, 32, 3]}'
CHECKED = "net.json"


class Hostile(NamedTuple):
    """One hostile file: its theme, name and recipe, and what is expected of a check."""

    theme: str
    name: str
    recipe: dict[str, Any]
    code: str
    pointer: str

    @property
    def id(self) -> str:
        """Return theme and name."""
        return f"{self.theme}: {self.name}"

    def content(self) -> bytes:
        """Return the bytes of the file that is checked."""
        if "bytes" in self.recipe:
            return bytes.fromhex(self.recipe["bytes"])
        return _bytes(self.recipe)

    def write(self, folder: Path) -> Path:
        """Write it and all around it to an empty folder; return the file to check."""
        for name, recipe in self.recipe.get("files", {}).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_bytes(recipe))
        for name in self.recipe.get("folders", ()):
            (folder / name).mkdir(parents=True)
        for name, target in self.recipe.get("links", {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).symlink_to(target)
        for name in self.recipe.get("pipes", ()):
            os.mkfifo(folder / name)
        checked = folder / CHECKED
        if not os.path.lexists(checked):
            checked.write_bytes(self.content())
        return checked


def _bytes(recipe: dict[str, Any]) -> bytes:
    if "members" in recipe:
        return f"{{{HEAD}, {_joined(recipe['members'])}}}".encode()
    return _joined(recipe["text"]).encode()


def _joined(parts: Any) -> str:
    return "".join(map(_part, parts if isinstance(parts, list) else [parts]))


def _part(part: Any) -> str:
    if isinstance(part, str):
        return part
    times, text = part["times"], part["repeat"]
    if "§" not in text:
        return str(text * times)
    return "".join(
        text.replace("§+1", str(number + 1)).replace("§", str(number)) for number in range(times)
    )


def corpus() -> list[Hostile]:
    """Return every hostile file, in the order of the recipes."""
    return list(_corpus())


def _corpus() -> Iterator[Hostile]:
    for path in sorted(FOLDER.glob("*.json")):
        for name, recipe in json.loads(path.read_text(encoding="utf-8")).items():
            code, _, pointer = recipe["expect"].partition(" ")
            yield Hostile(path.stem, name, recipe, code, pointer)

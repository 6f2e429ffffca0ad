"""Writes docs/zoo.md and a page for each shipped network: ``python -m docs.zoo``."""

from pathlib import Path

import archgen
from archgen.columns import markdown_table
from archgen.ir import shape_text
from archgen.library import shipped

FOLDER = Path(__file__).with_name("zoo")
OVERVIEW = FOLDER.with_suffix(".md")
HEADER = (
    "network",
    "title",
    "heights and widths",
    "equals",
    "input",
    "parameters",
    "MACs",
    "lines",
)
WORDS = HEADER.index("input")
INTRODUCTION = """\
# The shipped networks

Each name leads to the network's page, which `archgen show NAME --about` prints: its sources, what
it does otherwise than they, its figures beside those that were published, its stages. *Equals*
names whose published figures it has exactly; the page says under which settings, and why others
differ. *Heights and widths* are those of images that work, up to 1,024 pixels. Parameters include
moving statistics; how others count stands in [the language](language.md#what-is-counted). *Lines*
are those of the file.
"""


def pages() -> dict[Path, str]:
    """Return the text of every page by its path, the overview first."""
    told = {name: archgen.about(name) for name in archgen.names()}
    found = {OVERVIEW: overview(told)}
    for name, about in told.items():
        found[FOLDER / f"{name}.md"] = f"{about.markdown()}\n{_links(name)}"
    return found


def overview(told: dict[str, archgen.About]) -> str:
    """Return the page with a row for each network."""
    rows = [_row(name, about) for name, about in told.items()]
    lines = markdown_table([HEADER, *rows], WORDS)
    linked = [
        line.replace(f"| {name} |", f"| [{name}](zoo/{name}.md) |", 1)
        for line, name in zip(lines[2:], told, strict=True)
    ]
    return "\n".join([INTRODUCTION, *lines[:2], *linked]) + "\n"


def _row(name: str, about: archgen.About) -> tuple[str, ...]:
    total, sizes = about.table.analysis, about.table.sizes
    works = sizes.text() if sizes is not None else "not known"
    works = works.removeprefix("heights and widths ").removesuffix(", checked to 1,024")
    (shape,) = total.graph.inputs.values()
    words = (name, about.title, works, ", ".join(about.met()))
    numbers = (f"{total.params:,}", f"{total.macs:,}", str(lines_of(name)))
    return (*words, shape_text(shape), *numbers)


def _links(name: str) -> str:
    return f"[The spec](../../specs/{name}.json) · [all networks](../zoo.md)\n"


def lines_of(name: str) -> int:
    """Return how many lines a shipped spec has."""
    path = shipped(name)
    return len(path.read_text(encoding="utf-8").splitlines()) if path is not None else 0


def write() -> None:
    """Write all pages and remove those of networks that are no longer shipped."""
    made = pages()
    FOLDER.mkdir(exist_ok=True)
    for path in set(FOLDER.glob("*.md")) - made.keys():
        path.unlink()
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")
    print(f"wrote {OVERVIEW} and {len(made) - 1} pages beside it")


if __name__ == "__main__":
    write()

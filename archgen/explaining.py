"""What each code means: pages of the package, their headlines from the table of codes.

Imports ``diagnostics``, ``limits`` and ``look``.
"""

from collections.abc import Iterator
from pathlib import Path

from archgen.diagnostics import CODES, closest
from archgen.limits import table
from archgen.look import Look, wrapped

FOLDER = Path(__file__).parent / "explanations"
LIMITS_TOPIC = "limits"
WIDEST = 100
PHASES = {
    "E1": "the text",
    "E2": "keys, names, parameters",
    "E3": "shapes",
    "E4": "passes",
    "E5": "files, the machine, the command line",
    "W6": "legal but suspicious",
}


def topic_of(asked: str) -> str | None:
    """Return the code or topic that is asked for, in the case of the table; None: there is none."""
    known = {topic.casefold(): topic for topic in (*CODES, LIMITS_TOPIC)}
    return known.get(asked.casefold())


def similar_topic(asked: str) -> str | None:
    """Return the code or topic that looks most like what is asked for."""
    return closest(asked, (*CODES, LIMITS_TOPIC))


def explained(topic: str, look: Look) -> str:
    """Return the page of a code or topic as readable text."""
    if topic == LIMITS_TOPIC:
        return table().rstrip()
    head = wrapped(f"{topic}: {CODES[topic]}", look.columns, rest=4)
    body = "\n".join(_readable(page(topic), look))
    return "\n".join([*(look.paint("message", line) for line in head), "", body])


def overview(look: Look) -> str:
    """Return every code with its headline, by phase."""
    lines = []
    for phase, codes in _phases():
        lines += ["", look.paint("message", f"{phase}xx  {PHASES[phase]}")]
        for code in codes:
            rest = wrapped(CODES[code], look.columns, 6, 6)
            lines += [f"{code}  {rest[0]}", *rest[1:]]
    return "\n".join(lines[1:])


def page(code: str) -> str:
    """Return a code's page as Markdown, without its headline."""
    return (FOLDER / f"{code}.md").read_text(encoding="utf-8")


def errors_page() -> str:
    """Return every page as one document in Markdown."""
    lines = [
        "# Faults",
        "",
        "Every code that archgen reports, with an example. `archgen explain E310` prints one page.",
        "This document is made from those pages: see `docs/design.md`.",
    ]
    for phase, codes in _phases():
        lines += ["", f"## {phase}xx: {PHASES[phase]}"]
        for code in codes:
            lines += ["", f"### {code}: {CODES[code]}", "", page(code).rstrip()]
    return "\n".join(lines) + "\n"


def _phases() -> Iterator[tuple[str, list[str]]]:
    for phase in PHASES:
        codes = [code for code in CODES if code.startswith(phase)]
        if codes:
            yield phase, codes


def _readable(text: str, look: Look) -> Iterator[str]:
    """Return Markdown as text: paragraphs in the terminal's width, blocks set off to the right."""
    columns = min(look.columns or WIDEST, WIDEST)
    blocks = text.rstrip().split("```")
    for number, block in enumerate(blocks):
        if number % 2:
            info, _, body = block.partition("\n")
            name = next((word for word in info.split() if word.endswith(".json")), "net.json")
            yield from ([f"{name}:"] if not info.startswith("console") else [])
            yield from (f"    {line}".rstrip() for line in body.rstrip("\n").split("\n"))
        else:
            for paragraph in block.strip("\n").split("\n\n"):
                yield from wrapped(paragraph.replace("\n", " "), columns) if paragraph else ()
                yield from [""] if paragraph or 0 < number < len(blocks) - 1 else []

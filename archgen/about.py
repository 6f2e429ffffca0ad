"""What is known of a network: its sources, what it costs beside what was published, what is odd.

Imports ``tables``, ``published``, ``spec`` and what they import.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

from archgen.columns import aligned, markdown_list, markdown_table, markdown_text
from archgen.limits import LIMITS
from archgen.look import PLAIN, wrapped
from archgen.published import FIGURES, Claim
from archgen.record import Fault
from archgen.reports import fault_record, render_short
from archgen.spec import Spec
from archgen.tables import Table

WIDTH = 100
_INDENT = 2
_FIGURES_HEADER = ("published by", "figure", "compared", "published", "here")
_WORDS = _FIGURES_HEADER.index("published")


class _Section(NamedTuple):
    """A heading, the cells of a table where there is one, and points in words."""

    heading: str
    rows: Sequence[Sequence[str]]
    points: Sequence[str]


@dataclass(frozen=True)
class About:
    """A network's spec, its table, what others published of it, and the warnings it gets."""

    spec: Spec
    table: Table
    claims: tuple[Claim, ...]
    warnings: tuple[Fault, ...]

    @property
    def title(self) -> str:
        """Return the spec's title, its name where it has none."""
        return _line(self.spec.title) or self.spec.name

    def text(self) -> str:
        """Return everything as text of at most 100 columns, tables aside."""
        lines = [self.title, *_wrapped(self.description())]
        for heading, rows, points in self._sections():
            body = [" " * _INDENT + line for line in aligned(rows, _WORDS)] if rows else []
            lines += ["", heading, *body]
            lines += [line for point in points for line in _wrapped(point, _INDENT)]
        return "\n".join([*lines, "", self.table.text(1)])

    def markdown(self) -> str:
        """Return everything as a page of Markdown."""
        blocks = [f"# {markdown_text(self.title)}"]
        blocks += [markdown_text(paragraph) for paragraph in self.description()]
        for heading, rows, points in self._sections():
            blocks.append(f"## {heading}")
            blocks += ["\n".join(markdown_table(rows, _WORDS))] if rows else []
            blocks += ["\n".join(markdown_list(points))] if points else []
        return "\n\n".join([*blocks, "## Stages", self.table.markdown(1)])

    def record(self) -> dict[str, object]:
        """Return everything as JSON-ready data."""
        total, sizes = self.table.analysis, self.table.sizes
        return {
            "name": self.spec.name,
            "title": self.spec.title,
            "description": list(self.description()),
            "references": list(_lines(self.spec.references)),
            "modules": {
                name: {"title": module.title, "references": list(_lines(module.references))}
                for name, module in self.spec.modules.items()
            },
            "deviations": list(_lines(self.spec.deviations)),
            "published": [claim.record() for claim in self.claims],
            "params": {
                "trainable": total.trainable,
                "non_trainable": total.non_trainable,
                "total": total.params,
            },
            "macs": total.macs,
            "stages": [asdict(row) for row in self.table.rows(1)],
            "sizes": sizes.record() if sizes is not None else None,
            "warnings": [fault_record(fault) for fault in self.warnings],
        }

    def description(self) -> tuple[str, ...]:
        """Return the paragraphs of the spec's description."""
        return tuple(map(_line, _lines(self.spec.description)))

    def met(self) -> tuple[str, ...]:
        """Return who published figures that are all equal to those counted here."""
        return tuple(claim.by for claim in self.claims if claim.is_met)

    def _sections(self) -> Iterator[_Section]:
        spec = self.spec
        references = [*_lines(spec.references), *_of_modules(spec)]
        figures = [_FIGURES_HEADER, *_figures(self.claims)]
        sections = (
            _Section("References", (), references),
            _Section("Deviations", (), _lines(spec.deviations)),
            _Section(
                "Published figures",
                figures if len(figures) > 1 else (),
                [claim.note() for claim in self.claims],
            ),
            _Section("Warnings", (), _told(self.warnings)),
        )
        for heading, rows, points in sections:
            if rows or points:
                plain = [[_line(cell) for cell in row] for row in rows]
                yield _Section(heading, plain, list(map(_line, points)))


def _told(warnings: Sequence[Fault]) -> list[str]:
    more = len(warnings) - LIMITS.shown
    shown = [render_short(fault) for fault in warnings[: LIMITS.shown]]
    return [*shown, f"… and {more:,} more"] if more > 0 else shown


def _figures(claims: Sequence[Claim]) -> Iterator[tuple[str, ...]]:
    for claim in claims:
        for figure in claim.figures:
            numbers = f"{figure.published:,}", f"{figure.here:,}"
            yield (claim.by, FIGURES[figure.name], figure.compared(), *numbers)


def _of_modules(spec: Spec) -> Iterator[str]:
    """Return the references of modules, those with the same in one line."""
    by_text: dict[str, list[str]] = {}
    for name, module in spec.modules.items():
        for text in _lines(module.references):
            by_text.setdefault(text, []).append(module.title or name)
    yield from (f"{', '.join(titles)}: {text}" for text, titles in by_text.items())


def _lines(prose: str | Sequence[str]) -> tuple[str, ...]:
    """Return the texts of a text or a list of them."""
    return tuple(filter(None, (prose,) if isinstance(prose, str) else prose))


def _line(text: str) -> str:
    """Return free text of a spec on one line, without what would move a terminal's cursor."""
    return PLAIN.plain(" ".join(text.split()))


def _wrapped(paragraphs: str | Sequence[str], indent: int = 0) -> list[str]:
    lines = []
    for text in _lines(paragraphs):
        first, *rest = wrapped(text, WIDTH, indent, 2 * indent)
        lines += [" " * indent + first, *rest]
    return lines

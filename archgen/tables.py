"""Tables of what a network costs, folded to any depth: as aligned text, as Markdown, as data.

Imports ``analysis``, ``input_sizes``, ``columns`` and what they import.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from archgen.analysis import Analysis, Measure
from archgen.columns import aligned, markdown_table
from archgen.input_sizes import Sizes
from archgen.ir import Node, Pair, Shape, shape_text

HEADER = (
    "name", "op", "shape", "filters", "trainable", "non-trainable", "MACs",
    "receptive field", "activations",
)  # fmt: skip
FIRST_NUMBER = HEADER.index("trainable")


@dataclass(frozen=True, slots=True)
class Row:
    """The nodes whose names share their first components: their sums, and the last one's shape.

    ``op`` is what a picture calls it, or the title of the module; ``filters`` are those written
    and those in effect where the width multiplier tells them apart.
    """

    name: str
    op: str
    shape: Shape
    filters: Pair | None
    trainable: int
    non_trainable: int
    macs: int
    receptive_field: Pair
    activation_bytes: int

    @property
    def params(self) -> int:
        """Return trainable and non-trainable parameters."""
        return self.trainable + self.non_trainable


@dataclass(frozen=True)
class Table:
    """The measures of a network, ready to be folded and shown.

    ``file`` names the text that the spec was read from; ``titles`` has those of its modules and
    heads by their path, such as ("modules", "inception_a"); ``find_sizes`` finds out, when the
    table is shown, which inputs work.
    """

    analysis: Analysis
    file: str = ""
    titles: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    find_sizes: Callable[[], Sizes | None] = field(default=lambda: None, compare=False, repr=False)

    @cached_property
    def sizes(self) -> Sizes | None:
        """Return the sizes of the input that work; None where that is not known."""
        return self.find_sizes()

    def rows(self, depth: int = 1) -> tuple[Row, ...]:
        """Return one row for all nodes that share the first ``depth`` components of their names."""
        if depth < 1:
            return ()
        return self._folded(lambda node: [".".join(node.name.split(".")[:depth])])

    def scopes(self) -> tuple[Row, ...]:
        """Return one row for each scope; what stands in an inner scope counts in the outer too."""
        return self._folded(lambda node: _prefixes(node.scope))

    def text(self, depth: int = 1) -> str:
        """Return aligned text: a headline, the rows, the totals."""
        header, rows = self.cells(depth)
        body = [*aligned([header, *rows], _words(header)), ""] if rows else []
        works = self.sizes.text() if self.sizes is not None else ""
        return "\n".join([self.headline(), "", *body, *_totals(self.totals(), works)]) + "\n"

    def markdown(self, depth: int = 1) -> str:
        """Return a Markdown table and its totals as a list."""
        header, rows = self.cells(depth)
        body = [*markdown_table([header, *rows], _words(header)), ""] if rows else []
        totals = [f"- {name}: {value}" for name, value in self.totals()]
        totals += [f"- works for {self.sizes.text()}"] if self.sizes is not None else []
        return "\n".join([self.headline(), "", *body, *totals]) + "\n"

    def record(self) -> dict[str, object]:
        """Return everything as JSON-ready data; shapes and fields are height before width."""
        graph, total = self.analysis.graph, self.analysis
        return {
            "name": graph.name,
            "input": list(next(iter(graph.inputs.values()))),
            "output": {name: list(graph.shapes[node]) for name, node in graph.outputs.items()},
            "params": {
                "trainable": total.trainable,
                "non_trainable": total.non_trainable,
                "total": total.params,
            },
            "macs": total.macs,
            "nodes": [self._node_record(measure) for measure in total.measures],
            "scopes": [_scope_record(row) for row in self.scopes()],
            "activation_bytes": total.activation_bytes,
            "sizes": self.sizes.record() if self.sizes is not None else None,
        }

    def headline(self) -> str:
        """Return the name of the network and the shapes that enter and leave it."""
        graph = self.analysis.graph
        entering = ", ".join(map(shape_text, graph.inputs.values()))
        leaving = ", ".join(
            f"{name} {shape_text(graph.shapes[node])}" for name, node in graph.outputs.items()
        )
        return f"{graph.name}: {entering} → {leaving}"

    def cells(self, depth: int = 1) -> tuple[list[str], list[list[str]]]:
        """Return the header and the rows as text, without the columns that would be empty."""
        rows = [_cells(row) for row in self.rows(depth)]
        kept = [column for column, _ in enumerate(HEADER) if any(row[column] for row in rows)]
        return [HEADER[column] for column in kept], [[row[c] for c in kept] for row in rows]

    def totals(self) -> tuple[tuple[str, str], ...]:
        """Return the sums over all nodes as text, each with its name."""
        total = self.analysis
        return (
            ("trainable parameters", f"{total.trainable:,}"),
            ("non-trainable parameters", f"{total.non_trainable:,}"),
            ("total parameters", f"{total.params:,}"),
            ("MACs", f"{total.macs:,}"),
            ("activations", bytes_text(total.activation_bytes)),
        )

    def _folded(self, keys: Callable[[Node], Iterable[str]]) -> tuple[Row, ...]:
        groups: dict[str, list[Measure]] = {}
        for measure in self.analysis.measures:
            for key in keys(measure.node):
                groups.setdefault(key, []).append(measure)
        return tuple(self._row(name, measures) for name, measures in groups.items())

    def _row(self, name: str, measures: Sequence[Measure]) -> Row:
        first, last = measures[0].node, measures[-1]
        return Row(
            name,
            first.op.label() if first.name == name else self._title(name),
            last.node.shape,
            _filters(first) if first.name == name else None,
            sum(measure.trainable for measure in measures),
            sum(measure.non_trainable for measure in measures),
            sum(measure.macs for measure in measures),
            last.receptive_field,
            sum(measure.activation_bytes for measure in measures),
        )

    def _title(self, scope: str) -> str:
        """Return the title of the module or head that a scope comes from, if it is one."""
        module = self.analysis.graph.modules.get(scope)
        return self.titles.get(("heads", scope) if module is None else ("modules", module), "")

    def _node_record(self, measure: Measure) -> dict[str, object]:
        node = measure.node
        record: dict[str, object] = {
            "name": node.name,
            "op": node.op.kind,
            "shape": list(node.shape),
            "params": measure.params,
            "macs": measure.macs,
            "receptive_field": list(measure.receptive_field),
            "origin": node.origin.pointer if node.origin else "",
            "scope": node.scope,
            "trainable": measure.trainable,
            "non_trainable": measure.non_trainable,
            "activation_bytes": measure.activation_bytes,
            "inputs": list(node.inputs),
            "written": node.written,
        }
        if node.origin and node.origin.file != self.file:
            record["file"] = node.origin.file
        return record


def bytes_text(count: int) -> str:
    """Return a number of bytes in the unit a reader takes in: ``218.2 MiB``."""
    if count < 1 << 10:
        return f"{count} B"
    for power, unit in ((40, "TiB"), (30, "GiB"), (20, "MiB")):
        if count >= 1 << power:
            return f"{count / (1 << power):,.1f} {unit}"
    return f"{count / (1 << 10):.1f} KiB"


def _scope_record(row: Row) -> dict[str, object]:
    return {
        "scope": row.name,
        "title": row.op,
        "shape": list(row.shape),
        "params": row.params,
        "macs": row.macs,
        "receptive_field": list(row.receptive_field),
        "trainable": row.trainable,
        "non_trainable": row.non_trainable,
        "activation_bytes": row.activation_bytes,
    }


def _prefixes(scope: str) -> list[str]:
    """Return a scope and those around it, outermost first; none for the top."""
    parts = scope.split(".") if scope else []
    return [".".join(parts[:length]) for length in range(1, len(parts) + 1)]


def _filters(node: Node) -> Pair | None:
    if node.written is None or node.written == node.shape[-1]:
        return None
    return (node.written, node.shape[-1])


def _cells(row: Row) -> list[str]:
    return [
        row.name,
        _one_line(row.op),
        shape_text(row.shape),
        "{} → {}".format(*row.filters) if row.filters else "",
        f"{row.trainable:,}",
        f"{row.non_trainable:,}",
        f"{row.macs:,}",
        shape_text(row.receptive_field),
        bytes_text(row.activation_bytes),
    ]


_TITLE_CHARACTERS = 40


def _one_line(text: str) -> str:
    """Return free text of a spec without what would move a terminal's cursor."""
    plain = "".join(sign if sign.isprintable() else "�" for sign in text)
    return plain if len(plain) <= _TITLE_CHARACTERS else plain[: _TITLE_CHARACTERS - 1] + "…"


def _words(header: Sequence[str]) -> int:
    """Return how many columns hold words."""
    return header.index(HEADER[FIRST_NUMBER])


def _totals(totals: Sequence[tuple[str, str]], works: str) -> list[str]:
    names, values = zip(*totals, strict=True)
    wide = max(map(len, names)), max(map(len, values))
    lines = [f"{name.ljust(wide[0])}  {value.rjust(wide[1])}" for name, value in totals]
    return [*lines, f"{'works for'.ljust(wide[0])}  {works}"] if works else lines

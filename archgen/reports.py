"""A fault as text, as one line, as GitHub's workflow command, as JSON-ready data.

Imports ``record``, ``snippets``, ``look`` and ``limits``.
"""

from collections.abc import Sequence

from archgen.echo import told, where
from archgen.limits import LIMITS
from archgen.look import PLAIN, Look, wrapped
from archgen.places import Place
from archgen.record import Fault
from archgen.snippets import Mark, gutter_of, snippets

SHOWN_RELATED = 8


# ── text ──────────────────────────────────────────────────────────────────────────────────────────


def render_faults(faults: Sequence[Fault], look: Look = PLAIN) -> str:
    """Return the first faults as text, and how many more there are."""
    blocks = [render_fault(fault, look) for fault in faults[: LIMITS.shown]]
    more = len(faults) - len(blocks)
    told_more = f"… and {at_least(len(faults))}{more:,} more"
    return "\n\n".join([*blocks, look.plain(told_more)] if more else blocks)


def at_least(count: int) -> str:
    """Return what stands before a number of faults that a check may have stopped at."""
    return "at least " if count >= LIMITS.faults else ""


def render_fault(fault: Fault, look: Look = PLAIN) -> str:
    """Return a fault as text of several lines, with the lines it points at."""
    marks = _marks(fault)
    lines = _header(fault, look)
    lines += snippets(marks, look)
    gutter = gutter_of(marks) if marks else 1
    notes = [line for kind, text in explanation(fault) for line in _note(kind, text, gutter, look)]
    if notes and fault.place is not None and fault.place.text.content:
        lines.append(look.paint("gutter", " " * gutter + " |"))
    return "\n".join(lines + notes)


def explanation(fault: Fault) -> list[tuple[str, str]]:
    """Return what stands below the snippet: how it came about, what works, notes, help."""
    parts = [("trail", " ─ ".join(fault.trail)), ("works for", fault.sizes)]
    parts += [("note", note) for note in fault.notes]
    hidden = len(fault.related) - SHOWN_RELATED
    if hidden > 0:
        parts.append(("note", f"and at {hidden:,} more place{'s' * (hidden > 1)}"))
    parts.append(("help", fault.help or ""))
    return [(kind, text) for kind, text in parts if text]


def _marks(fault: Fault) -> list[Mark]:
    if fault.place is None:
        return []
    related = fault.related[:SHOWN_RELATED]
    others = [Mark(other.place, other.label, "related") for other in related]
    return [Mark(fault.place, fault.label, fault.severity), *others]


def _header(fault: Fault, look: Look) -> list[str]:
    head = f"{fault.severity}[{fault.code}]"
    text = f"{head}: {look.plain(fault.message)}"
    first, *rest = wrapped(text, look.columns, rest=_hanging(len(head) + 2, look))
    painted = look.paint(fault.severity, head) + look.paint("message", first[len(head) :])
    return [painted, *(look.paint("message", line) for line in rest)]


def _note(kind: str, text: str, gutter: int, look: Look) -> list[str]:
    lead, label = f"{' ' * gutter} = ", f"{kind}:"
    arrow = look.plain(" → ")  # a step of a trail stays on one line
    rest = _hanging(len(lead) + len(label) + 1, look)
    kept = look.plain(text).replace(arrow, arrow.replace(" ", "\xa0"))
    lines = wrapped(f"{label} {kept}", look.columns, len(lead), rest)
    first, *more = (line.replace("\xa0", " ") for line in lines)
    painted = look.paint("gutter", lead) + look.paint("help" if kind == "help" else "kind", label)
    return [painted + first[len(label) :], *more]


def _hanging(wanted: int, look: Look) -> int:
    """Return the indent of a message's further lines: under its first word, less where narrow."""
    return wanted if look.columns is None or wanted * 4 <= look.columns else 4


# ── other forms ───────────────────────────────────────────────────────────────────────────────────


def render_short(fault: Fault) -> str:
    """Return a fault as one line: ``file:line:column: error[E310]: message  /pointer``."""
    place = fault.place
    head = f"{fault.severity}[{fault.code}]: {fault.message}"
    if place is None:
        return head
    return f"{where(place)}: {head}  {told(place.pointer)}".rstrip()


def render_github(fault: Fault) -> str:
    """Return a fault as the workflow command that makes GitHub show it beside the line.

    Columns are left out of a span of several lines: GitHub's runner takes them of one line only.
    """
    lines = [fault.message, *([fault.label] if fault.label else [])]
    lines += [f"{where(other.place)}: {other.label}" for other in fault.related]
    lines += [f"{kind}: {text}" for kind, text in explanation(fault)]
    properties = ",".join(
        f"{key}={_escaped(str(value), of_property=True)}"
        for key, value in _properties(fault).items()
    )
    return f"::{fault.severity} {properties}::{_escaped(chr(10).join(lines))}"


def _properties(fault: Fault) -> dict[str, str | int]:
    place = fault.place
    if place is None:
        return {"title": fault.code}
    end_line, end_column = place.text.line_and_column(place.end)
    found: dict[str, str | int] = {"file": place.file, "line": place.line, "endLine": end_line}
    if end_line == place.line:
        found |= {"col": place.column, "endColumn": end_column}
    return found | {"title": fault.code}


def _escaped(text: str, *, of_property: bool = False) -> str:
    """Return text as a workflow command holds it."""
    signs = "%\r\n:," if of_property else "%\r\n"
    return "".join(f"%{ord(sign):02X}" if sign in signs else sign for sign in text)


def fault_record(fault: Fault) -> dict[str, object]:
    """Return a fault as JSON-ready data; positions count from 1."""
    record: dict[str, object] = {
        "code": fault.code,
        "severity": fault.severity,
        "message": fault.message,
        **(_place_record(fault.place) if fault.place else {}),
        "label": fault.label,
        "trail": list(fault.trail),
        "works_for": fault.sizes,
        "notes": list(fault.notes),
        "help": fault.help,
        "related": [{**_place_record(r.place), "label": r.label} for r in fault.related],
    }
    return record


def _place_record(place: Place) -> dict[str, object]:
    end_line, end_column = place.text.line_and_column(place.end)
    return {
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "end_line": end_line,
        "end_column": end_column,
        "pointer": place.pointer,
    }

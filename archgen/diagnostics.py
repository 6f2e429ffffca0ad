"""The record of a fault, the table of codes, the exceptions and the renderers.

Imports ``places`` and ``limits``.

ArchgenError
├── SpecError      the spec is wrong              (exit code 1)
├── UsageError     archgen was asked wrongly      (exit code 2)
└── MachineError   the machine lacks something    (exit code 3)
"""

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice

from archgen.limits import LIMITS
from archgen.places import Place

CODES: dict[str, str] = {
    "E101": "the text is not UTF-8",
    "E102": "the text is not JSON",
    "E103": "a key stands twice in one object",
    "E104": "a number that JSON does not have",
    "E105": "the text is larger than archgen reads",
    "E201": "unknown key",
    "E202": "a key is missing",
    "E203": "a value of the wrong kind",
    "E204": "unknown op",
    "E205": "unknown module",
    "E206": "unknown parameter",
    "E207": "a module is used without a parameter it requires",
    "E208": "a reference names no entry",
    "E209": "a reference names an entry that has no value there",
    "E210": "an expression that cannot be read",
    "E211": "an expression that cannot be evaluated",
    "E212": "a fraction where a whole number is wanted",
    "E213": "a name that cannot be used",
    "E214": "a name is used twice",
    "E215": "modules that use each other in a circle",
    "E216": "specs that extend each other in a circle",
    "E217": "a spec that extends what cannot be reached",
    "E218": "an edit without effect",
    "E219": "a fork without branches",
    "E220": "a fork whose order does not name its branches",
    "E221": "a wrong number of inputs",
    "E222": "the expansion is larger than archgen builds",
    "E223": "a value that nothing uses",
    "E224": "an open height or width",
    "E225": "a spec without layers",
    "E310": "a window does not fit its map",
    "E320": "a join of maps that do not fit",
    "E330": "an op on a shape it cannot take",
    "E501": "unknown spec",
    "E502": "a file that cannot be read",
    "E503": "a file that cannot be written",
    "E504": "not enough memory",
    "E505": "Keras is not set up for archgen",
    "E506": "weights that do not fit the model",
    "E507": "unknown parameter from outside",
    "E508": "an input shape that is none",
    "E509": "a tool or package that is not installed",
    "E510": "a picture that cannot be had",
    "W601": "the width multiplier scales an output",
    "W602": "a module that nothing uses",
    "W603": "a parameter that nothing uses",
}


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that belongs to a fault, and what it has to do with it."""

    place: Place
    label: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: code, place, cause and, where it is known, what would work.

    ``label`` stands under the caret; ``trail`` is how the shapes came about, one step each.
    """

    code: str
    message: str
    place: Place | None = None
    label: str = ""
    related: tuple[Related, ...] = ()
    trail: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    help: str | None = None

    @property
    def severity(self) -> str:
        """Return ``error`` or ``warning``."""
        return "warning" if self.code.startswith("W") else "error"

    def explained(
        self,
        trail: tuple[str, ...] = (),
        notes: tuple[str, ...] = (),
        related: tuple[Related, ...] = (),
        help: str | None = None,  # noqa: A002 - the field's name
    ) -> "Fault":
        """Return the fault with how it came about and what would work."""
        return replace(self, trail=trail, notes=notes, related=related, help=help)


class ArchgenError(Exception):
    """What every function of archgen raises on bad input; ``faults`` says what and where."""

    exit_code = 1

    def __init__(self, faults: Iterable[Fault] | Fault) -> None:
        self.faults = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n\n".join(map(render_fault, self.faults)))


class SpecError(ArchgenError):
    """The spec is wrong."""


class UsageError(ArchgenError):
    """archgen was asked wrongly: an unknown spec, file or parameter."""

    exit_code = 2


class MachineError(ArchgenError):
    """The machine lacks something: memory, a file, a package, a setting."""

    exit_code = 3


class Faults:
    """The faults of one check, in the order found, each cause once.

    An entry that fails at several uses of its module is one cause, whatever the shapes there.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str, Place | None, str], Fault] = {}
        self._uses: dict[tuple[str, Place | None, str], int] = {}

    def add(self, fault: Fault) -> None:
        """Keep a fault, unless its cause is known already.

        Raises SpecError with the last fault there is room for: nobody reads more, and looking for
        what was meant takes its time.
        """
        of_shapes = fault.code.startswith("E3")
        key = (fault.code, fault.place, "" if of_shapes else fault.message)
        if key not in self._found:
            self._keep(key, fault)
        elif of_shapes:
            self._uses[key] = self._uses.get(key, 0) + 1

    def _keep(self, key: tuple[str, Place | None, str], fault: Fault) -> None:
        if len(self._found) < LIMITS.faults:
            self._found[key] = fault
            if len(self._found) == LIMITS.faults:
                raise SpecError(self.listed())

    def relate(self, fault: Fault, related: Related) -> None:
        """Tell another place of a fault that was added before."""
        key = (fault.code, fault.place, "")
        known = self._found[key]
        if related not in known.related:
            self._found[key] = replace(known, related=(*known.related, related))

    @property
    def has_errors(self) -> bool:
        """Say whether one of the faults is an error."""
        return any(fault.severity == "error" for fault in self._found.values())

    def listed(self) -> tuple[Fault, ...]:
        """Return the faults in the order found, each saying how often it came again."""
        return tuple(
            replace(fault, notes=(*fault.notes, _again(self._uses[key])))
            if key in self._uses
            else fault
            for key, fault in self._found.items()
        )

    def raise_errors(self) -> None:
        """Raise SpecError with all faults if one of them is an error."""
        if self.has_errors:
            raise SpecError(self.listed())


def _again(times: int) -> str:
    return f"the same happens at {times} more {'use' if times == 1 else 'uses'} of this entry"


# A hostile file may hold many names; looking for a similar one stays quick.
NAMES_COMPARED = 200


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the most similar candidate, upper and lower case aside, or None."""
    compared = islice(candidates, NAMES_COMPARED)
    folded = {candidate.casefold(): candidate for candidate in compared}
    matches = difflib.get_close_matches(name.casefold(), folded, n=1)
    return folded[matches[0]] if matches else None


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """Return a help line that names the most similar candidate, or None."""
    match = closest(name, candidates)
    return f"did you mean `{match}`?" if match else None


LONGEST_QUOTE = 48


def quoted(value: object) -> str:
    """Return a value of the spec as short, printable JSON."""
    return _printable(json.dumps(value, ensure_ascii=False, default=str))


def named(name: object) -> str:
    """Return a name of the spec between backticks, short and printable; others as values."""
    return f"`{_printable(name)}`" if isinstance(name, str) and name else quoted(name)


def _printable(text: str) -> str:
    shown = text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
    return shown if len(shown) <= LONGEST_QUOTE else shown[: LONGEST_QUOTE - 1] + "…"


def render_short(fault: Fault) -> str:
    """Return a fault as one line: ``file:line:column: error[E310]: message  /pointer``."""
    place = fault.place
    head = f"{fault.severity}[{fault.code}]: {fault.message}"
    if place is None:
        return head
    return f"{place.file}:{place.line}:{place.column}: {head}  {place.pointer}".rstrip()


def render_fault(fault: Fault) -> str:
    """Return a fault as text of several lines, with the line it points at."""
    lines = [f"{fault.severity}[{fault.code}]: {fault.message}"]
    if fault.place is not None:
        lines += _snippet(fault.place, fault.label)
    for related in fault.related:
        lines += _snippet(related.place, related.label)
    notes = [("trail", " ─ ".join(fault.trail))] if fault.trail else []
    notes += [("note", note) for note in fault.notes]
    notes += [("help", fault.help)] if fault.help else []
    lines += [f"   = {kind}: {text}" for kind, text in notes]
    return "\n".join(lines)


_SNIPPET_COLUMNS = 100


def _snippet(place: Place, label: str) -> list[str]:
    line, column = place.line, place.column
    text = place.text.line(line).replace("\t", " ")
    cut = max(0, column - 1 - _SNIPPET_COLUMNS // 2) if len(text) > _SNIPPET_COLUMNS else 0
    shown = text[cut : cut + _SNIPPET_COLUMNS]
    width = max(1, min(place.end - place.start, len(shown) - (column - 1 - cut)))
    gutter = " " * len(str(line))
    return [
        f"{gutter}--> {place.file}:{line}:{column}  {place.pointer}".rstrip(),
        f"{gutter} |",
        f"{line} | {shown}",
        f"{gutter} | {' ' * (column - 1 - cut)}{'^' * width} {label}".rstrip(),
    ]


def fault_record(fault: Fault) -> dict[str, object]:
    """Return a fault as JSON-ready data; positions count from 1."""
    record: dict[str, object] = {
        "code": fault.code,
        "severity": fault.severity,
        "message": fault.message,
        **(_place_record(fault.place) if fault.place else {}),
        "label": fault.label,
        "trail": list(fault.trail),
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

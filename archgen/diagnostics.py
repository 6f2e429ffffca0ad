"""The table of codes, the exceptions, the faults of one check.

Imports ``echo``, ``limits``, ``record``, ``reports`` and ``similarity``.

ArchgenError
├── SpecError      the spec is wrong              (exit code 1)
├── ArtifactError  an artifact is not right     (exit code 1)
├── UsageError     archgen was asked wrongly      (exit code 2)
└── MachineError   the machine lacks something    (exit code 3)
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from archgen.echo import printable
from archgen.limits import LIMITS, raising
from archgen.record import Asked, Fault, Related
from archgen.reports import render_faults
from archgen.similarity import similar

if TYPE_CHECKING:
    from archgen.places import Place

__all__ = [
    "CODES",
    "NAMES_LISTED",
    "ArchgenError",
    "ArtifactError",
    "Fault",
    "Faults",
    "MachineError",
    "Related",
    "SpecError",
    "UsageError",
    "closest",
    "did_you_mean",
    "named",
    "offering",
    "quoted",
]

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
    "E511": "a limit that cannot be set",
    "E512": "a network that cannot be fitted",
    "E513": "an artifact that is not as it was written",
    "E514": "an artifact that does not answer as its model",
    "E515": "data and network that do not fit each other",
    "E516": "a run that cannot go on",
    "E517": "a training option that is none",
    "E518": "an op that a format of artifacts lacks",
    "W601": "the width multiplier scales an output",
    "W602": "a module that nothing uses",
    "W603": "a parameter that nothing uses",
    "W604": "a bias in front of a normalisation",
    "W605": "weights that can never touch a pixel",
    "W606": "a stride drops the border of a map",
    "W607": "a kernel reaches further than its map",
    "W608": "softmax before a loss from logits",
}


class ArchgenError(Exception):
    """What every function of archgen raises on bad input; ``faults`` says what and where."""

    exit_code = 1

    def __init__(self, faults: Iterable[Fault] | Fault) -> None:
        found = (faults,) if isinstance(faults, Fault) else faults
        self.faults = tuple(map(settled, found))
        super().__init__(self.faults)

    def __str__(self) -> str:
        return render_faults(self.faults)


class SpecError(ArchgenError):
    """The spec is wrong."""


class ArtifactError(ArchgenError):
    """An artifact is not as it was written, or does not answer as its model."""


class UsageError(ArchgenError):
    """archgen was asked wrongly: an unknown spec, file or parameter."""

    exit_code = 2


class MachineError(ArchgenError):
    """The machine lacks something: memory, a file, a package, a setting."""

    exit_code = 3


Cause = tuple[str, "Place | None", str]


class Faults:
    """The faults of one check, in the order found, each cause once.

    An entry that fails at several uses of its module is one cause, whatever the shapes there.
    There is a limit: a file of nothing but faults would fill the memory with them.
    There is a limit: of a text with thousands of faults the first are enough.
    """

    def __init__(self) -> None:
        self._found: dict[Cause, Fault] = {}
        self._related: dict[Cause, dict[Related, None]] = {}
        self._uses: dict[Cause, int] = {}
        self._is_full = False

    def add(self, fault: Fault) -> None:
        """Keep a fault, unless its cause is known; Raises SpecError where there are too many."""
        key = _cause(fault)
        if key not in self._found:
            self._keep(key, fault)
            if self._is_full and fault.severity == "error":
                raise SpecError(self.listed())
        elif _is_of_shapes(fault):
            self._uses[key] = self._uses.get(key, 0) + 1

    def take(self, error: "SpecError") -> None:
        """Keep the faults that ended a step, which may be those that are here already."""
        for fault in error.faults:
            if (key := _cause(fault)) not in self._found:
                self._keep(key, fault)

    def _keep(self, key: Cause, fault: Fault) -> None:
        if len(self._found) >= LIMITS.faults:
            self._is_full = True
        elif len(self._found) < LIMITS.looked_up:
            self._found[key] = settled(fault)
        else:
            self._found[key] = replace(fault, asked=None)

    def relate(self, fault: Fault, related: Related) -> None:
        """Tell another place of a fault that was added before."""
        self._related.setdefault(_cause(fault), {})[related] = None

    def advise(self, fault: Fault, help_line: str) -> None:
        """Add a help line to a fault that was added before."""
        known = self._found[_cause(fault)]
        self._found[_cause(fault)] = replace(known, help=help_line)

    @property
    def has_errors(self) -> bool:
        """Say whether one of the faults is an error."""
        return any(fault.severity == "error" for fault in self._found.values())

    def listed(self) -> tuple[Fault, ...]:
        """Return the faults in the order found, with their places and how often each came again."""
        listed = [self._whole(key, fault) for key, fault in self._found.items()]
        if self._is_full:
            stopped = f"the check stopped here, after {len(listed):,} faults", raising("faults")
            listed[-1] = replace(listed[-1], notes=(*listed[-1].notes, *stopped))
        return tuple(listed)

    def _whole(self, key: Cause, fault: Fault) -> Fault:
        uses, places = self._uses.get(key), self._related.get(key, ())
        notes = (*fault.notes, _again(uses)) if uses else fault.notes
        if uses or places:
            return replace(fault, related=(*fault.related, *places), notes=notes)
        return fault

    def raise_errors(self) -> None:
        """Raise SpecError with all faults if one of them is an error."""
        if self.has_errors:
            raise SpecError(self.listed())


def _is_of_shapes(fault: Fault) -> bool:
    return fault.code.startswith("E3")


def _cause(fault: Fault) -> Cause:
    return (fault.code, fault.place, "" if _is_of_shapes(fault) else fault.message)


def _again(times: int) -> str:
    return f"the same happens at {times} more {'use' if times == 1 else 'uses'} of this entry"


def closest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the most similar candidate, upper and lower case aside, or None."""
    folded = {candidate.casefold(): candidate for candidate in islice(candidates, LIMITS.compared)}
    matches = similar(name.casefold(), folded)
    return folded[matches[0]] if matches else None


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """Return a help line that names the most similar candidate, or None."""
    match = closest(name, candidates)
    return f"did you mean `{match}`?" if match else None


NAMES_LISTED = 24


def offering(fault: Fault, name: str, known: Iterable[str], what: str = "") -> Fault:
    """Return a fault that will tell the name that was meant, else those that are known, if few."""
    return replace(fault, asked=Asked(name, known, what))


def settled(fault: Fault) -> Fault:
    """Return a fault with what it asked for told."""
    if fault.asked is None:
        return fault
    name, names, what = fault.asked
    known = tuple(islice(names, LIMITS.compared))
    match = did_you_mean(name, known)
    lists = what and known and not match and len(known) <= NAMES_LISTED
    notes = (f"{what} {', '.join(known)}",) if lists else ()
    return replace(fault, notes=fault.notes + notes, help=fault.help or match, asked=None)


def quoted(value: object) -> str:
    """Return a value of the spec as short, printable JSON."""
    return _cut(json.dumps(value, ensure_ascii=False, default=str))


def named(name: object) -> str:
    """Return a name of the spec between backticks, short and printable; others as values."""
    return f"`{_cut(name)}`" if isinstance(name, str) and name else quoted(name)


def _cut(text: str) -> str:
    shown = printable(text[: LIMITS.quoted + 1])
    return shown if len(shown) <= LIMITS.quoted else shown[: LIMITS.quoted - 1] + "…"

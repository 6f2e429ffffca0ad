"""Checks the names that a document declares: parameters, what modules take, entries.

Imports ``bounds``, ``expressions``, ``naming``, ``source`` and ``validation``.
"""

from collections.abc import Iterator

from archgen.bounds import refuse_long
from archgen.diagnostics import Fault, Faults, named
from archgen.expressions import RESERVED, ExpressionFault, is_expression, parse
from archgen.naming import INPUT, NAME_WORDS, PARAMETER_WORDS, is_identifier, is_name
from archgen.places import Place
from archgen.source import Array, Object
from archgen.validation import expression_fault

LOCAL_NAMES = frozenset({"index", "channels"})


class Declarations:
    """The names of one document, each with its fault where it cannot be one."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults

    def parameters(self, raw: Object, taken: frozenset[str]) -> None:
        """Check the parameters of the document or of a module, and that values can be read."""
        parameters = raw.get("parameters")
        if not isinstance(parameters, Object):
            return
        for name, value in parameters.items():
            self.parameter_name(name, parameters.places[name].of_key(), taken)
            if is_expression(value):
                self.expression(value, parameters.places[name])
            refuse_long(value, parameters.places[name], self.faults)

    def taken(self, raw: Object) -> bool:
        """Check what a module takes, each by one name; False where its uses cannot be judged."""
        self.parameters(raw, frozenset())
        parameters = raw.get("parameters")
        own = parameters if isinstance(parameters, Object) else Object(raw.place)
        inputs = [(name, place) for name, place in _texts(raw.get("inputs")) if is_name(name)]
        required = list(_texts(raw.get("required")))
        entering = [self.name(name, place) for name, place in inputs]
        proper = [self.parameter_name(name, place, frozenset()) for name, place in required]
        sound = self.once([*own], [*inputs, *required]) and self.read_above(own)
        return sound and all(entering) and all(proper)

    def once(self, known: list[str], names: list[tuple[str, Place]]) -> bool:
        """Refuse a name that stands for two things."""
        taken, sound = set(known), True
        for name, place in names:
            if name in taken:
                self.faults.add(Fault("E214", f"this module has {named(name)} twice", place))
                sound = False
            taken.add(name)
        return sound

    def read_above(self, parameters: Object) -> bool:
        """Refuse a module's default that reads what stands below it, whatever the document has."""
        position = {name: index for index, name in enumerate(parameters)}
        sound = True
        for index, (name, value) in enumerate(parameters.items()):
            below = [other for other in _names(value) if position.get(other, index) > index]
            if below:
                message = f"parameter `{min(below)}` stands below; a value reads those above it"
                self.faults.add(Fault("E206", message, parameters.places[name]))
                sound = False
        return sound

    def parameter_name(self, name: str, place: Place, taken: frozenset[str]) -> bool:
        """Check a name that ``build`` takes as a keyword, and expressions read."""
        if not is_identifier(name):
            return self.bad_name(name, place, PARAMETER_WORDS)
        if name in RESERVED | LOCAL_NAMES | taken:
            return self.bad_name(name, place, "it has a meaning of its own")
        return True

    def expression(self, text: str, place: Place) -> None:
        """Report an expression that cannot be read."""
        try:
            parse(text)
        except ExpressionFault as fault:
            self.faults.add(expression_fault(fault, place))

    def name(self, name: str, place: Place) -> bool:
        """Check the name of an entry, a branch, a head, a module or a further input."""
        if not is_name(name):
            return self.bad_name(name, place, NAME_WORDS)
        if name == INPUT:
            return self.bad_name(name, place, "it is the tensor that enters")
        return True

    def bad_name(self, name: str, place: Place, reason: str) -> bool:
        """Report a name that cannot be one and return False."""
        self.faults.add(Fault("E213", f"{named(name)} cannot be a name: {reason}", place))
        return False


def _texts(names: object) -> Iterator[tuple[str, Place]]:
    """Return the texts of a list and their places; all else is the level's to refuse."""
    if isinstance(names, Array):
        for name, place in zip(names, names.places, strict=True):
            if isinstance(name, str):
                yield name, place


def _names(value: object) -> frozenset[str]:
    try:
        return parse(value).names if is_expression(value) else frozenset()
    except ExpressionFault:
        return frozenset()

"""Evaluates what a spec computes: parameters, conditions, counts, widths.

None stands for poison everywhere: the fault is reported, what depends on it stays silent.
Imports ``spec``, ``scopes``, ``validation`` and what they import.
"""

import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from typing import Any

from archgen.diagnostics import (
    Fault,
    Faults,
    Related,
    UsageError,
    closest,
    named,
    offering,
    quoted,
)
from archgen.expressions import (
    ExpressionFault,
    Result,
    exact,
    is_expression,
    json_value,
    parse,
)
from archgen.grammar import is_in_range
from archgen.ir import Shape
from archgen.limits import LIMITS, raising
from archgen.places import Place
from archgen.scopes import Environment, Poisoned, Tensor
from archgen.source import Array, Object
from archgen.spec import Branch, Entry, Head, Input, Module, Spec, UseEntry
from archgen.validation import MEMBER_WORDS, expression_fault, wrong_kind

Values = Mapping[str, str | int | float | bool | None]

_AS_WRITTEN = Fraction(1), 1  # the multiplier and the divisor where a spec has no `width`

ELSEWHERE = {"index": "a `repeat`", "channels": "layers and modules"}


class Evaluator:
    """The values of one document under the parameters given from outside."""

    def __init__(
        self, spec: Spec, faults: Faults, parameters: Values, input_shape: Shape | None
    ) -> None:
        self.spec = spec
        self.faults = faults
        self.document = Environment(self.width)
        self.unscaled = Environment(_width_of_itself, self.document)
        self.take(parameters)
        with suppress(Poisoned):
            self.scaling()
        self.input_shape = input_shape or self.shape()

    # ── parameters ────────────────────────────────────────────────────────────────────────────

    def take(self, given: Values) -> None:
        """Evaluate the document's parameters in order; those given from outside replace them."""
        for name in given:
            if name not in self.spec.parameters:
                fault = Fault("E507", f"{self.spec.name} has no parameter {named(name)}")
                names = self.spec.parameters
                raise UsageError(offering(fault, name, names, "its parameters:"))
            if not _is_scalar(given[name]) or is_expression(given[name]):
                shown = "so large a number" if _is_huge(given[name]) else quoted(given[name])
                message = f"{named(name)} must be {MEMBER_WORDS}, not {shown}"
                raise UsageError(Fault("E507", message))
            if isinstance(given[name], str) and len(str(given[name])) > LIMITS.text:
                message = f"`{name}` has more than {LIMITS.text:,} characters"
                raise UsageError(Fault("E507", message, notes=(raising("text"),)))
        for name, default in self.spec.parameters.items():
            place = self.spec.member_place("parameters", name)
            if name in given:
                result: Result | None = Result(exact(given[name]), effective=False)
            else:
                result = self.value(default, place, self.document)
            self.document.known[name] = result
            self.document.places[name] = place

    def module(
        self, entry: UseEntry, module: Module, caller: Environment, entering: Tensor | None
    ) -> Environment:
        """Return the names inside a module: its own, then the document's, never the caller's."""
        channels = Result(entering.shape[-1], effective=True) if entering else None
        inside = self.document.inner(channels=channels)
        known = dict.fromkeys([*module.required, *module.parameters])
        meant = self.refuse_unknown(entry, dict.fromkeys([*known, *module.inputs]))
        for name in known:
            if name in entry.with_:
                place = entry.member_place("with", name)
                inside.known[name] = self.value(entry.with_[name], place, caller)
            elif name in module.parameters:
                place = module.member_place("parameters", name)
                inside.known[name] = self.value(module.parameters[name], place, inside)
            else:
                inside.known[name], place = None, entry.place
                if name not in meant:
                    self.missing(entry, name)
            inside.places[name] = place
        return inside

    def missing(self, entry: UseEntry, name: str) -> None:
        """Report a parameter that a module requires and a use does not give."""
        message = f"{named(entry.use)} requires the parameter {named(name)}"
        advice = f'pass it: `"with": {{"{name}": …}}`'
        self.faults.add(Fault("E207", message, entry.place, help=advice))

    def refuse_unknown(self, entry: UseEntry, known: Mapping[str, None]) -> set[str | None]:
        """Report what ``with`` gives a module that does not take it; return what was meant."""
        unknown = [name for name in entry.with_ if name not in known]
        absent = [parameter for parameter in known if parameter not in entry.with_]
        for name in unknown:
            place = entry.member_place("with", name).of_key()
            message = f"{named(entry.use)} has no parameter {named(name)}"
            fault = Fault("E206", message, place)
            self.faults.add(offering(fault, name, absent, "its parameters:"))
        return {closest(name, known) for name in unknown[: LIMITS.looked_up]}

    # ── single values ─────────────────────────────────────────────────────────────────────────

    def value(self, raw: Any, place: Place, environment: Environment) -> Result | None:
        """Return a scalar of the spec, computed where it is a `$`-value."""
        if not is_expression(raw):
            return Result(exact(raw), effective=False)
        try:
            return parse(raw).evaluate(environment)
        except Poisoned:
            return None
        except ExpressionFault as fault:
            told = expression_fault(fault, place)
            self.faults.add(self.out_of_reach(told, raw, environment))
            return None

    def out_of_reach(self, fault: Fault, raw: str, environment: Environment) -> Fault:
        """Say of a name that it exists, but not here."""
        if fault.code != "E206":
            return fault
        for name in sorted(parse(raw).names):
            if name in environment:
                continue
            if name in self.spec.parameters:
                message = f"parameter `{name}` stands below; a value reads those above it"
                return replace(fault, message=message, asked=None)
            if name in ELSEWHERE:
                message = f"`{name}` is known only inside {ELSEWHERE[name]}"
                return replace(fault, message=message, asked=None)
        return fault

    def condition(self, level: Entry | Branch | Head, environment: Environment) -> bool | None:
        """Return whether a level is wanted: its condition, which must come out true or false."""
        raw: object = level.when
        if isinstance(raw, bool):
            return raw
        place = level.at("when")
        result = self.value(raw, place, environment)
        if result is None or isinstance(result.value, bool):
            return result and result.value  # type: ignore[return-value]
        message = f"`when` must come out true or false, not {quoted(json_value(result.value))}"
        self.faults.add(Fault("E203", message, place, related=self.causes(raw, environment)))
        return None

    def number(self, raw: object, place: Place, environment: Environment) -> Fraction | None:
        """Return a number above 0."""
        result = self.value(raw, place, environment)
        if result is None:
            return None
        value = result.value
        if isinstance(value, bool) or not isinstance(value, int | Fraction) or value <= 0:
            fault = wrong_kind(place, _key(place), "a number above 0", json_value(value))
            self.faults.add(fault.explained(related=self.causes(raw, environment)))
            return None
        return Fraction(value)

    def whole(
        self, raw: object, place: Place, environment: Environment, low: int, high: int
    ) -> int | None:
        """Return a whole number within bounds."""
        result = self.value(raw, place, environment)
        if result is None:
            return None
        value = result.value
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        words = f"a whole number from {low} to {high:,}"
        fault = wrong_kind(place, _key(place), words, json_value(value))
        code = "E212" if isinstance(value, Fraction) else fault.code
        self.faults.add(replace(fault, code=code, related=self.causes(raw, environment)))
        return None

    def copies(self, entry: Entry, environment: Environment) -> int | None:
        """Return how often an entry is repeated; None for an entry without repeat, -1 poison."""
        if entry.repeat is None:
            return None
        count = self.whole(entry.repeat, entry.at("repeat"), environment, 0, LIMITS.repeat)
        return -1 if count is None else count

    def shape(self) -> Shape | None:
        """Return the document's input: height × width × channels."""
        level: Input | None = self.spec.input
        raw = level.raw["shape"] if level is not None else None
        if not isinstance(raw, Array):
            return None
        extents = [self.extent(value, place) for value, place in zip(raw, raw.places, strict=True)]
        known = tuple(extent for extent in extents if extent is not None)
        if len(known) < len(extents):
            return None
        self.require_pixels_of(known[-1], raw.places[-1])
        return known

    def require_pixels_of(self, channels: int, place: Place) -> None:
        """Refuse means and deviations of other channels than the input has."""
        pixels = self.spec.input.raw.get("pixels")
        mean = pixels.get("mean") if isinstance(pixels, Object) else None
        if isinstance(mean, Array) and len(mean) not in (1, channels):
            wanted = "1 number" if channels == 1 else f"1 or {channels:,} numbers"
            message = f"`mean` must have {wanted}, not {len(mean)}"
            related = (Related(place, "a channel each"),)
            advice = 'say `"pixels": [-1, 1]`'
            self.faults.add(Fault("E203", message, mean.place, related=related, help=advice))

    def extent(self, raw: object, place: Place) -> int | None:
        """Return a height, width or number of channels."""
        result = self.value(raw, place, self.document)
        if result is not None and result.value is None:
            message = "height, width and channels are whole numbers in this version, not null"
            self.faults.add(Fault("E224", message, place))
            return None
        return self.whole(raw, place, self.document, 1, LIMITS.dimension) if result else None

    def width(self, filters: int | Fraction) -> int:
        """Return filters under the width multiplier: MobileNet's rule.

        ``max(d, floor((n·m + d/2) / d) · d)``, and d more where over 10 % would be lost.
        """
        multiplier, divisor = self.scaling()
        if multiplier == 1 and isinstance(filters, int):
            return filters
        wanted = filters * multiplier
        result = max(divisor, int((wanted + Fraction(divisor, 2)) // divisor) * divisor)
        return result + divisor if result * 10 < wanted * 9 else result

    def scaling(self) -> tuple[Fraction, int]:
        """Return the width multiplier and its divisor; Raises Poisoned."""
        level, names = self.spec.width, self.unscaled
        if level is None:
            return _AS_WRITTEN
        multiplier = self.number(level.multiplier, level.at("multiplier"), names)
        divisor = self.whole(level.divisor, level.at("divisor"), names, 1, LIMITS.dimension)
        if multiplier is None or divisor is None:
            raise Poisoned
        return multiplier, divisor

    def causes(self, raw: object, environment: Environment) -> tuple[Related, ...]:
        """Return the places of the parameters that a `$`-value reads."""
        if not is_expression(raw):
            return ()
        found = []
        for name in sorted(parse(raw).names):
            place, result = environment.place_of(name), environment.lookup(name)
            if place is not None and result is not None:
                shown = quoted(json_value(result.value))
                found.append(Related(place, f"`{name}` is {shown}"))
        return tuple(found)


def _width_of_itself(_: int | Fraction) -> int:
    raise ExpressionFault("E211", "`width` has no meaning in what it is computed from", 0)


def _is_huge(value: object) -> bool:
    return isinstance(value, int) and not is_in_range(value)


def _is_scalar(value: object) -> bool:
    """Say whether a value from outside is one that JSON has."""
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or (isinstance(value, str | int) and not _is_huge(value))


def _key(place: Place) -> str:
    """Return the key that a value belongs to, also of one in a list."""
    return next((part for part in reversed(place.path) if isinstance(part, str)), "value")

"""Evaluates what a spec computes: parameters, conditions, counts, the fields of ops.

None stands for poison everywhere: the fault is reported, what depends on it stays silent.
Imports ``reading``, ``scopes`` and what they import.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from pydantic import ValidationError

from archgen.composition import Part, activation_parts, parts_of
from archgen.diagnostics import Fault, Faults, Related, UsageError, did_you_mean, quoted
from archgen.expressions import (
    ExpressionFault,
    Result,
    exact,
    is_expression,
    json_value,
    parse,
)
from archgen.ir import Op, Shape
from archgen.limits import LIMITS
from archgen.ops import OPS
from archgen.places import Place
from archgen.reading import expression_fault, holds_expression, report_part
from archgen.scopes import Environment, Poisoned, Tensor
from archgen.source import Array, Object
from archgen.spec import Entry, Fork, Module, OpEntry, Spec, UseEntry

Values = Mapping[str, str | int | float | bool | None]


class Made(NamedTuple):
    """An op that an entry stands for; ``written`` is its filters before the width multiplier."""

    suffix: str
    op: Op
    written: int | None


class Evaluator:
    """The values of one document under the parameters given from outside."""

    def __init__(
        self, spec: Spec, faults: Faults, parameters: Values, input_shape: Shape | None
    ) -> None:
        self.spec = spec
        self.faults = faults
        self.made: dict[Any, tuple[Made, ...] | None] = {}
        self.equal: dict[str, Op] = {}
        self.dynamic: dict[int, list[str]] = {}
        self.document = Environment(self.width)
        self.take(parameters)
        self.effective: set[tuple[str, str]] = set()
        self.defaults = {op: self.default(op, fields) for op, fields in spec.defaults.items()}
        self.input_shape = input_shape or self.shape()

    # ── parameters ────────────────────────────────────────────────────────────────────────────

    def take(self, given: Values) -> None:
        """Evaluate the document's parameters in order; those given from outside replace them."""
        for name in given:
            if name not in self.spec.parameters:
                help_line = did_you_mean(name, self.spec.parameters)
                message = f"{self.spec.name} has no parameter {quoted(name)}"
                raise UsageError(Fault("E507", message, help=help_line))
        for name, default in self.spec.parameters.items():
            place = self.spec.member_place("parameters", name)
            value = given.get(name, default)
            self.document.known[name] = self.value(value, place, self.document)
            self.document.places[name] = place

    def module(
        self, entry: UseEntry, module: Module, caller: Environment, entering: Tensor | None
    ) -> Environment:
        """Return the names inside a module: its own, then the document's, never the caller's."""
        channels = Result(entering.shape[-1], effective=True) if entering else None
        inside = self.document.inner(channels=channels)
        known = [*module.required, *module.parameters]
        self.refuse_unknown(entry, [*known, *module.inputs])
        for name in dict.fromkeys(known):
            if name in entry.with_:
                place = entry.member_place("with", name)
                inside.known[name] = self.value(entry.with_[name], place, caller)
            elif name in module.parameters:
                place = module.member_place("parameters", name)
                inside.known[name] = self.value(module.parameters[name], place, inside)
            else:
                message = f"{quoted(entry.use)} requires the parameter {quoted(name)}"
                place = entry.place
                help_line = f'pass it: `"with": {{"{name}": …}}`'
                self.faults.add(Fault("E207", message, place, help=help_line))
                inside.known[name] = None
            inside.places[name] = place
        return inside

    def refuse_unknown(self, entry: UseEntry, known: list[str]) -> None:
        for name in entry.with_:
            if name not in known:
                place = entry.member_place("with", name).of_key()
                message = f"{quoted(entry.use)} has no parameter {quoted(name)}"
                self.faults.add(Fault("E206", message, place, help=did_you_mean(name, known)))

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
            self.faults.add(expression_fault(fault, place))
            return None

    def condition(self, raw: object, place: Place, environment: Environment) -> bool | None:
        """Return a condition, which must come out true or false."""
        if isinstance(raw, bool):
            return raw
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
            message = f"a number above 0 is wanted, not {quoted(json_value(value))}"
            self.faults.add(Fault("E203", message, place, related=self.causes(raw, environment)))
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
        code = "E212" if isinstance(value, Fraction) else "E203"
        shown = quoted(json_value(value))
        message = f"a whole number from {low} to {high:,} is wanted, not {shown}"
        self.faults.add(Fault(code, message, place, related=self.causes(raw, environment)))
        return None

    def copies(self, entry: Entry, environment: Environment) -> int | None:
        """Return how often an entry is repeated; None for an entry without repeat, -1 poison."""
        if entry.repeat is None:
            return None
        count = self.whole(entry.repeat, entry.at("repeat"), environment, 0, LIMITS.repeat)
        return -1 if count is None else count

    def shape(self) -> Shape | None:
        """Return the document's input: height × width × channels."""
        level = self.spec.input
        raw = level and level.raw["shape"]
        if not isinstance(raw, Array):
            return None
        extents = [
            self.extent(value, place) for value, place in zip(raw, raw.places, strict=True)
        ]
        known = tuple(extent for extent in extents if extent is not None)
        return known if len(known) == len(extents) else None

    def extent(self, raw: object, place: Place) -> int | None:
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
        level = self.spec.width
        multiplier = level and self.number(
            level.multiplier, level.at("multiplier"), self.document
        )
        if level is None or multiplier in (None, 1):
            return int(filters)
        divisor = self.whole(
            level.divisor, level.at("divisor"), self.document, 1, LIMITS.dimension
        )
        if divisor is None:
            raise Poisoned
        wanted = filters * multiplier
        result = max(divisor, int((wanted + Fraction(divisor, 2)) // divisor) * divisor)
        return result + divisor if result * 10 < wanted * 9 else result

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

    # ── ops ───────────────────────────────────────────────────────────────────────────────────

    def ops(self, entry: OpEntry, environment: Environment) -> tuple[Made, ...] | None:
        """Return the ops of an entry; the same values give the same op objects."""
        key = id(entry)
        if key not in self.dynamic:
            fields = entry.fields
            self.dynamic[key] = [name for name in fields if holds_expression(fields[name])]
        dynamic = self.dynamic[key]
        if not dynamic:
            if key not in self.made:
                self.made[key] = self.build(entry, {}, environment)
            return self.made[key]
        computed = {name: self.deep(entry, name, environment) for name in dynamic}
        if None in computed.values():
            return None
        known = (key, repr(computed))
        if known not in self.made:
            self.made[known] = self.build(entry, computed, environment)
        return self.made[known]

    def deep(self, entry: OpEntry, name: str, environment: Environment) -> Result | None:
        return self.within(entry.fields[name], entry.at(name), environment)

    def within(self, raw: Any, place: Place, environment: Environment) -> Any:
        """Evaluate a value and everything in it; a Result for it, None where a part is poison."""
        if isinstance(raw, Array):
            pairs = zip(raw, raw.places, strict=True)
            items = [self.within(item, at, environment) for item, at in pairs]
            return None if None in items else Result([json_of(i) for i in items], False)  # type: ignore[arg-type]  # noqa: FBT003
        if isinstance(raw, Object):
            found = {k: self.within(v, raw.places[k], environment) for k, v in raw.items()}
            plain = {k: v and json_of(v) for k, v in found.items()}
            return None if None in found.values() else Result(plain, False)  # type: ignore[arg-type]  # noqa: FBT003
        return self.value(raw, place, environment)

    def default(self, op: str, fields: Object) -> dict[str, Any]:
        """Evaluate the defaults of one op, in the document's names."""
        values = {}
        for key, raw in fields.items():
            result = self.within(raw, fields.places[key], self.document)
            if result is not None:
                values[key] = json_of(result)
                self.effective |= {(op, key)} if result.effective else set()
        return values

    def build(
        self, entry: OpEntry, computed: Mapping[str, Result | None], environment: Environment
    ) -> tuple[Made, ...] | None:
        fields = dict(entry.fields)
        fields |= {key: json_of(result) for key, result in computed.items() if result}
        origin = computed.get("filters")
        inherited = "filters" not in fields and (entry.op, "filters") in self.effective
        effective = inherited or bool(origin and origin.effective)
        made = []
        for part in parts_of(entry.op, fields, self.defaults):
            if part.op not in OPS:
                message = f"unknown op {quoted(part.op)}"
                self.faults.add(Fault("E204", message, entry.at("norm")))
                return None
            scaled, written = (part, None) if effective else self.scaled(part)
            op = self.checked(scaled, entry, environment)
            if op is None:
                return None
            made.append(Made(part.suffix, op, written))
        return tuple(made)

    def scaled(self, part: Part) -> tuple[Part, int | None]:
        """Scale ``filters`` by the width multiplier, unless ``fixed``."""
        filters = part.fields.get("filters")
        if not isinstance(filters, int) or part.fields.get("fixed"):
            return part, None
        width = self.width(filters)
        if width == filters:
            return part, None
        return part._replace(fields={**part.fields, "filters": width}), filters

    def checked(self, part: Part, entry: OpEntry, environment: Environment) -> Op | None:
        """Return the op with its fields checked by its class; equal fields give the same object."""
        key = f"{part.op} {part.fields}"
        if key in self.equal:
            return self.equal[key]
        try:
            op = self.equal[key] = OPS[part.op].model_validate(part.fields)
            return op  # noqa: TRY300 - the fault below is the other way out
        except ValidationError as error:

            def related(key: str) -> tuple[Related, ...]:
                return self.causes(entry.fields.get(key), environment)

            report_part(self.faults, error, part, entry.raw, self.spec.defaults, related)
            return None

    def joins(self, fork: Fork) -> tuple[Made, ...] | None:
        """Return the join of a fork."""
        return self.plain(Part("", fork.join, self.defaults.get(fork.join, {})), fork)

    def activation(self, fork: Fork, environment: Environment) -> tuple[Made, ...] | None:
        """Return the activation behind a fork's join, if it has one."""
        result = self.value(fork.activation, fork.at("activation"), environment)
        if result is None:
            return None
        parts = activation_parts(json_value(result.value))
        return self.plain(parts[0], fork) if parts else ()

    def plain(self, part: Part, fork: Fork) -> tuple[Made, ...] | None:
        key = (part.op, repr(part.fields))
        if key not in self.made:
            try:
                op = OPS[part.op].model_validate(part.fields)
                self.made[key] = (Made(part.suffix, op, None),)
            except ValidationError as error:
                report_part(self.faults, error, part, fork.raw, self.spec.defaults)
                self.made[key] = None
        return self.made[key]


def json_of(result: Result) -> Any:
    """Return the plain value of a result, also of one that holds a list or an object."""
    value = result.value
    return value if isinstance(value, list | dict) else json_value(value)

"""Makes the ops that entries and forks stand for, their fields evaluated and scaled.

Imports ``evaluation``, ``composition`` and what they import.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from archgen.composition import Part, activation_parts, parts_of
from archgen.evaluation import Evaluator
from archgen.expressions import Result, is_expression, json_value
from archgen.ir import Op
from archgen.ops import OPS
from archgen.places import Place
from archgen.scopes import Environment, Poisoned
from archgen.source import Array, Object
from archgen.spec import Fork, OpEntry
from archgen.validation import Found, field_of, norm_fault, part_faults


class Made(NamedTuple):
    """An op that an entry stands for; ``written`` is its filters before the width multiplier."""

    suffix: str
    op: Op
    written: int | None


class Maker:
    """Makes ops; None stands for poison. Equal fields give one and the same object."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self.faults = evaluator.faults
        self.raw_defaults = evaluator.spec.defaults
        self.effective: set[tuple[str, str]] = set()
        # The defaults that a fault left without a value, by op: what reads them stays silent.
        self.poisoned: dict[str, set[str]] = {}
        self.defaults = {op: self.default(op, raw) for op, raw in self.raw_defaults.items()}
        self.made: dict[tuple[int, str], tuple[Made, ...] | None] = {}
        self.equal: dict[str, Op] = {}

    def default(self, op: str, fields: Object) -> dict[str, Any]:
        """Evaluate the defaults of one op, in the document's names."""
        document = self.evaluator.document
        results = {k: self.within(raw, fields.places[k], document) for k, raw in fields.items()}
        norm = results.get("norm")
        if norm and is_expression(fields["norm"]) and not self.is_norm(norm, fields.places["norm"]):
            results["norm"] = None
        self.effective |= {(op, k) for k, result in results.items() if result and result.effective}
        self.poisoned[op] = {key for key, result in results.items() if result is None}
        return {key: json_of(result) for key, result in results.items() if result}

    def is_norm(self, computed: Result, place: Place) -> bool:
        """Say whether a computed norm is one; a fault where not."""
        fault = norm_fault(Found(place, json_of(computed)))
        if fault:
            self.faults.add(fault)
        return fault is None

    # ── entries ───────────────────────────────────────────────────────────────────────────────

    def ops(self, entry: OpEntry, environment: Environment) -> tuple[Made, ...] | None:
        """Return the ops of an entry: itself, then its norm and activation."""
        fields = entry.fields
        values = {n: self.within(fields[n], entry.at(n), environment) for n in entry.computed}
        if None in values.values():
            return None
        key = (id(entry), repr(values) if values else "")
        if key not in self.made:
            try:
                self.made[key] = self.build(entry, values, environment)
            except Poisoned:
                self.made[key] = None
        return self.made[key]

    def within(self, raw: Any, place: Place, environment: Environment) -> Result | None:
        """Evaluate a value and everything in it; a list or object becomes plain Python."""
        if isinstance(raw, Array):
            pairs = zip(raw, raw.places, strict=True)
            items = [self.within(item, at, environment) for item, at in pairs]
            return None if None in items else _plain([json_of(item) for item in items if item])
        if isinstance(raw, Object):
            found = {k: self.within(v, raw.places[k], environment) for k, v in raw.items()}
            plain = {key: json_of(item) for key, item in found.items() if item}
            return None if None in found.values() else _plain(plain)
        return self.evaluator.value(raw, place, environment)

    def build(
        self, entry: OpEntry, values: Mapping[str, Result | None], environment: Environment
    ) -> tuple[Made, ...] | None:
        """Make the ops of an entry from its evaluated fields."""
        plain = {key: json_of(result) for key, result in values.items() if result}
        written = entry.fields.get("filters"), values.get("filters")
        inherited = written == (None, None) and (entry.op, "filters") in self.effective
        effective = inherited or bool(written[1] and written[1].effective)
        fields = {**entry.fields, **plain}
        norm = values.get("norm")
        if self.lacks(entry.op, fields) or (norm and not self.is_norm(norm, entry.at("norm"))):
            return None
        made = []
        for part in parts_of(entry.op, fields, self.defaults):
            if part.suffix and self.lacks(part.op, part.fields):
                return None
            before = None
            if "filters" in part.fields and not effective:
                part, before = self.scaled(part)  # noqa: PLW2901 - the part as it is built
            op = self.checked(part, entry, environment)
            if op is None:
                return None
            made.append(Made(part.suffix, op, before))
        return tuple(made)

    def lacks(self, op: str, given: Mapping[str, Any]) -> bool:
        """Say whether a field that is not given has a default, but one without a value."""
        return not given.keys() >= self.poisoned.get(op, set())

    def scaled(self, part: Part) -> tuple[Part, int | None]:
        """Scale ``filters`` by the width multiplier, unless ``fixed``."""
        filters = part.fields.get("filters")
        if not isinstance(filters, int) or part.fields.get("fixed"):
            return part, None
        width = self.evaluator.width(filters)
        if width == filters:
            return part, None
        return part._replace(fields={**part.fields, "filters": width}), filters

    def checked(self, part: Part, entry: OpEntry, environment: Environment) -> Op | None:
        """Return the op with its fields checked by its class."""
        key = part.key or f"{part.op} {part.fields}"
        op = self.equal.get(key)
        if op is not None:
            return op
        try:
            op = self.equal[key] = OPS[part.op].model_validate(part.fields)
        except ValidationError as error:
            for name, fault in part_faults(error, part, entry.raw, self.raw_defaults).items():
                field = field_of(name, part, entry.raw, self.raw_defaults)
                names = self.evaluator.document if field.inherited else environment
                causes = self.evaluator.causes(field.written, names)
                self.faults.add(fault.explained(related=causes, help=fault.help))
        return op

    # ── forks ─────────────────────────────────────────────────────────────────────────────────

    def join(self, fork: Fork) -> tuple[Made, ...] | None:
        """Return the join of a fork."""
        if self.lacks(fork.join, {}):
            return None
        part = Part("", fork.join, self.defaults.get(fork.join, {}))
        return self.plain(part, fork, self.evaluator.document)

    def activation(self, fork: Fork, environment: Environment) -> tuple[Made, ...] | None:
        """Return the activation behind a fork's join, if it has one."""
        if fork.activation is None:
            return ()
        result = self.evaluator.value(fork.activation, fork.at("activation"), environment)
        if result is None:
            return None
        parts = activation_parts(json_value(result.value))
        return self.plain(parts[0], fork, environment) if parts else ()

    def plain(self, part: Part, fork: Fork, environment: Environment) -> tuple[Made, ...] | None:
        """Return an op of a fork."""
        key = part.key or f"{part.op} {part.fields}"
        try:
            op = self.equal.get(key) or OPS[part.op].model_validate(part.fields)
        except ValidationError as error:
            for fault in part_faults(error, part, fork.raw, self.raw_defaults).values():
                causes = self.evaluator.causes(fork.raw.get(part.suffix), environment)
                self.faults.add(fault.explained(related=causes, help=fault.help))
            return None
        self.equal[key] = op
        return (Made(part.suffix, op, None),)


def json_of(result: Result) -> Any:
    """Return the plain value of a result, also of one that holds a list or an object."""
    value: Any = result.value
    return value if isinstance(value, list | dict) else json_value(value)


def _plain(value: Any) -> Result:
    return Result(value, effective=False)

"""From located values to a checked Spec: every level by its class, every fault at its place.

Imports ``spec``, ``composition`` and what they import.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from archgen.bounds import refuse_large, refuse_long, refuse_many_unknown
from archgen.composition import Part, activation_parts, parts_of
from archgen.declaring import Declarations
from archgen.diagnostics import Fault, Faults, closest, named, offering, quoted
from archgen.expressions import is_expression
from archgen.naming import (
    BUILD_ARGUMENTS,
    INPUT,
    PARAMETER_WORDS,
    called,
    is_identifier,
    is_name,
)
from archgen.ops import OPS
from archgen.ops.join import Join
from archgen.places import Place
from archgen.recipe import Augmentation, Training
from archgen.source import Array, Object
from archgen.spec import (
    Branch,
    Broken,
    Entry,
    Fork,
    ForkEntry,
    Head,
    Input,
    Level,
    Module,
    OpEntry,
    Pixels,
    Spec,
    UseEntry,
    Width,
)
from archgen.validation import (
    ENTRY_KEYS,
    follower_of,
    level_faults,
    norm_fault,
    order_fault,
    part_faults,
    unknown_key,
    wrong_kind,
)

LevelType = TypeVar("LevelType", bound=Level)
FORK_KEYS = frozenset(Fork.model_fields)
MODULE_KEYS = [key for key in Module.model_fields if key != "fork"]
KINDS = ("op", "use", "branches")


def read_spec(raw: Object, faults: Faults) -> Spec | None:
    """Return the checked document, with ``extends`` and ``edit`` carried out before.

    None where the document as a whole cannot be read; faults in entries leave Broken entries.
    """
    return _Reader(faults, raw).spec(raw)


class _Reader(Declarations):
    """Reads one document; keeps its defaults and faults at hand."""

    def __init__(self, faults: Faults, document: Object) -> None:
        super().__init__(faults)
        # The ops whose defaults cannot be read: their entries are not blamed for what is missing.
        self.without_defaults: set[str] = set()
        self.defaults: Mapping[str, Object] = self.read_defaults(document)
        parameters = document.get("parameters")
        self.parameter_names = frozenset(parameters if isinstance(parameters, Object) else ())

    # ── levels ────────────────────────────────────────────────────────────────────────────────

    def spec(self, raw: Object) -> Spec | None:
        self.parameters(raw, BUILD_ARGUMENTS)
        children: dict[str, Any] = {"defaults": self.defaults}
        children |= self.child(raw, "input", self.input)
        children |= self.child(raw, "width", lambda width: self.level(Width, width))
        children |= self.child(raw, "training", self.training)
        children |= self.child(raw, "heads", lambda heads: self.members(heads, self.head))
        children |= self.child(raw, "modules", lambda modules: self.members(modules, self.module))
        return self.level(Spec, raw, children | self.layers_of(raw))

    def child(self, raw: Object, key: str, read: Callable[[Object], Any]) -> dict[str, Any]:
        value = raw.get(key)
        if key not in raw:
            return {}
        if isinstance(value, Object):
            return {key: read(value)}
        self.faults.add(wrong_kind(raw.places[key], key, "an object", value))
        return {key: {} if key in ("heads", "modules") else None}

    def members(
        self, raw: Object, read: Callable[[Object, str], LevelType | None]
    ) -> dict[str, LevelType]:
        result = {}
        for key, value in raw.items():
            place = raw.places[key]
            self.name(key, place.of_key())
            if not isinstance(value, Object):
                self.faults.add(wrong_kind(place, key, "an object", value))
            elif (member := read(value, key)) is not None:
                result[key] = member
        return result

    def input(self, raw: Object) -> Input | None:
        if isinstance(pixels := raw.get("pixels"), Object):
            self.level(Pixels, pixels)
        return self.level(Input, raw)

    def training(self, raw: Object) -> Training | None:
        below = self.child(raw, "augmentation", lambda changes: self.level(Augmentation, changes))
        return self.level(Training, raw, below)

    def head(self, raw: Object, _: str) -> Head | None:
        return self.level(Head, raw, self.layers_of(raw))

    def module(self, raw: Object, key: str) -> Module | None:
        if is_name(key) and not is_identifier(key):
            self.bad_name(key, raw.place, PARAMETER_WORDS)
        sound = self.taken(raw)
        if "fork" in raw:
            self.faults.add(unknown_key("fork", raw.places["fork"], ()))
            return None
        fork_keys = [key for key in raw if key in FORK_KEYS]
        if ("layers" in raw) == bool(fork_keys):
            self.no_body(raw)
            return None
        if not fork_keys:
            module = self.level(Module, raw, self.layers_of(raw))
            return module if sound else None
        fork = self.fork(_part(raw, fork_keys), Fork)
        rest = _part(raw, [key for key in raw if key not in FORK_KEYS])
        module = self.level(Module, rest, {"fork": fork})
        return module if fork and sound else None

    def no_body(self, raw: Object) -> None:
        """Report a module without one body; a misspelt key says which was meant."""
        known = [*MODULE_KEYS, *FORK_KEYS]
        unknown = [key for key in raw if key not in known]
        for key in unknown:
            self.faults.add(unknown_key(key, raw.places[key], known))
        if not unknown:
            message = "a module has either `layers` or `branches` with `join`"
            self.faults.add(Fault("E203", message, raw.place))

    def layers_of(self, raw: Object) -> dict[str, Any]:
        if "layers" not in raw:
            return {}
        return {"layers": self.layers(raw["layers"], raw.places["layers"], "layers")}

    # ── entries ───────────────────────────────────────────────────────────────────────────────

    def layers(self, raw: object, place: Place, key: str) -> tuple[Entry, ...]:
        if isinstance(raw, Array):
            return tuple(map(self.entry, raw, raw.places))
        self.faults.add(wrong_kind(place, key, "a list of entries", raw))
        return (Broken().read_from(Object(place)),)

    def entry(self, raw: object, place: Place) -> Entry:
        if not isinstance(raw, Object):
            message = f"an entry is an object with `op`, `use` or `branches`, not {quoted(raw)}"
            self.faults.add(Fault("E203", message, place))
            return Broken().read_from(Object(place))
        entry = self.read_entry(raw)
        if entry is None:
            name = called(raw)
            return Broken(name=name if is_name(name) else None).read_from(raw)
        return entry

    def read_entry(self, raw: Object) -> Entry | None:
        kinds = [key for key in KINDS if key in raw]
        if len(kinds) != 1:
            self.no_one_kind(raw, kinds)
            return None
        if raw.get("name") == INPUT:
            self.name(INPUT, raw.places["name"])
            return None
        readers: dict[str, Callable[[Object], Entry | None]] = {
            "op": self.op_entry,
            "use": self.use_entry,
            "branches": lambda raw: self.fork(raw, ForkEntry),
        }
        return readers[kinds[0]](raw)

    def no_one_kind(self, raw: Object, kinds: list[str]) -> None:
        meant = [key for key in raw if key not in ENTRY_KEYS and closest(key, KINDS)]
        if meant and not kinds:
            self.faults.add(unknown_key(meant[0], raw.places[meant[0]], KINDS))
            return
        found = " and ".join(f"`{key}`" for key in kinds) or "none of them"
        message = f"an entry has one of `op`, `use` and `branches`; this has {found}"
        self.faults.add(Fault("E203", message, raw.place))

    def use_entry(self, raw: Object) -> UseEntry | None:
        refuse_long(raw.get("with"), raw.places.get("with", raw.place), self.faults)
        return self.level(UseEntry, raw)

    def op_entry(self, raw: Object) -> OpEntry | None:
        op = raw["op"]
        if not isinstance(op, str):
            self.faults.add(wrong_kind(raw.places["op"], "op", "the name of an op", op))
            return None
        if op not in OPS:
            self.unknown_op(op, raw.places["op"])
            return None
        fields = {key: value for key, value in raw.items() if key not in ENTRY_KEYS}
        common = _part(raw, [key for key in raw if key in ENTRY_KEYS])
        refuse_many_unknown(raw, OPS[op], self.faults, (*OPS[op].followers, *ENTRY_KEYS))
        for key, value in fields.items():
            refuse_large(value, raw.places[key], self.faults)
        sound = self.check_parts(raw, op, fields)
        entry = self.level(OpEntry, common, {"fields": fields})
        return entry.read_from(raw) if entry and sound else None

    def check_parts(self, raw: Object, op: str, fields: Mapping[str, Any]) -> bool:
        """Check what can be checked before `$`-values are known."""
        norm = follower_of("norm", raw, self.defaults)
        fault = None
        if "norm" in OPS[op].followers and not is_expression(norm.value):
            fault = norm_fault(norm)
        if fault:
            self.faults.add(fault)
        parts = parts_of(op, fields, self.defaults)
        known = [part for part in parts if part.suffix != "norm" or (part.op in OPS and not fault)]
        return self.check_all(known, raw) and not fault

    def check_all(self, parts: list[Part], raw: Object) -> bool:
        """Check every part, also behind one with faults."""
        sound = [self.check_part(part, raw) for part in parts]
        return all(sound)

    def check_part(self, part: Part, raw: Object) -> bool:
        try:
            OPS[part.op].model_validate(part.fields)
        except ValidationError as error:
            found = part_faults(error, part, raw, self.defaults)
            for key, fault in found.items():
                if fault.code != "E202" or part.op not in self.without_defaults:
                    self.faults.add(self.meant_parameter(fault, part.fields.get(key)))
            return not found
        return True

    def meant_parameter(self, fault: Fault, value: object) -> Fault:
        """Ask whether a text that is a parameter's name was meant as its value."""
        if fault.code == "E203" and isinstance(value, str) and value in self.parameter_names:
            return fault.explained(help=f"did you mean `${value}`?")
        return fault

    def fork(self, raw: Object, cls: type[LevelType]) -> LevelType | None:
        branches = raw.get("branches")
        if not isinstance(branches, Object):
            missing = Fault("E202", "`branches` is missing", raw.place)
            place = raw.places.get("branches", raw.place)
            kind = wrong_kind(place, "branches", "an object of branches", branches)
            self.faults.add(kind if "branches" in raw else missing)
            return None
        children = {name: self.branch(branches[name], branches.places[name]) for name in branches}
        for name in branches:
            self.name(name, branches.places[name].of_key())
        fork = self.level(cls, raw, {"branches": children})
        return fork if self.check_fork(raw, list(branches)) else None

    def check_fork(self, raw: Object, branches: list[str]) -> bool:
        join = raw.get("join")
        joins = [name for name, cls in OPS.items() if issubclass(cls, Join)]
        if isinstance(join, str) and join not in joins:
            no_join = f"{named(join)} is not a join"
            message = no_join if join in OPS else f"no join is called {named(join)}"
            fault = Fault("E204", message, raw.places["join"])
            self.faults.add(offering(fault, join, joins, "known joins:"))
            return False
        order = raw.get("order")
        wrong = order_fault(order, raw.places["order"], branches) if order is not None else None
        if wrong:
            self.faults.add(wrong)
            return False
        activation = raw.get("activation")
        written = isinstance(activation, str) and not is_expression(activation)
        parts = activation_parts(activation) if written else []
        return self.check_all(parts, raw)

    def branch(self, raw: object, place: Place) -> Branch:
        located = raw if isinstance(raw, Object) else Object(place)
        if isinstance(raw, Object) and any(key in raw for key in KINDS):
            message = "a branch is a list of entries, not one entry"
            self.faults.add(Fault("E203", message, place, help="put it in `[…]`"))
        elif isinstance(raw, Object):
            if branch := self.level(Branch, raw, self.layers_of(raw)):
                return branch
        else:
            layers = self.layers(raw, place, str(place.path[-1]))
            return Branch(layers=layers).read_from(located)
        return Branch(layers=(Broken().read_from(located),)).read_from(located)

    # ── names, parameters, defaults ───────────────────────────────────────────────────────────

    def read_defaults(self, document: Object) -> dict[str, Object]:
        if "defaults" not in document:
            return {}
        raw = document["defaults"]
        if not isinstance(raw, Object):
            place = document.places["defaults"]
            self.faults.add(wrong_kind(place, "defaults", "an object", raw))
            self.without_defaults.update(OPS)
            return {}
        result = {}
        for op, fields in raw.items():
            if op not in OPS:
                self.unknown_op(op, raw.places[op].of_key(), [op for op in OPS if op not in raw])
                self.without_defaults.add(closest(op, OPS) or "")
            elif not isinstance(fields, Object):
                self.faults.add(wrong_kind(raw.places[op], op, "an object of fields", fields))
                self.without_defaults.add(op)
            else:
                result[op] = self.known_fields(op, fields)
        return result

    def known_fields(self, op: str, fields: Object) -> Object:
        """Refuse what no entry of this op could say; the values are checked at each entry."""
        known = [*OPS[op].model_fields, *OPS[op].followers]
        for key in fields:
            if key not in known:
                self.faults.add(unknown_key(key, fields.places[key], known))
                self.without_defaults.add(op)
            refuse_large(fields[key], fields.places[key], self.faults)
        return _part(fields, [key for key in fields if key in known])

    # ── faults ────────────────────────────────────────────────────────────────────────────────

    def level(
        self, cls: type[LevelType], raw: Object, children: Mapping[str, Any] | None = None
    ) -> LevelType | None:
        refuse_many_unknown(raw, cls, self.faults)
        try:
            return cls.model_validate({**raw, **(children or {})}).read_from(raw)
        except ValidationError as error:
            for fault in level_faults(error, cls, raw, FORK_KEYS if cls is Module else ()):
                self.faults.add(fault)
            return None

    def unknown_op(self, op: str, place: Place, known: Iterable[str] = OPS) -> None:
        fault = Fault("E204", f"unknown op {named(op)}", place)
        self.faults.add(offering(fault, op, known, "known ops:"))


def _part(raw: Object, keys: Iterable[str]) -> Object:
    """Return some members of an object, at the object's own place."""
    part = Object(raw.place)
    for key in keys:
        part[key] = raw[key]
        part.places[key] = raw.places[key]
    return part

"""The parts of the source of one document, and what they call each other.

Imports ``functions``, ``forms``, ``melting``, ``survey``, ``wires`` and what they import.
"""

from collections.abc import Callable, Collection
from typing import Any

from archgen.backends.python.arithmetic import (
    INT,
    NUMBER,
    Inexpressible,
    Scope,
    Term,
    constant,
    exactly,
    term_of,
)
from archgen.backends.python.fields import Fields, is_computed, names_in
from archgen.backends.python.forms import Forms
from archgen.backends.python.functions import (
    UNSET,
    Flags,
    define_calls,
    define_form,
    write_module,
)
from archgen.backends.python.layers import POOLS
from archgen.backends.python.layout import Define
from archgen.backends.python.melting import Melting
from archgen.backends.python.parts import Function
from archgen.backends.python.survey import CHANNELS, DOCUMENT, Survey
from archgen.backends.python.text import Names
from archgen.backends.python.wires import Wires
from archgen.evaluation import Evaluator
from archgen.expressions import is_expression
from archgen.ir import Call as KerasCall
from archgen.ir import Op, Refusal
from archgen.ops import OPS
from archgen.spec import Spec, UseEntry

MULTIPLIER, DIVISOR = "width multiplier", "width divisor"  # no names of a spec: they have spaces
# Maps of sizes with every rest that windows leave, to see whether calls depend on them.
_TRIED = tuple((size, 149 - size, 24) for size in range(40, 110))


class Document:
    """One document on its way to a source.

    ``terms`` are its parameters as the source calls them, ``computed`` those that are made of
    others; ``fixed`` of these are no arguments. ``taken`` are identifiers that no variable takes.
    """

    def __init__(self, spec: Spec, evaluator: Evaluator, survey: Survey) -> None:
        self.spec = spec
        self.evaluator = evaluator
        self.survey = survey
        self.wires = Wires(survey)
        self.melting = Melting(survey, self.wires)
        self.forms = Forms(survey)
        self.terms: dict[str, Term] = {}
        self.computed: dict[str, Any] = {}
        self.fixed: set[str] = set()
        names = Names()
        self._take_parameters(names)
        self.main = names.take(_function_name(spec.name), "_model")
        self.modules = {owner: names.take(owner, "_block") for owner in survey.owners[1:]}
        self._take_forms(names)
        self.names = names
        self.functions: dict[tuple[str, tuple[tuple[str, Any], ...]], Function] = {}
        self.composites: dict[str, Define] = {}
        self.pools: list[Fields] = []  # what pools say that are more than Keras's own

    @property
    def taken(self) -> Collection[str]:
        """Return the identifiers that no variable of a function takes."""
        return self.names.taken

    @property
    def local_names(self) -> list[str]:
        """Return the functions that stand inside the main one."""
        return [form.name for form in self.forms.forms if form.is_local]

    def _take_parameters(self, names: Names) -> None:
        scope = _Parameters(self)
        for name, default in self.spec.parameters.items():
            raw = self.survey.given.get(name, default)
            if name in self.survey.constants:
                self.terms[name] = constant(self.survey.constants[name])
                continue
            kinds, effective = self.survey.kinds[DOCUMENT, name], False
            if is_expression(raw):
                self.computed[name] = raw
                effective = term_of(raw, scope).effective is not False
            if effective and self.spec.width is not None:
                self.fixed.add(name)
            self.terms[name] = Term(names.take(name), kinds, effective=effective)
        if self.spec.width is not None:
            self._take_width(names, MULTIPLIER, self.spec.width.multiplier)
            self._take_width(names, DIVISOR, self.spec.width.divisor)

    def _take_width(self, names: Names, key: str, raw: Any) -> None:
        """Take up what filters are scaled with: a number, a parameter, or what is computed."""
        term = term_of(raw, _Parameters(self))
        if term.operands or (term.symbol and not term.constant):
            self.computed[key] = raw
            self.fixed.add(key)
            term = Term(names.take(key.replace(" ", "_")), frozenset({INT, NUMBER}))
        self.terms[key] = term

    def _take_forms(self, names: Names) -> None:
        for form in self.forms.forms:
            plain = form.op if form.norm is None else f"{form.op}_{form.norm[0]}"
            is_taken = any(other.name == form.op for other in self.forms.forms)
            wanted = plain if is_taken else form.op
            if is_taken and form.norm is None:
                wanted = f"plain_{form.op}"
            form.name = names.take(wanted, "_layers")
            read = {name for value in form.values() for name in names_in(value.raw)}
            around = {self.terms[name].text for name in read if name in self.terms}
            for name in (*form.leading, *form.trailing):
                form.keywords[name] = f"{name}_" if name in around else name

    @property
    def rounds_up(self) -> bool:
        """Say whether a pool may pad other than "same": explicitly, or over a rest."""
        paddings = [said["padding"].raw for said in self.pools if "padding" in said]
        ceiled = any(said["ceil_mode"].raw for said in self.pools if "ceil_mode" in said)
        return ceiled or any(padding not in ("same", "valid") for padding in paddings)

    def ordered(self, names: Collection[str]) -> list[str]:
        """Return names of the document in their order there."""
        return [name for name in self.terms if name in set(names)]

    # ── width ─────────────────────────────────────────────────────────────────────────────────

    def widened(self, filters: Term, read: Callable[[str], Term]) -> Term:
        """Return filters under the width multiplier, unless that went into them already."""
        if filters.effective is None:
            raise Inexpressible("whether filters are scaled depends on the parameters")
        if filters.effective:
            return filters
        whole, arguments = frozenset({INT}), [filters.text]
        if self.spec.width is None:
            if filters.is_whole:
                return filters
            return Term(f"width({exactly(filters).text})", whole, effective=True)
        multiplier, divisor = read(MULTIPLIER), read(DIVISOR)
        if multiplier.constant and divisor.constant and filters.constant:
            value = filters.constant[0]
            if isinstance(value, str | bool) or value is None:
                raise Inexpressible("filters are no number")
            return Term(str(self.evaluator.width(value)), whole, effective=True,
                        constant=(self.evaluator.width(value),))  # fmt: skip
        arguments = [exactly(filters).text]
        arguments += [] if multiplier.constant else [multiplier.text]
        arguments += [] if divisor.constant else [f"divisor={divisor.text}"]
        return Term(f"width({', '.join(arguments)})", whole, effective=True, symbol="width")

    # ── functions ─────────────────────────────────────────────────────────────────────────────

    def function(self, entry: UseEntry, scope: Scope) -> Function:
        """Return the function of a module for a use of it; it is written with its first use."""
        flags = self._flags(entry, scope) if self.spec.width is not None else {}
        key = entry.use, tuple(flags.items())
        if key not in self.functions:
            is_first = all(owner != entry.use for owner, _ in self.functions)
            name = self.modules[entry.use]
            name = name if is_first else self.names.take(name, "_variant")
            self.functions[key] = Function(name)
            write_module(self, entry.use, self.functions[key], flags)
        return self.functions[key]

    def _flags(self, entry: UseEntry, scope: Scope) -> Flags:
        """Return which parameters of a module the width multiplier went into already."""
        module = self.spec.modules[entry.use]
        flags: dict[str, bool | str | None] = {}
        for name in dict.fromkeys([*module.required, *module.parameters]):
            if name in entry.with_:
                flags[name] = term_of(entry.with_[name], scope).effective
                if flags[name] is None:
                    raise Inexpressible("whether filters are scaled depends on the parameters")
            else:
                flags[name] = UNSET if _may_be_scaled(module.parameters[name], flags) else False
        return flags

    def form_definitions(self, *, local: bool) -> list[Define]:
        """Return the functions that alike convolutions share."""
        return [define_form(self, form) for form in self.forms.forms if form.is_local is local]

    def composed(self, op: str, fields: Fields) -> str:
        """Return the name of the function that makes an op of several calls of Keras.

        Raises:
            Inexpressible: a parameter, or the size of the map, decides which calls.
        """
        if any(is_computed(value.raw) for value in fields.values()):
            raise Inexpressible(f"{op} is made of other calls for other parameters")
        made = OPS[op].model_validate({name: value.raw for name, value in fields.items()})
        key = repr(made)
        if key not in self.composites:
            notes = [f"{made.label().capitalize()}."]
            name = self.names.take(f"padded_{op}" if op in POOLS else op, "_layers")
            self.composites[key] = define_calls(self, name, _calls(made), notes)
        return self.composites[key].name


def _calls(made: Op) -> tuple[KerasCall, ...]:
    try:
        found = {repr(calls): calls for calls in (made.call((shape,)) for shape in _TRIED)}
    except (Refusal, IndexError) as error:
        raise Inexpressible(f"{made.kind} is made of other calls for other maps") from error
    if len(found) > 1:
        raise Inexpressible(f"{made.kind} is made of other calls for other maps")
    return next(iter(found.values()))


class _Parameters:
    """The document's parameters while they are taken up."""

    def __init__(self, document: Document) -> None:
        self.document = document

    def lookup(self, name: str) -> Term:
        return self.document.terms[name]

    def width(self, filters: Term) -> Term:
        return Term(f"width({filters.text})", frozenset({INT}), effective=True)


def _may_be_scaled(raw: Any, flags: Flags) -> bool:
    """Say whether a default may be computed of what is scaled already."""
    names = names_in(raw)
    above = any(flags.get(name, False) is not False for name in names)
    return is_expression(raw) and (above or CHANNELS in names or "width" in raw)


def _function_name(name: str) -> str:
    return name if name.isidentifier() else f"net_{name}"

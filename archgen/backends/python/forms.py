"""Convolutions that are alike become one function: what differs between them are its parameters.

Imports ``fields``, ``survey`` and what they import.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from archgen.backends.python.arithmetic import INT, NUMBER, TEXT, term_of
from archgen.backends.python.fields import (
    Fields,
    Said,
    Value,
    is_computed,
    names_in,
    normal,
    positional,
    said_by,
)
from archgen.backends.python.survey import CHANNELS, DOCUMENT, INDEX, Survey
from archgen.expressions import Scalar, is_expression
from archgen.ops import OPS
from archgen.ops.windows import Kernel
from archgen.spec import OpEntry

LINEAR = "linear"
ACTIVATION, PADDING, FILTERS = "activation", "padding", "filters"
# Whether the layer pads itself, a layer in front of it does, or that is known only when it runs.
Padded = Literal["layer", "pad", "either"]


class Site(NamedTuple):
    """An op's entry, the module it stands in, and what it says."""

    entry: OpEntry
    owner: str
    said: Said
    padded: Padded


@dataclass
class Form:
    """A function for several entries: one layer, the norm and the activation behind it.

    ``shared`` are the fields that all of them have, ``own`` those that differ, each with the value
    that goes without saying, None where there is none. ``keywords`` are what the parameters are
    called in the source.
    """

    op: str
    norm: tuple[str, Fields] | None
    sites: Sequence[Site]
    shared: dict[str, Value] = field(default_factory=dict)
    own: dict[str, Value | None] = field(default_factory=dict)
    name: str = ""
    keywords: dict[str, str] = field(default_factory=dict)

    @property
    def is_local(self) -> bool:
        """Say whether the function reads parameters of the document, so that it stands inside."""
        return any(is_computed(value.raw) for value in self.values())

    @property
    def padded(self) -> Padded:
        """Say who pads."""
        ways = {site.padded for site in self.sites}
        return ways.pop() if len(ways) == 1 else "either"

    @property
    def activates(self) -> bool:
        """Say whether some entry has an activation."""
        return any(site.said.activation for site in self.sites)

    @property
    def leading(self) -> tuple[str, ...]:
        """Return the parameters that are given without a keyword."""
        order = positional(self.op)
        return tuple(name for name in order if name in self.own and self.own[name] is None)

    @property
    def trailing(self) -> tuple[str, ...]:
        """Return the parameters that are given by keyword, in Keras's order."""
        order = [*OPS[self.op].model_fields, ACTIVATION]
        return tuple(name for name in order if name in self.own and name not in self.leading)

    def values(self) -> Iterator[Value]:
        """Yield every value that stands in the function itself."""
        yield from self.shared.values()
        if self.norm:
            yield from self.norm[1].values()


class Forms:
    """The entries of convolutions in a spec, and the functions that some of them share."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey
        self.sites: dict[int, Site] = {}
        self.by_entry: dict[int, Form] = {}
        self.forms: list[Form] = []
        for owner in survey.owners:
            for entry in survey.entries(owner):
                if isinstance(entry, OpEntry) and issubclass(OPS[entry.op], Kernel):
                    self.sites[id(entry)] = self._site(entry, owner)
        groups: dict[object, list[Site]] = {}
        for site in self.sites.values():
            if self._is_fused(site):
                groups.setdefault(self._key(site), []).append(site)
        for sites in sorted(groups.values(), key=len, reverse=True):
            if len(sites) > 1 or sites[0].padded == "either":
                self._form(sites)

    def _site(self, entry: OpEntry, owner: str) -> Site:
        def known(value: Value) -> tuple[Scalar] | None:
            return self.survey.known(value.raw, DOCUMENT if value.inherited else owner)

        said = said_by(entry.op, entry.fields, self.survey.spec.defaults, known)
        return Site(entry, owner, said, self.padded(said.fields.get(PADDING), owner))

    def padded(self, value: Value | None, owner: str) -> Padded:
        """Say who pads, the layer or one in front of it."""
        if value is None or (isinstance(value.raw, str) and not is_expression(value.raw)):
            return "layer"
        if not is_expression(value.raw):
            return "pad"
        kinds = term_of(value.raw, self.survey.scope(DOCUMENT if value.inherited else owner)).kinds
        if kinds & {INT, NUMBER}:
            return "either" if TEXT in kinds else "pad"
        return "layer"

    def _is_fused(self, site: Site) -> bool:
        return bool(site.said.norm or site.said.activation or site.padded != "layer")

    def _key(self, site: Site) -> object:
        if site.said.norm is None:
            return site.entry.op
        op, fields = site.said.norm
        said = {name: self.key_of(op, name, fields[name], site.owner) for name in fields}
        return site.entry.op, op, tuple(sorted(said.items()))

    def key_of(self, op: str, name: str, value: Value, owner: str) -> str:
        """Return what tells a value from others: its text, and whose names it reads."""
        if not is_computed(value.raw):
            return f"= {normal(op, name, value.raw)!r}"
        if self.is_of_document(value, owner):
            return f"$ {json.dumps(value.raw)}"
        return f"{owner} {id(value.raw)}"

    def is_of_document(self, value: Value, owner: str) -> bool:
        """Say whether a value reads nothing but the document's parameters."""
        names = names_in(value.raw)
        mine = (self.survey.owner_of(name, owner) != DOCUMENT for name in names)
        return value.inherited or not (names & {INDEX, CHANNELS} or any(mine))

    def is_same(self, op: str, name: str, value: Value, usual: Value, owner: str) -> bool:
        """Say whether a value is the one that goes without saying."""
        return self.key_of(op, name, value, owner) == self.key_of(op, name, usual, DOCUMENT)

    # ── what differs ──────────────────────────────────────────────────────────────────────────

    def _form(self, sites: list[Site]) -> None:
        form = Form(sites[0].entry.op, sites[0].said.norm, sites)
        names = dict.fromkeys(name for site in sites for name in site.said.fields)
        for name in names:
            if name != "fixed":
                self._parameter(form, name)
        if form.activates:
            self._parameter(form, ACTIVATION)
        self.forms.append(form)
        self.by_entry |= {id(site.entry): form for site in sites}

    def _parameter(self, form: Form, name: str) -> None:
        values = [self.value_of(site, name) for site in form.sites]
        op = ACTIVATION if name == ACTIVATION else form.op
        keys = {
            self.key_of(op, name, value, site.owner) if value else ""
            for value, site in zip(values, form.sites, strict=True)
        }
        first = values[0]
        scaled = name == FILTERS and self.survey.spec.width is not None
        is_shared = first and self.is_of_document(first, form.sites[0].owner)
        if first and is_shared and len(keys) == 1 and not scaled:
            form.shared[name] = first
            return
        form.own[name] = self._usual(form.op, name, keys)

    def value_of(self, site: Site, name: str) -> Value | None:
        """Return what an entry says, or what Keras takes where it says nothing."""
        if name == ACTIVATION:
            return site.said.activation or Value(LINEAR)
        if name in site.said.fields:
            return site.said.fields[name]
        info = OPS[site.entry.op].model_fields[name]
        return None if info.is_required() else Value(_listed(info.default))

    def _usual(self, op: str, name: str, keys: set[str]) -> Value | None:
        """Return the value that goes without saying: the document's default, else Keras's."""
        below: Mapping[str, Any] = self.survey.spec.defaults.get(op, {})
        if name in below:
            usual = LINEAR if name == ACTIVATION and below[name] is None else below[name]
        elif name == ACTIVATION:
            usual = LINEAR
        elif OPS[op].model_fields[name].is_required():
            return None
        else:
            usual = _listed(OPS[op].model_fields[name].default)
        of = ACTIVATION if name == ACTIVATION else op
        if is_computed(usual) or self.key_of(of, name, Value(usual), DOCUMENT) not in keys:
            return None
        return Value(usual)


def _listed(value: Any) -> Any:
    """Return a default as a spec would write it."""
    return [_listed(item) for item in value] if isinstance(value, tuple) else value

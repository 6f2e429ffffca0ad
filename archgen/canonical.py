"""The one layout a spec is written in: what fits a line stands on it; imports nothing of archgen."""

import json
from collections.abc import Mapping, Sequence

WIDTH = 100


def canonical(spec: Mapping[str, object]) -> str:
    """Return a spec as JSON text in the canonical layout; keys keep their order."""
    return _broken(spec, 0, 0) + "\n"


def _layout(value: object, indent: int, used: int) -> str:
    """Lay out a value after ``used`` characters of its line, at ``indent`` spaces."""
    flat = _flat(value)
    if used + len(flat) + 1 <= WIDTH or not isinstance(value, (dict, list)) or not value:
        return flat
    return _broken(value, indent, used)


def _flat(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _broken(value: Mapping[str, object] | Sequence[object], indent: int, _used: int) -> str:
    inner = indent + 2
    if isinstance(value, Mapping):
        opening, closing = "{}"
        heads = [_flat(key) + ": " for key in value]
        members = list(value.values())
    else:
        opening, closing = "[]"
        heads = [""] * len(value)
        members = list(value)
    pad = " " * inner
    rows = [
        pad + head + _layout(member, inner, inner + len(head))
        for head, member in zip(heads, members, strict=True)
    ]
    return opening + "\n" + ",\n".join(rows) + "\n" + " " * indent + closing

"""The one layout a spec is written in; imports nothing of archgen.

1. What fits the line stands on it; the document itself is always one member a line.
2. An object of short members and one long one at its end opens that one on its own line.
3. Scalars fill their lines; everything else stands one member a line.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeGuard

WIDTH = 120
Container = Mapping[str, object] | Sequence[object]


def canonical(spec: Mapping[str, object]) -> str:
    """Return a spec as JSON text in the canonical layout; keys keep their order."""
    return _stacked(spec, 0) + "\n"


def _layout(value: object, indent: int, used: int) -> str:
    """Lay a value out behind ``used`` characters of a line that begins at ``indent``.

    Behind it stand a comma and the brackets that close what it ends, so two places stay free.
    """
    flat = _flat(value)
    if used + len(flat) + 2 <= WIDTH or not _is_container(value) or not value:
        return flat
    return _broken(value, indent, used)


def _broken(value: Container, indent: int, used: int) -> str:
    return _opening_last(value, indent, used) or _filled(value, indent) or _stacked(value, indent)


def _opening_last(value: Container, indent: int, used: int) -> str | None:
    """Keep an object's short members on the line and open its last one there."""
    if not isinstance(value, Mapping):
        return None
    *short, (key, last) = value.items()
    if not _is_container(last) or not last or not all(_is_short(member) for _, member in short):
        return None
    head = "{" + "".join(f"{_flat(name)}: {_flat(member)}, " for name, member in short)
    head += f"{_flat(key)}: "
    if used + len(head) + 1 > WIDTH:
        return None
    return head + _broken(last, indent, used + len(head)) + "}"


def _filled(value: Container, indent: int) -> str | None:
    """Fill lines with scalars."""
    if not all(_is_short(member) for member in _members(value)):
        return None
    pad = " " * (indent + 2)
    lines = [pad]
    for text in _texts(value, indent):
        if len(lines[-1]) + len(text) + 2 > WIDTH and lines[-1] != pad:
            lines[-1] = lines[-1].rstrip()
            lines.append(pad)
        lines[-1] += text + ", "
    lines[-1] = lines[-1].removesuffix(", ")
    return _enclosed(value, lines, indent)


def _stacked(value: Container, indent: int) -> str:
    """Put each member on a line of its own."""
    pad = " " * (indent + 2)
    rows = [pad + text for text in _texts(value, indent)]
    return _enclosed(value, [row + "," for row in rows[:-1]] + rows[-1:], indent)


def _texts(value: Container, indent: int) -> Iterable[str]:
    inner = indent + 2
    if isinstance(value, Mapping):
        for key, member in value.items():
            head = _flat(key) + ": "
            yield head + _layout(member, inner, inner + len(head))
    else:
        for member in value:
            yield _layout(member, inner, inner)


def _enclosed(value: Container, lines: Sequence[str], indent: int) -> str:
    opening, closing = "{}" if isinstance(value, Mapping) else "[]"
    return "\n".join([opening, *lines, " " * indent + closing])


def _members(value: Container) -> Iterable[object]:
    return value.values() if isinstance(value, Mapping) else value


def _is_container(value: object) -> TypeGuard[Container]:
    return isinstance(value, dict | list)


def _is_short(value: object) -> bool:
    """Say whether a member is a scalar or a list of nothing but scalars."""
    members = value if isinstance(value, list) else [value]
    return not any(isinstance(member, dict | list) for member in members)


def _flat(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)

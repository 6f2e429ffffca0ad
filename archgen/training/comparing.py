"""What differs between two JSON documents, told by pointers."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

MOST = 5
ABSENT = "nothing"
WIDTH = 40


def differences(before: str, after: str) -> tuple[str, ...]:
    """Return where two JSON texts differ, one line each: ``/layers/0/filters: 8, now 16``."""
    found = _differences(json.loads(before), json.loads(after), "")
    lines = [f"{pointer or '/'}: {one}, now {other}" for pointer, one, other in islice(found, MOST)]
    more = sum(1 for _ in found)
    return (*lines, f"and {more} more") if more else tuple(lines)


def _differences(before: Any, after: Any, at: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            yield from _members(before, after, key, at)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _differences(one, other, f"{at}/{index}")
    elif type(before) is not type(after) or before != after:
        yield at, _told(before), _told(after)


def _members(before: Any, after: Any, key: str, at: str) -> Iterator[tuple[str, str, str]]:
    pointer = f"{at}/{key.replace('~', '~0').replace('/', '~1')}"
    if key not in after:
        yield pointer, _told(before[key]), ABSENT
    elif key not in before:
        yield pointer, ABSENT, _told(after[key])
    else:
        yield from _differences(before[key], after[key], pointer)


def _told(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"

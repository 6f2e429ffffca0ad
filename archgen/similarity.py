"""The names that a misspelt one may mean, found quickly also in a hostile file; imports ``limits``.

The standard library's measure is slow on long words of few letters, so it sees only the few names
that share the most letters with the word.
"""

from collections.abc import Iterable
from difflib import SequenceMatcher
from functools import lru_cache
from heapq import nlargest
from itertools import islice
from typing import Final

from archgen.limits import LIMITS

CUTOFF: Final = 0.6  # the standard library's own
MEASURED: Final = 3
LONGEST_COMPARED: Final = LIMITS.name + LIMITS.name // 2


def similar(word: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return up to three names that look like the word, the likeliest first."""
    compared = dict.fromkeys(islice(names, LIMITS.compared))
    return _similar(word, tuple(compared)) if len(word) <= LONGEST_COMPARED else ()


@lru_cache(maxsize=256)  # the copies of a repeated entry ask the same
def _similar(word: str, names: tuple[str, ...]) -> tuple[str, ...]:
    matcher = SequenceMatcher(b=word)
    sharing = []
    for name in names:
        matcher.set_seq1(name)
        # In this order: each is an upper bound of the next.
        if len(name) <= LONGEST_COMPARED and matcher.real_quick_ratio() >= CUTOFF:
            sharing.append((matcher.quick_ratio(), name))
    measured = [(_ratio(matcher, name), name) for _, name in nlargest(MEASURED, sharing)]
    return tuple(name for ratio, name in sorted(measured, reverse=True) if ratio >= CUTOFF)


def _ratio(matcher: SequenceMatcher[str], name: str) -> float:
    matcher.set_seq1(name)
    return matcher.ratio()

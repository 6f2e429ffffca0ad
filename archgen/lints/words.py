"""Counts in words; imports nothing of archgen."""


def plural(count: int, noun: str) -> str:
    """Return ``1 row`` or ``1,000 rows``."""
    return f"{count:,} {noun}{'s' * (count != 1)}"

"""How much a spec may ask for, so that a stranger's file cannot hang a machine; one table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds, each inclusive."""

    file_bytes: int = 1 << 20
    json_values: int = 100_000
    json_depth: int = 64
    number_characters: int = 64
    references: int = 64
    reference_depth: int = 16
    repeat: int = 10_000
    module_depth: int = 32
    nodes: int = 100_000
    dimension: int = 2**31 - 1


LIMITS = Limits()

"""What pictures say of boxes and modules: costs, faults, tooltips.

Imports ``typography`` and ``view``.
"""

from archgen.render.typography import Run, quantity, wrapped
from archgen.render.view import Box, Group, shape_words

FAULT_WIDTH, FAULT_LINES = 210.0, 4


def bar_runs(words: str, shapes: str) -> tuple[Run, Run]:
    """Return what a bar says: its words, and its shapes muted behind them."""
    return (Run(words, 11), Run(shapes, 10.5, "muted", gap=6))


def cost_text(params: int, macs: int) -> str:
    """Return ``318 k params · 388 M MACs``."""
    return f"{quantity(params)} params · {quantity(macs)} MACs"


def costs_of(group: Group, params: int | None = None, macs: int | None = None) -> str:
    """Return what a module costs, one copy of it unless totals are given."""
    if not group.is_known:
        return "shapes not known"
    said = cost_text(
        group.params if params is None else params, group.macs if macs is None else macs
    )
    if params is not None or len(group.copies) == 1:
        return said
    return said + (" each" if group.alike else " the first")


def told(box: Box) -> list[list[Run]]:
    """Return the lines that say what is wrong with a box."""
    return [[Run(line, 10, "fault")] for line in wrapped(box.fault, 10, FAULT_WIDTH, FAULT_LINES)]


def hint_of(box: Box) -> str:
    """Return the tooltip of a box."""
    shape = f"{shape_words(box.shape)} · {box.params:,} params · {box.macs:,} MACs"
    said = f"{box.name}: {box.caption.words} {box.caption.marks} → {shape}".replace("  ", " ")
    return f"{said}\n{box.fault}" if box.fault else said

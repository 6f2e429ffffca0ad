"""What the reader's side can show: found from the stream and the environment."""

import os
from typing import TextIO

from archgen.look import Look

FEWEST_COLUMNS = 20
USUAL_COLUMNS = 80
# Windows consoles that read colours; older ones would print them as signs.
_WINDOWS_WITH_COLOURS = ("WT_SESSION", "TERM_PROGRAM", "ANSICON", "ConEmuANSI")


def look_of(stream: TextIO) -> Look:
    """Return how to print to a stream.

    ``NO_COLOR`` and then ``FORCE_COLOR`` decide on colours where they are not empty, else whether
    a terminal that is not ``TERM=dumb`` reads; only a terminal's width wraps text.
    """
    terminal = stream.isatty()
    columns = _columns(stream) if terminal else None
    return Look(columns, _has_colours(terminal=terminal), stream.encoding)


def _has_colours(*, terminal: bool) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    old = os.name == "nt" and not any(map(os.environ.get, _WINDOWS_WITH_COLOURS))
    return terminal and not old and os.environ.get("TERM") != "dumb"


def _columns(stream: TextIO) -> int:
    """Return the width of a terminal, that of ``COLUMNS`` where it is given."""
    given = os.environ.get("COLUMNS", "")
    if given.isascii() and given.isdigit() and int(given):
        return max(int(given), FEWEST_COLUMNS)
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        columns = 0
    return max(columns or USUAL_COLUMNS, FEWEST_COLUMNS)

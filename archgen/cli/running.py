"""One command from its arguments to its exit code."""

import errno
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from archgen.cli import (
    building,
    checking,
    coding,
    editing,
    explaining,
    exporting,
    fitting,
    rendering,
    showing,
    training,
    verifying,
)
from archgen.cli.application import app
from archgen.cli.printing import prepare, say, unwritable
from archgen.cli.refusing import INTERRUPTED, refused, unexpected, unread
from archgen.diagnostics import ArchgenError, Fault, MachineError

# Importing a module of verbs adds them to the program, in the order that its help shows.
VERBS = (
    showing,
    checking,
    explaining,
    rendering,
    fitting,
    building,
    training,
    exporting,
    coding,
    verifying,
    editing,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    prepare()
    with ExitStack() as held:
        return _run(arguments, held)


def _run(arguments: list[str], held: ExitStack) -> int:
    """Run one command; ``held`` is what it holds until its faults are told."""
    try:
        result = app(args=arguments, prog_name="archgen", standalone_mode=False, obj=held)
        say("", end="")  # what Typer printed leaves now, while its failure can be told
    except ArchgenError as error:
        return refused(error)
    except MemoryError:
        return refused(MachineError(Fault("E504", "there is not enough memory for this")))
    except KeyboardInterrupt:
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):  # Typer makes this of a broken pipe, and of nothing else
        return unread()
    except OSError as error:  # Typer prints its help itself
        return refused(unwritable(error)) if error.errno == errno.ENOSPC else unexpected(error)
    except Exception as error:  # noqa: BLE001 - whatever else comes out is a bug of ours
        return unexpected(error)
    return result if isinstance(result, int) else 0

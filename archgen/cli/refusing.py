"""What stops a verb, and the exit code of that."""

import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from archgen.cli.printing import complain, complain_of, leave_output
from archgen.diagnostics import ArchgenError, Fault, MachineError

OUR_BUG, INTERRUPTED = 70, 130
Result = TypeVar("Result")


def refused(error: ArchgenError) -> int:
    """Tell the faults of an error; return its exit code."""
    complain_of(error.faults)
    return error.exit_code


def unread() -> int:
    """Leave quietly: who reads our output has seen enough of it."""
    leave_output()
    return 0


def unexpected(error: Exception) -> int:
    """Report a usage error of the command line as such, anything else as a bug."""
    show, code = getattr(error, "show", None), getattr(error, "exit_code", None)
    if callable(show) and isinstance(code, int):
        show()
        return code
    if type(error).__name__ in ("Abort", "Exit"):
        return int(getattr(error, "exit_code", INTERRUPTED))
    complain("".join(traceback.format_exception(error)))
    complain("this is a bug of archgen, not of the spec: an error that it should not meet")
    complain("please report it with the lines above, the command and, if you can, the spec")
    return OUR_BUG


def each(
    given: Iterable[str], act: Callable[[str], Result]
) -> tuple[list[tuple[str, Result]], int]:
    """Act on every file; return the results there are, and the exit code of the worst failure."""
    results, worst = [], 0
    for one in given:
        try:
            results.append((one, act(one)))
        except ArchgenError as error:
            worst = max(worst, refused(error))
    return results, worst


class writing:  # noqa: N801 - reads as a word in a with statement
    """Turns what goes wrong while writing into one clear line."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, OSError):
            reason = (error.strerror or str(error)).lower()
            raise MachineError(Fault("E503", f"cannot write {self.path}: {reason}")) from error

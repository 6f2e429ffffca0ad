"""How far a run is, on standard error: a bar in a terminal, elsewhere a line an epoch."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from archgen.cli.printing import complain, plain
from archgen.training.loop import Seen


@contextmanager
def following() -> Iterator[Callable[[str | Seen], None]]:
    """Yield what tells a sentence, or how far a run is."""
    if not sys.stderr.isatty():
        yield _line
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(file=sys.stderr, highlight=False, markup=False)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[loss]}"))
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
        task = bar.add_task("compiling", total=None, loss="")

        def shown(seen: str | Seen) -> None:
            if isinstance(seen, str) or seen.row is not None:
                console.print(plain(_told(seen)))
            else:
                done, whole = (seen.epoch - 1) * seen.steps + seen.step, seen.epochs * seen.steps
                where = f"epoch {seen.epoch}/{seen.epochs}, step {seen.step}/{seen.steps}"
                loss = f"loss {seen.loss:.4f}"
                bar.update(task, description=where, completed=done, total=whole, loss=loss)

        yield shown


def _line(seen: str | Seen) -> None:
    if isinstance(seen, str) or seen.row is not None:
        complain(_told(seen))


def _told(seen: str | Seen) -> str:
    """Return a sentence, or an epoch in one line."""
    if isinstance(seen, str):
        return seen
    row = seen.row
    if row is None:
        return ""
    return (
        f"epoch {row.epoch}/{seen.epochs}  loss {row.loss:.4f}  accuracy {row.accuracy:.1%}"
        f"  validation {row.val_accuracy:.1%}  {row.seconds_per_step:.3g} s a step"
    )

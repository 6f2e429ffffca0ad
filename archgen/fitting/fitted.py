"""A fitted spec: the document that `fit` makes, and what there is to tell of it.

Imports ``telling`` and ``search``.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from archgen.canonical import canonical
from archgen.diagnostics import Fault, UsageError, named
from archgen.fitting.changes import count_fields
from archgen.fitting.search import Found
from archgen.fitting.steps import Step
from archgen.fitting.telling import Comparison
from archgen.ir import Shape, shape_text
from archgen.library import shipped
from archgen.naming import NAME_LENGTH, is_name

# The order in which a spec's keys are read.
ORDER = ("archgen", "name", "extends", "title", "description", "input", "parameters", "defaults",
         "width", "heads", "modules", "edit")  # fmt: skip


class Fitted(dict[str, Any]):
    """A new spec as a dict, ready for `archgen.build` and `json.dump`; how it came about beside it.

    ``steps`` are the changes by name, ``remarks`` what is left to know of it, ``number`` says how
    many answers come before it, ``alternatives`` are the others.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        steps: Sequence[Step],
        comparison: Comparison,
        remarks: Sequence[str] = (),
        number: int = 1,
    ) -> None:
        super().__init__(document)
        self.steps = tuple(steps)
        self.comparison = comparison
        self.remarks = tuple(remarks)
        self.number = number
        self.alternatives: tuple[Fitted, ...] = ()

    @property
    def fields(self) -> int:
        """Return how many fields it states, its input and parameters included."""
        return count_fields(self)

    def spec_text(self) -> str:
        """Return the spec as the text of a file."""
        return canonical(self)

    def text(self) -> str:
        """Return in words what was done: steps, sizes before and after, costs, remarks."""
        blocks = [[self._headline()], [f"  {line}" for line in self.listed()]]
        blocks += [self.comparison.lines(), [f"note: {remark}" for remark in self.remarks]]
        for other in self.alternatives:
            heading = f"answer {other.number}: {other.counted()}, {other.comparison.costs_text()}"
            blocks.append([heading, *[f"  {line}" for line in other.listed()]])
        return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"

    def counted(self) -> str:
        """Return how many steps there are, and how many fields they and the wishes take."""
        fields = f"{self.fields} field{'s' * (self.fields != 1)}"
        if not self.steps:
            return f"works as it is, {fields}"
        return f"{len(self.steps)} step{'s' * (len(self.steps) != 1)}, {fields}"

    def _headline(self) -> str:
        where = f"{PurePath(str(self['extends'])).name} at {shape_text(self.comparison.shape)}"
        return f"{where}: {self.counted()} stated"

    def listed(self) -> list[str]:
        """Return the steps, a line each."""
        width = max((len(step.word) for step in self.steps), default=0)
        return [f"{step.word:{width}}  {step.says}" for step in self.steps]

    def record(self) -> dict[str, object]:
        """Return everything as JSON-ready data."""
        return {
            "spec": dict(self),
            "fields": self.fields,
            "steps": [_step_record(step) for step in self.steps],
            **self.comparison.record(),
            "remarks": list(self.remarks),
            "alternatives": [other.record() for other in self.alternatives],
        }


def _step_record(step: Step) -> dict[str, object]:
    changes = [{"path": list(path), "value": value} for path, value in step.changes]
    return {"kind": step.kind, "says": step.says, "changes": changes}


class Target:
    """The file that a fitted spec is written to, which says how it is called and what it extends.

    Without one, it is what stands in the current folder.
    """

    def __init__(self, spec: str | Path, output: Path | None) -> None:
        self.spec = spec
        self.output = output

    def extends(self) -> str:
        """Return what the new spec extends.

        Raises:
            UsageError: E217, the file is not below the folder of the new one; E503, the two are
                one file, or its name does not end in .json.
        """
        if self.output is not None and self.output.suffix != ".json":
            message = f"a spec's name ends in .json, not {named(self.output.name)}"
            raise UsageError(Fault("E503", message))
        if shipped(str(self.spec)) is not None:
            return str(self.spec)
        base = Path(self.spec).resolve()
        if self.output is not None and self.output.resolve() == base:
            message = f"{named(self.output.name)} is the spec that is to be fitted"
            raise UsageError(Fault("E503", message, help="write to another file beside it"))
        folder = (self.output.parent if self.output is not None else Path()).resolve()
        if not base.is_relative_to(folder):
            message = f"{named(str(self.spec))} is not below {named(str(folder))}"
            advice = f"write to a file beside it: `-o {Path(self.spec).parent / 'fitted.json'}`"
            note = "a spec extends files below its own folder"
            raise UsageError(Fault("E217", message, notes=(note,), help=advice))
        return base.relative_to(folder).as_posix()

    def name(self, parent: str, shape: Shape) -> str:
        """Return what the new spec is called: like its file, else like its parent and its size."""
        stem = self.output.stem if self.output is not None else ""
        kept = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in stem)
        if is_name(kept):
            return kept
        size = f"_{shape[0]}x{shape[1]}"
        return parent[: NAME_LENGTH - len(size)] + size


def document_of(found: Found, name: str, extends: str, title: str, shape: Shape) -> dict[str, Any]:
    """Return the document of what was found, with its head, in the order of a spec's keys."""
    size = shape_text(shape)
    head = {"archgen": 1, "name": name, "extends": extends, "title": f"{title} at {size}"}
    if found.steps:
        steps = "; ".join(step.says for step in found.steps)
        head["description"] = f"Fitted to {size}: {steps}."
    document = {**found.document, **head}
    return {key: document[key] for key in ORDER if document.get(key)}

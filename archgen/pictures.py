"""Pictures of networks: ``archgen.render`` and what a notebook shows of a spec.

Imports ``api``, ``sketch`` and ``render``; TensorFlow, Keras and NumPy are not needed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import NamedTuple

from archgen import api
from archgen.analysis import Analysis
from archgen.api import Scalar, SpecLike
from archgen.collection import uncollected
from archgen.diagnostics import Fault, Faults, MachineError, SpecError, UsageError
from archgen.files import write_bytes
from archgen.ir import Graph, Shape
from archgen.library import load as load_document
from archgen.library import load_bytes
from archgen.reading import read_spec
from archgen.render.forms import FORMS, Form, Wish, picture, require
from archgen.render.view import View
from archgen.render.viewing import view as viewed
from archgen.reports import render_fault, render_short
from archgen.sketch import Sketch, sketched
from archgen.source import Object
from archgen.spec import Spec

Drawable = SpecLike | Graph | Analysis
OF_TEXT = ("svg", "html", "dot", "mmd", "json")


@dataclass(frozen=True)
class Picture:
    """A picture: its form, its bytes, and the faults of the spec that it shows."""

    format: str
    content: bytes = field(repr=False)
    faults: tuple[Fault, ...] = ()

    @property
    def text(self) -> str:
        """Return the content of a form that is text; Raises UsageError E510 for another."""
        if self.format not in OF_TEXT:
            message = f"{self.format} is no text"
            raise UsageError(Fault("E510", message, help=f"choose {', '.join(OF_TEXT)}"))
        return self.content.decode()

    def _repr_svg_(self) -> str | None:
        return self.text if self.format == "svg" else None

    def _repr_png_(self) -> bytes | None:
        return self.content if self.format == "png" else None

    def _repr_html_(self) -> str | None:
        # A frame of its own: the page's style and script are for a whole window.
        frame = '<iframe srcdoc="{}" sandbox="allow-scripts" width="100%" height="640"></iframe>'
        return frame.format(escape(self.text)) if self.format == "html" else None


class Seen(NamedTuple):
    """The view of a network, and the faults of its spec."""

    view: View
    faults: tuple[Fault, ...] = ()


@uncollected()
def render(  # noqa: PLR0913 - so many are a picture's choices, each by its name
    spec: Drawable,
    path: str | Path | None = None,
    *,
    format: Form | None = None,  # noqa: A002 - what the command and `export` call it
    view: str = "overview",
    module: str | None = None,
    detail: int = 0,
    theme: str | None = None,
    direction: str = "down",
    unfold: bool = False,
    input_shape: Shape | None = None,
    **parameters: Scalar,
) -> Picture:
    """Return the picture of a network; where there is a path, write it there, whole or not at all.

    ``format`` is svg, png, pdf, html, dot, mmd or json, as the path ends unless it is given;
    ``view`` is overview, module, poster or layers; ``module`` names one, or a use of one;
    ``detail`` 1 adds shapes, 2 parameters and MACs; ``theme`` is light, dark or auto, the reader's,
    which only SVG and pages can follow; ``direction`` is down, up or right; copies in a row are one
    with their number, unless it is to ``unfold`` them. A spec whose parameter is called like one of
    these goes through `archgen.graph` first.

    A spec with faults is drawn as far as it is known, the faults marked: see ``Picture.faults``.

    Raises:
        SpecError: the document cannot be read, so that there is nothing to draw.
        UsageError: E510 there is no such picture; there is no such spec or parameter.
        MachineError: E509 what the form needs is not installed; E503 the file cannot be written.
    """
    kind = format or form_of(path)
    wish = Wish(view, module, detail, theme, direction)
    require(wish, kind)
    network = seen(spec, input_shape, parameters, unfold=unfold)
    made = drawn(network, kind, wish)
    if path is not None:
        written(made, Path(path))
    return made


def drawn(network: Seen, form: str, wish: Wish) -> Picture:
    """Return a picture of what was seen; Raises as ``render``."""
    told = [render_fault(fault) for fault in network.faults]
    return Picture(form, picture(network.view, form, wish, told), network.faults)


def written(made: Picture, path: Path) -> None:
    """Write a picture whole; Raises MachineError E503 where that fails."""
    try:
        write_bytes(path, made.content)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise MachineError(Fault("E503", f"cannot write {path}: {reason}")) from error


def form_of(path: str | Path | None) -> str:
    """Return the form that a path ends in, SVG without a path; Raises UsageError E510."""
    if path is None:
        return "svg"
    ending = Path(path).suffix.removeprefix(".").lower()
    if ending not in FORMS:
        message = f"a picture's name ends in .{', .'.join(FORMS)}, not {Path(path).name}"
        raise UsageError(Fault("E510", message))
    return ending


# ── what there is to see ──────────────────────────────────────────────────────────────────────────


def seen(
    spec: Drawable,
    input_shape: Shape | None = None,
    parameters: Mapping[str, Scalar] | None = None,
    *,
    unfold: bool = False,
) -> Seen:
    """Return the view of a network, of a faulty one as far as it is known; Raises as ``render``."""
    given = parameters or {}
    if isinstance(spec, Analysis):
        if input_shape is None and not given:
            return Seen(viewed(spec, unfold=unfold))
        spec = spec.graph
    if isinstance(spec, Graph):
        return Seen(viewed(api.analyse(spec, input_shape, **given), unfold=unfold))
    try:
        checked = api.load(spec)
        shown: Analysis | Sketch = api.analyse(checked, input_shape, **given)
        faults: tuple[Fault, ...] = ()
    except SpecError as error:
        checked, shown, faults = _faulty(spec, input_shape, given, error)
    lines = [render_short(fault) for fault in faults]
    return Seen(viewed(shown, checked.title, _titles(checked), lines, unfold=unfold), faults)


def _faulty(
    spec: SpecLike, input_shape: Shape | None, parameters: Mapping[str, Scalar], error: SpecError
) -> tuple[Spec, Sketch, tuple[Fault, ...]]:
    """Return a spec with faults, its sketch and they; Raises them where there is no sketch.

    The check says what would mend it, so its faults are told.
    """
    checked = readable(spec)
    if checked is None:
        raise error
    found = api.check(spec, input_shape, **parameters)
    faults = tuple(fault for fault in found if fault.severity == "error") or error.faults
    sketch = sketched(checked, faults, parameters, input_shape)
    if sketch is None:
        raise error
    return checked, sketch, faults


def readable(spec: SpecLike) -> Spec | None:
    """Return a spec whose broken parts are left out; None where it cannot be read at all."""
    if isinstance(spec, Spec):
        return spec
    faults = Faults()
    try:
        if isinstance(spec, bytes):
            raw = load_bytes(spec, "<stdin>", faults)
        else:
            raw = load_document(spec, faults)
        return read_spec(raw, faults) or read_spec(_mended(raw, faults.listed()), Faults())
    except SpecError:
        return None


def _mended(raw: Object, faults: Sequence[Fault]) -> Object:
    """Return a document without its faulty members; something stands for those it needs."""
    faulty = {fault.place.path[0] for fault in faults if fault.place and len(fault.place.path) == 1}
    mended = Object(raw.place)
    needed: dict[str, Object | int | str] = {
        "archgen": 1,
        "name": "network",
        "input": Object(raw.place),
    }
    for key in dict.fromkeys((*needed, *raw)):
        if key in needed or key not in faulty:
            sound = key in raw and key not in faulty
            mended[key] = raw[key] if sound else needed[key]
            mended.places[key] = raw.places.get(key, raw.place)
    return mended


def _titles(spec: Spec) -> dict[str, str]:
    """Return the titles of modules and heads by their names."""
    heads = {name: head.title for name, head in spec.heads.items()}
    return heads | {name: module.title for name, module in spec.modules.items()}


# ── notebooks ─────────────────────────────────────────────────────────────────────────────────────


def _overview(shown: Spec | Graph | Analysis) -> str | None:
    """Return the overview that a notebook shows of a cell's last line."""
    try:
        return drawn(seen(shown), "svg", Wish()).text
    except (SpecError, MachineError):
        return None


# They know nothing of pictures, which are drawn from them.
for _type in (Spec, Graph, Analysis):
    _type._repr_svg_ = _overview  # type: ignore[union-attr]

"""Every form a picture can have, by its name, which is also how its file's name ends.

Imports the drawings; those that need another package import it when they are asked.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from archgen.diagnostics import Fault, UsageError, did_you_mean, named
from archgen.render.dot import dot_text
from archgen.render.figures import VIEWS, figure, modules
from archgen.render.mermaid import mermaid_text
from archgen.render.model import record
from archgen.render.page import page_text
from archgen.render.pdf import pdf_bytes
from archgen.render.png import png_bytes
from archgen.render.scene import Scene
from archgen.render.svg import svg_text
from archgen.render.view import View

Form = Literal["svg", "png", "pdf", "html", "dot", "mmd", "json"]
Theme = Literal["light", "dark", "auto"]
Direction = Literal["down", "up", "right"]
Kind = Literal["overview", "module", "poster", "layers"]


@dataclass(frozen=True)
class Wish:
    """What a picture shall show and how.

    ``detail`` 0 is labels, 1 adds shapes, 2 parameters and MACs; ``module`` is the name of a
    module or of one use of it, and makes the kind ``module``. Without a theme a page follows its
    reader's, everything else is light.
    """

    kind: str = "overview"
    module: str | None = None
    detail: int = 0
    theme: str | None = None
    direction: str = "down"

    def theme_of(self, form: str) -> str:
        """Return the theme of a form."""
        return self.theme or ("auto" if form == "html" else "light")


def picture(view: View, form: str, wish: Wish, faults: Sequence[str] = ()) -> bytes:
    """Return a picture in one of the forms; a page shows ``faults`` as they stand.

    Raises:
        UsageError: E510, there is no such form, kind, module, detail, theme or direction.
        MachineError: E509, what the form needs is not installed.
    """
    require(wish, form)
    if form == "html":
        return page_text(view, faults, theme=wish.theme_of(form)).encode()
    if form == "json":
        return (json.dumps(record(view), ensure_ascii=False, indent=1) + "\n").encode()
    if form in TEXTS:
        return TEXTS[form](view, wish).encode()
    return DRAWN[form](_scene(view, wish), wish.theme_of(form))


def _scene(view: View, wish: Wish) -> Scene:
    kind = "module" if wish.module is not None else wish.kind
    if kind == "module":
        known = modules(view)
        if wish.module not in known:
            message = f"no module is called {named(wish.module)} here"
            if wish.module is None:
                message = "a picture of a module needs the module's name"
            advice = did_you_mean(wish.module or "", known) or _listed(known)
            raise UsageError(Fault("E510", message, help=advice))
    return figure(view, kind, wish.module or "", wish.detail, wish.direction)


def _listed(known: Mapping[str, object]) -> str | None:
    return f"there are {', '.join(list(known)[:12])}" if known else "this network has no modules"


def require(wish: Wish, form: str) -> None:
    """Refuse a wish that no picture fulfils; Raises UsageError E510."""
    choices: tuple[tuple[str, str, Sequence[str]], ...] = (
        ("format", form, FORMS),
        ("view", wish.kind, VIEWS),
        ("theme", wish.theme_of(form), ("light", "dark", "auto")),
        ("direction", wish.direction, ("down", "up", "right")),
        ("detail", str(wish.detail), ("0", "1", "2")),
    )
    for what, asked, known in choices:
        if asked not in known:
            advice = did_you_mean(asked, known) or f"there are {', '.join(known)}"
            message = f"no {what} of a picture is called {named(asked)}"
            raise UsageError(Fault("E510", message, help=advice))
    if wish.theme == "auto" and form not in ("svg", "html"):
        advice = "choose light or dark"
        raise UsageError(Fault("E510", f"{form} cannot follow its reader's theme", help=advice))


def _dot(view: View, wish: Wish) -> str:
    opened, theme = wish.kind in ("layers", "poster"), wish.theme_of("dot")
    return dot_text(view, opened=opened, detail=wish.detail, theme=theme, direction=wish.direction)


def _mermaid(view: View, wish: Wish) -> str:
    opened = wish.kind in ("layers", "poster")
    return mermaid_text(view, opened=opened, detail=wish.detail, direction=wish.direction)


def _svg(scene: Scene, theme: str) -> bytes:
    return svg_text(scene, theme).encode()


TEXTS: dict[str, Callable[[View, Wish], str]] = {"dot": _dot, "mmd": _mermaid}
DRAWN: dict[str, Callable[[Scene, str], bytes]] = {
    "svg": _svg,
    "png": png_bytes,
    "pdf": pdf_bytes,
}
FORMS = (*DRAWN, "html", *TEXTS, "json")

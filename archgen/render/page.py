"""A view as one self-contained HTML page to explore; no request leaves it.

Imports ``model``, ``palette`` and ``view``. The view travels as JSON in a script that is data; the
page writes it as text only, and its content-security policy allows its own script and style alone.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from archgen.render.model import record
from archgen.render.palette import DARK, LEGEND, LIGHT, MARKS, Theme
from archgen.render.view import View

PARTS = Path(__file__).parent / "page"
SCRIPT = ("network", "layout", "drawing", "acting", "table", "events")


def page_text(
    view: View, faults: Sequence[str] = (), *, version: int = 0, theme: str = "auto"
) -> str:
    """Return the page of a view; one with a ``version`` asks its server for the next."""
    script, style = _script(), _part("page.css")
    policy = f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'"
    policy += "; connect-src 'self'" if version else ""
    data: dict[str, object] = {"view": record(view), "palette": _palette(), "faults": list(faults)}
    data |= {"theme": theme, "version": version}
    filled = {
        "policy": escape(policy + "; base-uri 'none'; form-action 'none'"),
        "title": escape(view.title),
        "style": style,
        "model": _embedded(data),
        "script": script,
    }
    head, *rest = _part("page.html").split("@")
    pieces = [filled.get(piece, piece) for piece in rest]
    return head + "".join(pieces)


def _part(name: str) -> str:
    return (PARTS / name).read_text(encoding="utf-8")


def _script() -> str:
    """Return the page's script: its parts share one scope, in which nothing is global."""
    body = "".join(_part(f"{name}.js") for name in SCRIPT)
    return f'"use strict";\n(() => {{\n{body}}})();\n'


def _hash(text: str) -> str:
    """Return what a content-security policy calls a text by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _embedded(data: object) -> str:
    """Return JSON that cannot end the script it stands in, nor begin a comment there."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _palette() -> dict[str, Any]:
    return {
        "families": list(LIGHT.families),
        "legend": list(LEGEND.items()),
        "marks": list(MARKS.items()),
        "light": _theme(LIGHT),
        "dark": _theme(DARK),
    }


def _theme(theme: Theme) -> dict[str, Any]:
    pairs = [list(pair) for pair in theme.families.values()]
    return {"background": theme.background, "roles": theme.roles, "pairs": pairs}

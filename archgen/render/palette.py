"""Colours by role, light and dark: Okabe and Ito's hues, told apart in grey by their labels.

Source: M. Okabe and K. Ito, Color Universal Design (2008).
"""

from typing import NamedTuple


class Pair(NamedTuple):
    """Fill and line of a box."""

    fill: str
    line: str


class Theme(NamedTuple):
    """The colours of a picture: text and lines by role, boxes by family."""

    background: str
    roles: dict[str, str]
    families: dict[str, Pair]


LIGHT = Theme(
    "#FFFFFF",
    {
        "ink": "#1B1F24", "muted": "#57606A", "edge": "#57606A", "fault": "#B42318",
        "fault_pill": "#B42318",
        "params": "#0072B2", "macs": "#D55E00", "track": "#E4E7EB", "on_dark": "#FFFFFF",
    },
    {
        "k×k conv": Pair("#CFE3F3", "#0072B2"),
        "1×1 conv": Pair("#EAF5FC", "#2E8BC0"),
        "1×n conv": Pair("#CFEBE1", "#009E73"),
        "max pool": Pair("#FBDCCB", "#D55E00"),
        "avg pool": Pair("#FCEBC5", "#B87F00"),
        "concat": Pair("#E4E7EB", "#57606A"),
        "add": Pair("#F7F5A8", "#6B6A00"),
        "dense": Pair("#F3DCE9", "#B5548C"),
        "other": Pair("#FFFFFF", "#8C959F"),
        "input": Pair("#FFFFFF", "#1B1F24"),
        "card": Pair("#F6F8FA", "#57606A"),
        "panel": Pair("#F6F8FA", "#D0D7DE"),
        "fault": Pair("#FFE9E6", "#B42318"),
        "unknown": Pair("#F3F4F6", "#AEB4BC"),
    },
)  # fmt: skip

DARK = Theme(
    "#0D1117",
    {
        "ink": "#E6EDF3", "muted": "#9DA7B3", "edge": "#8B949E", "fault": "#FF8A7A",
        "fault_pill": "#FF8A7A",
        "params": "#56B4E9", "macs": "#F08A4B", "track": "#2A3038", "on_dark": "#0D1117",
    },
    {
        "k×k conv": Pair("#12344D", "#56B4E9"),
        "1×1 conv": Pair("#10273A", "#8CCBF0"),
        "1×n conv": Pair("#0F3A2E", "#2FC79B"),
        "max pool": Pair("#4A2410", "#F08A4B"),
        "avg pool": Pair("#43330B", "#E6B84D"),
        "concat": Pair("#2A3038", "#AEB7C2"),
        "add": Pair("#3A3B00", "#E8E34A"),
        "dense": Pair("#4B1D40", "#FF8FCB"),
        "other": Pair("#161B22", "#8B949E"),
        "input": Pair("#161B22", "#E6EDF3"),
        "card": Pair("#161B22", "#8B949E"),
        "panel": Pair("#161B22", "#30363D"),
        "fault": Pair("#4A1512", "#FF8A7A"),
        "unknown": Pair("#1B2027", "#5B636D"),
    },
)  # fmt: skip

# Stripes of module families in an overview, in the order of their first use.
STRIPES = ("#0072B2", "#56B4E9", "#D55E00", "#009E73", "#B5548C", "#E69F00", "#6B6A00", "#8C959F")

# What a legend calls the families, in its order.
LEGEND = {
    "k×k conv": "k×k conv",
    "1×1 conv": "1×1 conv",
    "1×n conv": "1×n, n×1 conv",
    "max pool": "max pool",
    "avg pool": "average pool",
    "concat": "concat",
    "add": "add, multiply",
    "dense": "dense, activation",
    "fault": "fault",
    "unknown": "shape not known",
}

# What a legend says of the words and marks of a label, beside the stride.
MARKS = {
    "V": "valid padding",
    "P": "explicit padding",
    "dw": "depthwise",
    "sep": "separable",
}

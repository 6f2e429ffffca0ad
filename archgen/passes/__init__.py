"""Rewrites of a checked graph that keep what it answers at inference, one a file.

Imports ``analysis``, ``ir``, ``ops``. No pass touches an array: how new weights are made of old
ones is data, which ``backends.edits`` carries out when a model is at hand.
"""

from archgen.passes.contract import Edit, Pass, Result
from archgen.passes.report import Row, report, report_text
from archgen.passes.running import PASSES, Rewriting, Step, rewrite

__all__ = [
    "PASSES",
    "Edit",
    "Pass",
    "Result",
    "Rewriting",
    "Row",
    "Step",
    "report",
    "report_text",
    "rewrite",
]

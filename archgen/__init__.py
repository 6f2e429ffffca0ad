"""Architectures are data: checked without TensorFlow, then built as native Keras models."""

from archgen.about import About
from archgen.analysis import Analysis
from archgen.api import (
    about,
    analyse,
    build,
    check,
    format_spec,
    graph,
    load,
    new,
    resolved,
    schema,
    sizes,
    table,
    verify,
)
from archgen.diagnostics import (
    ArchgenError,
    ArtifactError,
    Fault,
    MachineError,
    SpecError,
    UsageError,
)
from archgen.exports import export
from archgen.ir import Graph, Node
from archgen.library import names
from archgen.pictures import Picture, render
from archgen.spec import Spec

__all__ = [
    "About",
    "Analysis",
    "ArchgenError",
    "ArtifactError",
    "Fault",
    "Graph",
    "MachineError",
    "Node",
    "Picture",
    "Spec",
    "SpecError",
    "UsageError",
    "about",
    "analyse",
    "build",
    "check",
    "export",
    "format_spec",
    "graph",
    "load",
    "names",
    "new",
    "render",
    "resolved",
    "schema",
    "sizes",
    "table",
    "verify",
]

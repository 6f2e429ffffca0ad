"""Architectures are data: checked without TensorFlow, then built as native Keras models."""

from archgen.about import About
from archgen.analysis import Analysis
from archgen.api import (
    about,
    analyse,
    build,
    check,
    code,
    fit,
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
from archgen.training.running import resume, train
from archgen.training.session import Trained

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
    "Trained",
    "UsageError",
    "about",
    "analyse",
    "build",
    "check",
    "code",
    "export",
    "fit",
    "format_spec",
    "graph",
    "load",
    "names",
    "new",
    "render",
    "resolved",
    "resume",
    "schema",
    "sizes",
    "table",
    "train",
    "verify",
]

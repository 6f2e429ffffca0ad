"""Writes docs/passes.md from what each pass says of itself: ``python -m docs.passes``."""

from inspect import cleandoc
from pathlib import Path

import archgen
from archgen.passes import PASSES, Pass, report_text, rewrite

TARGET = Path(__file__).with_name("passes.md")
HEAD = """\
# Passes

Written by `python -m docs.passes` from the passes' own descriptions; do not edit.

A network that only answers needs less than one that learns. Passes rewrite its checked graph
before it is exported; what it answers stays the same: bit by bit where they only drop nodes, within
the rounding of float32 where they fold weights. They run in the order below, and again until none
fires; each can be switched off by its name. Nodes and outputs keep their names. What comes out is
for inference: it has no dropout and no statistics left to train with.

A pass knows no array: it tells how each new weight is made of old ones, by sums, products and
roots. That is carried out in float64 and rounded once.
"""
EXAMPLE = """\
## What they make of Inception-v4

`archgen.passes.report_text(rewrite(archgen.graph("inception_v4", aux=True)))`:

```
{}```

`python -m benchmarks --only passes` measures what that gains in TensorFlow, `--only engines` what
moving gains in ONNX Runtime and LiteRT.
"""


def page() -> str:
    example = report_text(rewrite(archgen.graph("inception_v4", aux=True)))
    return "\n".join([HEAD, *map(section, PASSES), EXAMPLE.format(example)])


def section(each: Pass) -> str:
    said = cleandoc(type(each).__doc__ or "").replace("``", "`")
    return f"## `{each.name}`\n\n{said}\n"


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
    print(f"wrote {TARGET}")

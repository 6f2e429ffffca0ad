"""``python -m benchmarks``: measure everything and write docs/benchmarks.md."""

import argparse
from pathlib import Path

from benchmarks import analyse, build, check, engines, export, passes, pictures, scaling, training
from benchmarks.report import page

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
QUICK = 2
# Keras comes last: what it loads into this process must not slow the others.
BENCHMARKS = {
    "check": (check.measure, 7),
    "analyse": (analyse.measure, 21),
    "scaling": (scaling.measure, 7),
    "build": (build.measure, 9),
    "pictures": (pictures.measure, 5),
    "export": (export.measure, 3),
    "engines": (engines.measure, 9),
    "passes": (passes.measure, 11),
    "training": (training.measure, 9),
}


def main() -> None:
    arguments = parsed()
    sections = []
    for name in arguments.only or BENCHMARKS:
        measure, rounds = BENCHMARKS[name]
        print(f"{name} …", flush=True)
        sections.append(measure(QUICK if arguments.quick else rounds))
    text = page(sections)
    print(f"\n{text}")
    if not arguments.quick and not arguments.only:
        PAGE.write_text(text, encoding="utf-8")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure, and write docs/benchmarks.md."
    )
    unwritten = "; prints the page and leaves the file alone"
    quick = f"{QUICK} rounds each{unwritten}"
    only = f"{' or '.join(BENCHMARKS)}; may be repeated{unwritten}"
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--only", metavar="NAME", action="append", choices=BENCHMARKS, help=only)
    return parser.parse_args()


if __name__ == "__main__":
    main()

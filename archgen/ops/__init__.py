"""The vocabulary: every op class of this package by the name that specs use.

A module put into this folder is found by itself, so a new op touches one file.
"""

import importlib
import inspect
import pkgutil

from archgen.ir import Op


def _collect() -> dict[str, type[Op]]:
    ops: dict[str, type[Op]] = {}
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for _, cls in inspect.getmembers(module, inspect.isclass):
            if issubclass(cls, Op) and cls.__module__ == module.__name__ and "kind" in vars(cls):
                ops[cls.kind] = cls
    return ops


OPS: dict[str, type[Op]] = _collect()

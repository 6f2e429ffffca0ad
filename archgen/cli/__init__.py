"""The command line: the verbs, the only printing, the only exit codes.

0 fine, 1 the spec has faults, 2 wrong usage, 3 the machine lacks something, 70 a bug of archgen,
130 Ctrl-C. Faults are the result of `check`, so they go to standard output there, and to standard
error elsewhere. Of several files each has its turn, whatever is wrong with another.
"""

from archgen.cli.running import main

__all__ = ["main"]

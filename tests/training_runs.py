"""Starts runs of ``archgen train`` in processes that need no time to import TensorFlow.

``training_runs.py`` reads a line of JSON, ``[log, arguments…]``, and forks a process that carries
out the command, its output in the file ``log``; it says the process's id, waits for the end and
says the status: an exit code, or minus a signal.
"""

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def carry_out(log: str, arguments: list[str]) -> int:
    from archgen.cli import main

    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    return main(arguments)


def serve() -> None:
    # Imported, not used: TensorFlow's threads, which a fork would lose, come with the first tensor.
    import keras  # noqa: F401
    import numpy as np  # noqa: F401
    import tensorflow as tf

    assert tf.summary.write  # loads what is loaded late
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while line := sys.stdin.readline():
        log, *arguments = json.loads(line)
        child = os.fork()
        if child == 0:
            sys.stdin.close()
            os._exit(carry_out(log, arguments))
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        status = os.waitpid(child, 0)[1]
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    serve()

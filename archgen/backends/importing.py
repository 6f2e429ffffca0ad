"""Imports Keras without TensorFlow's chatter; imports ``diagnostics``."""

import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from archgen.diagnostics import Fault, MachineError

_LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


def import_keras() -> None:
    """Import Keras; whoever sets TF_CPP_MIN_LOG_LEVEL sees what TensorFlow says meanwhile.

    Raises:
        MachineError: E505, Keras or its backend cannot be imported.
    """
    silent = _LOG_LEVEL not in os.environ and sys.stderr is not None
    os.environ.setdefault(_LOG_LEVEL, "3")
    try:
        with _holding_back_stderr() if silent else nullcontext():
            importlib.import_module("keras")
    except ImportError as error:
        message = f"Keras cannot be imported: {str(error).partition(chr(10))[0]}"
        raise MachineError(Fault("E505", message)) from error


@contextmanager
def _holding_back_stderr() -> Iterator[None]:
    """Keep what is written to descriptor 2 for the case that the block fails.

    TensorFlow's first messages come before it reads its log level, from C++.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except Exception:
            held.seek(0)
            os.write(terminal, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)

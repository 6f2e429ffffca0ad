"""How much memory a model's weights take, and how much there is; imports ``ir``, psutil."""

from pathlib import Path

from archgen.diagnostics import Fault, MachineError
from archgen.ir import Graph, size_of

_CGROUP = Path("/sys/fs/cgroup")


def require_memory(graph: Graph, bytes_per_scalar: int) -> None:
    """Raise MachineError E504, with the estimate, where the weights would not fit the memory."""
    needed = estimated_bytes(graph, bytes_per_scalar)
    available = available_bytes()
    if needed > available:
        message = f"building {graph.name} takes about {_gib(needed)} of memory"
        notes = (f"{_gib(available)} are available", f"most goes into `{_largest(graph)}`")
        raise MachineError(Fault("E504", message, notes=notes))


def estimated_bytes(graph: Graph, bytes_per_scalar: int) -> int:
    """Return the bytes of all weights, and of the largest once more while it is initialised."""
    shapes = [
        weight.shape for node in graph for weight in node.op.weights(graph.input_shapes(node))
    ]
    sizes = [size_of(shape) for shape in shapes]
    return (sum(sizes) + max(sizes, default=0)) * bytes_per_scalar


def available_bytes() -> int:
    """Return the memory this process may still take: the machine's, or its control group's."""
    import psutil

    free = int(psutil.virtual_memory().available)
    try:
        limit = int((_CGROUP / "memory.max").read_text())
        used = int((_CGROUP / "memory.current").read_text())
    except (OSError, ValueError):
        return free
    return min(free, limit - used)


def _largest(graph: Graph) -> str:
    def params(name: str) -> int:
        node = graph.by_name[name]
        return sum(size_of(weight.shape) for weight in node.op.weights(graph.input_shapes(node)))

    return max(graph.by_name, key=params)


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"

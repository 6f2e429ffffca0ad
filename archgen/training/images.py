"""Images with labels, and which of them are learned from; NumPy is imported where it is used."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeAlias

from archgen.diagnostics import Fault, UsageError, named
from archgen.ir import Shape

if TYPE_CHECKING:
    import numpy as np

Array: TypeAlias = "np.ndarray[Any, Any]"

HELD_OUT = 3  # one image of so many is held out where the data have no test share
CHOOSING = 10  # one of so many of the others chooses the epoch
FEWEST = 3  # to learn from, to choose the epoch by, to measure
DIGEST = 32  # hexadecimal digits


@dataclass(frozen=True, eq=False)
class DataSet:
    """Images and what they show.

    ``pixels`` are count × height × width × channels, whole or not, in 0…255; ``labels`` number the
    ``names`` of the classes; ``digests`` are an image's SHA-256 each. The last ``tests`` images are
    a test share that the data came with. ``source`` is how they were asked for.
    """

    source: str
    pixels: Array
    labels: Array
    digests: Array
    names: tuple[str, ...]
    tests: int = 0
    note: str = ""

    @property
    def shape(self) -> Shape:
        """Return height × width × channels of an image."""
        return tuple(int(extent) for extent in self.pixels.shape[1:])

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of all that training reads, in hexadecimal."""
        whole = sha256(repr((self.shape, self.names, self.tests)).encode())
        whole.update(self.digests.tobytes())
        whole.update(self.labels.astype("<i4").tobytes())
        return whole.hexdigest()


@dataclass(frozen=True, eq=False)
class Split:
    """Which images are learned from, which choose the epoch, which are held out: their indices."""

    learned: Array
    choosing: Array
    held_out: Array


def digests_of(pieces: Sequence[bytes]) -> Array:
    """Return the SHA-256 of each piece, as text of fixed length."""
    import numpy as np

    return np.array([sha256(piece).hexdigest()[:DIGEST] for piece in pieces], f"S{DIGEST}")


def split(data: DataSet) -> Split:
    """Return the shares of a data set, which depend on its images alone.

    In each class the images are sorted by their SHA-256: the first third is held out unless the
    data have a test share, the next tenth of the others chooses the epoch. Equal images of a class
    are never in two shares.

    Raises:
        UsageError: E515, a class has too few different images.
    """
    import numpy as np

    count = len(data.labels)
    own = np.arange(count - data.tests)
    shares: list[list[Array]] = [[], [], []]
    fewest = FEWEST - bool(data.tests)
    for label in np.unique(data.labels[own]):
        members = own[data.labels[own] == label]
        ranks = np.unique(data.digests[members], return_inverse=True)[1]
        different = int(ranks.max()) + 1
        if different < fewest:
            raise _too_few(data, int(label), different, fewest)
        held = 0 if data.tests else max(1, different // HELD_OUT)
        choosing = held + max(1, (different - held) // CHOOSING)
        shares[0].append(members[ranks >= choosing])
        shares[1].append(members[(ranks >= held) & (ranks < choosing)])
        shares[2].append(members[ranks < held])
    learned, choosing_, held_out = (np.sort(np.concatenate(share)) for share in shares)
    return Split(
        learned, choosing_, np.arange(count - data.tests, count) if data.tests else held_out
    )


def _too_few(data: DataSet, label: int, count: int, fewest: int) -> UsageError:
    message = f"{data.source} has {count} different images of {named(data.names[label])}"
    note = (
        f"{fewest} are the fewest: some to learn from, some to choose the epoch by, some held out"
    )
    return UsageError(Fault("E515", message, notes=(note,)))


def order(seed: int, epoch: int, count: int) -> Array:
    """Return the order in which an epoch visits so many images, a function of its arguments."""
    import numpy as np

    return np.random.Generator(np.random.Philox(key=[seed, epoch])).permutation(count)

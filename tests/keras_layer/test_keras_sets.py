"""The data sets of Keras by their real loaders: from files that are there, without a network."""

import gzip
import pickle
import socket
import tarfile
import urllib.request
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import keras  # noqa: TID253 - its loaders are what is tested
import numpy as np  # noqa: TID253 - images are arrays
import pytest

from archgen.cli import main
from archgen.diagnostics import MachineError
from archgen.training import sources
from archgen.training.sources import KERAS_FILES, KERAS_SETS, load_data

pytestmark = pytest.mark.keras
HEADER = {"images": bytes(16), "labels": bytes(8)}  # of a file of the MNIST family


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty home of Keras; nothing is downloaded, since a proxy that is none is asked."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("keras.src.backend.config._KERAS_DIR", str(tmp_path))
    monkeypatch.setattr(urllib.request, "_opener", None)
    ask(monkeypatch, 9)
    return tmp_path


@pytest.fixture
def unverified(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Keras take other files for its own, whose SHA-256 it knows."""
    monkeypatch.setattr("keras.src.utils.file_utils.validate_file", lambda *_, **__: True)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Yield the port of a server that takes requests and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def ask(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def refused(name: str) -> str:
    with pytest.raises(MachineError, match="E502") as error:
        load_data(name, (28, 28, 1))
    return str(error.value)


def grey(count: int) -> tuple[Any, Any]:
    """Return images of 28×28 in bytes, and labels, as the loaders return them."""
    images = np.random.default_rng(count).integers(0, 256, (count, 28, 28), "uint8")
    return images, (np.arange(count) % 10).astype("uint8")


# ── files that are there ──────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("unverified")
def test_mnist_is_read_from_where_it_is_kept(home: Path) -> None:
    (x, y), (x_test, y_test) = grey(60), grey(20)
    place = home / "datasets" / KERAS_FILES["mnist"]
    place.parent.mkdir()
    np.savez(place, x_train=x, y_train=y, x_test=x_test, y_test=y_test)
    data = load_data("mnist", (28, 28, 1))
    assert (data.shape, data.pixels.dtype, data.tests) == ((28, 28, 1), "uint8", 20)
    assert np.array_equal(data.pixels[..., 0], np.concatenate([x, x_test]))
    assert np.array_equal(data.labels, np.concatenate([y, y_test]))
    assert data.names == tuple("0123456789")


def fashion(folder: Path) -> None:
    folder.mkdir(parents=True)
    for share, count in (("train", 60), ("t10k", 20)):
        for kind, array in zip(("images", "labels"), grey(count), strict=True):
            name = f"{share}-{kind}-idx{array.ndim}-ubyte.gz"
            (folder / name).write_bytes(gzip.compress(HEADER[kind] + array.tobytes()))


def test_fashion_mnist_is_read_from_where_it_is_kept(home: Path) -> None:
    fashion((home / "datasets" / KERAS_FILES["fashion_mnist"]).parent)
    data = load_data("fashion_mnist", (28, 28, 1))
    assert (data.shape, data.tests, len(data.labels)) == ((28, 28, 1), 20, 80)
    assert np.array_equal(data.pixels[:60, ..., 0], grey(60)[0])
    assert (data.names[0], data.names[9]) == ("T-shirt/top", "Ankle boot")


@pytest.mark.usefixtures("unverified")
def test_cifar10_is_read_from_where_it_is_kept(home: Path) -> None:
    """Its loader counts on batches of 10,000, so this is as large as the real one."""
    place = home / "datasets" / KERAS_FILES["cifar10"]
    place.parent.mkdir()
    labels = [9 - i % 10 for i in range(10_000)]
    batch = pickle.dumps({b"data": np.full((10_000, 3072), 7, "uint8"), b"labels": labels})
    with tarfile.open(place, "w") as archive:
        for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(batch)
            archive.addfile(member, BytesIO(batch))
    data = load_data("cifar10", (32, 32, 3))
    assert (data.pixels.shape, data.tests) == ((60_000, 32, 32, 3), 10_000)
    assert data.labels[:3].tolist() == [9, 8, 7]
    assert (data.names[9], data.names[8]) == ("truck", "ship")


# ── no network ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", KERAS_SETS)
def test_without_a_network_the_ways_out_are_told(name: str, home: Path, capsys: Any) -> None:
    text = refused(name)
    assert f"{name} cannot be loaded: connection refused" in text
    assert str(home / "datasets" / KERAS_FILES[name]) in text
    assert "--data digits" in text
    assert "--data FILE.npz" in text
    assert capsys.readouterr().out == ""
    assert not any(path.is_file() for path in home.rglob("*"))


def test_a_server_that_does_not_answer_is_given_up(
    home: Path, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(monkeypatch, silent_port)
    monkeypatch.setattr(sources, "SILENCE", 0.1)
    assert "timed out" in refused("mnist")
    assert socket.getdefaulttimeout() is None


def test_the_command_tells_it_and_leaves_nothing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "lenet5", "--data", "mnist", "-o", str(home / "run")]) == 3
    told = capsys.readouterr().err
    assert "error[E502]: mnist cannot be loaded" in told
    assert "Traceback" not in told
    assert not (home / "run").exists()


def test_a_download_that_was_cut_off_is_told(home: Path) -> None:
    folder = home / "datasets" / "fashion-mnist"
    fashion(folder)
    images = folder / "train-images-idx3-ubyte.gz"
    images.write_bytes(images.read_bytes()[:1000])
    text = refused("fashion_mnist")
    assert "fashion_mnist cannot be loaded: Compressed file ended" in text
    assert "what was cut off there can be removed" in text


def test_a_loader_that_is_stopped_is_stopped(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(keras.datasets.mnist, "load_data", stopped)
    with pytest.raises(KeyboardInterrupt):
        load_data("mnist", (28, 28, 1))
    assert socket.getdefaulttimeout() is None

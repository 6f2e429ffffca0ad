"""The verb `verify` against a file that `build` wrote, and what is no such file."""

import errno
import json
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np  # noqa: TID253 - weights are arrays
import pytest

import archgen
from archgen.backends.saving import METADATA, saved_provenance
from archgen.backends.verifying import TOLERANCE
from archgen.cli import main
from archgen.limits import raised
from tests.keras_layer.specs import conv

pytestmark = pytest.mark.keras
Captured = pytest.CaptureFixture[str]

POOL = {"op": "max_pool", "pool_size": 2, "name": "pool"}
NET: dict[str, Any] = {
    "archgen": 1,
    "name": "net",
    "input": {"shape": [8, 9, 3]},
    "parameters": {"filters": 4, "activation": "relu"},
    "layers": [
        conv("first", norm="batch_norm", activation="$activation") | {"filters": "$filters"},
        POOL,
        {"op": "dense", "units": 2},
    ],
}
KERAS_OWN = ["config.json", "metadata.json", "model.weights.h5"]


def write(name: str, **changes: Any) -> str:
    Path(name).write_text(json.dumps({**NET, **changes}), encoding="utf-8")
    return name


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the file of the network with 5 filters for images of 9×10."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "net.json").write_text(json.dumps(NET), encoding="utf-8")
    spec, file = str(folder / "net.json"), str(folder / "x.keras")
    settings = ["--input", "9x10x3", "--set", "filters=5", "--seed", "1"]
    assert main(["build", spec, "-o", file, *settings]) == 0
    return Path(file).read_bytes()


@pytest.fixture
def file(built: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write("net.json")
    Path("x.keras").write_bytes(built)
    return Path("x.keras")


def rewrite(file: Path, member: str, content: bytes, how: int = zipfile.ZIP_STORED) -> None:
    """Put other bytes in the place of an archive's member."""
    with zipfile.ZipFile(file) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, data in {**kept, member: content}.items():
            archive.writestr(name, data)


def forge(file: Path, **changes: Any) -> None:
    """Change members of the record in a file."""
    with zipfile.ZipFile(file) as archive:
        metadata = json.loads(archive.read(METADATA))
    metadata["archgen"].update(changes)
    rewrite(file, METADATA, json.dumps(metadata).encode())


# ── what the file holds ───────────────────────────────────────────────────────────────────────────


def test_the_file_says_what_it_was_made_of(file: Path) -> None:
    found = saved_provenance(file)
    assert found.spec == archgen.resolved("net.json")
    assert (found.input, found.parameters) == ((9, 10, 3), {"filters": 5})


def test_it_is_a_file_of_keras_as_any_other(file: Path, keras: Any) -> None:
    """A member more would make Keras unpack the whole archive at every load."""
    with zipfile.ZipFile(file) as archive:
        assert sorted(archive.namelist()) == KERAS_OWN
        assert archive.testzip() is None
        assert json.loads(archive.read(METADATA))["keras_version"] == keras.__version__
    image = np.random.default_rng(1).uniform(-1, 1, (2, 9, 10, 3)).astype("float32")
    ours = archgen.build("net.json", (9, 10, 3), weights=file, filters=5)
    loaded = keras.models.load_model(file)
    assert np.array_equal(np.asarray(loaded(image)), np.asarray(ours(image)))


def test_a_file_that_keras_saved_again_is_written_by_archgen_again(
    file: Path, keras: Any, capsys: Captured
) -> None:
    keras.models.load_model(file).save("again.keras")
    assert main(["verify", "net.json", "--against", "again.keras"]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "error[E502]: again.keras has no record of archgen's" in told
    assert "build SPEC --weights again.keras -o NEW.keras" in told
    settings = ["--input", "9x10x3", "--set", "filters=5", "--weights", "again.keras"]
    assert main(["build", "net.json", "-o", "new.keras", *settings]) == 0
    assert main(["verify", "net.json", "--against", "new.keras"]) == 0


def test_a_record_that_cannot_be_added_leaves_the_file_that_was_there(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    before = file.read_bytes()

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    assert main(["build", "net.json", "-o", str(file)]) == 3
    assert "E503" in capsys.readouterr().err
    assert file.read_bytes() == before
    assert sorted(path.name for path in Path().iterdir()) == ["net.json", "x.keras"]


# ── what is compared ──────────────────────────────────────────────────────────────────────────────


def test_the_file_gives_its_input_and_parameters(file: Path, capsys: Captured) -> None:
    assert main(["verify", "net.json", "--against", str(file)]) == 0
    first, second, third, last = capsys.readouterr().out.splitlines()
    assert first == "net and x.keras at 9×10×3, seed 0, filters=5"
    assert second == "3 pairs of layers with weights"
    assert third.startswith("largest relative difference 0 under its own weights, ")
    assert last == "the same"


def test_what_is_given_wins(file: Path, capsys: Captured) -> None:
    assert main(["verify", "net.json", "--against", str(file), "--set", "filters=6"]) == 3
    assert "kernel 3×3×3×6" in capsys.readouterr().err
    assert main(["verify", "net.json", "--against", str(file), "--input", "8x8x3"]) == 3
    assert "takes 8×8×3, the other model takes 9×10×3" in capsys.readouterr().err


def test_another_network_exits_with_1_and_names_the_first_node(
    file: Path, capsys: Captured
) -> None:
    layers = [NET["layers"][0], {**POOL, "op": "avg_pool"}, NET["layers"][2]]
    assert main(["verify", write("other.json", layers=layers), "--against", str(file)]) == 1
    assert capsys.readouterr().out.splitlines()[3:] == [
        "the first node that differs is dense", "not the same",
    ]  # fmt: skip


def test_the_weights_of_the_file_show_what_random_ones_do_not(file: Path) -> None:
    """Random values stay below 6, where relu6 is relu; those of the file do not."""
    model = archgen.build("net.json", (9, 10, 3), filters=5)
    model.get_layer("first.norm").gamma.assign([50.0] * 5)
    model.save_weights("large.weights.h5")
    settings = ["--input", "9x10x3", "--set", "filters=5", "--weights", "large.weights.h5"]
    assert main(["build", "net.json", "-o", "large.keras", *settings]) == 0
    found = archgen.verify("net.json", "large.keras", activation="relu6")
    assert found.difference <= TOLERANCE < (found.own_difference or 0)
    assert found.first == "dense"
    assert not found.agrees


def test_random_weights_show_what_those_of_the_file_do_not(file: Path) -> None:
    model = archgen.build("net.json", (9, 10, 3), filters=5)
    model.set_weights([np.zeros_like(array) for array in model.get_weights()])
    model.save_weights("zero.weights.h5")
    settings = ["--input", "9x10x3", "--set", "filters=5", "--weights", "zero.weights.h5"]
    assert main(["build", "net.json", "-o", "zero.keras", *settings]) == 0
    found = archgen.verify("net.json", Path("zero.keras"), activation="tanh")
    assert found.own_difference == 0.0
    assert found.difference > TOLERANCE
    assert found.first == "dense"


def test_a_graph_is_compared_as_it_is(file: Path) -> None:
    assert archgen.verify(archgen.graph("net.json", (9, 10, 3), filters=5), file).agrees
    with pytest.raises(archgen.MachineError, match="takes 8×9×3"):
        archgen.verify(archgen.graph("net.json", filters=5), file)


# ── what a stranger may put into it ───────────────────────────────────────────────────────────────


def test_what_keras_would_run_is_never_read(
    file: Path, keras: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrite(file, "config.json", b"no configuration at all")
    with pytest.raises(ValueError, match=r"(?s)."):
        keras.models.load_model(file)
    monkeypatch.delattr(keras.models, "load_model")
    monkeypatch.delattr(keras.saving, "load_model")
    assert archgen.verify("net.json", file).agrees


def test_a_forged_record_is_a_strangers_spec(file: Path, capsys: Captured) -> None:
    forge(file, parameters={"filters": "many"})
    assert main(["verify", "net.json", "--against", str(file), "--set", "filters=5"]) == 1
    assert "x.keras (spec)" in capsys.readouterr().err
    forge(file, parameters={"filters": 7})
    assert main(["verify", "net.json", "--against", str(file)]) == 3
    assert "the weights of x.keras do not fit net" in capsys.readouterr().err


NO_FILES = {
    "empty": (b"", "x.keras is not a file that Keras saved"),
    "junk": (b"no archive" * 50, "x.keras is not a file that Keras saved"),
    "another archive": (None, "x.keras is not a file that Keras saved"),
    "no JSON": (b"{", "the record of archgen in x.keras cannot be read: the text ends"),
    "no object": (b'{"archgen": 1}', "cannot be read: it is no object"),
    "another format": (b'{"archgen": {"format": 2}}', "its format is 2"),
}


@pytest.mark.parametrize("case", NO_FILES)
def test_what_archgen_did_not_write_is_refused(case: str, file: Path, capsys: Captured) -> None:
    content, message = NO_FILES[case]
    if content is None:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("other.txt", "text")
    elif content.startswith(b"{"):
        rewrite(file, METADATA, content)
    else:
        file.write_bytes(content)
    assert main(["verify", "net.json", "--against", str(file)]) == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_a_file_that_is_cut_off_is_refused(file: Path, built: bytes) -> None:
    for part in (0.2, 0.5, 0.99):
        file.write_bytes(built[: int(len(built) * part)])
        with pytest.raises(archgen.UsageError, match="not a file that Keras saved"):
            saved_provenance(file)


def test_a_missing_file_and_a_folder_are_told(file: Path) -> None:
    Path("folder.keras").mkdir()
    for name in ("absent.keras", "folder.keras"):
        with pytest.raises(archgen.UsageError, match=f"there is no file {name}"):
            saved_provenance(Path(name))


def test_no_more_of_a_record_is_read_than_the_limit(file: Path) -> None:
    size = 40_000_000
    rewrite(file, METADATA, b" " * size, zipfile.ZIP_DEFLATED)
    tracemalloc.start()
    with raised({"file_bytes": 100_000}), pytest.raises(archgen.UsageError, match="larger than"):
        saved_provenance(file)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < size / 10


def test_weights_that_unpack_to_fill_the_memory_are_refused(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        weights = archive.read("model.weights.h5")  # HDF5 looks at nothing behind its own end
    rewrite(file, "model.weights.h5", weights + bytes(9_000_000), zipfile.ZIP_DEFLATED)
    with pytest.raises(archgen.MachineError, match="not a file of Keras weights"):
        archgen.verify("net.json", file)

"""What is learned from: every source, every wrong one, and a split that the data fix."""

from pathlib import Path
from typing import Any

import numpy as np  # noqa: TID253 - images are arrays
import pytest
from sklearn.datasets import load_digits

from archgen.diagnostics import ArchgenError, UsageError
from archgen.training.images import DataSet, order, split
from archgen.training.sources import DIGITS, load_data
from tests.training_cases import images, npz

SHAPE = (6, 6, 1)
TEST = {"x_test": images(12, seed=5)["x"], "y_test": images(12, seed=5)["y"]}
TRAIN = {"x_train": images()["x"], "y_train": images()["y"]}


def refused(source: Any) -> str:
    with pytest.raises(ArchgenError) as error:
        load_data(source, SHAPE)
    return str(error.value)


def test_the_digits_are_those_of_scikit_learn() -> None:
    known, data = load_digits(), load_data("digits", SHAPE)
    assert np.array_equal(data.pixels[..., 0], known.images * (255 / 16))
    assert np.array_equal(data.labels, known.target)
    assert data.names == tuple("0123456789")
    assert (data.pixels.min(), data.pixels.max()) == (0, 255)
    assert "CC BY" in DIGITS.with_suffix(".txt").read_text(encoding="utf-8")


# ── arrays ────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_a_pair_and_a_mapping_are_the_same_data(tmp_path: Path) -> None:
    given = images()
    ways = [load_data(way, SHAPE) for way in (npz(tmp_path), (given["x"], given["y"]), given)]
    assert {data.digest for data in ways} == {ways[0].digest}
    assert all(np.array_equal(data.pixels, given["x"]) for data in ways)
    assert ways[0].names == ("0", "1", "2")


@pytest.mark.parametrize(
    ("made", "pixels"),
    [
        (lambda x: x[..., 0], lambda x: x),
        (lambda x: x.astype("int64"), lambda x: x),
        (lambda x: x.astype("float64"), lambda x: x),
        (lambda x: x / 255, lambda x: x),
    ],
    ids=["grey", "integers", "floats", "shares"],
)
def test_pixels_come_in_several_forms(made: Any, pixels: Any) -> None:
    given = images()
    data = load_data({**given, "x": made(given["x"])}, SHAPE)
    np.testing.assert_allclose(data.pixels, pixels(given["x"]), rtol=1e-6)


def test_shares_of_white_are_told() -> None:
    given = images()
    assert load_data(given, SHAPE).note == ""
    assert "0…1" in load_data({**given, "x": given["x"] / 255}, SHAPE).note


def test_a_test_share_is_held_out() -> None:
    data = load_data({**TRAIN, **TEST}, SHAPE)
    shares = split(data)
    assert np.array_equal(shares.held_out, np.arange(48, 60))
    assert np.array_equal(data.pixels[shares.held_out], TEST["x_test"])
    assert len(shares.learned) + len(shares.choosing) == 48
    assert set(data.labels[shares.choosing].tolist()) == {0, 1, 2}


X, Y = images()["x"], images()["y"]
WRONG = {
    "no labels": ({"x": X}, "it holds `x`"),
    "nothing": ({}, "it holds nothing"),
    "half a test": ({**TRAIN, "x_test": X}, "x_test"),
    "flat": ({"x": X.reshape(48, 36), "y": Y}, "48×36 of uint8"),
    "text": ({"x": X.astype(str), "y": Y}, "of text"),
    "empty": ({"x": X[:0], "y": Y[:0]}, "0×6×6×1"),
    "below": ({"x": X.astype(int) - 1, "y": Y}, "not -1 to"),
    "above": ({"x": X.astype(int) + 99, "y": Y}, "0 to 255"),
    "no number": ({"x": np.where(X > 200, np.nan, X), "y": Y}, "nan"),
    "too few labels": ({"x": X, "y": Y[:-1]}, "48 whole numbers"),
    "one-hot": ({"x": X, "y": np.eye(3)[Y]}, "48×3 of float64"),
    "fractions": ({"x": X, "y": Y / 2}, "float64"),
    "negative": ({"x": X, "y": Y.astype(int) - 1}, "not -1 to 1"),
    "huge": ({"x": X, "y": Y * 10**9}, "labels go to 2000000000"),
    "unknown in test": ({**TRAIN, "x_test": X, "y_test": Y + 1}, "not 1 to 3"),
    "another shape": ({**TRAIN, "x_test": X[:, 1:], "y_test": Y}, "different shapes"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_arrays_are_refused(name: str) -> None:
    arrays, reason = WRONG[name]
    told = refused(arrays)
    assert "E515" in told
    assert reason in told


@pytest.mark.parametrize("content", [b"", b"no archive" * 9, "cut", "pickle", None])
def test_a_file_that_cannot_be_read_is_refused(content: Any, tmp_path: Path) -> None:
    path = npz(tmp_path)
    if content == "cut":
        path.write_bytes(path.read_bytes()[:-300])
    elif content == "pickle":
        np.savez(path, x=np.array([{}], object), y=Y, allow_pickle=True)
    elif content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    told = refused(path)
    assert "E502" in told
    assert str(path) in told
    assert "allow_pickle" not in told
    if content not in ("pickle", None):
        assert "it is no .npz file, or was cut off" in told


def test_rows_with_a_1_are_refused_with_what_makes_labels_of_them() -> None:
    told = refused({**images(), "y": np.eye(3)[Y]})
    assert "`y.argmax(axis=1)`" in told
    assert "of text" in refused({**images(), "y": Y.astype(str)})


def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path = npz(tmp_path)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 4
    path.write_bytes(content)
    assert "E502" in refused(path)


@pytest.mark.parametrize(
    ("name", "meant"), [("digit", "digits"), ("fashion-mnist", "fashion_mnist")]
)
def test_a_misspelt_name_is_looked_up(name: str, meant: str) -> None:
    told = refused(name)
    assert "E515" in told
    assert f"did you mean `{meant}`?" in told


def test_no_executable_thing_is_a_name() -> None:
    assert "digits, mnist, fashion_mnist, cifar10" in refused("zzz")


# ── the split ─────────────────────────────────────────────────────────────────────────────────────


def members(data: DataSet, indices: Any) -> set[bytes]:
    return set(data.digests[indices].tolist())


def test_a_third_of_each_class_is_held_out_and_nothing_is_in_two_shares() -> None:
    data = load_data("digits", SHAPE)
    shares = split(data)
    parts = (shares.learned, shares.choosing, shares.held_out)
    assert sorted(np.concatenate(parts).tolist()) == list(range(1797))
    for label in range(10):
        counts = [(data.labels[part] == label).sum() for part in parts]
        assert counts[2] == sum(counts) // 3
        assert counts[1] == (sum(counts) - counts[2]) // 10
    every = [members(data, part) for part in parts]
    assert sum(map(len, every)) == len(set.union(*every))


def test_the_split_depends_on_the_images_not_on_their_order() -> None:
    given = images()
    turned = np.random.default_rng(3).permutation(48)
    one = load_data(given, SHAPE)
    other = load_data({"x": given["x"][turned], "y": given["y"][turned]}, SHAPE)
    assert one.digest != other.digest
    assert members(one, split(one).held_out) == members(other, split(other).held_out)
    assert members(one, split(one).choosing) == members(other, split(other).choosing)


def test_equal_images_stay_together() -> None:
    given = images()
    twice = {"x": np.concatenate([given["x"]] * 2), "y": np.concatenate([given["y"]] * 2)}
    data = load_data(twice, SHAPE)
    shares = split(data)
    parts = [members(data, part) for part in (shares.learned, shares.choosing, shares.held_out)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 48
    assert len(shares.held_out) == 2 * len(split(load_data(given, SHAPE)).held_out)


def test_a_class_with_too_few_images_is_refused() -> None:
    data = load_data({"x": X[:8], "y": Y[:8]}, SHAPE)
    with pytest.raises(UsageError, match="2 different images of `2`"):
        split(data)


def test_an_order_is_a_permutation_of_its_seed_and_epoch() -> None:
    orders = [tuple(order(seed, epoch, 50).tolist()) for seed in (0, 1) for epoch in (0, 1)]
    assert len(set(orders)) == 4
    assert all(sorted(one) == list(range(50)) for one in orders)
    assert orders[1] == tuple(order(0, 1, 50).tolist())

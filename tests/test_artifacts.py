"""Manifests of artifacts: what was written comes back, and what is none is told."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from archgen.artifacts import MANIFEST, contents, is_artifact, manifest_of, metadata, seal, verify
from archgen.cli import main
from archgen.diagnostics import ArtifactError, UsageError
from archgen.limits import LIMITS
from archgen.manifest import Manifest, Verified, read


def manifest(path: Path) -> Manifest:
    return Manifest(
        artifact="savedmodel",
        dtype="float32",
        outputs=("predictions", "aux"),
        versions={"archgen": "0.1.0", "keras": "3.15.1"},
        passes={"fold-batch-norm": 2},
        verified=Verified(difference=1.25e-7, tolerance=1e-5, images=2, seed=0),
        files=contents(path),
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "served"
    (path / "variables").mkdir(parents=True)
    (path / "saved_model.pb").write_bytes(b"graph")
    (path / "variables" / "data").write_bytes(bytes(range(256)))
    seal(path, manifest(path))
    return path


def test_a_manifest_comes_back(folder: Path) -> None:
    found = verify(folder)
    assert found == manifest(folder)
    assert found.files.keys() == {"saved_model.pb", "variables/data"}
    assert found.files["saved_model.pb"].sha256 == sha256(b"graph").hexdigest()


@pytest.mark.parametrize("size", [0, 5, 200, 70_000])
def test_a_file_of_onnx_carries_its_manifest(size: int, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(b"m" * size + metadata("archgen", b"{}" * size))
    content = path.read_bytes()
    seal(path, manifest(path))
    assert verify(path).files["."].bytes == len(content)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises((ArtifactError, UsageError)):
        verify(path)


CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"format": 2}, "reads format 1"),
    ({"format": True}, "reads format 1"),
    ({"outputs": "predictions"}, "not what archgen writes"),
    ({"passes": {"x": -1}}, "not what archgen writes"),
    ({"passes": {"x": True}}, "not what archgen writes"),
    ({"files": {"x": {"bytes": 1, "sha256": "0" * 63}}}, "not what archgen writes"),
    ({"files": {"x": {"bytes": "1", "sha256": "0" * 64}}}, "not what archgen writes"),
    ({"verified": {"difference": 0}}, "not what archgen writes"),
    ({"further": 1}, "not what archgen writes"),
]


@pytest.mark.parametrize(("change", "told"), CHANGES)
def test_what_is_no_manifest_is_told(change: dict[str, Any], told: str, folder: Path) -> None:
    data = json.loads((folder / MANIFEST).read_text()) | change
    del data["sha256"]
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    content = json.dumps(data | {"sha256": sha256(text.encode()).hexdigest()})
    with pytest.raises(UsageError, match=told):
        read(content.encode(), "served")


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"\xff", b'{"format": 1, "format": 1}', b"[" * 9999, b'{"format": NaN}'],
)
def test_noise_is_told(content: bytes, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / MANIFEST).write_bytes(content)
    assert not is_artifact(folder)
    assert main(["verify", str(folder)]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_no_more_is_read_than_a_manifest_may_be(folder: Path) -> None:
    (folder / MANIFEST).write_bytes(b" " * (LIMITS.file_bytes + 1))
    with pytest.raises(UsageError, match="larger than"):
        manifest_of(folder)


def test_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"graph")
    (folder / "saved_model.pb").unlink()
    (folder / "saved_model.pb").symlink_to(outside)
    with pytest.raises(ArtifactError, match="`saved_model"):
        verify(folder)
    (folder / "more").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(ArtifactError, match="`more` in"):
        verify(folder)


def test_every_damage_of_a_folder_is_told_at_once(folder: Path) -> None:
    (folder / "saved_model.pb").write_bytes(b"grapi")
    (folder / "variables" / "data").unlink()
    (folder / "note").touch()
    with pytest.raises(ArtifactError) as caught:
        verify(folder)
    assert [fault.code for fault in caught.value.faults] == ["E513"] * 3


def test_what_is_no_artifact_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.onnx").write_bytes(b"no manifest")
    (tmp_path / "net.keras").write_bytes(b"no archive")
    for name in ("net.onnx", "net.keras", "net.tflite", ""):
        assert main(["verify", str(tmp_path / name)]) == 2
        assert "E502" in capsys.readouterr().err
        assert main(["show", str(tmp_path / name)]) == 2
        assert "E502" in capsys.readouterr().err

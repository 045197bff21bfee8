"""Models that sokkuri makes of other models, centred or quantized, and the benchmark of models."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from benchmarks.models import judge, precisions
from draw_images import save_drawing
from joint_model import write_joint_model
from run_cli import as_json, read_vectors, sokkuri
from tiny_model import write_tiny_model

from sokkuri.indexing.centre import LEAST_PHOTOS
from sokkuri.indexing.quantize import LEAST_PHOTOS as LEAST_COMPARED

PROJECT = Path(__file__).parents[2]


pytestmark = pytest.mark.usefixtures("models")


def test_a_centred_model_subtracts_the_mean_of_photos(models: Path, tmp_path: Path) -> None:
    """Its vectors are those of the other model without the mean, its searches are exact, and a
    collection of the other model refuses it. Unreadable photos do not count."""
    many = tmp_path / "many"
    for seed in range(LEAST_PHOTOS):
        save_drawing(many / "sub" / f"{seed:03d}.png", seed, 40, 40)
    net = write_tiny_model(tmp_path / "tiny.onnx", weights_file="weights.bin")
    sokkuri("models", "add", net)
    (many / "sub" / "000.png").write_bytes(b"no picture")
    few = sokkuri("models", "centre", "tiny", "--photos", many, code=2)
    assert f"has {LEAST_PHOTOS - 1} photos that can be read" in few.stderr
    assert [path.name for path in models.iterdir()] == ["tiny"]
    save_drawing(many / "new.png", 0, 40, 40)
    added = sokkuri("models", "centre", "tiny", "--photos", many)
    assert "tiny-centred is centred by the mean of 100 photos" in added.stderr
    assert "1 photo could not be read" in added.stderr
    assert "8 numbers, subtracted from each vector" in added.stdout
    sokkuri("index", many, "--model", "tiny")
    sokkuri("index", many, "--model", "tiny-centred", "--store", tmp_path / "centred")
    plain, centred = (read_vectors(store) for store in (many / ".sokkuri", tmp_path / "centred"))
    ids = sorted(plain)
    assert len(ids) == LEAST_PHOTOS
    raw, ours = (
        np.stack([np.frombuffer(vectors[id_], np.float32) for id_ in ids])
        for vectors in (plain, centred)
    )
    np.testing.assert_allclose(ours, raw - raw.mean(axis=0), atol=1e-4)
    units = ours / np.linalg.norm(ours, axis=1, keepdims=True)
    nearest = [ids[row] for row in np.argsort(-units @ units[7], kind="stable")[:5]]
    hits = as_json("search", ids[7], "-C", tmp_path / "centred", "-k", "5")
    assert hits["exact"]
    assert [hit["id"] for hit in hits["hits"]] == nearest
    refused = sokkuri("index", many, "--model", "tiny-centred", code=1)
    assert "tiny" in refused.stderr
    again = sokkuri("models", "centre", "tiny-centred", "--photos", many, code=2)
    assert "has a centre already" in again.stderr
    (many / "new.png").unlink()
    save_drawing(many / "other.png", 500, 40, 40)
    taken = sokkuri("models", "centre", "tiny", "--photos", many, code=1)
    assert "another model is called tiny-centred already" in taken.stderr


def test_a_centre_is_for_photos_and_for_pictures_alone(tmp_path: Path) -> None:
    joint = write_joint_model(tmp_path / "joint")
    refused = sokkuri("models", "centre", joint, "--photos", tmp_path, code=2)
    assert "knows words" in refused.stderr
    net = write_tiny_model(tmp_path / "tiny.onnx")
    for wrong in (
        ["centre", net], ["centre", "--photos", tmp_path], ["add", net, "--photos", tmp_path],
        ["centre", net, "--photos", tmp_path / "none"],
    ):  # fmt: skip
        assert sokkuri("models", *wrong, code=2).stderr.count("\n") == 1


def test_a_network_of_convolutions_is_quantized_and_compared(
    models: Path, photos: Path, tmp_path: Path
) -> None:
    net, many = write_tiny_model(tmp_path / "tiny.onnx"), tmp_path / "many"
    for number in range(LEAST_COMPARED - 1):
        save_drawing(many / "ab"[number % 2] / f"{number}.png", number, 40, 40)
    (many / "broken.png").write_bytes(b"no picture")
    few = sokkuri("models", "quantize", net, "--photos", many, code=2)
    assert f"has {LEAST_COMPARED - 1} photos that can be read" in few.stderr
    assert not models.exists()
    save_drawing(many / "a" / "last.png", 99, 40, 40)
    added = sokkuri("models", "quantize", net, "--photos", many, "--json")
    assert "1 photo could not be read" in added.stderr
    assert "mean average precision of folders" in added.stderr
    report = json.loads(added.stdout)["quantized"]
    assert (report["way"], report["photos"]) == ("static", LEAST_COMPARED)
    assert report["cosine"] > 0.98
    assert report["recall"] > 0.7
    assert report["speed"] > 0
    assert abs(report["map_integer"] - report["map_float"]) < 0.1
    sokkuri("index", photos, "--model", "tiny-int8")
    again = sokkuri("models", "quantize", "tiny-int8", "--photos", many, code=1)
    assert "has integers inside already" in again.stderr
    assert [path.name for path in models.iterdir()] == ["tiny-int8"]


def test_a_quantized_network_of_matrix_products_keeps_its_words(
    models: Path, photos: Path, tmp_path: Path
) -> None:
    joint, many = write_joint_model(tmp_path / "joint"), tmp_path / "many"
    for number in range(LEAST_COMPARED):
        save_drawing(many / f"{number}.png", number, 16, 16)
    quantize = ["models", "quantize", joint, "--photos", many, "--name", "small"]
    report = as_json(*quantize)["quantized"]
    assert (report["way"], report["map_float"]) == ("dynamic", None)
    assert report["cosine"] > 0.98
    sokkuri("index", photos, "--model", "small")
    assert as_json("search", "--text", "red", "-C", photos)["hits"]


def test_the_benchmark_of_models_says_how_well_classes_are_found(tmp_path: Path) -> None:
    """Classes that point in two directions are found without a fault; a shift hides that, and the
    mean of the other half uncovers it."""
    classes = np.repeat([0, 1], 4)
    along = np.array([1.0, 1, 20, 20, -1, -1, -20, -20])
    vectors = np.stack([along, np.zeros(8)], axis=1)
    assert precisions(vectors, classes) == pytest.approx((1.0, 3 / 7, 1.0))
    *_, plain, centred = judge(vectors + np.array([0, 10]), classes)
    assert plain < 1
    assert centred == 1.0
    for seed in range(6):
        save_drawing(tmp_path / "photos" / "ab"[seed % 2] / f"{seed}.png", seed, 40, 40)
    net = write_tiny_model(tmp_path / "tiny.onnx")
    arguments = ["models", str(net), "--photos", str(tmp_path / "photos")]
    command = [sys.executable, "-m", "benchmarks", *arguments]
    told = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    lines = told.stdout.strip().splitlines()
    assert "6 photos, 2 classes" in lines
    cells = [cell.strip() for cell in lines[-1].strip("|").split("|")]
    assert cells[:2] == [str(net), "8"]
    assert all(0 <= float(cell) <= 100 for cell in cells[2:7])
    assert all(float(cell) > 0 for cell in cells[7:])

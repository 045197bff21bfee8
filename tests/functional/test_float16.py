"""`--dtype float16`: vectors of half the size, in every operation of a collection."""

from pathlib import Path

import numpy as np
import pytest
from draw_images import save_drawing
from run_cli import as_json, assert_sound, count_rows_in_shards, read_vectors, sokkuri
from tiny_model import write_tiny_model

COUNT = 20


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for seed in range(COUNT):
        save_drawing(tmp_path / "photos" / f"{seed:02d}.png", seed)
    return tmp_path / "photos"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_tiny_model(tmp_path / "tiny.onnx")


def read_float64_vectors(
    store: Path, dtype: str
) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    return {
        id_: np.frombuffer(data, dtype).astype(float) for id_, data in read_vectors(store).items()
    }


def test_a_collection_in_float16_supports_every_operation(
    photos: Path, model: Path, tmp_path: Path
) -> None:
    """The rows are the rounded float32 rows. Search, copies, moves, compact and verify work, and
    later runs keep the dtype."""
    half, whole = tmp_path / "half", tmp_path / "whole"
    sokkuri("index", photos, "--store", whole, "--model", model)
    sokkuri("index", photos, "--store", half, "--model", model, "--dtype", "float16")
    expected = read_float64_vectors(whole, "float32")
    found = read_float64_vectors(half, "float16")
    assert found.keys() == expected.keys()
    for id_, vector in found.items():
        np.testing.assert_array_equal(vector, expected[id_].astype(np.float16))
    assert np.load(half / "features" / "tiny" / "0000.features.npy").dtype == np.float16
    hits = as_json("search", "04.png", "-C", half, "-k", 3)["hits"]
    assert hits[0] == {**hits[0], "id": "04.png", "distance": pytest.approx(0, abs=1e-9)}

    (photos / "copy.png").write_bytes((photos / "04.png").read_bytes())
    (photos / "05.png").rename(photos / "moved.png")
    report = as_json("index", "-C", half)
    assert (report["reused"], report["moved"], report["unchanged"]) == (1, 1, COUNT - 1)
    np.testing.assert_array_equal(
        read_float64_vectors(half, "float16")["copy.png"], found["04.png"]
    )
    sokkuri("remove", "-C", half, "06.png")
    sokkuri("compact", "-C", half)
    assert count_rows_in_shards(half) == COUNT
    assert_sound(half)
    assert as_json("verify", "-C", half, "--deep") == {"ok": True, "faults": []}

    refused = sokkuri("index", "-C", half, "--dtype", "float32", code=2)
    assert "keeps its vectors in float16: leave --dtype out" in refused.stderr


def test_damaged_rows_are_repaired(photos: Path, model: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    sokkuri("index", photos, "--store", store, "--model", model, "--dtype", "float16")
    before = read_vectors(store)
    shard = store / "features" / "tiny" / "0000.features.npy"
    data = bytearray(shard.read_bytes())
    data[:128] = bytes(128)  # the header
    data[-1] ^= 1
    shard.write_bytes(data)
    sokkuri("verify", "-C", store, "--repair")
    sokkuri("index", "-C", store)
    assert read_vectors(store) == before
    assert_sound(store)


def test_a_vector_beyond_float16_is_a_failure_row(photos: Path, tmp_path: Path) -> None:
    """A vector beyond float16 is a failure of its image and does not end the run."""
    model = tmp_path / "tiny.onnx"
    write_tiny_model(model)
    scale_head(model, 1e6)
    store = tmp_path / "store"
    report = as_json("index", photos, "--store", store, "--model", model, "--dtype", "float16")
    assert (report["added"], report["failed"]) == (0, COUNT)
    failures = as_json("status", "-C", store)["failures"]
    assert failures[0]["reason"] == "its vector has numbers too large for float16"


def scale_head(path: Path, factor: float) -> None:
    """Multiply the weights of the last layer."""
    import onnx
    from onnx import numpy_helper

    graph = onnx.load(path)
    for tensor in graph.graph.initializer:
        if tensor.name == "head":
            values = numpy_helper.to_array(tensor) * np.float32(factor)
            tensor.CopyFrom(numpy_helper.from_array(values, "head"))
    onnx.save(graph, path)


def test_imports_are_rounded_and_their_files_kept(
    photos: Path, model: Path, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    vectors = {f"{seed:02d}.png": rng.random(8, np.float32) for seed in range(5)}
    folder = tmp_path / "features"
    folder.mkdir()
    for id_, vector in vectors.items():
        np.save(folder / f"{id_}.npy", vector)
    np.save(folder / "99.png.npy", np.full(8, 1e6, np.float32))
    arguments = ["import", folder, "--root", photos, "--model", model, "--dtype", "float16"]
    refused = sokkuri(*arguments, "--delete", code=2)
    assert "leave --delete out" in refused.stderr
    done = sokkuri(*arguments, code=1)
    assert "too large for the float16" in done.stderr
    assert done.stdout == "5 imported, 0 known, 1 refused, 0 files deleted\n"
    found = read_float64_vectors(photos / ".sokkuri", "float16")
    assert found.keys() == vectors.keys()
    for id_, vector in vectors.items():
        np.testing.assert_array_equal(found[id_], vector.astype(np.float16))
    assert sokkuri(*arguments[:-2], code=1).stdout.startswith("0 imported, 5 known")

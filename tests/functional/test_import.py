"""import: features of the article's scripts become a collection, and nothing is lost."""

import os
import pickle
import signal
from pathlib import Path
from typing import Any

import article_loop
import numpy as np
import pytest
import steps
from draw_images import save_drawing
from numpy.typing import NDArray
from run_cli import as_json, assert_sound, read_vectors, sokkuri, start
from tiny_model import write_tiny_model

COUNT = 30
DIMENSION = 8
STEM = "extractor"

Vectors = dict[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A media folder with the article's layout: `object/00/01/<40 hex>.jpg`."""
    folder = tmp_path_factory.mktemp("media")
    for seed in range(COUNT):
        name = f"{seed * 7919 % 65536:04x}{seed:036x}.jpg"
        save_drawing(folder / "object" / name[:2] / name[2:4] / name, seed)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(
        tmp_path_factory.mktemp("model") / f"{STEM}.onnx",
        layout="NHWC", size=48, input="inputs:0", output="feature_vector", dimension=DIMENSION,
    )  # fmt: skip


@pytest.fixture(scope="module")
def truth(media: Path, model: Path) -> Vectors:
    """The vectors of the article's extraction, by file name."""
    return {
        path.name: article_loop.extract(path, model, "inputs:0", "feature_vector")
        for path in sorted(media.rglob("*.jpg"))
    }


def write_tree(folder: Path, truth: Vectors) -> Path:
    """Write one file for each image, as the article's extraction does."""
    for id_, vector in truth.items():
        subfolder = folder / id_[:2] / id_[2:4]
        subfolder.mkdir(parents=True, exist_ok=True)
        np.save(subfolder / f"{id_}.npy", vector)
    return folder


def write_pairs(folder: Path, truth: Vectors, rows: int) -> Path:
    """Write shard pairs, as the article's concatenation does."""
    folder.mkdir(parents=True)
    ids = sorted(truth)
    for number, start_row in enumerate(range(0, len(ids), rows)):
        part = ids[start_row : start_row + rows]
        np.save(folder / f"{number:04d}.features.npy", np.stack([truth[id_] for id_ in part]))
        np.save(folder / f"{number:04d}.object_ids.npy", np.array(part))
    return folder


def read_features(store: Path) -> Vectors:
    return {id_: np.frombuffer(data, np.float32) for id_, data in read_vectors(store).items()}


def assert_same(store: Path, truth: Vectors) -> None:
    vectors = read_features(store)
    assert vectors.keys() == truth.keys()
    for id_, vector in truth.items():
        np.testing.assert_array_equal(vectors[id_], vector)


@pytest.fixture(params=["tree", "pairs", "both"])
def made(request: pytest.FixtureRequest, truth: Vectors, tmp_path: Path) -> Path:
    """Features of the scripts, as one file for each image, as shard pairs, or as both."""
    ids = sorted(truth)
    tree = ids if request.param == "tree" else ids[:10] if request.param == "both" else []
    folder = tmp_path / "made" / STEM
    pairs = {id_: truth[id_] for id_ in ids if id_ not in tree}
    if pairs:
        write_pairs(folder, pairs, 12)
    return write_tree(folder, {id_: truth[id_] for id_ in tree})


def test_imported_features_need_no_extraction(
    made: Path, media: Path, model: Path, truth: Vectors, tmp_path: Path
) -> None:
    """One import takes trees and shard pairs. The next `index` finds the files by their names and
    extracts nothing, and `verify --deep` finds the right vectors."""
    store = tmp_path / "store"
    before = sorted(made.rglob("*.npy"))
    done = as_json("import", made, "--store", store, "--root", media, "--model", model)
    assert done == {"imported": COUNT, "known": 0, "refused": 0, "deleted": 0}
    assert_same(store, truth)
    assert sorted(made.rglob("*.npy")) == before
    image = sorted(truth)[4]
    hits = as_json("search", image, "-C", store)["hits"]
    assert hits[0]["id"] == image
    report = as_json("index", "-C", store)
    assert (report["unchanged"], report["total"]) == (COUNT, COUNT)
    assert [report[key] for key in ("added", "updated", "moved", "reused", "failed")] == [0] * 5
    assert_same(store, truth)
    assert as_json("verify", "-C", store, "--deep") == {"ok": True, "faults": []}
    hits = as_json("search", image, "-C", store)["hits"]
    assert hits[0]["path"] == str(next(media.rglob(image)))
    assert as_json("index", "-C", store)["unchanged"] == COUNT


def test_copies_of_imported_images_are_known(
    media: Path, model: Path, truth: Vectors, tmp_path: Path
) -> None:
    """After an index run has read the files, a copy of an image needs no extraction."""
    photos, store = tmp_path / "photos", tmp_path / "store"
    for path in media.rglob("*.jpg"):
        (photos / path.name).parent.mkdir(exist_ok=True)
        (photos / path.name).write_bytes(path.read_bytes())
    sokkuri("import", write_tree(tmp_path / "made", truth), "--store", store, "--root", photos,
            "--model", model)  # fmt: skip
    as_json("index", "-C", store)
    (photos / "copy.jpg").write_bytes((photos / min(truth)).read_bytes())
    report = as_json("index", "-C", store)
    assert (report["reused"], report["added"], report["unchanged"]) == (1, 0, COUNT)


def test_an_import_into_an_existing_collection_adds_only_new_vectors(
    media: Path, model: Path, truth: Vectors, tmp_path: Path
) -> None:
    """Equal vectors are known, other vectors are refused, and removed images stay removed."""
    store = tmp_path / "store"
    sokkuri("index", media, "--store", store, "--model", model, "--ids", "name", "--decode",
            "exact")  # fmt: skip
    first, second, *_ = sorted(truth)
    sokkuri("remove", "-C", store, first)
    other = read_features(store)
    changed = {**other, second: truth[second] + 1}
    done = sokkuri("import", write_tree(tmp_path / "made", changed), "-C", store, code=1)
    assert done.stdout == f"0 imported, {COUNT - 1} known, 1 refused, 0 files deleted\n"
    assert f"{second} has another vector already" in done.stderr
    assert_same(store, other)
    sokkuri("compact", "-C", store)
    again = as_json("import", write_tree(tmp_path / "more", other), "-C", store)
    assert (again["imported"], again["known"]) == (0, COUNT)
    assert as_json("status", "-C", store)["total"] == COUNT - 1


def write_npy(path: Path, array: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, array, allow_pickle=True)


class Trap:
    """A pickled object that creates a folder when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.trace),)


def test_untrusted_files_are_refused_by_name(
    media: Path, model: Path, truth: Vectors, tmp_path: Path
) -> None:
    """Files with a wrong dimension, dtype, value, id, row count or a pickle are named. The rest is
    imported, and the exit code is 1."""
    ids, good = sorted(truth), np.ones(DIMENSION, np.float32)
    made = write_tree(tmp_path / "made", {id_: truth[id_] for id_ in ids[:5]})
    trace = tmp_path / "trace"
    write_npy(made / "aa" / "short.npy", good[:-1])
    write_npy(made / "aa" / "wide.npy", np.ones((2, DIMENSION), np.float32))
    write_npy(made / "aa" / "double.npy", good.astype(np.float64))
    write_npy(made / "aa" / "nan.npy", np.full(DIMENSION, np.nan, np.float32))
    write_npy(made / "aa" / "objects.npy", np.array([Trap(trace)], object))
    (made / "aa" / "pickle.npy").write_bytes(pickle.dumps(Trap(trace)))
    (made / "aa" / "empty.npy").touch()
    write_npy(made / "aa" / "cut.npy", good)
    os.truncate(made / "aa" / "cut.npy", 128 + 4 * DIMENSION - 1)
    write_npy(made / "bb" / f"{ids[0]}.npy", good)  # another vector for an existing id
    write_npy(made / "cc" / f"{ids[1]}.npy", truth[ids[1]])  # the same vector again: harmless
    write_npy(made / "dd" / "0000.features.npy", np.ones((3, DIMENSION), np.float32))
    write_npy(made / "dd" / "0000.object_ids.npy", np.array(["x", "y"]))
    write_npy(made / "dd" / "0001.features.npy", np.ones((1, DIMENSION), np.float32))
    write_npy(made / "dd" / "0002.object_ids.npy", np.array(["z"]))
    write_npy(made / "dd" / "0003.features.npy", np.ones((1, DIMENSION), np.float32))
    write_npy(made / "dd" / "0003.object_ids.npy", np.array([Trap(trace)], object))
    write_npy(made / "dd" / "0004.features.npy", np.array([good, good * np.inf, good]))
    write_npy(made / "dd" / "0004.object_ids.npy", np.array(["fine", "infinite", "../../out"]))
    write_npy(made / "dd" / "0005.features.npy", np.ones((2, DIMENSION + 1), np.float32))
    write_npy(made / "dd" / "0005.object_ids.npy", np.array(["p", "q"]))
    write_npy(made / "dd" / "0006.features.npy", np.ones((2, DIMENSION), np.float32))
    write_npy(made / "dd" / "0006.object_ids.npy", np.array(["r", "s"]))
    os.truncate(made / "dd" / "0006.features.npy", 128 + 4 * DIMENSION)
    store = tmp_path / "store"
    done = sokkuri("import", made, "--store", store, "--root", media, "--model", model,
                   "--delete", code=1)  # fmt: skip
    assert done.stdout == "6 imported, 1 known, 17 refused, 6 files deleted\n"
    lines = [line for line in done.stderr.splitlines() if line.startswith(("row", str(made)))]
    assert len(lines) == 17
    for name, reason in {
        "short.npy": f"its shape is ({DIMENSION - 1},), not ({DIMENSION},)",
        "wide.npy": f"its shape is (2, {DIMENSION}), not ({DIMENSION},)",
        "double.npy": "it holds float64, not float32",
        "nan.npy": "not all of its numbers are finite",
        "objects.npy": "it holds pickled objects, which could run programs",
        "pickle.npy": "it is no .npy file",
        "empty.npy": "it is no .npy file",
        "cut.npy": "it is cut short, or too long",
        f"bb/{ids[0]}.npy": f"{ids[0]} has another vector already",
        "dd/0000.features.npy": "0000.object_ids.npy holds <U1 (2,), not 3 texts",
        "dd/0001.features.npy": "0001.object_ids.npy is missing",
        "dd/0002.object_ids.npy": "0002.features.npy is missing",
        "0003.object_ids.npy": "it holds pickled objects",
        "row 1 of": "not all of its numbers are finite",
        "row 2 of": "'../../out' cannot be an image's name",
        "dd/0005.features.npy": f"its shape is (2, {DIMENSION + 1}), not (N, {DIMENSION})",
        "dd/0006.features.npy": "it holds 1 rows, not 2",
    }.items():
        assert any(name in line and reason in line for line in lines), (name, done.stderr)
    assert not trace.exists()
    assert read_features(store).keys() == {*ids[:5], "fine"}
    left = sorted(path.name for path in made.rglob("*.npy") if not path.name[0].isdigit())
    assert left == ["cut.npy", "double.npy", "empty.npy", "nan.npy", "objects.npy", "pickle.npy",
                    "short.npy", "wide.npy"]  # fmt: skip
    assert (made / "bb" / f"{ids[0]}.npy").exists()


def test_delete_removes_only_the_files_of_single_vectors(
    made: Path, media: Path, model: Path, truth: Vectors, tmp_path: Path
) -> None:
    """`--delete` removes files of one vector after their rows were read back. Pairs stay."""
    store = tmp_path / "store"
    (made / "notes.txt").write_text("mine")
    small = [path for path in made.rglob("*.npy") if path.parent != made]
    kept = {path: path.read_bytes() for path in made.iterdir() if path.is_file()}
    sokkuri("import", made, "--store", store, "--root", media, "--model", model)
    done = as_json("import", made, "-C", store, "--delete")
    assert (done["imported"], done["known"], done["deleted"]) == (0, COUNT, len(small))
    assert {path: path.read_bytes() for path in made.rglob("*") if path.is_file()} == kept
    assert_same(store, truth)


@pytest.mark.parametrize("count", [300, pytest.param(10_400, marks=pytest.mark.full)])
def test_a_killed_import_is_resumed(media: Path, model: Path, tmp_path: Path, count: int) -> None:
    """After a `kill -9` during the deletion every vector is in the collection, in its file, or in
    both. A second import completes the collection. 10,400 vectors are more than one shard."""
    rng = np.random.default_rng(0)
    many = {
        f"{n:040x}.jpg": rng.standard_normal(DIMENSION).astype(np.float32) for n in range(count)
    }
    made, store = write_tree(tmp_path / "made", many), tmp_path / "store"
    command = ("import", made, "--store", store, "--root", media, "--model", model, "--delete")
    process = start(*command, environment=steps.removal_environment(count // 3, ".npy"))
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    left = {path.name.removesuffix(".npy") for path in made.rglob("*.npy")}
    assert len(left) == count - count // 3 + 1
    imported = read_features(store)
    assert imported.keys() | left == many.keys()
    done = as_json(*command)
    assert done["imported"] == count - len(imported)
    assert list(made.rglob("*.npy")) == []
    assert_same(store, many)
    rows = [len(np.load(path, mmap_mode="r")) for path in sorted(store.rglob("*.features.npy"))]
    assert rows == ([count] if count <= 10_000 else [10_000, count - 10_000])


def test_meaningless_imports_give_one_clear_line(
    media: Path, model: Path, truth: Vectors, tmp_path: Path
) -> None:
    made = write_pairs(tmp_path / "feature" / "features" / STEM, truth, 12)
    before = {path: path.read_bytes() for path in made.iterdir()}
    refused = sokkuri("import", made, "--store", tmp_path / "s", "--root", media, code=2)
    assert "name the network that made these vectors" in refused.stderr
    refused = sokkuri("import", tmp_path / "none", "-C", tmp_path, code=2)
    assert "is not a folder" in refused.stderr
    # A new collection must not write into the article's own feature folder.
    target = ("--store", tmp_path / "feature", "--root", media, "--model", model)
    for verb in (("import", made), ("index",)):
        refused = sokkuri(*verb, *target, code=1)
        assert "holds vectors that no catalog knows" in refused.stderr
    sokkuri("import", made, "--store", made / "store", "--root", media, "--model", model)
    refused = sokkuri("import", made, "-C", made / "store", code=1)
    assert "holds this collection's own vectors" in refused.stderr
    assert {path: path.read_bytes() for path in made.iterdir() if path.is_file()} == before


def test_an_export_can_be_imported(media: Path, model: Path, tmp_path: Path) -> None:
    """An exported collection can be imported again, also with paths as ids."""
    sokkuri("index", media, "--store", tmp_path / "one", "--model", model)
    sokkuri("export", tmp_path / "out", "-C", tmp_path / "one")
    sokkuri("import", tmp_path / "out", "--store", tmp_path / "two", "--root", media, "--model",
            model, "--decode", "fast", "--ids", "path")  # fmt: skip
    assert read_vectors(tmp_path / "one") == read_vectors(tmp_path / "two")
    sokkuri("index", "-C", tmp_path / "two")
    assert_sound(tmp_path / "two")

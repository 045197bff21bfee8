"""export: other tools can read the vectors of the live images, in id order."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from draw_images import save_drawing
from pyarrow import parquet
from run_cli import as_json, read_vectors, sokkuri, without

from sokkuri.api import Collection
from sokkuri.indexing.export import ExportOptions, export

COUNT = 25
KEPT = [f"{seed:02d}.png" for seed in range(COUNT) if seed != 3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("export") / "photos"
    for seed in reversed(range(COUNT)):
        save_drawing(home / f"{seed:02d}.png", seed)
    sokkuri("index", home, "--shuffle", 4)
    sokkuri("remove", "-C", home, "03.png")
    return home


@pytest.fixture(scope="module")
def truth(folder: Path) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The vectors of the live images, in id order."""
    vectors = read_vectors(folder / ".sokkuri")
    return np.stack([np.frombuffer(vectors[id_], np.float32) for id_ in KEPT])


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_the_articles_format_has_contiguous_shards(
    folder: Path, truth: np.ndarray[Any, np.dtype[np.float32]], dtype: str, tmp_path: Path
) -> None:
    """Contiguous shards in id order without removed rows, in the article's files."""
    out = tmp_path / "out"
    done = as_json("export", out, "-C", folder, "--shard-size", 10, "--dtype", dtype)
    assert (done["rows"], done["shards"]) == (COUNT - 1, 3)
    assert sorted(path.name for path in out.iterdir()) == [
        *(f"{n:04d}.{kind}.npy" for n in range(3) for kind in ("features", "object_ids")),
        "_manifest.json",
    ]
    manifest = json.loads((out / "_manifest.json").read_text())
    assert {key: manifest[key] for key in done} == done
    assert (manifest["format"], manifest["dimension"]) == ("article", 1280)
    assert [path.name for path in tmp_path.iterdir()] == ["out"], "nothing else is left"
    features = [np.load(out / f"{n:04d}.features.npy") for n in range(3)]
    ids = [np.load(out / f"{n:04d}.object_ids.npy") for n in range(3)]
    assert [len(matrix) for matrix in features] == [len(column) for column in ids] == [10, 10, 4]
    assert np.concatenate(ids).tolist() == KEPT
    np.testing.assert_array_equal(np.concatenate(features), truth.astype(dtype))
    assert done["bytes"] == sum(path.stat().st_size for path in out.glob("*.npy"))


def test_the_clip_retrieval_format_has_its_layout(
    folder: Path, truth: np.ndarray[Any, np.dtype[np.float32]], tmp_path: Path
) -> None:
    """`img_emb/img_emb_0000.npy` with `metadata/metadata_0000.parquet`, row-aligned."""
    out = tmp_path / "out"
    as_json("export", out, "-C", folder, "--format", "clip-retrieval", "--shard-size", 20)
    features = [np.load(out / "img_emb" / f"img_emb_{n:04d}.npy") for n in range(2)]
    tables = [parquet.read_table(out / "metadata" / f"metadata_{n:04d}.parquet") for n in range(2)]
    assert [len(matrix) for matrix in features] == [table.num_rows for table in tables] == [20, 4]
    np.testing.assert_array_equal(np.concatenate(features), truth)
    paths = [path for table in tables for path in table["image_path"].to_pylist()]
    assert paths == [str(folder / id_) for id_ in KEPT]


def test_the_parquet_format_is_one_data_set(
    folder: Path, truth: np.ndarray[Any, np.dtype[np.float32]], tmp_path: Path
) -> None:
    """One Parquet data set with a fixed-size list column."""
    out = tmp_path / "out"
    as_json("export", out, "-C", folder, "--format", "parquet", "--shard-size", 7)
    table = parquet.read_table(out)
    assert str(table.schema.field("features").type) == "fixed_size_list<element: float>[1280]"
    assert table["id"].to_pylist() == KEPT
    rows = np.stack(table["features"].to_numpy())
    np.testing.assert_array_equal(rows, truth)


def test_a_folder_that_is_not_empty_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    refused = sokkuri("export", tmp_path, "-C", folder, code=2)
    assert "not an empty folder" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_export_that_fails_leaves_no_folder(folder: Path, tmp_path: Path) -> None:
    """Guarantee: what has the name of an export is complete."""
    out = tmp_path / "out"
    with Collection.open(folder, "ro") as collection:
        steps = export(collection, out, ExportOptions(shard_size=10))
        next(steps)
        assert not out.exists()
        steps.close()
        assert list(tmp_path.iterdir()) == []
        out.mkdir()  # a folder that exists may be a mount point: it stays
        before = out.stat().st_ino
        for _ in export(collection, out, ExportOptions(shard_size=10)):
            assert not list(out.glob("*.npy"))
        assert out.stat().st_ino == before
        names = {path.name for path in out.iterdir()}
        assert "_manifest.json" in names
        assert len(names) == 7


def test_a_shard_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """The fault is not that of the folder to write in."""
    save_drawing(tmp_path / "photos" / "a.png", 1)
    sokkuri("index", tmp_path / "photos")
    (shard,) = (tmp_path / "photos" / ".sokkuri" / "features").glob("*/0000.features.npy")
    shard.unlink()
    shard.mkdir()  # cannot be opened, also by root
    refused = sokkuri("export", tmp_path / "out", "-C", tmp_path / "photos", code=1)
    assert refused.stderr.startswith(f"sokkuri: {shard}: is a directory")
    assert not (tmp_path / "out").exists()


def test_names_that_are_not_utf8_are_refused_by_parquet(tmp_path: Path) -> None:
    save_drawing(tmp_path / "photos" / "caf\udce9.png", 1)
    sokkuri("index", tmp_path / "photos")
    as_json("export", tmp_path / "out", "-C", tmp_path / "photos")
    assert np.load(tmp_path / "out" / "0000.object_ids.npy").tolist() == ["caf\udce9.png"]
    refused = sokkuri(
        "export", tmp_path / "p", "-C", tmp_path / "photos", "--format", "parquet", code=1
    )
    assert "caf\\\\xe9.png is not UTF-8" in refused.stderr.replace("\\x", "\\\\x")


def test_a_missing_extra_is_named(folder: Path, tmp_path: Path) -> None:
    """The message says what to install."""
    done = without(
        "pyarrow", "export", tmp_path / "out", "-C", folder, "--format", "parquet", code=1
    )
    assert done.stderr == (
        "sokkuri: Parquet needs the extra parquet: "
        "in sokkuri's environment, run pip install 'sokkuri[parquet]'\n"
    )


def test_an_empty_collection_gives_no_shards(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    sokkuri("index", tmp_path / "photos")
    done = as_json("export", tmp_path / "out", "-C", tmp_path / "photos")
    assert done == {"rows": 0, "shards": 0, "bytes": 0}

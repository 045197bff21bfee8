"""Parts: independent jobs make one collection, and a killed merge loses no row."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
from draw_images import save_drawing
from run_cli import RunningCommand, as_json, count_rows_in_shards, read_vectors, sokkuri, start
from synthetic_collection import DIMENSION, make_model
from tiny_model import write_tiny_model

from sokkuri.api import Collection
from sokkuri.indexing.options import SyncOptions
from sokkuri.indexing.partition import Part, share
from sokkuri.indexing.settings import mark_finished, save_settings, with_saved_settings
from sokkuri.store.images import read_failures
from sokkuri.store.rows import store_rows
from sokkuri.store.shards import checksum_rows

PHOTOS, PARTS = 30, 2
MANY = 12_000
"""Images of the parts in the test of killed merges, which commit 2,000 at a time."""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("network") / "tiny.onnx")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for seed in range(PHOTOS):
        save_drawing(tmp_path / "photos" / f"album-{seed % 5}" / f"{seed:02d}.png", seed)
    (tmp_path / "photos" / "broken.png").write_bytes(b"no picture")
    (tmp_path / "photos" / "clip.mov").write_bytes(b"x")
    return tmp_path / "photos"


def test_jobs_with_one_command_make_one_collection(photos: Path, network: Path) -> None:
    """Guarantee: jobs of parts share nothing, and the merged parts equal one run, bit for bit. The
    commands of the jobs differ only in the number of the part."""
    jobs = [
        start("index", photos, "--model", network, "--part", f"{number}/{PARTS}", "--json")
        for number in range(1, PARTS + 1)
    ]
    outputs = [job.communicate(timeout=120) for job in jobs]
    assert [job.returncode for job in jobs] == [0] * PARTS, outputs
    stores = [photos / f".sokkuri-{number}-of-{PARTS}" for number in range(1, PARTS + 1)]
    assert all(store.is_dir() for store in stores)
    assert sum(len(read_vectors(store)) for store in stores) == PHOTOS
    assert f"part       1/{PARTS}" in sokkuri("status", "-C", stores[0]).stdout

    done = as_json("merge", photos)
    assert (done["parts"], done["added"], done["failed"]) == (PARTS, PHOTOS, 1)
    again = as_json("index", photos)
    assert (again["added"], again["updated"], again["unchanged"]) == (0, 0, PHOTOS)
    with Collection.create(photos, store=photos.parent / "one", model=str(network)) as single:
        *_, last = single.sync()
        assert last.result is not None
        with Collection.open(photos) as whole:
            assert [*read_failures(whole.catalog)] == [*read_failures(single.catalog)] != []
            assert whole.verify() == []
            assert whole.status().left_aside == single.status().left_aside
            assert whole.status().left_aside == {"video": 1}
        assert read_vectors(whole.store) == read_vectors(single.store)
        assert count_rows_in_shards(whole.store) == PHOTOS


def test_a_part_keeps_its_number(photos: Path, network: Path) -> None:
    """Later runs keep it. Another number, or a part of a whole collection, is refused in a line."""
    command = ["index", photos, "--model", network]
    assert as_json(*command, "--part", "2/3", "--dry-run")["part"] == "2/3"
    assert not list(photos.glob(".sokkuri*")), "a dry run creates nothing"
    total = as_json(*command, "--part", "2/3")["total"]
    store = photos / ".sokkuri-2-of-3"
    assert as_json("index", "-C", store)["unchanged"] == total
    refused = sokkuri("index", "-C", store, "--part", "2/4", code=2).stderr
    assert "is part 2/3, not 2/4" in refused.splitlines()[-1]
    assert as_json("status", "-C", store)["part"] == "2/3"
    with Collection.create(photos, store=photos.parent / "whole", model=str(network)) as whole:
        [*whole.sync()]
    refused = sokkuri("index", "-C", whole.store, "--part", "1/3", code=2).stderr
    assert "cannot become a part" in refused.splitlines()[-1]


def test_a_merge_without_all_parts_is_refused_in_a_line(photos: Path, network: Path) -> None:
    command = ["index", photos, "--model", network]
    sokkuri(*command, "--part", "1/2")
    missing = sokkuri("merge", photos, code=1).stderr
    assert missing == (
        f"sokkuri: missing of the 2 parts: 2/2; name their stores too, or make them with `sokkuri "
        f"index {photos} --part 2/2`\n"
    )
    assert not (photos / ".sokkuri").exists()


def read_documented_jobs() -> dict[str, str]:
    """Return the job scripts of docs/scale.md, by the variable that the scheduler sets."""
    page = (Path(__file__).parents[2] / "docs" / "scale.md").read_text()
    (slurm,) = re.findall(r"^```bash\n(#!.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (kubernetes,) = re.findall(r"- \|\n((?: {14}.*\n)+)", page)
    return {"SLURM_ARRAY_TASK_ID=64": slurm, "JOB_COMPLETION_INDEX=63": dedent(kubernetes)}


@pytest.mark.parametrize("setting", ["SLURM_ARRAY_TASK_ID=64", "JOB_COMPLETION_INDEX=63"])
def test_the_jobs_of_the_docs_index_their_part(photos: Path, setting: str) -> None:
    script = read_documented_jobs()[setting]
    stores = photos.parent / "stores"
    for path, here in {"/data/photos": photos, "/stores": stores}.items():
        assert path in script
        script = script.replace(path, str(here))
    name, _, number = setting.partition("=")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, name: number, "PATH": path}
    subprocess.run(["bash", "-c", script], env=environment, check=True, capture_output=True)
    with Collection.open(stores / "part-64", "ro") as part:
        assert part.status().part == "64/64"


def make_parts(root: Path) -> list[Path]:
    """Make the parts of a collection with many images and small vectors."""
    root.mkdir()
    ids = [f"object/{number:08d}.jpg" for number in range(MANY)]
    stores = []
    for number in range(1, PARTS + 1):
        part = Part(PARTS, number)
        part_ids = [id_ for id_ in ids if share(id_, PARTS) == number]
        with Collection.create_with(
            root, root / part.store_name, make_model(), "synthetic.onnx"
        ) as collection:
            catalog = collection.catalog
            save_settings(catalog, with_saved_settings(catalog, SyncOptions(part=part)))
            rows = np.random.default_rng(number).random((len(part_ids), DIMENSION), np.float32)
            with catalog.writing():
                places = store_rows(collection, rows, part_ids)
                catalog.execute_many(
                    "INSERT INTO images (id, path, size, mtime_ns, digest, width, height, model,"
                    " shard, row, checksum, todo) VALUES (?1, ?1, 10, 1, ?1, 640, 480, 1, ?2, ?3,"
                    " ?4, 0)",
                    (
                        (id_, at.shard, at.row, checksum)
                        for id_, at, checksum in zip(
                            part_ids, places, checksum_rows(rows), strict=True
                        )
                    ),
                )
            mark_finished(catalog)
        stores.append(root / part.store_name)
    return stores


def count_committed(store: Path) -> int:
    """Return the number of images in the catalog."""
    if not (store / "catalog.sqlite").exists():
        return 0
    try:
        with closing(
            sqlite3.connect(f"file:{store / 'catalog.sqlite'}?mode=ro", uri=True)
        ) as catalog:
            return int(catalog.execute("SELECT count(*) FROM images").fetchone()[0])
    except sqlite3.OperationalError:
        return 0  # it is being created


def kill_after_a_commit(process: RunningCommand, store: Path, count: int) -> bool:
    """`kill -9` the merge once it has committed more. Return False if it ended before."""
    deadline = time.monotonic() + 60
    while process.poll() is None and count_committed(store) <= count:
        assert time.monotonic() < deadline
    process.kill()
    process.communicate()
    return process.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="kills by process id")
def test_a_killed_merge_is_completed_by_the_same_command(tmp_path: Path) -> None:
    """Guarantee: the same command completes a killed merge. Each run commits more rows than the run
    before, and at the end each row is there once, bit for bit. The parts are only read."""
    stores = make_parts(tmp_path / "photos")
    whole = tmp_path / "whole"
    rows = {id_: row for store in stores for id_, row in read_vectors(store).items()}
    command = ["merge", *stores, "--into", whole, "--json"]
    kills, seen = 0, -1
    for _ in range(3):
        seen = count_committed(whole)
        kills += kill_after_a_commit(start(*command), whole, seen)
    assert kills >= 2, "the kills interrupted merges"
    done = as_json(*command)
    assert done["total"] == MANY
    assert read_vectors(whole) == rows
    assert count_rows_in_shards(whole) == MANY, "nothing was copied twice"
    assert {id_: row for store in stores for id_, row in read_vectors(store).items()} == rows

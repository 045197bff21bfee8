"""Codes are kept beside the shards, checked before use, and rebuilt if they are lost."""

import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from synthetic_collection import DIMENSION, Bench, create_empty

from sokkuri.api import Collection
from sokkuri.core.types import StoredRows
from sokkuri.indexing.compact import compact
from sokkuri.search import code_files
from sokkuri.search.code_files import CodeReader, refresh_codes
from sokkuri.search.searcher import Searcher
from sokkuri.store import rows as rows_module
from sokkuri.store.derived import derived_folder
from sokkuri.store.images import find_image
from sokkuri.store.shards import ShardFolder

COUNT = 3000


@pytest.fixture(autouse=True)
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes are kept from 100 rows on."""
    monkeypatch.setattr(code_files, "CODED_FROM", 100)
    monkeypatch.setattr(code_files, "_NEW_ROWS", 100)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(create_empty(tmp_path / "photos"))
    bench.add_images(0, COUNT)
    yield bench
    bench.digests.close()
    bench.collection.close()


def refresh(collection: Collection, *, thorough: bool = False) -> list[tuple[int, int]]:
    return list(refresh_codes(collection, thorough=thorough))


def coded_rows(collection: Collection) -> tuple[list[int], list[str]]:
    """Return how many rows of each shard have codes, and messages about damaged codes."""
    blocks, messages = CodeReader(collection).read(collection.rows_per_shard())
    return [0 if block is None else len(block) for block in blocks], messages


def test_codes_are_built_once_and_again_when_rows_are_added(bench: Bench) -> None:
    collection = bench.collection
    assert coded_rows(collection) == ([0], [])
    assert refresh(collection) == [(0, 1), (1, 1)]
    assert coded_rows(collection) == ([COUNT], [])
    assert refresh(collection) == []
    bench.add_images(COUNT, 50)
    assert refresh(collection) == [], "a few rows are scanned without codes"
    assert coded_rows(collection) == ([COUNT], [])
    bench.add_images(COUNT + 50, 60)
    assert refresh(collection) == [(0, 1), (1, 1)]
    assert coded_rows(collection) == ([COUNT + 110], [])
    assert len(list(derived_folder(collection).glob("*.codes.npy"))) == 1


def test_one_process_at_a_time_codes_a_collection(bench: Bench) -> None:
    """Two of them would make two bases, and overwrite each other's files."""
    begun = threading.Event()

    class Second(Collection):
        def rows_per_shard(self) -> dict[int, int]:
            begun.set()
            return super().rows_per_shard()

    def code_too() -> list[tuple[int, int]]:
        with Second.open(bench.collection.store) as second:
            return refresh(second)

    first = refresh_codes(bench.collection)
    assert next(first) == (0, 1)
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(code_too)
        assert begun.wait(60)
        assert list(first) == [(1, 1)]
        assert second.result(60) == [], "nothing is left to do"
    assert coded_rows(bench.collection) == ([COUNT], [])


def test_codes_are_built_although_a_shard_was_replaced_meanwhile(bench: Bench) -> None:
    """Another process compacts between the look into the catalog and the look into a shard."""

    class Late(Collection):
        tries = 0

        def rows_per_shard(self) -> dict[int, int]:
            rows = super().rows_per_shard()
            self.tries += 1
            if self.tries == 2:  # the first call asks for the number only
                bench.collection.remove(["00003"])
                compact(bench.collection)
            return rows

    with Late.open(bench.collection.store) as late:
        refresh(late)
    refresh(bench.collection)
    assert coded_rows(bench.collection) == ([COUNT - 1], [])


def test_codes_of_many_shards_are_made_with_few_of_them_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_module, "SHARD_ROWS", 100)
    bench = Bench(create_empty(tmp_path / "photos"))
    bench.add_images(0, 750)
    map_rows = ShardFolder.map_rows
    mapped: list[weakref.ref[StoredRows]] = []
    alive: list[int] = []

    def map_and_watch(shards: ShardFolder, shard: int, rows: int) -> StoredRows:
        alive.append(sum(ref() is not None for ref in mapped))
        found = map_rows(shards, shard, rows)
        mapped.append(weakref.ref(found))
        return found

    monkeypatch.setattr(ShardFolder, "map_rows", map_and_watch)
    assert refresh(bench.collection)[-1] == (7, 7)
    assert len(mapped) == 8 + 7, "the sample, then the codes; 50 rows in the last shard are few"
    assert max(alive) <= 1
    assert coded_rows(bench.collection)[0] == [100] * 7 + [0]
    bench.digests.close()


def test_a_small_collection_has_no_codes(tmp_path: Path) -> None:
    bench = Bench(create_empty(tmp_path / "photos"))
    bench.add_images(0, 99)
    assert refresh(bench.collection) == []
    assert coded_rows(bench.collection) == ([0], [])
    bench.digests.close()


@pytest.mark.parametrize("kind", ["codes", "terms", "heads", "head_terms", "basis"])
@pytest.mark.parametrize("damage", ["a changed byte", "cut short", "gone"])
def test_damaged_codes_are_not_used_and_are_rebuilt(bench: Bench, kind: str, damage: str) -> None:
    collection = bench.collection
    refresh(collection)
    truth = Searcher(collection).search(["00007"], 20)
    name = "basis.npy" if kind == "basis" else f"0000-{COUNT}.{kind}.npy"
    path = derived_folder(collection) / name
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(data if damage == "a changed byte" else data[:-9])
    rows, messages = coded_rows(collection)
    assert rows == [0]
    assert len(messages) == 1
    assert "searched without it; `sokkuri compact` rebuilds it" in messages[0]
    searcher = Searcher(collection)
    hits = searcher.search(["00007"], 20)
    assert hits.ids == truth.ids
    np.testing.assert_array_equal(hits.distances, truth.distances)
    assert searcher.notes == messages
    refresh(collection, thorough=True)
    assert coded_rows(collection) == ([COUNT], [])


def test_codes_of_another_version_are_rebuilt(bench: Bench) -> None:
    collection = bench.collection
    refresh(collection)
    manifest = derived_folder(collection) / "codes.json"
    manifest.write_text(manifest.read_text().replace('"version": 2', '"version": 1'))
    assert coded_rows(collection) == ([0], [])
    assert refresh(collection) == [(0, 1), (1, 1)]
    assert coded_rows(collection) == ([COUNT], [])


def test_codes_of_a_deleted_shard_are_deleted(bench: Bench) -> None:
    collection = bench.collection
    refresh(collection)
    collection.remove([f"{number:05d}" for number in range(0, COUNT, 2)])
    collection.compact()
    assert coded_rows(collection) == ([COUNT // 2], [])
    names = {path.name for path in derived_folder(collection).glob("*.npy")}
    assert names == {"basis.npy"} | {
        f"0001-{COUNT // 2}.{kind}.npy" for kind in ("codes", "terms", "heads", "head_terms")
    }


def test_a_reader_reads_each_file_once(bench: Bench) -> None:
    collection = bench.collection
    refresh(collection)
    reader = CodeReader(collection)
    (first,), _ = reader.read(collection.rows_per_shard())
    for path in derived_folder(collection).glob("*.npy"):
        path.unlink()
    (again,), messages = reader.read(collection.rows_per_shard())
    assert first is not None
    assert again is not None
    assert messages == []
    assert np.shares_memory(first.full.codes, again.full.codes)


def test_rows_in_the_place_of_damaged_ones_get_codes_of_their_own(bench: Bench) -> None:
    """`repair` moves the other rows to a new shard without codes; then that shard grows."""
    collection = bench.collection
    refresh(collection)
    path = collection.shards.features_path(0)
    data = bytearray(path.read_bytes())
    lost = 500 * DIMENSION * 4
    data[-lost:] = bytes(lost)
    path.write_bytes(data)
    collection.repair()
    assert collection.rows_per_shard() == {1: COUNT - 500}
    assert coded_rows(collection) == ([0], [])
    bench.add_images(COUNT, 500)  # their rows, then those of the lost images
    refresh(collection)
    (shard_rows,) = collection.rows_per_shard().values()
    rows = collection.read_vectors([(1, row) for row in range(shard_rows)]).astype(float)
    for id_ in ("00007", f"{COUNT + 3:05d}"):
        hits = Searcher(collection).search([id_], 20, "l2")
        image = find_image(collection.catalog, id_)
        assert image is not None
        assert image.row is not None
        truth = np.sort(np.linalg.norm(rows - rows[image.row.row], axis=1))[:20]
        np.testing.assert_allclose(hits.distances, truth, atol=1e-12)

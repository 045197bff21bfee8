"""Reads of one moment, while other connections replace shards or the whole store."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from synthetic_collection import DIMENSION, Bench, create_empty, damage_row, make_files

from sokkuri.api import Collection
from sokkuri.core.errors import MissingShardError, StorageError, StoreReplacedError
from sokkuri.core.types import Features
from sokkuri.indexing.compact import compact
from sokkuri.search.searcher import Searcher
from sokkuri.store.images import live_rows_by_id
from sokkuri.store.read_rows import read_rows
from sokkuri.store.snapshot import at_one_moment, open_snapshot

IDS = [f"{number:02d}" for number in range(20)]


def vectors() -> Features:
    return np.random.default_rng(3).random((len(IDS), DIMENSION), np.float32)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(create_empty(tmp_path / "photos"))
    bench.add_vectors(vectors(), IDS)
    make_files(bench.collection.root, IDS)
    yield bench
    bench.digests.close()
    bench.collection.close()


@pytest.fixture
def reader(bench: Bench) -> Iterator[Collection]:
    with Collection.open(bench.collection.store, "ro") as reader:
        yield reader


def places(collection: Collection) -> list[tuple[int, int]]:
    return [(shard, row) for _, _, shard, row in live_rows_by_id(collection.catalog)]


def rewrite_shards(bench: Bench, id_: str) -> None:
    bench.collection.remove([id_])
    compact(bench.collection)


def test_a_read_starts_again_if_a_shard_is_replaced_before_it_is_opened(
    bench: Bench, reader: Collection
) -> None:
    tries: list[int] = []

    def read() -> Features:
        at = places(reader)
        tries.append(len(at))
        if len(tries) <= 2:
            rewrite_shards(bench, IDS[len(tries)])
        return reader.read_vectors(at)

    found = at_one_moment(reader, read)
    assert tries == [20, 19, 18]
    np.testing.assert_array_equal(found, np.delete(vectors(), [1, 2], axis=0))


def test_a_read_gives_up_if_shards_are_replaced_again_and_again(
    bench: Bench, reader: Collection
) -> None:
    tries: list[int] = []

    def read() -> Features:
        at = places(reader)
        tries.append(1)
        bench.collection.restore(IDS[:1])
        bench.add_vectors(vectors()[:1] + len(tries), [f"new {len(tries)}"])
        rewrite_shards(bench, f"new {len(tries)}")
        return reader.read_vectors(at)

    with pytest.raises(StorageError, match="again and again"):
        at_one_moment(reader, read)
    assert len(tries) < 100


def test_a_snapshot_starts_again_if_a_shard_is_replaced_before_it_is_opened(bench: Bench) -> None:
    class Late(Collection):
        """Another process compacts after the catalog was read, and before shards are opened."""

        tries = 0

        def rows_per_shard(self) -> dict[int, int]:
            rows = super().rows_per_shard()
            self.tries += 1
            if self.tries == 1:
                rewrite_shards(bench, IDS[4])
            return rows

    with Late.open(bench.collection.store, "ro") as late, open_snapshot(late) as shards:
        found = read_rows(late.catalog, shards, places(late))
    np.testing.assert_array_equal(found, np.delete(vectors(), 4, axis=0))


def test_a_snapshot_stays_readable_whatever_others_do(bench: Bench, reader: Collection) -> None:
    with open_snapshot(reader) as shards:
        at = places(reader)
        rewrite_shards(bench, "00")
        damage_row(bench.collection, "10")
        bench.collection.repair()
        np.testing.assert_array_equal(read_rows(reader.catalog, shards, at), vectors())
    with pytest.raises(MissingShardError):
        shards.map_rows(99, 1)


def test_a_shard_that_is_lost_is_an_error_at_once(bench: Bench, reader: Collection) -> None:
    bench.collection.shards.features_path(0).unlink()
    with pytest.raises(MissingShardError, match="run `sokkuri verify --repair`"):
        at_one_moment(reader, lambda: reader.read_vectors(places(reader)))
    with (
        pytest.raises(MissingShardError, match="run `sokkuri verify --repair`"),
        open_snapshot(reader),
    ):
        pass


@pytest.mark.parametrize("is_made_anew", [True, False])
def test_a_store_that_was_replaced_is_noticed(
    bench: Bench, reader: Collection, is_made_anew: bool
) -> None:
    """Guarantee: a store that was deleted or made anew is noticed by whoever has it open."""
    searcher = Searcher(reader)
    shutil.rmtree(bench.collection.store)
    if is_made_anew:
        create_empty(Path(str(bench.collection.root))).close()
    for read in (
        lambda: at_one_moment(reader, reader.rows_per_shard),
        lambda: searcher.search(["03"]),
        searcher.refresh,
        lambda: open_snapshot(reader).__enter__(),
    ):
        with pytest.raises(StoreReplacedError, match="was deleted or replaced"):
            read()


def test_a_store_that_is_replaced_during_a_read_is_noticed(
    bench: Bench, reader: Collection
) -> None:
    def read() -> Features:
        at = places(reader)
        shutil.rmtree(bench.collection.store)
        other = Bench(create_empty(Path(str(bench.collection.root))))
        other.add_vectors(vectors()[::-1], IDS)
        other.digests.close()
        return reader.shards.map_rows(0, len(at))

    with pytest.raises(StoreReplacedError):
        at_one_moment(reader, read)


def test_a_compaction_waits_for_no_reader(bench: Bench, reader: Collection) -> None:
    """The log keeps what readers need: a later checkpoint empties it."""
    log = bench.catalog.where.with_name("catalog.sqlite-wal")
    with reader.catalog.reading():
        assert len(places(reader)) == 20
        rewrite_shards(bench, "00")
        assert log.stat().st_size > 0
    rewrite_shards(bench, "01")
    assert log.stat().st_size == 0


def test_a_read_inside_a_transaction_is_part_of_it(bench: Bench, reader: Collection) -> None:
    with reader.catalog.reading():
        before = places(reader)
        rewrite_shards(bench, "00")
        assert at_one_moment(reader, lambda: places(reader)) == before
        with reader.catalog.reading():
            assert places(reader) == before
    assert places(reader) != before

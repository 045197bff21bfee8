"""Verbs that run at the same time on one collection: the table in docs/store.md.

Half of the images are stable: no verb touches them, so every reader must find each of them, with
its vector, at any moment. The other half is indexed anew, removed, restored and damaged meanwhile.
"""

import asyncio
import random
import re
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from reference_engine import ReferenceEngine
from synthetic_collection import (
    DIMENSION,
    Bench,
    apply_listing,
    create_empty,
    damage_row,
    make_extracted,
    make_files,
    make_refs,
)

from sokkuri.api import Collection
from sokkuri.core.errors import CollectionError, DamagedRowError
from sokkuri.core.types import Features
from sokkuri.curation.duplicates.contents import live_contents, project_contents, projection_of
from sokkuri.curation.labeling.suggest import SuggestOptions, suggest
from sokkuri.indexing.compact import compact
from sokkuri.indexing.export import ExportOptions, export
from sokkuri.indexing.options import SyncOptions
from sokkuri.indexing.partition import Part
from sokkuri.indexing.repair import repair
from sokkuri.indexing.settings import claim_settings, mark_finished
from sokkuri.indexing.verify import verify
from sokkuri.search.push import push
from sokkuri.search.searcher import Searcher
from sokkuri.store.decisions import read_decisions
from sokkuri.store.images import find_image, find_images
from sokkuri.store.leases import end_run
from sokkuri.store.snapshot import open_snapshot
from sokkuri.web.services.search_queue import SearchParams, SearchQueue, SearchRequest

STABLE = [f"stable {number:02d}" for number in range(40)]
VOLATILE = [f"volatile {number:02d}" for number in range(40)]

Verb = Callable[[Path, Callable[[], bool]], None]
"""Takes the store, and a function that says whether to go on. Raises if anything is wrong."""


def vectors() -> Features:
    return np.random.default_rng(5).random((80, DIMENSION), np.float32)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    bench = Bench(create_empty(tmp_path / "photos"))
    claim_settings(
        bench.catalog, SyncOptions(part=Part(1, 1), exclude=())
    )  # so that it can be merged
    bench.add_vectors(vectors(), [*STABLE, *VOLATILE])
    make_files(bench.collection.root, [*STABLE, *VOLATILE])
    mark_finished(bench.catalog)
    bench.digests.close()
    end_run(bench.catalog, bench.run)
    bench.collection.close()
    return tmp_path / "photos" / ".sokkuri"


# Verbs that write


def index(store: Path, go_on: Callable[[], bool]) -> None:
    """Some volatile files change again and again."""
    with Collection.open(store) as collection, closing(Bench(collection).digests):
        bench = Bench(collection)
        for turn in count(2):
            changed = VOLATILE[turn % 4 :: 4]
            others = [id_ for id_ in VOLATILE if id_ not in changed]
            found = [*make_refs(*STABLE, *others), *make_refs(*changed, mtime_ns=turn)]
            apply_listing(bench.catalog, found, bench.run)
            for number, (id_, job) in enumerate(bench.claim_jobs().items()):
                vector = np.random.default_rng(number).random(DIMENSION, np.float32)
                bench.commit(make_extracted(job, f"{id_} {turn}".encode(), vector, turn))
            if not go_on():
                bench.digests.close()
                end_run(bench.catalog, bench.run)
                return


def compact_often(store: Path, go_on: Callable[[], bool]) -> None:
    with Collection.open(store) as collection:
        for turn in count():
            id_ = VOLATILE[turn % len(VOLATILE)]
            collection.remove([id_])
            compact(collection)
            if not go_on():
                return


def remove_and_restore(store: Path, go_on: Callable[[], bool]) -> None:
    with Collection.open(store) as collection:
        while go_on():
            collection.remove(VOLATILE[::3])
            collection.restore(VOLATILE[::3])


def repair_damage(store: Path, go_on: Callable[[], bool]) -> None:
    """The disk spoils volatile vectors, and `verify --repair` gives them up."""
    with Collection.open(store) as collection:
        for id_ in VOLATILE[1::2]:
            image = find_image(collection.catalog, id_)
            if image is not None and image.row is not None:
                with suppress(FileNotFoundError):  # compacted at this moment
                    damage_row(collection, id_, np.nan)
            repair(collection)
            if not go_on():
                return


# Verbs that read


def search(store: Path, go_on: Callable[[], bool]) -> None:
    """A searcher that stays open, as in the server, and one for each search, as in the shell."""
    with Collection.open(store, "ro") as collection, closing(Searcher(collection)) as lasting:
        for turn in count():
            number = turn % len(STABLE)
            for searcher in (lasting, Searcher(collection)):
                hits = searcher.search([STABLE[number]], k=10)
                assert (hits.ids[0], len(hits), hits.exact) == (STABLE[number], 10, True)
                assert {*STABLE} <= {*searcher.search([vectors()[number]], k=80).ids}
                each = searcher.search_each([STABLE[number], STABLE[-1]], k=1)
                assert [getattr(one, "ids", one) for one in each] == [
                    (STABLE[number],),
                    (STABLE[-1],),
                ]
            if turn % 3 == 0:
                lasting.refresh()
            if not go_on():
                return


def read_by_id(store: Path, go_on: Callable[[], bool]) -> None:
    """Exports, suggestions, the table of `duplicates`, and `verify`."""
    with Collection.open(store, "ro") as collection:
        while go_on():
            exported = store.parent.parent / f"exported {threading.get_ident()}"
            with suppress(DamagedRowError):  # a volatile one
                assert list(export(collection, exported, ExportOptions(shard_size=30)))
                ids = np.concatenate(
                    [np.load(path) for path in sorted(exported.glob("*.object_ids.npy"))]
                ).tolist()
                rows = np.concatenate(
                    [np.load(path) for path in sorted(exported.glob("*.features.npy"))]
                )
                found = dict(zip(ids, rows.tolist(), strict=True))
                assert [found[id_] for id_ in STABLE] == vectors()[:40].tolist()
            shutil.rmtree(exported, ignore_errors=True)
            with suppress(DamagedRowError):
                assert suggest(collection, SuggestOptions(2))
            with open_snapshot(collection) as shards:
                contents = live_contents(collection, read_decisions(collection.catalog))
            with suppress(DamagedRowError):
                table = project_contents(shards, [*contents.values()], projection_of(shards))
                assert np.isfinite(table).all()
            faults = {fault.kind for fault in verify(collection)}
            assert faults <= {"changed", "missing", "row", "lost", "slack", "stray", "ids"}


def push_often(store: Path, go_on: Callable[[], bool]) -> None:
    engine = ReferenceEngine()
    with Collection.open(store) as collection:
        while go_on():
            with suppress(DamagedRowError):
                list(push(collection, engine))
                names = {record.id for record in engine.records.values()}
                assert names <= {*STABLE, *VOLATILE}


def serve(store: Path, go_on: Callable[[], bool]) -> None:
    """The searches of a server, in batches."""

    async def ask() -> None:
        with closing(SearchQueue(store, 2, 64)) as queue:
            for turn in count():
                ids = [STABLE[(turn + step) % len(STABLE)] for step in range(4)]
                plain = SearchParams(10, None, None, None, None)
                requests = [SearchRequest(plain, (id_,)) for id_ in ids]
                answers = await asyncio.gather(*map(queue.search, requests))
                for id_, answer in zip(ids, answers, strict=True):
                    assert answer["hits"][0]["id"] == id_
                    assert (len(answer["hits"]), answer["exact"]) == (10, True)
                if not go_on():
                    return

    asyncio.run(ask())


def merge_part(store: Path, go_on: Callable[[], bool]) -> None:
    """The collection is the only part of another one. A part that has work to do is refused."""
    whole = store.parent.parent / f"merged {threading.get_ident()}"
    while go_on():
        try:
            Collection.merge([store], whole)
        except CollectionError as error:
            if not re.search("worked on|to do|damaged", str(error)):
                raise
            continue
        with Collection.open(whole, "ro") as merged:
            images = find_images(merged.catalog, STABLE)
            places = [images[id_].row for id_ in STABLE]
            found = merged.read_vectors([(at.shard, at.row) for at in places if at is not None])
            np.testing.assert_array_equal(found, vectors()[:40])


WRITERS: list[Verb] = [index, compact_often, remove_and_restore, repair_damage]
VERBS: list[Verb] = [*WRITERS, search, read_by_id, push_often, serve, merge_part]
PAIRS = [(one, other) for number, one in enumerate(WRITERS) for other in VERBS[number:]]


def run_together(store: Path, verbs: tuple[Verb, ...], seconds: float) -> None:
    """Run the verbs in threads of their own for so long; raise what any of them raises."""
    end = time.monotonic() + seconds
    failed = threading.Event()

    def run(verb: Verb) -> None:
        try:
            verb(store, lambda: time.monotonic() < end and not failed.is_set())
        except BaseException:
            failed.set()
            raise

    with ThreadPoolExecutor(len(verbs)) as pool:
        for future in [pool.submit(run, verb) for verb in verbs]:
            future.result()


def assert_sound_after(store: Path) -> None:
    with Collection.open(store) as collection:
        repair(collection)
        images = find_images(collection.catalog, STABLE)
        places = [image.row for image in images.values() if image.row is not None]
        found = collection.read_vectors([(at.shard, at.row) for at in places])
        order = [STABLE.index(id_) for id_ in images]
        np.testing.assert_array_equal(found, vectors()[order])
        kinds = {fault.kind for fault in verify(collection)}
        assert kinds <= {"changed", "missing"}


def test_random_pairs_of_verbs_run_at_the_same_time(store: Path) -> None:
    """Guarantee: verbs that run at the same time never give a wrong answer."""
    pairs = random.SystemRandom().sample(PAIRS, 5)
    for pair in pairs:
        print("running", *(verb.__name__ for verb in pair))  # shown if the test fails
        run_together(store, pair, 0.4)
    assert_sound_after(store)


@pytest.mark.full
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: " ".join(verb.__name__ for verb in pair))
def test_each_pair_of_verbs_runs_at_the_same_time(store: Path, pair: tuple[Verb, Verb]) -> None:
    run_together(store, pair, 3.0)
    assert_sound_after(store)


@pytest.mark.full
def test_all_verbs_run_at_the_same_time(store: Path) -> None:
    run_together(store, tuple(VERBS), 15.0)
    assert_sound_after(store)

"""Live images grouped by content, and the vectors that candidates are found by."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from synthetic_collection import DIMENSION, Bench, create_empty, make_extracted

from sokkuri.api import Collection
from sokkuri.curation.duplicates.candidates import signed_sqrt_normalise
from sokkuri.curation.duplicates.contents import (
    ids_that_pass,
    live_contents,
    project_contents,
    projection_of,
)
from sokkuri.store.decisions import Decisions
from sokkuri.store.live_rows import count_contents
from sokkuri.store.snapshot import open_snapshot

HELD = {"a/1": b"A" * 16, "a/2": b"B" * 16, "b/1": b"A" * 16, "b/2": b"C" * 16, "b/3": b"D" * 16}
VECTORS = np.random.default_rng(1).normal(size=(len(HELD), DIMENSION)).astype(np.float32)


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    """Images with HELD, and one that has a vector and was never read."""
    bench = Bench(create_empty(tmp_path / "photos"))
    bench.list_files(*HELD, "b/4")
    jobs = bench.claim_jobs()
    for (id_, digest), vector in zip(HELD.items(), VECTORS, strict=True):
        bench.writer.add(make_extracted(jobs[id_], digest, vector))
    bench.writer.add(make_extracted(jobs["b/4"], b"E" * 16, VECTORS[0]))
    bench.writer.finish()
    bench.digests.close()
    bench.catalog.execute("UPDATE images SET digest = NULL WHERE id = 'b/4'")
    yield bench.collection
    bench.collection.close()


def held(collection: Collection, some: list[bytes] | None = None) -> dict[bytes, list[str]]:
    found = live_contents(collection, Decisions(), some)
    return {key: [image.id for image in content.images] for key, content in found.items()}


EVERY = {
    b"A" * 16: ["a/1", "b/1"], b"B" * 16: ["a/2"], b"C" * 16: ["b/2"], b"D" * 16: ["b/3"],
    b"id:b/4": ["b/4"],
}  # fmt: skip


def test_files_with_equal_bytes_are_one_content(collection: Collection) -> None:
    assert held(collection) == EVERY
    assert count_contents(collection.catalog) == len(EVERY)


def test_removed_images_are_left_out(collection: Collection) -> None:
    collection.remove(["a/1", "b/2"])
    assert held(collection) == {
        b"A" * 16: ["b/1"], b"B" * 16: ["a/2"], b"D" * 16: ["b/3"], b"id:b/4": ["b/4"],
    }  # fmt: skip
    assert count_contents(collection.catalog) == 4


def test_only_these_contents_and_those_of_several_images(collection: Collection) -> None:
    assert held(collection, []) == {b"A" * 16: EVERY[b"A" * 16]}
    asked = [b"D" * 16, b"unknown", b"B" * 16]
    assert held(collection, asked) == {key * 16: EVERY[key * 16] for key in (b"A", b"B", b"D")}
    many = [b"%16d" % number for number in range(2000)]
    assert held(collection, [*many, b"C" * 16]).keys() == {b"A" * 16, b"C" * 16}


def test_images_carry_their_digest_and_file(collection: Collection) -> None:
    contents = live_contents(collection, Decisions())
    images = {image.id: image for content in contents.values() for image in content.images}
    assert images["a/1"].digest == HELD["a/1"]
    assert images["b/4"].digest is None, "its file was never read"
    assert images["a/1"].file == collection.locate(images["a/1"].path)


def test_preferred_images_are_marked(collection: Collection) -> None:
    found = live_contents(collection, Decisions(kept=frozenset([b"A" * 16])))
    kept = {image.id for content in found.values() for image in content.images if image.preferred}
    assert kept == {"a/1", "b/1"}


def test_ids_that_pass_the_filters(collection: Collection) -> None:
    assert ids_that_pass(collection, None, None) is None
    assert ids_that_pass(collection, "b", "id != 'b/1'") == {"b/2", "b/3", "b/4"}


def test_projected_vectors_keep_their_angles(collection: Collection) -> None:
    with open_snapshot(collection) as shards:
        contents = list(live_contents(collection, Decisions()).values())
    found = project_contents(shards, contents, projection_of(shards))
    rows = [list(HELD).index(content.images[0].id) for content in contents[:-1]] + [0]
    roots = signed_sqrt_normalise(VECTORS[rows])
    assert np.allclose(found @ found.T, roots @ roots.T, atol=1e-5)
    some = project_contents(shards, contents[1:3], projection_of(shards))
    assert np.allclose(some, found[1:3], atol=1e-6)


def test_an_empty_collection_has_a_projection_too(tmp_path: Path) -> None:
    with create_empty(tmp_path / "none") as collection:
        assert live_contents(collection, Decisions()) == {}
        with open_snapshot(collection) as shards:
            assert project_contents(shards, [], projection_of(shards)).shape[0] == 0

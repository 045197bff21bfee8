"""Collections without photos or a network: tests hand made-up outcomes to the writer."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sokkuri.api import Collection
from sokkuri.core.named_roots import Root
from sokkuri.core.types import FileFingerprint, FileRef, FileStat, Job
from sokkuri.indexing.diff import apply_changes
from sokkuri.indexing.in_flight import InFlightDigests
from sokkuri.indexing.outcomes import Extracted, Outcome, SameBytes
from sokkuri.indexing.writer import Writer
from sokkuri.models import Model, ModelCard
from sokkuri.store.catalog import Catalog
from sokkuri.store.collection import CollectionStore
from sokkuri.store.images import find_image, live_paths
from sokkuri.store.leases import lease_images, start_run
from sokkuri.store.listing import add_listed, begin_listing

DIMENSION = 4


def make_model(dimension: int = DIMENSION) -> Model:
    """A model that is never loaded."""
    card = ModelCard("synthetic", "images", "features", "NCHW", (8, 8), dimension)
    return Model(card, Path("synthetic.onnx"), "0" * 64)


def create_empty(root: Path, dimension: int = DIMENSION) -> Collection:
    root.mkdir(exist_ok=True)
    return Collection.create_with(root, root / ".sokkuri", make_model(dimension), "synthetic.onnx")


@contextmanager
def images_alone(root: Path, ids: Sequence[str]) -> Iterator[Collection]:
    """A collection with up to DIMENSION images, whose vectors are the axes, and with no files."""
    with create_empty(root) as made:
        bench = Bench(made)
        bench.add_vectors(np.eye(DIMENSION, dtype=np.float32)[: len(ids)], [*ids])
        bench.digests.close()
        yield made


def make_refs(*ids: str, mtime_ns: int = 1) -> list[FileRef]:
    return [FileRef(id_, id_, FileStat(10, mtime_ns)) for id_ in ids]


def apply_listing(
    catalog: Catalog, found: Sequence[FileRef], run: int, gone: Sequence[str] = ()
) -> None:
    """Apply a listing to the catalog. gone : the missing images whose files do not exist."""
    begin_listing(catalog)
    add_listed(catalog, found)
    apply_changes(catalog, run, set(gone).__contains__, retry_failed=False)


def make_extracted(
    job: Job, digest: bytes, vector: NDArray[np.float32], mtime_ns: int = 1
) -> Extracted:
    return Extracted(job, FileFingerprint(FileStat(10, mtime_ns), digest), 640, 480, vector)


def make_same_bytes(job: Job, digest: bytes, mtime_ns: int = 1) -> SameBytes:
    return SameBytes(job, FileFingerprint(FileStat(10, mtime_ns), digest))


def make_files(root: Root, ids: Iterable[str]) -> None:
    """Write a file for each image, as `make_refs` describes it."""
    for id_ in ids:
        path = Path(str(root / id_))
        path.write_bytes(b"0123456789")
        os.utime(path, ns=(1, 1))


def damage_row(collection: CollectionStore, id_: str, value: float = 7.0) -> None:
    """Overwrite the first number of an image's vector on disk, as a failing disk would."""
    image = find_image(collection.catalog, id_)
    assert image is not None
    assert image.row is not None
    path = collection.shards.features_path(image.row.shard)
    rows = np.lib.format.open_memmap(path, mode="r+")
    rows[image.row.row, 0] = value
    rows.flush()


class Bench:
    """A run on a collection with its writer. The test hands in the outcomes."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection
        self.catalog = collection.catalog
        self.run = start_run(self.catalog)
        self.digests = InFlightDigests(self.catalog.where)
        self.writer = Writer(collection, self.run, self.digests)

    def list_files(self, *ids: str, gone: Sequence[str] = (), mtime_ns: int = 1) -> None:
        apply_listing(self.catalog, make_refs(*ids, mtime_ns=mtime_ns), self.run, gone)

    def live_ids(self) -> set[str]:
        return {id_ for id_, _ in live_paths(self.catalog)}

    def claim_jobs(self) -> dict[str, Job]:
        """Lease all jobs, and return them by id."""
        jobs: dict[str, Job] = {}
        while batch := lease_images(self.catalog, self.run):
            jobs |= {job.id: job for job in batch}
        return jobs

    def commit(self, *outcomes: Outcome) -> None:
        for outcome in outcomes:
            self.writer.add(outcome)
        self.writer.flush()

    def add_images(self, first: int, count: int) -> None:
        """Add images that are named by their numbers, from `first` on, with random vectors."""
        features = np.random.default_rng(first).random((count, DIMENSION), np.float32)
        self.list_files(*(f"{number:05d}" for number in range(first + count)))
        jobs = self.claim_jobs()
        for number, vector in enumerate(features, first):
            self.writer.add(make_extracted(jobs[f"{number:05d}"], b"content %8d" % number, vector))
        self.writer.finish()

    def add_vectors(self, features: NDArray[np.float32], ids: Sequence[str]) -> None:
        """Add images with the given vectors: (N, DIMENSION) float32."""
        self.list_files(*ids)
        jobs = self.claim_jobs()
        for number, (id_, vector) in enumerate(zip(ids, features, strict=True)):
            self.writer.add(make_extracted(jobs[id_], b"content %8d" % number, vector))
        self.writer.finish()

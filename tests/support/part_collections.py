"""A folder of images and the collections of its parts, indexed without a network."""

import os
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import xxhash
from synthetic_collection import DIMENSION, make_model

from sokkuri.api import Collection
from sokkuri.core.types import FileFingerprint, FileStat, Job
from sokkuri.indexing.diff import apply_changes
from sokkuri.indexing.in_flight import InFlightDigests
from sokkuri.indexing.options import SyncOptions
from sokkuri.indexing.outcomes import Extracted, Failed, Gone, Outcome, SameBytes
from sokkuri.indexing.partition import Part, share
from sokkuri.indexing.parts.merge import Merged, merge
from sokkuri.indexing.settings import mark_finished, save_settings, with_saved_settings
from sokkuri.indexing.source import IsGone, fill_listing
from sokkuri.indexing.writer import Writer
from sokkuri.store.images import read_failures
from sokkuri.store.leases import clear_ended_runs, end_run, lease_images, start_run
from sokkuri.store.recover import recover

COUNT = 3
NAMES = [f"{number:02d}.jpg" for number in range(12)]


def run_index(collection: Collection, part: Part | None = None, **options: Any) -> int:
    """Index as `index` does, with vectors made from the bytes. Return the number of images read."""
    catalog, read = collection.catalog, 0
    clear_ended_runs(catalog)
    run = start_run(catalog)
    recover(collection)
    settings = with_saved_settings(catalog, SyncOptions(part=part, **options))
    save_settings(catalog, settings)
    for _ in fill_listing(catalog, collection.root, settings):
        pass
    is_gone = IsGone(collection.root, settings)
    apply_changes(catalog, run, is_gone, retry_failed=False, shuffle=settings.shuffle)
    with closing(InFlightDigests(catalog.where)) as in_flight:
        writer = Writer(collection, run, in_flight)
        while jobs := lease_images(catalog, run):
            for job in jobs:
                writer.add(make_outcome(collection, in_flight, job))
            read += len(jobs)
            writer.finish()
    mark_finished(catalog)
    collection.rewrite_id_columns()
    end_run(catalog, run)
    return read


def make_outcome(collection: Collection, in_flight: InFlightDigests, job: Job) -> Outcome:
    path = Path(str(collection.locate(job.path)))
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Gone(job)
    stat = path.stat()
    fingerprint = FileFingerprint(
        FileStat(stat.st_size, stat.st_mtime_ns), xxhash.xxh3_128_digest(data)
    )
    if data.startswith(b"broken"):
        return Failed(job, "decode", "it is no picture", fingerprint)
    if not in_flight.acquire(fingerprint.digest):
        return SameBytes(job, fingerprint)
    seed = int.from_bytes(fingerprint.digest[:8])
    vector = np.random.default_rng(seed).random(DIMENSION, np.float32)
    return Extracted(job, fingerprint, 640, 480, vector)


class Folder:
    """Photos with a collection for each part. Each written file gets a later date."""

    def __init__(self, home: Path) -> None:
        self.root = home / "photos"
        self.root.mkdir()
        self.parts = [Part(COUNT, number) for number in range(1, COUNT + 1)]
        self._time = 1

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.write_text(text)
        self._time += 1
        os.utime(path, ns=(self._time, self._time))

    def open(self, part: Part | None = None, store: str = ".sokkuri") -> Collection:
        where = self.root / (part.store_name if part else store)
        return Collection.create_with(self.root, where, make_model(), "synthetic.onnx")

    def part_of(self, name: str) -> Part:
        return self.parts[share(name, COUNT) - 1]

    def run_parts(self, **options: Any) -> None:
        for part in self.parts:
            with self.open(part) as collection:
                run_index(collection, part, **options)

    def merge_parts(self, *, accept_removals: bool = False) -> Merged:
        return merge([self.root], accept_removals=accept_removals)

    def run_whole(self, **options: Any) -> tuple[dict[str, bytes], dict[str, str]]:
        """Index the whole folder in one run, and return its state."""
        shutil.rmtree(self.root / ".one", ignore_errors=True)
        with self.open(store=".one") as collection:
            run_index(collection, **options)
            return read_state(collection)


def read_state(collection: Collection) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the vectors and the failures, by id."""
    rows = collection.catalog.fetch_all(
        "SELECT id, shard, row FROM images WHERE shard IS NOT NULL AND missing IS NULL"
        " AND removed = 0"
    )
    vectors = collection.read_vectors([(shard, row) for _, shard, row in rows])
    ids = [id_ for id_, _, _ in rows]
    failures = {row.id: f"{row.stage}: {row.reason}" for row in read_failures(collection.catalog)}
    return dict(zip(ids, (vector.tobytes() for vector in vectors), strict=True)), failures


def make_folder(home: Path) -> Folder:
    """Make a folder of photos, one of them unreadable, and index its parts."""
    folder = Folder(home)
    for number, name in enumerate(NAMES):
        folder.write(name, f"content {number}")
    folder.write("broken.jpg", "broken")
    folder.run_parts()
    return folder

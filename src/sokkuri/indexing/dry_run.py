"""index --dry-run: what a run would do, and what it would take. Writes nothing to the collection.

Takes the folder and its catalog, or an empty one in memory, and a short sample of the images that
would be read; hands on a Plan.
"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from sokkuri.core.locations import Location
from sokkuri.core.types import Dtype, Job
from sokkuri.indexing import diff
from sokkuri.indexing.executors import ThreadExecutor
from sokkuri.indexing.in_flight import InFlightDigests
from sokkuri.indexing.options import SyncOptions
from sokkuri.indexing.settings import with_saved_settings
from sokkuri.indexing.source import check_root, fill_listing, make_is_gone
from sokkuri.indexing.sync import check_device, worker_threads
from sokkuri.indexing.worker import ImageWorker
from sokkuri.models import Model
from sokkuri.store.catalog import Catalog

SAMPLE = 32
_CATALOG_BYTES = 420  # an image in the catalog with its indexes, measured at 100,000 images


@dataclass(frozen=True, slots=True)
class RunEstimate:
    """What a run would do, in images, and an estimate of what it would take.

    vanished ones may turn out to be moved: only reading tells. seconds : wall time with the
    options' workers, from `sampled` images. memory_bytes : peak resident memory. disk_bytes :
    growth of the store. part : the share of the images that is meant, None for all.
    """

    new: int
    changed: int
    returned: int
    vanished: int
    retried: int
    listed: int
    sampled: int
    seconds: float
    memory_bytes: int
    disk_bytes: int
    part: str | None = None


def estimate_run(
    root: Location, catalog: Catalog, model: Model, options: SyncOptions, dtype: Dtype = "float32"
) -> RunEstimate:
    """Compare the folder with the catalog, and try a sample. dtype : of the vectors on disk. Raises
    CollectionError, ModelError."""
    check_device(options.device)
    check_root(root)
    started = time.monotonic()
    asked = with_saved_settings(catalog, options)
    unread: set[str] = set()
    for _ in fill_listing(catalog, root, asked, unread):
        pass
    is_gone = make_is_gone(root, asked, unread)
    found = diff.compare(catalog, is_gone, retry_failed=options.retry_failed)
    listing_seconds = time.monotonic() - started
    reading = found.new + found.changed + found.retried
    seconds, sampled, widest = _sample(root, catalog, model, options)
    row_bytes = np.dtype(dtype).itemsize * model.card.dimension + 4 * widest + _CATALOG_BYTES
    return RunEstimate(
        new=found.new,
        changed=found.changed,
        returned=found.returned,
        vanished=found.vanished,
        retried=found.retried,
        listed=found.listed,
        sampled=sampled,
        seconds=round(listing_seconds + seconds * reading, 1),
        memory_bytes=psutil.Process().memory_info().rss,
        disk_bytes=row_bytes * (found.new + found.changed),
        part=None if asked.part is None else str(asked.part),
    )


def _sample(
    root: Location, catalog: Catalog, model: Model, options: SyncOptions
) -> tuple[float, int, int]:
    """Seconds an image at the options' workers, images tried, characters of the longest id."""
    paths = diff.unread_paths(catalog, SAMPLE)
    if not paths:
        return 0.0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        Catalog.create(Path(folder) / "sample.sqlite").close()
        known = InFlightDigests(Path(folder) / "sample.sqlite")
        work = ImageWorker(root, model, options.limits, known, options.device)
        jobs = [Job(key, path, path) for key, path in enumerate(paths)]
        work.load()  # takes a moment once, which is no part of the rate
        executor = ThreadExecutor(worker_threads(options, root))
        started = time.monotonic()
        tried = sum(1 for _ in executor.run(work, jobs))
        seconds = (time.monotonic() - started) / tried
        work.close()
        known.close()
    return seconds, tried, max(len(path) for path in paths)

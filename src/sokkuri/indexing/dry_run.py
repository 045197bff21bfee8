"""Estimate what `index` would do and need (--dry-run). Writes nothing to the collection.

Takes the root and its catalog, or an empty catalog in memory; extracts a small sample of the images
that a run would read; returns a RunEstimate.
"""

import tempfile
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from sokkuri.core.locations import Address
from sokkuri.core.named_roots import Root
from sokkuri.core.types import Dtype, Job
from sokkuri.images.decode import memory_needed
from sokkuri.images.memory import most_held, peak_memory
from sokkuri.indexing import diff
from sokkuri.indexing.executors import ThreadExecutor
from sokkuri.indexing.films import open_films
from sokkuri.indexing.in_flight import InFlightDigests
from sokkuri.indexing.lost_disks import find_disks
from sokkuri.indexing.options import SyncOptions, check_options
from sokkuri.indexing.removals import is_suspicious, losses_by_root
from sokkuri.indexing.settings import with_saved_settings
from sokkuri.indexing.source import IsGone, check_list, check_root, fill_listing
from sokkuri.indexing.sync import check_device, check_films, worker_threads
from sokkuri.indexing.worker import ImageWorker
from sokkuri.models import Model
from sokkuri.store.catalog import Catalog
from sokkuri.store.listing import count_unread, unread_paths

SAMPLE = 32
_HEADERS, _LARGEST = 1000, 200  # files whose headers are read: drawn at random, and the largest
_CATALOG_BYTES = 420  # per image, SQL indexes included; measured at 100,000 images


@dataclass(frozen=True, slots=True)
class RunEstimate:
    """What a run would do, in images, and an estimate of what it would need.

    vanished : some may turn out to be moved, which only reading the new files tells. seconds : wall
    time with the workers of the options, from `sampled` images. memory_bytes : resident memory
    after the sample, and the most that decoding will hold, from the headers of the largest files
    and of a larger sample. disk_bytes : growth of the store.
    part : the share of the images, None for all. old_bytes : of the present vectors, if the run
    replaces the model, which stay until `compact`; None for other runs. needs_accept_removals : a
    run would stop, because it would mark most images as gone.
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
    old_bytes: int | None = None
    needs_accept_removals: bool = False


def estimate_run(
    root: Root, catalog: Catalog, model: Model, options: SyncOptions, dtype: Dtype = "float32"
) -> RunEstimate:
    """Compare the root with the catalog, extract a sample, and return the estimate.

    dtype : of the vectors on disk. Raises UsageError, CollectionError, ModelError.
    """
    check_options(options)
    check_device(options.device)
    check_root(root)
    check_list(root, options)
    check_films(catalog, root, options)
    started = time.monotonic()
    settings = with_saved_settings(catalog, options)
    unread: set[str] = set()
    films = open_films(catalog, root, settings.video, settings.limits, saves=False)
    for _ in fill_listing(catalog, root, settings, unread, films=films):
        pass
    disks = find_disks(catalog, root, settings)
    unread |= set(() if disks is None else disks.lost)
    is_gone = IsGone(root, settings, unread, films)
    changes = diff.compare(
        catalog,
        is_gone,
        retry_failed=settings.retry_failed,
        rehash=settings.rehash,
        is_loss=is_gone.is_loss,
    )
    listing_seconds = time.monotonic() - started
    extracting = count_unread(catalog) + changes.retried
    held = _decoding_peak(root, catalog, model, settings)
    seconds, sampled, widest = _sample(root, catalog, model, settings)
    row_bytes = np.dtype(dtype).itemsize * model.card.dimension + 4 * widest + _CATALOG_BYTES
    return RunEstimate(
        new=changes.new,
        changed=changes.changed,
        returned=changes.returned,
        vanished=changes.vanished,
        retried=changes.retried,
        listed=changes.listed,
        sampled=sampled,
        seconds=round(listing_seconds + seconds * extracting, 1),
        memory_bytes=psutil.Process().memory_info().rss + max(held, peak_memory()),
        disk_bytes=row_bytes * count_unread(catalog),
        part=None if settings.part is None else str(settings.part),
        needs_accept_removals=any(
            is_suspicious(losses.live, losses.lost)
            for losses in (changes.losses, *dict(losses_by_root(catalog, root)).values())
        ),
    )


def _decoding_peak(root: Root, catalog: Catalog, model: Model, settings: SyncOptions) -> int:
    """Return the most bytes that decoding will hold, by the headers of some files.

    0 for images at an address, where it would take a request each.
    """
    if isinstance(root, Address):
        return 0
    paths = {*unread_paths(catalog, _HEADERS), *unread_paths(catalog, _LARGEST, largest=True)}
    needs = []
    for path in paths:
        with suppress(OSError), (root / path).open("rb") as file:
            needs.append(memory_needed(file, model.card.pixels, settings.limits))
    return most_held(needs, worker_threads(settings, root))


def _sample(
    root: Root, catalog: Catalog, model: Model, settings: SyncOptions
) -> tuple[float, int, int]:
    """Return seconds per image, the number of images tried, and the length of the longest path."""
    paths = unread_paths(catalog, SAMPLE)
    if not paths:
        return 0.0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        Catalog.create(Path(folder) / "sample.sqlite").close()
        # Closed even after an error: Windows cannot delete an open file.
        with (
            closing(InFlightDigests(Path(folder) / "sample.sqlite")) as digests,
            closing(ImageWorker(root, model, settings.limits, digests, settings.device)) as worker,
        ):
            jobs = [Job(key, path, path) for key, path in enumerate(paths)]
            worker.load()  # outside the measured time, because a run loads the network once
            executor = ThreadExecutor(worker_threads(settings, root))
            started = time.monotonic()
            tried = sum(1 for _ in executor.run(worker, jobs))
            seconds = (time.monotonic() - started) / tried
    return seconds, tried, max(len(path) for path in paths)

"""The pipeline: brings a collection up to date with its folder.

Composes the stages: the listing is compared with the catalog, what must be read is claimed in
batches, workers read, decode and extract, and the writer commits what comes back. Every step can
be repeated, so a run that was killed is made up by the next one.
"""

import os
import re
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Never

from sokkuri.core.errors import (
    MissingExtraError,
    SokkuriError,
    StorageError,
    UnsupportedError,
    UsageError,
)
from sokkuri.core.locations import Location
from sokkuri.core.types import Job, Progress
from sokkuri.images.read import threads_for
from sokkuri.indexing import diff
from sokkuri.indexing.executors import Executor, Heartbeat, ThreadExecutor
from sokkuri.indexing.in_flight import InFlightDigests
from sokkuri.indexing.options import SyncOptions, SyncReport
from sokkuri.indexing.outcomes import Outcome
from sokkuri.indexing.settings import mark_finished, save_settings, with_saved_settings
from sokkuri.indexing.source import check_root, fill_listing, make_is_gone
from sokkuri.indexing.worker import ImageWorker
from sokkuri.indexing.writer import Writer
from sokkuri.models import Model
from sokkuri.models.session import wants_gpu
from sokkuri.search.ann_files import refresh_ann
from sokkuri.search.code_files import refresh_codes
from sokkuri.store import leases
from sokkuri.store.catalog import Catalog
from sokkuri.store.collection import CATALOG_NAME, CollectionStore

_POLL_SECONDS = 0.2  # how often to look whether another process has given up its claims
_WAITING_WORKERS = 4  # a core, where a GPU computes: most wait for their batch meanwhile
_DEVICE = re.compile(r"auto|cpu|cuda(:\d+)?")


def sync(
    collection: CollectionStore, model: Model, options: SyncOptions
) -> Generator[Progress[SyncReport]]:
    """Bring the collection up to date; yields progress, last of all the report.

    Closing the iterator, or an interrupt, ends the run in good order: what was done is committed.
    Raises ModelMismatchError, StorageError, ModelError, and CollectionError when the folder of
    images is not there, which may be a disk that is not mounted.
    """
    collection.check_model(model)
    check_device(options.device)
    check_executor(options)
    check_root(collection.root)
    started = time.monotonic()
    with _running(collection) as run:
        collection.recover()
        asked = with_saved_settings(collection.catalog, options)
        save_settings(collection.catalog, asked)
        unread: set[str] = set()
        yield from fill_listing(collection.catalog, collection.root, asked, unread)
        found = diff.apply_changes(
            collection.catalog,
            run,
            make_is_gone(collection.root, asked, unread),
            retry_failed=asked.retry_failed,
            shuffle=asked.shuffle,
        )
        extraction = _Extraction(collection, model, options, run)
        yield from extraction.progress()
        mark_finished(collection.catalog)
        collection.refresh_ids()
        yield from refresh_indexes(collection)
        yield _last(collection.catalog, run, found, extraction, time.monotonic() - started)


def refresh_indexes(
    collection: CollectionStore, *, everything: bool = False
) -> Iterator[Progress[Never]]:
    """Bring what makes searches fast up to date; without it they are slower, and as right.

    everything : put even a few fresh rows into the approximate index, and renew damaged codes.
    """
    try:
        for done, total in refresh_codes(collection, thorough=everything):
            yield Progress("coding", done, total)
        for stage, done, total in refresh_ann(collection, everything=everything):
            yield Progress(stage, done, total)
    except (StorageError, MissingExtraError, UnsupportedError) as error:
        yield Progress("coding", 0, 0, note=str(error))


@contextmanager
def _running(collection: CollectionStore) -> Iterator[int]:
    """A run with its lease. However it ends, its claims are given back, if the disk allows."""
    catalog = collection.catalog
    leases.clear_over(catalog)
    run = leases.start_run(catalog)
    try:
        with leases.lease(collection.store / CATALOG_NAME, run):
            yield run
    except StorageError:
        with suppress(StorageError):  # what cannot be given back ends with this process
            leases.end_run(catalog, run)
        raise
    except BaseException:
        catalog.undo()
        leases.end_run(catalog, run)
        raise
    else:
        leases.end_run(catalog, run)


def check_device(device: str) -> None:
    """Raises UsageError unless it is the name of a device."""
    if not _DEVICE.fullmatch(device):
        raise UsageError(f"no device {device}: it is auto, cpu, cuda or cuda:N")


def check_executor(options: SyncOptions) -> None:
    """Raises UsageError, MissingExtraError or ClusterError unless what is to run the work can."""
    if options.executor == "threads":
        if options.address is not None:
            raise UsageError("an address is that of a cluster: give --executor ray as well")
        return
    if ":" in options.device:
        raise UsageError("on a cluster Ray chooses the GPU: give --device cuda")
    from sokkuri.indexing.executors.ray_cluster import check_address, import_ray

    import_ray()
    check_address(options.address)


def worker_threads(options: SyncOptions, root: Location) -> int:
    """How many threads the options come to on this machine, for images below `root`."""
    if options.workers is not None:
        return options.workers
    mine = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if mine else os.cpu_count() or 1
    computing = cores * (_WAITING_WORKERS if wants_gpu(options.device) else 1)
    return max(computing, threads_for(root, cores))


def _last(
    catalog: Catalog, run: int, found: diff.Changes, work: "_Extraction", seconds: float
) -> Progress[SyncReport]:
    counts = catalog.counts()
    did = work.counts
    reused, moved = did["reused"] + found.returned, did["moved"] + found.moved
    removed = catalog.one(
        "SELECT count(*) FROM images WHERE missing = ? AND removed = 0"
        " AND (shard IS NOT NULL OR stage IS NOT NULL)",
        [run],
    )[0]
    extracted = did["added"] + did["updated"]
    report = SyncReport(
        added=did["added"],
        updated=did["updated"],
        moved=moved,
        reused=reused,
        removed=removed,
        unchanged=max(0, counts.live - extracted - moved - reused),
        failed=counts.failed,
        total=counts.live,
        seconds=round(seconds, 3),
        images_per_second=round(extracted / work.seconds, 1) if extracted else 0.0,
    )
    return Progress(
        "done", sum(did.values()), sum(did.values()), failed=counts.failed, result=report
    )


class _Extraction:
    """The run's work on images: claims, workers, writer."""

    def __init__(
        self, collection: CollectionStore, model: Model, options: SyncOptions, run: int
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.seconds = 0.0
        self._collection = collection
        self._catalog = collection.catalog
        self._model = model
        self._options = options
        self._run = run

    def progress(self) -> Iterator[Progress[Never]]:
        total = leases.open_images(self._catalog)
        started = time.monotonic()
        with ExitStack() as stack:
            executor, threads = self._executor(total)
            stack.enter_context(closing(executor))
            known = executor.share(partial(InFlightDigests, self._catalog.where.absolute()))
            stack.enter_context(closing(known))
            work = stack.enter_context(closing(self._work(known, threads)))
            writer = Writer(self._collection, self._run, known)
            done = 0
            while True:
                for came in self._commit(executor, work, writer):
                    done += not isinstance(came, Heartbeat)
                    note = came.note if isinstance(came, Heartbeat) else ""
                    note = note or (work.notes.pop() if work.notes else "")
                    failed = writer.counts["failed"]
                    yield Progress("extracting", done, max(done, total), note, failed)
                leases.clear_over(self._catalog)
                if leases.open_images(self._catalog):
                    continue
                if not leases.held_by_others(self._catalog, self._run):
                    break
                failed = writer.counts["failed"]
                yield Progress("waiting", done, max(done, total), failed=failed)
                time.sleep(_POLL_SECONDS)  # other processes: there is no event to wait for
        self.counts.update(writer.counts)
        self.seconds = time.monotonic() - started

    def _executor(self, total: int) -> tuple[Executor, int]:
        """What runs the work, and of a batch, if it makes some, the images worked on at once."""
        options, root = self._options, self._collection.root
        if not total:  # a run with nothing to do does not ask for a GPU, which takes a moment
            return ThreadExecutor(1), 1
        if options.executor == "threads":
            return ThreadExecutor(worker_threads(options, root)), 1
        from sokkuri.indexing.executors.ray import RayExecutor

        gpu = options.device == "cuda"
        threads = max(threads_for(root, 1), _WAITING_WORKERS if gpu else 1)
        cores = worker_threads(SyncOptions(device="cpu"), Path())
        executor = RayExecutor(
            options.address, options.workers, gpu=gpu, threads=threads, cores=cores
        )
        return executor, executor.resources.threads

    def _work(self, known: InFlightDigests, threads: int) -> ImageWorker:
        options, made = self._options, self._collection
        # On a cluster a GPU is used where it is asked for, since only then one is set aside.
        device = "cpu" if options.executor == "ray" and options.device == "auto" else options.device
        return ImageWorker(
            made.root, self._model, options.limits, known, device, made.dtype, threads
        )

    def _commit(
        self, executor: Executor, work: ImageWorker, writer: Writer
    ) -> Iterator[Outcome | Heartbeat]:
        """Work off what can be claimed; whatever ends it, what came back is committed."""
        outcomes = executor.run(work, self._jobs())
        with closing(outcomes), flushed(self._catalog, writer):
            for came in outcomes:
                if isinstance(came, Heartbeat):
                    writer.flush()
                else:
                    writer.add(came)
                yield came

    def _jobs(self) -> Iterator[Job]:
        while jobs := leases.claim(self._catalog, self._run):
            yield from jobs


@contextmanager
def flushed(catalog: Catalog, writer: Writer) -> Iterator[None]:
    """Commit what came back however the work ends, unless the disk failed."""
    try:
        yield
    except SokkuriError:
        raise
    except BaseException:
        catalog.undo()
        writer.finish()
        raise
    else:
        writer.finish()

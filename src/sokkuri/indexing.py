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
from contextlib import closing, contextmanager, suppress

from sokkuri import changes, claims
from sokkuri.approximating import refresh_ann
from sokkuri.catalog import Catalog
from sokkuri.coding import refresh_codes
from sokkuri.collection import CATALOG_NAME, Collection
from sokkuri.errors import (
    MissingExtraError,
    SokkuriError,
    StorageError,
    UnsupportedError,
    UsageError,
)
from sokkuri.executors import Executor, ThreadExecutor
from sokkuri.known import KnownBytes
from sokkuri.models import Model
from sokkuri.records import Job, Outcome
from sokkuri.sessions import wants_gpu
from sokkuri.surveying import check_root, gone_test, remember, settled, take_listing
from sokkuri.syncing import Progress, SyncOptions, SyncReport
from sokkuri.working import Work
from sokkuri.writer import Writer

_POLL_SECONDS = 0.2  # how often to look whether another process has given up its claims
_WAITING_WORKERS = 4  # a core, where a GPU computes: most wait for their batch meanwhile
_DEVICE = re.compile(r"auto|cpu|cuda(:\d+)?")


def sync(collection: Collection, model: Model, options: SyncOptions) -> Generator[Progress]:
    """Bring the collection up to date; yields progress, last of all the report.

    Closing the iterator, or an interrupt, ends the run in good order: what was done is committed.
    Raises ModelMismatchError, StorageError, ModelError, and CollectionError when the folder of
    images is not there, which may be a disk that is not mounted.
    """
    collection.check_model(model)
    check_device(options.device)
    check_root(collection.root)
    started = time.monotonic()
    with _running(collection) as run:
        collection.recover()
        asked = settled(collection.catalog, options)
        remember(collection.catalog, asked)
        yield from take_listing(collection.catalog, collection.root, asked)
        found = changes.apply_changes(
            collection.catalog,
            run,
            gone_test(collection.root, asked),
            retry_failed=asked.retry_failed,
            shuffle=asked.shuffle,
        )
        extraction = _Extraction(collection, model, options, run)
        yield from extraction.progress()
        collection.refresh_ids()
        yield from make_fast(collection)
        yield _last(collection.catalog, run, found, extraction, time.monotonic() - started)


def make_fast(collection: Collection, *, everything: bool = False) -> Iterator[Progress]:
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
def _running(collection: Collection) -> Iterator[int]:
    """A run with its lease. However it ends, its claims are given back, if the disk allows."""
    catalog = collection.catalog
    claims.clear_over(catalog)
    run = claims.start_run(catalog)
    try:
        with claims.lease(collection.store / CATALOG_NAME, run):
            yield run
    except StorageError:
        with suppress(StorageError):  # what cannot be given back ends with this process
            claims.end_run(catalog, run)
        raise
    except BaseException:
        catalog.undo()
        claims.end_run(catalog, run)
        raise
    else:
        claims.end_run(catalog, run)


def check_device(device: str) -> None:
    """Raises UsageError unless it is the name of a device."""
    if not _DEVICE.fullmatch(device):
        raise UsageError(f"no device {device}: it is auto, cpu, cuda or cuda:N")


def worker_threads(options: SyncOptions) -> int:
    """How many threads the options come to on this machine."""
    if options.workers is not None:
        return options.workers
    mine = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if mine else os.cpu_count() or 1
    return cores * (_WAITING_WORKERS if wants_gpu(options.device) else 1)


def _last(
    catalog: Catalog, run: int, found: changes.Changes, work: "_Extraction", seconds: float
) -> Progress:
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
    return Progress("done", sum(did.values()), sum(did.values()), counts.failed, report=report)


class _Extraction:
    """The run's work on images: claims, workers, writer."""

    def __init__(
        self, collection: Collection, model: Model, options: SyncOptions, run: int
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.seconds = 0.0
        self._collection = collection
        self._catalog = collection.catalog
        self._model = model
        self._options = options
        self._run = run

    def progress(self) -> Iterator[Progress]:
        total = claims.open_images(self._catalog)
        started = time.monotonic()
        # A run with nothing to do does not ask for a GPU, which takes a moment.
        executor: Executor = ThreadExecutor(worker_threads(self._options) if total else 1)
        with closing(KnownBytes(self._catalog.where)) as known, closing(self._work(known)) as work:
            writer = Writer(self._collection, self._run, known)
            done = 0
            while True:
                for _ in self._commit(executor, work, writer):
                    done += 1
                    note = work.notes.pop() if work.notes else ""
                    failed = writer.counts["failed"]
                    yield Progress("extracting", done, max(done, total), failed, note)
                claims.clear_over(self._catalog)
                if claims.open_images(self._catalog):
                    continue
                if not claims.held_by_others(self._catalog, self._run):
                    break
                yield Progress("waiting", done, max(done, total), writer.counts["failed"])
                time.sleep(_POLL_SECONDS)  # other processes: there is no event to wait for
        self.counts.update(writer.counts)
        self.seconds = time.monotonic() - started

    def _work(self, known: KnownBytes) -> Work:
        options, made = self._options, self._collection
        return Work(made.root, self._model, options.limits, known, options.device, made.dtype)

    def _commit(self, executor: Executor, work: Work, writer: Writer) -> Iterator[Outcome]:
        """Work off what can be claimed; whatever ends it, what came back is committed."""
        outcomes = executor.run(work, self._jobs())
        with closing(outcomes), flushed(self._catalog, writer):
            for outcome in outcomes:
                writer.add(outcome)
                yield outcome

    def _jobs(self) -> Iterator[Job]:
        while jobs := claims.claim(self._catalog, self._run):
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

"""Bring a collection up to date with its folder: one run of the pipeline, start to finish.

Compares the listing with the catalog, takes jobs in batches, lets workers read, decode and extract,
and commits their outcomes. Every step can be repeated, so the next run completes a killed one.
"""

import re
import time
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Never

from sokkuri.core.cores import available_cores
from sokkuri.core.errors import (
    MissingExtraError,
    SokkuriError,
    StorageError,
    UnsupportedError,
    UsageError,
)
from sokkuri.core.named_roots import Root
from sokkuri.core.paths import CATALOG_NAME
from sokkuri.core.types import Job, Progress
from sokkuri.images.formats import reads_films
from sokkuri.images.read import threads_for
from sokkuri.indexing import diff
from sokkuri.indexing.executors import Executor, Heartbeat, ThreadExecutor
from sokkuri.indexing.films import EXTRA, OFF, check_video, open_films
from sokkuri.indexing.in_flight import InFlightDigests
from sokkuri.indexing.lost_disks import Disks, find_disks, record_disks
from sokkuri.indexing.options import SyncOptions, SyncReport, check_options
from sokkuri.indexing.outcomes import Outcome
from sokkuri.indexing.photo_metadata import fill_photos, refresh_sidecars
from sokkuri.indexing.removals import check_removals, losses_by_root
from sokkuri.indexing.settings import (
    claim_settings,
    mark_finished,
    record_walk,
    store_settings,
    with_saved_settings,
)
from sokkuri.indexing.source import IsGone, check_list, check_root, fill_listing
from sokkuri.indexing.worker import ImageWorker
from sokkuri.indexing.writer import Writer
from sokkuri.models import Model
from sokkuri.models.session import wants_gpu
from sokkuri.search.ann_files import refresh_ann
from sokkuri.search.code_files import refresh_codes
from sokkuri.store import leases
from sokkuri.store.catalog import Catalog
from sokkuri.store.collection import CollectionStore
from sokkuri.store.damage import count_damaged
from sokkuri.store.images import count_images, count_vanished, set_left_aside
from sokkuri.store.listing import Losses
from sokkuri.store.recover import recover

_POLL_SECONDS = 0.2  # between looks at whether other processes have finished their jobs
_WAITING_WORKERS = 4  # per core with a GPU: most threads wait for their batch
_DEVICE = re.compile(r"auto|cpu|cuda(:\d+)?")


def sync(
    collection: CollectionStore, model: Model, options: SyncOptions
) -> Generator[Progress[SyncReport]]:
    """Bring the collection up to date; yield progress, the last one with the report.

    If the iterator is closed or the process interrupted, all finished work is committed. Raises
    ModelMismatchError, StorageError, ModelError, CollectionError if the folder of images does not
    exist, which may mean that a disk is not mounted, and RemovalsError before any change if most
    images would be marked as gone and the options do not accept that.
    """
    collection.check_model(model)
    check_options(options)
    check_device(options.device)
    check_executor(options)
    check_root(collection.root)
    check_list(collection.root, options)
    check_films(collection.catalog, collection.root, options)
    started = time.monotonic()
    with leases.registered_run(collection.catalog, collection.store / CATALOG_NAME) as run:
        for line in recover(collection):
            yield Progress("listing", 0, 0, note=line)
        settings = with_saved_settings(collection.catalog, options)
        claim_settings(collection.catalog, settings)
        unread: set[str] = set()
        aside: Counter[str] = Counter()
        walks = settings.names is None  # a list names images, and nothing beside them
        films = open_films(
            collection.catalog, collection.root, settings.video, settings.limits, saves=True
        )
        yield from fill_listing(
            collection.catalog,
            collection.root,
            settings,
            unread,
            aside,
            sidecars=walks,
            films=films,
        )
        disks = find_disks(collection.catalog, collection.root, settings)
        if disks is not None:
            unread |= set(disks.lost)
            for note in disks.notes(collection.root):
                yield Progress("listing", 0, 0, note)
        is_gone = IsGone(collection.root, settings, unread, films)
        changes = diff.apply_changes(
            collection.catalog,
            run,
            is_gone,
            retry_failed=settings.retry_failed,
            shuffle=settings.shuffle,
            rehash=settings.rehash,
            on_compared=partial(_accept, collection, settings, aside, disks),
            is_loss=is_gone.is_loss,
        )
        for note in is_gone.notes():
            yield Progress("listing", changes.listed, 0, note)
        extraction = _Extraction(collection, model, settings, run)
        yield from extraction.progress()
        threads = threads_for(collection.root, available_cores())
        if walks:
            yield from refresh_sidecars(collection, unread, threads)
        if settings.metadata:
            yield from fill_photos(collection, settings.limits, threads)
        mark_finished(collection.catalog)
        collection.rewrite_id_columns()
        yield from refresh_indexes(collection)
        seconds = time.monotonic() - started
        yield _last_progress(collection.catalog, run, changes, extraction, seconds)


def _accept(
    collection: CollectionStore,
    settings: SyncOptions,
    aside: Counter[str],
    disks: Disks | None,
    losses: Losses,
) -> None:
    """Save the settings of a run, and what it left aside, unless it would lose most images.

    It runs inside the transaction of the caller.
    """
    if not settings.accept_removals:
        of_roots = losses_by_root(collection.catalog, collection.root)
        check_removals(losses, collection.root, settings.names, of_roots)
    store_settings(collection.catalog, settings)
    record_walk(collection.catalog, settings)
    set_left_aside(collection.catalog, aside)
    record_disks(collection.catalog, disks)
    collection.save_root()


def refresh_indexes(
    collection: CollectionStore, *, everything: bool = False
) -> Iterator[Progress[Never]]:
    """Update the int8 codes and the approximate index; yield progress.

    Without them searches are slower, with the same results. everything : also add small numbers of
    new rows to the approximate index, and replace damaged codes.
    """
    try:
        for done, total in refresh_codes(collection, thorough=everything):
            yield Progress("coding", done, total)
        for stage, done, total in refresh_ann(collection, all_rows=everything):
            yield Progress(stage, done, total)
    except (StorageError, MissingExtraError, UnsupportedError) as error:
        yield Progress("coding", 0, 0, note=str(error))


def check_films(catalog: Catalog, root: Root, options: SyncOptions) -> None:
    """Raise UsageError or MissingExtraError if the frames of films cannot be listed.

    A run that is not asked for them again, and cannot read them, leaves them as they are.
    """
    settings = with_saved_settings(catalog, options)
    check_video(
        settings.video,
        root,
        has_list=settings.names is not None,
        has_part=settings.part is not None,
        on_ray=settings.executor == "ray",
    )
    if options.video is not None and settings.video != OFF and not reads_films():
        raise MissingExtraError("reading films", EXTRA)


def check_device(device: str) -> None:
    """Raise UsageError if this is not the name of a device."""
    if not _DEVICE.fullmatch(device):
        raise UsageError(f"no device {device}: it is auto, cpu, cuda or cuda:N")


def check_executor(options: SyncOptions) -> None:
    """Raise UsageError, MissingExtraError or ClusterError if the executor cannot run."""
    if options.executor == "threads":
        if options.address is not None:
            raise UsageError("--address names a Ray cluster: give --executor ray as well")
        return
    if ":" in options.device:
        raise UsageError("on a cluster Ray chooses the GPU: give --device cuda")
    from sokkuri.indexing.executors.ray_cluster import check_address, import_ray

    check_address(options.address)  # before Ray, whose import takes seconds
    import_ray()


def worker_threads(options: SyncOptions, root: Root) -> int:
    """Return the number of threads for these options on this machine, for images below `root`."""
    if options.workers is not None:
        return options.workers
    cores = available_cores()
    for_network = cores * (_WAITING_WORKERS if wants_gpu(options.device) else 1)
    return max(for_network, threads_for(root, cores))


def _last_progress(
    catalog: Catalog, run: int, changes: diff.Changes, extraction: "_Extraction", seconds: float
) -> Progress[SyncReport]:
    counts = count_images(catalog)
    outcomes = extraction.counts
    reused = outcomes["reused"] + changes.returned
    moved = outcomes["moved"] + changes.moved
    removed = count_vanished(catalog, run)
    extracted = outcomes["added"] + outcomes["updated"]
    report = SyncReport(
        added=outcomes["added"],
        updated=outcomes["updated"],
        moved=moved,
        reused=reused,
        removed=removed,
        unchanged=max(0, counts.live - extracted - moved - reused),
        failed=counts.failed,
        damaged=count_damaged(catalog),
        total=counts.live,
        seconds=round(seconds, 3),
        images_per_second=round(extracted / extraction.seconds, 1) if extracted else 0.0,
    )
    total = outcomes.total()
    return Progress("done", total, total, failed=counts.failed, result=report)


class _Extraction:
    """The part of a run that reads images: takes jobs, runs workers, commits outcomes.

    counts : images by outcome. seconds : wall time of the extraction.
    """

    def __init__(
        self, collection: CollectionStore, model: Model, settings: SyncOptions, run: int
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.seconds = 0.0
        self._collection = collection
        self._catalog = collection.catalog
        self._model = model
        self._settings = settings
        self._run = run

    def progress(self) -> Iterator[Progress[Never]]:
        """Process all open images and yield progress; wait for those of other runs."""
        total = leases.count_open_images(self._catalog)
        started = time.monotonic()
        with ExitStack() as stack:
            executor, threads = self._executor(total)
            stack.enter_context(closing(executor))
            digests = executor.share(partial(InFlightDigests, self._catalog.where.absolute()))
            stack.enter_context(closing(digests))
            worker = stack.enter_context(closing(self._worker(digests, threads)))
            writer = Writer(self._collection, self._run, digests)
            watch = leases.LeaseWatch()
            done = 0
            while True:
                for outcome in self._commit(executor, worker, writer):
                    done += not isinstance(outcome, Heartbeat)
                    note = outcome.note if isinstance(outcome, Heartbeat) else ""
                    note = note or (worker.notes.pop() if worker.notes else "")
                    failed = writer.counts["failed"]
                    yield Progress("extracting", done, max(done, total), note, failed)
                leases.clear_ended_runs(self._catalog, watch)
                if leases.count_open_images(self._catalog):
                    continue
                if not leases.has_other_leases(self._catalog, self._run):
                    break
                failed = writer.counts["failed"]
                yield Progress("waiting", done, max(done, total), failed=failed)
                time.sleep(_POLL_SECONDS)  # other processes send no event
        self.counts.update(writer.counts)
        self.seconds = time.monotonic() - started

    def _executor(self, total: int) -> tuple[Executor, int]:
        """Return the executor, and the number of images of a batch that are worked on at once."""
        settings, root = self._settings, self._collection.root
        if not total:  # do not look for a GPU, which takes a moment, if there is nothing to do
            return ThreadExecutor(1), 1
        if settings.executor == "threads":
            return ThreadExecutor(worker_threads(settings, root)), 1
        from sokkuri.indexing.executors.ray import RayExecutor

        gpu = settings.device == "cuda"
        threads = max(threads_for(root, 1), _WAITING_WORKERS if gpu else 1)
        cores = worker_threads(SyncOptions(device="cpu"), Path())
        executor = RayExecutor(
            settings.address, settings.workers, gpu=gpu, threads=threads, cores=cores
        )
        return executor, executor.resources.threads

    def _worker(self, digests: InFlightDigests, threads: int) -> ImageWorker:
        settings, collection = self._settings, self._collection
        # Ray reserves a GPU only if the options name one, so `auto` means the CPU there.
        is_auto_on_ray = settings.executor == "ray" and settings.device == "auto"
        return ImageWorker(
            collection.root,
            self._model,
            settings.limits,
            digests,
            "cpu" if is_auto_on_ray else settings.device,
            collection.dtype,
            threads,
        )

    def _commit(
        self, executor: Executor, worker: ImageWorker, writer: Writer
    ) -> Iterator[Outcome | Heartbeat]:
        """Process all jobs that can be taken; commit the outcomes however the work ends."""
        outcomes = executor.run(worker, self._jobs())
        with closing(outcomes), commit_at_end(self._catalog, writer):
            for outcome in outcomes:
                if isinstance(outcome, Heartbeat):
                    writer.flush()
                else:
                    writer.add(outcome)
                yield outcome

    def _jobs(self) -> Iterator[Job]:
        while jobs := leases.lease_images(self._catalog, self._run):
            yield from jobs


@contextmanager
def commit_at_end(catalog: Catalog, writer: Writer) -> Iterator[None]:
    """Commit the outcomes that arrived, however the block ends, unless with a SokkuriError."""
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

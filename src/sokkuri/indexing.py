"""The pipeline: brings a collection up to date with its folder.

Composes the stages: the listing is compared with the catalog, what must be read is claimed in
batches, workers read, decode and extract, and the writer commits what comes back. Every step can
be repeated, so a run that was killed is made up by the next one.
"""

import json
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Literal

from sokkuri import changes, claims
from sokkuri.approximating import refresh_ann
from sokkuri.catalog import Catalog
from sokkuri.coding import refresh_codes
from sokkuri.collection import CATALOG_NAME, Collection
from sokkuri.errors import (
    CollectionError,
    MissingExtraError,
    SokkuriError,
    StorageError,
    UnsupportedError,
    UsageError,
)
from sokkuri.executors import Executor, ThreadExecutor
from sokkuri.known import KnownBytes
from sokkuri.listing import OnError, is_excluded, list_images, read_list
from sokkuri.models import Model
from sokkuri.records import FileRef, IdKind, Job, Limits, Outcome
from sokkuri.sessions import wants_gpu
from sokkuri.working import Work
from sokkuri.writer import Writer

_POLL_SECONDS = 0.2  # how often to look whether another process has given up its claims
_LISTING_CHUNK = 10_000
_SHOWN_NOTES = 20


_WAITING_WORKERS = 4  # a core, where a GPU computes: most wait for their batch meanwhile
_DEVICE = re.compile(r"auto|cpu|cuda(:\d+)?")


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """How a run goes about it.

    workers : threads, None for one a core that this process may use, and more where a GPU computes.
    device : `auto`, `cpu`, `cuda` or `cuda:N`; the CPU where there is no such GPU, which is said.
    exclude : globs, None for those of the run before. names : a file that lists the images, in
    place of walking the folder; what it lacks is not in the collection. ids : what an image's id
    is, None for what it was, at first its path. shuffle : a seed for the order of extraction.
    ann_from : images from which an approximate index is kept, None for what it was, at first a
    million.
    """

    workers: int | None = None
    device: str = "auto"
    exclude: tuple[str, ...] | None = None
    names: Path | None = None
    ids: IdKind | None = None
    shuffle: int | None = None
    ann_from: int | None = None
    retry_failed: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a run did, in images: added + updated + moved + reused + unchanged = total.

    added : extracted, not known before. updated : extracted anew. moved : took over the row of an
    image that vanished. reused : came back, or has the bytes of another image, nothing extracted.
    removed : their files are gone. failed : in the folder, but without features. total : found by
    searches. seconds : wall time. images_per_second : extracted ones, while they were.
    """

    added: int = 0
    updated: int = 0
    moved: int = 0
    reused: int = 0
    removed: int = 0
    unchanged: int = 0
    failed: int = 0
    total: int = 0
    seconds: float = 0.0
    images_per_second: float = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """A sign of life. `done` of `total` images in this stage; `total` is 0 while unknown.

    `note` is a line for the user. The last one has the stage `done` and holds the report.
    """

    stage: Literal[
        "listing", "extracting", "importing", "coding", "training", "adding", "measuring",
        "fetching KiB", "waiting", "done",
    ]  # fmt: skip
    done: int
    total: int
    failed: int = 0
    note: str = ""
    report: SyncReport | None = None


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
        collection.catalog.set_meta("exclude", json.dumps(asked.exclude))
        collection.catalog.set_meta("ids", str(asked.ids))
        if asked.ann_from is not None:
            collection.catalog.set_meta("ann_from", str(asked.ann_from))
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


def check_root(root: Path) -> None:
    """Raises CollectionError unless the folder of images is there."""
    if not root.is_dir():
        raise CollectionError(
            f"{root} is not there, so nothing was changed: mount it, or say where the images are "
            "now with `sokkuri index FOLDER --store STORE`"
        )


def take_listing(catalog: Catalog, root: Path, options: SyncOptions) -> Iterator[Progress]:
    """Fill the catalog's temporary table with what the folder or the list holds, in bounded
    memory. options : settled. Raises UsageError for a list that cannot be read, or two files with
    one id."""
    notes: list[str] = []
    left_out = 0

    def skipped(path: str, error: OSError) -> None:
        nonlocal left_out
        left_out += 1
        if left_out <= _SHOWN_NOTES:
            notes.append(_note(path, error, options))

    listed = 0
    changes.begin_listing(catalog)
    yield Progress("listing", 0, 0)
    refs = _refs(root, options, skipped)
    while chunk := list(islice(refs, _LISTING_CHUNK)):
        changes.add_listed(catalog, chunk)
        listed += len(chunk)
        yield Progress("listing", listed, 0)
    if left_out > _SHOWN_NOTES:
        notes.append(f"and {left_out - _SHOWN_NOTES:,} more")
    for note in notes:
        yield Progress("listing", listed, 0, note=note)


def _refs(root: Path, options: SyncOptions, on_error: OnError) -> Iterator[FileRef]:
    """The images of the list or the folder, under the ids that were asked for."""
    exclude = options.exclude or ()
    if options.names is None:
        refs = list_images(root, exclude=exclude, on_error=on_error)
    else:
        refs = _listed(options.names, root, on_error)
    for ref in refs:
        if options.names is not None and is_excluded(ref.path, exclude):
            continue
        yield replace(ref, id=ref.path.rpartition("/")[2]) if options.ids == "name" else ref


def _listed(names: Path, root: Path, on_error: OnError) -> Iterator[FileRef]:
    try:
        file = names.open("rb")
    except OSError as error:
        raise UsageError(f"the list {names} cannot be read: {error.strerror}") from error
    with file:
        yield from read_list(file, root, on_error=on_error)


def _note(path: str, error: OSError, options: SyncOptions) -> str:
    if options.names is None:
        return f"{path} was skipped: {error.strerror}; its images are left as they were"
    return f"{path} of the list is left out: {error.strerror}"


def gone_test(root: Path, options: SyncOptions) -> Callable[[str], bool]:
    """A test for paths that the listing lacks: excluded now, not on the list, or really not there.
    options : settled."""

    def is_gone(path: str) -> bool:
        if options.names is not None or is_excluded(path, options.exclude or ()):
            return True
        try:
            (root / path).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            return False
        return False

    return is_gone


def settled(catalog: Catalog, options: SyncOptions) -> SyncOptions:
    """The options with what the run before has left for this one. Raises UsageError when the ids
    would become something else."""
    given = (
        json.loads(catalog.meta("exclude") or "[]") if options.exclude is None else options.exclude
    )
    ids = settled_ids(catalog, options.ids)
    return replace(options, exclude=tuple(glob for glob in given if glob), ids=ids)


def settled_ids(catalog: Catalog, wanted: IdKind | None, default: IdKind = "path") -> IdKind:
    """What an image's id is in this collection. Raises UsageError when it would become another."""
    kept = catalog.meta("ids")
    if kept is not None and wanted not in (None, kept):
        raise UsageError(
            f"the ids of {catalog.where.parent} are each file's {kept}: leave --ids out, or give "
            "--store DIR for a second collection"
        )
    if kept is not None:
        return "name" if kept == "name" else "path"
    return wanted or default


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

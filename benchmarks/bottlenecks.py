"""Measure what limits a collection besides the network: writer, catalog, listing, merging,
codes.

    python -m benchmarks.bottlenecks writer|catalog|lister|merge|codes FOLDER

Each stage runs alone in its own process on synthetic work that was prepared before: random 1280-d
vectors, file names without files, empty files. docs/scale.md calculates with these figures.
"""

import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import run, table
from sokkuri.api import Collection
from sokkuri.core.types import FileFingerprint, FileRef, FileStat, Job, Progress
from sokkuri.images.scan import list_images
from sokkuri.indexing import diff
from sokkuri.indexing.in_flight import InFlightDigests
from sokkuri.indexing.options import SyncOptions
from sokkuri.indexing.outcomes import Extracted
from sokkuri.indexing.partition import Part
from sokkuri.indexing.settings import mark_finished, save_settings, with_saved_settings
from sokkuri.indexing.writer import Writer
from sokkuri.search.code_files import refresh_codes
from sokkuri.store import leases
from sokkuri.store.listing import add_listed, begin_listing
from sokkuri.store.rows import store_rows
from sokkuri.store.shards import SHARD_ROWS, checksum_rows

DIMENSION = 1280
ROWS, LEASED = 20_000, 20_000
SMALL, LARGE = 1_000_000, 5_000_000
FILES, FLAT, DEEP = 200_000, 256, 65_536
PARTS, MERGED = 4, 100_000
CODED, APPENDED = 100_000, 1_000
CHUNK = 10_000
_SPREAD = 2_654_435_761  # odd: multiplying modulo 2**32 maps no two numbers to one

Line = list[str]


def main(what: str, folder: Path) -> list[Line] | tuple[float, float]:
    if what == "merged":
        return _merged(folder)
    measured: dict[str, Callable[[Path], Iterator[Line]]] = {
        "writer": _writer,
        "catalog": _catalog,
        "lister": _lister,
        "merge": _merge,
        "codes": _codes,
    }
    return list(measured[what](folder))


def _empty(root: Path) -> Collection:
    from synthetic_collection import make_model

    root.mkdir(parents=True, exist_ok=True)
    return Collection.create_with(root, root / ".sokkuri", make_model(DIMENSION), "synthetic.onnx")


def _ref(number: int) -> FileRef:
    """Return a file whose name has 40 hexadecimal digits, in two levels of folders, as in the
    article."""
    name = f"{number * _SPREAD % 2**32:08x}{number:032x}"
    path = f"object/{name[:2]}/{name[2:4]}/{name}.jpg"
    return FileRef(path, path, FileStat(50_000 + number, number))


@contextmanager
def _timed() -> Iterator[Callable[[], float]]:
    """Give a function that returns the seconds from the start of the block to its end."""
    started = time.perf_counter()
    ended: list[float] = []
    yield lambda: (ended[0] if ended else time.perf_counter()) - started
    ended.append(time.perf_counter())


def _line(what: str, size: int, count: int, seconds: float, more: str = "") -> Line:
    rate = f"{count / seconds:,.0f}/s"
    return [what, f"{size:,}", f"{seconds:.1f} s", rate, f"{_peak():.0f} MiB", more]


def _peak() -> float:
    """Return the peak memory of this process in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


# The writer


def _writer(folder: Path) -> Iterator[Line]:
    for before in (0, SMALL):
        with _empty(folder / f"{before}") as collection:
            note = "64 a batch"
            if before:
                _fill(collection, before)
                collection.catalog.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                image_bytes = collection.catalog.where.stat().st_size / before
                note += f"; the catalog has {image_bytes:.0f} bytes an image"
            yield _line("the writer commits rows", before, ROWS, _write(collection, before), note)


def _fill(collection: Collection, count: int) -> None:
    """Add extracted images without vectors, with all columns that SQL indexes cover."""
    catalog, rng = collection.catalog, random.Random(0)
    with catalog.writing():
        for number in range(count // SHARD_ROWS):
            catalog.execute("INSERT INTO shards VALUES (?, 1, ?, 0)", [number, SHARD_ROWS])
        catalog.execute_many(
            "INSERT INTO images (id, path, size, mtime_ns, digest, width, height, model, shard,"
            " row, checksum, todo) VALUES (?1, ?1, ?2, ?3, ?4, 640, 480, 1, ?5, ?6, ?7, 0)",
            (
                (
                    ref.path, ref.stat.size, ref.stat.mtime_ns, rng.randbytes(16),
                    number // SHARD_ROWS, number % SHARD_ROWS, rng.randrange(-(2**63), 2**63),
                )
                for number, ref in enumerate(map(_ref, range(count)))
            ),
        )  # fmt: skip


def _write(collection: Collection, first: int) -> float:
    catalog = collection.catalog
    run_ = leases.start_run(catalog)
    _enter(collection, first, ROWS)
    jobs: list[Job] = []
    while batch := leases.lease_images(catalog, run_):
        jobs += batch
    vectors = np.random.default_rng(0).random((1000, DIMENSION), np.float32)
    ready = [
        Extracted(
            job, FileFingerprint(FileStat(1, 1), b"%16d" % job.key), 640, 480, vectors[n % 1000]
        )
        for n, job in enumerate(jobs)
    ]
    with closing(InFlightDigests(catalog.where)) as digests, _timed() as seconds:
        writer = Writer(collection, run_, digests)
        for outcome in ready:
            writer.add(outcome)
        writer.finish()
    assert writer.counts["added"] == ROWS
    return seconds()


def _enter(collection: Collection, first: int, count: int) -> None:
    with collection.catalog.writing():
        collection.catalog.execute_many(
            "INSERT INTO images (id, path, size, mtime_ns) VALUES (?1, ?1, 1, 1)",
            ((_ref(number).id,) for number in range(first, first + count)),
        )


# The catalog


def _catalog(folder: Path) -> Iterator[Line]:
    for size in (SMALL, LARGE):
        with _empty(folder / f"{size}") as collection:
            catalog = collection.catalog
            with _timed() as seconds:
                _list(collection, size)
                diff.apply_changes(catalog, 1, lambda _: False, retry_failed=False)
            yield _line("a first listing is entered", size, size, seconds())
            run_ = leases.start_run(catalog)
            with _timed() as seconds:
                for _ in range(LEASED // leases.LEASE_BATCH):
                    assert len(leases.lease_images(catalog, run_)) == leases.LEASE_BATCH
            note = f"{leases.LEASE_BATCH} a transaction"
            yield _line("images are leased", size, LEASED, seconds(), note)
            with _timed() as seconds:
                _list(collection, size)
                changes = diff.compare(catalog, lambda _: False, retry_failed=False)
            assert changes.new == changes.changed == changes.vanished == 0
            yield _line("a listing shows no change", size, size, seconds())


def _list(collection: Collection, size: int) -> None:
    """Fill the listing in the order of a file system: folder by folder; folders and files are
    shuffled."""
    numbers = np.arange(size, dtype=np.int64)
    folders = (numbers * _SPREAD % 2**32) >> 16
    order = np.lexsort((np.random.default_rng(0).random(size), _shuffled(folders)))
    begin_listing(collection.catalog)
    for start in range(0, size, CHUNK):
        refs = [_ref(number) for number in order[start : start + CHUNK].tolist()]
        add_listed(collection.catalog, refs)


def _shuffled(folders: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.random.default_rng(1).permutation(DEEP)[folders]


# The lister


def _lister(folder: Path) -> Iterator[Line]:
    for folders in (FLAT, DEEP):
        root = folder / f"{folders}"
        for number in range(folders):
            (root / f"{number % 256:02x}" / f"{number // 256:02x}").mkdir(parents=True)
        for number in range(FILES):
            folder_number = number % folders
            name = f"{number:040x}.jpg"
            (root / f"{folder_number % 256:02x}" / f"{folder_number // 256:02x}" / name).touch()
        with _timed() as seconds:
            listed = sum(1 for _ in list_images(root))
        assert listed == FILES
        yield _line("files are listed", FILES, FILES, seconds(), f"in {folders:,} folders, warm")


# Merging


def _merge(folder: Path) -> Iterator[Line]:
    for number in range(1, PARTS + 1):
        _make_part(folder, Part(PARTS, number))
    for what in ("rows are merged", "a merge finds nothing to do"):
        line = [sys.executable, "-m", "benchmarks.bottlenecks", "merged", str(folder)]
        seconds, peak = json.loads(run(line).out.splitlines()[-1])
        note = f"{PARTS} parts, in the page cache"
        yield [*_line(what, MERGED, MERGED, seconds)[:4], f"{peak:.0f} MiB", note]


def _make_part(root: Path, part: Part) -> None:
    from synthetic_collection import make_model

    ids = [ref.id for ref in map(_ref, range(MERGED)) if part.holds(ref.id)]
    rng = np.random.default_rng(part.number)
    with Collection.create_with(
        root, root / part.store_name, make_model(DIMENSION), "synthetic.onnx"
    ) as collection:
        catalog, shards = collection.catalog, collection.shards
        save_settings(catalog, with_saved_settings(catalog, SyncOptions(part=part)))
        rest = iter(ids)
        while chunk := list(islice(rest, CHUNK)):
            rows = shards.to_stored(rng.random((len(chunk), DIMENSION), np.float32))
            with catalog.writing():
                places = store_rows(collection, rows, chunk)
                catalog.execute_many(
                    "INSERT INTO images (id, path, size, mtime_ns, digest, width, height, model,"
                    " shard, row, checksum, todo)"
                    " VALUES (?1, ?1, 1, 1, ?2, 640, 480, 1, ?3, ?4, ?5, 0)",
                    (
                        (id_, rng.bytes(16), at.shard, at.row, sum_)
                        for id_, at, sum_ in zip(chunk, places, checksum_rows(rows), strict=True)
                    ),
                )
        mark_finished(catalog)


class _RowsMergedError(Exception):
    """Ends the merge before the search indexes are built, which is another figure."""


def _merged(root: Path) -> tuple[float, float]:
    """Return the seconds and the peak memory in MiB of copying rows, without the search indexes."""
    started = time.perf_counter()
    ended, peak = started, 0.0

    def on_progress(progress: Progress[object]) -> None:
        nonlocal ended, peak
        if progress.stage != "merging":
            raise _RowsMergedError
        ended, peak = time.perf_counter(), _peak()

    with suppress(_RowsMergedError):
        Collection.merge([root], on_progress=on_progress)
    return ended - started, peak


# The codes


def _codes(folder: Path) -> Iterator[Line]:
    with _empty(folder) as collection:
        rng = np.random.default_rng(0)
        for first in range(0, CODED, APPENDED):
            rows = collection.shards.to_stored(rng.random((APPENDED, DIMENSION), np.float32))
            ids = [_ref(number).id for number in range(first, first + APPENDED)]
            with collection.catalog.writing():
                store_rows(collection, rows, ids)
        before = _peak()
        with _timed() as seconds:
            for _ in refresh_codes(collection):
                pass
        yield _line("codes are made", CODED, CODED, seconds(), f"{before:.0f} MiB before")


HEAD = ["what", "images", "took", "rate", "peak memory", ""]


def report() -> str:
    with tempfile.TemporaryDirectory() as name:
        lines: list[Line] = []
        for what in ("writer", "catalog", "lister", "merge", "codes"):
            folder = Path(name) / what
            folder.mkdir()
            command = [sys.executable, "-m", "benchmarks.bottlenecks", what, str(folder)]
            lines += json.loads(run(command).out.splitlines()[-1])
    return (
        f"{DIMENSION}-d float32, ids of 56 characters, SQLite and shards in the temporary folder, "
        "each alone in its own process. For the writer, `images` is the number before the "
        "run.\n\n" + table(HEAD, lines)
    )


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]))))

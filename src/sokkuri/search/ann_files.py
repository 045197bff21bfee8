"""The approximate index of a large collection, kept under `indexes/`: built, added to, read.

Takes a collection; writes `ann-*.faiss`, and then `ann.json`, which makes it count: its hash, the
rows that it covers, how far searches go, and the recall that this gave. Hands on an index to
search. Rows that were committed never change but by `repair`, which drops it: so it never goes
stale. Deleting it loses nothing.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, Literal

import xxhash

from sokkuri.core.atomic import atomic_write
from sokkuri.core.errors import DamagedError, StorageError
from sokkuri.core.types import AnnState, Metric
from sokkuri.search.code_files import CodeReader
from sokkuri.search.vectors import ExactIndex, VectorBlocks
from sokkuri.search.vectors.ann import (
    AnnIndex,
    SearchEffort,
    add_to_lists,
    list_count,
    read_lists,
    train_lists,
    write_lists,
)
from sokkuri.search.vectors.recall import tune_effort
from sokkuri.store.collection import CollectionStore
from sokkuri.store.derived import derived_folder, try_lock

ANN_FROM = 1_000_000
"""From this many images on, an approximate index is kept; below, exact search is fast enough."""

_FRESH = 20_000  # rows that are searched exactly before they are put into the lists
_GROWN = 2.0  # times the rows that the lists were trained with, at which they are made anew
_GONE = 0.1  # share of the lists' rows that are no more, at which they are made anew
_VERSION = 1
_MANIFEST = "ann.json"

Stage = Literal["training", "adding", "measuring"]


@dataclass(frozen=True, slots=True)
class _Kept:
    """The manifest. covered : rows of each shard in the lists. trained : rows when they were made.
    recall : share of the true k nearest that were found, by k."""

    file: str
    digest: str
    metric: Metric
    covered: dict[int, int]
    trained: int
    effort: SearchEffort
    recall: dict[int, float]


def refresh_ann(
    collection: CollectionStore, *, everything: bool = False
) -> Iterator[tuple[Stage, int, int]]:
    """Build what is missing; yields a stage, how much of it is done, of how much.

    everything : put even a few fresh rows into the lists. Leaves it to the process that is at it,
    where there is one. Raises StorageError when the disk refuses, MissingExtraError without faiss;
    searches do without the index then.
    """
    counted = collection.rows_per_shard()
    total = sum(counted.values())
    if total < ann_from(collection) or total == 0:
        forget_ann(collection)
        return
    with try_lock(collection, "ann") as first:
        if not first:
            return
        kept = _read(collection)
        if kept is not None and _damage(collection, kept):
            kept = None
        if kept is None or _is_outgrown(kept, counted):
            yield from _write(collection, _Making(collection, counted, None))
        elif total - _still_there(kept, counted) >= (1 if everything else _FRESH):
            yield from _write(collection, _Making(collection, counted, kept))


def ann_from(collection: CollectionStore) -> int:
    """Return from how many images on this collection keeps an approximate index."""
    return int(collection.catalog.meta("ann_from") or ANN_FROM)


def ann_state(collection: CollectionStore) -> AnnState | None:
    """Return what the index covers and its recall, None if there is no index."""
    kept = _read(collection)
    if kept is None:
        return None
    counted = collection.rows_per_shard()
    return AnnState(_still_there(kept, counted), sum(counted.values()), kept.recall, kept.metric)


class AnnReader:
    """Opens a collection's approximate index, and a file of it once, however often it is asked."""

    def __init__(self, collection: CollectionStore, codes: CodeReader) -> None:
        self._collection = collection
        self._codes = codes
        self._lists: tuple[str, Any] = ("", None)

    @property
    def current(self) -> str:
        """The file name of the current index, "" if there is none."""
        kept = _read(self._collection)
        return "" if kept is None else kept.file

    def read(
        self, counted: Mapping[int, int], rows: VectorBlocks
    ) -> tuple[AnnIndex | None, Mapping[int, float], str]:
        """The index over the given shards and rows, with its recall by k; None without one. And a
        line where there should be one, but it cannot be used. Raises MissingExtraError without
        faiss."""
        kept, damage = _read(self._collection), ""
        for _ in range(2):  # again where a newer one took its place in between
            if kept is None:
                return None, {}, ""
            damage = "" if kept.file == self._lists[0] else _damage(self._collection, kept)
            before, kept = kept, _read(self._collection) if damage else kept
            if kept == before:
                break
        if damage or kept is None:
            return None, {}, f"{damage}: searched exactly; `sokkuri compact` makes it anew"
        if kept.file != self._lists[0]:
            path = derived_folder(self._collection) / kept.file
            self._lists = (kept.file, read_lists(path, mapped=True))
        covered = [min(held, kept.covered.get(shard, 0)) for shard, held in counted.items()]
        fresh = {
            shard: held if held > covered[number] else 0
            for number, (shard, held) in enumerate(counted.items())
        }
        codes, _ = self._codes.read(fresh)
        index = AnnIndex(rows, covered, codes, self._lists[1], kept.metric, kept.effort)
        return index, kept.recall, ""


class _Making:
    """Lists in the making: new ones, or those of `kept` with what they lack."""

    def __init__(
        self, collection: CollectionStore, counted: Mapping[int, int], kept: _Kept | None
    ) -> None:
        self.counted = dict(counted)
        self.metric = collection.model.metric
        self.trained = sum(counted.values()) if kept is None else kept.trained
        self.effort = SearchEffort(1, 1)
        self.recall: dict[int, float] = {}
        self.lists: Any = None
        self._collection = collection
        self._kept = kept

    def steps(self) -> Iterator[tuple[Stage, int, int]]:
        collection = self._collection
        rows = VectorBlocks.from_shards(collection.shards, self.counted)
        yield "training", 0, 1
        if self._kept is None:
            self.lists = train_lists(rows, self.metric)
        else:
            self.lists = read_lists(derived_folder(collection) / self._kept.file, mapped=False)
        before = {} if self._kept is None else self._kept.covered
        for number, (shard, held) in enumerate(self.counted.items()):
            yield "adding", number, len(self.counted)
            first = min(before.get(shard, 0), held)
            if first < held:
                add_to_lists(self.lists, shard, first, rows.blocks[number][first:], self.metric)
        yield "measuring", 0, 1
        self._measure(rows)

    def _measure(self, rows: VectorBlocks) -> None:
        """Tune the search effort, and measure the recall."""
        codes, _ = CodeReader(self._collection).read(self.counted)
        covered = list(self.counted.values())
        index = AnnIndex(rows, covered, codes, self.lists, self.metric, SearchEffort(1, 1))
        exact = ExactIndex(rows.blocks, codes)
        self.recall = tune_effort(index, exact, self.metric, list_count(self.trained))
        self.effort = index.effort


def _write(collection: CollectionStore, making: _Making) -> Iterator[tuple[Stage, int, int]]:
    """Make the lists, write them, and last write the manifest, which makes them count."""
    folder = derived_folder(collection)
    try:
        yield from making.steps()
    except DamagedError:
        return  # compacted away meanwhile, or for `verify` to find
    try:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"ann-{time.time_ns():x}.faiss"
        with atomic_write(folder / name) as file:
            hashed = _Hashed(file)
            write_lists(making.lists, hashed.write)
        kept = _Kept(
            name, hashed.digest(), making.metric, making.counted, making.trained, making.effort,
            making.recall,
        )  # fmt: skip
        with atomic_write(folder / _MANIFEST) as file:
            document = {"version": _VERSION, "fingerprint": collection.model.fingerprint}
            file.write(json.dumps({**document, **_as_document(kept)}).encode())
    except OSError as error:
        raise StorageError(f"{folder} could not be written: {error.strerror or error}") from error
    _forget_others(collection, name)


def _as_document(kept: _Kept) -> dict[str, Any]:
    """Return the manifest as it is written."""
    document = asdict(kept)
    effort = document.pop("effort")
    document["reach"] = {"probes": effort["nprobe"], "candidates": effort["candidates"]}
    return document


class _Hashed:
    """A file to write to, and the hash of what was written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = xxhash.xxh3_128()

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        return self._file.write(data)

    def digest(self) -> str:
        return self._hash.hexdigest()


def _read(collection: CollectionStore) -> _Kept | None:
    """The manifest; None where it is not there, or not for these vectors."""
    try:
        kept = json.loads((derived_folder(collection) / _MANIFEST).read_text(encoding="utf-8"))
        model = collection.model
        if (kept["version"], kept["fingerprint"]) != (_VERSION, model.fingerprint):
            return None
        return _Kept(
            str(kept["file"]),
            str(kept["digest"]),
            "l2" if kept["metric"] == "l2" else "cosine",
            {int(shard): int(rows) for shard, rows in kept["covered"].items()},
            int(kept["trained"]),
            SearchEffort(int(kept["reach"]["probes"]), int(kept["reach"]["candidates"])),
            {int(k): float(share) for k, share in kept["recall"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _damage(collection: CollectionStore, kept: _Kept) -> str:
    """Return what is wrong with the file of the lists, "" if it is sound."""
    path = derived_folder(collection) / kept.file
    hashed = xxhash.xxh3_128()
    try:
        with path.open("rb") as file:
            while data := file.read(1 << 24):
                hashed.update(data)
    except OSError as error:
        return f"{path} cannot be read ({error.strerror})"
    return "" if hashed.hexdigest() == kept.digest else f"{path} is damaged"


def _still_there(kept: _Kept, counted: Mapping[int, int]) -> int:
    """Return how many rows of the lists the collection still has."""
    return sum(min(rows, counted.get(shard, 0)) for shard, rows in kept.covered.items())


def _is_outgrown(kept: _Kept, counted: Mapping[int, int]) -> bool:
    held = sum(kept.covered.values())
    gone = held - _still_there(kept, counted)
    return sum(counted.values()) > _GROWN * kept.trained or gone > _GONE * held


def forget_ann(collection: CollectionStore) -> None:
    """Delete the index, if there is one."""
    with suppress(OSError):
        (derived_folder(collection) / _MANIFEST).unlink(missing_ok=True)
        _forget_others(collection, "")


def _forget_others(collection: CollectionStore, name: str) -> None:
    """Delete files that a newer one replaced, and partial files of a killed process."""
    folder = derived_folder(collection)
    for path in (*folder.glob("ann-*.faiss"), *folder.glob(".ann*.new")):
        if path.name != name:
            with suppress(OSError):  # where open files cannot be deleted: the next time
                path.unlink()

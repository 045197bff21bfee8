"""The approximate index of a large collection, kept under `indexes/`: built, extended, read.

Takes a collection; writes `ann-*.faiss`, and then the manifest (ann_manifest.py), which makes the
file count. `AnnReader` returns an index to search. Committed rows never change, so the index is
never out of date. If it is deleted, nothing is lost: it is rebuilt.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, BinaryIO, Literal

import xxhash

from sokkuri.core.atomic import atomic_write
from sokkuri.core.errors import DamagedError, StorageError
from sokkuri.core.types import AnnState
from sokkuri.search.ann_manifest import (
    MANIFEST,
    AnnManifest,
    find_damage,
    read_manifest,
    write_manifest,
)
from sokkuri.search.code_files import CodeReader
from sokkuri.search.foreign_queries import foreign_queries
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
from sokkuri.search.vectors.recall import (
    MeasuredEffort,
    MeasuredRecall,
    choose_effort,
    measure_efforts,
)
from sokkuri.store.collection import CollectionStore
from sokkuri.store.derived import derived_folder, try_lock

ANN_FROM = 1_000_000
"""From this many images on, an approximate index is kept; below, exact search is fast enough."""

_FRESH_ROWS = 20_000  # rows that are searched exactly before they are added to the lists
_MAX_GROWTH = 2.0  # if the rows are more than this many times the trained ones, train new lists
_MAX_GONE_SHARE = 0.1  # if more than this share of the listed rows is gone, train new lists

Stage = Literal["training", "adding", "measuring"]


def refresh_ann(
    collection: CollectionStore, *, all_rows: bool = False
) -> Iterator[tuple[Stage, int, int]]:
    """Build or extend the index where needed; yield (stage, steps done, steps in all).

    all_rows : add fresh rows to the lists even if they are few. Does nothing while another process
    builds the index. Raises StorageError when the disk refuses, MissingExtraError without faiss;
    searches do without the index then.
    """
    rows_per_shard = collection.rows_per_shard()
    total = sum(rows_per_shard.values())
    if total < ann_from(collection) or total == 0:
        delete_ann(collection)
        return
    with try_lock(collection, "ann") as is_locked:
        if not is_locked:
            return
        manifest = read_manifest(collection)
        if manifest is not None and find_damage(collection, manifest):
            manifest = None
        if manifest is None or _is_outgrown(manifest, rows_per_shard):
            yield from _build(collection, _ListBuilder(collection, rows_per_shard, None))
        elif manifest.measured_by_old or _fresh_rows(manifest, rows_per_shard) >= (
            1 if all_rows else _FRESH_ROWS
        ):
            yield from _build(collection, _ListBuilder(collection, rows_per_shard, manifest))


def ann_from(collection: CollectionStore) -> int:
    """Return from how many images on this collection keeps an approximate index."""
    return int(collection.catalog.meta("ann_from") or ANN_FROM)


def ann_state(collection: CollectionStore) -> AnnState | None:
    """Return what the index covers and its recall, None if there is no index."""
    manifest = read_manifest(collection)
    if manifest is None:
        return None
    rows_per_shard = collection.rows_per_shard()
    covered = manifest.rows_left(rows_per_shard)
    images = _usual_recall(manifest.efforts, words=False)
    texts = _usual_recall(manifest.efforts, words=True).texts
    kinds: dict[str, Mapping[int, float]] = {kind: images.kinds[kind] for kind in images.kinds}
    if texts:
        kinds["texts"] = texts
    return AnnState(
        covered, sum(rows_per_shard.values()), images.images, manifest.metric, texts, kinds
    )


def _usual_recall(efforts: Sequence[MeasuredEffort], *, words: bool) -> MeasuredRecall:
    """Return the recall of searches that ask for no recall."""
    usual = choose_effort(efforts, 10, words=words, goal=None)
    return MeasuredRecall({}) if usual is None else usual.recall


class AnnReader:
    """Opens a collection's approximate index. Each file is checked and read once."""

    def __init__(self, collection: CollectionStore, codes: CodeReader) -> None:
        self._collection = collection
        self._codes = codes
        self._lists: tuple[str, Any] = ("", None)  # name of the file, the lists

    @property
    def current(self) -> str:
        """The file name of the current index, "" if there is none."""
        manifest = read_manifest(self._collection)
        return "" if manifest is None else manifest.file

    def read(
        self, rows_per_shard: Mapping[int, int], rows: VectorBlocks
    ) -> tuple[AnnIndex | None, tuple[MeasuredEffort, ...], str]:
        """Return the index over these shards and their rows, the efforts of searching it, the least
        first, and a message.

        The index is None if there is none. The message is "" unless the index is damaged. Raises
        MissingExtraError without faiss.
        """
        manifest, damage = self._find_sound()
        if manifest is None:
            message = f"{damage}: searched exactly; `sokkuri compact` rebuilds it"
            return None, (), message if damage else ""
        if manifest.file != self._lists[0]:
            path = derived_folder(self._collection) / manifest.file
            self._lists = (manifest.file, read_lists(path, mapped=True))
        covered = [
            min(count, manifest.covered.get(shard, 0)) for shard, count in rows_per_shard.items()
        ]
        coded = {  # codes are needed for shards with rows that are not in the lists
            shard: count if count > listed else 0
            for (shard, count), listed in zip(rows_per_shard.items(), covered, strict=True)
        }
        codes, _ = self._codes.read(coded)
        efforts = manifest.efforts
        index = AnnIndex(rows, covered, codes, self._lists[1], manifest.metric, efforts[0].effort)
        return index, efforts, ""

    def _find_sound(self) -> tuple[AnnManifest | None, str]:
        """Return the current manifest if its file is sound; otherwise None, and what is wrong, ""
        if there is no index."""
        manifest, damage = read_manifest(self._collection), ""
        for _ in range(2):  # try again if a newer index replaced this one in the meantime
            if manifest is None:
                return None, ""
            if manifest.file == self._lists[0]:
                return manifest, ""
            damage = find_damage(self._collection, manifest)
            if not damage:
                return manifest, ""
            previous, manifest = manifest, read_manifest(self._collection)
            if manifest == previous:
                break
        return None, damage


class _ListBuilder:
    """Builds lists for all rows: new ones, or those of `manifest` with the rows that they lack."""

    def __init__(
        self,
        collection: CollectionStore,
        rows_per_shard: Mapping[int, int],
        manifest: AnnManifest | None,
    ) -> None:
        self.rows_per_shard = dict(rows_per_shard)
        self.metric = collection.model.metric
        self.trained = sum(rows_per_shard.values()) if manifest is None else manifest.trained
        self.efforts: tuple[MeasuredEffort, ...] = ()
        self.lists: Any = None
        self._collection = collection
        self._manifest = manifest

    def steps(self) -> Iterator[tuple[Stage, int, int]]:
        """Train or read the lists, add rows to them, and measure the recall; yield the progress."""
        rows = VectorBlocks.from_shards(self._collection.shards, self.rows_per_shard)
        yield "training", 0, 1
        covered: Mapping[int, int] = {}
        if self._manifest is None:
            self.lists = train_lists(rows, self.metric)
        else:
            path = derived_folder(self._collection) / self._manifest.file
            self.lists = read_lists(path, mapped=False)
            covered = self._manifest.covered
        for number, (shard, count) in enumerate(self.rows_per_shard.items()):
            yield "adding", number, len(self.rows_per_shard)
            first = min(covered.get(shard, 0), count)
            if first < count:
                add_to_lists(self.lists, shard, first, rows.blocks[number][first:], self.metric)
        yield "measuring", 0, 1
        self._measure(rows)

    def _measure(self, rows: VectorBlocks) -> None:
        """Measure the recall of several search efforts."""
        codes, _ = CodeReader(self._collection).read(self.rows_per_shard)
        covered = list(self.rows_per_shard.values())
        index = AnnIndex(rows, covered, codes, self.lists, self.metric, SearchEffort(1, 1))
        self.efforts = measure_efforts(
            index,
            ExactIndex(rows.blocks, codes),
            self.metric,
            list_count(self.trained),
            foreign_queries(self._collection, self.metric),
        )


def _build(collection: CollectionStore, builder: _ListBuilder) -> Iterator[tuple[Stage, int, int]]:
    """Build the lists, write them, and then write the manifest, which makes them count."""
    folder = derived_folder(collection)
    try:
        yield from builder.steps()
    except DamagedError:
        return  # compacted away in the meantime; otherwise `verify` reports the damage
    try:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"ann-{time.time_ns():x}.faiss"
        with atomic_write(folder / name) as file:
            hashing = _HashingWriter(file)
            write_lists(builder.lists, hashing.write)
        manifest = AnnManifest(
            name, hashing.digest(), builder.metric, builder.rows_per_shard, builder.trained,
            builder.efforts,
        )  # fmt: skip
        write_manifest(collection, manifest)
    except OSError as error:
        raise StorageError(f"{folder} could not be written: {error.strerror or error}") from error
    _delete_files(collection, keep=name)


class _HashingWriter:
    """Writes to a file, and hashes what was written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = xxhash.xxh3_128()

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        return self._file.write(data)

    def digest(self) -> str:
        return self._hash.hexdigest()


def _fresh_rows(manifest: AnnManifest, rows_per_shard: Mapping[int, int]) -> int:
    """Return how many rows of the collection are missing from the lists."""
    return sum(rows_per_shard.values()) - manifest.rows_left(rows_per_shard)


def _is_outgrown(manifest: AnnManifest, rows_per_shard: Mapping[int, int]) -> bool:
    """Return whether the lists must be trained again: too many rows are new, or too many gone."""
    listed = sum(manifest.covered.values())
    gone = listed - manifest.rows_left(rows_per_shard)
    total = sum(rows_per_shard.values())
    return total > _MAX_GROWTH * manifest.trained or gone > _MAX_GONE_SHARE * listed


def delete_ann(collection: CollectionStore) -> None:
    """Delete the index, if there is one."""
    with suppress(OSError):
        (derived_folder(collection) / MANIFEST).unlink(missing_ok=True)
        _delete_files(collection, keep="")


def _delete_files(collection: CollectionStore, keep: str) -> None:
    """Delete all files of lists except this one, and partial files of a killed process."""
    folder = derived_folder(collection)
    for path in (*folder.glob("ann-*.faiss"), *folder.glob(".ann*.new")):
        if path.name != keep:
            with suppress(OSError):  # some systems cannot delete open files: the next run does
                path.unlink()

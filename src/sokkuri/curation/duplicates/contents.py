"""Group the live images of a collection by content: files with equal bytes are one UniqueImage.

Takes a collection; returns UniqueImages, and the FeatureTable for the candidate search.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.locations import Location
from sokkuri.core.types import Features, StoredRows
from sokkuri.curation.duplicates.candidates import FeatureTable, fit_projection, project
from sokkuri.curation.duplicates.matching.fingerprint import FINGERPRINT_SIDE
from sokkuri.curation.duplicates.neighbours import Matrix, RemoteRows
from sokkuri.curation.types import DuplicateImage
from sokkuri.images.frame_names import parse_frame
from sokkuri.images.read import is_file
from sokkuri.search.push_log import RemoteIndexReader
from sokkuri.store.collection import CollectionStore
from sokkuri.store.damage import read_damage
from sokkuri.store.decisions import Decisions
from sokkuri.store.live_rows import content_records, content_rows, live_ids
from sokkuri.store.read_rows import copy_rows, damaged_row_error, unsound_rows
from sokkuri.store.row_numbers import RowNumbers
from sokkuri.store.snapshot import PinnedShards

_PROJECTION_SAMPLE = 20_000  # vectors that the projection is fitted to


@dataclass(slots=True)
class UniqueImage:
    """A content and the images that hold it.

    key : see store/content.py. place, checksum : of the vector of one of the images; place is its
    shard and row.
    """

    key: bytes
    place: tuple[int, int]
    checksum: int
    images: list[DuplicateImage] = field(default_factory=list)


def live_contents(
    collection: CollectionStore,
    decisions: Decisions,
    only: Iterable[bytes] | None = None,
    *,
    twins: bool = True,
) -> dict[bytes, UniqueImage]:
    """Return the contents of the live images by key, ordered by shard and row.

    Frames of films are left out: a frame is no file, and alike ones are no copies.

    only : return these contents, and no images without a file. twins : return also all contents of
    several images.
    """
    rows = content_records(collection.catalog, only, twins=twins)
    damaged = read_damage(collection.catalog)
    contents: dict[bytes, UniqueImage] = {}
    for key, id_, path, width, height, size, mtime_ns, digest, checksum, shard, row in rows:
        if parse_frame(path) is not None:
            continue
        content = contents.get(key)
        if content is None:
            content = contents[key] = UniqueImage(key, (shard, row), checksum)
        content.images.append(
            DuplicateImage(
                id_, path, collection.root, width, height, size, mtime_ns, digest,
                preferred=key in decisions.kept, damaged=digest in damaged,
            )
        )  # fmt: skip
    return contents


def ids_that_pass(
    collection: CollectionStore, under: str | None, where: str | None
) -> set[str] | None:
    """Return the ids of the live images that pass both filters; None without filters.

    Raises UsageError.
    """
    filters = collection.condition(under, where)
    return None if filters is None else live_ids(collection.catalog, filters)


def readable_file(content: UniqueImage) -> Location:
    """Return a file that holds the content: the first that exists, if there are several."""
    files = [image.file for image in content.images]
    if len(files) == 1:
        return files[0]
    return next((file for file in files if is_file(file)), files[0])


def projection_of(shards: PinnedShards) -> Matrix:
    """Return the directions in which the vectors of these shards differ most : (H, D)."""
    row_counts = shards.rows_per_shard
    step = max(1, sum(row_counts.values()) // _PROJECTION_SAMPLE)
    sample = [np.empty((0, shards.dimension), np.float32)]
    for shard, rows in row_counts.items():
        sample.append(np.asarray(shards.map_rows(shard, rows)[::step], np.float32))
    return fit_projection(np.concatenate(sample))


def feature_table(
    shards: PinnedShards,
    contents: Iterable[UniqueImage],
    fingerprints: Mapping[bytes, bytes],
    projection: Matrix,
) -> tuple[list[UniqueImage], FeatureTable]:
    """Return the contents that have a fingerprint, and their features.

    contents : ordered by shard and row.
    """
    fingerprinted = [content for content in contents if content.key in fingerprints]
    data = b"".join(fingerprints[content.key] for content in fingerprinted)
    return fingerprinted, FeatureTable(
        project_contents(shards, fingerprinted, projection),
        np.frombuffer(data, np.uint8).reshape(len(fingerprinted), FINGERPRINT_SIDE**2),
    )


def project_contents(
    shards: PinnedShards, contents: Sequence[UniqueImage], projection: Matrix
) -> Matrix:
    """Return the projected vectors : (N, H) float32.

    shards : of the moment of the contents, which are ordered by shard and row.

    Raises DamagedRowError for a vector that is not as it was written.
    """

    def blocks() -> Iterator[tuple[Features, int]]:
        places = np.array([content.place for content in contents], np.int64).reshape(-1, 2)
        edges = np.flatnonzero(np.diff(places[:, 0])) + 1
        for first, last in zip([0, *edges], [*edges, len(places)], strict=True):
            if first < last:
                rows = places[first:last, 1]
                shard = shards.map_rows(int(places[first, 0]), int(rows[-1]) + 1)
                yield _checked(shard[rows], contents[first:last]), int(first)

    return project(blocks(), projection, len(contents))


def _checked(rows: StoredRows, contents: Sequence[UniqueImage]) -> Features:
    """Return the rows of these contents in float32. Raises DamagedRowError."""
    for number in unsound_rows(rows, [content.checksum for content in contents])[:1]:
        raise damaged_row_error(contents[number].images[0].id)
    return np.asarray(rows, np.float32)


def remote_rows(
    collection: CollectionStore,
    shards: PinnedShards,
    reader: RemoteIndexReader,
    contents: Sequence[UniqueImage],
) -> RemoteRows:
    """Return the rows of `contents` that an engine holds, for the numbers of all their images.

    shards : of the moment of the contents. Raises EngineError.
    """
    offsets = {content.key: offset for offset, content in enumerate(contents)}
    rows_per_shard = shards.rows_per_shard
    numbers = RowNumbers(rows_per_shard)
    in_engine, _ = reader.searchable_rows(rows_per_shard)
    content_offsets, positions = [], []
    for key, shard, row in content_rows(collection.catalog):
        if key in offsets:
            content_offsets.append(offsets[key])
            positions.append((shard, row))
    row_numbers = numbers.to_numbers(positions)
    is_committed = row_numbers >= 0
    rows = np.full(numbers.size, -1, np.int64)
    rows[row_numbers[is_committed]] = np.array(content_offsets, np.int64)[is_committed]
    rows[~in_engine] = -1

    def vectors(needed: NDArray[np.int64]) -> Features:
        some = [contents[row] for row in needed.tolist()]
        return _checked(copy_rows(shards, [content.place for content in some]), some)

    return RemoteRows(
        reader.engine,
        collection.model.metric,
        numbers,
        rows,
        vectors,
        np.setdiff1d(np.arange(len(contents)), rows),
    )

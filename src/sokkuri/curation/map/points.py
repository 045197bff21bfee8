"""The points of a map as a table for other programs: a CSV or Parquet file.

Takes a collection with a map; writes the id, the position and the label of each live image.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sokkuri.core.atomic import atomic_write
from sokkuri.core.errors import StorageError, UsageError
from sokkuri.core.parquet import check_utf8, load_parquet
from sokkuri.curation.map.map_file import Positions, content_keys, read_map
from sokkuri.store.collection import CollectionStore
from sokkuri.store.labels import read_labels
from sokkuri.store.live_rows import contents_by_id
from sokkuri.store.snapshot import at_one_moment

KINDS = (".csv", ".parquet")
"""The endings of the files that `write_points` writes."""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """The images on a map, ordered by id. positions : (N, 2). labels : N, None without a label."""

    ids: list[str]
    positions: Positions
    labels: list[str | None]


def read_points(collection: CollectionStore) -> Points:
    """Return the live images that have a position. Raises StorageError, StoreReplacedError."""
    return at_one_moment(collection, partial(_read_points, collection))


def _read_points(collection: CollectionStore) -> Points:
    made = read_map(collection)
    if made is None:
        return Points([], np.zeros((0, 2), np.float32), [])
    images = list(contents_by_id(collection.catalog))
    labels = read_labels(collection.catalog)
    places = made.find(content_keys([content for _, content in images]))
    ids = [id_ for (id_, _), place in zip(images, places.tolist(), strict=True) if place >= 0]
    return Points(ids, made.positions[places[places >= 0]], [labels.get(id_) for id_ in ids])


def check_kind(file: Path) -> None:
    """Raise UsageError for a file that is neither CSV nor Parquet, MissingExtraError without the
    extra `parquet` for the latter."""
    if file.suffix.lower() not in KINDS:
        raise UsageError(f"{file} is neither a .csv nor a .parquet file: give it one of these ends")
    if file.suffix.lower() == ".parquet":
        load_parquet()


def write_points(file: Path, points: Points) -> None:
    """Write points as CSV or Parquet, by the ending of the file; a failure leaves the old file.

    Raises as `check_kind`, CollectionError for an id that Parquet cannot hold, StorageError.
    """
    check_kind(file)
    is_csv = file.suffix.lower() == ".csv"
    table = None if is_csv else _table(points)
    try:
        with atomic_write(file) as out:
            if table is None:
                for line in _csv_lines(points):
                    out.write(line.encode("utf-8", "surrogateescape"))
            else:
                load_parquet()[1].write_table(table, out)
    except OSError as error:
        raise StorageError(f"{file} could not be written: {error.strerror or error}") from error


def _csv_lines(points: Points) -> Iterator[str]:
    yield _csv_line("id", "x", "y", "label")
    rows = zip(points.ids, points.positions.tolist(), points.labels, strict=True)
    for id_, (x, y), label in rows:
        yield _csv_line(id_, f"{x:.6f}", f"{y:.6f}", label or "")


def _csv_line(*fields: str) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(fields)
    return out.getvalue()


def _table(points: Points) -> Any:
    pyarrow, _ = load_parquet()
    columns = {
        "id": pyarrow.array(check_utf8(points.ids, "write a .csv file"), pyarrow.string()),
        "x": pyarrow.array(points.positions[:, 0], pyarrow.float32()),
        "y": pyarrow.array(points.positions[:, 1], pyarrow.float32()),
        "label": pyarrow.array(points.labels, pyarrow.string()),
    }
    return pyarrow.table(columns)

"""Write photo metadata as a table: a CSV file, or columns of a Parquet data set."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sokkuri.core.types import PhotoMetadata
from sokkuri.store.collection import CollectionStore
from sokkuri.store.photos import photo_table

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OF_FILE = ("id", "path", "width", "height", "size", "modified")
_OF_PHOTO = (
    "format", "taken", "camera", "lens", "iso", "focal_length", "latitude", "longitude", "rating",
)  # fmt: skip


def csv_lines(collection: CollectionStore) -> Iterator[str]:
    """Yield the lines of a CSV table of the live images, ordered by id; the first is the head.

    `modified` is ISO 8601 in UTC. `taken` is ISO 8601 in local time, with the offset from UTC if it
    is known. Keywords are joined by `; `. Unknown values are empty.
    """
    yield _line([*_OF_FILE, *_OF_PHOTO, "keywords"])
    for id_, path, width, height, size, mtime_ns, photo in photo_table(collection.catalog):
        known = photo or PhotoMetadata()
        values = [
            known.taken_text if name == "taken" else getattr(known, name) for name in _OF_PHOTO
        ]
        modified = _iso_time(mtime_ns)
        keywords = "; ".join(known.keywords)
        yield _line([id_, path, width, height, size, modified, *values, keywords])


def parquet_columns(pyarrow: Any, photos: Sequence[PhotoMetadata]) -> dict[str, Any]:
    """Return photo metadata as columns of Arrow. `taken` is a time without a time zone."""
    types = {
        "format": pyarrow.string(), "taken": pyarrow.timestamp("us"),
        "utc_offset": pyarrow.int16(), "camera": pyarrow.string(), "lens": pyarrow.string(),
        "iso": pyarrow.int32(), "focal_length": pyarrow.float32(), "latitude": pyarrow.float64(),
        "longitude": pyarrow.float64(), "rating": pyarrow.int8(),
        "keywords": pyarrow.list_(pyarrow.string()),
    }  # fmt: skip
    return {
        name: pyarrow.array([_value(photo, name) for photo in photos], type_)
        for name, type_ in types.items()
    }


def _value(photo: PhotoMetadata, name: str) -> Any:
    value = getattr(photo, name)
    return list(value) if name == "keywords" else None if value == "" else value


def _line(values: Sequence[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(values)
    return out.getvalue()


def _iso_time(mtime_ns: int) -> str:
    try:
        return (_EPOCH + timedelta(seconds=mtime_ns // 10**9)).isoformat()
    except OverflowError:
        return ""

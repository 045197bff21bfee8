"""Convert the metadata of a photo between PhotoMetadata and the columns of a table."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from sokkuri.core.types import PhotoMetadata

COLUMNS = tuple(field.name for field in fields(PhotoMetadata))
"""The columns that hold a photo's metadata, in their order."""

_TEXTS = ("format", "camera", "lens")
_MAX_TEXT = 1_000
_WHOLE_NUMBERS: Mapping[str, tuple[int, int]] = {
    "taken": (-62_135_596_800_000_000, 253_402_300_799_999_999),  # the years 1 to 9999
    "utc_offset": (-1_439, 1_439),
    "iso": (1, 10**9),
    "rating": (-1, 5),
}
_NUMBERS: Mapping[str, float] = {"focal_length": 1e6, "latitude": 90.0, "longitude": 180.0}


def row_of(photo: PhotoMetadata) -> list[Any]:
    """Return the values of `COLUMNS`. What is unknown is NULL, keywords are a JSON array."""
    return [_stored(getattr(photo, name)) for name in COLUMNS]


def photo_of_row(row: Iterable[Any]) -> PhotoMetadata:
    """Return the metadata in the values of `COLUMNS`, without values that no photo can have: a
    stranger may have made the catalog."""
    values = dict(zip(COLUMNS, row, strict=True))
    said = {name: read for name in COLUMNS if (read := _read(name, values[name])) is not None}
    if not {"latitude", "longitude"} <= said.keys():
        said.pop("latitude", None)
        said.pop("longitude", None)
    return PhotoMetadata(**said)


def _stored(value: Any) -> Any:
    if isinstance(value, tuple):
        return json.dumps(value, ensure_ascii=False) if value else None
    return None if value == "" else value


def _read(name: str, value: Any) -> Any:
    """Return the value of a column, None if it is unknown or impossible."""
    if name in _TEXTS:
        return _text(value) if isinstance(value, str) else None
    if name in _WHOLE_NUMBERS:
        least, most = _WHOLE_NUMBERS[name]
        return value if isinstance(value, int) and least <= value <= most else None
    if name in _NUMBERS:
        sound = isinstance(value, int | float) and math.isfinite(value)
        return float(value) if sound and abs(value) <= _NUMBERS[name] else None
    return _keywords(value)


def _keywords(value: Any) -> tuple[str, ...] | None:
    if not isinstance(value, str):
        return None
    try:
        words = json.loads(value)
    except (ValueError, RecursionError):
        return None
    if not isinstance(words, list):
        return None
    return tuple(_text(word) for word in words if isinstance(word, str))


def _text(value: str) -> str:
    """Return a text that any file and answer can hold: not too long, no half of a character."""
    return value[:_MAX_TEXT].encode("utf-8", "replace").decode()

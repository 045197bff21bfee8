"""Field types that several schemas share: ids, folders, crops, thumbnail sizes.

Ids and folders are file names, which may hold bytes that are not UTF-8. Python keeps such bytes as
lone surrogates (PEP 383). Pydantic refuses these in a plain `str`, so requests use `PathText`, and
answers are built as plain dictionaries.
"""

from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from sokkuri.core.types import Box
from sokkuri.search.query import parse_box

MAX_HITS = 1000
"""Largest `k` of a search."""

MAX_FILTER_LENGTH = 2000
"""Characters of a `where` filter."""


MAX_WORDS = 2020
"""Characters of a text to search with, and of its weight."""

_MAX_UNKNOWN_FIELDS = 20


class RequestDocument(BaseModel):
    """The base of all bodies of requests. Unknown fields are refused; many of them at once, since
    one error for each would take seconds."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _refuse_many_fields(cls, fields: Any) -> Any:
        if isinstance(fields, dict) and len(fields) > len(cls.model_fields) + _MAX_UNKNOWN_FIELDS:
            raise ValueError(f"has {len(fields):,} fields, most of them unknown")
        return fields


def _as_path_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")  # noqa: TRY004 - pydantic reports only ValueError
    if "\0" in value:
        raise ValueError("must not contain a NUL character")
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise ValueError("contains characters that no file name can have") from None
    return value


def is_relative(path: PurePath) -> bool:
    """Return whether the path stays inside a folder. On Windows a drive or a leading backslash
    leads out, too."""
    return not path.anchor and ".." not in path.parts


def _as_folder(value: Any) -> str:
    folder = _as_path_text(value)
    if not is_relative(PurePath(folder)):
        raise ValueError("must be a folder relative to the collection's root, without '..'")
    return folder


def _as_box(value: Any) -> Box:
    if isinstance(value, str):
        return parse_box(value)
    raise ValueError("must be x,y,width,height in pixels")


PathText = Annotated[str, PlainValidator(_as_path_text), WithJsonSchema({"type": "string"})]
"""An image id, a folder or a part of one. Any file name is valid, UTF-8 or not."""

Words = Annotated[str, Field(min_length=1, max_length=MAX_WORDS)]
"""Words to search with, and perhaps a weight behind them."""

Folder = Annotated[str, PlainValidator(_as_folder), WithJsonSchema({"type": "string"})]
"""A folder, relative to the collection's root."""

Crop = Annotated[
    Box,
    PlainValidator(_as_box),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]+(,[0-9]+){3}$"}),
]
"""`x,y,width,height` in pixels of the upright picture."""

ThumbnailSize = Annotated[Literal[64, 128, 256, 512, 1024, 2048], BeforeValidator(int)]
"""Longer side of a thumbnail in pixels. There are few sizes, so that the cache is hit often."""

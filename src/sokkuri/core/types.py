"""Frozen value types that several packages share. Imports NumPy and the standard library only.

The path of the data: FileRef (scan) -> Job (catalog) -> Pixels (decode) -> Outcome (worker)
-> rows in shards and catalog -> Hits (search).
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Generic, Literal, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Features: TypeAlias = NDArray[np.float32]
"""Feature vectors, (N, D) float32, as the network returned them: not normalised."""

Dtype: TypeAlias = Literal["float32", "float16"]
"""The number type of vectors on disk."""

StoredRows: TypeAlias = NDArray[np.floating[Any]]
"""The rows of a shard, (N, D) float32 or float16."""

Metric: TypeAlias = Literal["cosine", "l2"]
"""`cosine`: 1 - cos of the angle, 0 to 2. `l2`: Euclidean distance."""

Resample: TypeAlias = Literal["nearest", "bilinear", "bicubic", "lanczos"]

Resize: TypeAlias = Literal["squash", "shortest-crop", "pad"]
"""How an image becomes a square. `squash`: both sides are resized to the square's. `shortest-crop`:
the shorter side is resized, and the middle is cut out. `pad`: the longer side is resized, and the
rest is filled with a colour."""

Box: TypeAlias = tuple[int, int, int, int]
"""A part of an image: x, y, width, height in pixels of the upright image."""

Decoding: TypeAlias = Literal["colour", "fast", "exact"]
"""`colour`: upright, over white, JPEG at the smallest sufficient scale, converted to sRGB from an
embedded colour profile. `fast`: the same, but the profile is ignored. `exact`: like the article's
script, Pillow's full decode, `convert("RGB")` and `resize`, nothing else."""

NEW_DECODING: Decoding = "colour"
"""How the images of new collections are decoded by default."""

ResultT_co = TypeVar("ResultT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Progress(Generic[ResultT_co]):
    """How far a long task is: `done` of `total` items of the current `stage`.

    total : 0 while it is unknown. note : a line for the user, or "". failed : items that could not
    be used. result : what the whole task returns; None but in the last Progress, whose stage is
    "done".
    """

    stage: str
    done: int
    total: int
    note: str = ""
    failed: int = 0
    result: ResultT_co | None = None


OnProgress: TypeAlias = Callable[[Progress[object]], object]
"""Called with the progress of a function that returns its result itself."""


IdKind: TypeAlias = Literal["path", "name"]
"""The id of an image: its path below the root, or the name of its file."""


@dataclass(frozen=True, slots=True)
class FileStat:
    """The size and time stamp that distinguish a changed file from an unchanged one."""

    size: int  # bytes
    mtime_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """Return it for a file."""
        return cls(status.st_size, storable_time(status.st_mtime_ns))


def storable_time(nanoseconds: int) -> int:
    """Return a time stamp that SQLite can hold: the nearest one for a date before 1678 or after
    2262, which a damaged file system can give a file."""
    return max(-(2**63), min(nanoseconds, 2**63 - 1))


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file of a listing. path : relative to the root and `/`-separated. Bytes that are not UTF-8
    are kept as lone surrogates (PEP 383), so that `os.fsencode` returns the original name.
    ctime_ns : when anything about the file last changed, its name included; None if unknown."""

    id: str
    path: str
    stat: FileStat
    ctime_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One image that a run holds a lease on. key : its number in the catalog. deaths : processes
    that died while they worked on it. adopt : its vector was imported, and only its file must be
    read."""

    key: int
    id: str
    path: str
    deaths: int = 0
    adopt: bool = False


@dataclass(frozen=True, slots=True)
class PixelSpec:
    """The pixels that a network takes: size, interpolation, and how to decode."""

    height: int
    width: int
    resample: Resample = "bicubic"
    orientation: bool = True  # apply the EXIF orientation
    draft: bool = True  # let JPEG decode at the smallest sufficient scale
    exact: bool = False  # convert("RGB"), resize, and nothing else
    crop: Box | None = None  # of the upright image, before it is resized
    ground: int = 255  # grey level behind transparent parts, unless `exact`
    resize: Resize = "squash"
    fill: tuple[int, int, int] = (0, 0, 0)  # RGB around the image, for `pad`
    srgb: bool = False  # convert from an embedded colour profile, unless `exact`
    shortest: int = 0  # of the shorter side before the crop, 0 for just the size
    proportional: bool = False  # the size has the image's proportions, which `draft` can rely on


@dataclass(frozen=True, slots=True)
class Limits:
    """An image above these limits is a failure: a broken header must not exhaust the machine.

    max_bytes : of the file. max_memory : bytes that decoding it may hold.
    """

    max_bytes: int = 512 * 2**20
    max_pixels: int = 250_000_000
    max_memory: int = 2 * 2**30


@dataclass(frozen=True, slots=True)
class Pixels:
    """A decoded image. rgb : (height, width, 3) uint8, of the PixelSpec's size. width, height : of
    the upright image in its file, in pixels. note : what is damaged in the file, "" if it is
    whole."""

    rgb: NDArray[np.uint8]
    width: int
    height: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class PhotoMetadata:
    """The metadata that a camera, or a person with another program, wrote about a photo.

    format : of the file, such as "jpeg". taken : microseconds from 1970-01-01 00:00 to the time at
    which the photo was taken, both in local time. utc_offset : of that local time, in minutes.
    camera : make and model. focal_length : in mm. latitude, longitude : in degrees north and east;
    both or none. rating : 0 to 5, or -1 for a rejected photo. Unknown values are None, "" or ().
    """

    format: str = ""
    taken: int | None = None
    utc_offset: int | None = None
    camera: str = ""
    lens: str = ""
    iso: int | None = None
    focal_length: float | None = None
    latitude: float | None = None
    longitude: float | None = None
    rating: int | None = None
    keywords: tuple[str, ...] = ()

    @property
    def taken_text(self) -> str | None:
        """`taken` as ISO 8601: local time, with the offset from UTC if it is known."""
        if self.taken is None:
            return None
        minutes = self.utc_offset
        zone = None if minutes is None else timezone(timedelta(minutes=minutes))
        moment = datetime(1970, 1, 1, tzinfo=zone) + timedelta(microseconds=self.taken)
        return moment.isoformat()


NOTHING_KNOWN = PhotoMetadata()
"""The metadata of a photo that has none."""


@dataclass(frozen=True, slots=True)
class FileFingerprint:
    """A file as it was read: its stat when it was opened, and the XXH3-128 of its bytes."""

    stat: FileStat
    digest: bytes


@dataclass(frozen=True, slots=True, order=True)
class RowRef:
    """The position of a row: shard number, and row within the shard, both from 0."""

    shard: int
    row: int


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """What the catalog knows about an image that has a vector. row : the position of its vector.
    path : relative to the root. size : bytes of the file. mtime_ns : when the file was modified, in
    nanoseconds since 1970. width, height : pixels of the upright picture, None if unknown. digest :
    XXH3-128 of the file's bytes, None if unknown."""

    row: RowRef
    id: str
    path: str
    size: int
    mtime_ns: int
    width: int | None
    height: int | None
    digest: bytes | None


@dataclass(frozen=True, slots=True)
class Failure:
    """An image without a feature vector, and why."""

    id: str
    stage: str
    reason: str


@dataclass(frozen=True, slots=True)
class AnnState:
    """The approximate index. covered : rows of the collection that it contains, out of `rows`.
    recall : by k of 1, 10 and 100, the share of the true k nearest that its searches return;
    text_recall : of searches by words, empty if it was not measured. by_queries : recall by
    kind of query, see `search/vectors/recall.py`; `recall` is the lowest of kinds of pictures."""

    covered: int
    rows: int
    recall: Mapping[int, float]
    metric: Metric
    text_recall: Mapping[int, float] = field(default_factory=dict)
    by_queries: Mapping[str, Mapping[int, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PushedState:
    """The content of a vector engine. address : without secrets. rows : that its searches return.
    behind : images that it lacks, plus rows of images that are gone. recall : as in AnnState, empty
    if it was not measured."""

    address: str
    rows: int
    behind: int
    recall: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that `verify` reports. kind : one of docs/verify.md. what : a sentence."""

    kind: str
    where: str
    what: str

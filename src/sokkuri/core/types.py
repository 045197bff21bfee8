"""The frozen records that the stages hand to each other. NumPy and the standard library only.

The data's way: FileRef (listing) -> Job (catalog) -> Pixels (decode) -> Outcome (extract)
-> rows in shards and catalog -> Hits (searching).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

Features: TypeAlias = NDArray[np.float32]
"""Feature vectors, (N, D) float32, as the network gave them: not normalised."""

Dtype: TypeAlias = Literal["float32", "float16"]
"""What numbers vectors are kept in on disk."""

StoredRows: TypeAlias = NDArray[np.floating[Any]]
"""Rows as a shard holds them : (N, D) float32 or float16."""

Metric: TypeAlias = Literal["cosine", "l2"]
"""`cosine`: 1 - cos of the angle, 0 to 2. `l2`: Euclidean distance."""

Resample: TypeAlias = Literal["nearest", "bilinear", "bicubic", "lanczos"]

Box: TypeAlias = tuple[int, int, int, int]
"""A part of a picture: x, y, width, height in pixels of the upright picture."""

Decoding: TypeAlias = Literal["fast", "exact"]
"""`fast`: upright, over white, JPEG at the smallest sufficient scale. `exact`: as the article's
script does it, Pillow's whole decode, `convert("RGB")`, `resize`, and nothing else."""

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


IdKind: TypeAlias = Literal["path", "name"]
"""What an image's id is: its path below the root, or its file's name."""


@dataclass(frozen=True, slots=True)
class FileStat:
    """What tells a changed file from an unchanged one without reading it."""

    size: int  # bytes
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file as the listing saw it. `path` is relative to the root and `/`-separated; bytes that
    are not UTF-8 are kept as lone surrogates (PEP 383), so `os.fsencode` gives the name back."""

    id: str
    path: str
    stat: FileStat


@dataclass(frozen=True, slots=True)
class Job:
    """One image that a run has claimed: `key` is its number in the catalog. `deaths` : processes
    that died with it in hand. `adopt` : its vector was taken over from elsewhere, and only its
    file is to be looked at."""

    key: int
    id: str
    path: str
    deaths: int = 0
    adopt: bool = False


@dataclass(frozen=True, slots=True)
class PixelSpec:
    """What a network wants to see, as far as decoding goes."""

    height: int
    width: int
    resample: Resample = "bicubic"
    orientation: bool = True  # apply the EXIF orientation
    draft: bool = True  # let JPEG decode at the smallest sufficient scale
    exact: bool = False  # whatever the mode: convert("RGB"), resize, and nothing else
    crop: Box | None = None  # of the upright picture, before it is resized


@dataclass(frozen=True, slots=True)
class Limits:
    """Above these an image is a failure row: one broken header must not take the machine."""

    max_bytes: int = 512 * 2**20
    max_pixels: int = 250_000_000


@dataclass(frozen=True, slots=True)
class Pixels:
    """A decoded picture. `rgb` : (height, width, 3) uint8 of the PixelSpec's size;
    `width` and `height` are the upright picture's own, in pixels."""

    rgb: NDArray[np.uint8]
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class FileFingerprint:
    """A file as it was read: its stat when it was opened, and the XXH3-128 of its bytes."""

    stat: FileStat
    digest: bytes


@dataclass(frozen=True, slots=True, order=True)
class RowRef:
    """A row's place: shard number and row within it, both from 0."""

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
    """An image without features, and why."""

    id: str
    stage: str
    reason: str


@dataclass(frozen=True, slots=True)
class AnnState:
    """The approximate index: how many of the rows it covers, and for k of 1, 10 and 100 the share
    of the true k nearest that its searches found."""

    covered: int
    rows: int
    recall: Mapping[int, float]
    metric: Metric


@dataclass(frozen=True, slots=True)
class PushedState:
    """What an engine elsewhere holds. address : without secrets. rows : that its searches find.
    behind : images that it lacks, and rows of images that are gone. recall : as of AnnState, empty
    where it was not measured."""

    address: str
    rows: int
    behind: int
    recall: Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that `verify` found: a kind from docs/verify.md, a place, a sentence."""

    kind: str
    where: str
    what: str

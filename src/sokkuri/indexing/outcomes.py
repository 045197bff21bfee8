"""What a worker reports about one image: an Outcome. Workers make them, the writer stores them."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import NOTHING_KNOWN, FileFingerprint, Job, PhotoMetadata


@dataclass(frozen=True, slots=True, eq=False)
class Extracted:
    """A new feature vector. vector : (D,) float32. width, height : of the upright image, pixels.
    damage : what is missing in the file, "" if it is whole. photo : the metadata in the file."""

    job: Job
    fingerprint: FileFingerprint
    width: int
    height: int
    vector: NDArray[np.float32]
    damage: str = ""
    photo: PhotoMetadata = NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class SameBytes:
    """The collection knows a file with these bytes, or another worker is busy with one. Nothing
    was decoded."""

    job: Job
    fingerprint: FileFingerprint


@dataclass(frozen=True, slots=True)
class Adopted:
    """The file of an imported vector was read. width, height : None where the image could not be
    decoded. photo : the metadata in the file."""

    job: Job
    fingerprint: FileFingerprint
    width: int | None
    height: int | None
    photo: PhotoMetadata = NOTHING_KNOWN


@dataclass(frozen=True, slots=True)
class Failed:
    """The image cannot be used. fingerprint : None where its bytes could not be read."""

    job: Job
    stage: str
    reason: str
    fingerprint: FileFingerprint | None = None


@dataclass(frozen=True, slots=True)
class Gone:
    """The file disappeared between listing and reading."""

    job: Job


Outcome: TypeAlias = Extracted | SameBytes | Adopted | Failed | Gone
"""The result of a Job. A broken image is an outcome, never an exception."""

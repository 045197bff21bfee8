"""What a worker does with one image: read, hash, decode, extract. Every failure is an outcome.

Takes a Job and hands on an Outcome. The bytes are read once; the network is loaded when the first
image needs it, so that a run with nothing to extract never pays for it.
"""

import threading
from pathlib import Path

import xxhash

from sokkuri.decode import decode, measure
from sokkuri.errors import ImageError
from sokkuri.extract import Extractor
from sokkuri.known import KnownBytes
from sokkuri.models import Model
from sokkuri.reading import read_file
from sokkuri.records import (
    Adopted,
    Contents,
    Extracted,
    Failed,
    Gone,
    Job,
    Limits,
    Outcome,
    SameBytes,
)
from sokkuri.trial import try_apart

SUSPICIOUS_DEATHS = 2
"""So many processes may die with an image in hand, by kills or power cuts, before it is tried in a
process of its own first."""


class Work:
    """The function that executors apply to jobs; called from many threads at once."""

    def __init__(self, root: Path, model: Model, limits: Limits, known: KnownBytes) -> None:
        self._root = root
        self._model = model
        self._limits = limits
        self._known = known
        self._lock = threading.Lock()
        self._extractor: Extractor | None = None

    def __call__(self, job: Job) -> Outcome:
        try:
            data, stat = read_file(self._root, job.path, self._limits)
        except FileNotFoundError:
            return Gone(job)
        except ImageError as error:
            return Failed(job, error.stage, str(error))
        contents = Contents(stat, xxhash.xxh3_128_digest(data))
        if job.adopt:
            return Adopted(job, contents, *self._size(data))
        if not self._known.take(contents.digest):
            return SameBytes(job, contents)
        try:
            if job.deaths >= SUSPICIOUS_DEATHS:
                try_apart(data, self._model.card.pixels)
            pixels = decode(data, self._model.card.pixels, self._limits)
            # One at a time: batches gain nothing on a CPU, and so a vector never depends on
            # which images it was extracted with.
            vector = self.load().extract(pixels.rgb[None])[0]
        except ImageError as error:
            return Failed(job, error.stage, str(error), contents)
        return Extracted(job, contents, pixels.width, pixels.height, vector)

    def _size(self, data: bytes) -> tuple[int, int] | tuple[None, None]:
        try:
            return measure(data, self._model.card.pixels)
        except ImageError:
            return None, None  # its vector was made when it could be read

    def load(self) -> Extractor:
        """The network, loaded once."""
        with self._lock:
            if self._extractor is None:
                self._extractor = Extractor(self._model)
            return self._extractor

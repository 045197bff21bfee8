"""What a worker does with one image: read, hash, decode, extract. Every failure is an outcome.

Takes a Job and hands on an Outcome. The bytes are read once; the network is loaded when the first
image needs it, so that a run with nothing to extract never pays for it.
"""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xxhash
from numpy.typing import NDArray

from sokkuri.batching import Batcher
from sokkuri.decode import decode, measure
from sokkuri.errors import ExtractError, ImageError
from sokkuri.extract import Extractor
from sokkuri.known import KnownBytes
from sokkuri.models import Model
from sokkuri.reading import read_file
from sokkuri.records import (
    Adopted,
    Contents,
    Dtype,
    Extracted,
    Failed,
    Gone,
    Job,
    Limits,
    Outcome,
    SameBytes,
)
from sokkuri.sessions import Device
from sokkuri.trial import try_apart

SUSPICIOUS_DEATHS = 2
"""So many processes may die with an image in hand, by kills or power cuts, before it is tried in a
process of its own first."""


class Work:
    """The function that executors apply to jobs; called from many threads at once."""

    def __init__(
        self,
        root: Path,
        model: Model,
        limits: Limits,
        known: KnownBytes,
        device: Device = "cpu",
        dtype: Dtype = "float32",
    ) -> None:
        self.notes: list[str] = []  # lines for the user, as they come
        self._root = root
        self._model = model
        self._limits = limits
        self._known = known
        self._device = device
        self._dtype = dtype
        self._largest = float(np.finfo(dtype).max)  # a vector must fit the shards
        self._lock = threading.Lock()
        self._extract_one: Callable[[NDArray[np.uint8]], NDArray[np.float32]] | None = None

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
            vector = self.load()(pixels.rgb)
            if np.abs(vector).max() > self._largest:
                raise ExtractError(f"its vector has numbers too large for {self._dtype}")
        except ImageError as error:
            return Failed(job, error.stage, str(error), contents)
        return Extracted(job, contents, pixels.width, pixels.height, vector)

    def _size(self, data: bytes) -> tuple[int, int] | tuple[None, None]:
        try:
            return measure(data, self._model.card.pixels)
        except ImageError:
            return None, None  # its vector was made when it could be read

    def load(self) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
        """The network, loaded once: (H, W, 3) uint8 -> (D,) float32."""
        with self._lock:
            if self._extract_one is None:
                extractor = Extractor(self._model, device=self._device, say=self.notes.append)
                # One at a time on a CPU: batches gain nothing there, and so a vector never depends
                # on which images it was extracted with.
                self._extract_one = (
                    Batcher(extractor.extract)
                    if extractor.on_gpu
                    else lambda rgb: extractor.extract(rgb[None])[0]
                )
            return self._extract_one

    def close(self) -> None:
        """No job may come after this."""
        if isinstance(self._extract_one, Batcher):
            self._extract_one.close()

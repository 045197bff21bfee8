"""Process one image: read, hash, decode, extract. Every failure is an outcome.

Takes a Job and returns an Outcome. Reads the file once. Loads the network when the first image
needs it, so that a run with nothing to extract does not load it. Copies of the worker go to other
machines with the bytes of the network. They never report a file as gone that this machine still
sees.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import xxhash
from numpy.typing import NDArray

from sokkuri.core.errors import ClusterError, ExtractError, ImageError, ModelError
from sokkuri.core.named_roots import Root
from sokkuri.core.types import Dtype, FileFingerprint, Job, Limits
from sokkuri.images.decode import decode, read_size
from sokkuri.images.film_process import try_frame
from sokkuri.images.metadata import read_photo
from sokkuri.images.read import read_file
from sokkuri.images.sandbox import try_decode_in_child
from sokkuri.indexing.in_flight import InFlightDigests
from sokkuri.indexing.outcomes import Adopted, Extracted, Failed, Gone, Outcome, SameBytes
from sokkuri.models import Model, PackedModel, pack
from sokkuri.models.batcher import Batcher
from sokkuri.models.extractor import Extractor
from sokkuri.models.session import Device, fastest, runtime_version

SUSPICIOUS_DEATHS = 2
"""Processes that may die (by a kill or a power cut) while they have an image, before the image is
tried in a process of its own first."""

_MAX_BATCH_BYTES = 64 * 2**20  # of files that a batch has read and not yet decoded

_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(frozen=True, slots=True)
class _ReadImage:
    """An image whose bytes are in memory."""

    job: Job
    fingerprint: FileFingerprint
    data: bytes


class ImageWorker:
    """The task that executors run on jobs. Called from many threads at once.

    root : of the images. digests : shared by all workers of the run. dtype : of the vectors on
    disk. threads : images of a batch that are worked on at once, on another machine. With one
    thread, a second batch is read while the first is computed, and then waits for its turn.
    notes : lines for the user, which the caller takes.
    """

    def __init__(
        self,
        root: Root,
        model: Model,
        limits: Limits,
        digests: InFlightDigests,
        device: Device = "cpu",
        dtype: Dtype = "float32",
        threads: int = 1,
    ) -> None:
        self.notes: list[str] = []
        self._root = root
        self._model: Model | PackedModel = model
        self._card = model.card
        self._limits = limits
        self._digests = digests
        self._device = device
        self._dtype = dtype
        self._threads = threads
        self._driver_runtime = ""  # in a copy: the driver's version of ONNX Runtime
        self._max_value = float(np.finfo(dtype).max)  # a vector must fit the shards
        self._retried: set[int] = set()  # keys of jobs whose worker died
        self._init_threading()

    def _init_threading(self) -> None:
        self._lock = threading.Lock()
        self._turn: AbstractContextManager[Any] = (
            threading.Lock() if self._threads == 1 else nullcontext()
        )
        self._pool: ThreadPoolExecutor | None = None
        self._extract_one: Callable[[NDArray[np.uint8]], NDArray[np.float32]] | None = None

    def __call__(self, job: Job) -> Outcome:
        """Return the outcome of one job."""
        image = self._read(job)
        if not isinstance(image, _ReadImage):
            return image
        must_extract = self._digests.acquire(image.fingerprint.digest, job.key)
        return self._extract(image) if must_extract else SameBytes(job, image.fingerprint)

    def batch(self, items: Sequence[Job]) -> list[Outcome]:
        """Return the outcomes of several jobs, in their order. Asks for all digests at once."""
        outcomes: list[Outcome] = []
        for images in self._read_ahead(items):
            read = [image for image in images if isinstance(image, _ReadImage)]
            answers = self._digests.acquire_all(
                [(image.fingerprint.digest, image.job.key) for image in read]
            )
            to_extract = {
                image.job.key
                for image, must_extract in zip(read, answers, strict=True)
                if must_extract
            }
            with self._turn:
                outcomes += self._map(partial(self._finish, to_extract), images)
        return outcomes

    def _finish(self, to_extract: set[int], image: _ReadImage | Outcome) -> Outcome:
        if not isinstance(image, _ReadImage):
            return image
        if image.job.key in to_extract:
            return self._extract(image)
        return SameBytes(image.job, image.fingerprint)

    def _read_ahead(self, jobs: Sequence[Job]) -> Iterator[list[_ReadImage | Outcome]]:
        """Yield the jobs' images, as many at a time as memory should hold."""
        if self._threads > 1:
            for start in range(0, len(jobs), self._threads):
                yield list(self._map(self._read, jobs[start : start + self._threads]))
            return
        images: list[_ReadImage | Outcome] = []
        size = 0
        for job in jobs:
            image = self._read(job)
            images.append(image)
            size += len(image.data) if isinstance(image, _ReadImage) else 0
            if size > _MAX_BATCH_BYTES:
                yield images
                images, size = [], 0
        yield images

    def _map(self, function: Callable[[_In], _Out], items: Iterable[_In]) -> Iterable[_Out]:
        if self._threads == 1:
            return map(function, items)
        with self._lock:
            if self._pool is None:
                # Two batches may be in work: one waits for its bytes while the other computes.
                self._pool = ThreadPoolExecutor(2 * self._threads)
        return self._pool.map(function, items)

    def _read(self, job: Job) -> _ReadImage | Outcome:
        location = self._root / job.path
        try:
            if job.deaths >= SUSPICIOUS_DEATHS and isinstance(location, Path):
                try_frame(location, self._limits)
            data, stat = read_file(location, self._limits)
        except FileNotFoundError:
            return Gone(job)
        except ImageError as error:
            return Failed(job, error.stage, str(error))
        fingerprint = FileFingerprint(stat, xxhash.xxh3_128_digest(data))
        if job.adopt:
            width, height = self._pixel_size(data)
            return Adopted(job, fingerprint, width, height, read_photo(data))
        return _ReadImage(job, fingerprint, data)

    def _extract(self, image: _ReadImage) -> Outcome:
        job, fingerprint, data = image.job, image.fingerprint, image.data
        try:
            if job.deaths >= SUSPICIOUS_DEATHS:
                try_decode_in_child(data, self._card.pixels)
            pixels = decode(data, self._card.pixels, self._limits)
            vector = self.load()(pixels.rgb)
            if np.abs(vector).max() > self._max_value:
                raise ExtractError(f"its vector has numbers too large for {self._dtype}")
        except ImageError as error:
            return Failed(job, error.stage, str(error), fingerprint)
        return Extracted(
            job, fingerprint, pixels.width, pixels.height, vector, pixels.note, read_photo(data)
        )

    def _pixel_size(self, data: bytes) -> tuple[int, int] | tuple[None, None]:
        try:
            return read_size(data, self._card.pixels)
        except ImageError:
            return None, None  # its vector was made when the image was still readable

    def load(self) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
        """Return the network, which is loaded once: (H, W, 3) uint8 -> (D,) float32."""
        with self._lock:
            if self._extract_one is None:
                extractor = Extractor(
                    self._unpacked_model(), device=self._device, say=self.notes.append
                )
                # On a CPU one image at a time: batches are not faster there, and a vector never
                # depends on the images it was extracted with.
                self._extract_one = (
                    Batcher(extractor.extract)
                    if extractor.on_gpu
                    else lambda rgb: extractor.extract(rgb[None])[0]
                )
            return self._extract_one

    def _unpacked_model(self) -> Model:
        if isinstance(self._model, Model):
            return self._model
        try:
            return self._model.unpack()
        except OSError as error:
            raise ModelError(
                f"a node of the cluster has no place for the network: {error.strerror}"
            ) from error

    def check(self) -> None:
        """Raise ClusterError if this node does not see the images."""
        if isinstance(self._root, Path) and not self._root.is_dir():
            raise ClusterError(f"it does not see {self._root}: mount it there under the same name")
        if self._driver_runtime not in ("", here := runtime_version()):
            self.notes.append(
                f"ONNX Runtime is {here} there and {self._driver_runtime} here: "
                "last bits may differ"
            )

    def for_retry(self, item: Job, *, blamed: bool) -> Job:
        """Return the job for another worker; a blamed one with one death more.

        After `SUSPICIOUS_DEATHS` deaths the image is tried in a process of its own.
        """
        self._retried.add(item.key)
        return replace(item, deaths=item.deaths + 1) if blamed else item

    def as_failure(self, item: Job) -> Outcome:
        """Return a failure for an image whose workers died again and again."""
        self._digests.abandon(item.key)
        return Failed(item, "extract", "the processes that work on it die, one after another")

    def on_received(self, result: Outcome, node: str) -> Outcome:
        """Return the outcome; but a file that this machine still sees is not gone."""
        if isinstance(result, Gone | Failed) and result.job.key in self._retried:
            fingerprint = result.fingerprint if isinstance(result, Failed) else None
            if fingerprint is None:  # its first worker may have acquired a digest before it died
                self._digests.abandon(result.job.key)
        if isinstance(result, Gone) and isinstance(self._root, Path):
            try:
                (self._root / result.job.path).lstat()
            except (FileNotFoundError, NotADirectoryError):
                return result
            except OSError:
                pass  # it may be there
            return Failed(result.job, "read", f"{node} does not see it")
        return result

    def close(self) -> None:
        """Free all resources. No job may follow."""
        if self._pool is not None:
            self._pool.shutdown(wait=False)
        if isinstance(self._extract_one, Batcher):
            self._extract_one.close()

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for another machine: with the bytes of the network, not its path."""
        state = {
            **self.__dict__,
            "notes": [],
            "_retried": set(),
            "_driver_runtime": runtime_version(),
        }
        for name in ("_lock", "_turn", "_pool", "_extract_one"):
            del state[name]
        if isinstance(self._model, Model):
            state["_model"] = _packed(self._model)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._init_threading()


def _packed(model: Model) -> PackedModel:
    try:
        return pack(model, fastest(model))
    except OSError as error:
        raise ModelError(f"{model.path} cannot be read: {error.strerror}") from error

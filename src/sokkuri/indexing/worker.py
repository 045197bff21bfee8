"""What a worker does with one image: read, hash, decode, extract. Every failure is an outcome.

Takes a Job and hands on an Outcome. The bytes are read once; the network is loaded when the first
image needs it, so that a run with nothing to extract never pays for it. Copies of the work go to
other machines with the network's bytes, and never say of an image that is there that it is gone.
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
from sokkuri.core.locations import Location
from sokkuri.core.types import Dtype, FileFingerprint, Job, Limits
from sokkuri.images.decode import decode, measure
from sokkuri.images.read import read_file
from sokkuri.images.sandbox import try_apart
from sokkuri.indexing.in_flight import KnownBytes
from sokkuri.indexing.outcomes import Adopted, Extracted, Failed, Gone, Outcome, SameBytes
from sokkuri.models import Model, PackedModel, pack
from sokkuri.models.batcher import Batcher
from sokkuri.models.extractor import Extractor
from sokkuri.models.session import Device, fastest, runtime_version

SUSPICIOUS_DEATHS = 2
"""So many processes may die with an image in hand, by kills or power cuts, before it is tried in a
process of its own first."""

_HELD_BYTES = 64 * 2**20  # of files that a batch has read and not yet decoded

_In = TypeVar("_In")
_Out = TypeVar("_Out")


@dataclass(frozen=True, slots=True)
class _Read:
    """An image whose bytes are at hand."""

    job: Job
    fingerprint: FileFingerprint
    data: bytes


class Work:
    """The function that executors apply to jobs; called from many threads at once.

    notes : lines for the user, as they come. threads : of a batch, which a copy of the work on
    another machine gets, the images that are worked on at once. With one, a second batch is read
    meanwhile, and waits for its turn.
    """

    def __init__(
        self,
        root: Location,
        model: Model,
        limits: Limits,
        known: KnownBytes,
        device: Device = "cpu",
        dtype: Dtype = "float32",
        threads: int = 1,
    ) -> None:
        self.notes: list[str] = []
        self._root = root
        self._model: Model | PackedModel = model
        self._card = model.card
        self._limits = limits
        self._known = known
        self._device = device
        self._dtype = dtype
        self._threads = threads
        self._runtime = ""  # of the machine that a copy comes from
        self._largest = float(np.finfo(dtype).max)  # a vector must fit the shards
        self._repeated: set[int] = set()
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._turn: AbstractContextManager[Any] = (
            threading.Lock() if self._threads == 1 else nullcontext()
        )
        self._pool: ThreadPoolExecutor | None = None
        self._extract_one: Callable[[NDArray[np.uint8]], NDArray[np.float32]] | None = None

    def __call__(self, job: Job) -> Outcome:
        read = self._read(job)
        if not isinstance(read, _Read):
            return read
        mine = self._known.take(read.fingerprint.digest, job.key)
        return self._extract(read) if mine else SameBytes(job, read.fingerprint)

    def batch(self, items: Sequence[Job]) -> list[Outcome]:
        """The outcomes of several jobs, in their order; one question for all bytes at hand."""
        found: list[Outcome] = []
        for reads in self._read_ahead(items):
            at_hand = [read for read in reads if isinstance(read, _Read)]
            taken = self._known.take_all([(one.fingerprint.digest, one.job.key) for one in at_hand])
            mine = {one.job.key for one, is_mine in zip(at_hand, taken, strict=True) if is_mine}
            with self._turn:
                found += self._each(partial(self._finish, mine), reads)
        return found

    def _finish(self, mine: set[int], read: _Read | Outcome) -> Outcome:
        if not isinstance(read, _Read):
            return read
        if read.job.key in mine:
            return self._extract(read)
        return SameBytes(read.job, read.fingerprint)

    def _read_ahead(self, jobs: Sequence[Job]) -> Iterator[list[_Read | Outcome]]:
        """The jobs, read, as many at a time as memory should hold."""
        if self._threads > 1:
            for at in range(0, len(jobs), self._threads):
                yield list(self._each(self._read, jobs[at : at + self._threads]))
            return
        reads: list[_Read | Outcome] = []
        held = 0
        for job in jobs:
            read = self._read(job)
            reads.append(read)
            held += len(read.data) if isinstance(read, _Read) else 0
            if held > _HELD_BYTES:
                yield reads
                reads, held = [], 0
        yield reads

    def _each(self, function: Callable[[_In], _Out], items: Iterable[_In]) -> Iterable[_Out]:
        if self._threads == 1:
            return map(function, items)
        with self._lock:
            if self._pool is None:
                # Two batches may be under way, one that waits for its bytes and one that computes.
                self._pool = ThreadPoolExecutor(2 * self._threads)
        return self._pool.map(function, items)

    def _read(self, job: Job) -> _Read | Outcome:
        try:
            data, stat = read_file(self._root, job.path, self._limits)
        except FileNotFoundError:
            return Gone(job)
        except ImageError as error:
            return Failed(job, error.stage, str(error))
        fingerprint = FileFingerprint(stat, xxhash.xxh3_128_digest(data))
        if job.adopt:
            return Adopted(job, fingerprint, *self._size(data))
        return _Read(job, fingerprint, data)

    def _extract(self, read: _Read) -> Outcome:
        job, fingerprint, data = read.job, read.fingerprint, read.data
        try:
            if job.deaths >= SUSPICIOUS_DEATHS:
                try_apart(data, self._card.pixels)
            pixels = decode(data, self._card.pixels, self._limits)
            vector = self.load()(pixels.rgb)
            if np.abs(vector).max() > self._largest:
                raise ExtractError(f"its vector has numbers too large for {self._dtype}")
        except ImageError as error:
            return Failed(job, error.stage, str(error), fingerprint)
        return Extracted(job, fingerprint, pixels.width, pixels.height, vector)

    def _size(self, data: bytes) -> tuple[int, int] | tuple[None, None]:
        try:
            return measure(data, self._card.pixels)
        except ImageError:
            return None, None  # its vector was made when it could be read

    def load(self) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
        """The network, loaded once: (H, W, 3) uint8 -> (D,) float32."""
        with self._lock:
            if self._extract_one is None:
                model = self._unpacked()
                extractor = Extractor(model, device=self._device, say=self.notes.append)
                # One at a time on a CPU: batches gain nothing there, and so a vector never depends
                # on which images it was extracted with.
                self._extract_one = (
                    Batcher(extractor.extract)
                    if extractor.on_gpu
                    else lambda rgb: extractor.extract(rgb[None])[0]
                )
            return self._extract_one

    def _unpacked(self) -> Model:
        if isinstance(self._model, Model):
            return self._model
        try:
            return self._model.unpack()
        except OSError as error:
            raise ModelError(
                f"there is no place for the network on a node of the cluster: {error.strerror}"
            ) from error

    def check(self) -> None:
        """Raises ClusterError where the images are not to be seen."""
        if isinstance(self._root, Path) and not self._root.is_dir():
            raise ClusterError(f"it does not see {self._root}: mount it there under the same name")
        if self._runtime not in ("", here := runtime_version()):
            self.notes.append(
                f"ONNX Runtime is {here} there and {self._runtime} here: last bits may differ"
            )

    def again(self, item: Job, *, blamed: bool) -> Job:
        """The job as it is handed out once more: blamed, it comes nearer to being tried apart."""
        self._repeated.add(item.key)
        return replace(item, deaths=item.deaths + 1) if blamed else item

    def lost(self, item: Job) -> Outcome:
        """A failure, for an image that one worker after another dies with."""
        self._known.give_up(item.key)
        return Failed(item, "extract", "the processes that work on it die, one after another")

    def received(self, result: Outcome, node: str) -> Outcome:
        """The outcome; what this machine still sees is not gone."""
        if isinstance(result, Gone | Failed) and result.job.key in self._repeated:
            fingerprint = result.fingerprint if isinstance(result, Failed) else None
            if fingerprint is None:  # what its first worker may have taken will not come
                self._known.give_up(result.job.key)
        if isinstance(result, Gone) and isinstance(self._root, Path):
            try:
                (self._root / result.job.path).lstat()
            except (FileNotFoundError, NotADirectoryError):
                return result
            except OSError:
                pass  # it is not known to be gone
            return Failed(result.job, "read", f"{node} does not see it")
        return result

    def close(self) -> None:
        """No job may come after this."""
        if self._pool is not None:
            self._pool.shutdown(wait=False)
        if isinstance(self._extract_one, Batcher):
            self._extract_one.close()

    def __getstate__(self) -> dict[str, Any]:
        """For another machine: with the network's bytes in place of its path."""
        state = {**self.__dict__, "notes": [], "_repeated": set(), "_runtime": runtime_version()}
        for own in ("_lock", "_turn", "_pool", "_extract_one"):
            del state[own]
        if isinstance(self._model, Model):
            state["_model"] = _packed(self._model)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin()


def _packed(model: Model) -> PackedModel:
    try:
        return pack(model, fastest(model))
    except OSError as error:
        raise ModelError(f"{model.path} cannot be read: {error.strerror}") from error

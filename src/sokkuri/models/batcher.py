"""Group images from many threads into batches for a GPU, which is faster on many at once.

Takes one image from each calling thread and returns its vector. A batch contains the images that
are waiting when the device is free, up to a limit that falls when the device runs out of memory.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import ExtractError
from sokkuri.core.types import Features

MAX_BATCH = 64
"""Images per batch at first: larger batches gain little on a GPU with networks of this kind."""

ImageArray = NDArray[np.uint8]
Vector = NDArray[np.float32]
_Waiting = tuple[ImageArray, "Future[Vector]"]


class Batcher:
    """Collects images for `extract`: (B, H, W, 3) uint8 -> (B, D) float32. A thread of this object
    calls it."""

    def __init__(
        self, extract: Callable[[ImageArray], Features], max_batch: int = MAX_BATCH
    ) -> None:
        self.max_batch = max_batch
        self._extract = extract
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        threading.Thread(target=self._serve, name="sokkuri-batches", daemon=True).start()

    def __call__(self, rgb: ImageArray) -> Vector:
        """rgb : (H, W, 3) uint8 -> (D,) float32. Raises what `extract` raises for this image."""
        future: Future[Vector] = Future()
        self._queue.put((rgb, future))
        return future.result()

    def close(self) -> None:
        """Stop the thread once all waiting images are done. No image may follow."""
        self._queue.put(None)

    def _serve(self) -> None:
        while (first := self._queue.get()) is not None:
            batch = [first]
            while len(batch) < self.max_batch:
                try:
                    waiting = self._queue.get_nowait()
                except queue.Empty:
                    break
                if waiting is None:
                    self._queue.put(None)
                    break
                batch.append(waiting)
            self._extract_batch(batch)

    def _extract_batch(self, batch: Sequence[_Waiting]) -> None:
        """Extract a batch. Split a batch that fails in halves, down to the image at fault."""
        try:
            features = self._extract(np.stack([rgb for rgb, _ in batch]))
        except ExtractError as error:
            half = len(batch) // 2
            if half == 0:
                batch[0][1].set_exception(error)
                return
            if "memory" in str(error) or "allocate" in str(error):
                self.max_batch = min(self.max_batch, half)
            self._extract_batch(batch[:half])
            self._extract_batch(batch[half:])
        except Exception as error:  # noqa: BLE001 - handed on to who asked
            for _, future in batch:
                future.set_exception(error)
        else:
            for (_, future), vector in zip(batch, features, strict=True):
                future.set_result(vector)

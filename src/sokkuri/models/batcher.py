"""Images one by one from many threads become batches for a GPU, which wants many at once.

Takes a picture from each calling thread and hands back its vector. A batch is what is waiting when
the device is free, up to a limit that sinks when the device runs out of memory.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import ExtractError
from sokkuri.core.types import Features

LARGEST = 64
"""Images at once, to begin with: beyond it a GPU gains little on networks of this kind."""

Picture = NDArray[np.uint8]
Vector = NDArray[np.float32]
_Waiting = tuple[Picture, "Future[Vector]"]


class Batcher:
    """Gathers pictures for `extract`, (B, H, W, 3) uint8 -> (B, D) float32, which one thread of
    this object's own calls."""

    def __init__(self, extract: Callable[[Picture], Features], largest: int = LARGEST) -> None:
        self.largest = largest
        self._extract = extract
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        threading.Thread(target=self._serve, name="sokkuri-batches", daemon=True).start()

    def __call__(self, rgb: Picture) -> Vector:
        """rgb : (H, W, 3) uint8 -> (D,) float32. Raises what `extract` raises for this picture."""
        future: Future[Vector] = Future()
        self._queue.put((rgb, future))
        return future.result()

    def close(self) -> None:
        """No picture may come after this."""
        self._queue.put(None)

    def _serve(self) -> None:
        while (first := self._queue.get()) is not None:
            batch = [first]
            while len(batch) < self.largest:
                try:
                    waiting = self._queue.get_nowait()
                except queue.Empty:
                    break
                if waiting is None:
                    self._queue.put(None)
                    break
                batch.append(waiting)
            self._work(batch)

    def _work(self, batch: Sequence[_Waiting]) -> None:
        """Extract a batch; one that fails is tried in halves, down to the picture at fault."""
        try:
            features = self._extract(np.stack([rgb for rgb, _ in batch]))
        except ExtractError as error:
            half = len(batch) // 2
            if half == 0:
                batch[0][1].set_exception(error)
                return
            if "memory" in str(error) or "allocate" in str(error):
                self.largest = min(self.largest, half)
            self._work(batch[:half])
            self._work(batch[half:])
        except Exception as error:  # noqa: BLE001 - handed on to who asked
            for _, future in batch:
                future.set_exception(error)
        else:
            for (_, future), vector in zip(batch, features, strict=True):
                future.set_result(vector)

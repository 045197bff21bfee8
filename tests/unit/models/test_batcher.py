"""Pictures from many threads become batches, and each gets its own vector back."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from sokkuri.core.errors import ExtractError
from sokkuri.core.types import Features
from sokkuri.models.batcher import Batcher

Picture = NDArray[np.uint8]


def picture(value: int) -> Picture:
    return np.full((2, 2, 3), value, np.uint8)


class Device:
    """Gives each picture its first value back, once it is told to begin. `sizes` : of its
    batches."""

    def __init__(self, check: Callable[[Picture], None] = lambda rgb: None) -> None:
        self.begin = threading.Event()
        self.busy = threading.Event()
        self.sizes: list[int] = []
        self._check = check

    def __call__(self, rgb: Picture) -> Features:
        self.busy.set()
        assert self.begin.wait(10)
        self._check(rgb)
        self.sizes.append(len(rgb))
        return rgb[:, 0, 0, :1].astype(np.float32)


def all_at_once(device: Device, largest: int, values: range) -> list[Future[NDArray[np.float32]]]:
    """One picture makes the device busy; when all others wait, it may begin."""
    batcher = Batcher(device, largest)
    pool = ThreadPoolExecutor(len(values))
    first = pool.submit(batcher, picture(values[0]))
    assert device.busy.wait(10)
    waiting = threading.Barrier(len(values))

    def ask(value: int) -> NDArray[np.float32]:
        waiting.wait(10)
        return batcher(picture(value))

    others = [pool.submit(ask, value) for value in values[1:]]
    waiting.wait(10)
    while batcher._queue.qsize() < len(values) - 1:
        threading.Event().wait(0.001)
    device.begin.set()
    pool.shutdown(wait=True)
    batcher.close()
    return [first, *others]


def test_waiting_images_become_one_batch() -> None:
    device = Device()
    found = all_at_once(device, 8, range(20))
    assert [future.result()[0] for future in found] == list(range(20))
    assert device.sizes == [1, 8, 8, 3]


def test_a_faulty_image_fails_alone() -> None:
    def check(rgb: Picture) -> None:
        if (rgb == 7).any():
            raise ExtractError("not finite")

    device = Device(check)
    found = all_at_once(device, 64, range(10))
    for value, future in enumerate(found):
        if value == 7:
            with pytest.raises(ExtractError, match="not finite"):
                future.result()
        else:
            assert future.result()[0] == value


def test_a_device_without_memory_gets_smaller_batches_from_then_on() -> None:
    def check(rgb: Picture) -> None:
        if len(rgb) > 3:
            raise ExtractError("Failed to allocate memory for requested buffer")

    device = Device(check)
    found = all_at_once(device, 16, range(40))
    assert [future.result()[0] for future in found] == list(range(40))
    assert device.sizes == [1] + 19 * [2] + [1]


def test_an_unexpected_error_reaches_the_caller() -> None:
    """Nobody waits for ever, and the next picture is served."""
    device = Device()
    device.begin.set()
    batcher = Batcher(device)
    with pytest.raises(IndexError):
        batcher(None)  # type: ignore[arg-type]
    assert batcher(picture(3))[0] == 3
    batcher.close()

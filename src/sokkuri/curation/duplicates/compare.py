"""Looks at pictures: their prints, and whether two of them show the same one.

Takes contents and where their files are; hands on prints and what came of comparing them. Reads
only files that still hold the bytes they are known by. Many at a time; what was found of a picture
is held while it may be needed again soon.
"""

import os
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import xxhash
from numpy.typing import NDArray

from sokkuri.core.errors import DecodeError, MissingExtraError, ReadError
from sokkuri.core.locations import Location
from sokkuri.core.types import Limits
from sokkuri.curation.duplicates.matching import compare
from sokkuri.curation.duplicates.matching.fingerprint import print_of, small, squashed
from sokkuri.curation.duplicates.matching.keypoints import Keypoints, keypoints, opencv
from sokkuri.curation.duplicates.pair_store import UNSURE, Known
from sokkuri.images.read import read_file

_HELD = 12_000  # pictures with their keypoints, 70 kB each
_AHEAD = 64  # tasks a worker

Thing = TypeVar("Thing")
Result = TypeVar("Result")
Find = Callable[[bytes], Location]
"""Where a content's file is."""


class _Picture:
    """A content as the matcher sees it. Held are its square and its keypoints; the larger picture
    is decoded whenever it is asked for, which is seldom."""

    def __init__(self, content: bytes, judge: "Judge") -> None:
        self._content, self._judge = content, judge
        self._lock = threading.Lock()
        self._found: Keypoints | None = None
        self.square, self.width, self.height = squashed(judge.data(content), judge.limits)

    @property
    def rgb(self) -> NDArray[np.uint8]:
        return small(self._judge.data(self._content), self._judge.limits)

    def points(self) -> Keypoints:
        with self._lock:
            if self._found is None:
                self._found = keypoints(self.rgb)
            return self._found


class Judge:
    """Use it as a context manager. `by_points` : whether it can look at keypoints. `unread` :
    contents whose bytes it could not have."""

    def __init__(self, find: Find, limits: Limits | None = None, workers: int = 0) -> None:
        self.by_points = True
        self.unread: set[bytes] = set()
        self._missing = ""
        self._find = find
        self.limits = limits or Limits()
        self._workers = workers or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="sokkuri-judge")
        self._held: OrderedDict[bytes, _Picture] = OrderedDict()
        self._lock = threading.Lock()
        try:
            opencv()
        except MissingExtraError as error:
            self.by_points = False
            self._missing = str(error)

    def __enter__(self) -> "Judge":
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def notes(self) -> list[str]:
        """What it could not do so far."""
        notes = []
        if self._missing:
            notes.append(f"crops and turned pictures may be missed: {self._missing}")
        if self.unread:
            notes.append(
                f"{len(self.unread):,} pictures were left out: their files are gone, have changed "
                "or were never read: `sokkuri index` brings the collection up to date"
            )
        return notes

    def prints(self, contents: Iterable[bytes]) -> Iterator[tuple[bytes, bytes | None]]:
        """Each content's print, None where its bytes are no picture; left out are those whose
        bytes cannot be had."""
        return (found for found in self._each(contents, self._print) if found is not None)

    def compare(self, pairs: Iterable[tuple[bytes, bytes]]) -> Iterator[Known]:
        """What came of each pair, in their order; left out are those whose bytes cannot be had."""
        return (known for known in self._each(pairs, self._compared) if known is not None)

    def _each(self, things: Iterable[Thing], work: Callable[[Thing], Result]) -> Iterator[Result]:
        """In order, with a bounded number under way."""
        waiting: deque[Future[Result]] = deque()
        for thing in things:
            waiting.append(self._pool.submit(work, thing))
            if len(waiting) >= _AHEAD * self._workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def _print(self, content: bytes) -> tuple[bytes, bytes | None] | None:
        try:
            return content, print_of(self.data(content), self.limits).tobytes()
        except DecodeError:
            return content, None
        except ReadError:
            return None

    def _compared(self, pair: tuple[bytes, bytes]) -> Known | None:
        first, second = min(pair), max(pair)
        try:
            a, b = self._picture(first), self._picture(second)
            match = compare(a, b, (a.points, b.points) if self.by_points else None)
        except DecodeError:
            return Known(first, second, None, 0.0)
        except ReadError:
            return None
        unsure = match.grade is None and not self.by_points
        return Known(first, second, match.grade, UNSURE if unsure else match.score)

    def _picture(self, content: bytes) -> _Picture:
        with self._lock:
            if content in self._held:
                self._held.move_to_end(content)
                return self._held[content]
        made = _Picture(content, self)
        with self._lock:
            self._held[content] = made
            while len(self._held) > _HELD:
                self._held.popitem(last=False)
        return made

    def data(self, content: bytes) -> bytes:
        """Raises ReadError, also where the file holds something else by now."""
        try:
            data, _ = read_file(self._find(content), self.limits)
            if xxhash.xxh3_128_digest(data) == content:
                return data
        except (FileNotFoundError, ReadError):
            pass
        self.unread.add(content)
        raise ReadError("its file is gone or has changed")

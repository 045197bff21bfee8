"""Fingerprint images and compare pairs of them, in threads.

Takes content keys (store/content.py) and a function that locates their files; returns fingerprints
and PairResults. It uses a file only if it still holds the bytes of its content key. A file is read
and decoded once for its fingerprint, its square and its preview, while the caches hold them.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Self, TypeVar

import numpy as np
import xxhash
from cachetools import LRUCache
from numpy.typing import NDArray

from sokkuri.core.errors import DecodeError, MissingExtraError, ReadError
from sokkuri.core.locations import Location
from sokkuri.core.types import Limits
from sokkuri.curation.duplicates.image_facts import ImageFacts, read_image_facts
from sokkuri.curation.duplicates.matching import COPY_SCORE, Match, compare
from sokkuri.curation.duplicates.matching.content import may_be_drawing
from sokkuri.curation.duplicates.matching.edits import can_be_edit, find_shift
from sokkuri.curation.duplicates.matching.fingerprint import Preview, fingerprint, make_preview
from sokkuri.curation.duplicates.matching.full_size import Verdict, compare_full_size
from sokkuri.curation.duplicates.matching.keypoints import Keypoints, find_keypoints, opencv
from sokkuri.curation.duplicates.moving import MAX_EDITED_FRAMES, are_edited_frames
from sokkuri.curation.duplicates.pair_facts import PairFacts, measure_pair
from sokkuri.curation.duplicates.pair_store import NOT_COMPARED_BY_KEYPOINTS, PairResult
from sokkuri.curation.duplicates.saved_again import is_enlargement
from sokkuri.images.read import read_file

_IMAGES = 12_000  # squares and keypoints that are kept, 70 kB each
_PREVIEW_BYTES = 256 * 2**20  # of previews that are kept, some 1,700
_QUEUED = 64  # tasks for each thread

Item = TypeVar("Item")
Result = TypeVar("Result")
Locate = Callable[[bytes], Location]
"""Returns the location of a file that holds a content."""


class _Image:
    """One content as the matcher sees it: an ImageView. Keypoints are found when asked for."""

    def __init__(self, content: bytes, comparer: "PairComparer") -> None:
        self._content, self._comparer = content, comparer
        self._lock = threading.Lock()
        self._keypoints: Keypoints | None = None
        preview = comparer.decode_preview(content)
        self.square, self.width, self.height = preview.square, preview.width, preview.height
        self.frames = preview.frames
        self.may_be_drawing = may_be_drawing(preview.square)

    @property
    def rgb(self) -> NDArray[np.uint8]:
        return self._comparer.preview_rgb(self._content)

    def keypoints(self) -> Keypoints:
        with self._lock:
            if self._keypoints is None:
                self._keypoints = find_keypoints(self.rgb)
            return self._keypoints


class PairComparer:
    """Compares images. Use it as a context manager.

    by_keypoints : whether OpenCV is installed. unreadable : contents whose bytes could not be read.
    """

    def __init__(self, locate: Locate, limits: Limits | None = None, workers: int = 0) -> None:
        self.by_keypoints = True
        self.unreadable: set[bytes] = set()
        self._missing = ""
        self._locate = locate
        self._limits = limits or Limits()
        self._workers = workers or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="sokkuri-compare")
        self._images: LRUCache[bytes, _Image] = LRUCache(_IMAGES)
        self._previews: LRUCache[bytes, NDArray[np.uint8]] = LRUCache(
            _PREVIEW_BYTES, getsizeof=lambda rgb: int(rgb.nbytes)
        )
        self._lock = threading.Lock()
        try:
            opencv()
        except MissingExtraError as error:
            self.by_keypoints = False
            self._missing = str(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def notes(self) -> list[str]:
        """Return a line for each thing that it could not do so far."""
        notes = []
        if self._missing:
            notes.append(f"edited copies are not looked for: {self._missing}")
        if self.unreadable:
            notes.append(
                f"{len(self.unreadable):,} pictures were left out, because their files are gone, "
                "have changed or were never read: run `sokkuri index` to update the collection"
            )
        return notes

    def fingerprints(self, contents: Iterable[bytes]) -> Iterator[tuple[bytes, bytes | None]]:
        """Yield each content with its fingerprint, None if it cannot be decoded.

        Contents whose bytes cannot be read are left out.
        """
        return (pair for pair in self._map(contents, self._fingerprint) if pair is not None)

    def compare_pairs(self, pairs: Iterable[tuple[bytes, bytes]]) -> Iterator[PairResult]:
        """Yield the result of each pair, in order. Pairs that cannot be read are left out."""
        return (result for result in self._map(pairs, self._compare) if result is not None)

    def image_facts(self, contents: Iterable[bytes]) -> Iterator[tuple[bytes, ImageFacts]]:
        """Yield each content with its facts. Contents that cannot be read are left out."""
        return (found for found in self._map(contents, self._image_facts) if found is not None)

    def pair_facts(
        self, pairs: Iterable[tuple[bytes, bytes]], facts: Mapping[bytes, ImageFacts]
    ) -> Iterator[tuple[bytes, bytes, PairFacts | None]]:
        """Yield each pair with its facts, None if it cannot be aligned. Needs OpenCV.

        Pairs that cannot be read are left out. facts : of both contents of each pair.
        """
        measured = self._map(pairs, lambda pair: self._pair_facts(pair, facts))
        return (found for found in measured if found is not None)

    def _map(self, items: Iterable[Item], task: Callable[[Item], Result]) -> Iterator[Result]:
        """Yield the results in order; at most _QUEUED items for each thread are queued."""
        waiting: deque[Future[Result]] = deque()
        for item in items:
            waiting.append(self._pool.submit(task, item))
            if len(waiting) >= _QUEUED * self._workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def _fingerprint(self, content: bytes) -> tuple[bytes, bytes | None] | None:
        try:
            return content, fingerprint(self._image(content).square).tobytes()
        except DecodeError:
            return content, None
        except ReadError:
            return None

    def _compare(self, pair: tuple[bytes, bytes]) -> PairResult | None:
        first, second = min(pair), max(pair)
        try:
            match = self._match(first, second)
        except DecodeError:
            return PairResult(first, second, None, 0.0)
        except ReadError:
            return None
        uncertain = match.grade is None and not self.by_keypoints
        score = NOT_COMPARED_BY_KEYPOINTS if uncertain else match.score
        return PairResult(first, second, match.grade, score)

    def _match(self, first: bytes, second: bytes) -> Match:
        """Compare two contents. Copies were compared closely, `same` ones at full size."""
        a, b = self._image(first), self._image(second)
        if a.frames != b.frames:  # a still is no copy of an animation
            return Match(None, 0.0)
        match = compare(a, b, (a.keypoints, b.keypoints) if self.by_keypoints else None)
        moving = a.frames > 1
        if match.grade == "same" or (moving and match.grade == "edited"):
            sizes = (a.width, a.height), (b.width, b.height)
            verdict = compare_full_size(self._read(first), self._read(second), sizes, self._limits)
            if verdict is Verdict.SAME:
                return Match("same", match.score)
            if moving:
                return self._check_moving(match, first, second, a.frames)
            if match.blank:
                return Match(None, 0.0)
        if match.grade is None and not self._is_moved_drawing(a, b):
            return match
        return self._check_edit(match, first, second)

    def _check_moving(self, match: Match, first: bytes, second: bytes, frames: int) -> Match:
        """Return the match of two animations that are not the same; all frames decide."""
        if match.blank or not self.by_keypoints or frames > MAX_EDITED_FRAMES:
            return Match(None, 0.0)
        a, b = self._image(first), self._image(second)
        files = self._read(first), self._read(second)
        sizes = (a.width, a.height), (b.width, b.height)
        if are_edited_frames(files, sizes, self._limits):
            return Match("edited", max(match.score, COPY_SCORE))
        return Match(None, 0.0)

    def _is_moved_drawing(self, a: _Image, b: _Image) -> bool:
        """Return whether one drawing may be a part of another one: keypoints miss that in texts."""
        drawings = a.may_be_drawing and b.may_be_drawing
        return drawings and self.by_keypoints and find_shift(a, b) is not None

    def _check_edit(self, match: Match, first: bytes, second: bytes) -> Match:
        """Return the match of two contents, one of which may be an edit of the other."""
        if not self.by_keypoints:
            return Match(None, match.score)
        files = self._read(first), self._read(second)
        a, b = self._image(first), self._image(second)
        points, likely = (a.keypoints(), b.keypoints()), match.grade in ("same", "edited")
        if can_be_edit(files, (a, b), points, self._limits, likely=likely):
            return Match("edited", max(match.score, COPY_SCORE))
        return match if match.grade is None else replace(match, grade="alike")

    def _image_facts(self, content: bytes) -> tuple[bytes, ImageFacts] | None:
        try:
            return content, read_image_facts(self._read(content), self._limits)
        except (DecodeError, ReadError):
            return None

    def _pair_facts(
        self, pair: tuple[bytes, bytes], facts: Mapping[bytes, ImageFacts]
    ) -> tuple[bytes, bytes, PairFacts | None] | None:
        first, second = min(pair), max(pair)
        try:
            a, b = self._image(first), self._image(second)
            found = measure_pair(a, b, (a.keypoints(), b.keypoints()))
            if found is not None and found.larger is not None:
                large, small = ((first, second), (second, first))[found.larger]
                turn = found.orientation if found.larger else found.orientation.inverse
                enlarged = is_enlargement(self._read(large), facts[small], turn, self._limits)
                sides = enlarged and found.larger == 0, enlarged and found.larger == 1
                found = replace(found, enlarged=sides)
        except (DecodeError, ReadError):
            return None
        return first, second, found

    def _image(self, content: bytes) -> _Image:
        with self._lock:
            image = self._images.get(content)
        if image is None:
            image = _Image(content, self)
            with self._lock:
                self._images[content] = image
        return image

    def preview_rgb(self, content: bytes) -> NDArray[np.uint8]:
        """Return a preview's pixels, decoded again if they are not kept. Raises ReadError."""
        with self._lock:
            rgb = self._previews.get(content)
        return self.decode_preview(content).rgb if rgb is None else rgb

    def decode_preview(self, content: bytes) -> Preview:
        """Read and decode an image, and keep its pixels. Raises ReadError and DecodeError."""
        preview = make_preview(self._read(content), self._limits)
        with self._lock:
            self._previews[content] = preview.rgb
        return preview

    def _read(self, content: bytes) -> bytes:
        """Return the bytes of a content. Raises ReadError if its file holds other bytes by now."""
        try:
            data, _ = read_file(self._locate(content), self._limits)
            if xxhash.xxh3_128_digest(data) == content:
                return data
        except (FileNotFoundError, ReadError):
            pass
        self.unreadable.add(content)
        raise ReadError("its file is gone or has changed")

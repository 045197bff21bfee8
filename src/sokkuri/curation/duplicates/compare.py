"""Fingerprint images and compare pairs of them, in threads.

Takes content keys (store/content.py) and a function that locates their files; returns fingerprints
and PairResults.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Self, TypeVar

from cachetools import LRUCache

from sokkuri.core.cores import available_cores
from sokkuri.core.errors import DecodeError, MissingExtraError, ReadError
from sokkuri.core.product_threads import small_products
from sokkuri.core.types import Limits
from sokkuri.curation.duplicates.cached_image import CachedImage, ImageCache, Locate
from sokkuri.curation.duplicates.image_facts import ImageFacts, read_image_facts
from sokkuri.curation.duplicates.matching import COPY_SCORE, Match, compare
from sokkuri.curation.duplicates.matching import enlarged as parts
from sokkuri.curation.duplicates.matching.coarse_jpeg import was_saved_coarsely
from sokkuri.curation.duplicates.matching.edits import can_be_edit
from sokkuri.curation.duplicates.matching.fingerprint import fingerprint
from sokkuri.curation.duplicates.matching.full_size import Verdict, compare_full_size
from sokkuri.curation.duplicates.matching.keypoints import opencv
from sokkuri.curation.duplicates.matching.placement import Place, find_shift
from sokkuri.curation.duplicates.moving import MAX_EDITED_FRAMES, are_edited_frames
from sokkuri.curation.duplicates.pair_facts import PairFacts, measure_pair
from sokkuri.curation.duplicates.pair_store import NOT_COMPARED_BY_KEYPOINTS, PairResult
from sokkuri.curation.duplicates.saved_again import is_enlargement
from sokkuri.curation.types import Grade

_PLACES = 20_000  # of pairs, less than a kilobyte each
_QUEUED = 64  # tasks for each thread
_LEAST_AGREEMENT = 1.75  # Place.agreement of possible copies; copies had 1.9 and more

Item = TypeVar("Item")
Result = TypeVar("Result")


class PairComparer:
    """Compares images. Use it as a context manager.

    by_keypoints : whether OpenCV is installed. looks_for_parts : whether first looks at many pairs
    enlarge images to find small parts of them. folder : for a temporary file of images that memory
    has no room for; without it they are decoded again.
    """

    looks_for_parts = False

    def __init__(
        self,
        locate: Locate,
        limits: Limits | None = None,
        workers: int = 0,
        folder: Path | None = None,
    ) -> None:
        self.by_keypoints = True
        self._missing = ""
        self._limits = limits or Limits()
        self._workers = workers or available_cores()
        self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="sokkuri-compare")
        self._places: LRUCache[tuple[bytes, bytes], Place | None] = LRUCache(_PLACES)
        self._lock = threading.Lock()
        self._cores = ExitStack()
        try:
            opencv()
        except MissingExtraError as error:
            self.by_keypoints = False
            self._missing = str(error)
        self._images = ImageCache(
            locate, self._limits, with_halves=self.by_keypoints, folder=folder
        )

    @property
    def unreadable(self) -> set[bytes]:
        """The contents whose bytes could not be read."""
        return self._images.unreadable

    def __enter__(self) -> Self:
        self._cores.enter_context(small_products())
        return self

    def __exit__(self, *_error: object) -> None:
        with self._cores:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._images.close()

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
        """Yield the result of each pair, in order. Pairs that cannot be read are left out.

        It takes no glance first: use it for few pairs, or for those that may well be copies.
        """
        return (result for result in self._map(pairs, self._compare) if result is not None)

    def look_at_pairs(self, pairs: Iterable[tuple[bytes, bytes]]) -> Iterator[PairResult]:
        """Yield what a first look says about each pair, in order: some results are open.

        A glance settles most pairs. Pairs that cannot be read are left out.
        """
        return (result for result in self._map(pairs, self._glance) if result is not None)

    def look_closely(self, pairs: Iterable[PairResult]) -> Iterator[PairResult]:
        """Yield the result of each open pair, in order. Pairs that cannot be read are left out."""
        return (result for result in self._map(pairs, self._close_look) if result is not None)

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
            return content, fingerprint(self._images.image(content).square).tobytes()
        except DecodeError:
            return content, None
        except ReadError:
            return None

    def _compare(self, pair: tuple[bytes, bytes]) -> PairResult | None:
        result = self._first_look(pair)
        return self._close_look(result) if result is not None and result.open else result

    def _glance(self, pair: tuple[bytes, bytes]) -> PairResult | None:
        return self._first_look(pair, at_a_glance=True)

    def _first_look(
        self, pair: tuple[bytes, bytes], *, at_a_glance: bool = False
    ) -> PairResult | None:
        """Compare the previews of two contents; None if a file cannot be read.

        at_a_glance : whether a glance may settle it.
        """
        first, second = min(pair), max(pair)
        try:
            a, b = self._images.image(first), self._images.image(second)
            # A still is no copy of an animation. A RAW file holds more than any other file.
            if a.frames != b.frames or a.is_raw or b.is_raw:
                return PairResult(first, second, None, 0.0)
            keypoints = (a.keypoints, b.keypoints) if self.by_keypoints else None
            match = compare(a, b, keypoints, a.surely_differs_from(b) if at_a_glance else None)
            for_parts = self.by_keypoints and (self.looks_for_parts or not at_a_glance)
            if match.grade is None and not match.blank and for_parts and parts.may_be_part(a, b):
                match = parts.compare_part(a, b)
            likely = self._likely_grade(match, (first, second))
        except DecodeError:
            return PairResult(first, second, None, 0.0)
        except ReadError:
            return None
        if likely is None:
            return PairResult(first, second, match.grade, self._score(match.grade, match.score))
        is_scene = match.grade is not None and not match.blank and a.frames == 1
        refuted: Grade | None = "alike" if is_scene else None
        return PairResult(first, second, refuted, match.score, likely, open=True)

    def _likely_grade(self, match: Match, pair: tuple[bytes, bytes]) -> Grade | None:
        """Return the best grade that a close look may give; None if it need not be asked."""
        if match.grade in ("same", "edited"):
            return match.grade
        a, b = (self._images.image(content) for content in pair)
        # Keypoints hardly tell one letter from the next. Pictures of one size are no crops.
        may_be_crop = (a.width, a.height) != (b.width, b.height)
        if not self.by_keypoints or a.frames > 1 or not (match.grade == "alike" or may_be_crop):
            return None
        if not (a.may_be_drawing and b.may_be_drawing):
            return None
        found = self._lie_in_each_other(pair) if match.grade == "alike" else find_shift(a, b)
        return "edited" if found else None

    def _lie_in_each_other(self, pair: tuple[bytes, bytes]) -> bool:
        """Return whether one of two drawings may lie in the other. Most pairs whose details hardly
        agree only have details such as letters in common, and a close look takes long."""
        place = self._place(*pair)
        return place is not None and place.agreement >= _LEAST_AGREEMENT

    def _score(self, grade: Grade | None, score: float) -> float:
        uncertain = grade is None and not self.by_keypoints
        return NOT_COMPARED_BY_KEYPOINTS if uncertain else score

    def _close_look(self, pair: PairResult) -> PairResult | None:
        """Look closely at an open pair; None if a file cannot be read."""
        try:
            grade = self._close_grade(pair)
        except DecodeError:
            return replace(pair, grade=None, score=0.0, open=False)
        except ReadError:
            return None
        score = max(pair.score, COPY_SCORE) if grade in ("same", "edited") else pair.score
        return replace(pair, grade=grade, score=self._score(grade, score), open=False)

    def _close_grade(self, pair: PairResult) -> Grade | None:
        """Return the grade of an open pair: `same` ones are compared at full size."""
        a, b = self._images.image(pair.first), self._images.image(pair.second)
        if pair.likely == "same" or a.frames > 1:
            sizes = (a.width, a.height), (b.width, b.height)
            files = self._images.read(pair.first), self._images.read(pair.second)
            if compare_full_size(*files, sizes, self._limits) is Verdict.SAME:
                return "same"
            if a.frames > 1:  # all frames decide
                may_be = self.by_keypoints and a.frames <= MAX_EDITED_FRAMES
                return (
                    "edited" if may_be and are_edited_frames(files, sizes, self._limits) else None
                )
            if pair.grade is None:  # blank pictures
                return None
        if not self.by_keypoints:
            return None
        return "edited" if self._is_edited(pair, a, b) else pair.grade

    def _is_edited(self, pair: PairResult, a: CachedImage, b: CachedImage) -> bool:
        """Return whether one still can be an edit of the other, or was surely saved from it."""
        place = self._place(pair.first, pair.second)
        if place is None:
            return False
        if can_be_edit((a, b), place.refined, likely=pair.score >= COPY_SCORE):
            return True
        files = self._images.read(pair.first), self._images.read(pair.second)
        return was_saved_coarsely(files, (a, b), place.refined, self._limits)

    def _place(self, first: bytes, second: bytes) -> Place | None:
        """Return where one picture lies in another one. Raises ReadError and DecodeError."""
        with self._lock:
            known = (first, second) in self._places
            place = self._places.get((first, second))
        if not known:
            a, b = self._images.image(first), self._images.image(second)
            place = parts.find_place_of_part(a, b)
            with self._lock:
                self._places[first, second] = place
        return place

    def _image_facts(self, content: bytes) -> tuple[bytes, ImageFacts] | None:
        try:
            return content, read_image_facts(self._images.read(content), self._limits)
        except (DecodeError, ReadError):
            return None

    def _pair_facts(
        self, pair: tuple[bytes, bytes], facts: Mapping[bytes, ImageFacts]
    ) -> tuple[bytes, bytes, PairFacts | None] | None:
        first, second = min(pair), max(pair)
        try:
            a, b = self._images.image(first), self._images.image(second)
            found = measure_pair(a, b, self._place(first, second))
            if found is not None and found.larger is not None:
                large, small = ((first, second), (second, first))[found.larger]
                turn = found.orientation if found.larger else found.orientation.inverse
                enlarged = is_enlargement(
                    self._images.read(large), facts[small], turn, self._limits
                )
                sides = enlarged and found.larger == 0, enlarged and found.larger == 1
                found = replace(found, enlarged=sides)
        except (DecodeError, ReadError):
            return None
        return first, second, found

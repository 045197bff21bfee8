"""Compare two image files: are they the same picture, what was edited, and where do they overlap?

Takes the locations of two files and returns a Comparison. No collection is needed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import xxhash

from sokkuri.core.errors import DecodeError, ImageError, ReadError
from sokkuri.core.locations import Location
from sokkuri.core.named_roots import Roots
from sokkuri.core.types import Limits
from sokkuri.curation.duplicates.compare import PairComparer
from sokkuri.curation.duplicates.edit_kinds import kinds_of_edit
from sokkuri.curation.duplicates.image_facts import ImageFacts, read_image_facts
from sokkuri.curation.duplicates.keep_evidence import ImageEvidence, weigh
from sokkuri.curation.duplicates.keep_rules import explain_choice, keep_order
from sokkuri.curation.duplicates.pair_facts import PairFacts
from sokkuri.curation.types import DuplicateImage, Grade
from sokkuri.images.read import read_file

Outline = tuple[tuple[float, float], ...]

_SCALES = 0.02  # logarithm of the quotient; less is the same size
_EDITS = {"foreign": "covered or framed", "monochrome": "without colours", "cropped": "cropped"}


@dataclass(frozen=True, slots=True)
class Overlap:
    """Where two images show the same.

    share_a, share_b : of each image's area that lies in the other one. scale_x, scale_y : pixels of
    `b` for each pixel of `a`. angle : degrees by which `b` is turned. mirrored : whether one is the
    mirror image of the other. a_in_b, b_in_a : corners of one image in the other one, x and y as
    shares of its width and height, clockwise from the top left.
    """

    share_a: float
    share_b: float
    scale_x: float
    scale_y: float
    angle: float
    mirrored: bool
    a_in_b: Outline
    b_in_a: Outline


@dataclass(frozen=True, slots=True)
class Comparison:
    """The result of comparing two files.

    grade : None if they are no near-duplicates. score : 0 to 1, the higher the surer that one is a
    copy. edits : what differs, in sentences, as far as it is known. overlap : None if it is
    unknown. keep : the file to keep, None if they are no copies. why, conflict : see Group. notes :
    what could not be done. kinds : of edit, in the words of edit_kinds.py.
    """

    a: Location
    b: Location
    grade: Grade | None
    score: float
    edits: tuple[str, ...] = ()
    overlap: Overlap | None = None
    keep: Location | None = None
    why: str = ""
    conflict: str = ""
    notes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()

    @property
    def is_copy(self) -> bool:
        """Whether one is a copy of the other."""
        return self.grade is not None and self.grade != "alike"


def compare_files(a: Location, b: Location, limits: Limits | None = None) -> Comparison:
    """Compare two image files.

    Raises ReadError and DecodeError, which name the file.
    """
    limits = limits or Limits()
    images = [_read(file, limits) for file in (a, b)]
    first, second = (image.digest or b"" for image in images)
    paths = {first: a, second: b}
    with PairComparer(paths.__getitem__, limits, workers=1) as comparer:
        facts = dict(comparer.image_facts(paths))
        for key, file in paths.items():
            if key not in facts:
                raise DecodeError(_decode_reason(file, limits))
        if first == second:
            return Comparison(a, b, "identical", 1.0, keep=a, why="has the same bytes")
        result = next(comparer.compare_pairs([(first, second)]), None)
        if result is None:
            raise ReadError(f"{a} or {b} changed while it was compared")
        pair = None
        if comparer.by_keypoints and result.grade is not None:
            *_, pair = next(comparer.pair_facts([(first, second)], facts), (None,))
        notes = tuple(comparer.notes())
    score = max(result.score, 0.0)
    overlap = None if pair is None else _overlap(pair, swapped=first > second)
    if result.grade is None or result.grade == "alike":
        return Comparison(a, b, result.grade, score, overlap=overlap, notes=notes)
    evidence = weigh(facts, {} if pair is None else {(min(paths), max(paths)): pair})
    of_both = [(facts[key], evidence[key]) for key in (first, second)]
    edits = tuple(_edits(of_both, overlap))
    kinds = kinds_of_edit(facts[first], facts[second], pair)
    images = [
        replace(image, width=of.width, height=of.height)
        for image, (of, _) in zip(images, of_both, strict=True)
    ]
    keep, why, conflict = _choose(images, evidence)
    return Comparison(a, b, result.grade, score, edits, overlap, keep, why, conflict, notes, kinds)


def _read(file: Location, limits: Limits) -> DuplicateImage:
    try:
        data, stat = read_file(file, limits)
    except FileNotFoundError:
        raise ReadError(f"{file} does not exist") from None
    except ReadError as error:
        raise ReadError(f"{file} cannot be read: {error}") from None
    digest = xxhash.xxh3_128_digest(data)
    return DuplicateImage(str(file), str(file), file, None, None, stat.size, stat.mtime_ns, digest)


def _decode_reason(file: Location, limits: Limits) -> str:
    """Return why a file cannot be decoded."""
    try:
        read_image_facts(read_file(file, limits)[0], limits)
    except (FileNotFoundError, ImageError) as error:
        return f"{file}: {error}"
    return f"{file} changed while it was compared"


def _overlap(pair: PairFacts, *, swapped: bool) -> Overlap:
    """Return the overlap as `a` in `b`. swapped : whether the pair's first image is `b`."""
    other = _invert(pair.corners)
    x, y = pair.scale_x, pair.scale_y
    if not swapped:
        return Overlap(*pair.shares, x, y, pair.angle, pair.mirrored, pair.corners, other)
    angle = pair.angle if pair.mirrored else -pair.angle
    shares = pair.shares[::-1]
    return Overlap(*shares, 1 / x, 1 / y, angle, pair.mirrored, other, pair.corners)


def _invert(corners: Outline) -> Outline:
    """Return the corners of the second image in the first one."""
    top_left, top_right, _, bottom_left = np.array(corners)
    matrix = np.column_stack([top_right - top_left, bottom_left - top_left])
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) - top_left
    inverse = square @ np.linalg.inv(matrix).T
    return tuple((float(x), float(y)) for x, y in inverse)


def _edits(
    images: list[tuple[ImageFacts, ImageEvidence]], overlap: Overlap | None
) -> Iterator[str]:
    """Yield what differs, in words."""
    facts = [of for of, _ in images]
    for name, (_, of) in zip("AB", images, strict=True):
        yield from (f"{name} is {text}" for mark, text in _EDITS.items() if mark in of.marks)
    sizes = [(of.width, of.height) for of in facts]
    if overlap is not None:
        if overlap.mirrored:
            yield "one is mirrored"
        if abs(overlap.angle) > 1:
            yield f"one is turned by {abs(overlap.angle):.0f} degrees"
        if abs(np.log(overlap.scale_x / overlap.scale_y)) > _SCALES:
            yield "the proportions differ"
        if max(abs(np.log([overlap.scale_x, overlap.scale_y]))) > _SCALES:
            scale = f"{overlap.scale_x:.2f} x {overlap.scale_y:.2f}"
            yield f"B shows the picture {scale} times as large as A"
    elif sizes[0] != sizes[1]:
        yield "the sizes differ"
    if facts[0].format != facts[1].format:
        yield f"the formats differ ({facts[0].format}, {facts[1].format})"


def _choose(
    images: list[DuplicateImage], evidence: dict[bytes, ImageEvidence]
) -> tuple[Location, str, str]:
    """Return the file to keep, why, and what speaks against it."""

    def evidence_of(image: DuplicateImage) -> ImageEvidence:
        return evidence[image.digest or b""]

    ordered = sorted(images, key=keep_order(evidence_of=evidence_of))
    keep = ordered[0].root  # `_read` gave it the file itself
    assert not isinstance(keep, Roots)
    return keep, *explain_choice(ordered, evidence_of=evidence_of)

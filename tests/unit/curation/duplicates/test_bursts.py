"""Bursts: pictures of one moment that are alike, the sharpest first, and never planned."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from burst_frames import write_frame
from PIL import Image
from trash_fixtures import make_collection

from sokkuri.api import Collection
from sokkuri.curation.duplicates.bursts import BURST_SECONDS, find_shots, sharpness
from sokkuri.curation.duplicates.contents import UniqueImage
from sokkuri.curation.duplicates.evidence_store import evidence_store_path
from sokkuri.curation.duplicates.find import (
    DuplicateOptions,
    find_duplicates,
    known_groups,
    known_state,
)
from sokkuri.curation.duplicates.image_facts import ImageFacts
from sokkuri.curation.duplicates.pair_store import PairResult
from sokkuri.curation.trash.make_plan import make_trash_plan
from sokkuri.curation.types import DuplicateImage, Grade, Group

A, B = b"a" * 16, b"b" * 16
NOON = 20260501_120000
BURSTS = DuplicateOptions(bursts=True)


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    """Three frames of one burst, a smaller copy of the first, and a frame of the next day."""
    folder = tmp_path / "photos"
    first = write_frame(folder, 0, "2026:05:01 12:00:00", blur=1.5)
    write_frame(folder, 1, "2026:05:01 12:00:02", blur=0.2)
    write_frame(folder, 2, "2026:05:01 12:00:04", blur=1.0)
    write_frame(folder, 4, "2026:05:02 12:00:04", blur=0.5)
    with Image.open(first) as image:
        image.resize((360, 270)).save(folder / "small.jpg", quality=92, exif=image.getexif())
    with make_collection(folder) as made:
        yield made


def groups(collection: Collection, options: DuplicateOptions | None = None) -> tuple[Group, ...]:
    *_, last = find_duplicates(collection, options)
    assert last.result is not None
    return last.result


def test_a_burst_has_its_sharpest_picture_first_and_is_never_planned(
    collection: Collection,
) -> None:
    plain = groups(collection)
    assert [(group.grade, {*group.ids}) for group in plain] == [
        ("same", {"frame0.jpg", "small.jpg"})
    ]
    copies, burst = found = groups(collection, BURSTS)
    assert copies == plain[0]
    assert burst.grade == "burst"
    assert burst.ids == ("frame1.jpg", "frame2.jpg", "frame0.jpg"), "the copy is in no burst"
    assert {pair.grade for pair in burst.pairs} == {"burst"}
    assert burst.why == "is the sharpest"
    assert known_groups(collection, BURSTS) == found
    assert known_groups(collection) == plain
    plan = make_trash_plan(collection, found)
    assert [move.id for move in plan.moves] == [copies.ids[1]]
    assert known_state(collection, BURSTS).unread == 0
    for file in evidence_store_path(collection).parent.glob("evidence.sqlite*"):
        file.unlink()
    assert known_state(collection).unread == 4, "the files of pairs that may be copies"
    assert known_state(collection, BURSTS).unread == 5, "any of them may be in a burst"


def facts_at(taken: int, power: float = 0.0) -> ImageFacts:
    return ImageFacts(64, 64, taken=taken, spectrum_x=(power,) * 32, spectrum_y=(power,) * 32)


def content_at(key: bytes, seconds: float) -> UniqueImage:
    mtime_ns = round(seconds * 1e9)
    image = DuplicateImage(key.decode(), key.decode(), Path("/photos"), 64, 64, 1, mtime_ns, key)
    return UniqueImage(key, (0, 0), 0, [image])


def is_burst(grade: Grade | None, taken: Sequence[int], written: Sequence[float]) -> bool:
    """Return whether two pictures are a burst. taken : by their cameras, 0 if unknown. written :
    the times of their files in seconds."""
    shots = find_shots(
        [PairResult(A, B, grade, 0.3)],
        {A: facts_at(taken[0]), B: facts_at(taken[1])},
        {A: content_at(A, written[0]), B: content_at(B, written[1])},
    )
    return bool(shots.pairs)


def test_the_camera_tells_the_time_and_else_the_file() -> None:
    near, far = (0.0, float(BURST_SECONDS)), (0.0, BURST_SECONDS + 1.0)
    assert is_burst("alike", (0, 0), near)
    assert not is_burst("alike", (0, 0), far)
    assert is_burst("alike", (NOON, NOON + BURST_SECONDS), far)
    assert not is_burst("alike", (NOON, NOON + BURST_SECONDS + 1), near)
    assert is_burst("alike", (20251231_235959, 20260101_000001), far), "over midnight"
    assert not is_burst("alike", (NOON, 0), near), "the clocks of camera and disk differ"
    assert is_burst("alike", (20260000_000000, 99), near), "no times at all"


def test_a_copy_is_a_burst_only_if_the_cameras_tell_other_times() -> None:
    near = (0.0, 1.0)
    assert is_burst("edited", (NOON, NOON + 1), near)
    assert not is_burst("edited", (NOON, NOON), near), "an edit keeps the time of its original"
    assert not is_burst("edited", (0, 0), near)
    assert not is_burst("same", (NOON, NOON + 1), near), "compared at full size"
    assert not is_burst(None, (NOON, NOON + 1), near)


def test_blur_lowers_the_sharpness() -> None:
    assert sharpness(facts_at(NOON, 2.0)) > sharpness(facts_at(NOON, 1.0))
    assert sharpness(replace(facts_at(NOON), spectrum_x=())) == -np.inf


def test_pictures_without_facts_are_in_no_burst() -> None:
    contents = {A: content_at(A, 0), B: content_at(B, 1)}
    pairs = [PairResult(A, B, "alike", 0.3)]
    assert not find_shots(pairs, {A: facts_at(NOON)}, contents).pairs

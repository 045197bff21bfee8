"""Gathering evidence: files are read once, bounded, and what was read is kept."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from edited_images import write_edits
from trash_fixtures import make_collection

from sokkuri.api import Collection
from sokkuri.curation.duplicates import evidence
from sokkuri.curation.duplicates.compare import PairComparer
from sokkuri.curation.duplicates.evidence import EvidenceGatherer, result_of
from sokkuri.curation.duplicates.evidence_store import (
    evidence_store_path,
    open_evidence_store,
    read_evidence_store,
)
from sokkuri.curation.duplicates.image_facts import ImageFacts
from sokkuri.curation.duplicates.keep_evidence import ImageEvidence
from sokkuri.curation.duplicates.pair_facts import PairFacts
from sokkuri.curation.duplicates.pair_store import PairResult
from sokkuri.curation.trash.safe_files import size_and_digest

NAMES = ["orig", "grey", "crop"]


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    write_edits(tmp_path / "photos", 1, NAMES[1:])
    with make_collection(tmp_path / "photos") as made:
        yield made


def contents(collection: Collection) -> dict[bytes, Path]:
    files = [Path(str(collection.root), f"{name}.jpg") for name in NAMES]
    return {size_and_digest(file)[1]: file for file in files}


def pairs(files: dict[bytes, Path]) -> list[PairResult]:
    first, *others = files
    return [PairResult(min(first, key), max(first, key), "edited", 0.9) for key in others]


def gather(collection: Collection, files: dict[bytes, Path]) -> tuple[evidence.Evidence, int]:
    """Return the evidence, and the number of steps that read or measured something."""
    steps = 0
    with (
        open_evidence_store(collection) as store,
        PairComparer(files.__getitem__, workers=1) as comparer,
    ):
        gathering = EvidenceGatherer(store, comparer).gather(pairs(files))
        while True:
            try:
                next(gathering)
            except StopIteration as end:
                return end.value, steps
            steps += 1


def known(collection: Collection, files: dict[bytes, Path]) -> evidence.Evidence:
    """Return what was gathered so far, without reading a file or writing."""
    with read_evidence_store(collection) as store:
        return result_of(EvidenceGatherer(store).gather(pairs(files)))


def test_what_was_read_is_not_read_again(collection: Collection) -> None:
    files = contents(collection)
    assert known(collection, files) == {}
    assert not evidence_store_path(collection).exists(), "nothing is written"
    found, steps = gather(collection, files)
    assert steps == 2
    orig, grey, crop = (found[key].marks for key in files)
    assert ("monochrome" in grey, "cropped" in crop) == (True, True)
    assert not orig & {"monochrome", "cropped", "foreign"}
    for file in files.values():
        file.unlink()
    again, steps = gather(collection, files)
    assert steps == 0
    kept = known(collection, files)
    for key in files:
        assert again[key].marks == kept[key].marks == found[key].marks


def test_files_that_are_gone_have_no_evidence(collection: Collection) -> None:
    files = contents(collection)
    gone = list(files)[1]
    files[gone].unlink()
    found, _ = gather(collection, files)
    assert set(found) == set(files) - {gone}


def test_each_image_is_measured_against_a_few() -> None:
    keys = [bytes([number]) for number in range(40)]
    every = [PairResult(a, b, "edited", 0.9) for a in keys for b in keys if a < b]
    chosen = evidence._choose_pairs(every)
    assert {key for pair in chosen for key in pair} == set(keys)
    assert len(chosen) <= evidence._PAIRS_OF_IMAGE * len(keys)
    alike = [PairResult(b"a", b"b", "alike", 0.1)]
    assert evidence._choose_pairs(alike) == []


def test_images_that_may_both_be_kept_are_measured_against_each_other() -> None:
    marks = {b"a": "", b"b": "", b"c": "", b"d": "coarse"}
    known = {key: ImageEvidence(frozenset({of} - {""})) for key, of in marks.items()}
    every = [PairResult(x, y, "edited", 0.9) for x in known for y in known if x < y]
    asked = Counter([(b"a", b"b")])
    open_pairs = evidence._contested_pairs(every, known, asked)
    assert open_pairs == [(b"a", b"c"), (b"b", b"c")]
    asked.update(open_pairs)
    assert evidence._contested_pairs(every, known, asked) == []
    unread = [PairResult(b"a", b"z", "edited", 0.9), PairResult(b"y", b"z", "edited", 0.9)]
    assert evidence._contested_pairs(unread, known, asked) == []


def test_contested_pairs_are_bounded() -> None:
    known = {bytes([number]): ImageEvidence() for number in range(60)}
    every = [PairResult(x, y, "edited", 0.9) for x in known for y in known if x < y]
    asked: Counter[tuple[bytes, bytes]] = Counter()
    while more := evidence._contested_pairs(every, known, asked):
        asked.update(more)
    assert len(known) < len(asked) <= 2 * evidence._PAIRS_OF_IMAGE * len(known)


def test_the_store_returns_what_it_got(collection: Collection) -> None:
    left, right = np.eye(5, 28, dtype=np.float32), np.ones((2, 28), np.float32)
    facts = ImageFacts(
        4, 3, "JPEG", True, 20240101000000, 7.5, tuple(range(12)), (0.5,) * 32,
        grids=(left, right, left, right), orientation=6,
    )  # fmt: skip
    pair = PairFacts(
        1.0,
        2.0,
        True,
        -0.5,
        (1.0, 0.5),
        (False, True),
        (False, False),
        (True, False),
        ((0.0, 1.0),),
        colour_change=3.5,
    )
    with open_evidence_store(collection) as store:
        store.save_image_facts([(b"a", facts)])
        store.save_pair_facts([(b"a", b"b", pair), (b"a", b"c", None)])
    with read_evidence_store(collection) as read:
        assert read is not None
        found = read.image_facts([b"a", b"z"])[b"a"]
        assert found.to_row() == facts.to_row()
        assert [len(grid) for grid in found.grids] == [5, 2, 5, 2]
        asked = [(b"a", b"b"), (b"a", b"c"), (b"a", b"z")]
        assert read.pair_facts(asked) == {(b"a", b"b"): pair, (b"a", b"c"): None}

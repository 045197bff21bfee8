"""Labels for the pages: counts, nearby images, suggestions, and the cache of documents."""

import asyncio
import os
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic_collection import Bench, create_empty

from sokkuri.api import Collection
from sokkuri.core.errors import UnknownImageError, UsageError
from sokkuri.core.types import OnProgress, Progress
from sokkuri.curation.duplicates import pair_store
from sokkuri.curation.duplicates.pair_store import PairResult
from sokkuri.store.content import content_of
from sokkuri.store.decisions import mark_different
from sokkuri.web.services import labels as labelling
from sokkuri.web.services.labels import (
    Document,
    DocumentCache,
    LabelService,
    PairCache,
    Pairs,
    SuggestionQuery,
)

ODD = os.fsdecode(b"caf\xe9/\xff,=1.png")
ANGLES = {"0": 0, "10": 10, "12": 12, "30": 30, "90": 90, "95": 95, "180": 180, ODD: 270}
"""The direction of the vector of each image, in degrees."""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(create_empty(tmp_path / "photos"))
    radians = np.radians([*ANGLES.values()])
    vectors = np.stack([np.cos(radians), np.sin(radians), 0 * radians, 0 * radians], axis=1)
    made.add_vectors(vectors.astype(np.float32), [*ANGLES])
    yield made
    made.digests.close()
    made.collection.close()


def give(bench: Bench, **labels: str | None) -> Any:
    return labelling.give(bench.collection, [*labels.items()])["before"]


def hits(*ids: str) -> list[dict[str, Any]]:
    return [{"rank": rank, "id": id_, "distance": rank / 10} for rank, id_ in enumerate(ids, 1)]


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [one["id"] for one in found]


def test_previous_labels_undo_a_change(bench: Bench) -> None:
    give(bench, **{"0": "cat", "90": "dog"})
    before = give(bench, **{"0": "dog", "10": "dog", "90": None})
    assert before == [
        {"id": "0", "label": "cat"},
        {"id": "10", "label": None},
        {"id": "90", "label": "dog"},
    ]
    labelling.give(bench.collection, [(one["id"], one["label"]) for one in before])
    labels = labelling.counts(bench.collection)["labels"]
    assert labels == [{"label": "cat", "count": 1}, {"label": "dog", "count": 1}]


@pytest.mark.parametrize(
    ("labels", "error"),
    [
        ({"0": "cat", "no such": "cat"}, UnknownImageError),
        ({"0": "cat", "10": " "}, UsageError),
    ],
)
def test_an_invalid_change_sets_no_label(
    bench: Bench, labels: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        give(bench, **labels)
    assert labelling.counts(bench.collection)["labelled"] == 0


def test_labels_are_ordered_by_first_use(bench: Bench) -> None:
    """A key on the page keeps its label, so the most frequent label is not first."""
    assert labelling.counts(bench.collection) == {"labels": [], "labelled": 0, "total": 8}
    give(bench, **{"180": "rare"})
    give(bench, **{"0": "often", "10": "often"})
    assert labelling.counts(bench.collection) == {
        "labels": [{"label": "rare", "count": 1}, {"label": "often", "count": 2}],
        "labelled": 3,
        "total": 8,
    }


def test_nearby_images_have_labels_or_not_and_give_a_guess(bench: Bench) -> None:
    """The image itself is not listed. The guess is the most frequent label, or the nearest."""
    give(bench, **{"0": "cat", "30": "dog", "90": "dog", "10": "own"})
    around = hits("10", "12", "0", "30", "90", "95")
    found = labelling.near(bench.collection, "10", around, around, 3, 1)
    assert found["label"] == "own"
    assert [(one["id"], one["label"], one["rank"]) for one in found["labelled"]] == [
        ("0", "cat", 1), ("30", "dog", 2), ("90", "dog", 3),
    ]  # fmt: skip
    assert ids(found["unlabelled"]) == ["12"]
    assert found["guess"] == {"label": "dog", "share": 2 / 3}
    tied = labelling.near(bench.collection, "10", hits("0", "30"), [], 2, 0)
    assert tied["guess"] == {"label": "cat", "share": 1 / 2}


def test_labelled_images_that_are_no_hits_are_compared_directly(bench: Bench) -> None:
    give(bench, **{"180": "far", "90": "right", ODD: "right"})
    found = labelling.near(bench.collection, "0", hits("0", "10", "12"), hits("10"), 2, 5)
    assert ids(found["labelled"]) == ["90", ODD]
    assert [one["distance"] for one in found["labelled"]] == pytest.approx([1.0, 1.0], abs=1e-6)
    assert {"name", "folder", "width", "height", "v"} <= found["labelled"][0].keys()
    assert ids(found["unlabelled"]) == ["10"]


def test_nearby_images_without_any_labels_and_of_an_unknown_image(bench: Bench) -> None:
    found = labelling.near(bench.collection, "0", hits("0", "10"), hits("0", "10"), 6, 6)
    assert (found["labelled"], found["guess"]) == ([], None)
    assert ids(found["unlabelled"]) == ["10"]
    with pytest.raises(UnknownImageError, match="no such"):
        labelling.near(bench.collection, "no such", [], [], 6, 6)


def test_unlabelled_hits_are_counted_without_the_image_itself(bench: Bench) -> None:
    give(bench, **{"10": "cat"})
    found = hits("0", "10", "12")
    assert labelling.has_unlabelled(bench.collection, "0", found, 1)
    assert not labelling.has_unlabelled(bench.collection, "0", found, 2)


def test_suggestions_leave_out_labelled_and_named_images(bench: Bench) -> None:
    give(bench, **{"180": "cat"})
    first = labelling.suggestions(bench.collection, SuggestionQuery(8))["suggestions"]
    assert [one["rank"] for one in first] == [*range(1, len(first) + 1)]
    assert first[0].keys() == {
        "rank", "id", "name", "folder", "score", "why", "width", "height", "v",
    }  # fmt: skip
    assert "180" not in ids(first)
    named = ids(first)[0]
    others = labelling.suggestions(bench.collection, SuggestionQuery(8, without=(named,)))[
        "suggestions"
    ]
    assert others
    assert named not in ids(others)


def test_only_one_of_two_known_near_duplicates_is_suggested(bench: Bench) -> None:
    """Both are suggested again after a person has marked them as different."""
    pairs = PairCache()
    assert pairs.get(bench.collection, "1") == ()
    first, second = sorted(content_of(bench.catalog, id_) for id_ in ("0", "180"))
    with pair_store.open_pair_store(bench.collection) as store:
        store.save([PairResult(first, second, "edited", 0.9)], [])
    known = pairs.get(bench.collection, "1")
    assert [{*pair} for pair in known] == [{"0", "180"}]
    give(bench, **{"0": "cat"})
    wanted = SuggestionQuery(8)
    assert "180" in ids(labelling.suggestions(bench.collection, wanted)["suggestions"])
    assert "180" not in ids(labelling.suggestions(bench.collection, wanted, known)["suggestions"])
    mark_different(bench.catalog, ["0", "180"])
    assert pairs.get(bench.collection, "1") == ()


def test_the_service_tells_how_far_the_suggestions_are(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real suggestions stop after each step, until the test has looked."""
    looked, compute = threading.Semaphore(0), labelling.suggestions
    reached: queue.Queue[Progress[object]] = queue.Queue()

    def step_by_step(
        collection: Collection, query: SuggestionQuery, same: Pairs, on_progress: OnProgress
    ) -> Document:
        def stop(step: Progress[object]) -> None:
            on_progress(step)
            reached.put(step)
            looked.acquire()

        return compute(collection, query, same, stop)

    monkeypatch.setattr(labelling, "suggestions", step_by_step)
    service = LabelService(bench.collection.store)
    told: list[dict[str, Any]] = []
    with closing(service), ThreadPoolExecutor(1) as other:
        assert service.state() == {"running": None}
        answer = other.submit(asyncio.run, service.suggestions(SuggestionQuery(2), "1"))
        while not told or told[-1] != {"stage": "choosing", "done": 2, "total": 2}:
            step = reached.get(timeout=60)
            told.append(service.state()["running"])
            assert told[-1] == {"stage": step.stage, "done": step.done, "total": step.total}
            looked.release()
        assert len(answer.result(60)["suggestions"]) == 2
        assert service.state() == {"running": None}
    assert [*dict.fromkeys(each["stage"] for each in told)] == ["reading", "comparing", "choosing"]


def test_suggestions_obey_the_filters(bench: Bench) -> None:
    wanted = SuggestionQuery(8, under=str(Path(ODD).parent))
    assert ids(labelling.suggestions(bench.collection, wanted)["suggestions"]) == [ODD]
    with pytest.raises(UsageError):
        labelling.suggestions(bench.collection, SuggestionQuery(8, where="no column > 1"))


def test_an_export_does_not_change_names(bench: Bench) -> None:
    """Names that are not UTF-8, and labels that a spreadsheet would take for a formula."""
    give(bench, **{ODD: '=1+"1"', "0": "cat"})
    assert labelling.export(bench.collection).split(b"\r\n") == [
        b"id,label",
        b"0,cat",
        b'"caf\xe9/\xff,=1.png","=1+""1"""',
        b"",
    ]


def test_a_document_is_cached_until_labels_change(bench: Bench) -> None:
    cache = DocumentCache()
    made = []

    def make(_: object) -> dict[str, Any]:
        made.append(1)
        return {"number": len(made)}

    assert [cache.get(bench.collection, "a", make) for _ in range(2)] == [{"number": 1}] * 2
    assert cache.get(bench.collection, "b", make) == {"number": 2}
    give(bench, **{"0": "cat"})
    assert cache.get(bench.collection, "a", make) == {"number": 3}
    give(bench, **{"0": "dog"})
    assert cache.get(bench.collection, "a", make) == {"number": 4}

"""Labels for pages: counts in a steady order, what lies near, documents kept while they hold."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic_collection import Bench, empty

from sokkuri.core.errors import UnknownImageError, UsageError
from sokkuri.curation.duplicates import pair_store
from sokkuri.curation.duplicates.pair_store import Known
from sokkuri.store.content import content_of
from sokkuri.store.decisions import mark_different
from sokkuri.web.services import labels as labelling
from sokkuri.web.services.labels import DocumentCache, PairCache, SuggestionQuery

ODD = os.fsdecode(b"caf\xe9/\xff,=1.png")
ANGLES = {"0": 0, "10": 10, "12": 12, "30": 30, "90": 90, "95": 95, "180": 180, ODD: 270}
"""Images, and where their vectors point : degrees."""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(empty(tmp_path / "photos"))
    radians = np.radians([*ANGLES.values()])
    vectors = np.stack([np.cos(radians), np.sin(radians), 0 * radians, 0 * radians], axis=1)
    made.fill(vectors.astype(np.float32), [*ANGLES])
    yield made
    made.known.close()
    made.collection.close()


def give(bench: Bench, **labels: str | None) -> Any:
    return labelling.give(bench.collection, [*labels.items()])["before"]


def hits(*ids: str) -> list[dict[str, Any]]:
    return [{"rank": rank, "id": id_, "distance": rank / 10} for rank, id_ in enumerate(ids, 1)]


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [one["id"] for one in found]


def test_what_was_before_undoes_a_change(bench: Bench) -> None:
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
def test_all_labels_or_none(bench: Bench, labels: dict[str, str], error: type[Exception]) -> None:
    with pytest.raises(error):
        give(bench, **labels)
    assert labelling.counts(bench.collection)["labelled"] == 0


def test_counts_keep_the_order_of_first_use(bench: Bench) -> None:
    """A key's label stays: not the most used first."""
    assert labelling.counts(bench.collection) == {"labels": [], "labelled": 0, "total": 8}
    give(bench, **{"180": "rare"})
    give(bench, **{"0": "often", "10": "often"})
    assert labelling.counts(bench.collection) == {
        "labels": [{"label": "rare", "count": 1}, {"label": "often", "count": 2}],
        "labelled": 3,
        "total": 8,
    }


def test_near_with_and_without_labels(bench: Bench) -> None:
    """The image itself is neither; the guess is what most say, of equally many the nearest."""
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


def test_labelled_images_that_no_search_has_met_are_measured(bench: Bench) -> None:
    give(bench, **{"180": "far", "90": "right", ODD: "right"})
    found = labelling.near(bench.collection, "0", hits("0", "10", "12"), hits("10"), 2, 5)
    assert ids(found["labelled"]) == ["90", ODD]
    assert [one["distance"] for one in found["labelled"]] == pytest.approx([1.0, 1.0], abs=1e-6)
    assert {"name", "folder", "width", "height", "v"} <= found["labelled"][0].keys()
    assert ids(found["unlabelled"]) == ["10"]


def test_near_an_image_without_labels_or_that_is_unknown(bench: Bench) -> None:
    found = labelling.near(bench.collection, "0", hits("0", "10"), hits("0", "10"), 6, 6)
    assert (found["labelled"], found["guess"]) == ([], None)
    assert ids(found["unlabelled"]) == ["10"]
    with pytest.raises(UnknownImageError, match="no such"):
        labelling.near(bench.collection, "no such", [], [], 6, 6)


def test_whether_enough_have_no_label(bench: Bench) -> None:
    give(bench, **{"10": "cat"})
    found = hits("0", "10", "12")
    assert labelling.has_unlabelled(bench.collection, "0", found, 1)
    assert not labelling.has_unlabelled(bench.collection, "0", found, 2)


def test_suggestions_leave_out_what_has_a_label_or_is_named(bench: Bench) -> None:
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


def test_known_near_duplicates_are_not_both_suggested(bench: Bench) -> None:
    """Until a person says that they are none."""
    same = PairCache()
    assert same.get(bench.collection, "1") == ()
    first, second = sorted(content_of(bench.catalog, id_) for id_ in ("0", "180"))
    with pair_store.opened(bench.collection) as ledger:
        ledger.keep([Known(first, second, "edited", 0.9)], [])
    known = same.get(bench.collection, "1")
    assert [{*pair} for pair in known] == [{"0", "180"}]
    give(bench, **{"0": "cat"})
    wanted = SuggestionQuery(8)
    assert "180" in ids(labelling.suggestions(bench.collection, wanted)["suggestions"])
    assert "180" not in ids(labelling.suggestions(bench.collection, wanted, known)["suggestions"])
    mark_different(bench.catalog, ["0", "180"])
    assert same.get(bench.collection, "1") == ()


def test_suggestions_stay_in_their_folder(bench: Bench) -> None:
    wanted = SuggestionQuery(8, under=str(Path(ODD).parent))
    assert ids(labelling.suggestions(bench.collection, wanted)["suggestions"]) == [ODD]
    with pytest.raises(UsageError):
        labelling.suggestions(bench.collection, SuggestionQuery(8, where="no column > 1"))


def test_an_export_has_names_as_they_are(bench: Bench) -> None:
    """Also what is not UTF-8, and what a spreadsheet would take for a formula."""
    give(bench, **{ODD: '=1+"1"', "0": "cat"})
    assert labelling.export(bench.collection).split(b"\r\n") == [
        b"id,label",
        b"0,cat",
        b'"caf\xe9/\xff,=1.png","=1+""1"""',
        b"",
    ]


def test_a_document_is_kept_until_labels_change(bench: Bench) -> None:
    kept = DocumentCache()
    made = []

    def make(_: object) -> dict[str, Any]:
        made.append(1)
        return {"number": len(made)}

    assert [kept.get(bench.collection, "a", make) for _ in range(2)] == [{"number": 1}] * 2
    assert kept.get(bench.collection, "b", make) == {"number": 2}
    give(bench, **{"0": "cat"})
    assert kept.get(bench.collection, "a", make) == {"number": 3}
    give(bench, **{"0": "dog"})
    assert kept.get(bench.collection, "a", make) == {"number": 4}

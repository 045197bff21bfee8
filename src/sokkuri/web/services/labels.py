"""Labels for the pages: counts, suggestions, nearby labelled images, changes.

The functions take a Collection and return documents of `schemas/labels.py` as dictionaries.
`LabelService` runs the slow ones in a thread of its own and caches the documents.
"""

import threading
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cachetools import LRUCache

from sokkuri.api import Collection
from sokkuri.core.types import OnProgress, Progress
from sokkuri.curation.duplicates.find import known_pairs
from sokkuri.curation.duplicates.pair_store import pair_store_path
from sokkuri.curation.labeling.accuracy_curve import accuracy_curve
from sokkuri.curation.labeling.label_files import export_labels
from sokkuri.curation.labeling.suggest import SuggestOptions, suggest
from sokkuri.search.vectors import distances
from sokkuri.search.words import WordReader
from sokkuri.store.decisions import read_decisions
from sokkuri.store.image_pages import images_by_id
from sokkuri.store.images import count_images, find_image
from sokkuri.store.label_edits import replace_label, undo_label_edit
from sokkuri.store.labels import find_labels, labels_revision, read_labels, set_labels
from sokkuri.store.unwritable import sqlite_version
from sokkuri.web.services.browse import (
    folder_location,
    image_fields,
    unknown_image_error,
)
from sokkuri.web.services.thread_pool import CollectionPool
from sokkuri.web.services.word_candidates import WordQuery, word_candidates

Document = dict[str, Any]
Pairs = tuple[tuple[str, str], ...]

_MAX_DOCUMENTS = 16
_MAX_WAITING = 16
_VOTERS = 5  # nearest labelled images that vote for a guess
_LATEST = 4096  # latest labelled images to compare if a search returns too few labelled ones


@dataclass(frozen=True, slots=True)
class SuggestionQuery:
    """Parameters of suggestions. n : largest number. without : ids of images to leave out."""

    n: int
    under: str | None = None
    where: str | None = None
    without: tuple[str, ...] = ()


class LabelService:
    """Suggestions, the accuracy curve and counts of the collection at `where`, with a cache.

    One thread computes the slow documents, one after another, so that other requests do not wait
    for them.
    """

    def __init__(self, where: Path, withheld: frozenset[str] = frozenset()) -> None:
        self._pool = CollectionPool(where, 1, _MAX_WAITING, withheld=withheld)
        self._documents = DocumentCache()
        self._pairs = PairCache()
        self._running: Progress[object] | None = None

    def state(self) -> Document:
        """Return a SuggestionStateDocument: how far the running suggestions are."""
        step = self._running
        fields = ("stage", "done", "total")
        return {"running": step and {name: getattr(step, name) for name in fields}}

    async def suggestions(self, query: SuggestionQuery, revision: str) -> Document:
        """Return a SuggestionListDocument. Raises UsageError, BusyError."""

        def find(collection: Collection) -> Document:
            self._report(Progress("reading", 0, 0))
            try:
                same = self._pairs.get(collection, revision)
                return self._documents.get(
                    collection,
                    (revision, query, same),
                    lambda it: suggestions(it, query, same, self._report),
                )
            finally:
                self._running = None

        return await self._pool.run(find)

    async def word_candidates(self, query: WordQuery, words: WordReader) -> Document:
        """Return a WordCandidatesDocument. Raises UsageError, BusyError."""
        return await self._pool.run(word_candidates, query, words)

    async def curve(self, revision: str) -> Document:
        """Return a CurveDocument. Raises BusyError."""
        return await self._pool.run(self._documents.get, (revision, "curve"), curve)

    async def counts(self, revision: str, pool: CollectionPool) -> Document:
        """Return a LabelListDocument. It runs in `pool`, so it does not wait for suggestions.
        Raises BusyError."""
        return await pool.run(self._documents.get, (revision, "counts"), counts)

    def _report(self, step: Progress[object]) -> None:
        self._running = step

    def close(self) -> None:
        """Cancel the waiting calls."""
        self._pool.close()


class DocumentCache:
    """The latest documents, each for one state of the labels. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._documents: LRUCache[Hashable, Document] = LRUCache(_MAX_DOCUMENTS)

    def get(
        self, collection: Collection, key: Hashable, create: Callable[[Collection], Document]
    ) -> Document:
        """Return a document; create it if labels have changed. key : all else it depends on."""
        full_key = (labels_revision(collection.catalog), key)
        with self._lock:
            if full_key in self._documents:
                return self._documents[full_key]
        document = create(collection)
        with self._lock:
            self._documents[full_key] = document
        return document


class PairCache:
    """The known pairs of near-duplicates, for one thread. In a large collection, reading them takes
    longer than a person needs to set a label."""

    def __init__(self) -> None:
        self._state: Hashable = None
        self._pairs: Pairs = ()

    def get(self, collection: Collection, revision: str) -> Pairs:
        """Return pairs of ids; read them again if images, comparisons or decisions have changed."""
        compared = sqlite_version(pair_store_path(collection))
        state = (revision, compared, read_decisions(collection.catalog).different)
        if state != self._state:
            self._pairs = known_pairs(collection)
            self._state = state
        return self._pairs


def suggestions(
    collection: Collection,
    query: SuggestionQuery,
    same: Pairs = (),
    on_progress: OnProgress = lambda _: None,
) -> Document:
    """Return images to label next, as SuggestionListDocument. same : pairs of near-duplicates, of
    which only one is suggested. Raises UsageError."""
    images = suggest(
        collection,
        SuggestOptions(
            n=query.n,
            under=folder_location(collection, query.under),
            where=query.where,
            without=query.without,
            same=same,
        ),
        on_progress,
    )
    rows = images_by_id(collection.catalog, [image.id for image in images])
    return {
        "suggestions": [
            {"rank": image.rank, **_shown(rows[image.id]), "score": image.score, "why": image.why}
            for image in images
            if image.id in rows
        ]
    }


def counts(collection: Collection) -> Document:
    """Return every label with its number of images, as LabelListDocument. The order is that of
    first use, so that a key on the page keeps its label."""
    images = Counter(read_labels(collection.catalog).values())
    return {
        "labels": [{"label": label, "count": count} for label, count in images.items()],
        "labelled": images.total(),
        "total": count_images(collection.catalog).live,
    }


def curve(collection: Collection) -> Document:
    """Return the estimated accuracy by the number of labels, as CurveDocument."""
    points = accuracy_curve(collection)
    return {"curve": [{"labels": labels, "accuracy": accuracy} for labels, accuracy in points]}


def give(
    collection: Collection,
    labels: Sequence[tuple[str, str | None]],
    expected: Mapping[str, str | None] | None = None,
) -> Document:
    """Set labels and return the old ones, as PreviousLabelsDocument. expected : labels that the
    sender believes images to have. Raises UnknownImageError, UsageError and ConflictError before
    any change."""
    before = set_labels(collection.catalog, labels, expected)
    return {"before": [{"id": id_, "label": label} for id_, label in before]}


def rename(collection: Collection, label: str, to: str | None) -> Document:
    """Rename, merge or delete a label, and return a LabelEditDocument. Raises UsageError."""
    return asdict(replace_label(collection.catalog, label, to))


def undo_rename(collection: Collection, edit: int) -> Document:
    """Undo such a change, and return it as a LabelEditDocument. Raises UsageError."""
    return asdict(undo_label_edit(collection.catalog, edit))


def export(collection: Collection) -> bytes:
    """Return all labels as CSV, in the format that `label --import` reads. Ids keep their bytes.
    Names that a spreadsheet would take for a formula are not changed."""
    lines = "".join(export_labels(collection.catalog))
    return lines.encode("utf-8", "surrogateescape")


def has_unlabelled(
    collection: Collection, id_: str, hits: Sequence[Document], unlabelled: int
) -> bool:
    """Return whether at least `unlabelled` hits have no label. The image itself does not count."""
    return len(_split_by_label(collection, id_, hits)[1]) >= unlabelled


def near(
    collection: Collection,
    id_: str,
    around: Sequence[Document],
    free: Sequence[Document],
    labelled: int,
    unlabelled: int,
) -> Document:
    """Return images near an image, as NearbyImagesDocument.

    around : hits of a search for it, for the labelled images. free : hits of a search with filters,
    for the unlabelled images. Raises UnknownImageError.
    """
    labelled_hits = _split_by_label(collection, id_, around)[0]
    if len(labelled_hits) < labelled:
        labelled_hits = _nearest_labelled(collection, id_, labelled)
    labelled_hits = labelled_hits[:labelled]
    unlabelled_hits = _split_by_label(collection, id_, free)[1][:unlabelled]
    return {
        "id": id_,
        "label": find_labels(collection.catalog, [id_]).get(id_),
        "labelled": _with_ranks(labelled_hits),
        "unlabelled": _with_ranks(unlabelled_hits),
        "guess": _guess_label(labelled_hits[:_VOTERS]),
    }


def _split_by_label(
    collection: Collection, id_: str, hits: Sequence[Document]
) -> tuple[list[Document], list[Document]]:
    """Return the labelled and the unlabelled hits, without the image itself."""
    others = [hit for hit in hits if hit["id"] != id_]
    labels = find_labels(collection.catalog, [hit["id"] for hit in others])
    documents = [{**hit, "label": labels.get(hit["id"])} for hit in others]
    return (
        [document for document in documents if document["label"]],
        [document for document in documents if not document["label"]],
    )


def _nearest_labelled(collection: Collection, id_: str, most: int) -> list[Document]:
    """Return the nearest of the latest labelled images, by exact distances. Raises
    UnknownImageError."""
    row = find_image(collection.catalog, id_)
    if row is None or row.row is None or row.removed:
        raise unknown_image_error(id_)
    labels = read_labels(collection.catalog)
    latest = [labelled_id for labelled_id in labels if labelled_id != id_][-_LATEST:]
    rows = images_by_id(collection.catalog, latest)
    latest = [labelled_id for labelled_id in latest if labelled_id in rows]
    if not latest:
        return []
    places = [tuple(rows[one][6:8]) for one in latest]
    query = collection.read_vectors([(row.row.shard, row.row.row)])[0].astype(np.float64)
    far = distances(
        collection.read_vectors(places).astype(np.float64), query, collection.model.metric
    )
    nearest = np.argsort(far, kind="stable")[:most].tolist()
    return [
        {
            **_shown(rows[latest[at]]),
            "distance": float(far[at]),
            "label": labels[latest[at]],
        }
        for at in nearest
    ]


def _shown(row: Sequence[Any]) -> Document:
    """Return a row of `image_pages.images_by_id` as the fields that all image documents share."""
    id_, path, width, height, digest = row[:5]
    return image_fields(id_, path, width, height, digest)


def _with_ranks(hits: Sequence[Document]) -> list[Document]:
    """Return the hits with ranks from 1."""
    return [{**hit, "rank": rank} for rank, hit in enumerate(hits, 1)]


def _guess_label(voters: Sequence[Mapping[str, Any]]) -> Document | None:
    """Return the most frequent label as GuessDocument. In a tie the nearest one wins."""
    votes = Counter(hit["label"] for hit in voters)
    if not votes:
        return None
    label, count = votes.most_common(1)[0]
    return {"label": label, "share": count / len(voters)}

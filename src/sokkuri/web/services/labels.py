"""What the pages ask about labels: counts, what to label next, what is near an image, a change.

Takes a Collection, or for what takes long the LabelService with threads of its own; hands on plain
dictionaries, the documents of schemas_labels.py.
"""

import threading
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from cachetools import LRUCache

from sokkuri.api import Collection
from sokkuri.curation.duplicates import pair_store
from sokkuri.curation.duplicates.find import known_pairs
from sokkuri.curation.labeling.label_files import export_labels
from sokkuri.curation.labeling.suggest import SuggestOptions, accuracy_curve, suggest
from sokkuri.search.vectors import distances
from sokkuri.store.decisions import read_decisions
from sokkuri.store.derived import sqlite_version
from sokkuri.store.images import count_images, find_image
from sokkuri.store.labels import labels_of, labels_turn, read_labels, set_labels
from sokkuri.web.services.browse import described, folder_in, parts, unknown, version
from sokkuri.web.services.thread_pool import CollectionPool

Document = dict[str, Any]
Pairs = tuple[tuple[str, str], ...]

_KEPT = 16
_VOTERS = 5  # nearest labelled images that a guess is made of
_LATEST = 4096  # labelled images that are measured where a search has met too few


@dataclass(frozen=True, slots=True)
class SuggestionQuery:
    """Which suggestions. without : ids that a person has passed over, or has at hand."""

    n: int
    under: str | None = None
    where: str | None = None
    without: tuple[str, ...] = ()


class LabelService:
    """What takes long, one after another, for the collection in `where`, so that it holds up
    nothing else. What was found is kept for as long as it holds."""

    def __init__(self, where: Path) -> None:
        self._pool = CollectionPool(where, 1, 16)
        self._kept = DocumentCache()
        self._same = PairCache()

    async def suggestions(self, wanted: SuggestionQuery, revision: str) -> Document:
        """As SuggestionListDocument. Raises UsageError, BusyError."""

        def find(collection: Collection) -> Document:
            same = self._same.get(collection, revision)
            about = (revision, wanted, same)
            return self._kept.get(collection, about, lambda it: suggestions(it, wanted, same))

        return await self._pool.run(find)

    async def curve(self, revision: str) -> Document:
        """As CurveDocument. Raises BusyError."""
        return await self._pool.run(self._kept.get, (revision, "curve"), curve)

    async def counts(self, revision: str, pool: CollectionPool) -> Document:
        """As LabelListDocument, at once: not behind suggestions. Raises BusyError."""
        return await pool.run(self._kept.get, (revision, "counts"), counts)

    def close(self) -> None:
        self._pool.close()


class DocumentCache:
    """Documents that were made last, shared by threads, each for one state of the labels."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._documents: LRUCache[Hashable, Document] = LRUCache(_KEPT)

    def get(
        self, collection: Collection, about: Hashable, make: Callable[[Collection], Document]
    ) -> Document:
        """The document, made anew if labels have changed. about : what it depends on besides."""
        name = (labels_turn(collection.catalog), about)
        with self._lock:
            if name in self._documents:
                return self._documents[name]
        made = make(collection)
        with self._lock:
            self._documents[name] = made
        return made


class PairCache:
    """The near-duplicates that are known, for one thread: grouping those of a large collection
    takes longer than labels take to be given."""

    def __init__(self) -> None:
        self._state: Hashable = None
        self._pairs: Pairs = ()

    def get(self, collection: Collection, revision: str) -> Pairs:
        """Of ids; found anew if images, comparisons or decisions have changed."""
        compared = sqlite_version(pair_store.place(collection))
        state = (revision, compared, read_decisions(collection.catalog).different)
        if state != self._state:
            self._pairs = known_pairs(collection)
            self._state = state
        return self._pairs


def suggestions(collection: Collection, wanted: SuggestionQuery, same: Pairs = ()) -> Document:
    """Return images to label next, as SuggestionListDocument. same : pairs of near-duplicates, of
    which only one is suggested. Raises UsageError."""
    found = suggest(
        collection,
        SuggestOptions(
            n=wanted.n,
            under=folder_in(collection, wanted.under),
            where=wanted.where,
            without=wanted.without,
            same=same,
        ),
    )
    rows = described(collection, [one.id for one in found])
    return {
        "suggestions": [
            {"rank": one.rank, **_shown(rows[one.id]), "score": one.score, "why": one.why}
            for one in found
            if one.id in rows
        ]
    }


def counts(collection: Collection) -> Document:
    """Return every label with its number of images, as LabelListDocument. The order is that of
    first use, so that a key on the page keeps its label."""
    found = Counter(read_labels(collection.catalog).values())
    return {
        "labels": [{"label": label, "count": count} for label, count in found.items()],
        "labelled": found.total(),
        "total": count_images(collection.catalog).live,
    }


def curve(collection: Collection) -> Document:
    """The estimated accuracy by the number of labels, as CurveDocument."""
    points = accuracy_curve(collection)
    return {"curve": [{"labels": labels, "accuracy": accuracy} for labels, accuracy in points]}


def give(collection: Collection, labels: Sequence[tuple[str, str | None]]) -> Document:
    """Set labels and return the old ones, as PreviousLabelsDocument. Raises UnknownImageError and
    UsageError before any change."""
    before = set_labels(collection.catalog, labels)
    return {"before": [{"id": id_, "label": label} for id_, label in before]}


def export(collection: Collection) -> bytes:
    """All labels as CSV, ids byte for byte: what `label --import` reads again. Nothing is put
    before a name that a spreadsheet would take for a formula."""
    lines = "".join(export_labels(collection.catalog))
    return lines.encode("utf-8", "surrogateescape")


def has_unlabelled(
    collection: Collection, id_: str, hits: Sequence[Document], unlabelled: int
) -> bool:
    """Whether so many of the hits, besides the image itself, have no label."""
    return len(_others(collection, id_, hits)[1]) >= unlabelled


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
    known = _others(collection, id_, around)[0]
    if len(known) < labelled:
        known = _measured(collection, id_, labelled)
    known = known[:labelled]
    return {
        "id": id_,
        "label": labels_of(collection.catalog, [id_]).get(id_),
        "labelled": _ranked(known),
        "unlabelled": _ranked(_others(collection, id_, free)[1][:unlabelled]),
        "guess": _guess(known[:_VOTERS]),
    }


def _others(
    collection: Collection, id_: str, hits: Sequence[Document]
) -> tuple[list[Document], list[Document]]:
    """The hits but for the image itself : labelled ones, others."""
    others = [hit for hit in hits if hit["id"] != id_]
    labels = labels_of(collection.catalog, [hit["id"] for hit in others])
    told = [{**hit, "label": labels.get(hit["id"])} for hit in others]
    return [one for one in told if one["label"]], [one for one in told if not one["label"]]


def _measured(collection: Collection, id_: str, most: int) -> list[Document]:
    """The nearest of those that were labelled last, measured one and all."""
    row = find_image(collection.catalog, id_)
    if row is None or row.at is None:
        raise unknown(id_)
    labels = read_labels(collection.catalog)
    latest = [one for one in labels if one != id_][-_LATEST:]
    rows = described(collection, latest)
    latest = [one for one in latest if one in rows]
    if not latest:
        return []
    places = [tuple(rows[one][6:8]) for one in latest]
    query = collection.vectors([(row.at.shard, row.at.row)])[0].astype(np.float64)
    far = distances(collection.vectors(places).astype(np.float64), query, collection.model.metric)
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
    """A row of `browsing.described` as what pages show of an image."""
    id_, path, width, height, digest = row[:5]
    folder, name = parts(path)
    return {
        "id": id_, "name": name, "folder": folder, "width": width, "height": height,
        "v": version(digest),
    }  # fmt: skip


def _ranked(hits: Sequence[Document]) -> list[Document]:
    return [{**hit, "rank": rank} for rank, hit in enumerate(hits, 1)]


def _guess(voters: Sequence[Mapping[str, Any]]) -> Document | None:
    """What most say; of equally many, the nearest."""
    votes = Counter(one["label"] for one in voters)
    if not votes:
        return None
    label, count = votes.most_common(1)[0]
    return {"label": label, "share": count / len(voters)}

"""Images that may deserve one of some labels, found by words alone, for the page Label.

Takes a Collection, the text side of its model, and labels; returns a WordCandidatesDocument as a
dictionary. Nothing is labelled.
"""

from dataclasses import dataclass
from typing import Any

from sokkuri.api import Collection
from sokkuri.curation.labeling.word_labels import suggest_labels
from sokkuri.search.words import WordReader
from sokkuri.store.image_pages import images_by_id
from sokkuri.store.labels import clean_label
from sokkuri.web.services.browse import folder_location, image_fields


@dataclass(frozen=True, slots=True)
class WordQuery:
    """Labels to choose from. n : largest number of images for each."""

    labels: tuple[str, ...]
    n: int
    min_confidence: float
    under: str | None = None
    where: str | None = None


def word_candidates(collection: Collection, query: WordQuery, words: WordReader) -> dict[str, Any]:
    """Return the images that fit each label best, as WordCandidatesDocument. Raises UsageError."""
    suggested = suggest_labels(
        collection,
        query.labels,
        query.min_confidence,
        under=folder_location(collection, query.under),
        where=query.where,
        words=words,
    )
    labels = list(dict.fromkeys(map(clean_label, query.labels)))
    by_label = {label: [one for one in suggested if one.label == label] for label in labels}
    shown = {label: found[: query.n] for label, found in by_label.items()}
    ids = [one.id for found in shown.values() for one in found]
    rows = images_by_id(collection.catalog, ids)
    return {
        "words": [
            {
                "label": label,
                "count": len(by_label[label]),
                "candidates": [
                    {**image_fields(*rows[one.id][:5]), "confidence": one.confidence}
                    for one in found
                    if one.id in rows
                ],
            }
            for label, found in shown.items()
        ]
    }

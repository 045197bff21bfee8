"""Measure searches by words: a folder for each class, and the class's name as the query.

    COLLECTION=~/words python -m benchmarks words

COLLECTION is a collection by a model that knows words, whose images lie in one folder for each
class: `cat/`, `red bicycle/`. Each name is searched alone and as "a photo of NAME".
"""

import os
import statistics
import time
from pathlib import Path

import numpy as np

from benchmarks.harness import table
from sokkuri import Collection, Hits, Searcher
from sokkuri.search.terms import Text

PROMPTS = ("{}", "a photo of {}")


def report() -> str:
    """Return a table with a row for each prompt: shares over all classes, and milliseconds."""
    where = os.environ.get("COLLECTION")
    if not where:
        raise SystemExit("name the collection: COLLECTION=DIR python -m benchmarks words")
    with Collection.open(Path(where).expanduser(), "ro") as collection:
        searcher = Searcher(collection)
        total = collection.status(engines=False).total
        everything = searcher.search([Text("a photo")], total)
        classes = sorted({image.path.partition("/")[0] for image in everything.images})
        rows = [_measure(searcher, prompt, classes, total) for prompt in PROMPTS]
        model = collection.model.name
    head = ("prompt", "P@1", "P@10", "mAP", "right among good", "good among right", "ms")
    return f"{model}, {total:,} images, {len(classes)} classes\n\n" + table(head, rows)


def _measure(searcher: Searcher, prompt: str, classes: list[str], total: int) -> tuple[str, ...]:
    """Return a row of the table: shares of the hits that lie in the folder of their class."""
    facts, milliseconds = [], []
    for name in classes:
        start = time.perf_counter()
        hits = searcher.search([Text(prompt.format(name.replace("_", " ")))], total)
        milliseconds.append(1000 * (time.perf_counter() - start))
        facts.append(_judge(hits, name))
    means = np.nanmean(np.array(facts), axis=0)
    return (prompt, *(f"{mean:.3f}" for mean in means), f"{statistics.median(milliseconds):.1f}")


def _judge(hits: Hits, name: str) -> tuple[float, ...]:
    """Return P@1, P@10, average precision, and the precision and recall of the good matches."""
    right = np.array([image.path.startswith(f"{name}/") for image in hits.images])
    good = np.array([bool(hit.good) for hit in hits])
    ranks = np.flatnonzero(right) + 1
    precisions = np.arange(1, len(ranks) + 1) / ranks
    among_good = float(right[good].mean()) if good.any() else np.nan
    return (
        float(right[0]),
        float(right[:10].mean()),
        float(precisions.mean()),
        among_good,
        float(good[right].mean()),
    )

"""What to label next: accuracy on held-out photos by the number of labels, and run times.

    python -m benchmarks.suggesting ROOT      (times one choice in a collection, prints JSON)

The photos are those of shared/data/clothing; their folders are the classes. Each seed splits them:
two thirds form the pool to choose from, one third is held out. Each method sees only the pool,
without labels. Then a k-NN classifier with the labels of the chosen photos classifies the held-out
photos.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.features import real_vectors
from benchmarks.harness import SHARED, run, table
from benchmarks.large_collection import write_collection
from sokkuri.api import Collection
from sokkuri.core.types import Features
from sokkuri.curation.labeling.accuracy_curve import accuracy_curve
from sokkuri.curation.labeling.knn_vote import NEIGHBOURS, encode_labels, knn_votes
from sokkuri.curation.labeling.outliers import find_outliers, likely_mislabelled
from sokkuri.curation.labeling.suggest import (
    Method,
    SuggestOptions,
    suggest,
)
from sokkuri.indexing.options import SyncOptions
from sokkuri.search.vectors import normalised
from sokkuri.store.labels import set_labels

LABELS = (10, 20, 40, 60, 80, 100, 120, 150, 200, 300)
SEEDS, DRAWS = 5, 5  # random choices for each seed
ROWS = 100_000
ODD, FLIPPED = 30, 75

Order = Sequence[int]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Photos:
    """vectors : (N, D), of length 1. ids : N ids, which begin with the folder. labels : (N,), from
    0."""

    vectors: Features
    ids: list[str]
    labels: Numbers

    def select(self, chosen: Numbers) -> "Photos":
        return Photos(
            self.vectors[chosen], [self.ids[index] for index in chosen], self.labels[chosen]
        )


def read_photos() -> Photos:
    """Index all photos, and return them."""
    with (
        tempfile.TemporaryDirectory() as name,
        Collection.create(SHARED / "clothing", store=Path(name) / "store") as collection,
    ):
        for _ in collection.sync(SyncOptions()):
            pass
        rows = collection.catalog.fetch_all("SELECT id, shard, row FROM images ORDER BY id")
        vectors = collection.read_vectors([row[1:] for row in rows])
    ids = [row[0] for row in rows]
    _, labels = encode_labels([id_.partition("/")[0] for id_ in ids])
    return Photos(normalised(vectors, "cosine"), ids, labels)


@contextmanager
def open_collection(photos: Photos) -> Iterator[Collection]:
    """Give a collection of these vectors."""
    from synthetic_collection import Bench, create_empty

    with (
        tempfile.TemporaryDirectory() as name,
        create_empty(Path(name) / "photos", photos.vectors.shape[1]) as collection,
    ):
        bench = Bench(collection)
        bench.add_vectors(photos.vectors, photos.ids)
        bench.digests.close()
        yield collection


def suggest_order(pool: Photos, method: Method, step: int | None = None) -> Order:
    """Return the order in which `suggest` chooses images of the pool.

    step : label this number of images at a time; None for all at once.
    """
    index_of = {id_: index for index, id_ in enumerate(pool.ids)}
    ids: list[str] = []
    with open_collection(pool) as collection:
        while len(ids) < LABELS[-1]:
            labels = {id_: id_.partition("/")[0] for id_ in ids}
            count = min(step or LABELS[-1], LABELS[-1] - len(ids))
            ids += [
                image.id
                for image in suggest(collection, SuggestOptions(count, method, labels=labels))
            ]
    return [index_of[id_] for id_ in ids]


def centres(pool: Photos, count: int, rng: np.random.Generator) -> Order:
    """Return the photos nearest to the centres of plain k-means."""
    points = pool.vectors
    means = points[rng.choice(len(points), count, replace=False)]
    for _ in range(20):
        nearest = np.argmax(points @ means.T - np.square(means).sum(axis=1) / 2, axis=1)
        means = np.stack(
            [
                points[nearest == cluster].mean(axis=0)
                if (nearest == cluster).any()
                else points[rng.integers(len(points))]
                for cluster in range(count)
            ]
        )
    distances = np.square(means).sum(axis=1) / 2 - points @ means.T
    chosen: list[int] = np.unique(distances.argmin(axis=0)).tolist()
    return chosen


def accuracy(pool: Photos, chosen: Order, held_out: Photos) -> float:
    """Return the accuracy of the k-NN classifier that has the labels of the chosen photos."""
    rows = np.array(chosen)
    similarities = held_out.vectors @ pool.vectors[rows].T
    predicted = knn_votes(
        similarities, pool.labels[rows], int(pool.labels.max()) + 1, NEIGHBOURS
    ).argmax(axis=1)
    return float((predicted == held_out.labels).mean())


def curves(everything: Photos) -> Mapping[str, list[list[float]]]:
    """Return by method : a curve over LABELS for each try."""
    by_method: dict[str, list[list[float]]] = {}
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(everything.ids))
        cut = len(order) * 2 // 3
        pool, held_out = everything.select(order[:cut]), everything.select(order[cut:])
        tries = {
            "`density`, the default": [suggest_order(pool, "density")],
            "`density`, 20 at a time": [suggest_order(pool, "density", 20)],
            "`k-center`": [suggest_order(pool, "k-center")],
            "random": [rng.permutation(cut).tolist() for _ in range(DRAWS)],
        }
        for name, orders in tries.items():
            by_method.setdefault(name, []).extend(
                [accuracy(pool, order_[:count], held_out) for count in LABELS] for order_ in orders
            )
        by_method.setdefault("k-means centres", []).append(
            [accuracy(pool, centres(pool, count, rng), held_out) for count in LABELS]
        )
    return by_method


def labels_to_reach(curve: Sequence[float], target: float) -> str:
    """Return the number of labels at which the mean curve reaches `target`, by interpolation."""
    for number, value in enumerate(curve):
        if value >= target:
            if number == 0:
                return str(LABELS[0])
            before = curve[number - 1]
            share = (target - before) / (value - before)
            return f"{LABELS[number - 1] + share * (LABELS[number] - LABELS[number - 1]):.0f}"
    return f"more than {LABELS[-1]}"


def accuracy_table(everything: Photos) -> str:
    """Return a table of the accuracy by method and number of labels."""
    by_method = curves(everything)
    means = {name: np.mean(tries, axis=0).tolist() for name, tries in by_method.items()}
    target = means["random"][LABELS.index(200)]
    rows = [
        [name, *(f"{100 * value:.1f}" for value in curve), labels_to_reach(curve, target)]
        for name, curve in means.items()
    ]
    spread = max(float(np.std(tries, axis=0).max()) for tries in by_method.values())
    return (
        f"Accuracy in % of a {NEIGHBOURS}-NN classifier on 500 held-out photos of 10 classes; 1,000"
        f" to choose from; means of {SEEDS} seeds, random drawn {DRAWS} times each (standard"
        f" deviations are at most {100 * spread:.1f}). Last: labels that reach the accuracy of"
        f" random's 200.\n\n{table(['chosen by', *map(str, LABELS), 'reach'], rows)}"
    )


def accuracy_estimate(everything: Photos) -> str:
    """Return the estimate of the page Label and the true accuracy, after 200 suggestions."""
    pool = everything.select(np.random.default_rng(0).permutation(len(everything.ids))[:1000])
    order = suggest_order(pool, "density")[:200]
    with open_collection(pool) as collection:
        ids = [pool.ids[index] for index in order]
        set_labels(collection.catalog, [(id_, id_.partition("/")[0]) for id_ in ids])
        last = accuracy_curve(collection)[-1][1]
    rest = np.setdiff1d(np.arange(len(pool.ids)), order)
    true = accuracy(pool, order, pool.select(rest))
    return f"The Label page's estimate after 200 suggestions: {last:.2f}; the truth: {true:.2f}."


def misfits(everything: Photos) -> str:
    """Return how many changed labels and how many foreign images are found."""
    rng = np.random.default_rng(0)
    names = [id_.partition("/")[0] for id_ in everything.ids]
    classes = sorted(set(names))
    wrong = rng.choice(len(names), FLIPPED, replace=False).tolist()
    labels = dict(zip(everything.ids, names, strict=True))
    for index in wrong:
        others = [name for name in classes if name != names[index]]
        labels[everything.ids[index]] = others[int(rng.integers(len(others)))]
    with open_collection(everything) as collection:
        found = [image.id for image in likely_mislabelled(collection, labels, 2 * FLIPPED)]
    planted = {everything.ids[index] for index in wrong}
    hits = [sum(id_ in planted for id_ in found[:count]) for count in (FLIPPED, 2 * FLIPPED)]
    odd = _foreign_vectors()
    ids = [f"elsewhere/{number}" for number in range(len(odd))]
    both = Photos(
        np.concatenate([everything.vectors, odd]), [*everything.ids, *ids],
        np.concatenate([everything.labels, np.zeros(len(odd), np.int64)]),
    )  # fmt: skip
    with open_collection(both) as collection:
        strange = [image.id for image in find_outliers(collection, 2 * len(odd))]
    odd_hits = [sum(id_ in {*ids} for id_ in strange[:count]) for count in (len(odd), 2 * len(odd))]
    return (
        f"Of {FLIPPED} labels changed at random among {len(names):,}, {hits[0]} are among the first"
        f" {FLIPPED} of `mistakes`, {hits[1]} among the first {2 * FLIPPED}. Of {len(odd)} pictures"
        f" of other things put among the photos, {odd_hits[0]} are among the first {len(odd)} of"
        f" `outliers`, {odd_hits[1]} among the first {2 * len(odd)}."
    )


def _foreign_vectors() -> Features:
    """Return vectors of ODD images of other things, from the format test images, without similar
    ones."""
    from PIL import Image

    from sokkuri.models import resolve_model
    from sokkuri.models.extractor import Extractor

    extractor = Extractor(resolve_model())
    vectors: list[NDArray[np.float32]] = []
    for path in np.random.default_rng(0).permutation(sorted((SHARED / "odd").rglob("*.*"))):
        try:
            with Image.open(path) as image:
                small = image.convert("RGB").resize((224, 224), Image.Resampling.BICUBIC)
        except Exception:  # noqa: BLE001 - some of these files are broken
            continue
        vector = normalised(extractor.extract(np.asarray(small)[None]), "cosine")[0]
        if all(float(vector @ other) < 0.7 for other in vectors):
            vectors.append(vector)
        if len(vectors) == ODD:
            break
    return np.stack(vectors)


def time_choices(root: Path) -> None:
    """Print the seconds of suggestions and outliers in the collection, as JSON."""
    took = {}
    with Collection.open(root, "ro") as collection:
        for method in ("density", "k-center"):
            started = time.perf_counter()
            assert len(suggest(collection, SuggestOptions(100, method))) == 100
            took[f"suggest, {method}"] = time.perf_counter() - started
        started = time.perf_counter()
        assert len(find_outliers(collection, 100)) == 100
        took["outliers"] = time.perf_counter() - started
    print(json.dumps(took))


def run_times() -> str:
    """Return the times of 100 suggestions and of outliers of many rows, in their own process."""
    with tempfile.TemporaryDirectory() as name:
        np.save(Path(name) / "real.npy", real_vectors())
        write_collection(Path(name) / "real.npy", Path(name) / "collection", ROWS, "float32")
        done = run([sys.executable, "-m", "benchmarks.suggesting", f"{name}/collection"])
    rows = [[what, f"{took:.1f} s"] for what, took in json.loads(done.out).items()]
    return (
        f"100 of {ROWS:,} x 1280 mixtures of real features, peak memory"
        f" {done.rss / 2**30:.1f} GiB.\n\n{table(['what', 'time'], rows)}"
    )


def report() -> str:
    everything = read_photos()
    parts = (
        accuracy_table(everything),
        accuracy_estimate(everything),
        misfits(everything),
        run_times(),
    )
    return "\n\n".join(parts)


if __name__ == "__main__":
    time_choices(Path(sys.argv[1]))

"""What to label next: accuracy on held-out photos by the number of labels, and the time it takes.

    python -m benchmarks.suggesting ROOT      (times one choice in a collection, prints JSON)

The photos are shared/data/clothing, their folders the classes. Each seed parts them: two thirds
may be labelled, one third is held out. Every way of choosing sees the first part alone, without
its labels; a k-NN classifier then tells the held-out photos from what was chosen.
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

from benchmarks.features import real
from benchmarks.harness import SHARED, run, table
from benchmarks.made import make
from sokkuri.api import Collection
from sokkuri.core.types import Features
from sokkuri.curation.labeling.knn_vote import encode_labels, knn_votes
from sokkuri.curation.labeling.outliers import find_outliers, likely_mislabelled
from sokkuri.curation.labeling.suggest import (
    NEIGHBOURS,
    Method,
    SuggestOptions,
    accuracy_curve,
    suggest,
)
from sokkuri.indexing.options import SyncOptions
from sokkuri.search.vectors import normalised
from sokkuri.store.labels import set_labels

LABELS = (10, 20, 40, 60, 80, 100, 120, 150, 200, 300)
SEEDS, DRAWS = 5, 5  # random choices are drawn some times a seed
ROWS = 100_000
ODD, FLIPPED = 30, 75

Order = Sequence[int]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Photos:
    """vectors : (N, D) of length 1. ids : N names, the folder first. labels : (N,) from 0."""

    vectors: Features
    ids: list[str]
    labels: Numbers

    def part(self, chosen: Numbers) -> "Photos":
        return Photos(self.vectors[chosen], [self.ids[at] for at in chosen], self.labels[chosen])


def photos() -> Photos:
    """All of them, by `sokkuri index`."""
    with (
        tempfile.TemporaryDirectory() as name,
        Collection.create(SHARED / "clothing", store=Path(name) / "store") as collection,
    ):
        for _ in collection.sync(SyncOptions()):
            pass
        rows = collection.catalog.all("SELECT id, shard, row FROM images ORDER BY id")
        vectors = collection.vectors([row[1:] for row in rows])
    ids = [row[0] for row in rows]
    _, labels = encode_labels([id_.partition("/")[0] for id_ in ids])
    return Photos(normalised(vectors, "cosine"), ids, labels)


@contextmanager
def collected(photos: Photos) -> Iterator[Collection]:
    """A collection of these vectors."""
    from synthetic_collection import Bench, create_empty

    with (
        tempfile.TemporaryDirectory() as name,
        create_empty(Path(name) / "photos", photos.vectors.shape[1]) as collection,
    ):
        bench = Bench(collection)
        bench.add_vectors(photos.vectors, photos.ids)
        bench.known.close()
        yield collection


def suggested(pool: Photos, method: Method, step: int | None = None) -> Order:
    """The order in which `suggest` would have the pool labelled: at once, or so many at a time."""
    place = {id_: at for at, id_ in enumerate(pool.ids)}
    found: list[str] = []
    with collected(pool) as collection:
        while len(found) < LABELS[-1]:
            labels = {id_: id_.partition("/")[0] for id_ in found}
            count = min(step or LABELS[-1], LABELS[-1] - len(found))
            found += [
                one.id for one in suggest(collection, SuggestOptions(count, method, labels=labels))
            ]
    return [place[id_] for id_ in found]


def centres(pool: Photos, count: int, rng: np.random.Generator) -> Order:
    """The photos nearest to the centres of plain k-means."""
    points = pool.vectors
    held = points[rng.choice(len(points), count, replace=False)]
    for _ in range(20):
        nearest = np.argmax(points @ held.T - np.square(held).sum(axis=1) / 2, axis=1)
        held = np.stack(
            [
                points[nearest == at].mean(axis=0)
                if (nearest == at).any()
                else points[rng.integers(len(points))]
                for at in range(count)
            ]
        )
    apart = np.square(held).sum(axis=1) / 2 - points @ held.T
    found: list[int] = np.unique(apart.argmin(axis=0)).tolist()
    return found


def accuracy(pool: Photos, chosen: Order, held_out: Photos) -> float:
    """Of the k-NN classifier that has seen the labels of the chosen ones."""
    at = np.array(chosen)
    alike = held_out.vectors @ pool.vectors[at].T
    said = knn_votes(alike, pool.labels[at], int(pool.labels.max()) + 1, NEIGHBOURS).argmax(axis=1)
    return float((said == held_out.labels).mean())


def curves(everything: Photos) -> Mapping[str, list[list[float]]]:
    """By the way of choosing : a curve over LABELS for each try."""
    found: dict[str, list[list[float]]] = {}
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(everything.ids))
        cut = len(order) * 2 // 3
        pool, held_out = everything.part(order[:cut]), everything.part(order[cut:])
        tries = {
            "`density`, the default": [suggested(pool, "density")],
            "`density`, 20 at a time": [suggested(pool, "density", 20)],
            "`k-center`": [suggested(pool, "k-center")],
            "random": [rng.permutation(cut).tolist() for _ in range(DRAWS)],
        }
        for name, orders in tries.items():
            found.setdefault(name, []).extend(
                [accuracy(pool, one[:count], held_out) for count in LABELS] for one in orders
            )
        found.setdefault("k-means centres", []).append(
            [accuracy(pool, centres(pool, count, rng), held_out) for count in LABELS]
        )
    return found


def reach(curve: Sequence[float], wanted: float) -> str:
    """The first number of labels at which the mean curve is as high, on the line between two."""
    for number, value in enumerate(curve):
        if value >= wanted:
            if number == 0:
                return str(LABELS[0])
            before = curve[number - 1]
            share = (wanted - before) / (value - before)
            return f"{LABELS[number - 1] + share * (LABELS[number] - LABELS[number - 1]):.0f}"
    return f"more than {LABELS[-1]}"


def chosen_by_accuracy(everything: Photos) -> str:
    found = curves(everything)
    means = {name: np.mean(tries, axis=0).tolist() for name, tries in found.items()}
    wanted = means["random"][LABELS.index(200)]
    rows = [
        [name, *(f"{100 * value:.1f}" for value in curve), reach(curve, wanted)]
        for name, curve in means.items()
    ]
    spread = max(float(np.std(tries, axis=0).max()) for tries in found.values())
    return (
        f"Accuracy in % of a {NEIGHBOURS}-NN classifier on 500 held-out photos of 10 classes; 1,000"
        f" to choose from; means of {SEEDS} seeds, random drawn {DRAWS} times each (standard"
        f" deviations are at most {100 * spread:.1f}). Last: labels that reach the accuracy of"
        f" random's 200.\n\n{table(['chosen by', *map(str, LABELS), 'reach'], rows)}"
    )


def estimated(everything: Photos) -> str:
    """The estimate that the Label page shows, beside the truth: 200 suggestions of all photos."""
    pool = everything.part(np.random.default_rng(0).permutation(len(everything.ids))[:1000])
    order = suggested(pool, "density")[:200]
    with collected(pool) as collection:
        ids = [pool.ids[at] for at in order]
        set_labels(collection.catalog, [(id_, id_.partition("/")[0]) for id_ in ids])
        last = accuracy_curve(collection)[-1][1]
    rest = np.setdiff1d(np.arange(len(pool.ids)), order)
    true = accuracy(pool, order, pool.part(rest))
    return f"The Label page's estimate after 200 suggestions: {last:.2f}; the truth: {true:.2f}."


def misfits(everything: Photos) -> str:
    """Labels that were changed, found again; pictures from elsewhere, found again."""
    rng = np.random.default_rng(0)
    names = [id_.partition("/")[0] for id_ in everything.ids]
    classes = sorted(set(names))
    wrong = rng.choice(len(names), FLIPPED, replace=False).tolist()
    labels = dict(zip(everything.ids, names, strict=True))
    for at in wrong:
        others = [name for name in classes if name != names[at]]
        labels[everything.ids[at]] = others[int(rng.integers(len(others)))]
    with collected(everything) as collection:
        found = [one.id for one in likely_mislabelled(collection, labels, 2 * FLIPPED)]
    planted = {everything.ids[at] for at in wrong}
    hits = [sum(id_ in planted for id_ in found[:count]) for count in (FLIPPED, 2 * FLIPPED)]
    odd = _others()
    ids = [f"elsewhere/{at}" for at in range(len(odd))]
    both = Photos(
        np.concatenate([everything.vectors, odd]), [*everything.ids, *ids],
        np.concatenate([everything.labels, np.zeros(len(odd), np.int64)]),
    )  # fmt: skip
    with collected(both) as collection:
        strange = [one.id for one in find_outliers(collection, 2 * len(odd))]
    met = [sum(id_ in {*ids} for id_ in strange[:count]) for count in (len(odd), 2 * len(odd))]
    return (
        f"Of {FLIPPED} labels changed at random among {len(names):,}, {hits[0]} are among the first"
        f" {FLIPPED} of `mistakes`, {hits[1]} among the first {2 * FLIPPED}. Of {len(odd)} pictures"
        f" of other things put among the photos, {met[0]} are among the first {len(odd)} of"
        f" `outliers`, {met[1]} among the first {2 * len(odd)}."
    )


def _others() -> Features:
    """Pictures of other things, drawn from the format test images, no two alike."""
    from PIL import Image

    from sokkuri.models import resolve_model
    from sokkuri.models.extractor import Extractor

    extractor = Extractor(resolve_model())
    found: list[NDArray[np.float32]] = []
    for path in np.random.default_rng(0).permutation(sorted((SHARED / "odd").rglob("*.*"))):
        try:
            with Image.open(path) as image:
                small = image.convert("RGB").resize((224, 224), Image.Resampling.BICUBIC)
        except Exception:  # noqa: BLE001 - these files try decoders
            continue
        vector = normalised(extractor.extract(np.asarray(small)[None]), "cosine")[0]
        if all(float(vector @ other) < 0.7 for other in found):
            found.append(vector)
        if len(found) == ODD:
            break
    return np.stack(found)


def choosing(root: Path) -> None:
    """Time choices in the collection, in this process."""
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


def timed() -> str:
    """100 suggestions and outliers of many rows, in a process of their own."""
    with tempfile.TemporaryDirectory() as name:
        np.save(Path(name) / "real.npy", real())
        make(Path(name) / "real.npy", Path(name) / "collection", ROWS, "float32")
        done = run([sys.executable, "-m", "benchmarks.suggesting", f"{name}/collection"])
    rows = [[what, f"{took:.1f} s"] for what, took in json.loads(done.out).items()]
    return (
        f"100 of {ROWS:,} x 1280 mixtures of real features, peak memory"
        f" {done.rss / 2**30:.1f} GiB.\n\n{table(['what', 'time'], rows)}"
    )


def report() -> str:
    everything = photos()
    parts = (chosen_by_accuracy(everything), estimated(everything), misfits(everything), timed())
    return "\n\n".join(parts)


if __name__ == "__main__":
    choosing(Path(sys.argv[1]))

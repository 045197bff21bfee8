"""Near-duplicates: recall and precision for edited copies, beside perceptual hashes, and times.

Compares copies of photos with their originals and with other photos of the same kind (copies.py).
All pairs count. The peers rank pairs by Hamming distance; their recall is that at a precision of
0.99. Then measures a whole collection.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.copies import EDITS, parse_layout, write_layout
from benchmarks.features import CHUNK, mixtures, real_vectors
from benchmarks.harness import SHARED, run, sokkuri, table
from sokkuri.curation.duplicates.candidates import (
    BATCH,
    CandidateFinder,
    FeatureTable,
    fit_projection,
    signed_sqrt_normalise,
)
from sokkuri.curation.duplicates.compare import PairComparer
from sokkuri.curation.duplicates.contents import (
    UniqueImage,
    feature_table,
    live_contents,
    projection_of,
)
from sokkuri.curation.duplicates.matching import COPY_SCORE
from sokkuri.curation.duplicates.matching.fingerprint import FINGERPRINT_SIDE
from sokkuri.curation.duplicates.pair_store import PairResult
from sokkuri.store.collection import CollectionStore
from sokkuri.store.decisions import Decisions
from sokkuri.store.snapshot import open_snapshot

PRECISION = 0.99

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class CopySearch:
    """An indexed folder of `write_layout`, with the pairs to judge.

    queries : (Q,), gallery : (G,), numbers of `contents`. copies : (Q, G) bool, whether the query
    is a copy of the gallery image. edits : (Q,), "" for queries that are no copies.
    """

    root: Path
    contents: list[UniqueImage]
    queries: NDArray[np.int64]
    gallery: NDArray[np.int64]
    copies: NDArray[np.bool_]
    edits: NDArray[np.str_]

    def path(self, number: int) -> Path:
        return self.root / self.contents[number].images[0].path


def read_setting(root: Path, *, held_out: bool = True) -> CopySearch:
    """Return the queries (copies, and photos without a copy) and the gallery of unedited photos.

    held_out : only queries that no weight was fitted on.
    """
    with CollectionStore.open(root, "ro") as collection:
        contents = [*live_contents(collection, Decisions()).values()]
    roles = parse_layout([content.images[0].path for content in contents])
    plain = np.isin(roles.kind, ["original", "gallery"])
    queries = np.flatnonzero(~plain & ~roles.fitted if held_out else ~plain)
    gallery = np.flatnonzero(plain)
    source = roles.source[queries]
    copies = (source[:, None] == roles.source[gallery]) & (source >= 0)[:, None]
    return CopySearch(root, contents, queries, gallery, copies, roles.edit[queries])


def sokkuri_scores(setting: CopySearch) -> Scores:
    """Return the score of every pair : (Q, G).

    0 for pairs that are no candidates, and for those that the closer comparisons refuse: they keep
    their score, but `duplicates` does not call them copies.
    """
    scores = np.zeros(setting.copies.shape)
    keys = [content.key for content in setting.contents]
    paths = {content.key: setting.root / content.images[0].path for content in setting.contents}
    with (
        CollectionStore.open(setting.root, "ro") as collection,
        open_snapshot(collection) as shards,
        PairComparer(paths.__getitem__) as comparer,
    ):
        fingerprints = {key: data for key, data in comparer.fingerprints(keys) if data is not None}
        _, whole = feature_table(shards, setting.contents, fingerprints, projection_of(shards))
        candidates = CandidateFinder(whole.select(setting.gallery))
        for start in range(0, len(setting.queries), BATCH):
            rows = setting.queries[start : start + BATCH]
            near, _ = candidates.find(whole.select(rows), np.full(len(rows), -1))
            pairs = [(keys[rows[q]], keys[setting.gallery[g]]) for q, g in near.tolist()]
            for (q, g), result in zip(near.tolist(), _compare(comparer, pairs), strict=True):
                refused = result.score >= COPY_SCORE and result.grade in (None, "alike")
                scores[start + q, g] = 0.0 if refused else result.score
    return scores


def _compare(comparer: PairComparer, pairs: list[tuple[bytes, bytes]]) -> Iterator[PairResult]:
    """Yield the results of the pairs, as `duplicates` finds them."""
    looked = [*comparer.look_at_pairs(pairs)]
    closed = comparer.look_closely(result for result in looked if result.open)
    return (next(closed) if result.open else result for result in looked)


def hash_scores(setting: CopySearch) -> dict[str, Scores]:
    """Return, for each peer, the negative Hamming distance of every pair : (Q, G)."""
    numbers = np.concatenate([setting.queries, setting.gallery])
    scores = {}
    for name, hashed in peers().items():
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            bits = np.array([*pool.map(hashed, [setting.path(number) for number in numbers])])
        signs = 2 * bits.astype(np.float32) - 1
        queries, gallery = signs[: len(setting.queries)], signs[len(setting.queries) :]
        scores[name] = ((queries @ gallery.T - bits.shape[1]) / 2).astype(np.float64)
    return scores


HashFunction = Callable[[Path], NDArray[np.bool_]]


def peers() -> dict[str, HashFunction]:
    """Return functions from an image to the bits of its hash, with the defaults of each library."""
    import imagehash
    import pdqhash

    dedup = _imagededup()

    def pdq(path: Path) -> NDArray[np.bool_]:
        bits, _ = pdqhash.compute(np.asarray(Image.open(path).convert("RGB")))
        return np.asarray(bits, bool)

    def of_hex(method: Any) -> HashFunction:
        def hashed(path: Path) -> NDArray[np.bool_]:
            text = method.encode_image(str(path))
            return np.unpackbits(np.frombuffer(bytes.fromhex(text), np.uint8)).astype(bool)

        return hashed

    return {
        "pHash (imagehash)": lambda path: imagehash.phash(Image.open(path)).hash.reshape(-1),
        "dHash (imagehash)": lambda path: imagehash.dhash(Image.open(path)).hash.reshape(-1),
        "PDQ (pdqhash)": pdq,
        "pHash (imagededup)": of_hex(dedup.PHash(verbose=False)),
        "dHash (imagededup)": of_hex(dedup.DHash(verbose=False)),
    }


def _imagededup() -> Any:
    """Return the module with the hashes of imagededup, without the neural networks that it would
    import."""
    for name, part in (("methods.cnn", "CNN"), ("utils.models", "CustomModel")):
        stub = ModuleType(f"imagededup.{name}")
        setattr(stub, part, None)
        sys.modules[stub.__name__] = stub
    return import_module("imagededup.methods")


@dataclass(frozen=True)
class Quality:
    """micro : average precision over all pairs. recall, precision : at the threshold. edits : the
    recall of each edit."""

    micro: float
    recall: float
    precision: float
    edits: dict[str, float]


def measure_quality(setting: CopySearch, scores: Scores, least: float | None) -> Quality:
    """Return recall and precision of the pairs with at least the score `least`.

    None means the lowest score at which the precision is `PRECISION`.
    """
    copies, flat = setting.copies.reshape(-1), scores.reshape(-1)
    order = np.argsort(-flat, kind="stable")
    true = np.cumsum(copies[order])
    precision = true / np.arange(1, len(order) + 1)
    last = np.append(np.diff(flat[order]) != 0, True)  # equal scores count together
    if least is None:
        good = np.flatnonzero(last & (precision >= PRECISION))
        least = np.inf if not len(good) else float(flat[order][good[-1]])
    chosen = (scores >= least) & (scores > -np.inf)
    hit = np.asarray((chosen & setting.copies).any(1))
    micro = float((precision * copies[order]).sum() / copies.sum())
    wrong = int((chosen & ~setting.copies).sum())
    return Quality(
        micro,
        float(hit[setting.edits != ""].mean()),
        int(hit.sum()) / max(int(hit.sum()) + wrong, 1),
        {edit: float(hit[setting.edits == edit].mean()) for edit in EDITS},
    )


def quality_table(root: Path) -> str:
    """Return the table of recall by edit, for sokkuri and its peers."""
    setting = read_setting(root)
    scores = sokkuri_scores(setting)
    columns = {f"sokkuri, score from {COPY_SCORE:g}": measure_quality(setting, scores, COPY_SCORE)}
    for name, peer_scores in {"sokkuri": scores, **hash_scores(setting)}.items():
        columns[name] = measure_quality(setting, peer_scores, None)
    head = ["", *columns]
    rows = [
        ["precision", *(f"{column.precision:.4f}" for column in columns.values())],
        ["recall", *(f"{column.recall:.3f}" for column in columns.values())],
        ["micro average precision", *(f"{column.micro:.3f}" for column in columns.values())],
        *([edit, *(f"{column.edits[edit]:.2f}" for column in columns.values())] for edit in EDITS),
    ]
    without_copy = int((setting.edits == "").sum())
    return (
        f"{len(setting.queries):,} queries, {without_copy:,} of them without a copy, among "
        f"{len(setting.gallery):,} photos; at precision {PRECISION}, except in the first column"
        "\n\n" + table(head, rows)
    )


def known_copies() -> str:
    """Return a table on sets of edited copies from other projects."""
    rows = []
    for name, original in (("bridge-mods", "aaa-orig.jpg"), ("dih", "bridge-1-original.jpg")):
        with tempfile.TemporaryDirectory() as place:
            root = Path(shutil.copytree(SHARED / "copies" / name, Path(place) / "photos"))
            run(sokkuri("index", root))
            out = run(sokkuri("duplicates", "-C", root, "--json")).out
        groups = json.loads(out[out.index("{") :])["groups"]
        there = [group for group in groups if original in group["ids"]]
        count = len([*(SHARED / "copies" / name).glob("*.*")]) - 1
        rows.append([name, sum(len(group["ids"]) - 1 for group in there), count])
    return table(["set", "copies found with the original", "of"], rows)


def speed(place: Path) -> str:
    """Return the times of `duplicates` on 10,200 images, 2 % of them copies: first run and later
    runs."""
    root = place / "tiles"
    root.mkdir()
    originals = COLLECTION - COLLECTION // _COPIED
    write_tiles(root, range(originals))
    rows: list[list[object]] = [
        _duplicates_row(root, "sokkuri duplicates"),
        _duplicates_row(root, "the same again"),
    ]
    for name in ("DHash", "PHash"):
        started = time.perf_counter()
        method = getattr(_imagededup(), name)(verbose=False)
        matches = method.find_duplicates(image_dir=str(root), max_distance_threshold=10)
        count = sum(len(ids) for ids in matches.values()) // 2
        rows.append(
            [f"imagededup {name}, distance 10", f"{time.perf_counter() - started:.0f}", "", count]
        )
    write_tiles(root, range(originals, originals + _MORE))
    rows.insert(2, _duplicates_row(root, f"{_MORE} pictures more"))
    return table([f"{COLLECTION:,} pictures", "s", "MiB", "pairs found"], rows)


def _duplicates_row(root: Path, name: str) -> list[object]:
    run(sokkuri("index", root))
    pairs = root.parent / "pairs.csv"
    measured = run(sokkuri("duplicates", "-C", root, "--csv", pairs))
    count = len(pairs.read_text().splitlines()) - 1
    return [name, f"{measured.seconds:.1f}", f"{measured.rss / 2**20:.0f}", count]


COLLECTION, _MORE = 10_200, 100
_COPIED = 50  # one image in 50 has a copy
_ACROSS = 3


def write_tiles(root: Path, numbers: range) -> None:
    """Write parts of photos that do not overlap, and an edited copy of one in 50."""
    photos = sorted((SHARED / "clothing").glob("*/*.jpg"))
    rng = np.random.default_rng(numbers.start)
    edits = [*EDITS.values()]
    for number in numbers:
        photo, tile = photos[number % len(photos)], number // len(photos)
        image = Image.open(photo).convert("RGB")
        width, height = image.width // _ACROSS, image.height // _ACROSS
        x, y = tile % _ACROSS * width, tile // _ACROSS * height
        part = image.crop((x, y, x + width, y + height)).resize(
            (375, 500), Image.Resampling.LANCZOS
        )
        part.save(root / f"{number:06d}.jpg", quality=90)
        if number % _COPIED == 0:
            edit, quality_ = edits[number // _COPIED % len(edits)]
            edit(part, rng).save(root / f"{number:06d}-copy.jpg", quality=quality_)


def candidate_times() -> str:
    """Return time and memory of the search for candidates, without the comparison of images."""
    with tempfile.TemporaryDirectory() as name:
        vectors = Path(name) / "real.npy"
        np.save(vectors, real_vectors())
        rows = []
        for count in (100_000, 1_000_000):
            measured = run(
                [sys.executable, "-m", "benchmarks.duplicates", str(vectors), str(count)]
            )
            queries, seconds = measured.out.split()
            whole = float(seconds) * count / int(queries)
            rows.append(
                [f"{count:,}", queries, seconds, f"{whole:.0f}", f"{measured.rss / 2**30:.1f}"]
            )
    return table(["images", "queries", "s", "s for all", "GiB"], rows)


def time_candidates(vectors: Path, count: int) -> None:
    """Print the time to find candidates of some among `count` synthetic images.

    Their vectors are mixtures of real ones, and their fingerprints are random.
    """
    blocks = mixtures(np.load(vectors), count)
    first = next(blocks)
    directions = fit_projection(first)
    projected = np.empty((count, len(directions)), np.float32)
    for number, block in enumerate(chain([first], blocks)):
        projected[number * CHUNK : number * CHUNK + len(block)] = (
            signed_sqrt_normalise(block) @ directions.T
        )
    fingerprints = np.random.default_rng(0).integers(0, 256, (count, FINGERPRINT_SIDE**2), np.uint8)
    features = FeatureTable(projected, fingerprints)
    candidates = CandidateFinder(features)
    rows = np.linspace(0, count - 1, QUERIES).astype(np.int64)
    started = time.perf_counter()
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        candidates.find(features.select(part), part)
    print(len(rows), f"{time.perf_counter() - started:.1f}")


QUERIES = 8192


def report() -> str:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        write_layout(SHARED / "clothing", place / "photos")
        run(sokkuri("index", place / "photos"))
        parts = [quality_table(place / "photos"), known_copies(), speed(place), candidate_times()]
    return "\n\n".join(parts)


if __name__ == "__main__":
    time_candidates(Path(sys.argv[1]), int(sys.argv[2]))

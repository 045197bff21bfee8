"""Near-duplicates: what is found of edited copies, and what else, beside the usual hashes.

Copies of photos are looked for among their originals and other photos of the kind (copies.py); all
pairs count. The peers rank pairs by Hamming distance; each is read off where its precision is
still 0.99. Then the time that a whole collection takes.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
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

from benchmarks.copies import EDITS, lay_out, layout
from benchmarks.features import CHUNK, mixtures, real
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
from sokkuri.store.collection import CollectionStore
from sokkuri.store.decisions import Decisions

PRECISION = 0.99

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """A laid-out collection. queries, gallery : numbers of its contents. copies : (Q, G), which of
    the gallery a query is a copy of. edits : of each query, "" where it is a copy of nothing."""

    root: Path
    contents: list[UniqueImage]
    queries: NDArray[np.int64]
    gallery: NDArray[np.int64]
    copies: NDArray[np.bool_]
    edits: NDArray[np.str_]

    def path(self, number: int) -> Path:
        return self.root / self.contents[number].images[0].path


def setting(root: Path, *, held_out: bool = True) -> Setting:
    """Copies and photos without one, among all photos that were not edited. held_out : those alone
    that no weight was fitted on."""
    with CollectionStore.open(root, "ro") as collection:
        contents = [*live_contents(collection, Decisions()).values()]
    of = layout([content.images[0].path for content in contents])
    plain = np.isin(of.kind, ["original", "gallery"])
    queries = np.flatnonzero(~plain & ~of.fitted if held_out else ~plain)
    gallery = np.flatnonzero(plain)
    source = of.source[queries]
    copies = (source[:, None] == of.source[gallery]) & (source >= 0)[:, None]
    return Setting(root, contents, queries, gallery, copies, of.edit[queries])


def ours(given: Setting) -> Scores:
    """The score of every pair : (Q, G); 0 where it was not worth a look."""
    scores = np.zeros(given.copies.shape)
    keys = [content.key for content in given.contents]
    paths = {content.key: given.root / content.images[0].path for content in given.contents}
    with (
        CollectionStore.open(given.root, "ro") as collection,
        PairComparer(paths.__getitem__) as comparer,
    ):
        prints = {key: data for key, data in comparer.fingerprints(keys) if data is not None}
        _, whole = feature_table(collection, given.contents, prints, projection_of(collection))
        candidates = CandidateFinder(whole.select(given.gallery))
        for at in range(0, len(given.queries), BATCH):
            rows = given.queries[at : at + BATCH]
            near, _ = candidates.find(whole.select(rows), np.full(len(rows), -1))
            pairs = [(keys[rows[q]], keys[given.gallery[g]]) for q, g in near.tolist()]
            for (q, g), known in zip(near.tolist(), comparer.compare_pairs(pairs), strict=True):
                scores[at + q, g] = known.score
    return scores


def hashes(given: Setting) -> dict[str, Scores]:
    """Of every peer, minus the Hamming distance of each pair : (Q, G)."""
    numbers = np.concatenate([given.queries, given.gallery])
    found = {}
    for name, hashed in peers().items():
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            bits = np.array([*pool.map(hashed, [given.path(number) for number in numbers])])
        signs = 2 * bits.astype(np.float32) - 1
        asked, there = signs[: len(given.queries)], signs[len(given.queries) :]
        found[name] = ((asked @ there.T - bits.shape[1]) / 2).astype(np.float64)
    return found


Hashed = Callable[[Path], NDArray[np.bool_]]


def peers() -> dict[str, Hashed]:
    """Hashes as bits, by the library's own defaults."""
    import imagehash
    import pdqhash

    dedup = _imagededup()

    def pdq(path: Path) -> NDArray[np.bool_]:
        bits, _ = pdqhash.compute(np.asarray(Image.open(path).convert("RGB")))
        return np.asarray(bits, bool)

    def of_hex(method: Any) -> Hashed:
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
    """Its hashes, without the neural networks that it would load too."""
    for name, part in (("methods.cnn", "CNN"), ("utils.models", "CustomModel")):
        stub = ModuleType(f"imagededup.{name}")
        setattr(stub, part, None)
        sys.modules[stub.__name__] = stub
    return import_module("imagededup.methods")


@dataclass(frozen=True)
class Judged:
    """micro : average precision over all pairs. recall, precision : at the threshold. edits : the
    recall of each."""

    micro: float
    recall: float
    precision: float
    edits: dict[str, float]


def judged(given: Setting, scores: Scores, least: float | None) -> Judged:
    """least : the score from which pairs count; None for the least at which precision holds."""
    copies, flat = given.copies.reshape(-1), scores.reshape(-1)
    order = np.argsort(-flat, kind="stable")
    true = np.cumsum(copies[order])
    precision = true / np.arange(1, len(order) + 1)
    last = np.append(np.diff(flat[order]) != 0, True)  # equal scores are taken together
    if least is None:
        good = np.flatnonzero(last & (precision >= PRECISION))
        least = np.inf if not len(good) else float(flat[order][good[-1]])
    chosen = (scores >= least) & (scores > -np.inf)
    hit = np.asarray((chosen & given.copies).any(1))
    micro = float((precision * copies[order]).sum() / copies.sum())
    wrong = int((chosen & ~given.copies).sum())
    return Judged(
        micro,
        float(hit[given.edits != ""].mean()),
        int(hit.sum()) / max(int(hit.sum()) + wrong, 1),
        {edit: float(hit[given.edits == edit].mean()) for edit in EDITS},
    )


def quality(root: Path) -> str:
    given = setting(root)
    found = {f"sokkuri, score from {COPY_SCORE:g}": judged(given, own := ours(given), COPY_SCORE)}
    found["sokkuri"] = judged(given, own, None)
    found |= {name: judged(given, scores, None) for name, scores in hashes(given).items()}
    head = ["", *found]
    rows = [
        ["precision", *(f"{one.precision:.4f}" for one in found.values())],
        ["recall", *(f"{one.recall:.3f}" for one in found.values())],
        ["micro average precision", *(f"{one.micro:.3f}" for one in found.values())],
        *([edit, *(f"{one.edits[edit]:.2f}" for one in found.values())] for edit in EDITS),
    ]
    strangers = int((given.edits == "").sum())
    return (
        f"{len(given.queries):,} queries, {strangers:,} of them without a copy, among "
        f"{len(given.gallery):,} photos; at precision {PRECISION} but for the first column\n\n"
        + table(head, rows)
    )


def known_copies() -> str:
    """On sets of edited copies made by others."""
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
    """10,200 pictures, 2 in 100 of them copies, from a new collection's first look on."""
    root = place / "tiles"
    root.mkdir()
    originals = COLLECTION - COLLECTION // _COPIED
    write_tiles(root, range(originals))
    rows: list[list[object]] = [_found(root, "sokkuri duplicates"), _found(root, "the same again")]
    for name in ("DHash", "PHash"):
        began = time.perf_counter()
        method = getattr(_imagededup(), name)(verbose=False)
        found = method.find_duplicates(image_dir=str(root), max_distance_threshold=10)
        count = sum(len(some) for some in found.values()) // 2
        rows.append(
            [f"imagededup {name}, distance 10", f"{time.perf_counter() - began:.0f}", "", count]
        )
    write_tiles(root, range(originals, originals + _MORE))
    rows.insert(2, _found(root, f"{_MORE} pictures more"))
    return table([f"{COLLECTION:,} pictures", "s", "MiB", "pairs found"], rows)


def _found(root: Path, name: str) -> list[object]:
    run(sokkuri("index", root))
    pairs = root.parent / "pairs.csv"
    measured = run(sokkuri("duplicates", "-C", root, "--csv", pairs))
    count = len(pairs.read_text().splitlines()) - 1
    return [name, f"{measured.seconds:.1f}", f"{measured.rss / 2**20:.0f}", count]


COLLECTION, _MORE = 10_200, 100
_COPIED = 50  # one picture in so many has a copy
_ACROSS = 3


def write_tiles(root: Path, numbers: range) -> None:
    """Parts of photos that do not overlap, and a copy of one in 50."""
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


def joins() -> str:
    """How long the search for candidates takes, without the looks, and what it holds."""
    with tempfile.TemporaryDirectory() as name:
        made = Path(name) / "real.npy"
        np.save(made, real())
        rows = []
        for count in (100_000, 1_000_000):
            measured = run([sys.executable, "-m", "benchmarks.duplicates", str(made), str(count)])
            asked, seconds = measured.out.split()
            whole = float(seconds) * count / int(asked)
            rows.append(
                [f"{count:,}", asked, seconds, f"{whole:.0f}", f"{measured.rss / 2**30:.1f}"]
            )
    return table(["pictures", "asked for", "s", "s for all", "GiB"], rows)


def join(vectors: Path, count: int) -> None:
    """Candidates of some pictures among `count`, made of mixtures of vectors and drawn prints."""
    blocks = mixtures(np.load(vectors), count)
    first = next(blocks)
    directions = fit_projection(first)
    made = np.empty((count, len(directions)), np.float32)
    for number, block in enumerate(chain([first], blocks)):
        made[number * CHUNK : number * CHUNK + len(block)] = (
            signed_sqrt_normalise(block) @ directions.T
        )
    prints = np.random.default_rng(0).integers(0, 256, (count, FINGERPRINT_SIDE**2), np.uint8)
    field = FeatureTable(made, prints)
    candidates = CandidateFinder(field)
    rows = np.linspace(0, count - 1, ASKED).astype(np.int64)
    began = time.perf_counter()
    for at in range(0, len(rows), BATCH):
        part = rows[at : at + BATCH]
        candidates.find(field.select(part), part)
    print(len(rows), f"{time.perf_counter() - began:.1f}")


ASKED = 8192


def report() -> str:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        lay_out(SHARED / "clothing", place / "photos")
        run(sokkuri("index", place / "photos"))
        parts = [quality(place / "photos"), known_copies(), speed(place), joins()]
    return "\n\n".join(parts)


if __name__ == "__main__":
    join(Path(sys.argv[1]), int(sys.argv[2]))

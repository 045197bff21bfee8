"""What was tried for near-duplicates: ways to find candidates, and edits unlike those fitted on.

Candidates are judged by the share of copies whose original is among the nearest; the verb itself by
pictures that are turned, framed and cut further than any that its weights have seen.
"""

import json
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from benchmarks.copies import lay_out
from benchmarks.duplicates import Setting, setting
from benchmarks.harness import SHARED, run, sokkuri, table
from sokkuri.core.types import Features, Limits
from sokkuri.curation.duplicates.candidates import signed_sqrt_normalise
from sokkuri.curation.duplicates.matching.fingerprint import (
    canonical_orientation,
    fingerprint,
    make_preview,
    normalise_fingerprints,
)
from sokkuri.store.collection import CollectionStore

_NEAREST = 1, 8, 16
_PRINTS = 4
_PHOTOS, _EDITED = 350, 40

Found = NDArray[np.bool_]


def _of_length_one(rows: Features) -> Features:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))


def _less_mean(rows: Features) -> Features:
    return np.asarray(rows - rows.mean(axis=0))


WAYS: dict[str, Callable[[Features], Features]] = {
    "features, cosine": lambda rows: rows,
    "less their mean": lambda rows: _less_mean(_of_length_one(rows)),
    "each number over its deviation": lambda rows: _less_mean(rows) / (rows.std(axis=0) + 1e-6),
    "square roots": signed_sqrt_normalise,
    "square roots less their mean": lambda rows: _less_mean(np.sqrt(rows)),
    "powers of 0.3 less their mean": lambda rows: _less_mean(rows**0.3),
}
"""What features become before their cosines are taken."""


def candidates(root: Path) -> str:
    given = setting(root, held_out=False)
    with CollectionStore.open(root, "ro") as collection:
        features = collection.vectors([content.place for content in given.contents])
    copied = given.edits != ""
    lines, nearest = [], {}
    for name, way in WAYS.items():
        rows = _of_length_one(way(features))
        nearest[name] = _hits(given, rows[given.queries] @ rows[given.gallery].T)
        lines.append(_line(name, nearest[name], copied))
    printed = _hits(given, _correlations(given))
    lines.append(_line("prints alone", printed, copied))
    both = nearest["square roots"] | printed[:, _PRINTS - 1 : _PRINTS]
    lines.append(_line(f"square roots, and {_PRINTS} nearest by prints", both, copied))
    head = ["compared by", *(f"k = {k}" for k in _NEAREST)]
    return f"{int(copied.sum()):,} copies, {len(given.gallery)} photos\n\n{table(head, lines)}"


def _hits(given: Setting, likeness: Features) -> Found:
    """Whether the original is among the k nearest, k from 1 : (Q, max of _NEAREST)."""
    order = np.argsort(-likeness, axis=1, kind="stable")[:, : max(_NEAREST)]
    found: Found = np.maximum.accumulate(np.take_along_axis(given.copies, order, 1), axis=1)
    return found


def _line(name: str, hits: Found, copied: Found) -> list[str]:
    return [name, *(f"{hits[copied, k - 1].mean():.3f}" for k in _NEAREST)]


def _correlations(given: Setting) -> Features:
    """Of prints, as they are or righted : (Q, G)."""
    numbers = np.concatenate([given.queries, given.gallery]).tolist()
    with ThreadPoolExecutor() as pool:
        data = (given.path(number).read_bytes() for number in numbers)
        prints = np.array(
            [*pool.map(lambda one: fingerprint(make_preview(one, Limits()).square), data)]
        )
    asked = len(given.queries)
    found: Features = np.maximum(*(
        some[:asked] @ some[asked:].T
        for some in map(normalise_fingerprints, (prints, canonical_orientation(prints)))
    ))  # fmt: skip
    return found


def _framed(image: Image.Image) -> Image.Image:
    sheet = Image.new("RGB", (image.width * 2, image.height * 2), "white")
    sheet.paste(image, (image.width // 2, image.height // 2))
    return sheet


def _middle(image: Image.Image) -> Image.Image:
    width, height = image.size
    return image.crop(
        (round(width * 0.34), round(height * 0.34), round(width * 0.66), round(height * 0.66))
    )


EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "turned by 90 degrees": lambda image: image.rotate(90, expand=True),
    "turned by 180 degrees": lambda image: image.rotate(180),
    "upside down, mirrored": ImageOps.flip,
    "turned by 20 degrees, black corners": lambda image: image.rotate(20, Image.Resampling.BICUBIC),
    "in a white frame of four times its area": _framed,
    "cut to a tenth of its area": _middle,
}


def further_edits(root: Path) -> str:
    """How many of each edit are in a group with their original, and pairs of different photos."""
    root.mkdir()
    photos = sorted((SHARED / "clothing").glob("*/*.jpg"))[::4][:_PHOTOS]
    for number, photo in enumerate(photos):
        shutil.copyfile(photo, root / f"{number:03d}.jpg")
    step = _PHOTOS // _EDITED
    for number in range(0, step * _EDITED, step):
        with Image.open(root / f"{number:03d}.jpg") as image:
            for at, edit in enumerate(EDITS.values()):
                edit(image.convert("RGB")).save(root / f"{number:03d}-{at}.jpg", quality=85)
    run(sokkuri("index", root))
    out = run(sokkuri("duplicates", "-C", root, "--json")).out
    found = dict.fromkeys(EDITS, 0)
    wrong = 0
    for group in json.loads(out[out.index("{") :])["groups"]:
        wrong += sum(pair["a"][:3] != pair["b"][:3] for pair in group["pairs"])
        for id_ in group["ids"]:
            if "-" in id_ and f"{id_[:3]}.jpg" in group["ids"]:
                found[[*EDITS][int(id_[4])]] += 1
    lines = [[name, count, _EDITED] for name, count in found.items()]
    return f"{table(['edit', 'found', 'of'], lines)}\n\nPairs of different photos: {wrong}"


def report() -> str:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        lay_out(SHARED / "clothing", place / "photos")
        run(sokkuri("index", place / "photos"))
        return f"{candidates(place / 'photos')}\n\n{further_edits(place / 'edited')}"

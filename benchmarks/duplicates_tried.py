"""Near-duplicates: other ways to find candidates, and edits that the weights were not fitted on.

Measures candidates by the share of copies whose original is among the nearest. Measures the command
`duplicates` with images that are rotated, framed and cropped more than those of the fit.
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

from benchmarks.copies import write_layout
from benchmarks.duplicates import CopySearch, read_setting
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
_FINGERPRINTS = 4
_PHOTOS, _EDITED = 350, 40

Hits = NDArray[np.bool_]


def _normalise(rows: Features) -> Features:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9))


def _subtract_mean(rows: Features) -> Features:
    return np.asarray(rows - rows.mean(axis=0))


WAYS: dict[str, Callable[[Features], Features]] = {
    "vectors, cosine": lambda rows: rows,
    "minus their mean": lambda rows: _subtract_mean(_normalise(rows)),
    "each number divided by its deviation": lambda rows: (
        _subtract_mean(rows) / (rows.std(axis=0) + 1e-6)
    ),
    "square roots": signed_sqrt_normalise,
    "square roots minus their mean": lambda rows: _subtract_mean(np.sqrt(rows)),
    "powers of 0.3 minus their mean": lambda rows: _subtract_mean(rows**0.3),
}
"""Transformations of the vectors before the cosines are computed."""


def candidates(root: Path) -> str:
    """Return a table of the share of copies whose original is among the nearest k."""
    setting = read_setting(root, held_out=False)
    with CollectionStore.open(root, "ro") as collection:
        features = collection.read_vectors([content.place for content in setting.contents])
    copied = setting.edits != ""
    lines, nearest = [], {}
    for name, way in WAYS.items():
        rows = _normalise(way(features))
        nearest[name] = _hits(setting, rows[setting.queries] @ rows[setting.gallery].T)
        lines.append(_line(name, nearest[name], copied))
    by_fingerprint = _hits(setting, _correlations(setting))
    lines.append(_line("fingerprints alone", by_fingerprint, copied))
    both = nearest["square roots"] | by_fingerprint[:, _FINGERPRINTS - 1 : _FINGERPRINTS]
    lines.append(_line(f"square roots, and {_FINGERPRINTS} nearest by fingerprints", both, copied))
    head = ["compared by", *(f"k = {k}" for k in _NEAREST)]
    return f"{int(copied.sum()):,} copies, {len(setting.gallery)} photos\n\n{table(head, lines)}"


def _hits(setting: CopySearch, similarity: Features) -> Hits:
    """Return whether the original is among the k nearest, for k from 1 : (Q, max of _NEAREST)."""
    order = np.argsort(-similarity, axis=1, kind="stable")[:, : max(_NEAREST)]
    hits: Hits = np.maximum.accumulate(np.take_along_axis(setting.copies, order, 1), axis=1)
    return hits


def _line(name: str, hits: Hits, copied: Hits) -> list[str]:
    return [name, *(f"{hits[copied, k - 1].mean():.3f}" for k in _NEAREST)]


def _correlations(setting: CopySearch) -> Features:
    """Return the larger correlation of the fingerprints, as they are and in canonical orientation :
    (Q, G)."""
    numbers = np.concatenate([setting.queries, setting.gallery]).tolist()
    with ThreadPoolExecutor() as pool:
        data = (setting.path(number).read_bytes() for number in numbers)
        fingerprints = np.array(
            [*pool.map(lambda file: fingerprint(make_preview(file, Limits()).square), data)]
        )
    count = len(setting.queries)
    correlations: Features = np.maximum(*(
        rows[:count] @ rows[count:].T
        for rows in map(normalise_fingerprints, (fingerprints, canonical_orientation(fingerprints)))
    ))  # fmt: skip
    return correlations


def _add_frame(image: Image.Image) -> Image.Image:
    sheet = Image.new("RGB", (image.width * 2, image.height * 2), "white")
    sheet.paste(image, (image.width // 2, image.height // 2))
    return sheet


def _crop_middle(image: Image.Image) -> Image.Image:
    width, height = image.size
    return image.crop(
        (round(width * 0.34), round(height * 0.34), round(width * 0.66), round(height * 0.66))
    )


EDITS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "rotated by 90 degrees": lambda image: image.rotate(90, expand=True),
    "rotated by 180 degrees": lambda image: image.rotate(180),
    "upside down, mirrored": ImageOps.flip,
    "rotated by 20 degrees, black corners": lambda image: image.rotate(
        20, Image.Resampling.BICUBIC
    ),
    "in a white frame of four times its area": _add_frame,
    "cropped to a tenth of its area": _crop_middle,
}


def further_edits(root: Path) -> str:
    """Return how many copies of each edit are grouped with their original, and the number of pairs
    of different photos."""
    root.mkdir()
    photos = sorted((SHARED / "clothing").glob("*/*.jpg"))[::4][:_PHOTOS]
    for number, photo in enumerate(photos):
        shutil.copyfile(photo, root / f"{number:03d}.jpg")
    step = _PHOTOS // _EDITED
    for number in range(0, step * _EDITED, step):
        with Image.open(root / f"{number:03d}.jpg") as image:
            for edit_number, edit in enumerate(EDITS.values()):
                edit(image.convert("RGB")).save(
                    root / f"{number:03d}-{edit_number}.jpg", quality=85
                )
    run(sokkuri("index", root))
    out = run(sokkuri("duplicates", "-C", root, "--json")).out
    grouped = dict.fromkeys(EDITS, 0)
    wrong = 0
    for group in json.loads(out[out.index("{") :])["groups"]:
        wrong += sum(pair["a"][:3] != pair["b"][:3] for pair in group["pairs"])
        for id_ in group["ids"]:
            if "-" in id_ and f"{id_[:3]}.jpg" in group["ids"]:
                grouped[[*EDITS][int(id_[4])]] += 1
    lines = [[name, count, _EDITED] for name, count in grouped.items()]
    return f"{table(['edit', 'found', 'of'], lines)}\n\nPairs of different photos: {wrong}"


def report() -> str:
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        write_layout(SHARED / "clothing", place / "photos")
        run(sokkuri("index", place / "photos"))
        return f"{candidates(place / 'photos')}\n\n{further_edits(place / 'edited')}"

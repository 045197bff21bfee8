"""Show what distances of the built-in models mean: percentiles for copies and pairs of photos.

Indexes the photos of shared/data/clothing, whose folders are classes, and edited copies of some of
them (`benchmarks/copies.py`). Distances are cosine distances, computed in float64.
"""

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.copies import EDITS, make_copies
from benchmarks.harness import SHARED, run, sokkuri, table
from sokkuri.models.builtin import DEFAULT, FLOATS

COPIED = 150
"""Photos with copies, at equal steps through the ordered list of photos."""

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)
LIMITS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6)
SHOWN = (
    "jpeg-75", "jpeg-10", "jpeg-3", "half", "quarter", "blur", "brighter", "colour", "grey", "flip",
    "watermark", "mask", "crop-70", "crop-30", "rotate-5", "strong",
)  # fmt: skip
NEAR = 0.15
"""The distance up to which `suggest` takes two images for near-duplicates."""

Distances = NDArray[np.float64]


def unit_vectors(root: Path, model: str) -> dict[str, Distances]:
    """Return the vectors of all images below `root` by id, each (1280,) of length 1."""
    with tempfile.TemporaryDirectory() as name:
        store, exported = Path(name) / "store", Path(name) / "exported"
        run(sokkuri("index", root, "--store", store, "--model", model))
        run(sokkuri("export", "-C", store, exported))
        ids = [np.load(path) for path in sorted(exported.glob("*.object_ids.npy"))]
        rows = [np.load(path) for path in sorted(exported.glob("*.features.npy"))]
    vectors = np.concatenate(rows).astype(np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return dict(zip(np.concatenate(ids).tolist(), vectors, strict=True))


def write_copies(photos: list[Path], folder: Path) -> None:
    """Write the edited copies of each photo, `NUMBER-EDIT.jpg`."""
    for number, photo in enumerate(photos):
        for edit, data in make_copies(photo, number).items():
            (folder / f"{number}-{edit}.jpg").write_bytes(data)


def copy_distances(
    photos: list[Path], vectors: dict[str, Distances], edited: dict[str, Distances]
) -> dict[str, Distances]:
    """Return, for each edit, the distances between `photos` and their copies: (len(photos),)."""
    originals = [vectors[photo.relative_to(SHARED / "clothing").as_posix()] for photo in photos]
    return {
        edit: np.array(
            [1 - vector @ edited[f"{number}-{edit}.jpg"] for number, vector in enumerate(originals)]
        )
        for edit in EDITS
    }


def report() -> str:
    """Return the tables, or a line that says that the photos are not there."""
    photos = sorted((SHARED / "clothing").glob("*/*.jpg"))
    if not photos:
        return f"no photos in {SHARED / 'clothing'}"
    copied = photos[:: len(photos) // COPIED][:COPIED]
    with tempfile.TemporaryDirectory() as name:
        write_copies(copied, Path(name))
        parts = [f"{model}\n\n{tables(copied, Path(name), model)}" for model in (DEFAULT, FLOATS)]
    return "\n\n".join(parts)


def tables(copied: list[Path], copies: Path, model: str) -> str:
    """Return the tables for one network. copies : the folder with the copies of these photos."""
    vectors = unit_vectors(SHARED / "clothing", model)
    edits = copy_distances(copied, vectors, unit_vectors(copies, model))
    classes = np.array([id_.partition("/")[0] for id_ in vectors])
    matrix = np.array(list(vectors.values()))
    distances = 1 - matrix @ matrix.T
    first, second = np.triu_indices(len(matrix), 1)
    same = classes[first] == classes[second]
    pairs = distances[first, second]
    np.fill_diagonal(distances, np.inf)
    kinds = {
        f"a photo and its copy, {len(EDITS)} edits": np.concatenate(list(edits.values())),
        "a photo and the nearest other photo": distances.min(axis=1),
        "two photos of one class": pairs[same],
        "two photos of different classes": pairs[~same],
    }
    return "\n\n".join((percentiles(kinds), shares(kinds), by_edit(edits)))


def percentiles(kinds: dict[str, Distances]) -> str:
    """Return a table of the percentiles of each kind of pairs."""
    rows = [
        (
            kind,
            f"{len(values):,}",
            *(f"{value:.2f}" for value in np.percentile(values, PERCENTILES)),
        )
        for kind, values in kinds.items()
    ]
    return table(("pairs", "number", *(f"{share} %" for share in PERCENTILES)), rows)


def shares(kinds: dict[str, Distances]) -> str:
    """Return a table of the share of each kind of pairs within each limit."""
    rows = [
        (limit, *(f"{(values <= limit).mean():.2%}" for values in kinds.values()))
        for limit in LIMITS
    ]
    return table(("distance up to", *kinds), rows)


def by_edit(edits: dict[str, Distances]) -> str:
    """Return a table of the distances between a photo and its copy, for some edits."""
    rows = [
        (
            edit,
            *(f"{value:.3f}" for value in np.percentile(edits[edit], (50, 95, 100))),
            f"{(edits[edit] <= NEAR).mean():.2%}",
        )
        for edit in SHOWN
    ]
    return table(("edit", "median", "95 %", "largest", f"up to {NEAR}"), rows)

"""The map: how well libraries keep neighbours together, and how long they take.

    python -m benchmarks.maps LIBRARY REAL.npy [ROWS]     (measures one library, prints a line)

REAL.npy has vectors of photos: `python -m benchmarks.features REAL.npy` writes some. ROWS makes so
many mixtures of them first. A library counts only if it is installed; each has packages that others
contradict, so it is measured in a process of its own. A tenth of the vectors is left out of the
second projection and placed by neighbours.
"""

import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.features import mixtures, real_vectors
from benchmarks.harness import run, table
from sokkuri.core.types import Features
from sokkuri.curation.map.neighbours import PLACED_BY, nearest_blocks, place
from sokkuri.curation.map.project import project
from sokkuri.curation.map.reduced_vectors import DIRECTIONS
from sokkuri.search.vectors import normalised, principal_basis

MADE = 100_000
ASKED = 500  # vectors whose neighbours are compared
TRUE, SHOWN = 10, 30

Positions = NDArray[np.float32]


def _sokkuri(vectors: Features) -> Any:
    steps = project(vectors)
    while True:
        try:
            next(steps)
        except StopIteration as ended:
            return ended.value


def _umap_learn(vectors: Features) -> Any:
    from umap import UMAP

    return UMAP(random_state=1, n_jobs=1).fit_transform(vectors)


def _pacmap(vectors: Features) -> Any:
    from pacmap import PaCMAP

    return PaCMAP(random_state=1, apply_pca=False).fit_transform(vectors)


def _opentsne(vectors: Features) -> Any:
    from openTSNE import TSNE

    return TSNE(random_state=1, n_jobs=2, negative_gradient_method="fft").fit(vectors)


LIBRARIES: dict[str, tuple[str, Callable[[Features], Any]]] = {
    "fastumap": ("fastumap", _sokkuri),
    "umap-learn": ("umap", _umap_learn),
    "pacmap": ("pacmap", _pacmap),
    "openTSNE": ("openTSNE", _opentsne),
}


def report() -> str:
    """Measure the installed libraries on vectors of photos, and fastumap on 100,000 mixtures."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "real.npy"
        np.save(file, real_vectors())
        names = [name for name, (module, _) in LIBRARIES.items() if find_spec(module)]
        lines = [_measured(name, file) for name in names]
        lines.append(_measured("fastumap", file, MADE))
    head = (
        "library",
        "vectors",
        "seconds",
        "CPU seconds",
        "10 of 10",
        "10 of 30",
        "placed: 10 of 30",
    )
    return table(head, lines)


def _measured(*arguments: object) -> list[str]:
    out = run([sys.executable, "-m", "benchmarks.maps", *map(str, arguments)]).out
    return out.splitlines()[-1].split("|")


def main(library: str, file: str, rows: int = 0) -> None:
    """Measure one library, and print a line for the table."""
    vectors = np.load(file)
    if rows:
        vectors = np.concatenate([*mixtures(vectors, rows)])
    vectors = normalised(vectors, "cosine")
    basis = principal_basis(vectors[:10_000])[:DIRECTIONS].astype(np.float32)
    reduced = vectors @ basis.T
    started, cpu = time.perf_counter(), _cpu_seconds()
    positions = np.asarray(LIBRARIES[library][1](reduced), np.float32)
    took, cpu = time.perf_counter() - started, _cpu_seconds() - cpu
    asked = np.random.default_rng(5).permutation(len(vectors))[:ASKED]
    near, shown = (_kept(vectors, positions, asked, shown) for shown in (TRUE, SHOWN))
    placed = "" if rows else f"{_kept_if_placed(library, vectors, reduced):.3f}"
    count = f"{len(vectors):,}"
    size = sum(_sizes(library, {}).values()) / 1e6
    print(f"{library}|{size:.0f}|{count}|{took:.0f}|{cpu:.0f}|{near:.3f}|{shown:.3f}|{placed}")


def _sizes(package: str, found: dict[str, int]) -> dict[str, int]:
    """Return the bytes of a package and of all that it requires beside NumPy, by name."""
    name = re.split(r"[^\w.-]", package, maxsplit=1)[0].lower().replace("_", "-")
    if name in found or name == "numpy":
        return found
    try:
        known = distribution(name)
    except PackageNotFoundError:  # required on other systems only
        return found
    paths = [Path(str(known.locate_file(file))) for file in known.files or ()]
    found[name] = sum(path.stat().st_size for path in paths if path.is_file())
    for requirement in known.requires or ():
        if "extra ==" not in requirement:
            _sizes(requirement, found)
    return found


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _kept(vectors: Features, positions: Positions, asked: NDArray[np.int64], shown: int) -> float:
    """Return the share of the ten nearest vectors that are among the `shown` nearest points."""
    similarities = vectors[asked] @ vectors.T
    similarities[np.arange(len(asked)), asked] = -np.inf
    nearest = np.argpartition(-similarities, TRUE, axis=1)[:, :TRUE]
    squares = ((positions[asked][:, None] - positions[None]) ** 2).sum(axis=2)
    squares[np.arange(len(asked)), asked] = np.inf
    points = np.argpartition(squares, shown, axis=1)[:, :shown]
    found = [len(np.intersect1d(*pair)) for pair in zip(nearest, points, strict=True)]
    return float(np.mean(found)) / TRUE


def _kept_if_placed(library: str, vectors: Features, reduced: Features) -> float:
    """Return the same share for vectors that were not projected, but placed by neighbours."""
    is_late = np.arange(len(vectors)) % 10 == 0
    positions = np.empty((len(vectors), 2), np.float32)
    positions[~is_late] = LIBRARIES[library][1](reduced[~is_late])
    near = nearest_blocks(reduced[is_late], reduced[~is_late], PLACED_BY)
    positions[is_late] = np.concatenate(
        [place(nearest, positions[~is_late]) for _, nearest in near]
    )
    return _kept(vectors, positions, np.flatnonzero(is_late)[:ASKED], SHOWN)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(*sys.argv[3:4]))

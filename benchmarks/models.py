"""Compare models on photos of your own: how well they find images of the same class, and how fast.

    python -m benchmarks models MODEL... --photos FOLDER [--copies]

MODEL is anything that `sokkuri index --model` takes. FOLDER has one folder for each class. Each
photo is a query among all others; those of its class are right. P@1 and P@10 are the shares of
right photos among the first and the first ten, mAP is mean average precision. A process on one core
reads, decodes and extracts all photos: images for a second of its CPU time, and its peak memory.

"Centred" is mAP after subtracting a mean vector, which comes from the other half of the photos; the
column before it is mAP of the same halves without. --copies also edits 100 photos in 23 ways
(`benchmarks/copies.py`) and prints the share of copies whose original is the first hit.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.copies import make_copies
from benchmarks.harness import run, table
from sokkuri.core.types import Limits
from sokkuri.images.decode import decode
from sokkuri.images.formats import ENDINGS
from sokkuri.models import resolve_model
from sokkuri.models.extractor import Extractor

COPIED = 100
"""Photos with copies, at equal steps through the ordered list of photos."""
HEAD = ("model", "numbers", "P@1", "P@10", "mAP", "mAP of halves", "centred", "images/s", "MiB")
COPIES_HEAD = ("model", "copies", "original first", "original first, centred")

Vectors = NDArray[np.float64]


def report(arguments: Sequence[str] = ()) -> str:
    """Return a table with a row for each model."""
    given = _parser().parse_args(arguments)
    photos = photos_of(given.photos)
    names = [path.parent.name for path in photos]
    if len(set(names)) < 2:
        raise SystemExit(f"{given.photos} has fewer than two folders with photos")
    classes = np.unique(names, return_inverse=True)[1]
    rows, copies = [], []
    for model in given.models:
        vectors, rate, memory = extract_alone(model, photos)
        quality = [f"{100 * share:.1f}" for share in judge(vectors, classes)]
        speed = (f"{rate:.1f}", f"{memory / 2**20:.0f}")
        rows.append((model, vectors.shape[1], *quality, *speed))
        if given.copies:
            copies.append((model, *copies_found(model, photos, vectors)))
    text = f"{len(photos):,} photos, {classes.max() + 1} classes\n\n{table(HEAD, rows)}"
    return f"{text}\n\n{table(COPIES_HEAD, copies)}" if copies else text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks models", description=__doc__)
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--photos", required=True, type=Path, metavar="FOLDER")
    parser.add_argument("--copies", action="store_true")
    return parser


def photos_of(folder: Path) -> list[Path]:
    """Return the photos one folder below this one, in order."""
    return sorted(path for path in folder.glob("*/*") if path.suffix.lower() in ENDINGS)


def judge(vectors: Vectors, classes: NDArray[np.int64]) -> tuple[float, ...]:
    """Return P@1, P@10, mAP; mAP of halves without and with the mean of the other half. vectors :
    (N, D). classes : (N,)."""
    halves = [np.arange(len(vectors)) % 2 == half for half in (0, 1)]
    plain = [precisions(vectors[half], classes[half])[2] for half in halves]
    centred = [
        precisions(vectors[half] - vectors[~half].mean(axis=0), classes[half])[2] for half in halves
    ]
    return (*precisions(vectors, classes), float(np.mean(plain)), float(np.mean(centred)))


def precisions(vectors: Vectors, classes: NDArray[np.int64]) -> tuple[float, float, float]:
    """Return P@1, P@10 and mean average precision by cosine, each photo as a query."""
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    first, ten, average = [], [], []
    for number, unit in enumerate(units):
        cosines = units @ unit
        cosines[number] = -np.inf
        right = (classes == classes[number])[np.argsort(-cosines, kind="stable")[:-1]]
        ranks = np.flatnonzero(right) + 1
        if len(ranks):
            first.append(right[0])
            ten.append(right[:10].mean())
            average.append((np.arange(1, len(ranks) + 1) / ranks).mean())
    return float(np.mean(first)), float(np.mean(ten)), float(np.mean(average))


def copies_found(model: str, photos: list[Path], vectors: Vectors) -> tuple[str, ...]:
    """Return how many copies there are, and the shares whose original is the first hit, by cosine
    without and with the mean of all photos."""
    numbers = range(0, len(photos), max(1, len(photos) // COPIED))[:COPIED]
    with tempfile.TemporaryDirectory() as folder:
        paths, originals = [], []
        for number in numbers:
            for edit, data in make_copies(photos[number], number).items():
                paths.append(Path(folder) / f"{number}-{edit}.jpg")
                paths[-1].write_bytes(data)
                originals.append(number)
        edited = extract_alone(model, paths)[0]
    mean = vectors.mean(axis=0)
    shares = [
        _first_is(edited - shift, vectors - shift, np.array(originals))
        for shift in (0 * mean, mean)
    ]
    return f"{len(paths):,}", *(f"{100 * share:.2f}%" for share in shares)


def _first_is(queries: Vectors, vectors: Vectors, wanted: NDArray[np.int64]) -> float:
    """Return the share of queries whose nearest vector, by cosine, is the wanted one."""
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return float(np.mean((queries @ units.T).argmax(axis=1) == wanted))


def extract_alone(model: str, paths: list[Path]) -> tuple[Vectors, float, int]:
    """Return vectors (N, D), images a second of CPU time, and the peak memory in bytes of a process
    on one core that reads, decodes and extracts."""
    with tempfile.TemporaryDirectory() as folder:
        names, out = Path(folder) / "names.txt", Path(folder) / "vectors.npy"
        names.write_bytes(b"\0".join(os.fsencode(path.absolute()) for path in paths))
        command = [sys.executable, "-m", "benchmarks.models", model, str(names), str(out)]
        measured = run(command, environment={"OMP_NUM_THREADS": "1"})
        rate = float(measured.out.split()[-1])
        return np.load(out).astype(np.float64), rate, measured.rss


def _extract(model: str, names: Path, out: Path) -> None:
    """Write the vectors of these files, and print images a second; the first one does not count."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    paths = [Path(os.fsdecode(name)) for name in names.read_bytes().split(b"\0")]
    chosen = resolve_model(model)
    extractor, limits = Extractor(chosen), Limits()
    vectors, started = [], 0.0
    for path in (paths[0], *paths):
        pixels = decode(path.read_bytes(), chosen.card.pixels, limits)
        vectors.append(extractor.extract(pixels.rgb[None])[0])
        started = started or time.process_time()
    seconds = time.process_time() - started
    np.save(out, np.array(vectors[1:]))
    sys.stdout.write(f"{len(paths) / seconds}\n")


if __name__ == "__main__":
    _extract(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))

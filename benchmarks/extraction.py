"""Extraction: compare `sokkuri index` with the article's script, on the same files.

Both have the same network, with one exception: the default network of integers stands beside the
script with the same network in floats.
"""

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.harness import Measurement, median_seconds, run, run_in_turn, sokkuri, table
from benchmarks.images import write_jpegs, write_large_jpegs
from sokkuri.models import resolve_model
from sokkuri.models.builtin import DEFAULT, FLOATS

ROUNDS, WORKERS = 2, 2
SIZES = {(500, 375): 1500, (800, 1400): 1500, (4000, 3000): 200}
"""How many JPEGs there are of each size. The largest ones are as heavy as those of a phone."""
Peer = Callable[[], Measurement]


def networks(scratch: Path) -> dict[str, Path]:
    """Return the script's networks by name: one of sokkuri's, and the article's in two forms."""
    paths = {FLOATS: resolve_model(FLOATS).path}
    for dialect in ("tf2onnx", "fused"):
        name = f"mobilenet-v3-large, {dialect}"
        paths[name] = scratch / f"mobilenet_v3_{dialect}.onnx"
        # In its own process: the memory of this one would count in the peak of its children.
        run([sys.executable, "-m", "benchmarks.mobilenet_v3", str(paths[name]), dialect])
    return paths


def peers(photos: Path, script: Path, ours: dict[str, Path], scratch: Path) -> dict[str, Peer]:
    """Return sokkuri with each of `ours`, and WORKERS processes of the script with one thread of
    ONNX Runtime and with its default.
    """
    names = scratch / "objects.txt"
    names.write_text("\n".join(map(str, sorted(photos.iterdir()))))
    features, store = scratch / "features", scratch / "store"

    def indexing(spec: str) -> Peer:
        def index() -> Measurement:
            shutil.rmtree(store, ignore_errors=True)
            options = ("--store", store, "--workers", WORKERS, "--model", spec)
            return run(sokkuri("index", photos, *options))

        return index

    def article(threads: int) -> Peer:
        command = [sys.executable, "-m", "benchmarks.article", "extract"]

        def extract() -> Measurement:
            shutil.rmtree(features, ignore_errors=True)
            rest = [str(names), str(features), str(script), str(threads)]
            return run(*([*command, *rest, f"{part}/{WORKERS}"] for part in range(WORKERS)))

        return extract

    known = (DEFAULT, FLOATS)
    own = {name: indexing(name if name in known else str(path)) for name, path in ours.items()}
    return {**own, "1 thread": article(1), "default": article(0)}


def limit(photos: Path, model: Path) -> float:
    """Return the most images a second that the cores can process, by benchmarks/limits.py."""
    command = [sys.executable, "-m", "benchmarks.limits", str(photos), str(model)]
    network, entropy = map(float, run(command).out.split())
    return WORKERS * 1000 / (network + entropy)


def compare(photos: Path, script: Path, ours: dict[str, Path], scratch: Path) -> list[list[str]]:
    """Return a row of the table for each network of `ours`, without the size."""
    count = len(list(photos.iterdir()))
    measurements = run_in_turn(peers(photos, script, ours, scratch), ROUNDS)
    rate = {peer: count / median_seconds(measured) for peer, measured in measurements.items()}
    best = max(rate["1 thread"], rate["default"])
    rows = []
    for name, path in ours.items():
        most = limit(photos, path)
        rows.append([
            name, f"{rate[name]:.1f}", f"{rate['1 thread']:.1f}", f"{rate['default']:.1f}",
            f"{rate[name] / best:.2f}", f"{most:.0f}", f"{100 * rate[name] / most:.0f} %",
            f"{max(run.rss for run in measurements[name]) / 2**20:.0f} MiB",
        ])  # fmt: skip
    return rows


def report() -> str:
    rows = []
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        scripts = networks(scratch)
        for (width, height), count in SIZES.items():
            photos = scratch / f"{width}x{height}"
            write = write_jpegs if width * height < 4e6 else write_large_jpegs
            write(photos, count, width, height)
            for network, script in scripts.items():
                ours = {DEFAULT: resolve_model(DEFAULT).path} if network == FLOATS else {}
                compared = compare(photos, script, {**ours, network: script}, scratch)
                rows += [[f"{width} x {height}", *row] for row in compared]
    head = ["JPEGs", "network", "sokkuri, images/s", "script, 1 ORT thread", "script, ORT default",
            "ratio to the better", "limit", "share of it", "sokkuri's peak memory"]  # fmt: skip
    counts = ", ".join(f"{count} of {width} x {height}" for (width, height), count in SIZES.items())
    return (
        f"JPEGs at quality 90: {counts}. 1280-d; whole processes, median of {ROUNDS}; {WORKERS} "
        f"workers: threads of sokkuri, processes of the script, which has {FLOATS} beside "
        f"{DEFAULT}. limit: the network at the rate of a large matrix product, plus the entropy "
        "decoding of the JPEG.\n\n" + table(head, rows)
    )

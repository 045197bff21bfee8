"""Extraction: compare `sokkuri index` with the article's script, on the same files.

Both have the same network, with one exception: the default network of integers stands beside the
script with the same network in floats. Each process of the script has one thread of ONNX Runtime:
with ONNX Runtime's default, two processes compete for the cores, and are half as fast.
"""

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.harness import Measurement, median_seconds, run, run_in_turn, sokkuri, table
from sokkuri.models import resolve_model
from sokkuri.models.builtin import DEFAULT, FLOATS

ROUNDS, WORKERS = 2, 2
SCRIPT = "the script"
SIZES = {(500, 375): 1500, (800, 1400): 1500, (4000, 3000): 200}
"""How many JPEGs there are of each size. The largest ones are as heavy as those of a phone."""
Peer = Callable[[], Measurement]


def networks(scratch: Path) -> dict[str, Path]:
    """Return the script's networks by name: one of sokkuri's, and the article's in two forms."""
    paths = {FLOATS: resolve_model(FLOATS).path}
    for dialect in ("tf2onnx", "fused"):
        name = f"mobilenet-v3-large, {dialect}"
        paths[name] = scratch / f"mobilenet_v3_{dialect}.onnx"
        in_own_process("benchmarks.mobilenet_v3", paths[name], dialect)
    return paths


def in_own_process(module: str, *arguments: object) -> None:
    """Run a module. The memory of this process would count in the peak of its children."""
    run([sys.executable, "-m", module, *map(str, arguments)])


def peers(photos: Path, script: Path, ours: dict[str, Path], scratch: Path) -> dict[str, Peer]:
    """Return sokkuri with each of `ours`, and WORKERS processes of the script."""
    names = scratch / "objects.txt"
    names.write_text("\n".join(map(str, sorted(photos.iterdir()))))
    features, store = scratch / "features", scratch / "store"

    def indexing(spec: str) -> Peer:
        def index() -> Measurement:
            shutil.rmtree(store, ignore_errors=True)
            options = ("--store", store, "--workers", WORKERS, "--model", spec)
            return run(sokkuri("index", photos, *options))

        return index

    def extract() -> Measurement:
        shutil.rmtree(features, ignore_errors=True)
        command = [sys.executable, "-m", "benchmarks.article", "extract"]
        rest = [str(names), str(features), str(script), "1"]
        return run(*([*command, *rest, f"{part}/{WORKERS}"] for part in range(WORKERS)))

    known = (DEFAULT, FLOATS)
    own = {name: indexing(name if name in known else str(path)) for name, path in ours.items()}
    return {**own, SCRIPT: extract}


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
    rows = []
    for name, path in ours.items():
        most = limit(photos, path)
        rows.append([
            name, f"{rate[name]:.1f}", f"{rate[SCRIPT]:.1f}", f"{rate[name] / rate[SCRIPT]:.2f}",
            f"{most:.0f}", f"{100 * rate[name] / most:.0f} %",
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
            in_own_process("benchmarks.images", photos, count, width, height)
            for network, script in scripts.items():
                ours = {DEFAULT: resolve_model(DEFAULT).path} if network == FLOATS else {}
                compared = compare(photos, script, {**ours, network: script}, scratch)
                rows += [[f"{width} x {height}", *row] for row in compared]
    head = ["JPEGs", "network", "sokkuri, images/s", "script, images/s", "ratio", "limit",
            "share of it", "sokkuri's peak memory"]  # fmt: skip
    counts = ", ".join(f"{count} of {width} x {height}" for (width, height), count in SIZES.items())
    return (
        f"JPEGs at quality 90: {counts}. 1280-d; whole processes, median of {ROUNDS}; {WORKERS} "
        f"workers: threads of sokkuri, processes of the script, which has {FLOATS} beside "
        f"{DEFAULT}. limit: the network at the rate of a large matrix product, plus the entropy "
        "decoding of the JPEG.\n\n" + table(head, rows)
    )

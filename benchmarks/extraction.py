"""Extraction: compare `sokkuri index` with the article's script, with the same model and files."""

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.harness import Measurement, median_seconds, run, run_in_turn, sokkuri, table
from benchmarks.images import write_jpegs
from sokkuri.models import resolve_model
from sokkuri.models.builtin import FLOATS

COUNT, ROUNDS, WORKERS = 1500, 2, 2
SIZES = ((500, 375), (800, 1400))
Peer = Callable[[], Measurement]


def models(scratch: Path) -> dict[str, Path]:
    """Return the networks by name: one of sokkuri's in floats, and the article's in two forms."""
    paths = {FLOATS: resolve_model(FLOATS).path}
    for dialect in ("tf2onnx", "fused"):
        name = f"mobilenet-v3-large, {dialect}"
        paths[name] = scratch / f"mobilenet_v3_{dialect}.onnx"
        # In its own process: the memory of this one would count in the peak of its children.
        run([sys.executable, "-m", "benchmarks.mobilenet_v3", str(paths[name]), dialect])
    return paths


def peers(photos: Path, model: Path, scratch: Path) -> dict[str, Peer]:
    """Return sokkuri, and WORKERS processes of the script, with one ONNX Runtime thread and by
    default."""
    names = scratch / "objects.txt"
    names.write_text("\n".join(map(str, sorted(photos.iterdir()))))
    features, store = scratch / "features", scratch / "store"
    spec = FLOATS if model == resolve_model(FLOATS).path else str(model)

    def ours() -> Measurement:
        shutil.rmtree(store, ignore_errors=True)
        options = ("--store", store, "--workers", WORKERS, "--model", spec)
        return run(sokkuri("index", photos, *options))

    def article(threads: int) -> Peer:
        command = [sys.executable, "-m", "benchmarks.article", "extract"]

        def script() -> Measurement:
            shutil.rmtree(features, ignore_errors=True)
            rest = [str(names), str(features), str(model), str(threads)]
            return run(*([*command, *rest, f"{part}/{WORKERS}"] for part in range(WORKERS)))

        return script

    return {"sokkuri": ours, "1 thread": article(1), "default": article(0)}


def limit(photos: Path, model: Path) -> float:
    """Return the most images a second that the cores can process, by benchmarks/limits.py."""
    command = [sys.executable, "-m", "benchmarks.limits", str(photos), str(model)]
    network, entropy = map(float, run(command).out.split())
    return WORKERS * 1000 / (network + entropy)


def report() -> str:
    rows = []
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        networks = models(scratch)
        for width, height in SIZES:
            photos = scratch / f"{width}x{height}"
            content = write_jpegs(photos, COUNT, width, height)
            for network, model in networks.items():
                measurements = run_in_turn(peers(photos, model, scratch), ROUNDS)
                rate = {
                    peer: COUNT / median_seconds(measured)
                    for peer, measured in measurements.items()
                }
                best = max(rate["1 thread"], rate["default"])
                most = limit(photos, model)
                rows.append([
                    f"{width} x {height}", network, f"{rate['sokkuri']:.1f}",
                    f"{rate['1 thread']:.1f}", f"{rate['default']:.1f}",
                    f"{rate['sokkuri'] / best:.2f}", f"{most:.0f}",
                    f"{100 * rate['sokkuri'] / most:.0f} %",
                    f"{max(run.rss for run in measurements['sokkuri']) / 2**20:.0f} MiB",
                ])  # fmt: skip
    head = ["JPEGs", "network", "sokkuri, images/s", "script, 1 ORT thread", "script, ORT default",
            "ratio to the better", "limit", "share of it", "sokkuri's peak memory"]  # fmt: skip
    return (
        f"{COUNT} {content} of each size at quality 90, 1280-d; whole processes, median of "
        f"{ROUNDS}; {WORKERS} workers: threads of sokkuri, processes of the script. limit: the "
        "network at the rate of a large matrix product, plus the entropy decoding of the JPEG.\n\n"
        + table(head, rows)
    )

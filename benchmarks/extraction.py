"""Extraction: `sokkuri index` beside the article's script, same model, same files, same run."""

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.harness import Measured, in_turn, run, seconds, sokkuri, table
from benchmarks.images import make
from sokkuri.models import resolve_model

COUNT, ROUNDS = 400, 3
SIZES = ((500, 375), (800, 1400))
Peer = Callable[[], Measured]


def peers(photos: Path, scratch: Path, workers: int) -> dict[str, Peer]:
    """Ours, and the script as so many processes, with one ONNX Runtime thread and by default."""
    names = scratch / "objects.txt"
    names.write_text("\n".join(map(str, sorted(photos.iterdir()))))
    model, features, store = resolve_model().path, scratch / "features", scratch / "store"

    def ours() -> Measured:
        shutil.rmtree(store, ignore_errors=True)
        return run(sokkuri("index", photos, "--store", store, "--workers", workers))

    def article(threads: int) -> Peer:
        command = [sys.executable, "-m", "benchmarks.article", "extract"]

        def script() -> Measured:
            shutil.rmtree(features, ignore_errors=True)
            rest = [str(names), str(features), str(model), str(threads)]
            return run(*([*command, *rest, f"{part}/{workers}"] for part in range(workers)))

        return script

    return {"sokkuri": ours, "1 thread": article(1), "default": article(0)}


def report() -> str:
    rows = []
    for width, height in SIZES:
        with tempfile.TemporaryDirectory() as name:
            scratch = Path(name)
            what = make(scratch / "photos", COUNT, width, height)
            for workers in (1, 2):
                found = in_turn(peers(scratch / "photos", scratch, workers), ROUNDS)
                rate = {peer: COUNT / seconds(measured) for peer, measured in found.items()}
                rss = max(one.rss for one in found["sokkuri"]) / 2**20
                rows.append([
                    f"{width} x {height}", workers, f"{rate['sokkuri']:.1f}",
                    f"{rate['1 thread']:.1f}", f"{rate['default']:.1f}",
                    f"{rate['sokkuri'] / rate['1 thread']:.2f}",
                    f"{rate['sokkuri'] / rate['default']:.2f}", f"{rss:.0f} MiB",
                ])  # fmt: skip
    head = ["JPEGs", "workers", "sokkuri, images/s", "script, 1 ORT thread", "script, ORT default",
            "ratio", "ratio to default", "sokkuri's peak memory"]  # fmt: skip
    return (
        f"{COUNT} {what} of each size at quality 90, efficientnet-lite0, 1280-d; whole processes, "
        f"median of {ROUNDS}; workers: sokkuri's threads, the script's processes.\n\n"
        + table(head, rows)
    )

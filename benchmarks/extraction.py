"""Extraction: `sokkuri index` beside the article's script, same model, same files, same run."""

import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.harness import Measured, in_turn, run, seconds, sokkuri, table
from benchmarks.images import make
from sokkuri.models import resolve_model

COUNT, ROUNDS, WORKERS = 1500, 2, 2
SIZES = ((500, 375), (800, 1400))
Peer = Callable[[], Measured]


def models(scratch: Path) -> dict[str, Path]:
    """The networks by name: the default one, and the article's in two spellings."""
    found = {"efficientnet-lite0": resolve_model().path}
    for dialect in ("tf2onnx", "fused"):
        name = f"mobilenet-v3-large, {dialect}"
        found[name] = scratch / f"mobilenet_v3_{dialect}.onnx"
        # In a process of its own: what this one has held would count as its children's peak.
        run([sys.executable, "-m", "benchmarks.mobilenet_v3", str(found[name]), dialect])
    return found


def peers(photos: Path, model: Path, scratch: Path) -> dict[str, Peer]:
    """Ours, and the script as so many processes, with one ONNX Runtime thread and by default."""
    names = scratch / "objects.txt"
    names.write_text("\n".join(map(str, sorted(photos.iterdir()))))
    features, store = scratch / "features", scratch / "store"
    known = resolve_model()
    spec = known.card.name if model == known.path else str(model)

    def ours() -> Measured:
        shutil.rmtree(store, ignore_errors=True)
        options = ("--store", store, "--workers", WORKERS, "--model", spec)
        return run(sokkuri("index", photos, *options))

    def article(threads: int) -> Peer:
        command = [sys.executable, "-m", "benchmarks.article", "extract"]

        def script() -> Measured:
            shutil.rmtree(features, ignore_errors=True)
            rest = [str(names), str(features), str(model), str(threads)]
            return run(*([*command, *rest, f"{part}/{WORKERS}"] for part in range(WORKERS)))

        return script

    return {"sokkuri": ours, "1 thread": article(1), "default": article(0)}


def limit(photos: Path, model: Path) -> float:
    """Images a second that the cores could do at most, by benchmarks/limits.py."""
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
            what = make(photos, COUNT, width, height)
            for network, model in networks.items():
                found = in_turn(peers(photos, model, scratch), ROUNDS)
                rate = {peer: COUNT / seconds(measured) for peer, measured in found.items()}
                best = max(rate["1 thread"], rate["default"])
                most = limit(photos, model)
                rows.append([
                    f"{width} x {height}", network, f"{rate['sokkuri']:.1f}",
                    f"{rate['1 thread']:.1f}", f"{rate['default']:.1f}",
                    f"{rate['sokkuri'] / best:.2f}", f"{most:.0f}",
                    f"{100 * rate['sokkuri'] / most:.0f} %",
                    f"{max(one.rss for one in found['sokkuri']) / 2**20:.0f} MiB",
                ])  # fmt: skip
    head = ["JPEGs", "network", "sokkuri, images/s", "script, 1 ORT thread", "script, ORT default",
            "ratio to the better", "limit", "share of it", "sokkuri's peak memory"]  # fmt: skip
    return (
        f"{COUNT} {what} of each size at quality 90, 1280-d; whole processes, median of {ROUNDS}; "
        f"{WORKERS} workers: sokkuri's threads, the script's processes. limit: the network at the "
        "rate of a large matrix product, and of the JPEG its entropy decoding alone.\n\n"
        + table(head, rows)
    )

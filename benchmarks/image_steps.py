"""The way of an image through `sokkuri index`, step by step, in milliseconds of one core.

    python -m benchmarks image_steps

Each kind of image is indexed by one thread in a process of its own, with the default network. The
milliseconds are those of the processor: other work on the machine changes them less. `the rest` is
what the process needs beside the steps: the jobs, the queues, Python. The last column is the
entropy decoding alone, by benchmarks/limits.py.
"""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.harness import run, table
from benchmarks.images import (
    Write,
    write_jpegs,
    write_large_jpegs,
    write_screenshots,
    write_webps,
)
from benchmarks.limits import entropy_milliseconds
from benchmarks.step_costs import Step, measured
from sokkuri.indexing.options import SyncOptions
from sokkuri.indexing.sync import sync
from sokkuri.models import resolve_model
from sokkuri.store.collection import CollectionStore

ROUNDS = 3
KINDS: dict[str, tuple[Write, int, int, int]] = {
    "JPEG 500 x 375": (write_jpegs, 100, 500, 375),
    "JPEG 800 x 1400": (write_jpegs, 60, 800, 1400),
    "JPEG 4000 x 3000": (write_large_jpegs, 10, 4000, 3000),
    "PNG screenshot 1920 x 1080": (write_screenshots, 20, 1920, 1080),
    "WebP 800 x 1400": (write_webps, 30, 800, 1400),
}
"""How the images of each kind are written: by what function, how many, width, height."""

_OVERALL = "the rest"


def _steps() -> list[Step]:
    return [
        Step("read", "indexing.worker:read_file"),
        Step("hash", "indexing.worker:xxhash.xxh3_128_digest"),
        Step("header", "images.open_image:open_image"),
        Step("decode", "images.decode:_load"),
        Step("colour", "images.decode:convert_whole"),
        Step("colour", "images.decode:_as_rgb"),
        Step("resize", "images.decode:Image.Image.resize"),
        Step("layout", "models.extractor:Extractor._input_values"),
        Step("network", "models.session:Session.run"),
        Step("metadata", "indexing.worker:read_photo"),
        Step("commit", "indexing.writer:Writer.flush"),
    ]


def measure(photos: Path) -> dict[str, float]:
    """Index the photos; return the milliseconds of each step for an image."""
    steps, model = _steps(), resolve_model()
    first, begun, spent = 0, 0.0, 0.0
    with (
        measured(steps, "sokkuri"),
        CollectionStore.create_with(photos, photos / ".sokkuri", model, model.card.name) as store,
    ):
        for progress in sync(store, model, SyncOptions(workers=1)):
            if progress.stage != "extracting":
                spent = spent or (time.process_time() - begun if begun else 0.0)
            elif not begun:  # the network is loaded by now
                first, begun = progress.done, time.process_time()
                for step in steps:
                    step.seconds = 0.0
    count = len(list(photos.glob("*.*"))) - first
    milliseconds = dict.fromkeys((step.title for step in steps), 0.0)
    for step in steps:
        milliseconds[step.title] += 1000 * step.seconds / count
    milliseconds[_OVERALL] = 1000 * spent / count - sum(milliseconds.values())
    return milliseconds


def _row(name: str, photos: Path) -> list[str]:
    """Return the row of one kind of image: the medians of the rounds."""
    rounds = []
    for _ in range(ROUNDS):
        done = run([sys.executable, "-m", "benchmarks.image_steps", str(photos)])
        rounds.append(json.loads(done.out.splitlines()[-1]))
    medians = [statistics.median(one[step] for one in rounds) for step in rounds[0]]
    total = statistics.median(sum(one.values()) for one in rounds)
    files = list(photos.glob("*.*"))
    size = statistics.mean(file.stat().st_size for file in files) / 1000
    entropy = f"{entropy_milliseconds(photos):.1f}" if name.startswith("JPEG") else ""
    return [name, f"{size:,.0f}", *(f"{one:.2f}" for one in medians), f"{total:.1f}", entropy]


def report() -> str:
    with tempfile.TemporaryDirectory() as folder:
        rows = []
        for number, (name, (write, count, width, height)) in enumerate(KINDS.items()):
            photos = Path(folder) / str(number)
            write(photos, count, width, height)
            rows.append(_row(name, photos))
    titles = dict.fromkeys(step.title for step in _steps())
    head = ["images", "kB", *titles, _OVERALL, "all", "entropy decoding"]
    return (
        "ms of one core for an image, one thread, medians of "
        f"{ROUNDS} runs; {resolve_model().card.name}.\n\n" + table(head, rows)
    )


if __name__ == "__main__":
    import shutil

    where = Path(sys.argv[1])
    shutil.rmtree(where / ".sokkuri", ignore_errors=True)
    print(json.dumps(measure(where)))

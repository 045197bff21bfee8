"""Measure the run of the article: index 100,381 photos, then index them again.

The photos are copies of real ones. A few bytes are appended to each, so that no two have equal
bytes. Takes some minutes, and a few gigabytes in the temporary folder.
"""

import json
import shutil
import tempfile
from pathlib import Path

from benchmarks.harness import SHARED, Measurement, run, sokkuri, table
from sokkuri.models.builtin import DEFAULT

COUNT = 100_381
"""The size of the article's collection. The article states under 15 minutes with eight processes on
a GPU."""


def write_photos(folder: Path, count: int) -> int:
    """Write `count` photos in two levels of folders, as the article. Return their total bytes."""
    photos = sorted((SHARED / "clothing").glob("*/*.jpg"))
    if not photos:
        raise SystemExit(f"there are no photos in {SHARED / 'clothing'}")
    size = 0
    for number in range(count):
        name = f"{number * 2654435761 % 2**32:08x}.jpg"
        path = folder / name[:2] / name[2:4] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(photos[number % len(photos)], path)
        with path.open("ab") as file:
            file.write(number.to_bytes(4, "little"))
        size += path.stat().st_size
    return size


def report() -> str:
    with tempfile.TemporaryDirectory() as name:
        folder, store = Path(name) / "photos", Path(name) / "store"
        size = write_photos(folder, COUNT)
        rows = []
        for name_ in ("from nothing", "again"):
            measured = run(sokkuri("index", folder, "--store", store, "--json"))
            rows.append([name_, *_figures(measured)])
        stored = sum(path.stat().st_size for path in store.rglob("*") if path.is_file())
    return (
        f"{COUNT:,} photos of {size / COUNT / 1000:.0f} kB on average, {DEFAULT}; "
        f"{stored / 2**20:.0f} MiB on disk afterwards.\n\n"
        + table(["run", "whole process", "images/s", "peak memory", "its report"], rows)
    )


def _figures(measured: Measurement) -> list[str]:
    report_ = json.loads(measured.out)
    counts = ", ".join(f"{report_[key]:,} {key}" for key in ("added", "unchanged", "failed"))
    minutes, seconds = divmod(measured.seconds, 60)
    took = f"{minutes:.0f} min {seconds:.0f} s" if minutes else f"{seconds:.2f} s"
    return [took, f"{COUNT / measured.seconds:,.0f}", f"{measured.rss / 2**20:.0f} MiB", counts]

"""The real command, and what it left behind, for the functional tests."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
import steps
from command_server import ForkedCommand, can_fork

RunningCommand = ForkedCommand | subprocess.Popen[str]

SHARED = Path(__file__).parents[3] / "shared" / "data"
"""Real photos with ground truth, beside the project where they are at hand."""


def command_line(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "sokkuri", *map(str, arguments)]


def sokkuri(
    *arguments: object, code: int = 0, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end in a process of its own, and insist on its exit code."""
    process = start(*arguments, cwd=cwd, environment=environment)
    try:
        out, errors = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == code, f"exit {process.returncode}: {out}{errors}"
    assert "Traceback" not in errors, errors
    return subprocess.CompletedProcess(command_line(*arguments), process.returncode, out, errors)


def as_json(*arguments: object, code: int = 0, cwd: Path | None = None) -> Any:
    """Run with --json: stdout is one document and nothing else."""
    return json.loads(sokkuri(*arguments, "--json", code=code, cwd=cwd).stdout)


def start(
    *arguments: object,
    cwd: Path | None = None,
    stderr: IO[bytes] | None = None,
    environment: Mapping[str, str] | None = None,
) -> RunningCommand:
    """Start the command in a process of its own.

    stderr : where its messages go; None keeps them for `communicate`. environment : variables to
    set beside ours.
    """
    variables = {**os.environ, **(environment or {})}
    if can_fork(variables):
        return ForkedCommand([*map(str, arguments)], cwd, variables, stderr)
    return subprocess.Popen(
        command_line(*arguments),
        cwd=cwd,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=stderr or subprocess.PIPE,
        encoding="utf-8",
        errors="surrogateescape",
    )


def record_steps(log: Path, *arguments: object) -> list[str]:
    """Run the command undisturbed and return the names of its steps."""
    process = start(*arguments, environment=steps.logging_environment(log))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return log.read_text().splitlines()


def kill_at_step(step: int, *arguments: object) -> None:
    """Run the command, and `kill -9` it at that step."""
    process = start(*arguments, environment=steps.signal_environment(step, signal.SIGKILL))
    process.communicate(timeout=60)
    assert process.returncode in (-signal.SIGKILL, 0), "threads may need fewer steps"


def find_real_photos(count: int) -> list[Path]:
    """`count` real photos, spread over their classes; skips the test where there are none."""
    found = sorted((SHARED / "clothing").glob("*/*.jpg"))
    if len(found) < count:
        pytest.skip(f"needs {count} photos in {SHARED / 'clothing'}")
    step = len(found) // count
    return found[::step][:count]


def copy_photos(folder: Path, photos: Sequence[Path]) -> Path:
    """Copies of the photos in `folder`, in one subfolder a class."""
    for photo in photos:
        target = folder / photo.parent.name / photo.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(photo, target)
    return folder


def read_positions(store: Path) -> dict[str, tuple[int, int]]:
    """Shard and row of every image that the catalog gives one, by id."""
    with sqlite3.connect(f"file:{store / 'catalog.sqlite'}?mode=ro", uri=True) as catalog:
        catalog.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        rows = catalog.execute("SELECT id, shard, row FROM images WHERE shard IS NOT NULL")
        found = {id_: (shard, row) for id_, shard, row in rows}
    catalog.close()
    return found


def read_vectors(store: Path) -> dict[str, bytes]:
    """The feature vector of every image, by id, straight from the shards with NumPy alone."""
    (features,) = (store / "features").iterdir()
    shards: dict[int, tuple[Any, Any]] = {}
    found = {}
    for id_, (shard, row) in read_positions(store).items():
        if shard not in shards:
            shards[shard] = (
                np.load(features / f"{shard:04d}.features.npy", mmap_mode="r"),
                np.load(features / f"{shard:04d}.object_ids.npy"),
            )
        matrix, ids = shards[shard]
        assert str(ids[row]) == id_, "the two files of a shard are row-aligned"
        found[id_] = matrix[row].tobytes()
    return found


def count_rows_in_shards(store: Path) -> int:
    """All rows of all shards, whether they count or not."""
    return sum(
        len(np.load(path, mmap_mode="r")) for path in store.glob("features/*/*.features.npy")
    )


def assert_sound(store: Path) -> None:
    """`verify` finds nothing."""
    assert as_json("verify", "-C", store) == {"ok": True, "faults": []}

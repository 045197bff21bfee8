"""Run the real command, and read the store that it wrote, for the functional tests."""

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
"""Real photos with ground truth, in a folder beside the project. It may be missing."""


def command_line(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "sokkuri", *map(str, arguments)]


def sokkuri(
    *arguments: object, code: int = 0, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end in a process of its own, and check its exit code."""
    process = start(*arguments, cwd=cwd, environment=environment)
    return _completed(process, command_line(*arguments), code)


def _completed(
    process: RunningCommand, command: list[str], code: int
) -> subprocess.CompletedProcess[str]:
    """Wait for the end of the command, and check its exit code."""
    try:
        out, errors = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == code, f"exit {process.returncode}: {out}{errors}"
    assert "Traceback" not in errors, errors
    return subprocess.CompletedProcess(command, process.returncode, out, errors)


_WITHOUT = """
import sys
sys.modules[sys.argv.pop(1)] = None
from sokkuri.cli import main
main()
"""


def without(
    module: str, *arguments: object, code: int = 0, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process that cannot import the module, and check its exit code."""
    variables = {**os.environ, **environment}
    words = [module, *map(str, arguments)]
    process: RunningCommand
    if can_fork(variables):
        process = ForkedCommand(words, None, variables, script=_WITHOUT)
    else:
        process = subprocess.Popen(
            [sys.executable, "-c", _WITHOUT, *words], env=variables, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, encoding="utf-8", errors="surrogateescape",
        )  # fmt: skip
    return _completed(process, words, code)


def as_json(*arguments: object, code: int = 0, cwd: Path | None = None) -> Any:
    """Run the command with --json and return the document, which must be all of stdout."""
    return json.loads(sokkuri(*arguments, "--json", code=code, cwd=cwd).stdout)


def changes(report: Mapping[str, int]) -> dict[str, int]:
    """Return the counts of a report of `index` that are changes and not 0."""
    names = ("added", "updated", "moved", "reused", "removed", "failed")
    return {name: report[name] for name in names if report[name]}


def start(
    *arguments: object,
    cwd: Path | None = None,
    stderr: IO[bytes] | None = None,
    environment: Mapping[str, str] | None = None,
    stdout: IO[bytes] | None = None,
) -> RunningCommand:
    """Start the command in a process of its own.

    stderr, stdout : where its messages and its output go; None keeps them for `communicate`.
    environment : variables to set beside those of this process.
    """
    variables = {**os.environ, **(environment or {})}
    if can_fork(variables):
        return ForkedCommand([*map(str, arguments)], cwd, variables, stderr, stdout=stdout)
    return subprocess.Popen(
        command_line(*arguments),
        cwd=cwd,
        env=variables,
        stdout=stdout or subprocess.PIPE,
        stderr=stderr or subprocess.PIPE,
        encoding="utf-8",
        errors="surrogateescape",
    )


def index_command(photos: Path, store: Path, model: Path) -> list[object]:
    """Return the command that creates the collection or continues."""
    return ["index", photos, "--store", store, "--model", model]


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
    assert process.returncode in (-signal.SIGKILL, 0), "with threads a run may have fewer steps"


def find_real_photos(count: int) -> list[Path]:
    """Return `count` real photos from all classes. Skip the test if there are too few."""
    photos = sorted((SHARED / "clothing").glob("*/*.jpg"))
    if len(photos) < count:
        pytest.skip(f"needs {count} photos in {SHARED / 'clothing'}")
    step = len(photos) // count
    return photos[::step][:count]


def copy_photos(folder: Path, photos: Sequence[Path]) -> Path:
    """Copy the photos to `folder`, with a subfolder for each class, and return `folder`."""
    for photo in photos:
        target = folder / photo.parent.name / photo.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(photo, target)
    return folder


def read_positions(store: Path) -> dict[str, tuple[int, int]]:
    """Return the shard and row of every image that has one in the catalog, by id."""
    with sqlite3.connect(f"file:{store / 'catalog.sqlite'}?mode=ro", uri=True) as catalog:
        catalog.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
        rows = catalog.execute("SELECT id, shard, row FROM images WHERE shard IS NOT NULL")
        positions = {id_: (shard, row) for id_, shard, row in rows}
    catalog.close()
    return positions


def read_vectors(store: Path) -> dict[str, bytes]:
    """Return the bytes of every feature vector, by id, read from the shards with NumPy alone."""
    (features,) = (store / "features").iterdir()
    shards: dict[int, tuple[Any, Any]] = {}
    vectors = {}
    for id_, (shard, row) in read_positions(store).items():
        if shard not in shards:
            shards[shard] = (
                np.load(features / f"{shard:04d}.features.npy", mmap_mode="r"),
                np.load(features / f"{shard:04d}.object_ids.npy"),
            )
        matrix, ids = shards[shard]
        assert str(ids[row]) == id_, "the two files of a shard are row-aligned"
        vectors[id_] = matrix[row].tobytes()
    return vectors


def count_rows_in_shards(store: Path) -> int:
    """Return the number of rows in all shards, committed or not."""
    return sum(
        len(np.load(path, mmap_mode="r")) for path in store.glob("features/*/*.features.npy")
    )


def assert_sound(store: Path) -> None:
    """Check that `verify` finds no fault."""
    assert as_json("verify", "-C", store) == {"ok": True, "faults": []}

"""The real trash in a temporary home folder, and moves to it."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from synthetic_collection import DIMENSION, Bench, apply_listing, create_empty

from sokkuri.api import Collection
from sokkuri.core.types import FileFingerprint, FileRef, FileStat
from sokkuri.curation.trash.apply import MoveResult
from sokkuri.curation.trash.plan import KeptImage, Move, TrashPlan
from sokkuri.curation.trash.safe_files import size_and_digest
from sokkuri.curation.types import Grade
from sokkuri.indexing.outcomes import Extracted
from sokkuri.store.images import LIVE
from sokkuri.store.leases import end_run

FILES = {"keep.jpg": b"kept", "a.jpg": b"first", "sub/b.jpg": b"second", "sub/deep/c.jpg": b"kept"}
DROPS = ["a.jpg", "sub/b.jpg", "sub/deep/c.jpg"]


def home_environment(home: Path) -> dict[str, str]:
    """Return the variables that make `home` the home folder, with a trash of its own."""
    return {
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "SOKKURI_CACHE": str(home / "cache"),
    }


def trash_folder(home: Path) -> Path:
    return home / "data" / "Trash"


def use_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make `home` the home folder of this process until the test ends, and return its trash."""
    home.mkdir()
    for name, value in home_environment(home).items():
        monkeypatch.setenv(name, value)
    forget_send2trash()
    return trash_folder(home)


def forget_send2trash() -> None:
    """Unload Send2Trash, which reads the home folder when it is imported."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "send2trash"]:
        del sys.modules[name]


def list_trash(trash: Path) -> list[str]:
    """Return the names of the files in the trash. Each must have its information file."""
    names = sorted(file.name for file in trash.glob("files/*"))
    assert {f"{name}.trashinfo" for name in names} <= {info.name for info in trash.glob("info/*")}
    return names


def write_file(path: Path, data: bytes) -> Path:
    """Write a file with a date in the past."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, ns=(1_500_000_000_000_000_000, 1_400_000_000_123_456_789))
    return path


def write_photos(root: Path) -> Path:
    """Write FILES to a folder, and return the folder."""
    for path, data in FILES.items():
        write_file(root / path, data)
    return root


def make_move(root: Path, path: str, keep: str, grade: Grade = "edited") -> Move:
    """Return the move of an existing file, which another existing file makes superfluous."""
    size, digest = size_and_digest(root / path)
    kept = KeptImage(keep, keep, str(root), size_and_digest(root / keep)[1])
    return Move(path, path, str(root), size, digest, grade, kept)


def make_collection(root: Path) -> Collection:
    """Make a collection of the files in `root`, with made-up vectors."""
    collection = create_empty(root)
    bench = Bench(collection)
    files = sorted(file for file in root.rglob("*.jpg") if file.is_file())
    paths = [file.relative_to(root).as_posix() for file in files]
    stats = {
        path: FileStat(file.stat().st_size, file.stat().st_mtime_ns)
        for path, file in zip(paths, files, strict=True)
    }
    apply_listing(
        collection.catalog, [FileRef(path, path, stats[path]) for path in paths], bench.run
    )
    for path, job in bench.claim_jobs().items():
        fingerprint = FileFingerprint(stats[path], size_and_digest((root / path).resolve())[1])
        vector = np.full(DIMENSION, len(path), np.float32)
        bench.writer.add(Extracted(job, fingerprint, 640, 480, vector))
    bench.writer.finish()
    end_run(collection.catalog, bench.run)
    return collection


def list_live_ids(root: Path) -> list[str]:
    """Return the ids of the images that searches find."""
    with Collection.open(root, "ro") as collection:
        return sorted(
            id_ for (id_,) in collection.catalog.fetch_all(f"SELECT id FROM images WHERE {LIVE}")
        )


def make_drops_plan(root: Path) -> TrashPlan:
    """Return a plan that keeps one of FILES and moves the others."""
    return TrashPlan(tuple(make_move(root, path, "keep.jpg") for path in DROPS), "now")


def moved_paths(moves: Iterator[MoveResult]) -> list[str]:
    """Check that all files were moved, and return their paths."""
    results = list(moves)
    assert all(result.moved for result in results), results
    return [result.move.path for result in results]


def read_contents(root: Path) -> dict[str, bytes]:
    return {
        file.relative_to(root).as_posix(): file.read_bytes()
        for file in root.rglob("*")
        if file.is_file() and ".sokkuri" not in file.parts
    }


def run_in_child(act: Callable[[], object]) -> int:
    """Run `act` in a forked process, and return its exit code, or minus its signal."""
    child = os.fork()
    if child == 0:  # only _exit may end the child: pytest runs in the parent
        code = 1
        try:
            act()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

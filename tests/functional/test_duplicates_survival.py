"""duplicates under kills and interrupts, run twice at once, and with a damaged pair store."""

import contextlib
import json
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import edited_images
import pytest
from duplicate_collection import (
    find_groups,
    forge_scores,
    group_members,
    pair_store_path,
    query_pair_store,
    read_pair_store,
)
from permissions import check_without_privileges
from run_cli import sokkuri, start

from sokkuri.api import Collection
from sokkuri.core.errors import StorageError
from sokkuri.curation.duplicates.find import find_duplicates


@pytest.fixture
def root(compared: Path, tmp_path: Path) -> Path:
    """A copy of the collection, with the dates of its files."""
    return shutil.copytree(compared, tmp_path / "photos")


def test_a_damaged_pair_store_is_rebuilt(root: Path) -> None:
    before = find_groups(root, "--under", "p0")
    pair_store_path(root).write_bytes(b"no database at all" * 1000)
    assert find_groups(root, "--under", "p0") == before
    assert read_pair_store(root)[2]


def test_a_read_only_store_gives_one_clear_error(compared: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # a user without privileges can enter it
        root = shutil.copytree(compared, Path(folder) / "photos")
        for path in [*root.rglob("*")][::-1]:
            path.chmod(0o555 if path.is_dir() else 0o444)

        def fails_clearly() -> bool:  # in this process: another user cannot start Python
            with pytest.raises(StorageError) as raised, Collection.open(root) as collection:
                list(find_duplicates(collection))
            message = str(raised.value)
            return message.startswith(str(root)) and "\n" not in message

        try:
            assert check_without_privileges(fails_clearly)
        finally:
            for path in [root, *root.rglob("*")]:
                path.chmod(0o755)


MANY = 4
WHOLE = {
    frozenset(f"{seed:02d}/{name}.jpg" for name in ["orig", *edited_images.EDITS])
    for seed in range(MANY)
}


@pytest.fixture
def uncompared(tmp_path: Path) -> Path:
    """A collection that takes some seconds to compare."""
    root = tmp_path / "photos"
    for seed in range(MANY):
        edited_images.write_edits(root / f"{seed:02d}", 100 + seed)
    sokkuri("index", root)
    return root


def stop_command(root: Path, number: signal.Signals, pairs: int) -> tuple[int, str]:
    """Signal the command once it has saved `pairs` pairs. Return its exit code and its stderr."""
    process = start("duplicates", "-C", root)
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.01)
                break
            row = query_pair_store(root, "SELECT count(*) FROM pairs")
            if row is not None and row[0] >= pairs:
                process.send_signal(number)
                break
    finally:
        _, said = process.communicate(timeout=60)
    return process.wait(), said


def test_kills_and_interrupts_keep_the_compared_pairs(uncompared: Path) -> None:
    """Guarantee: compared pairs are kept. The next run continues and finds what an undisturbed run
    finds."""
    code, _ = stop_command(uncompared, signal.SIGKILL, 1)
    assert code == -signal.SIGKILL
    (kept,) = query_pair_store(uncompared, "SELECT count(*) FROM pairs")
    assert query_pair_store(uncompared, "SELECT count(*) FROM compared") == (0,)
    forge_scores(uncompared)

    code, said = stop_command(uncompared, signal.SIGINT, kept + 1)
    assert code == 130
    assert said == "sokkuri: interrupted; finished work is kept\n"
    (now,) = query_pair_store(uncompared, "SELECT count(*) FROM pairs")
    assert now > kept
    assert query_pair_store(uncompared, "SELECT count(*) FROM compared") == (0,)

    found = find_groups(uncompared)
    assert group_members(found) == WHOLE
    scores = [pair["score"] for group in found for pair in group["pairs"]]
    assert 0.75 in scores, "kept pairs are not compared again"
    assert {score for score in scores if score != 0.75}, "the other pairs are compared"


def test_two_runs_at_once_find_the_same_groups(root: Path) -> None:
    before = find_groups(root, "--under", "p0")
    shutil.rmtree(root / ".sokkuri" / "indexes")
    command = ["duplicates", "-C", root, "--under", "p0", "--json"]
    started = [start(*command) for _ in range(2)]
    outputs = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0, 0], outputs
    assert [said for _, said in outputs] == ["", ""]
    first, second = (json.loads(out)["groups"] for out, _ in outputs)
    assert first == second == before

"""The log of moves: one process holds it, and another file is never taken for a log."""

import json
import resource
import sys
from pathlib import Path

import pytest
from trash_fixtures import (
    DROPS,
    FILES,
    make_drops_plan,
    moved_paths,
    read_contents,
    run_in_child,
    use_home,
    write_photos,
)

from sokkuri.core.errors import StorageError, UsageError
from sokkuri.curation.trash.apply import apply_plan, undo
from sokkuri.curation.trash.log import count_unreadable_lines
from sokkuri.curation.trash.plan import TrashPlan

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the trash of freedesktop.org")


@pytest.fixture
def trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return use_home(tmp_path / "home", monkeypatch)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "plan.log"


@pytest.mark.parametrize("data", [b"", b"my own notes\n", b"\0" * 100, b'{"version": 1}\n'])
def test_a_file_that_is_not_a_log_is_refused_and_not_changed(
    trash: Path, root: Path, log: Path, data: bytes
) -> None:
    log.write_bytes(data)
    for done in (apply_plan(make_drops_plan(root), log), undo(log)):
        with pytest.raises(UsageError, match="is not a log"):
            list(done)
    assert log.read_bytes() == data
    assert read_contents(root) == FILES


def test_the_log_is_named_if_its_plan_is_given_instead(tmp_path: Path) -> None:
    for name in ("plan.json", "plan.log"):
        (tmp_path / name).write_text("{}\n")
    with pytest.raises(UsageError, match=r"is not a log .*: its log is .*plan\.log$"):
        list(undo(tmp_path / "plan.json"))


@pytest.mark.parametrize(
    "line",
    [
        {"event": "intent"},
        {"event": "intent", "move": {}, "place": "/a", "store": None},
        {"event": "moved", "root": "/a", "path": "b", "digest": "00"},
        {"event": "moved", "root": "/a", "path": "b", "digest": 5},
        {"event": "erase"},
        {},
    ],
)
def test_a_wrong_line_of_a_log_is_named(trash: Path, root: Path, log: Path, line: object) -> None:
    assert moved_paths(apply_plan(make_drops_plan(root), log)) == DROPS
    number = len(log.read_text().splitlines()) + 1
    with log.open("a") as file:
        file.write(f"{json.dumps(line)}\n")
    with pytest.raises(UsageError, match=f"line {number}: "):
        list(undo(log))


@pytest.mark.parametrize(
    "wrong",
    [
        5, {}, {"kind": "else"}, {"kind": "folder", "target": "there"},
        {"kind": "folder", "target": "/a\0"}, {"kind": "link", "mode": "5"},
        {"kind": "link", "mtime_ns": True}, {"kind": "merge", "before": "é"},
        {"kind": "merge", "before": 5}, {"kind": "link", "more": 1},
    ],
)  # fmt: skip
def test_a_wrong_way_in_a_log_is_named(trash: Path, root: Path, log: Path, wrong: object) -> None:
    assert moved_paths(apply_plan(make_drops_plan(root), log)) == DROPS
    lines = log.read_text().splitlines()
    document = json.loads(lines[-1])
    del document["checksum"]  # as an earlier version wrote it
    plain = {"kind": "link", "target": "/there", "mtime_ns": 0, "mode": 0}
    document["way"] = {**plain, **wrong} if isinstance(wrong, dict) and wrong else wrong
    with log.open("a") as file:
        file.write(f"{json.dumps(document)}\n")
    with pytest.raises(UsageError, match=f"line {len(lines) + 1}: "):
        list(undo(log))


def test_an_undo_needs_a_log(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        list(undo(tmp_path / "plan.log"))
    assert list(tmp_path.iterdir()) == [], "and no lock is left"


def test_one_process_at_a_time_uses_a_log(trash: Path, root: Path, log: Path) -> None:
    moves = make_drops_plan(root)
    under_way = apply_plan(moves, log)
    next(under_way)
    for done in (apply_plan(moves, log), undo(log)):
        with pytest.raises(StorageError, match="in use by another process"):
            list(done)
    assert len(list(under_way)) == 2
    assert moved_paths(undo(log)) == DROPS[::-1]


@pytest.mark.parametrize("room", [0, 20])
def test_no_file_moves_if_the_log_cannot_be_written(
    trash: Path, root: Path, log: Path, room: int
) -> None:
    """The disk is full before the first line, or in the middle of it; then there is room again."""
    assert list(apply_plan(TrashPlan(()), log)) == []
    limit = log.stat().st_size + room
    moves = make_drops_plan(root)

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        with pytest.raises(StorageError, match="nothing is moved without a log"):
            list(apply_plan(moves, log))

    assert run_in_child(fill) == 0
    assert log.stat().st_size == limit, "the line is cut"
    assert read_contents(root) == FILES
    assert moved_paths(undo(log)) == []
    assert moved_paths(apply_plan(moves, log)) == DROPS
    assert moved_paths(undo(log)) == DROPS[::-1]


def test_a_cut_line_is_skipped_wherever_it_was_cut(trash: Path, root: Path, log: Path) -> None:
    moves = make_drops_plan(root)
    assert moved_paths(apply_plan(moves, log)) == DROPS
    whole = log.read_bytes()
    *_, intent, end = whole.splitlines(keepends=True)
    moved = log.with_name("moved.log")
    for at in range(1, len(end), 13):
        # Of a line that says what became of a file, and of one that says what was to be done.
        moved.write_bytes(whole[:-at])
        assert moved_paths(undo(moved)) == DROPS[::-1]
        assert moved_paths(apply_plan(moves, moved)) == DROPS
        moved.write_bytes(whole + intent[:at])
        assert moved_paths(apply_plan(moves, moved)) == DROPS
        assert moved_paths(undo(moved)) == DROPS[::-1]
        assert read_contents(root) == FILES
        assert moved_paths(apply_plan(moves, log)) == DROPS


def test_a_damaged_line_costs_no_file(trash: Path, root: Path, log: Path) -> None:
    """With one damaged byte anywhere, an undo brings back all files."""
    moves = make_drops_plan(root)
    assert moved_paths(apply_plan(moves, log)) == DROPS
    whole = log.read_bytes()
    damaged = log.with_name("damaged.log")
    unreadable = 0
    for at in {*range(0, len(whole), 97), whole.index(b"\n") - 1}:
        bit = 1 << at % 8
        damaged.write_bytes(whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1 :])
        unreadable += count_unreadable_lines(damaged)
        assert sorted(moved_paths(undo(damaged))) == sorted(DROPS), at
        assert read_contents(root) == FILES
        assert moved_paths(apply_plan(moves, log)) == DROPS
    assert unreadable > 10


def test_a_log_of_an_earlier_version_is_undone(trash: Path, root: Path, log: Path) -> None:
    """It has no checksums, and outcomes that name a move by root, path and digest."""
    assert moved_paths(apply_plan(make_drops_plan(root), log)) == DROPS
    head, *lines = log.read_text().splitlines()
    documents = [json.loads(line) for line in lines]
    for document in documents:
        del document["checksum"]
        if document["event"] != "intent":
            move = document.pop("move")
            document |= {name: move[name] for name in ("root", "path", "digest")}
            del document["place"], document["store"]
    log.write_text("\n".join([head, *map(json.dumps, documents), ""]))
    assert moved_paths(undo(log)) == DROPS[::-1]
    assert read_contents(root) == FILES


def test_the_log_names_each_refused_move_and_the_reason(trash: Path, root: Path, log: Path) -> None:
    moves = make_drops_plan(root)
    (root / "a.jpg").unlink()
    list(apply_plan(moves, log))
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line.get("event") for line in lines] == [
        None, "refused", "intent", "moved", "intent", "moved",
    ]  # fmt: skip
    assert (lines[1]["path"], lines[1]["reason"]) == ("a.jpg", "it is not there any more")

"""The write-ahead log of moves to the trash, which tells after a kill which files to look for.

The log holds JSON lines, and each is on disk before the next action. An `intent` comes before a
move, and its outcome after it. If an intent has no outcome, the file is at its place or in the
trash, and the reader of the log has to look. A line that a kill cut is skipped: either its action
had not begun, or looking finds its outcome. Each line has a checksum and names the whole move. So
damage to a line costs at most that line, and the other line of the move still tells of it.
"""

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

import xxhash

from sokkuri.core.atomic import atomic_write
from sokkuri.core.errors import StorageError, UsageError
from sokkuri.curation.trash.plan import (
    Move,
    check_folder,
    move_from_json,
    move_to_json,
    read_bounded,
    store_from_json,
)

_HEAD = b'{"log": "sokkuri: what was moved to the trash", "version": 1}\n'
_LONGEST_LINE = 2**20  # of the first two lines; a move has at most four paths

MoveState: TypeAlias = Literal["intent", "moved", "failed", "returned"]
"""`intent`: look for the file. `failed`: the trash did not take it. `returned`: an undo restored
it."""


WayKind: TypeAlias = Literal["trash", "folder", "link", "merge"]
"""`trash`: to the system's trash. `folder`: into a folder. `link`: the file becomes a hard link to
the file to keep. `merge`: the file is a sidecar, which is written."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a file is moved.

    target : for `folder`, the absolute path that the file gets. mtime_ns, mode : for `link` and
    `merge`, of the file that is replaced. before : for `merge`, the sidecar that is replaced, in
    base64; None if there was none.
    """

    kind: WayKind = "trash"
    target: str = ""
    mtime_ns: int = 0
    mode: int = 0
    before: str | None = None


TO_TRASH = Way()


@dataclass(frozen=True, slots=True)
class MoveRecord:
    """A move that began.

    place : its file, with links to folders resolved. store : the store that the plan names.
    """

    move: Move
    place: str
    store: str | None
    state: MoveState
    way: Way = TO_TRASH


class MoveLog:
    """An open log. Its records are in the order of their last intents."""

    def __init__(self, path: Path, file: FileIO) -> None:
        self._path = path
        self._file = file
        self._records: dict[tuple[str, str, bytes], MoveRecord] = {}

    @classmethod
    @contextmanager
    def open(cls, path: Path, *, new: bool) -> Iterator[Self]:
        """Open and lock the log. new : create it if it does not exist.

        Raises StorageError, also if another process holds it, and UsageError if the file is not a
        log.
        """
        if not new or os.path.lexists(path):
            _check_head(path)  # before a lock file is created beside it
        with _lock(path):
            if not os.path.lexists(path):
                _create(path)
            text = _read_text(path)
            try:
                file = path.open("ab", buffering=0)
            except OSError as error:
                raise _write_error(path, error) from error
            with file:
                log = cls(path, file)
                log._replay(text)
                if not text.endswith("\n"):
                    log._append(b"\n")  # a kill cut the line
                yield log

    @classmethod
    def read_records(cls, path: Path) -> list[MoveRecord]:
        """Return the records of a log without its lock: another process may be adding some.

        Raises StorageError, and UsageError if the file is not a log.
        """
        _check_head(path)
        text = _read_text(path)
        with path.open("rb", buffering=0) as file:
            log = cls(path, file)
            log._replay(text)
            return log.records()

    def find(self, move: Move) -> MoveRecord | None:
        """Return the record of a move."""
        return self._records.get(_key(move))

    def records(self) -> list[MoveRecord]:
        """Return all records."""
        return list(self._records.values())

    def write_intent(
        self, move: Move, place: Path, store: str | None, way: Way = TO_TRASH
    ) -> MoveRecord:
        """Log that the file at `place` is about to be moved."""
        record = MoveRecord(move, str(place), store, "intent", way)
        self._write_record(record)
        return record

    def write_outcome(
        self, record: MoveRecord, state: Literal["moved", "failed", "returned"]
    ) -> None:
        """Log the outcome of a move."""
        self._write_record(replace(record, state=state))

    def write_refusal(self, move: Move, reason: str) -> None:
        """Log that a move did not begin; only people read this."""
        self._write("refused", root=move.root, path=move.path, reason=reason)

    def _write_record(self, record: MoveRecord) -> None:
        move = move_to_json(record.move)
        way = {} if record.way == TO_TRASH else {"way": asdict(record.way)}
        self._write(record.state, store=record.store, place=record.place, move=move, **way)
        self._set(record)

    def _set(self, record: MoveRecord) -> None:
        if record.state == "intent":
            self._records.pop(_key(record.move), None)  # it becomes the last one
        self._records[_key(record.move)] = record

    def _replay(self, text: str) -> None:
        for number, line in enumerate(text.split("\n")[1:], 2):
            document = _parse_line(line)
            if document is None:
                continue
            try:
                self._replay_event(document)
            except ValueError as error:
                raise UsageError(f"{self._path}, line {number}: {error}") from error

    def _replay_event(self, document: dict[str, Any]) -> None:
        event = document.get("event")
        if event in ("intent", "moved", "failed", "returned"):
            if event == "intent" or "move" in document:
                move = move_from_json(document.get("move"), chosen=True)
                place = check_folder(document.get("place"), "place")
                way = _way_from_json(document.get("way"))
                record = MoveRecord(move, place, store_from_json(document), event, way)
            else:
                record = replace(self._find_intent(document), state=event)
            self._set(record)
        elif event != "refused":
            raise ValueError('its "event" is not known')

    def _find_intent(self, document: dict[str, Any]) -> MoveRecord:
        """Return the record of an outcome that an earlier version wrote: it names the move only by
        root, path and digest."""
        digest = bytes.fromhex(str(document.get("digest")))
        key = (str(document.get("root")), str(document.get("path")), digest)
        if key not in self._records:
            raise ValueError("it is the outcome of a move without an intent")
        return self._records[key]

    def _write(self, event: str, **fields: Any) -> None:
        line = {"event": event, "time": utc_now(), **fields}
        line["checksum"] = _checksum(line)
        self._append(json.dumps(line).encode("ascii") + b"\n")

    def _append(self, data: bytes) -> None:
        """Raise StorageError if it fails: the line may be cut, and nothing more may be moved."""
        try:
            while data:
                data = data[self._file.write(data) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _write_error(self._path, error) from error


def utc_now() -> str:
    """Return the time as ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold the log's lock, a file beside it; the lock ends with the process."""
    from filelock import FileLock, Timeout

    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise StorageError(
            f"{path} is in use by another process: wait for it, then run again"
        ) from error
    except OSError as error:
        raise _write_error(path, error) from error
    try:
        yield
    finally:
        lock.release()


def _check_head(path: Path) -> None:
    """Raise UsageError if the file is not a log, StorageError if it cannot be read."""
    try:
        with path.open("rb") as file:
            is_log = file.readline(_LONGEST_LINE) == _HEAD
            # A log with a damaged first line has a second line with a checksum.
            second = file.readline(_LONGEST_LINE).decode("ascii", "replace")
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror or error}") from error
    if not is_log and ('"checksum"' not in second or _parse_line(second) is None):
        beside = path.with_suffix(".log")  # a plan has its log beside it
        hint = f": its log is {beside}" if beside != path and beside.is_file() else ""
        raise UsageError(f"{path} is not a log of moves to the trash{hint}")


def _create(path: Path) -> None:
    try:
        with atomic_write(path) as file:
            file.write(_HEAD)
    except OSError as error:
        raise _write_error(path, error) from error


def _write_error(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path} cannot be written ({error.strerror or error}): nothing is moved without a log"
    )


def count_unreadable_lines(path: Path) -> int:
    """Return how many lines of a log are cut or damaged. Raises as `MoveLog.open` does."""
    lines = _read_text(path).split("\n")[1:]
    return sum(line != "" and _parse_line(line) is None for line in lines)


def _read_text(path: Path) -> str:
    """Return the text of a log. Bytes that are not ASCII become marks that break a checksum."""
    return read_bounded(path).decode("ascii", "replace")


def _parse_line(line: str) -> dict[str, Any] | None:
    """Return the line's object; None if the line is cut or damaged."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    checksum = document.pop("checksum", None)
    return None if checksum not in (None, _checksum(document)) else document


def _way_from_json(document: Any) -> Way:
    """Return the way of a line; the trash if the line names none. Raises ValueError."""
    if document is None:
        return TO_TRASH
    keys = {"kind", "target", "mtime_ns", "mode"}
    if not isinstance(document, dict) or document.keys() - {"before"} != keys:
        raise ValueError('its "way" is not known')
    kind, numbers = document["kind"], (document["mtime_ns"], document["mode"])
    before = document.get("before")
    if kind not in ("folder", "link", "merge") or not all(type(one) is int for one in numbers):
        raise ValueError('its "way" is not known')
    if before is not None and not _is_base64(before):
        raise ValueError('its "before" is not in base64')
    target = check_folder(document["target"], "target") if kind == "folder" else ""
    return Way(kind, target, numbers[0], numbers[1] & 0o7777, before)


def _is_base64(text: Any) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (TypeError, ValueError):
        return False
    return True


def _checksum(line: dict[str, Any]) -> str:
    """Return the XXH3-64 of a line without its checksum."""
    return xxhash.xxh3_64_hexdigest(json.dumps(line).encode())


def _key(move: Move) -> tuple[str, str, bytes]:
    return move.root, move.path, move.digest

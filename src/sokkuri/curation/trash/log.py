"""The log of what goes to the trash: written so that a kill at any moment leaves no doubt.

JSON lines, each on the disk before the next thing is done: an `intent` before a file is moved, what
became of it afterwards. Of an intent without an end, the file is at its place or in the trash, and
whoever reads the log has to look. A line that a kill has cut is passed over: what it would have
said had not yet been done, or is found by looking.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

from sokkuri.core.atomic import atomic_write
from sokkuri.core.errors import StorageError, UsageError
from sokkuri.curation.trash.plan import (
    Move,
    as_document,
    as_folder,
    as_move,
    as_store,
    bounded_text,
)

_HEAD = b'{"log": "sokkuri: what was moved to the trash", "version": 1}\n'

State: TypeAlias = Literal["intent", "moved", "failed", "returned"]
"""`intent` : to be looked for. `failed` : the trash did not take it. `returned` : by an undo."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A move that was begun. `place` : its file, folders' links resolved; `store` : as planned."""

    move: Move
    place: str
    store: str | None
    state: State


class Journal:
    """An open log. `entries` : what was begun, in the order of the last intents."""

    def __init__(self, log: Path, file: FileIO) -> None:
        self._log = log
        self._file = file
        self._entries: dict[tuple[str, str, bytes], Entry] = {}

    @classmethod
    @contextmanager
    def opened(cls, log: Path, *, new: bool) -> Iterator[Self]:
        """The log, held by this process alone. `new` : begin one where none is.

        Raises StorageError, also where another process holds it, and UsageError for another file.
        """
        if not new or os.path.lexists(log):
            _check(log)  # before a lock file is laid beside it
        with _held(log):
            if not os.path.lexists(log):
                _begin(log)
            text = bounded_text(log)
            try:
                file = log.open("ab", buffering=0)
            except OSError as error:
                raise _refused(log, error) from error
            with file:
                journal = cls(log, file)
                journal._read(text)
                if not text.endswith("\n"):
                    journal._append(b"\n")  # a kill cut the line
                yield journal

    def entry(self, move: Move) -> Entry | None:
        return self._entries.get(_key(move))

    def entries(self) -> list[Entry]:
        return list(self._entries.values())

    def intend(self, move: Move, place: Path, store: str | None) -> Entry:
        """Write down that the file at `place` is about to be moved."""
        entry = Entry(move, str(place), store, "intent")
        self._write("intent", store=store, place=str(place), move=as_document(move))
        self._note(entry)
        return entry

    def end(self, entry: Entry, state: Literal["moved", "failed", "returned"]) -> None:
        """Write down what became of it."""
        self._write(state, **_named(entry.move))
        self._note(Entry(entry.move, entry.place, entry.store, state))

    def refuse(self, move: Move, reason: str) -> None:
        """For whoever reads the log: nothing was begun."""
        self._write("refused", **_named(move), reason=reason)

    def _note(self, entry: Entry) -> None:
        if entry.state == "intent":
            self._entries.pop(_key(entry.move), None)
        self._entries[_key(entry.move)] = entry

    def _read(self, text: str) -> None:
        for number, line in enumerate(text.split("\n")[1:], 2):
            document = _parsed(line)
            if document is None:
                continue
            try:
                self._take(document)
            except ValueError as error:
                raise UsageError(f"{self._log}, line {number}: {error}") from error

    def _take(self, document: dict[str, Any]) -> None:
        event = document.get("event")
        if event == "intent":
            move, place = as_move(document.get("move")), as_folder(document.get("place"), "place")
            self._note(Entry(move, place, as_store(document), "intent"))
        elif event in ("moved", "failed", "returned"):
            digest = bytes.fromhex(str(document.get("digest")))
            key = (str(document.get("root")), str(document.get("path")), digest)
            entry = self._entries.get(key)
            if entry is None:
                raise ValueError("it ends what was not begun")
            self._note(Entry(entry.move, entry.place, entry.store, event))
        elif event != "refused":
            raise ValueError('its "event" is not known')

    def _write(self, event: str, **what: Any) -> None:
        line = {"event": event, "time": now(), **what}
        self._append(json.dumps(line).encode("ascii") + b"\n")

    def _append(self, data: bytes) -> None:
        """Raises StorageError: then the line may be cut, and nothing more is to be done."""
        try:
            while data:
                data = data[self._file.write(data) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            raise _refused(self._log, error) from error


def now() -> str:
    """ISO 8601, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextmanager
def _held(log: Path) -> Iterator[None]:
    """The log's lock, which lies beside it and ends with its process."""
    from filelock import FileLock, Timeout

    lock = FileLock(log.with_name(f".{log.name}.lock"), timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise StorageError(
            f"{log} is in use by another process: wait for it, then run again"
        ) from error
    except OSError as error:
        raise _refused(log, error) from error
    try:
        yield
    finally:
        lock.release()


def _check(log: Path) -> None:
    """Raises UsageError unless the file begins as a log does, StorageError where it is not."""
    try:
        with log.open("rb") as file:
            begins = file.read(len(_HEAD)) == _HEAD
    except OSError as error:
        raise StorageError(f"{log} cannot be read: {error.strerror or error}") from error
    if not begins:
        raise UsageError(f"{log} is no log of what was moved to the trash")


def _begin(log: Path) -> None:
    try:
        with atomic_write(log) as file:
            file.write(_HEAD)
    except OSError as error:
        raise _refused(log, error) from error


def _refused(log: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{log} cannot be written ({error.strerror or error}): nothing is moved without a log"
    )


def _parsed(line: str) -> dict[str, Any] | None:
    """None for what is not the whole of a line."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _key(move: Move) -> tuple[str, str, bytes]:
    return move.root, move.path, move.digest


def _named(move: Move) -> dict[str, str]:
    return {"root": move.root, "path": move.path, "digest": move.digest.hex()}

"""What is to be moved to the trash: a plan, as records and as a file that a person can edit.

Everything in a file is looked at before it is believed: its paths lead nowhere but below its roots.
"""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sokkuri.core.atomic import atomic_write
from sokkuri.core.errors import StorageError, UsageError
from sokkuri.curation.types import GRADES, Grade

VERSION = 1
MOST_BYTES = 2**30
"""Of a plan, or of a log. A million moves are about that."""

_DIGEST = re.compile("[0-9a-f]{32}")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kept:
    """The image that stays. `root` : an absolute folder; `path` : relative to it, `/`-separated;
    `digest` : XXH3-128 of the file's bytes."""

    id: str
    path: str
    root: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Move:
    """An image whose file is to go to the trash, and why: its grade, and what is kept."""

    id: str
    path: str
    root: str
    size: int  # bytes
    digest: bytes
    grade: Grade
    keep: Kept


@dataclass(frozen=True, slots=True)
class Plan:
    """Moves, in order. `made` : when, ISO 8601, UTC. `store` : of the collection whose images are
    moved, absolute, so that its searches no longer show them; None for a plain folder."""

    moves: tuple[Move, ...]
    made: str = ""
    store: str | None = None


def write_plan(file: Path, plan: Plan) -> None:
    """As JSON, a move a line. Raises StorageError when the disk refuses."""
    head = {"version": VERSION, "made": plan.made, "store": plan.store}
    moves = ",\n  ".join(json.dumps(as_document(move)) for move in plan.moves)
    text = f'{json.dumps(head, indent=1)[:-2]},\n "moves": [\n  {moves}\n ]\n}}\n'
    try:
        with atomic_write(file) as out:
            out.write(text.encode("ascii"))
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror or error}") from error


def read_plan(file: Path) -> Plan:
    """Raises UsageError, which names the first thing that is wrong, and StorageError."""
    text = bounded_text(file)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file} is no plan: it is not JSON ({error})") from error
    try:
        return _as_plan(document)
    except ValueError as error:
        raise UsageError(f"{file} is no plan that can be used: {error}") from error


def bounded_text(file: Path) -> str:
    """A plan's or a log's text. Raises UsageError when it is none, StorageError where it cannot
    be read."""
    try:
        with file.open("rb") as source:
            data = source.read(MOST_BYTES + 1)
    except OSError as error:
        raise StorageError(f"{file} cannot be read: {error.strerror or error}") from error
    if len(data) > MOST_BYTES:
        raise UsageError(f"{file} is too large: it has more than {MOST_BYTES:,} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not text: it was not written by sokkuri") from error


def as_document(move: Move) -> dict[str, Any]:
    """The move as it is in files."""
    keep = move.keep
    return {
        "id": move.id,
        "path": move.path,
        "root": move.root,
        "size": move.size,
        "digest": move.digest.hex(),
        "grade": move.grade,
        "keep": {
            "id": keep.id,
            "path": keep.path,
            "root": keep.root,
            "digest": keep.digest.hex(),
        },
    }


def as_move(document: Any) -> Move:
    """The move that a file has. Raises ValueError, which says what is wrong."""
    keep = _get(document, "keep", dict)
    size = _get(document, "size", int)
    if isinstance(size, bool) or size < 0:
        raise ValueError('"size" is not a number of bytes')
    grade = _get(document, "grade", str)
    if grade not in GRADES:
        raise ValueError(f'"grade" is none of {", ".join(GRADES)}')
    return Move(
        _get(document, "id", str),
        _path(_get(document, "path", str)),
        as_folder(_get(document, "root", str), "root"),
        size,
        _digest(document),
        grade,
        Kept(
            _get(keep, "id", str),
            _path(_get(keep, "path", str)),
            as_folder(_get(keep, "root", str), "root"),
            _digest(keep),
        ),
    )


def as_folder(value: Any, name: str) -> str:
    """An absolute path that a file has. Raises ValueError."""
    if not isinstance(value, str) or not Path(_named(value, name)).is_absolute():
        raise ValueError(f'"{name}" is not the absolute path of a folder')
    return value


def as_store(document: Any) -> str | None:
    """The store that a file names, or none. Raises ValueError."""
    store = document.get("store")
    return None if store is None else as_folder(store, "store")


def _as_plan(document: Any) -> Plan:
    moves = _get(document, "moves", list)
    if document.get("version") != VERSION:
        raise ValueError(f'"version" is not {VERSION}')
    return Plan(_moves(moves), _get(document, "made", str), as_store(document))


def _moves(documents: list[Any]) -> tuple[Move, ...]:
    moves, seen = [], set()
    for number, document in enumerate(documents, 1):
        try:
            move = as_move(document)
        except ValueError as error:
            raise ValueError(f"move {number}: {error}") from error
        if (move.root, move.path) in seen:
            raise ValueError(f"move {number}: {move.path!r} is named twice")
        seen.add((move.root, move.path))
        moves.append(move)
    return tuple(moves)


def _get(document: Any, key: str, kind: type[T]) -> T:
    if not isinstance(document, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 - one kind for what a file has
    if key not in document:
        raise ValueError(f'"{key}" is missing')
    if not isinstance(document[key], kind):
        raise ValueError(f'"{key}" is of the wrong type')  # noqa: TRY004 - as above
    value: T = document[key]
    return value


def _path(value: str) -> str:
    """A path below a root, and no way out of it."""
    parts = _named(value, "path").split("/")
    if {"", ".", ".."} & set(parts) or (os.name == "nt" and set(value) & set("\\:")):
        raise ValueError('"path" does not lead below "root"')
    return value


def _named(value: str, name: str) -> str:
    """What can name a file: no NUL, and of surrogates only those that stand for a byte."""
    try:
        os.fsencode(value)
    except UnicodeEncodeError as error:
        raise ValueError(f'"{name}" is no file name') from error
    if "\0" in value:
        raise ValueError(f'"{name}" is no file name')
    return value


def _digest(document: dict[str, Any]) -> bytes:
    text = _get(document, "digest", str)
    if not _DIGEST.fullmatch(text):
        raise ValueError('"digest" is no XXH3-128')
    return bytes.fromhex(text)

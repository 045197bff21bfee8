"""The trash plan: the files to move to the trash, as records and as a JSON file.

A person may edit the file, so everything in it is checked: no path leads out of its root.
"""

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar, cast

from sokkuri.core.atomic import atomic_write
from sokkuri.core.errors import StorageError, UsageError, as_storage_errors
from sokkuri.curation.types import GRADES, Grade

VERSION = 1
MAX_BYTES = 2**31
"""Size limit of a plan or a log. The log of a million moves takes about this much."""

MoveGrade: TypeAlias = Grade | Literal["chosen"]

MAX_RATING = 5
_MAX_KEYWORDS = 1_000
_MAX_WORD = 200  # characters
_DIGEST = re.compile("[0-9a-f]{32}")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KeptImage:
    """The image that stays.

    root : an absolute folder. path : relative to it, `/`-separated. digest : XXH3-128 of the file.
    """

    id: str
    path: str
    root: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Carried:
    """What is carried over to the sidecar of the file to keep: a rating (None: none), keywords, and
    a label ("": none)."""

    rating: int | None = None
    keywords: tuple[str, ...] = ()
    label: str = ""


NOTHING_CARRIED = Carried()


@dataclass(frozen=True, slots=True)
class Move:
    """A file that goes to the trash: an image, or a file that belongs to one.

    grade : of the image and the image that is kept; `same` for a file that belongs to an image;
    `chosen` for what a person chose one by one. keep : None only for `chosen`.
    belongs_to : the path of the image that it belongs to, relative to the root; "" for an image.
    carried : what the file to keep gets from the image.
    """

    id: str
    path: str
    root: str
    size: int  # bytes
    digest: bytes
    grade: MoveGrade
    keep: KeptImage | None
    belongs_to: str = ""
    carried: Carried = NOTHING_CARRIED

    @property
    def kept(self) -> KeptImage:
        """The image that is kept. Only for moves of a plan's file, which all have one."""
        assert self.keep is not None, "the move was chosen"
        return self.keep


@dataclass(frozen=True, slots=True)
class TrashPlan:
    """Moves, in order.

    made : the time, ISO 8601, UTC. store : the absolute path of the moved images' store, whose
    searches then leave them out; None for a folder without a collection.
    """

    moves: tuple[Move, ...]
    made: str = ""
    store: str | None = None


def write_plan(file: Path, plan: TrashPlan) -> None:
    """Write the plan as JSON, a move a line. Raises StorageError."""
    head = {"version": VERSION, "made": plan.made, "store": plan.store}
    moves = ",\n  ".join(json.dumps(move_to_json(move)) for move in plan.moves)
    text = f'{json.dumps(head, indent=1)[:-2]},\n "moves": [\n  {moves}\n ]\n}}\n'
    try:
        with atomic_write(file) as out:
            out.write(text.encode("ascii"))
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror or error}") from error


def keep_old_plan(file: Path) -> Path | None:
    """Give a plan that is there already another name, and return it; None if there is none.

    Raises StorageError.
    """
    number = 1
    with as_storage_errors(str(file)):
        if not file.is_file():
            return None
        while (aside := file.with_name(f"{file.stem}.old-{number}{file.suffix}")).exists():
            number += 1
        file.rename(aside)
    return aside


def read_plan(file: Path) -> TrashPlan:
    """Read a plan. Raises UsageError, which names the first mistake in it, and StorageError."""
    try:
        document = json.loads(read_bounded(file).decode())
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not a plan: it is not text") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file} is not a plan: it is not JSON ({error})") from error
    try:
        return _plan_from_json(document)
    except ValueError as error:
        raise UsageError(f"{file} is not a usable plan: {error}") from error


def read_bounded(file: Path) -> bytes:
    """Read the bytes of a plan or a log.

    Raises UsageError if it is too large, StorageError if it cannot be read.
    """
    try:
        with file.open("rb") as source:
            data = source.read(MAX_BYTES + 1)
    except OSError as error:
        raise StorageError(f"{file} cannot be read: {error.strerror or error}") from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"{file} is too large: it has more than {MAX_BYTES:,} bytes")
    return data


def move_to_json(move: Move) -> dict[str, Any]:
    """Return the JSON object of a move in plans and logs."""
    keep = move.keep
    document: dict[str, Any] = {
        "id": move.id,
        "path": move.path,
        "root": move.root,
        "size": move.size,
        "digest": move.digest.hex(),
        "grade": move.grade,
    }
    if keep is not None:
        document["keep"] = {
            "id": keep.id,
            "path": keep.path,
            "root": keep.root,
            "digest": keep.digest.hex(),
        }
    if move.belongs_to:
        document["belongs_to"] = move.belongs_to
    if move.carried != NOTHING_CARRIED:
        document["carried"] = asdict(move.carried)
    return document


def move_from_json(document: Any, *, chosen: bool = False) -> Move:
    """Return the move of a plan or a log. Raises ValueError, which says what is wrong.

    chosen : whether the move may be `chosen`, and then lack the image that is kept. Only logs have
    such moves: a plan never moves a file without a copy that stays.
    """
    lacks_keep = chosen and isinstance(document, dict) and document.get("grade") == "chosen"
    keep = None if lacks_keep else _kept_from_json(_get(document, "keep", dict))
    size = _get(document, "size", int)
    if isinstance(size, bool) or size < 0:
        raise ValueError('"size" is not a number of bytes')
    grade = _get(document, "grade", str)
    belongs_to = ""
    if "belongs_to" in document:
        belongs_to = _check_path(_get(document, "belongs_to", str), "belongs_to")
    if not lacks_keep and grade not in GRADES:
        raise ValueError(f'"grade" is none of {", ".join(GRADES)}')
    return Move(
        _get(document, "id", str),
        _check_path(_get(document, "path", str)),
        check_folder(_get(document, "root", str), "root"),
        size,
        _get_digest(document),
        cast("MoveGrade", grade),
        keep,
        belongs_to,
        _carried_from_json(document["carried"]) if "carried" in document else NOTHING_CARRIED,
    )


def _kept_from_json(document: Any) -> KeptImage:
    return KeptImage(
        _get(document, "id", str),
        _check_path(_get(document, "path", str)),
        check_folder(_get(document, "root", str), "root"),
        _get_digest(document),
    )


def _carried_from_json(document: Any) -> Carried:
    keywords, label = _get(document, "keywords", list), _get(document, "label", str)
    rating = document.get("rating")
    if rating is not None and (type(rating) is not int or not -1 <= rating <= MAX_RATING):
        raise ValueError('"rating" is no rating')
    if len(keywords) > _MAX_KEYWORDS or not all(map(is_word, keywords)):
        raise ValueError('"keywords" are no keywords')
    if label and not is_word(label):
        raise ValueError('"label" is no label')
    return Carried(rating, tuple(keywords), label)


def is_word(value: Any) -> bool:
    """Return whether a value can be a keyword: a printable line, and not too long."""
    is_line = isinstance(value, str) and value.isprintable() and value == value.strip()
    return is_line and 0 < len(value) <= _MAX_WORD


def check_folder(value: Any, name: str) -> str:
    """Return `value` if it is an absolute path. Raises ValueError."""
    if not isinstance(value, str) or not Path(_check_name(value, name)).is_absolute():
        raise ValueError(f'"{name}" is not the absolute path of a folder')
    return value


def store_from_json(document: Any) -> str | None:
    """Return the store that a plan or a log names, or None. Raises ValueError."""
    store = document.get("store")
    return None if store is None else check_folder(store, "store")


def _plan_from_json(document: Any) -> TrashPlan:
    moves = _get(document, "moves", list)
    if document.get("version") != VERSION:
        raise ValueError(f'"version" is not {VERSION}')
    made = _get(document, "made", str)
    return TrashPlan(_moves_from_json(moves), made, store_from_json(document))


def _moves_from_json(documents: list[Any]) -> tuple[Move, ...]:
    moves: list[Move] = []
    seen: set[tuple[str, str]] = set()
    for number, document in enumerate(documents, 1):
        try:
            move = move_from_json(document)
        except ValueError as error:
            raise ValueError(f"move {number}: {error}") from error
        if move.grade == "identical" and move.digest != move.kept.digest:
            raise ValueError(f"move {number}: it is not identical to the file to keep")
        if (move.root, move.path) in seen:
            raise ValueError(f"move {number}: {move.path!r} is named twice")
        seen.add((move.root, move.path))
        moves.append(move)
    return tuple(moves)


def _get(document: Any, key: str, kind: type[T]) -> T:
    if not isinstance(document, dict):
        raise ValueError("it is not an object")  # noqa: TRY004 - callers expect ValueError
    if key not in document:
        raise ValueError(f'"{key}" is missing')
    if not isinstance(document[key], kind):
        raise ValueError(f'"{key}" is of the wrong type')  # noqa: TRY004 - as above
    value: T = document[key]
    return value


def _check_path(value: str, name: str = "path") -> str:
    """Return `value` if it is a relative path that stays below its root. Raises ValueError."""
    parts = _check_name(value, name).split("/")
    outside = bool({"", ".", ".."} & set(parts))
    if os.name == "nt":  # it strips dots and spaces at the end of a name: `.. ` is `..`
        outside = outside or bool(set(value) & set("\\:"))
        outside = outside or any(part.rstrip(". ") != part for part in parts)
    if outside:
        raise ValueError(f'"{name}" does not lead below "root"')
    return value


def _check_name(value: str, name: str) -> str:
    """Return `value` if it can name a file: no NUL, and only surrogates that stand for a byte."""
    try:
        os.fsencode(value)
    except UnicodeEncodeError as error:
        raise ValueError(f'"{name}" is not a file name') from error
    if "\0" in value:
        raise ValueError(f'"{name}" is not a file name')
    return value


def _get_digest(document: dict[str, Any]) -> bytes:
    text = _get(document, "digest", str)
    if not _DIGEST.fullmatch(text):
        raise ValueError('"digest" is not an XXH3-128')
    return bytes.fromhex(text)

"""The logs of moves to the trash that a store knows, so that any page can undo them.

The logs of the pages lie in the store's folder `duplicates`. A plan that the shell applies has its
log beside the plan; the folder then has a link to it: a small JSON file with the log's path, which
ends with `.plan`. Names begin with the time, so that they sort by it.
"""

import json
import os
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import xxhash

from sokkuri.core.atomic import atomic_write
from sokkuri.core.errors import StorageError, UsageError
from sokkuri.core.paths import CATALOG_NAME

_FOLDER = "duplicates"
_TIME = "%Y%m%dT%H%M%S-%f"
_NAME = re.compile(r"(\d{8}T\d{6}-\d{6})-([0-9a-f]{8})\.(?:log|plan)", re.ASCII)
_LONGEST_LINK = 2**16  # bytes


@dataclass(frozen=True, slots=True)
class StoreLog:
    """A log of moves.

    name : in the store's folder. batch : equal for logs that belong together. time : ISO 8601, UTC;
    None if the name does not say. is_plan : the shell wrote it, and the folder has a link to it.
    """

    name: str
    batch: str
    time: str | None
    is_plan: bool


def new_log_path(store: Path, batch: str | None) -> Path:
    """Return the path of a new log in the store; make its folder. batch : 8 hexadecimal digits."""
    folder = store / _FOLDER
    folder.mkdir(exist_ok=True)
    return folder / f"{_now()}-{batch or secrets.token_hex(4)}.log"


def link_log(store: Path, log: Path) -> None:
    """Let a store know a log that lies elsewhere. The link replaces an older one to the same log.

    Does nothing if `store` is not a store, or if the log lies in its folder. Raises OSError.
    """
    path = os.path.realpath(log)
    folder = store / _FOLDER
    if not (store / CATALOG_NAME).is_file() or Path(path).parent == folder.resolve():
        return
    folder.mkdir(exist_ok=True)
    digest = xxhash.xxh32_hexdigest(os.fsencode(path))
    earlier = [file for file in folder.glob(f"*-{digest}.plan") if _target(file) == Path(path)]
    with atomic_write(folder / f"{_now()}-{digest}.plan") as file:
        file.write(json.dumps({"version": 1, "log": path}).encode("ascii"))
    for link in earlier:
        link.unlink(missing_ok=True)


def list_logs(store: Path) -> list[StoreLog]:
    """Return the logs that the store knows, the latest first."""
    folder = store / _FOLDER
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return [_describe(name) for name in sorted(names, reverse=True) if _is_log(name)]


def find_log(store: Path, name: str) -> Path:
    """Return the path of a log, by its name in the store's folder. Raises UsageError if the store
    knows no such log, StorageError if the link to it cannot be read."""
    folder = store / _FOLDER
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if name not in names or not _is_log(name):
        raise UsageError("there is no such log: send the `log` that a drop returned")
    if name.endswith(".log"):
        return folder / name
    target = _target(folder / name)
    if target is None:
        raise StorageError(f"{folder / name} is damaged: it does not name a log")
    return target


def _is_log(name: str) -> bool:
    return name.endswith(".log") or (name.endswith(".plan") and _NAME.fullmatch(name) is not None)


def _target(link: Path) -> Path | None:
    """Return the path in a link, None if the link is damaged or gone."""
    try:
        with link.open("rb") as file:
            text = json.loads(file.read(_LONGEST_LINK))["log"]
        path = Path(text)
        return path if path.is_absolute() and "\0" not in text else None
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _describe(name: str) -> StoreLog:
    """Return what a name says; a log of another name is a batch of its own."""
    is_plan = name.endswith(".plan")
    match = _NAME.fullmatch(name)
    try:
        if match is None:
            return StoreLog(name, name, None, is_plan)
        time = datetime.strptime(match[1], _TIME).replace(tzinfo=UTC)
    except ValueError:  # month 13
        return StoreLog(name, name, None, is_plan)
    # A link has a batch of its own: its digits could be those of a drop.
    batch = name if is_plan else match[2]
    return StoreLog(name, batch, time.isoformat(timespec="seconds"), is_plan)


def _now() -> str:
    return datetime.now(UTC).strftime(_TIME)

"""List the logs of moves to the trash that a store knows, so that any page can undo them.

The logs of the pages lie in the store's folder `duplicates`. `sokkuri duplicates --apply` writes
its log beside the plan. The folder then has a link to this log: a small JSON file with the path of
the log, whose name ends with `.plan`. New names begin with the time, so they sort by time.
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
    None if the name has no time. is_plan : whether it is a link to the log of an applied plan.
    """

    name: str
    batch: str
    time: str | None
    is_plan: bool


def new_log_path(store: Path, batch: str | None) -> Path:
    """Make the folder of logs in the store; return the path of a new log.

    batch : 8 hexadecimal digits, None for a new batch.
    """
    folder = store / _FOLDER
    folder.mkdir(exist_ok=True)
    return folder / f"{_now()}-{batch or secrets.token_hex(4)}.log"


def link_log(store: Path, log: Path) -> None:
    """Write a link to a log that lies outside the store. It replaces an older link to the log.

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
    """Return the log of a name. A log whose name has another form is a batch of its own."""
    is_plan = name.endswith(".plan")
    match = _NAME.fullmatch(name)
    try:
        if match is None:
            return StoreLog(name, name, None, is_plan)
        time = datetime.strptime(match[1], _TIME).replace(tzinfo=UTC)
    except ValueError:  # month 13
        return StoreLog(name, name, None, is_plan)
    # The digits in the name of a link could be those of a batch of drops.
    batch = name if is_plan else match[2]
    return StoreLog(name, batch, time.isoformat(timespec="seconds"), is_plan)


def _now() -> str:
    return datetime.now(UTC).strftime(_TIME)

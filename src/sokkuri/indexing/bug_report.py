"""Describe a collection and this machine for a report of a fault, without names of files.

Takes a Status; returns a text to paste. It holds no path, no id and no address.
"""

import os
import platform
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable
from importlib import metadata

import psutil

from sokkuri.core.types import Failure
from sokkuri.store.status import Status

_PACKAGES = ("numpy", "onnxruntime", "pillow")
_PROJECT_EXTRAS = frozenset(["dev", "docs"])
_REQUIREMENT = re.compile(r"([\w.-]+).*extra == ['\"]([\w-]+)['\"]")
_PATH_SIGNS = frozenset("/\\")
_MOST_REASONS = 10
_MODEL_FILE = "(a file of this machine)"


def write_report(status: Status) -> str:
    """Return a text about versions, the machine and the state of a collection, with lines of
    `name: value`."""
    lines = {
        "sokkuri": metadata.version("sokkuri"),
        "packages": ", ".join(f"{name} {metadata.version(name)}" for name in _PACKAGES),
        "extras": ", ".join(installed_extras()) or "none",
        "python": f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}",
        "machine": f"{platform.system()} {platform.release()}, {platform.machine()}, "
        f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB",
        "model": _model(status),
        "images": f"{status.total:,}; {status.removed:,} removed, {status.missing:,} gone, "
        f"{status.waiting:,} to do, {len(status.failures):,} failed, "
        f"{len(status.damaged):,} damaged",
        "store": f"{status.size / 2**20:,.0f} MiB",
        "searches": "exact" if status.ann is None else f"approximate, {status.ann.covered:,} of "
        f"{status.ann.rows:,} rows, recall@10 {status.ann.recall.get(10, 0):.4f}",
        "engines": ", ".join(one.address.partition(":")[0] for one in status.pushed) or "none",
        "left aside": ", ".join(f"{n:,} {kind}" for kind, n in sorted(status.left_aside.items()))
        or "none",
    }  # fmt: skip
    text = [f"{name}: {value}" for name, value in lines.items()]
    return "\n".join([*text, *_reasons(status.failures)])


def installed_extras() -> list[str]:
    """Return the extras of sokkuri whose packages are all installed, sorted."""
    needed: dict[str, list[str]] = {}
    for requirement in metadata.requires("sokkuri") or ():
        if found := _REQUIREMENT.match(requirement):
            needed.setdefault(found[2], []).append(found[1])
    return sorted(
        extra
        for extra, packages in needed.items()
        if extra not in _PROJECT_EXTRAS and all(map(_is_installed, packages))
    )


def _is_installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def _model(status: Status) -> str:
    model = status.model
    name = model.name if model.source == model.name else f"{model.name} {_MODEL_FILE}"
    return f"{name}, {model.dimension} numbers, {model.metric}, decoded as {model.decode}"


def _reasons(failures: Iterable[Failure]) -> list[str]:
    """Return a line for each frequent reason of failures. Reasons that hold a path are not told."""
    counts = Counter(
        f"{one.stage}: {'(a path)' if _PATH_SIGNS & set(one.reason) else one.reason}"
        for one in failures
    )
    return [f"failures: {count:,} x {text}" for text, count in counts.most_common(_MOST_REASONS)]

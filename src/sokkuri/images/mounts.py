"""What is mounted at a folder and below it: network drives, and other disks.

Takes folders; returns types of file systems and mount points. Asks the system for its table of
mounts, which touches no disk.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

import psutil

from sokkuri.core.named_roots import Root, join_path, local_folders

_NETWORK_TYPES = (
    "9p", "afp", "afs", "autofs", "ceph", "cifs", "davfs", "drvfs", "fuse.", "gluster", "lustre",
    "nfs", "ncp", "prl_fs", "remote", "smb", "vboxsf", "virtiofs", "vmhgfs", "webdav",
)  # fmt: skip
"""How the types of file systems begin that other machines may change without an event here."""

Mount: TypeAlias = tuple[str, str, str]
"""The place, type and options of a mounted file system."""


def network_type(folder: Path) -> str:
    """Return the type of the file system of a folder if other machines may change it, else ""."""
    return network_type_of(Path(os.path.realpath(folder)), _mounts())


def network_type_of(where: Path, mounts: Iterable[Mount]) -> str:
    """Do this for a path without links. The last of several mounts at one place counts."""
    deepest, found = -1, ""
    for place, kind, options in mounts:
        if where.is_relative_to(place) and len(place) >= deepest:
            is_remote = "remote" in options.split(",")  # as Windows calls such a drive
            deepest, found = len(place), "remote" if is_remote else kind.lower()
    return found if found.startswith(_NETWORK_TYPES) else ""


def mounts_below(root: Root) -> frozenset[str]:
    """Return the places below the root where something is mounted, as `/`-separated paths as in the
    catalog. A named root may be such a place itself. None for an address."""
    places = {Path(place) for place, _, _ in _mounts()}
    found = set()
    for name, folder in local_folders(root):
        where = Path(os.path.realpath(folder))
        below = [place.relative_to(where) for place in places if place.is_relative_to(where)]
        found |= {join_path(name, "" if place == Path() else place.as_posix()) for place in below}
    return frozenset(found - {""})


def _mounts() -> list[Mount]:
    """Return all mounts; none if the system has no list of them."""
    try:
        parts = psutil.disk_partitions(all=True)
    except OSError:
        return []
    return [(part.mountpoint, part.fstype, part.opts) for part in parts]

"""The root of a collection: a folder or an address of images, or several folders with names.

Maps the path of an image, as the catalog has it, to its file, and back. With named roots each path
begins with a name, so the folders look like folders of one root.
"""

import os
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TypeAlias

from sokkuri.core.errors import UsageError
from sokkuri.core.locations import Location, is_within, parse_location
from sokkuri.core.paths import is_path_below

_NOWHERE = Path(os.devnull)  # nothing can be below it


@dataclass(frozen=True, slots=True)
class Roots:
    """Folders of this machine, each with its name, in order. `make_roots` checks the names.

    As with Path and Address, the operator `/` returns the place of a file.
    """

    folders: tuple[tuple[str, Path], ...]

    def __truediv__(self, path: str) -> Path:
        folder, rest = self.split(path)
        return folder / rest

    def __str__(self) -> str:
        return ", ".join(f"{name}={folder}" for name, folder in self.folders)

    @property
    def name(self) -> str:
        """All names, as a title."""
        return ", ".join(name for name, _ in self.folders)

    def split(self, path: str) -> tuple[Path, str]:
        """Return the folder whose name a path begins with, and the path below that folder.

        A path with another name leads nowhere: no file can be there.
        """
        name, _, below = path.partition("/")
        folder = dict(self.folders).get(name)
        return (_NOWHERE, path) if folder is None else (folder, below)

    def has_name_of(self, path: str) -> bool:
        """Return whether a path begins with the name of one of the folders."""
        return path.partition("/")[0] in dict(self.folders)

    def missing(self) -> tuple[str, ...]:
        """Return the names of the folders that are not there now."""
        return tuple(name for name, folder in self.folders if not os.path.isdir(folder))  # noqa: PTH112 - raises nothing

    def joined(self, other: "Roots") -> "Roots":
        """Return these folders with those of `other`, which replace those of the same names.

        A folder that is here already keeps its name. Raises UsageError as `make_roots`.
        """
        here = {folder: name for name, folder in self.folders}
        new = {here.get(folder, name): folder for name, folder in other.folders}
        return make_roots(({**dict(self.folders), **new}).items())


Root: TypeAlias = Location | Roots


def make_roots(folders: Iterable[tuple[str, Path]]) -> Roots:
    """Return the named roots. Raises UsageError for a name that cannot begin an id, and for names
    that differ in case or Unicode form only."""
    known: dict[str, Path] = {}
    roots = Roots(tuple(folders))
    for name, folder in roots.folders:
        if not _is_name(name):
            raise UsageError(f"{folder} cannot have the name {name!r}: name it with NAME={folder}")
        other = known.setdefault(unicodedata.normalize("NFC", name).casefold(), folder)
        if other is not folder:
            raise UsageError(
                f"{other} and {folder} would both have the name {name}: give one of them another "
                f"name with NAME={folder}"
            )
    return roots


def _is_name(name: str) -> bool:
    is_visible = name.isprintable() and name == name.strip() and not name.startswith(".")
    return is_visible and is_path_below(name) and not {"/", "\\"} & set(name)


def parse_root(texts: Sequence[str]) -> Root:
    """Return the root that a person typed: PATH, or several of PATH and NAME=PATH.

    One PATH without a name is a Location. A text that is an existing folder is a PATH. Names come
    from the folders by default. Nobody has looked whether the folders are there. Raises UsageError.
    """
    named = [_split_name(text) for text in texts]
    if len(named) == 1 and named[0][0] is None:
        return parse_location(texts[0])
    folders = []
    for name, text in named:
        location = parse_location(text)
        if not isinstance(location, Path):
            raise UsageError(f"{text} is an address: several roots are folders of this machine")
        folder = Path(os.path.abspath(location.expanduser()))  # noqa: PTH100 - keeps links
        folders.append((folder.name if name is None else name, folder))
    return make_roots(folders)


def _split_name(text: str) -> tuple[str | None, str]:
    name, equals, path = text.partition("=")
    has_name = bool(equals and path) and "/" not in name and os.sep not in name
    if not has_name or os.path.isdir(text):  # noqa: PTH112 - raises nothing
        return None, text
    return name, path


def check_apart(roots: Roots) -> None:
    """Raise UsageError if one of the folders contains another: its images would count twice."""
    for (_, one), (_, other) in combinations(roots.folders, 2):
        if is_within(one, other) or is_within(other, one):
            raise UsageError(f"one of {one} and {other} contains the other: name the outer one")


def contains(outer: Root, inner: Root) -> bool:
    """Return whether a folder or address of one root is in one of the other, or is equal to it."""
    return any(is_within(one, other) for one in _places(inner) for other in _places(outer))


def _places(root: Root) -> list[Location]:
    return [folder for _, folder in root.folders] if isinstance(root, Roots) else [root]


def local_folders(root: Root) -> tuple[tuple[str, Path], ...]:
    """Return the folders on this machine with their names, "" for a root without a name. None for
    an address."""
    if isinstance(root, Roots):
        return root.folders
    return (("", root),) if isinstance(root, Path) else ()


def split_path(root: Root, path: str) -> tuple[Location, str]:
    """Return the folder or address that a file is below, and its path below it. path : as in the
    catalog."""
    return root.split(path) if isinstance(root, Roots) else (root, path)


def join_path(name: str, path: str) -> str:
    """Return a path as the catalog has it, of a path below the folder `name`: "" for no name."""
    return "/".join(filter(None, (name, path)))


def path_of(root: Root, place: Path) -> str | None:
    """Return the path of a place as the catalog has it, "" for the root itself. None if it is not
    below a folder of this machine. place : absolute, with links as they are to be compared."""
    for name, folder in local_folders(root):
        base = folder if place.is_relative_to(folder) else folder.resolve()
        if place.is_relative_to(base):
            below = place.relative_to(base)
            return join_path(name, "" if below == Path() else below.as_posix())
    return None


def name_of_folder(root: Root, folder: str) -> str | None:
    """Return the name of the root that is this folder, by any path; "" for one without a name.

    None if no root is this folder, or nobody can tell.
    """
    for name, own in local_folders(root):
        try:
            if own.samefile(folder):
                return name
        except OSError:
            continue
    return None

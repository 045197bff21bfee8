"""The trash of the operating system: send a file there, find it there, bring it back.

The package Send2Trash sends. To find a file again, this module reads the notes of freedesktop.org's
trash, which name the place that a file came from; elsewhere it compares the files' bytes. Nothing
here deletes a file's only copy or replaces another file.
"""

import os
import stat
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote_to_bytes

from sokkuri.core.errors import MissingExtraError
from sokkuri.curation.trash.safe_files import holds, put_at

_NOTE_BYTES = 2**16
_LOCK_SECONDS = 60.0  # that another process of this user may take for one file
_FIXED_DRIVE = 3  # DRIVE_FIXED of GetDriveTypeW


def require_trash() -> None:
    """Raise MissingExtraError if nothing can be moved to the trash."""
    data_home = os.environ.get("XDG_DATA_HOME")
    if data_home is not None and not Path(data_home).is_absolute():
        # The standard ignores a relative path; the package would use it.
        del os.environ["XDG_DATA_HOME"]
    try:
        import send2trash  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("moving files to the trash", "duplicates") from error


@contextmanager
def lock_trash() -> Iterator[None]:
    """Wait until no other sokkuri of this user moves a file to the trash.

    The package looks for a free name in the trash and then renames. Two processes at once could
    choose the same name, and one file would be lost. Raises OSError if the wait takes too long.
    """
    from filelock import FileLock

    from sokkuri.core.paths import cache_folder

    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "trash.lock", timeout=_LOCK_SECONDS):
        yield


def send_to_trash(path: Path) -> None:
    """Move a file to the system's trash. path : absolute. Call it inside `lock_trash`.

    Raises OSError if the trash does not take it: then the file is still in its place.
    """
    from send2trash import send2trash

    if sys.platform == "win32":
        _require_recycle_bin(path)
    try:
        send2trash(str(path))
    except ValueError as error:  # a file name that the platform's trash cannot spell
        raise OSError(f"the trash cannot take its name ({error})") from error


def _require_recycle_bin(path: Path) -> None:
    """Raise OSError for a drive without a recycle bin: Windows would delete the file for good."""
    if sys.platform == "win32":
        import ctypes

        if ctypes.windll.kernel32.GetDriveTypeW(path.anchor) != _FIXED_DRIVE:
            raise OSError(f"Windows has no recycle bin on {path.anchor}")


def same_name_key(path: Path) -> str:
    """Return a key that is the same for paths that differ in case or Unicode form."""
    return unicodedata.normalize("NFC", str(path)).casefold()


def find_in_trash(original: Path, size: int, digest: bytes) -> Path | None:
    """Return the file in the trash that came from `original` and has these bytes, or None."""
    return Trash().find(original, size, digest)


@dataclass(slots=True)
class Trash:
    """The trash as it was when it was first read: its notes are read once for many files."""

    _notes: dict[Path, dict[bytes, list[Path]]] = field(default_factory=dict)

    def find(self, original: Path, size: int, digest: bytes) -> Path | None:
        """See `find_in_trash`. original : absolute."""
        for file in self._candidates(original):
            if holds(file, size, digest):
                return file
        return None

    def _candidates(self, original: Path) -> Iterator[Path]:
        if sys.platform == "win32":
            yield from Path(original.anchor).glob("$Recycle.Bin/*/$R*")
        elif sys.platform == "darwin":
            folders = [Path.home() / ".Trash", *_user_folders(Path("/Volumes").glob("*/.Trashes"))]
            yield from _sort_by_name(original, folders)
        else:
            for folder in _freedesktop_trashes(original):
                if folder not in self._notes:
                    self._notes[folder] = _read_notes(folder)
                yield from self._notes[folder].get(os.fsencode(original), ())


def restore_from_trash(trashed: Path, original: Path) -> None:
    """Bring a file back to its place, which must be free, and remove its note from the trash.

    Raises FileExistsError if the place is taken, and OSError; then the file is still in the trash.
    """
    mode = trashed.lstat().st_mode
    put_at(trashed, original)
    remove_from_trash(trashed)
    if os.name == "nt":
        original.chmod(mode)  # removing a hard link to a read-only file made both writable


def remove_from_trash(trashed: Path) -> None:
    """Remove a file that is back at its place from the trash, with its note."""
    try:
        trashed.unlink(missing_ok=True)
    except PermissionError:
        if os.name != "nt":
            raise
        trashed.chmod(stat.S_IWRITE)  # Windows removes no read-only file
        trashed.unlink(missing_ok=True)
    note = _note_path(trashed)
    if note is not None:
        with suppress(OSError):
            note.unlink(missing_ok=True)


def _note_path(trashed: Path) -> Path | None:
    """Return the file in which the trash notes where a file came from."""
    if trashed.name.startswith("$R"):
        return trashed.with_name(f"$I{trashed.name[2:]}")
    if trashed.parent.name == "files":
        return trashed.parents[1] / "info" / f"{trashed.name}.trashinfo"
    return None


def _freedesktop_trashes(original: Path) -> Iterator[Path]:
    """Yield the trash folders for `original`: the user's, and those of its volume."""
    data_home = Path(os.environ.get("XDG_DATA_HOME", ""))
    yield (data_home if data_home.is_absolute() else Path.home() / ".local" / "share") / "Trash"
    top = original
    while not os.path.ismount(top):
        top = top.parent
    uid = os.getuid()
    yield top / ".Trash" / str(uid)
    yield top / f".Trash-{uid}"


def _read_notes(folder: Path) -> dict[bytes, list[Path]]:
    """Return the files of a trash folder, by the path that they came from."""
    # A relative path starts at the folder that holds the trash. `.Trash/UID` is two levels deep.
    top = folder.parents[1] if folder.parent.name == ".Trash" else folder.parent
    files: dict[bytes, list[Path]] = {}
    try:
        names = [entry.name for entry in os.scandir(folder / "info")]
    except OSError:
        return files
    for name in names:
        path = _path_in_note(folder / "info" / name)
        if path is not None and name.endswith(".trashinfo"):
            original = os.path.normpath(os.path.join(os.fsencode(top), path))  # noqa: PTH118 - bytes
            file = folder / "files" / name.removesuffix(".trashinfo")
            files.setdefault(original, []).append(file)
    return files


def _path_in_note(note: Path) -> bytes | None:
    try:
        with note.open("rb") as file:
            lines = file.read(_NOTE_BYTES).split(b"\n")
    except OSError:
        return None
    paths = [line.removeprefix(b"Path=") for line in lines if line.startswith(b"Path=")]
    return unquote_to_bytes(paths[0].strip()) if paths else None


def _user_folders(trashes: Iterator[Path]) -> Iterator[Path]:
    return (folder / str(os.getuid()) for folder in trashes)


def _sort_by_name(original: Path, folders: list[Path]) -> list[Path]:
    """Return all files of the folders, those with the original's name or stem first.

    This trash keeps no notes of where files came from, and several can have the same bytes.
    """
    files: list[Path] = []
    for folder in folders:
        with suppress(OSError):
            files += folder.iterdir()
    return sorted(
        files,
        key=lambda file: (file.name != original.name, not file.name.startswith(original.stem)),
    )

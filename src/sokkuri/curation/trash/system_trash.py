"""The system's trash: a file goes there, is found there again, and comes back.

Sending is the package Send2Trash's. What it leaves to do is to find a file once it is there: by the
notes of freedesktop.org's trash, which name the place a file came from, elsewhere by its bytes.
Nothing here deletes, and nothing takes the place of another file.
"""

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote_to_bytes

import xxhash

from sokkuri.core.atomic import sync_folder
from sokkuri.core.errors import MissingExtraError

_CHUNK = 2**20
_NOTE_BYTES = 2**16
_PATIENCE = 60.0  # seconds that another process of this user may take for one file
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)  # opening a pipe must not hang
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
)


def require_trash() -> None:
    """Raises MissingExtraError where nothing can be moved to the trash."""
    given = os.environ.get("XDG_DATA_HOME")
    if given is not None and not Path(given).is_absolute():
        # Only an absolute path counts, says the standard; the package would take it as it is.
        del os.environ["XDG_DATA_HOME"]
    try:
        import send2trash  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("moving files to the trash", "duplicates") from error


@contextmanager
def trash_to_ourselves() -> Iterator[None]:
    """Waits until no other sokkuri of this user moves a file to the trash.

    The package looks for a free name in the trash and then renames, so two at once could take the
    same name, and one file would be lost. Raises OSError when the wait is long.
    """
    from filelock import FileLock

    from sokkuri.core.paths import cache_folder

    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "trash.lock", timeout=_PATIENCE):
        yield


def to_trash(path: Path) -> None:
    """Move a file to the system's trash; call it within `trash_to_ourselves`. path : absolute.

    Raises OSError when the trash does not take it: then the file is where it was.
    """
    from send2trash import send2trash

    try:
        send2trash(str(path))
    except ValueError as error:  # a file name that the platform's trash cannot spell
        raise OSError(f"the trash cannot take its name ({error})") from error


def contents_of(path: Path) -> tuple[int, bytes]:
    """A regular file's size and XXH3-128. Raises OSError: links are not followed."""
    handle = os.open(path, _FLAGS)
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or path.is_symlink():
            raise OSError("it is not a regular file")
        digest, size = xxhash.xxh3_128(), 0
        while chunk := os.read(handle, _CHUNK):
            digest.update(chunk)
            size += len(chunk)
    finally:
        os.close(handle)
    return size, digest.digest()


def find_in_trash(original: Path, size: int, digest: bytes) -> Path | None:
    """The file in the trash that was at `original` and has these bytes, or None."""
    return Trash().find(original, size, digest)


@dataclass(slots=True)
class Trash:
    """The trash as it was when it was first asked: for many files, its notes are read once."""

    _notes: dict[Path, dict[bytes, list[Path]]] = field(default_factory=dict)

    def find(self, original: Path, size: int, digest: bytes) -> Path | None:
        """See `find_in_trash`. original : absolute."""
        for file in self._candidates(original):
            with suppress(OSError):
                if file.lstat().st_size == size and contents_of(file) == (size, digest):
                    return file
        return None

    def _candidates(self, original: Path) -> Iterator[Path]:
        if sys.platform == "win32":
            yield from Path(original.anchor).glob("$Recycle.Bin/*/$R*")
        elif sys.platform == "darwin":
            folders = [Path.home() / ".Trash", *_own(Path("/Volumes").glob("*/.Trashes"))]
            yield from _alike_named_first(original, folders)
        else:
            for folder in _freedesktop_trashes(original):
                if folder not in self._notes:
                    self._notes[folder] = _read_notes(folder)
                yield from self._notes[folder].get(os.fsencode(original), ())


def from_trash(found: Path, original: Path) -> None:
    """Bring a file back to its place, which must be free, and forget the trash's note of it.

    Raises FileExistsError when the place is taken, OSError; then the file still is in the trash.
    """
    try:
        os.link(found, original, follow_symlinks=False)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):  # another file system, or one without hard links
        _bring_over(found, original)
    sync_folder(original.parent)
    tidy(found)


def sweep(original: Path, size: int, digest: bytes) -> None:
    """Take away what a kill has left at a file's place when it was to come back as a copy."""
    copy = _copy_beside(original, digest)
    if copy.is_file():
        if size and original.is_file() and original.lstat().st_size == 0:
            original.unlink()  # its place was taken, and not filled
        copy.unlink()


def tidy(found: Path) -> None:
    """Take a file that is back at its place out of the trash, with its note."""
    found.unlink(missing_ok=True)
    note = _note_of(found)
    if note is not None:
        with suppress(OSError):
            note.unlink(missing_ok=True)


def _bring_over(found: Path, original: Path) -> None:
    """By a whole and checked copy, which then takes the place."""
    size, digest = contents_of(found)
    copy = _copy_beside(original, digest)
    copy.unlink(missing_ok=True)
    try:
        shutil.copyfile(found, copy)
        with suppress(OSError):  # not every file system takes all of it
            shutil.copystat(found, copy)
        with copy.open("rb+") as file:
            os.fsync(file.fileno())
        if contents_of(copy) != (size, digest):
            raise OSError("its copy came out otherwise")
        _rename_to_free(copy, original)
    finally:
        copy.unlink(missing_ok=True)


def _copy_beside(original: Path, digest: bytes) -> Path:
    return original.with_name(f".{digest.hex()}.returning")


def _rename_to_free(file: Path, place: Path) -> None:
    """Raises FileExistsError when the place is taken."""
    try:
        os.link(file, place, follow_symlinks=False)
    except FileExistsError:
        raise
    except (OSError, NotImplementedError):
        if os.name == "nt":
            file.rename(place)  # which takes no other file's place there
            return
        # Without hard links an empty file takes the place, and is replaced: nothing else is.
        os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        try:
            file.replace(place)
        except OSError:
            place.unlink()
            raise


def _note_of(found: Path) -> Path | None:
    """Where the trash says where a file came from."""
    if found.name.startswith("$R"):
        return found.with_name(f"$I{found.name[2:]}")
    if found.parent.name == "files":
        return found.parents[1] / "info" / f"{found.name}.trashinfo"
    return None


def _freedesktop_trashes(original: Path) -> Iterator[Path]:
    """Where a file from `original` can be: in the user's trash, or in that of its volume."""
    given = Path(os.environ.get("XDG_DATA_HOME", ""))
    yield (given if given.is_absolute() else Path.home() / ".local" / "share") / "Trash"
    top = original
    while not os.path.ismount(top):
        top = top.parent
    uid = os.getuid()
    yield top / ".Trash" / str(uid)
    yield top / f".Trash-{uid}"


def _read_notes(folder: Path) -> dict[bytes, list[Path]]:
    """The files of a trash folder, by the path that they came from."""
    # A relative path is one below the folder that the trash is in, `.Trash/UID` being one of two.
    top = folder.parents[1] if folder.parent.name == ".Trash" else folder.parent
    found: dict[bytes, list[Path]] = {}
    try:
        names = [entry.name for entry in os.scandir(folder / "info")]
    except OSError:
        return found
    for name in names:
        path = _path_in_note(folder / "info" / name)
        if path is not None and name.endswith(".trashinfo"):
            original = os.path.normpath(os.path.join(os.fsencode(top), path))  # noqa: PTH118 - bytes
            file = folder / "files" / name.removesuffix(".trashinfo")
            found.setdefault(original, []).append(file)
    return found


def _path_in_note(note: Path) -> bytes | None:
    try:
        with note.open("rb") as file:
            lines = file.read(_NOTE_BYTES).split(b"\n")
    except OSError:
        return None
    paths = [line.removeprefix(b"Path=") for line in lines if line.startswith(b"Path=")]
    return unquote_to_bytes(paths[0].strip()) if paths else None


def _own(trashes: Iterator[Path]) -> Iterator[Path]:
    return (folder / str(os.getuid()) for folder in trashes)


def _alike_named_first(original: Path, folders: list[Path]) -> list[Path]:
    """Where no note says what came from where, of equal files the one that was named so."""
    found: list[Path] = []
    for folder in folders:
        with suppress(OSError):
            found += folder.iterdir()
    return sorted(
        found,
        key=lambda file: (file.name != original.name, not file.name.startswith(original.stem)),
    )

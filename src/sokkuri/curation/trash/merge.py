"""Carry rating, keywords and label of copies over to the sidecar of the file that is kept.

The photo itself is never written. A sidecar is replaced as a whole, and the log has the one before.
"""

import base64
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import xxhash

from sokkuri.core.atomic import atomic_write, sync_folder
from sokkuri.core.types import PhotoMetadata
from sokkuri.curation.assets import AssetFolder
from sokkuri.curation.trash.companions import id_beside
from sokkuri.curation.trash.log import Way
from sokkuri.curation.trash.places import StaysError, regular_file, resolve_place
from sokkuri.curation.trash.plan import NOTHING_CARRIED, Carried, KeptImage, Move, is_word
from sokkuri.curation.trash.safe_files import holds
from sokkuri.images.metadata import read_photo, read_sidecar
from sokkuri.images.xmp import read_xmp
from sokkuri.images.xmp_edit import MAX_BYTES, CannotEditError, add_to_xmp

_ENDING = ".xmp"


@dataclass(frozen=True, slots=True)
class Merge:
    """A sidecar to write: its move in the log, its place, its bytes, and how to undo it."""

    move: Move
    place: Path
    data: bytes
    way: Way


def carried_from(photo: PhotoMetadata, label: str = "") -> Carried:
    """Return what a copy has that can be carried over; not that it is rejected or has no stars.

    label : given by a person.
    """
    rating = photo.rating if photo.rating is not None and photo.rating > 0 else None
    return Carried(rating, tuple(filter(is_word, photo.keywords)), label if is_word(label) else "")


def join(carried: Iterable[Carried]) -> Carried:
    """Return what several copies have: the highest rating, all keywords, and the first label."""
    whole = NOTHING_CARRIED
    for one in carried:
        ratings = [rating for rating in (whole.rating, one.rating) if rating is not None]
        keywords = tuple(dict.fromkeys((*whole.keywords, *one.keywords)))
        whole = Carried(max(ratings, default=None), keywords, whole.label or one.label)
    return whole


def plan_merge(keep: KeptImage, carried: Carried) -> Merge | None:
    """Return the sidecar to write for a kept file; None if it has all of this already.

    The rating and the label that it has win. Raises StaysError and OSError.
    """
    file = regular_file(keep.root, keep.path, "the file to keep")
    beside = _sidecars_of(file)
    target = beside[0] if beside else file.with_name(f"{file.name}{_ENDING}")
    if not beside or _is_shared(target, file):
        target = file.with_name(f"{file.name}{_ENDING}")
    texts = [_read(one) for one in beside]
    above = [read_sidecar(text) for text in texts]
    known = [*above, read_photo(file.read_bytes())]
    rating = next((one.rating for one in known if one.rating), None)
    keywords = next((one.keywords for one in known if one.keywords), ())
    has_label = any(read_xmp(text).get("xmp:Label") for text in texts)
    more = Carried(
        None if rating is not None else carried.rating,
        tuple(word for word in carried.keywords if word not in keywords),
        "" if has_label else carried.label,
    )
    if more == NOTHING_CARRIED:
        return None
    old = _read(target) if os.path.lexists(target) else None
    there = () if old is None else read_sidecar(old).keywords
    if more.keywords:  # the sidecar's keywords count instead of those of the photo
        words = [word for word in (*keywords, *more.keywords) if word not in there]
    else:
        words = []
    try:
        data = add_to_xmp(old, more.rating, words, more.label)
    except CannotEditError as error:
        raise StaysError(f"{target.name} is left as it is: {error}") from error
    return _merge_of(keep, file, target, data, old)


def write_merge(merge: Merge) -> None:
    """Write the sidecar. Raises OSError."""
    _write(merge.place, merge.data)


def undo_merge(move: Move, way: Way) -> bool:
    """Put the sidecar back that was there before; return whether it was there already.

    Raises StaysError if it was changed since, and OSError.
    """
    place = resolve_place(move.root, move.path)
    if place.suffix.lower() != _ENDING:  # a stranger may have written the log
        raise StaysError("it is no sidecar")
    before = None if way.before is None else base64.b64decode(way.before)
    if before is None and not os.path.lexists(place):
        return True
    if before is not None and holds(place, len(before), xxhash.xxh3_128_digest(before)):
        _restore_stat(place, way)
        return True
    if not holds(place, move.size, move.digest):
        raise StaysError("the sidecar was changed since")
    if before is None:
        place.unlink()
        sync_folder(place.parent)
    else:
        _write(place, before)
        _restore_stat(place, way)
    return False


def _merge_of(keep: KeptImage, file: Path, target: Path, data: bytes, old: bytes | None) -> Merge:
    path = (Path(keep.path).parent / target.name).as_posix()
    digest = xxhash.xxh3_128_digest(data)
    move = Move(id_beside(keep, path), path, keep.root, len(data), digest, "same", keep, keep.path)
    before = None if old is None else base64.b64encode(old).decode("ascii")
    way = Way("merge", before=before)
    if old is not None:
        status = target.lstat()
        way = replace(way, mtime_ns=status.st_mtime_ns, mode=stat.S_IMODE(status.st_mode))
    return Merge(move, file.with_name(target.name), data, way)


def _sidecars_of(file: Path) -> list[Path]:
    """Return the `.xmp` files beside an image, the one that counts first first."""
    wanted = [f"{file.name}{_ENDING}".lower(), f"{file.stem}{_ENDING}".lower()]
    there = {name.lower(): name for name in sorted(os.listdir(file.parent))}  # noqa: PTH208
    return [file.with_name(there[name]) for name in wanted if name in there]


def _is_shared(sidecar: Path, file: Path) -> bool:
    """Return whether a sidecar belongs to other images or films, too."""
    names: Sequence[str] = os.listdir(file.parent)  # noqa: PTH208
    return bool(AssetFolder(names).owners(sidecar.name) - {file.name})


def _read(sidecar: Path) -> bytes:
    """Return the bytes of a sidecar. Raises StaysError for what is not one, and OSError."""
    status = sidecar.lstat()
    if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
        raise StaysError(f"{sidecar.name} is left as it is: it is a link, or too large")
    return sidecar.read_bytes()


def _write(place: Path, data: bytes) -> None:
    with atomic_write(place) as file:
        file.write(data)


def _restore_stat(place: Path, way: Way) -> None:
    place.chmod(way.mode)
    os.utime(place, ns=(place.stat().st_atime_ns, way.mtime_ns))

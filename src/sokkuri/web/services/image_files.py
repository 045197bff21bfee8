"""Files of images, for the eyes: originals, thumbnails, what the camera wrote, sent pictures.

Takes ids and bytes; hands on bytes. An id is looked up, and its file is served only where it lies
inside the collection's folder, whatever links lead there. Of images at an address nothing is asked
before their bytes are.
"""

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import xxhash

from sokkuri.api import Collection
from sokkuri.core.errors import ReadError, WithheldError
from sokkuri.core.locations import Address, Location
from sokkuri.core.types import Limits
from sokkuri.images.read import read_file
from sokkuri.images.scan import is_name
from sokkuri.images.thumbnails import exif_summary, thumbnail
from sokkuri.store.catalog import as_text
from sokkuri.web.services.browse import unknown, version
from sokkuri.web.services.thumbnail_cache import Thumbnails, Wanted


@dataclass(frozen=True, slots=True)
class Filed:
    """An image's file: where it is, links resolved, and the digest of what it holds, as far as the
    catalog knows: None where it was not read yet, or has changed since."""

    path: Location
    name: str
    digest: bytes | None

    @property
    def v(self) -> str:
        return version(self.digest)


def filed(collection: Collection, id_: str) -> Filed:
    """Raises UnknownImageError, WithheldError."""
    row = collection.catalog.one(
        "SELECT path, digest, size, mtime_ns FROM images WHERE id = CAST(? AS TEXT)",
        [as_text(id_)],
    )
    if row is None:
        raise unknown(id_)
    path, digest, size, mtime_ns = row
    name, root = path.rpartition("/")[2], collection.root
    if isinstance(root, Address):
        if not all(map(is_name, path.split("/"))):
            raise WithheldError(f"{id_} leads out of the collection's address")
        return Filed(root / path, name, digest)
    where = Path(os.path.realpath(root / path))
    if not where.is_relative_to(os.path.realpath(root)):
        raise WithheldError(f"{id_} is a link to a file outside the collection's folder")
    with suppress(OSError):  # whoever reads it is told
        found = where.stat()
        if (found.st_size, found.st_mtime_ns) != (size, mtime_ns):
            digest = None
    return Filed(where, name, digest)


def contents(file: Filed, limits: Limits) -> bytes:
    """Raises ReadError, also for a file that is gone."""
    try:
        return read_file(file.path.parent, file.path.name, limits)[0]
    except FileNotFoundError:
        raise ReadError(f"the file of {file.name} is gone") from None


def whole(file: Filed, limits: Limits) -> tuple[bytes, Filed]:
    """The bytes, and the file with the digest that they have. Raises ReadError."""
    data = contents(file, limits)
    return data, replace(file, digest=xxhash.xxh3_128_digest(data))


def small(file: Filed, side: int, limits: Limits, kept: Thumbnails, *, mosaic: bool) -> bytes:
    """The thumbnail : a JPEG. Raises ReadError, DecodeError."""
    wanted = Wanted(file.digest or b"", side, mosaic)
    if file.digest and (found := kept.find(wanted)):
        return found
    data = contents(file, limits)
    made = thumbnail(data, side, limits, mosaic=mosaic)
    if xxhash.xxh3_128_digest(data) == file.digest:  # a file may change and keep its time
        kept.keep(wanted, made)
    return made


def camera(file: Filed, limits: Limits, *, mosaic: bool) -> dict[str, str]:
    """What the camera wrote; nothing where the file cannot be had. With a mosaic not the place."""
    try:
        found = exif_summary(contents(file, limits))
    except ReadError:
        return {}
    if mosaic:
        found.pop("Position", None)
    return found


def kept_for(file: Filed, version: str | None) -> str:
    """Cache-Control : for ever, if the address names the contents; else to be asked for again."""
    current = bool(version) and version == file.v
    return f"private, {'max-age=31536000, immutable' if current else 'no-cache'}"

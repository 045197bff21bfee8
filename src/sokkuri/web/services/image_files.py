"""Read the files of images: originals, EXIF data.

Takes ids and returns bytes. A local file is served only if it lies inside the collection's folder
after symbolic links are resolved; the file of a film's frame is the film. Remote files are read
without a check of their size and date.
"""

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import xxhash

from sokkuri.api import Collection
from sokkuri.core.errors import ReadError, UnknownImageError, WithheldError
from sokkuri.core.locations import Address, Location
from sokkuri.core.named_roots import split_path
from sokkuri.core.types import FileStat, Limits, PhotoMetadata
from sokkuri.images.exif import summarise_exif
from sokkuri.images.frame_names import frame_at
from sokkuri.images.read import read_file
from sokkuri.images.scan import is_file_name
from sokkuri.store.image_pages import image_file
from sokkuri.web.services.browse import content_version, unknown_image_error


@dataclass(frozen=True, slots=True)
class ServedFile:
    """The file of an image.

    location : symbolic links are resolved. For a frame of a film, it is that of the frame
    (frame_names.py), and `film` is the film.
    digest : of the content, from the catalog; None if the file was not read yet, or has changed.
    """

    location: Location
    name: str
    digest: bytes | None
    film: Path | None = None

    @property
    def version(self) -> str:
        """The version of the content, as addresses carry it."""
        return content_version(self.digest)


def find_file(collection: Collection, id_: str) -> ServedFile:
    """Return the file of an image. Raises UnknownImageError, WithheldError."""
    row = image_file(collection.catalog, id_)
    if row is None:
        raise unknown_image_error(id_)
    path, digest, size, mtime_ns = row
    name, root = path.rpartition("/")[2], collection.root
    if isinstance(root, Address):
        if not all(map(is_file_name, path.split("/"))):
            raise WithheldError(f"{id_} lies outside the collection's address")
        return ServedFile(root / path, name, digest)
    folder, below = split_path(root, path)
    assert isinstance(folder, Path), "an address was served above"
    frame = frame_at(folder / below)
    file = Path(os.path.realpath(folder / below if frame is None else frame[0]))
    if not file.is_relative_to(os.path.realpath(folder)):
        raise WithheldError(f"{id_} is a link to a file outside the collection's folder")
    with suppress(OSError):  # reading the file reports the error
        if FileStat.of(file.stat()) != FileStat(size, mtime_ns):
            digest = None
    if frame is not None:
        parent = Path(os.path.realpath((folder / below).parent))
        return ServedFile(parent / name, name, digest, film=file)
    return ServedFile(file, name, digest)


def read_bytes(file: ServedFile, limits: Limits) -> bytes:
    """Return the content of the file of an image that is no frame of a film. Raises ReadError, also
    if the file is gone."""
    try:
        return read_file(file.location, limits)[0]
    except FileNotFoundError:
        raise ReadError(f"the file of {file.name} is gone") from None


def read_with_digest(file: ServedFile, limits: Limits) -> tuple[bytes, ServedFile]:
    """Return the content, and the same file with the digest of this content. Raises ReadError."""
    data = read_bytes(file, limits)
    return data, replace(file, digest=xxhash.xxh3_128_digest(data))


def read_exif(
    file: ServedFile, limits: Limits, photo: PhotoMetadata | None, *, mosaic: bool
) -> dict[str, str]:
    """Return the camera's data by label; empty if the file cannot be read. A mosaic server leaves
    out the position. photo : the metadata in the catalog, None if there is none; it has all that
    is known of a frame, whose film is not opened."""
    try:
        data = b"" if file.film is not None else read_bytes(file, limits)
        exif = summarise_exif(data, photo)
    except ReadError:
        return {}
    if mosaic:
        exif.pop("Position", None)
    return exif


def find_film(collection: Collection, id_: str) -> ServedFile:
    """Return the film of a frame as a file. Raises UnknownImageError, also for an image that is no
    frame; WithheldError."""
    file = find_file(collection, id_)
    if file.film is None:
        raise UnknownImageError(f"{id_} is no frame of a film")
    return ServedFile(file.film, file.film.name, None)


def cache_control(file: ServedFile, version: str | None) -> str:
    """Return the value of Cache-Control. An address that carries the current version may be cached
    for ever. Clients must revalidate all others."""
    is_current = bool(version) and version == file.version
    return f"private, {'max-age=31536000, immutable' if is_current else 'no-cache'}"

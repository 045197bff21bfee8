"""Tell which files of a folder form one asset: a photo, and what belongs to it.

Two pictures are of one asset if they are one shot: the RAW file and the JPEG of a camera, or an
original and the copy that Apple or Google edited. A companion belongs to the pictures of its name:
a sidecar, the video of a Live Photo, the JSON file of Google Takeout. The functions take names of
one folder and times, and read no file.
"""

import os
import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from sokkuri.images.formats import (
    ENDINGS,
    LIVE_ENDING,
    LIVE_IMAGES,
    RAW_ENDINGS,
    kind_left_aside,
)

_DEVELOPED = frozenset(
    [".avif", ".heic", ".heif", ".hif", ".jfif", ".jpe", ".jpeg", ".jpg", ".tif", ".tiff", ".webp"]
)
"""The endings of pictures that cameras and programs make of a RAW file."""

_SIDECARS = frozenset([".aae", ".dop", ".json", ".on1", ".pp3", ".thm", ".vrd", ".xmp"])
_SOUNDS = frozenset([".m4a", ".wav"])
_SAME_SHOT = 1_000_000  # microseconds; some programs drop the parts of a second
_TAKEOUT_LENGTH = 46  # characters; Takeout cuts longer names of JSON files, without `.json`
_TAKEOUT_WORD = "supplemental-metadata"
_APPLE = re.compile(r"^img_[eo](?=\d{3,})")
_EDITED_WORDS = (
    "edited|bearbeitet|modifié|ha editado|editat|modificato|bewerkt|edytowane|redigerad|redigeret|"
    "編集済み|已修改|수정됨"
)
_EDITED = re.compile(rf"(.+)-(?:{unicodedata.normalize('NFC', _EDITED_WORDS)})")
_NUMBER = re.compile(r"(.+?) ?\((\d{1,4})\)")


@dataclass(frozen=True, slots=True)
class _Name:
    """The parts of a file name, in lower case.

    whole : all of it. stem, ending : `ending` begins with a dot. shot : the stem that all pictures
    of a shot have. is_edited : whether a program named it as the edited copy of another picture.
    """

    whole: str
    stem: str
    ending: str
    shot: str
    is_edited: bool

    @property
    def is_image(self) -> bool:
        return self.ending in ENDINGS or self.ending in RAW_ENDINGS

    @property
    def is_media(self) -> bool:
        is_video = kind_left_aside(self.ending) == "video"
        return self.is_image or is_video or self.ending in _SOUNDS


def is_companion(name: str) -> bool:
    """Return whether a file of this name may belong to a photo, and is none itself."""
    parts = _parse(name)
    is_film = kind_left_aside(parts.ending) == "video" or parts.ending in _SOUNDS
    return is_film or parts.ending in _SIDECARS


def are_one_shot(a: str, b: str, taken_a: int | None = None, taken_b: int | None = None) -> bool:
    """Return whether two pictures of one folder are the same shot, by their names and times.

    taken_a, taken_b : see PhotoMetadata; None if unknown. If both are known, they must be equal to
    about a second.
    """
    one, other = _parse(a), _parse(b)
    if one.shot != other.shot or not (one.is_image and other.is_image):
        return False
    raw = [parts.ending in RAW_ENDINGS for parts in (one, other)]
    developed = any(parts.ending in _DEVELOPED for parts in (one, other))
    is_pair = raw[0] != raw[1] and developed
    if not is_pair and one.is_edited == other.is_edited:
        return False
    return taken_a is None or taken_b is None or abs(taken_a - taken_b) <= _SAME_SHOT


class AssetFolder:
    """The names of the files in one folder. Case and Unicode form of a name do not matter."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {name: _parse(name) for name in names}
        self._whole: dict[str, list[str]] = defaultdict(list)
        self._stems: dict[str, list[str]] = defaultdict(list)
        self._shots: dict[str, list[str]] = defaultdict(list)
        for name, parts in self._names.items():
            if parts.is_media:
                self._whole[parts.whole].append(name)
            if parts.is_media and parts.ending not in _SOUNDS:
                self._stems[parts.stem].append(name)
                self._shots[parts.shot].append(name)
        self._sorted = sorted(self._whole)

    def owners(self, name: str) -> frozenset[str]:
        """Return the pictures and films of the folder that a companion belongs to.

        It must stay while any of them stays. Empty for pictures, for films that are not of a Live
        Photo, and for files that belong to nothing.
        """
        parts = _parse(name)
        if parts.ending == LIVE_ENDING:
            return frozenset(
                other for other in self._stems.get(parts.stem, ())
                if self._names[other].ending in LIVE_IMAGES
            )  # fmt: skip
        if parts.ending not in _SIDECARS:
            return frozenset()
        return frozenset(self._owners_of_sidecar(parts)) - {name}

    def belonging_to(self, gone: Collection[str]) -> dict[str, frozenset[str]]:
        """Return the companions that belong to the files `gone` alone, with their owners.

        The owners of a sidecar may be such companions, too: then they come before it.
        """
        found: dict[str, frozenset[str]] = {}
        away = {*gone}
        films = [name for name in self._names if _parse(name).ending == LIVE_ENDING]
        sidecars = [name for name, parts in self._names.items() if parts.ending in _SIDECARS]
        for name in (*sorted(films), *sorted(sidecars)):
            owners = self.owners(name)
            if name not in gone and owners and owners <= away:
                found[name] = owners
                away.add(name)
        return found

    def _owners_of_sidecar(self, parts: _Name) -> Iterator[str]:
        yield from self._whole.get(parts.stem, ())  # a.jpg.xmp
        if parts.ending == ".json":
            yield from self._owners_of_takeout(parts.stem)
        if parts.ending == ".aae":
            yield from self._shots.get(parts.shot, ())
        yield from self._stems.get(parts.stem, ())  # a.xmp

    def _owners_of_takeout(self, stem: str) -> Iterator[str]:
        """Yield the owners of a JSON file of Takeout. An edited copy has none of its own."""
        for title in _titles(stem):
            yield from self._whole.get(title, ())
            photo = _parse(title)
            for other in self._shots.get(photo.shot, ()) if photo.is_image else ():
                of = self._names[other]
                if of.is_edited or (not of.is_image and of.stem == photo.stem):
                    yield other
        if len(stem) == _TAKEOUT_LENGTH:
            at = bisect_left(self._sorted, stem)  # a folder can have thousands of such files
            while at < len(self._sorted) and self._sorted[at].startswith(stem):
                yield from self._whole[self._sorted[at]]
                at += 1


def _titles(stem: str) -> Iterator[str]:
    """Yield the names of photos, in lower case, that a JSON file of Takeout may be about.

    stem : without `.json`: `a.jpg`, `a.jpg.supplemental-metadata`, cut anywhere, `a.jpg(1)`.
    """
    yield stem
    number = _NUMBER.fullmatch(stem)
    plain = stem if number is None else number[1]
    photo, _, word = plain.rpartition(".")
    for title in (plain, photo) if _TAKEOUT_WORD.startswith(word) else (plain,):
        base, ending = os.path.splitext(title)  # noqa: PTH122 - as in scan.py
        if ending:
            yield title if number is None else f"{base}({number[2]}){ending}"


@lru_cache(maxsize=2**14)
def _parse(name: str) -> _Name:
    whole = unicodedata.normalize("NFC", name).lower()
    stem, ending = os.path.splitext(whole)  # noqa: PTH122 - as in scan.py
    number = _NUMBER.fullmatch(stem)
    plain = stem if number is None else number[1]
    edited = _EDITED.fullmatch(plain)
    original = _APPLE.sub("img_", plain) if edited is None else edited[1]
    is_edited = edited is not None or (original != plain and plain.startswith("img_e"))
    shot = original if number is None else f"{original}({number[2]})"
    return _Name(whole, stem, ending, shot, is_edited)

"""Parts of a collection: N independent jobs of a scheduler index N disjoint sets of images.

The part of an image is the XXH3-64 hash of its id modulo N. It is the same on every machine and
does not depend on other images. Takes ids; returns their parts, and the store folders of parts.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import xxhash

from sokkuri.core.errors import UsageError

_TEXT = re.compile(r"0*(\d{1,7})/0*(\d{1,7})")


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """Part `number` of `count`, from 1 on."""

    count: int
    number: int

    @classmethod
    def parsed(cls, text: str) -> Self:
        """Return the part for a text such as `3/16`. Raises UsageError."""
        match = _TEXT.fullmatch(text.strip())
        part = cls(int(match[2]), int(match[1])) if match else None
        if part is None or not 1 <= part.number <= part.count:
            raise UsageError(f"{text} is not a part: give I/N, with I from 1 to N, such as 3/16")
        return part

    def holds(self, id_: str) -> bool:
        """Return whether the image with this id is in this part."""
        return share(id_, self.count) == self.number

    @property
    def store_name(self) -> str:
        """The name of its store below the root: hidden from listings, and sortable."""
        return f".sokkuri-{self.number:0{len(str(self.count))}d}-of-{self.count}"

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


def share(id_: str, count: int) -> int:
    """Return the number of the part, from 1 to `count`, that this id belongs to."""
    return xxhash.xxh3_64_intdigest(id_.encode("utf-8", "surrogateescape")) % count + 1


def stores_of_parts(folder: Path) -> list[Path]:
    """Return the folders below `folder` whose names are those of stores of parts, sorted."""
    return sorted(path for path in folder.glob(".sokkuri-*-of-*") if path.is_dir())

"""Parts of a collection, for schedulers: N jobs that never meet, each with its share of the images.

An image is in the part that the XXH3-64 of its id says, modulo N: the same on every machine,
whatever else the folder holds. Takes ids; says which part has them, and where parts are kept.
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
        """`3/16`. Raises UsageError."""
        found = _TEXT.fullmatch(text.strip())
        part = cls(int(found[2]), int(found[1])) if found else None
        if part is None or not 1 <= part.number <= part.count:
            raise UsageError(f"no part {text}: it is I/N, with I from 1 to N, such as 3/16")
        return part

    def holds(self, id_: str) -> bool:
        """Whether the image with this id is in it."""
        return share(id_, self.count) == self.number

    @property
    def store_name(self) -> str:
        """The folder beside the photos that keeps it: hidden from listings, and sorted."""
        return f".sokkuri-{self.number:0{len(str(self.count))}d}-of-{self.count}"

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


def share(id_: str, count: int) -> int:
    """Which of `count` parts has this id : 1 to count."""
    return xxhash.xxh3_64_intdigest(id_.encode("utf-8", "surrogateescape")) % count + 1


def stores_of_parts(folder: Path) -> list[Path]:
    """The folders below `folder` that are named as stores of parts, sorted."""
    return sorted(path for path in folder.glob(".sokkuri-*-of-*") if path.is_dir())

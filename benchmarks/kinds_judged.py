"""Judge the search for near-duplicates on drawn collections, in which every picture exists once.

    python -m benchmarks.kinds_judged [--count 12] [--copied 2] [--kind invoices]

Prints a line for each kind: how many pictures a plan would leave without any file, at `same` and by
default, and how many copies were missed. 0 and 0 are right.
"""

import argparse
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.kinds import KINDS, MOVING, write_kinds
from sokkuri.api import Collection
from sokkuri.curation.duplicates.find import DuplicateOptions, find_duplicates, known_groups
from sokkuri.curation.types import CopyGrade, Grade, Group


@dataclass(frozen=True)
class Judgement:
    """What the search did to one kind.

    lost : pictures that a plan would leave without a file, by the least grade. missed : copies that
    are in no group with their picture.
    """

    pictures: int
    lost: dict[Grade, int]
    copies: int
    missed: tuple[str, ...]
    seconds: float


def picture_of(id_: str) -> str:
    """Return the number of the picture that a file is, or is a copy of."""
    return id_.partition(".")[0].partition("-")[0]


def count_lost(ids: Iterable[str], groups: Iterable[Group]) -> int:
    """Return how many pictures would have no file left if each group kept its first image."""
    ids = set(ids)
    left = ids - {id_ for group in groups for id_ in group.ids[1:]}
    return len({picture_of(id_) for id_ in ids} - {picture_of(id_) for id_ in left})


def judge(folder: Path) -> Judgement:
    """Index a folder of `write_kinds` and search it for near-duplicates."""
    with Collection.create(folder) as collection:
        for _ in collection.sync():
            pass
        started = time.perf_counter()
        *_, last = find_duplicates(collection)
        seconds = time.perf_counter() - started
        lost = {
            grade: known_groups(collection, DuplicateOptions(grade)) for grade in _GRADES
        }  # fmt: skip
    ids = [file.name for file in folder.iterdir() if file.is_file()]
    group_of = {id_: number for number, group in enumerate(last.result or ()) for id_ in group.ids}
    copies = sorted(id_ for id_ in ids if "-" in id_)
    originals = {picture_of(id_): id_ for id_ in ids if "-" not in id_}
    missed = [
        id_ for id_ in copies
        if id_ not in group_of or group_of[id_] != group_of.get(originals[picture_of(id_)])
    ]  # fmt: skip
    return Judgement(
        len(originals),
        {grade: count_lost(ids, groups) for grade, groups in lost.items()},
        len(copies),
        tuple(missed),
        seconds,
    )


_GRADES: tuple[CopyGrade, ...] = ("same", "edited")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--copied", type=int, default=2)
    parser.add_argument("--kind", action="append")
    options = parser.parse_args()
    print(f"{'kind':18} pictures  lost: same  default  copies  missed  seconds")
    for kind in options.kind or [*KINDS, *MOVING]:
        with tempfile.TemporaryDirectory() as folder:
            write_kinds(Path(folder), [kind], options.count, options.copied)
            found = judge(Path(folder) / kind)
        print(
            f"{kind:18} {found.pictures:8} {found.lost['same']:11} {found.lost['edited']:8}"
            f" {found.copies:7} {len(found.missed):7} {found.seconds:8.1f}",
            *found.missed,
            flush=True,
        )


if __name__ == "__main__":
    main()

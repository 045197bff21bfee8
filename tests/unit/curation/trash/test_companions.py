"""Files that belong to photos are named when their photo goes and no other one stays."""

from pathlib import Path

import pytest

from sokkuri.curation.trash.companions import find_companions
from sokkuri.curation.trash.plan import KeptImage, Move

KEPT = KeptImage("k.jpg", "k.jpg", "/photos", bytes(16))


def moves_of(root: Path, *paths: str) -> list[Move]:
    return [Move(path, path, str(root), 1, bytes(16), "same", KEPT) for path in paths]


@pytest.mark.parametrize(
    ("there", "moved", "expected"),
    [
        ("a.JPG a.xmp a.MOV a.AAE", "a.JPG", "a.AAE a.MOV a.xmp"),
        ("a.jpg A.XMP a.jpg.json", "a.jpg", "A.XMP a.jpg.json"),
        ("a.jpg a.nef a.heic", "a.jpg", ""),  # the .heic is a photo that stays
        ("a.jpg a.nef a.heic", "a.jpg a.heic", "a.nef"),
        ("a.jpg ab.xmp b.xmp .a.xmp a.txt", "a.jpg", ""),
        ("d/a.jpg d/a.xmp a.xmp a.jpg", "d/a.jpg", "d/a.xmp"),
        ("k.jpg k.xmp", "a.jpg", ""),
        ("", "gone/a.jpg", ""),
    ],
)
def test_companions_without_a_photo_are_named(
    tmp_path: Path, there: str, moved: str, expected: str
) -> None:
    """The result is the same before and after the move."""
    for name in there.split():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    moves = moves_of(tmp_path, *moved.split())
    assert find_companions(moves) == expected.split()
    for move in moves:
        (tmp_path / move.path).unlink(missing_ok=True)
    assert find_companions(moves) == expected.split()

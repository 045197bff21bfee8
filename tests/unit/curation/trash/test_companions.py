"""Files that belong to photos move with them, or are named if no other photo needs them."""

import os
from pathlib import Path

import pytest

from sokkuri.curation.trash.companions import find_companions, owners_there, with_companions
from sokkuri.curation.trash.plan import KeptImage, Move

KEPT = KeptImage("k.jpg", "k.jpg", "/photos", bytes(16))


def moves_of(root: Path, *paths: str) -> list[Move]:
    return [Move(path, path, str(root), 1, bytes(16), "same", KEPT) for path in paths]


@pytest.mark.parametrize(
    ("there", "moved", "expected"),
    [
        ("a.JPG a.xmp a.MOV a.AAE", "a.JPG", "a.AAE a.MOV a.xmp"),
        ("a.jpg A.XMP a.jpg.json", "a.jpg", "A.XMP a.jpg.json"),
        ("a.jpg a.jpg.supplemental-metadata.json", "a.jpg", "a.jpg.supplemental-metadata.json"),
        ("a.jpg a.xmp a.nef a.wav a.mp4", "a.jpg a.xmp", "a.mp4 a.nef a.wav"),
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


def moved(root: Path, *paths: str) -> list[tuple[str, str]]:
    """Return the path of each move, and what it belongs to."""
    return [(move.path, move.belongs_to) for move in with_companions(moves_of(root, *paths))]


def test_companions_move_after_all_that_they_belong_to(tmp_path: Path) -> None:
    """A link, and a folder, stay."""
    for name in ("a.heic", "a.jpg", "a.mov", "a.xmp", "b.jpg", "b.nef", "b.xmp", "d/a.xmp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "a.jpg.xmp").symlink_to(tmp_path / "a.xmp")
    (tmp_path / "b.jpg.xmp").mkdir()
    assert moved(tmp_path, "a.heic", "b.jpg", "a.jpg") == [
        ("a.heic", ""), ("b.jpg", ""), ("a.jpg", ""), ("a.mov", "a.jpg"), ("a.xmp", "a.jpg"),
    ]  # fmt: skip
    assert moved(tmp_path, "a.jpg") == [("a.jpg", "")]
    assert owners_there(str(tmp_path), "a.xmp") == ["a.heic", "a.jpg", "a.mov"]
    assert owners_there(str(tmp_path), "d/a.xmp") == []
    (*_, sidecar) = with_companions(moves_of(tmp_path, "a.heic", "a.jpg"))
    assert (sidecar.size, sidecar.grade, sidecar.keep) == (5, "same", KEPT)


def test_files_of_two_roots_may_have_one_path(tmp_path: Path) -> None:
    """The names of the roots tell them apart."""
    moves = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for file in ("a.jpg", "a.xmp"):
            (tmp_path / name / file).write_text(name)
        moves += [Move(f"{name}/a.jpg", "a.jpg", str(tmp_path / name), 3, bytes(16), "same", KEPT)]
    assert find_companions(moves) == ["one/a.xmp", "two/a.xmp"]
    moves = with_companions(moves)
    assert [move.id for move in moves] == ["one/a.jpg", "one/a.xmp", "two/a.jpg", "two/a.xmp"]
    assert find_companions(moves) == []


def test_a_long_film_is_no_live_photo(tmp_path: Path) -> None:
    """Its sidecar stays with it."""
    for name in ("a.jpg", "a.mov", "a.xmp"):
        (tmp_path / name).touch()
    assert len(moved(tmp_path, "a.jpg")) == 3
    os.truncate(tmp_path / "a.mov", 2**30)
    assert moved(tmp_path, "a.jpg") == [("a.jpg", "")]

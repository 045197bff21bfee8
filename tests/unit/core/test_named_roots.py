"""Several folders with names: which file a path means, and which path a file has."""

from pathlib import Path

import pytest

from sokkuri.core.errors import UsageError
from sokkuri.core.locations import Address
from sokkuri.core.named_roots import (
    Root,
    Roots,
    check_apart,
    contains,
    make_roots,
    name_of_folder,
    parse_root,
    path_of,
    split_path,
)

TWO = make_roots([("Pictures", Path("/home/me/Pictures")), ("nas", Path("/mnt/nas/photos"))])
ONE = Path("/home/me/Pictures")


@pytest.mark.parametrize(
    ("root", "path", "folder", "below"),
    [
        (TWO, "nas/2024/a.jpg", Path("/mnt/nas/photos"), "2024/a.jpg"),
        (TWO, "Pictures/a.jpg", Path("/home/me/Pictures"), "a.jpg"),
        (TWO, "nas", Path("/mnt/nas/photos"), ""),
        (ONE, "nas/2024/a.jpg", ONE, "nas/2024/a.jpg"),
        (Address("s3://bucket"), "a.jpg", Address("s3://bucket"), "a.jpg"),
    ],
)
def test_a_path_has_one_folder(root: Root, path: str, folder: Path, below: str) -> None:
    assert split_path(root, path) == (folder, below)
    assert root / path == folder / below
    if isinstance(folder, Path):
        assert path_of(root, folder / below) == path


@pytest.mark.parametrize("path", ["other/a.jpg", "NAS/a.jpg", "", "../nas/a.jpg", "nasty/a.jpg"])
def test_a_path_of_no_root_leads_to_no_file(path: str) -> None:
    """A stranger may have written the catalog."""
    place = TWO / path
    assert not place.is_file()
    assert not any(place.is_relative_to(folder) for _, folder in TWO.folders)
    assert not TWO.has_name_of(path)


def test_a_place_outside_has_no_path(tmp_path: Path) -> None:
    assert path_of(TWO, Path("/mnt/nas/photos2/a.jpg")) is None
    assert path_of(Address("s3://bucket"), Path("/a.jpg")) is None
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    linked = make_roots([("nas", tmp_path / "link")])
    assert path_of(linked, tmp_path / "real" / "a.jpg") == "nas/a.jpg"
    assert name_of_folder(linked, str(tmp_path / "real")) == "nas"
    assert name_of_folder(linked, str(tmp_path)) is None
    assert name_of_folder(tmp_path / "link", str(tmp_path / "real")) == ""


def test_names_come_from_folders_or_are_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse_root(["photos"]) == Path("photos")
    assert parse_root(["s3://bucket/a=b"]) == Address("s3://bucket/a=b")
    assert parse_root(["nas=photos/"]) == Roots((("nas", tmp_path / "photos"),))
    assert parse_root(["photos", "nas=/mnt/a=b", "/x=y/z"]) == Roots(
        (("photos", tmp_path / "photos"), ("nas", Path("/mnt/a=b")), ("z", Path("/x=y/z")))
    )
    (tmp_path / "a=b").mkdir()
    assert parse_root(["a=b"]) == Path("a=b"), "a folder that is there"


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["/a/photos", "/b/photos"], "both have the name photos.*NAME=/b/photos"),
        (["x=/a", "X=/b"], "both have the name X"),
        (["/a", "/"], "cannot have the name ''"),
        (["/a", ".hidden=/b"], "cannot have the name '.hidden'"),
        (["/a", "..=/b"], "cannot have the name"),
        (["/a", "s3://bucket"], "s3://bucket is an address"),
        (["/a", "two\nlines=/b"], "cannot have the name"),
    ],
)
def test_wrong_names_are_refused(texts: list[str], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        parse_root(texts)


def test_folders_that_contain_one_another_are_refused(tmp_path: Path) -> None:
    inner = tmp_path / "photos" / "2024"
    inner.mkdir(parents=True)
    (tmp_path / "link").symlink_to(inner)
    for other in (inner, tmp_path / "link"):
        roots = make_roots([("one", other), ("photos", tmp_path / "photos")])
        with pytest.raises(UsageError, match="contains the other"):
            check_apart(roots)
    check_apart(make_roots([("a", tmp_path / "a"), ("ab", tmp_path / "ab")]))
    assert contains(tmp_path, make_roots([("far", Path("/far")), ("link", tmp_path / "link")]))
    assert not contains(inner, TWO)


def test_roots_are_added_and_replaced() -> None:
    nas, usb = Path("/media/nas"), Path("/media/usb")
    assert TWO.joined(make_roots([("usb", usb)])).folders == (*TWO.folders, ("usb", usb))
    assert TWO.joined(make_roots([("nas", nas)])).folders == (TWO.folders[0], ("nas", nas))
    assert TWO.joined(make_roots([("other", Path("/mnt/nas/photos"))])) == TWO, "it has a name"

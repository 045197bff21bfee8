"""Listing finds every image below a folder, whatever its name, and is trapped by nothing."""

import os
import socket
import sqlite3
import sys
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from permissions import check_without_privileges
from PIL import Image
from raw_photo import missing

from sokkuri.core.types import FileRef, Limits
from sokkuri.images.formats import (
    ENDINGS,
    FORMATS,
    aside_text,
    kind_left_aside,
    unreadable_kind,
    unreadable_text,
)
from sokkuri.images.globs import is_excluded
from sokkuri.images.list_files import read_list
from sokkuri.images.read import read_file, stat_file
from sokkuri.images.scan import list_images

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX file names, links and pipes")


def touch(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"x" * len(path))


def listed(root: Path, *exclude: str) -> set[str]:
    refs = list(list_images(root, exclude=exclude))
    assert len({ref.path for ref in refs}) == len(refs)
    return {ref.path for ref in refs}


# What is found


def test_images_at_every_depth_are_found_with_their_stats(tmp_path: Path) -> None:
    """Guarantee: every image below the folder, and nothing else."""
    touch(tmp_path, "a.jpg", "sub/b.PNG", "sub/deep/er/c.Webp", "notes.txt", "sub/jpg", "png")
    refs = {ref.path: ref for ref in list_images(tmp_path)}
    assert refs.keys() == {"a.jpg", "sub/b.PNG", "sub/deep/er/c.Webp"}
    for path, ref in refs.items():
        found = (tmp_path / path).stat()
        assert isinstance(ref, FileRef)
        assert ref.id == path
        assert (ref.stat.size, ref.stat.mtime_ns) == (found.st_size, found.st_mtime_ns)


@pytest.mark.parametrize("seconds", [2**34, -(2**31)])
def test_every_time_stamp_can_be_stored(seconds: int, tmp_path: Path) -> None:
    """Guarantee: a date that only a damaged file system gives stops no run."""
    touch(tmp_path, "a.jpg", "b.xmp")
    for name in ("a.jpg", "b.xmp"):
        os.utime(tmp_path / name, (seconds, seconds))
    sidecars: list[FileRef] = []
    (image,) = list_images(tmp_path, on_sidecar=sidecars.append)
    (listed_again,) = read_list([b"a.jpg\n"], tmp_path)
    assert listed_again == image
    for stat in (image.stat, sidecars[0].stat, stat_file(tmp_path / "a.jpg")):
        with closing(sqlite3.connect(":memory:")) as database:
            assert database.execute("SELECT ?", [stat.mtime_ns]).fetchone() == (stat.mtime_ns,)
    assert read_file(tmp_path / "a.jpg", Limits())[1] == image.stat


def test_pictures_of_other_kinds_are_counted_by_kind(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.CR2", "sub/c.nef", "d.svg", "e.pdf", "f.mov", ".g.mov", "h.txt")
    aside: Counter[str] = Counter()
    with missing("rawpy"):
        assert [ref.path for ref in list_images(tmp_path, aside=aside)] == ["a.jpg"]
    assert aside == {"camera RAW file": 2, "vector drawing": 1, "PDF": 1, "video": 1}
    assert aside_text(aside) == "2 camera RAW files, 1 PDF, 1 vector drawing, 1 video"
    assert not [ending for ending in ENDINGS if kind_left_aside(ending)]


def test_files_that_are_not_read_are_counted_with_the_extra_that_reads_them() -> None:
    """Guarantee: no file is left out silently."""
    assert unreadable_text({}) == ""
    assert (unreadable_kind(".jpg"), unreadable_kind(".jxr")) == (None, "JPEG XR file")
    listable = {ending for ending in ENDINGS if unreadable_kind(ending)}
    assert listable == {".exr", ".ff", ".hdr", ".jxr"}
    assert unreadable_kind(".heic") is None, "the extra is installed here"
    with missing("pillow_heif"):
        assert unreadable_kind(".heic") == "HEIC file"
    counts = {"video": 2, "HEIC file": 3, "JPEG XR file": 1, "camera RAW file": 4}
    text = unreadable_text(counts)
    assert "4 camera RAW files: reading them needs the extra raw" in text
    assert "does not read them: 2 videos; no extra reads 1 JPEG XR file; 3 HEIC files: " in text
    assert "'sokkuri[heic]'" in text


def test_an_empty_folder_and_one_without_images_give_nothing(tmp_path: Path) -> None:
    assert listed(tmp_path) == set()
    (tmp_path / "empty.jpg").mkdir()
    touch(tmp_path, "readme.md")
    assert listed(tmp_path) == set()


def test_a_folder_named_like_an_image_is_entered(tmp_path: Path) -> None:
    touch(tmp_path, "album.jpg/1.jpg")
    assert listed(tmp_path) == {"album.jpg/1.jpg"}


def test_every_ending_that_the_decoder_knows_is_listed() -> None:
    """Guarantee: no picture that can be read is left out for its name."""
    Image.init()
    known = {suffix for suffix, kind in Image.EXTENSION.items() if kind in {*FORMATS, "MPO"}}
    assert known <= ENDINGS
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in ENDINGS)


def test_every_ending_of_heic_is_listed() -> None:
    pillow_heif = pytest.importorskip("pillow_heif", reason="the extra `heic` is not installed")
    pillow_heif.register_heif_opener()
    known = {suffix for suffix, kind in Image.EXTENSION.items() if kind == "HEIF"}
    assert {".heic", ".heif"} <= known <= ENDINGS


def test_files_are_yielded_while_the_folder_is_walked(tmp_path: Path) -> None:
    """Memory stays bounded: a folder is not read before its turn, so what comes late shows."""
    touch(tmp_path, "1.jpg", "sub/2.jpg")
    refs = list_images(tmp_path)
    assert next(refs).path == "1.jpg"
    touch(tmp_path, "sub/3.jpg")
    assert {ref.path for ref in refs} == {"sub/2.jpg", "sub/3.jpg"}


def test_a_folder_that_vanishes_before_its_turn_is_reported_and_skipped(tmp_path: Path) -> None:
    touch(tmp_path, "1.jpg", "sub/2.jpg")
    told: list[tuple[str, OSError]] = []
    refs = list_images(tmp_path, on_error=lambda where, error: told.append((where, error)))
    next(refs)
    (tmp_path / "sub" / "2.jpg").unlink()
    (tmp_path / "sub").rmdir()
    assert list(refs) == []
    ((where, error),) = told
    assert where == "sub"
    assert isinstance(error, FileNotFoundError)


def test_a_root_that_is_missing_or_a_file_is_reported(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    told: list[str] = []
    roots = [tmp_path / "none", tmp_path / "a.jpg"]
    for root in roots:
        assert list(list_images(root, on_error=lambda where, _: told.append(where))) == []
    assert told == [str(root) for root in roots]


# Names


@pytest.mark.parametrize(
    "name",
    [
        "写真 2024/海辺の夕日.jpg",
        "with space/a b  c.jpg",
        "emoji 🐈/🐈‍⬛.png",
        "が/ga decomposed が.jpg",
        "'quotes\"/and $(echo) `ticks`.jpg",
        "-n/--help.jpg",
        "percent%20/a%00.jpg",
    ],
)
def test_any_name_comes_back_as_it_is(name: str, tmp_path: Path) -> None:
    """Guarantee: Japanese, spaces, quotes and signs in names are only names."""
    touch(tmp_path, name)
    (ref,) = list_images(tmp_path)
    assert ref.path == name
    assert (tmp_path / ref.path).is_file()


@posix
@pytest.mark.parametrize(
    "raw", [b"new\nline/a\nb.jpg", b"tab\t/\x1b[31m.jpg", b"caf\xe9/\xff\xfe.jpg"]
)
def test_newlines_and_bytes_that_are_not_utf8_come_back(raw: bytes, tmp_path: Path) -> None:
    """Guarantee: a name that is not UTF-8 is kept byte for byte."""
    path = os.path.join(os.fsencode(tmp_path), raw)  # noqa: PTH118 - bytes
    try:
        os.makedirs(os.path.dirname(path))  # noqa: PTH103, PTH120
        Path(os.fsdecode(path)).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes no such name")
    (ref,) = list_images(tmp_path)
    assert os.fsencode(ref.path) == raw


def test_hidden_files_and_folders_are_skipped_but_not_a_hidden_root(tmp_path: Path) -> None:
    """Also the collection's own folder, which begins with a dot."""
    root = tmp_path / ".photos"
    touch(root, "a.jpg", ".b.jpg", ".hidden/c.jpg", "d/.e/f.jpg", "._a.jpg")
    assert listed(root) == {"a.jpg"}


# Links and what is no file


@posix
def test_links_to_files_are_followed_and_links_to_folders_are_not(tmp_path: Path) -> None:
    """Guarantee: no loop of links traps it, and no picture is listed twice through one."""
    root = tmp_path / "root"
    touch(root, "sub/a.jpg")
    touch(tmp_path, "elsewhere/long name.jpg")
    (root / "link.jpg").symlink_to(tmp_path / "elsewhere" / "long name.jpg")
    (root / "folder").symlink_to(tmp_path / "elsewhere")
    (root / "folder.jpg").symlink_to(tmp_path / "elsewhere")
    (root / "sub" / "up").symlink_to(root)
    (root / "sub" / "self").symlink_to(root / "sub" / "self")
    refs = {ref.path: ref.stat.size for ref in list_images(root)}
    assert refs == {"sub/a.jpg": len("sub/a.jpg"), "link.jpg": len("elsewhere/long name.jpg")}


@posix
def test_broken_links_are_listed_so_that_they_show_as_failures(tmp_path: Path) -> None:
    """Guarantee: nothing that looks like a picture is passed over in silence."""
    (tmp_path / "dangling.jpg").symlink_to(tmp_path / "nothing.jpg")
    (tmp_path / "self.jpg").symlink_to(tmp_path / "self.jpg")
    touch(tmp_path, "a.jpg")
    (tmp_path / "through.jpg").symlink_to(tmp_path / "a.jpg" / "b.jpg")
    assert listed(tmp_path) == {"a.jpg", "dangling.jpg", "self.jpg", "through.jpg"}


@posix
def test_pipes_and_sockets_are_not_listed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "to pipe.jpg").symlink_to(tmp_path / "pipe.jpg")
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{short}/s.jpg")  # a socket's path must be short
        assert listed(Path(short)) == set()
    assert listed(tmp_path) == set()


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX permissions")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # threads and fork
def test_a_folder_without_permission_is_reported_and_the_rest_is_listed() -> None:
    """Guarantee: one closed folder does not end the listing, and is told of."""
    with tempfile.TemporaryDirectory() as name:  # not tmp_path: its parents are closed to others
        root = Path(name)
        root.chmod(0o755)
        touch(root, "a.jpg", "closed/b.jpg", "open/c.jpg")
        (root / "closed").chmod(0o000)

        def holds() -> bool:
            told: list[tuple[str, type[OSError]]] = []
            refs = list_images(
                root, on_error=lambda where, error: told.append((where, type(error)))
            )
            paths = {ref.path for ref in refs}
            quiet = {ref.path for ref in list_images(root)}  # without on_error too
            return paths == quiet == {"a.jpg", "open/c.jpg"} and told == [
                ("closed", PermissionError)
            ]

        try:
            assert check_without_privileges(holds)
        finally:
            (root / "closed").chmod(0o700)


# Exclusion


@pytest.mark.parametrize(
    ("glob", "path", "expected"),
    [
        ("*.png", "a.png", True),
        ("*.png", "sub/deep/a.png", True),
        ("*.png", "a.png.jpg", False),
        ("*.png", "a.PNG", False),
        ("raw/", "raw/a.jpg", True),
        ("raw/", "2019/raw/a.jpg", True),
        ("raw", "2019/raw/deep/a.jpg", True),
        ("raw", "raw2/a.jpg", False),
        ("2019/raw", "2019/raw/a.jpg", True),
        ("2019/raw/", "2019/raw/a.jpg", True),
        ("2019/raw", "old/2019/raw/a.jpg", False),
        ("/raw", "raw/a.jpg", True),
        ("/raw", "old/raw/a.jpg", False),
        ("./raw", "raw/a.jpg", True),
        ("./raw", "old/raw/a.jpg", False),
        ("**/raw/*.png", "raw/a.png", True),
        ("**/raw/*.png", "x/y/raw/a.png", True),
        ("**/raw/*.png", "x/raw/y/a.png", False),
        ("**/raw", "draw/a.jpg", False),
        ("2019/*/a.jpg", "2019/x/a.jpg", True),
        ("2019/*/a.jpg", "2019/x/y/a.jpg", False),
        ("2019/**/a.jpg", "2019/a.jpg", True),
        ("2019/**/a.jpg", "2019/x/y/a.jpg", True),
        ("2019/**", "2019/x/y/a.jpg", True),
        ("x**/y.jpg", "xy.jpg", False),
        ("x**/y.jpg", "x1/2/y.jpg", True),
        ("?.jpg", "a.jpg", True),
        ("?.jpg", "ab.jpg", False),
        ("a?b/c.jpg", "a/b/c.jpg", False),
        ("[a].jpg", "a.jpg", False),
        ("[a].jpg", "[a].jpg", True),
        ("a+(b).jpg", "a+(b).jpg", True),
        ("写真*", "写真 1/a.jpg", True),
        ("*\n*", "a\nb.jpg", True),
        ("", "a.jpg", False),
        ("\u00e9t*/", "e\u0301te\u0301/a.jpg", True),  # composed, and as files from a Mac
        ("e\u0301t*.jpg", "\u00e9t\u00e9.jpg", True),
    ],
)
def test_each_glob_matches_the_documented_paths(glob: str, path: str, expected: bool) -> None:
    assert is_excluded(path, [glob]) is expected
    assert is_excluded(path, ["nothing/at/all", glob, "*.none"]) is expected
    assert is_excluded(path, []) is False


def plainly(glob: str, text: str, *, start: bool = True) -> bool:
    """The same rules without regular expressions: slow, and easy to see through."""
    if not glob:
        return not text
    if start and glob.startswith("**/"):
        rests = [text, *(text[at + 1 :] for at, one in enumerate(text) if one == "/")]
        return any(plainly(glob[3:], rest) for rest in rests)
    if glob.startswith("**"):
        return any(plainly(glob[2:], text[n:], start=False) for n in range(len(text) + 1))
    if glob.startswith("*"):
        reach = len(text.split("/", 1)[0])
        return any(plainly(glob[1:], text[n:], start=False) for n in range(reach + 1))
    fits = text[:1] and (text[0] == glob[0] or (glob[0] == "?" and text[0] != "/"))
    return bool(fits) and plainly(glob[1:], text[1:], start=glob[0] == "/")


def excluded_plainly(path: str, glob: str) -> bool:
    glob = glob.rstrip("/")
    parts = path.split("/")
    if not glob:
        return False
    if "/" not in glob:
        return any(plainly(glob, part) for part in parts)
    glob = glob.removeprefix("./").lstrip("/")
    return any(plainly(glob, "/".join(parts[: n + 1])) for n in range(len(parts)))


names = st.text("ab.\n", min_size=1, max_size=4)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)
globs = st.lists(
    st.sampled_from(["*", "**", "**/", "?", "/", "a", "b", ".", "./"]), max_size=7
).map("".join)


@given(paths, globs)
@example("a/b", "**/**/b")
@example("ab", "a**/b")
def test_globs_agree_with_a_plain_reading_of_the_rules(path: str, glob: str) -> None:
    assert is_excluded(path, [glob]) == excluded_plainly(path, glob)


@given(st.lists(paths, max_size=6), st.lists(globs, max_size=3))
def test_listing_leaves_out_the_same_files_as_is_excluded(
    files: list[str], exclude: list[str]
) -> None:
    """Guarantee: `update` and `index` agree on which files belong to the collection."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for path in files:
            visible = [f"d{part.strip('.')}" for part in path.split("/")]
            touch(root, "/".join(visible) + ".jpg")
        everything = listed(root)
        assert listed(root, *exclude) == {p for p in everything if not is_excluded(p, exclude)}


@posix
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_an_excluded_folder_is_not_entered() -> None:
    """Seen by a closed one, which tells when it is entered: see the test of that above."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        touch(root, "a.jpg", "keep/raw/b.jpg", "keep/c.jpg")
        (root / "keep" / "raw").chmod(0o000)

        def holds() -> bool:
            told: list[str] = []
            refs = list_images(root, exclude=["raw/"], on_error=lambda where, _: told.append(where))
            return {ref.path for ref in refs} == {"a.jpg", "keep/c.jpg"} and not told

        try:
            assert check_without_privileges(holds)
        finally:
            (root / "keep" / "raw").chmod(0o700)

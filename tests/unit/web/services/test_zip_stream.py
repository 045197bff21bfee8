"""The ZIP archive that is sent while it is written."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.web.services.zip_stream import ZipStream

NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="\0") | st.sampled_from("aA./\\\udcff"),
    max_size=9,
)


def archive(files: list[tuple[str, bytes]], missing: tuple[str, ...] = ()) -> zipfile.ZipFile:
    stream = ZipStream()
    parts: list[bytes] = []
    for name, content in files:
        parts += stream.add(name, io.BytesIO(content), 1_700_000_000.5)
    for name in missing:
        stream.leave_out(name)
    return zipfile.ZipFile(io.BytesIO(b"".join([*parts, stream.finish()])))


@given(st.lists(st.tuples(NAMES, st.binary(max_size=20)), max_size=8))
def test_every_file_is_there_under_a_name_of_its_own(files: list[tuple[str, bytes]]) -> None:
    """The names differ also where capitals do not count, and none leads out of a folder."""
    packed = archive(files)
    assert packed.testzip() is None
    assert [packed.read(info) for info in packed.infolist()] == [content for _, content in files]
    names = packed.namelist()
    assert len({name.casefold() for name in names}) == len(files)
    for name in names:
        assert name
        assert not name.startswith("/")
        assert not {"..", "."} & {*name.split("/")}


def test_names_of_folders_and_endings_stay() -> None:
    names = ["2023/a.jpg", "2023/A.jpg", "2024/a.jpg", "caf\udce9.jpg", "caf\udcea.jpg"]
    packed = archive([(name, b"") for name in names])
    assert packed.namelist() == [
        "2023/a.jpg", "2023/A (2).jpg", "2024/a.jpg", "caf\ufffd.jpg", "caf\ufffd (2).jpg",
    ]  # fmt: skip


def test_files_that_cannot_be_read_are_named_at_the_end() -> None:
    packed = archive([("a", b"1"), ("not included.txt", b"2")], ("lost\udcff.jpg",))
    assert packed.namelist() == ["a", "not included (2).txt", "not included.txt"]
    assert "lost\ufffd.jpg" in packed.read("not included.txt").decode()


@pytest.mark.parametrize(
    ("seconds", "year"), [(-(2.0**40), 1980), (2.0**30, 2004), (5.7e9, 2107), (2.0**62, 2107)]
)
def test_a_file_of_any_date_can_be_sent(seconds: float, year: int) -> None:
    stream = ZipStream()
    data = b"".join([*stream.add("a", io.BytesIO(b"1"), seconds), stream.finish()])
    (info,) = zipfile.ZipFile(io.BytesIO(data)).infolist()
    assert info.date_time[0] == year


def test_a_large_file_comes_in_pieces() -> None:
    """No piece holds more than a part of the file, whatever its size."""
    stream = ZipStream()
    content = bytes(5 * 2**20)
    pieces = [*stream.add("large", io.BytesIO(content), -5.0), stream.finish()]
    assert max(map(len, pieces)) < 2**20 + 1000
    packed = zipfile.ZipFile(io.BytesIO(b"".join(pieces)))
    assert packed.read("large") == content
    assert packed.infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)

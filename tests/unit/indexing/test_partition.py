"""Which part an image is in, and how the stores of parts are named."""

from pathlib import Path

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.core.errors import UsageError
from sokkuri.images.list_files import read_list
from sokkuri.indexing.partition import Part, share, stores_of_parts

IDS = st.text(
    st.characters(codec="utf-8") | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF)
)


@given(st.lists(IDS), st.integers(1, 100))
def test_every_id_is_in_exactly_one_part(ids: list[str], count: int) -> None:
    parts = [Part(count, number) for number in range(1, count + 1)]
    for id_ in ids:
        assert [part.number for part in parts if part.holds(id_)] == [share(id_, count)]


def test_an_id_is_in_the_same_part_on_every_machine() -> None:
    """The hash is computed from the bytes of the name, which are equal on every machine."""
    assert [share(id_, 16) for id_ in ("a.jpg", "album/cat.jpg", "f\udcfc.jpg")] == [
        xxhash.xxh3_64_intdigest(data) % 16 + 1
        for data in (b"a.jpg", b"album/cat.jpg", b"f\xfc.jpg")
    ]
    assert share("a.jpg", 16) == 6, "fixed: collections on disk depend on it"


def test_parts_have_about_equal_sizes() -> None:
    ids = [f"object/{number:08d}.jpg" for number in range(16_000)]
    counts = [sum(map(Part(16, number).holds, ids)) for number in (1, 8, 16)]
    assert all(850 < count < 1150 for count in counts), counts


@given(st.integers(1, 10_000_000 - 1), st.data())
def test_a_part_can_be_parsed_from_its_text(count: int, data: st.DataObject) -> None:
    part = Part(count, data.draw(st.integers(1, count)))
    assert Part.parsed(str(part)) == part


def test_leading_zeros_and_spaces_are_accepted() -> None:
    assert Part.parsed("03/16") == Part.parsed(" 3/16 ") == Part(16, 3)


@pytest.mark.parametrize("text", ["0/4", "5/4", "1/0", "4", "a/b", "1/2/3", "-1/4", "1.0/2", ""])
def test_a_malformed_part_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="I/N"):
        Part.parsed(text)


def test_store_names_sort_like_the_parts(tmp_path: Path) -> None:
    names = [Part(120, number).store_name for number in range(1, 121)]
    assert names == sorted(names)
    assert names[2] == ".sokkuri-003-of-120"
    for name in reversed(names):
        (tmp_path / name).mkdir()
    (tmp_path / ".sokkuri").mkdir()
    assert [path.name for path in stores_of_parts(tmp_path)] == names


def test_files_of_other_parts_are_not_looked_at(tmp_path: Path) -> None:
    """A hundred jobs that share a list must not each stat every file of it."""
    names = [f"{number}.jpg" for number in range(20)]
    part = Part(4, 2)
    mine = [name for name in names if part.holds(name)]
    for name in mine:
        (tmp_path / name).touch()
    errors: list[str] = []
    lines = [f"./{name}\n".encode() for name in names]
    refs = read_list(
        lines, tmp_path, accept=part.holds, on_error=lambda path, _: errors.append(path)
    )
    assert [ref.id for ref in refs] == mine
    assert errors == [], "the other files do not exist, and no stat was tried"

"""A folder against an archive: each copy is grouped with an image of the archive."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from edited_images import EDITS, write_edits
from synthetic_collection import create_empty
from trash_fixtures import make_collection

from sokkuri.api import Collection
from sokkuri.core.errors import ModelMismatchError, UsageError
from sokkuri.curation.duplicates.against import find_against
from sokkuri.curation.duplicates.find import DuplicateOptions
from sokkuri.curation.trash.make_plan import make_trash_plan
from sokkuri.curation.types import Group

KINDS = ["small", "crop", "side"]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pictures of the archive and of the folder."""
    folder = tmp_path_factory.mktemp("drawn")
    write_edits(folder / "archive" / "0", 0, ["small"])
    for seed in (1, 2):
        write_edits(folder / "archive" / str(seed), seed, [])
    for seed in (0, 1):
        write_edits(folder / "new" / str(seed), seed, KINDS, twin=seed == 0)
    write_edits(folder / "new" / "7", 7, [])
    return folder


@pytest.fixture
def archive(drawn: Path, tmp_path: Path) -> Iterator[Collection]:
    """Three pictures, and a smaller copy of the first."""
    with make_collection(shutil.copytree(drawn / "archive", tmp_path / "archive")) as made:
        yield made


@pytest.fixture
def new(drawn: Path, tmp_path: Path) -> Path:
    """Edits of two of them with the same bytes again, and a picture that is new."""
    return shutil.copytree(drawn / "new", tmp_path / "new")


def groups(
    archive: Collection, other: Collection, options: DuplicateOptions | None = None
) -> tuple[Group, ...]:
    *_, last = find_against(archive, other, options)
    assert last.result is not None
    return last.result


def around(found: tuple[Group, ...]) -> dict[str, set[str]]:
    """The folder's files, as paths from their folder, by the archive's image."""
    return {
        group.keep: {"/".join(Path(id_).parts[-2:]) for id_ in group.ids[1:]} for group in found
    }


def copies(seed: int, names: list[str]) -> set[str]:
    return {f"{seed}/{name}.jpg" for name in names}


def test_each_copy_is_grouped_with_its_original(archive: Collection, new: Path) -> None:
    with make_collection(new) as other:
        found = around(groups(archive, other))
        again = around(groups(archive, other))
    assert found == again
    assert "0/small.jpg" in found["0/small.jpg"], "the same bytes, not the larger picture"
    assert found["0/orig.jpg"] >= copies(0, ["orig", "twin"])
    assert found["0/orig.jpg"] | found["0/small.jpg"] == copies(0, ["orig", "twin", *KINDS])
    assert found["1/orig.jpg"] == copies(1, ["orig", *KINDS])
    assert found.keys() == {"0/small.jpg", "0/orig.jpg", "1/orig.jpg"}


def test_the_kinds_of_edit_are_named(archive: Collection, new: Path) -> None:
    """Of the folder's files, only the edits of the second picture are no twins of the archive's."""
    with make_collection(new) as other:
        (group,) = (group for group in groups(archive, other) if group.keep == "1/orig.jpg")
    kinds = {Path(pair.b).stem: pair.kinds for pair in group.pairs}
    assert kinds.keys() == {"orig", *KINDS}
    assert kinds["orig"] == ()
    assert "resized" in kinds["small"]
    assert "cropped" in kinds["crop"]
    assert "rotated" in kinds["side"]


def test_copies_are_found_if_the_folder_has_the_original_too(
    archive: Collection, tmp_path: Path
) -> None:
    """In the folder too is the picture that they are copies of; the order of contents is chance."""
    for seed in (0, 1):
        write_edits(tmp_path / "new" / str(seed), seed)
    with make_collection(tmp_path / "new") as other:
        found = around(groups(archive, other))
    assert set.union(*found.values()) == {
        name for seed in (0, 1) for name in copies(seed, ["orig", *EDITS])
    }


def test_filters_apply_to_the_archive(archive: Collection, new: Path) -> None:
    with make_collection(new) as other:
        some = around(groups(archive, other, DuplicateOptions(under="1")))
        assert some == {"1/orig.jpg": copies(1, ["orig", *KINDS])}
        small = around(groups(archive, other, DuplicateOptions(where="id = '0/small.jpg'")))
        assert small["0/small.jpg"] >= copies(0, ["small", "orig", "twin"]), (
            "the archive's own original is not among those asked for"
        )
        same = around(groups(archive, other, DuplicateOptions(min_grade="same")))
        assert same["1/orig.jpg"] == copies(1, ["orig", "small"])


def test_a_plan_moves_nothing_of_the_archive(archive: Collection, new: Path) -> None:
    with make_collection(new) as other:
        found = groups(archive, other)
        plan = make_trash_plan(other, found, archive=archive)
        passing = make_trash_plan(other, found, archive=archive, lasting=False)
    assert plan.store == str(new / ".sokkuri")
    assert passing.store is None
    assert passing.moves == plan.moves
    assert {move.root for move in plan.moves} == {str(new)}
    assert {move.kept.root for move in plan.moves} == {str(archive.root)}
    assert {move.path for move in plan.moves} == {
        *copies(0, ["orig", "twin", *KINDS]), *copies(1, ["orig", *KINDS]),
    }  # fmt: skip
    for move in plan.moves:
        assert move.digest == move.kept.digest or move.grade != "identical"


def test_both_collections_may_be_empty(archive: Collection, tmp_path: Path) -> None:
    with create_empty(tmp_path / "none") as none:
        assert groups(archive, none) == ()
        assert groups(none, archive) == ()


def test_another_model_is_refused(archive: Collection, tmp_path: Path) -> None:
    with create_empty(tmp_path / "none") as other:
        other.catalog.execute("UPDATE models SET fingerprint = 'another'")
    with (
        Collection.open(tmp_path / "none") as other,
        pytest.raises(ModelMismatchError, match="another model"),
    ):
        groups(archive, other)


@pytest.mark.parametrize("place", [".", "0", ".."])
def test_a_folder_inside_the_archive_is_refused(
    archive: Collection, tmp_path: Path, place: str
) -> None:
    """The archive's own images must never be taken for copies of themselves."""
    with create_empty(tmp_path / "none") as other:
        other.root = archive.root / place
        with pytest.raises(UsageError, match="contains the other"):
            groups(archive, other)


def test_a_link_to_the_archive_is_refused(archive: Collection, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(str(archive.root))
    with create_empty(tmp_path / "none") as other:
        other.root = tmp_path / "link" / "0"
        with pytest.raises(UsageError, match="contains the other"):
            groups(archive, other)


def test_an_image_whose_file_is_gone_is_left_out(archive: Collection, new: Path) -> None:
    with make_collection(new) as other:
        shutil.rmtree(new / "1")
        steps = list(find_against(archive, other))
    (note,) = [step.note for step in steps if step.note]
    assert "3 pictures were left out" in note
    assert steps[-1].result is not None
    found = around(steps[-1].result)
    assert found["0/orig.jpg"] | found["0/small.jpg"] == copies(0, ["orig", "twin", *KINDS])

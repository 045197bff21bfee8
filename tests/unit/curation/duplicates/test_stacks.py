"""The pictures of one asset are no copies of each other; assets are copies of other assets."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from draw_images import draw
from PIL import Image
from trash_fixtures import make_collection

from sokkuri.api import Collection
from sokkuri.core.types import FileStat, PhotoMetadata
from sokkuri.curation.duplicates.find import DuplicateOptions, find_duplicates, known_groups
from sokkuri.images.formats import LARGEST_LIVE_FILM
from sokkuri.store.photos import record_photos
from sokkuri.store.sidecars import record_sidecars

ORIGINAL, EDITED = "IMG_1234.jpg", "IMG_E1234.jpg"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "photos"
    folder.mkdir()
    picture = Image.fromarray(draw(1, 480, 360))
    picture.save(folder / ORIGINAL, quality=95)
    picture.resize((400, 300)).save(folder / EDITED, quality=90)
    return folder


@pytest.fixture
def collection(drawn: Path, tmp_path: Path) -> Iterator[Collection]:
    with make_collection(shutil.copytree(drawn, tmp_path / "photos")) as made:
        yield made


def groups(collection: Collection, *, stacks: bool = True) -> set[frozenset[str]]:
    """Return the ids of each group, the same after a run and from what is known."""
    options = DuplicateOptions(stacks=stacks)
    *_, last = find_duplicates(collection, options)
    found = last.result or ()
    assert known_groups(collection, options) == found
    return {frozenset(group.ids) for group in found}


def record_times(collection: Collection, **taken: int | None) -> None:
    """Record the times, in seconds, of the images whose names begin so."""
    rows = collection.catalog.fetch_all("SELECT id, digest FROM images")
    with collection.catalog.writing():
        record_photos(
            collection.catalog,
            {
                digest: PhotoMetadata(taken=None if seconds is None else seconds * 10**6)
                for id_, digest in rows
                for name, seconds in taken.items()
                if id_.startswith(name)
            },
        )


def test_an_edited_copy_is_no_copy_of_its_own_original(collection: Collection) -> None:
    both = frozenset([ORIGINAL, EDITED])
    assert groups(collection) == set()
    assert groups(collection, stacks=False) == {both}
    record_times(collection, IMG_1234=60, IMG_E1234=60)
    assert groups(collection) == set()
    record_times(collection, IMG_E1234=None)
    assert groups(collection) == set()
    record_times(collection, IMG_E1234=90)
    assert groups(collection) == {both}, "another shot that has got this name"


def test_pictures_of_one_asset_in_two_folders_are_copies(drawn: Path, tmp_path: Path) -> None:
    """Equal files are copies, whatever their names are."""
    root = tmp_path / "photos"
    for folder in ("a", "b"):
        shutil.copytree(drawn, root / folder)
    (root / "c").mkdir()
    for name in (ORIGINAL, EDITED):
        shutil.copyfile(drawn / ORIGINAL, root / "c" / name)
    with make_collection(root) as made:
        assert groups(made) == {
            frozenset([f"a/{ORIGINAL}", f"b/{ORIGINAL}", f"c/{ORIGINAL}", f"c/{EDITED}"]),
            frozenset([f"a/{EDITED}", f"b/{EDITED}"]),
        }


def test_of_equal_raw_files_the_one_with_most_edits_is_kept(drawn: Path, tmp_path: Path) -> None:
    """Its sidecar is the largest. Rules of a person count first."""
    root = tmp_path / "photos"
    for folder in "abc":
        (root / folder).mkdir(parents=True)
        shutil.copyfile(drawn / ORIGINAL, root / folder / "1.jpg")
    with make_collection(root) as made:
        catalog = made.catalog
        for name, size in (("b/1.xmp", 900), ("c/1.dng.xmp", 700), ("c/1.xmp", 700)):
            record_sidecars(catalog, [(name, FileStat(size, 1), PhotoMetadata())])
        (group,) = known_groups(made)
        assert group.keep == "a/1.jpg", "no RAW file"
        catalog.execute("UPDATE images SET path = replace(path, '.jpg', '.dng')")
        (group,) = known_groups(made)
        assert (group.keep, group.why) == ("c/1.jpg", "has the sidecar with most edits")
        (group,) = known_groups(made, DuplicateOptions(keep=("b/",)))
        assert group.keep == "b/1.jpg"


def test_of_equal_photos_the_one_with_the_film_of_a_live_photo_is_kept(
    drawn: Path, tmp_path: Path
) -> None:
    """Else the film would go to the trash with its photo."""
    root = tmp_path / "photos"
    for folder in "abcd":
        (root / folder).mkdir(parents=True)
        shutil.copyfile(drawn / ORIGINAL, root / folder / "1.jpg")
    with make_collection(root) as made:
        (root / "b" / "1.mov").mkdir()
        (root / "b" / "2.mov").write_bytes(b"of another photo")
        with (root / "c" / "1.mov").open("wb") as film:
            film.truncate(LARGEST_LIVE_FILM + 1)
        (group,) = known_groups(made)
        assert group.keep == "a/1.jpg"
        (root / "d" / "1.MOV").write_bytes(b"film")
        (group,) = known_groups(made)
        assert (group.keep, group.why) == ("d/1.jpg", "has the video of a Live Photo")

"""A trash plan states what is in the catalog and on the disk when it is made."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from trash_fixtures import make_collection, write_file, write_photos

from sokkuri.api import Collection
from sokkuri.curation.duplicates.contents import live_contents
from sokkuri.curation.trash.make_plan import make_trash_plan
from sokkuri.curation.types import DuplicateImage, Group
from sokkuri.store.decisions import Decisions

KEEP, DROP = "keep.jpg", "a.jpg"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos")


def images_of(collection: Collection) -> dict[str, DuplicateImage]:
    contents = live_contents(collection, Decisions()).values()
    return {image.id: image for content in contents for image in content.images}


def group_of(collection: Collection, *ids: str) -> Group:
    known = images_of(collection)
    return Group("same", tuple(known[id_] for id_ in ids), ())


def planned(collection: Collection, *groups: Group) -> list[tuple[str, str]]:
    """Return what each move moves, and what it keeps."""
    plan = make_trash_plan(collection, groups)
    return [(move.path, move.kept.path) for move in plan.moves]


def remove(collection: Collection, id_: str) -> None:
    collection.remove([id_])


def lose(collection: Collection, id_: str) -> None:
    Path(str(collection.root), id_).unlink()


def change(collection: Collection, id_: str) -> None:
    collection.catalog.execute("UPDATE images SET digest = zeroblob(16) WHERE id = ?", [id_])


@pytest.mark.parametrize("befall", [remove, lose, change])
@pytest.mark.parametrize("which", [KEEP, DROP])
def test_images_that_changed_since_the_search_are_left_out(
    root: Path, befall: Callable[[Collection, str], None], which: str
) -> None:
    with make_collection(root) as collection:
        group = group_of(collection, KEEP, DROP)
        assert planned(collection, group) == [(DROP, KEEP)]
        befall(collection, which)
        assert planned(collection, group) == []


def test_an_image_that_moved_since_the_search_is_planned_where_it_is(root: Path) -> None:
    with make_collection(root) as collection:
        group = group_of(collection, KEEP, DROP)
        for name in (KEEP, DROP):
            write_file(root / "new" / name, (root / name).read_bytes())
            (root / name).unlink()
            collection.catalog.execute(
                "UPDATE images SET path = ? WHERE id = ?", [f"new/{name}", name]
            )
        (move,) = make_trash_plan(collection, [group]).moves
    assert (move.id, move.path, move.kept.path) == (DROP, "new/a.jpg", "new/keep.jpg")


def test_the_images_of_the_archive_are_looked_up_too(root: Path, tmp_path: Path) -> None:
    card_root = tmp_path / "card"
    write_file(card_root / "b.jpg", b"kept")
    with make_collection(root) as archive, make_collection(card_root) as card:
        (copy,) = images_of(card).values()
        outside = DuplicateImage(
            copy.id, copy.path, copy.root, copy.width, copy.height, copy.size, copy.mtime_ns,
            copy.digest, outside=True,
        )  # fmt: skip
        group = Group("identical", (images_of(archive)[KEEP], outside), ())
        (move,) = make_trash_plan(card, [group], archive=archive).moves
        assert (move.root, move.kept.root) == (str(card_root), str(root))
        archive.remove([KEEP])
        assert make_trash_plan(card, [group], archive=archive).moves == ()


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege")
class TestLinks:
    def test_hard_links_and_symbolic_links_are_never_planned(self, root: Path) -> None:
        os.link(root / KEEP, root / "hard.jpg")
        (root / "soft.jpg").symlink_to(root / KEEP)
        with make_collection(root) as collection:
            group = group_of(collection, KEEP, "hard.jpg", "soft.jpg", DROP)
            assert planned(collection, group) == [(DROP, KEEP)]

    def test_a_link_is_not_kept_if_its_target_can_be(self, root: Path) -> None:
        (root / "0.jpg").symlink_to(root / KEEP)
        with make_collection(root) as collection:
            group = group_of(collection, "0.jpg", "sub/deep/c.jpg", KEEP, DROP)
            assert planned(collection, group) == [("sub/deep/c.jpg", KEEP), (DROP, KEEP)]

    def test_the_target_of_a_link_is_not_moved(self, root: Path) -> None:
        (root / "soft.jpg").symlink_to(root / DROP)
        with make_collection(root) as collection:
            group = group_of(collection, KEEP, DROP, "soft.jpg")
            assert planned(collection, group) == []

    def test_a_hard_link_of_a_file_that_another_group_keeps_is_not_moved(self, root: Path) -> None:
        os.link(root / DROP, root / "hard.jpg")
        with make_collection(root) as collection:
            groups = group_of(collection, KEEP, "hard.jpg"), group_of(collection, DROP, "sub/b.jpg")
            assert planned(collection, *groups) == [("sub/b.jpg", DROP)]

    def test_a_group_that_keeps_a_link_to_elsewhere_is_left_out(self, root: Path) -> None:
        elsewhere = write_file(root.parent / "elsewhere.jpg", b"another")
        (root / "soft.jpg").symlink_to(elsewhere)
        with make_collection(root) as collection:
            assert planned(collection, group_of(collection, "soft.jpg", DROP)) == []

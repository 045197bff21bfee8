"""A merge gives what one run would give, after any history of folder, parts and target."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from part_collections import COUNT, NAMES, Folder, make_folder, read_state, run_index
from synthetic_collection import damage_row

from sokkuri.api import Collection
from sokkuri.core.errors import DamagedError
from sokkuri.core.types import Progress
from sokkuri.indexing.parts import merge as merging
from sokkuri.indexing.parts.merge import merge
from sokkuri.indexing.verify import verify
from sokkuri.store import part_images
from sokkuri.store.decisions import mark_different, mark_kept, read_decisions
from sokkuri.store.images import count_images, find_image, live_rows_by_id
from sokkuri.store.labels import read_labels, set_labels
from sokkuri.store.shards import checksum_rows


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return make_folder(tmp_path)


@pytest.fixture
def whole(folder: Folder) -> Iterator[Collection]:
    folder.merge_parts()
    with folder.open() as collection:
        yield collection


def test_a_merge_equals_one_run(folder: Folder) -> None:
    done = folder.merge_parts()
    assert (done.parts, done.added, done.failed, done.total) == (COUNT, len(NAMES), 1, len(NAMES))
    with folder.open() as whole:
        assert read_state(whole) == folder.run_whole()
        assert run_index(whole) == 0, "the next run finds nothing to do"
        assert [*verify(whole)] == []


def test_merging_again_changes_nothing(folder: Folder, whole: Collection) -> None:
    before = whole.catalog.fetch_all("SELECT * FROM images ORDER BY key")
    done = folder.merge_parts()
    assert (done.added, done.updated, done.moved, done.removed) == (0, 0, 0, 0)
    assert done.unchanged == len(NAMES)
    assert whole.catalog.fetch_all("SELECT * FROM images ORDER BY key") == before
    assert sum(whole.rows_per_shard().values()) == len(NAMES)


@pytest.mark.parametrize(
    "options",
    [{"exclude": ("0*.jpg",)}, {"ids": "name"}, {"shuffle": 7}, {"names": "list.txt"}],
    ids=lambda options: next(iter(options)),
)
def test_parts_keep_the_options(tmp_path: Path, options: dict[str, Any]) -> None:
    folder = Folder(tmp_path)
    (folder.root / "album").mkdir()
    for number, name in enumerate(NAMES):
        folder.write(f"album/{name}", f"content {number}")
    if "names" in options:
        options = {"names": tmp_path / "list.txt"}
        options["names"].write_text("".join(f"album/{name}\n" for name in NAMES[::2]))
    folder.run_parts(**options)
    folder.merge_parts()
    with folder.open() as whole:
        assert read_state(whole) == folder.run_whole(**options)
        left = {"exclude": 2, "names": 6}
        assert len(read_state(whole)[0]) == left.get(next(iter(options)), len(NAMES))  # fmt: skip
        assert run_index(whole, names=options.get("names")) == 0


def test_an_image_of_another_part_leaves_with_the_next_run(folder: Folder) -> None:
    """`import` may have added it."""
    part = folder.part_of(NAMES[0])
    other = next(name for name in NAMES if not part.holds(name))
    with folder.open(part) as collection:
        renamed = "UPDATE images SET id = ?, path = ? WHERE id = ?"
        collection.catalog.execute(renamed, [other, other, NAMES[0]])
        run_index(collection)
        assert other not in read_state(collection)[0]
        assert NAMES[0] in read_state(collection)[0]


STEPS = st.one_of(
    st.tuples(st.just("write"), st.sampled_from(NAMES), st.sampled_from("abcd")),
    st.tuples(st.just("break"), st.sampled_from(NAMES)),
    st.tuples(st.just("delete"), st.sampled_from(NAMES)),
    st.tuples(st.just("move"), st.sampled_from(NAMES), st.sampled_from(NAMES)),
    st.tuples(st.just("run part"), st.sampled_from(range(COUNT))),
    st.tuples(st.just("run whole")),
    st.tuples(st.just("compact"), st.sampled_from(range(COUNT))),
    st.tuples(st.just("merge")),
)


def take(step: tuple[object, ...], folder: Folder) -> None:
    match step:
        case "write", str(name), str(text):
            folder.write(name, text)
        case "break", str(name):
            folder.write(name, f"broken {name}")
        case "delete", str(name):
            (folder.root / name).unlink(missing_ok=True)
        case "move", str(name), str(other) if (folder.root / name).exists():
            (folder.root / name).rename(folder.root / other)
        case "run part", int(number):
            with folder.open(folder.parts[number]) as collection:
                run_index(collection, folder.parts[number])
        case "compact", int(number):
            with folder.open(folder.parts[number]) as collection:
                collection.compact()
        case "run whole", *_:
            with folder.open() as collection:
                run_index(collection)
        case "merge", *_:
            folder.run_parts()
            folder.merge_parts(accept_removals=True)  # a history may end without any image


@settings(max_examples=12)
@given(st.lists(STEPS, max_size=12))
@example([("write", "05.jpg", "a"), ("run whole",), ("delete", "05.jpg")])
@example([("write", "05.jpg", "a"), ("run whole",), ("write", "05.jpg", "b")])
def test_a_merge_after_any_history_equals_one_run(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[object, ...]]
) -> None:
    """Files appear, change, move and vanish; parts and target are updated or not; merges happen.
    After the last merge the target is as after one run."""
    folder = Folder(tmp_path_factory.mktemp("drawn"))
    for step in [*steps, ("merge",)]:
        take(step, folder)
    with folder.open() as whole:
        assert read_state(whole) == folder.run_whole()
        assert run_index(whole) == 0
        assert [*verify(whole)] == []


def test_a_merge_can_end_after_any_commit(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same command completes it, and every state between is sound."""
    monkeypatch.setattr(part_images, "CHUNK", 3)

    class EndError(Exception):
        pass

    def live() -> int:
        with folder.open() as whole:
            assert [*verify(whole)] == []
            return count_images(whole.catalog).live

    def ending(progress: Progress[object]) -> None:
        if live() > before:
            raise EndError

    for before in (0, 3, 6):
        with pytest.raises(EndError):
            merge([folder.root], on_progress=ending)
        assert before < live() <= before + 3
    folder.merge_parts()
    with folder.open() as whole:
        assert read_state(whole) == folder.run_whole()
        assert sum(whole.rows_per_shard().values()) == len(NAMES), "no row was copied twice"


def test_rows_that_were_copied_but_not_committed_are_copied_again(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are written before the catalog. The next merge cuts off rows that do not count."""
    monkeypatch.setattr(merging, "enter", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        folder.merge_parts()
    monkeypatch.undo()
    with folder.open() as whole:
        assert count_images(whole.catalog).live == 0
    folder.merge_parts()
    with folder.open() as whole:
        assert read_state(whole) == folder.run_whole()
        assert [*verify(whole)] == []


def test_a_target_that_is_newer_than_a_part_keeps_its_row(
    folder: Folder, whole: Collection
) -> None:
    """The target agrees with the changed file, and the part does not."""
    folder.write("00.jpg", "newer")
    assert run_index(whole) == 1
    now = read_state(whole)
    done = folder.merge_parts()
    assert (done.updated, done.added) == (0, 0)
    assert read_state(whole) == now
    folder.run_parts()
    assert folder.merge_parts().updated == 0
    assert read_state(whole) == now == folder.run_whole()


def test_a_changed_file_replaces_its_row(folder: Folder, whole: Collection) -> None:
    folder.write("00.jpg", "newer")
    folder.write("01.jpg", "broken now")
    folder.write("broken.jpg", "mended")
    folder.run_parts()
    done = folder.merge_parts()
    assert (done.added, done.updated, done.failed) == (1, 1, 1)
    assert read_state(whole) == folder.run_whole()
    assert run_index(whole) == 0


def test_a_removed_image_that_moved_to_another_part_stays_removed(
    folder: Folder, whole: Collection
) -> None:
    """Guarantee: a moved file keeps its row and its mark, also if it moved to another part."""
    part = folder.part_of(NAMES[0])
    target = next(name for name in map("m{}.jpg".format, range(99)) if not part.holds(name))
    whole.remove([NAMES[0]])
    (folder.root / NAMES[0]).rename(folder.root / target)
    folder.run_parts()
    done = folder.merge_parts()
    assert (done.moved, done.added) == (1, 0)
    assert target not in read_state(whole)[0]
    assert whole.restore([target]) == 1
    assert read_state(whole) == folder.run_whole()


def test_removals_of_a_part_are_copied_once(folder: Folder) -> None:
    """A later change in the target stays."""
    with folder.open(folder.part_of(NAMES[0])) as part:
        part.remove([NAMES[0]])
    folder.merge_parts()
    with folder.open() as whole:
        assert NAMES[0] not in read_state(whole)[0]
        whole.restore([NAMES[0]])
        folder.merge_parts()
        assert NAMES[0] in read_state(whole)[0]
    with folder.open(folder.part_of(NAMES[1])) as part:
        part.remove([NAMES[1]])
    folder.merge_parts()
    with folder.open() as whole:
        assert NAMES[1] not in read_state(whole)[0], "removed after the last merge"


def test_labels_and_decisions_are_copied_once(folder: Folder) -> None:
    part = folder.part_of(NAMES[0])
    mine = [name for name in NAMES if part.holds(name)][:2]
    with folder.open(part) as collection:
        set_labels(collection.catalog, [(mine[0], "cat"), (mine[1], "dog")])
        mark_different(collection.catalog, mine)
        mark_kept(collection.catalog, mine[:1])
        decisions = read_decisions(collection.catalog)
    folder.merge_parts()
    with folder.open() as whole:
        assert read_labels(whole.catalog) == {mine[0]: "cat", mine[1]: "dog"}
        assert read_decisions(whole.catalog) == decisions
        set_labels(whole.catalog, [(mine[0], "lynx"), (mine[1], None)])
        folder.merge_parts()
        assert read_labels(whole.catalog) == {mine[0]: "lynx"}


def test_a_file_that_returns_after_a_merge_is_not_extracted_again(folder: Folder) -> None:
    kept = (folder.root / NAMES[0]).read_bytes(), (folder.root / NAMES[0]).stat().st_mtime_ns
    (folder.root / NAMES[0]).unlink()
    folder.run_parts()
    assert folder.merge_parts().total == len(NAMES) - 1
    with folder.open() as whole:
        assert count_images(whole.catalog).missing == 1
        (folder.root / NAMES[0]).write_bytes(kept[0])
        os.utime(folder.root / NAMES[0], ns=(kept[1], kept[1]))
        assert run_index(whole) == 0, "no image is extracted"
        assert read_state(whole) == folder.run_whole()


def test_parts_can_be_merged_where_the_photos_are_not(folder: Folder, tmp_path: Path) -> None:
    """No file can be checked there, so no image counts as gone."""
    elsewhere = tmp_path / "merged"
    stores = [
        shutil.copytree(folder.root / part.store_name, tmp_path / f"part-{part.number}")
        for part in folder.parts
    ]
    for store in stores:
        with Collection.open(store) as part_:
            part_.catalog.set_meta("root", str(folder.root))
    one_run = folder.run_whole()
    away = folder.root.rename(tmp_path / "unmounted")
    merge(stores, elsewhere)
    done = merge(stores, elsewhere)
    assert (done.unchanged, done.removed) == (len(NAMES), 0)
    with Collection.open(elsewhere) as merged:
        assert read_state(merged) == one_run
        merged.set_root(away)
        assert run_index(merged) == 0


def test_a_damaged_row_of_a_part_is_reported_and_not_merged(folder: Folder) -> None:
    part = folder.part_of(NAMES[0])
    with folder.open(part) as collection:
        path = collection.shards.features_path(0)
        sound = path.read_bytes()
        path.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    with pytest.raises(DamagedError, match=rf"part {part} .*--repair -C .*{part.store_name}"):
        folder.merge_parts()
    with folder.open() as whole:
        assert [*verify(whole)] == [], "the target stays usable"
    path.write_bytes(sound[:-4])
    with pytest.raises(DamagedError, match=f"part {part} in .* is damaged"):
        folder.merge_parts()
    with folder.open(part) as collection:
        collection.repair()
        assert run_index(collection) == 1
    folder.merge_parts()
    with folder.open() as whole:
        assert read_state(whole) == folder.run_whole()


def test_a_merge_does_not_change_the_parts(folder: Folder) -> None:
    def contents() -> dict[str, bytes]:
        return {
            str(path): path.read_bytes()
            for part in folder.parts
            for path in (folder.root / part.store_name).rglob("*")
            if path.is_file() and not path.name.endswith(("-shm", "-wal"))
        }

    before = contents()
    folder.merge_parts()
    folder.merge_parts()
    assert contents() == before


@pytest.mark.parametrize("keeps_checksum", [True, False])
def test_a_vector_that_is_not_finite_is_refused(folder: Folder, keeps_checksum: bool) -> None:
    """Also with a right checksum: such a vector was never extracted."""
    with folder.open(folder.parts[0]) as part:
        id_ = min(id_ for id_, _, _, _ in live_rows_by_id(part.catalog))
        damage_row(part, id_, np.nan)
        if keeps_checksum:
            image = find_image(part.catalog, id_)
            assert image is not None
            assert image.row is not None
            rows = part.shards.map_rows(image.row.shard, image.row.row + 1)
            part.catalog.execute(
                "UPDATE images SET checksum = ? WHERE id = ?",
                [checksum_rows(rows[image.row.row :])[0], id_],
            )
    with pytest.raises(DamagedError, match=f"the vector of {id_} is damaged: .* then merge again"):
        folder.merge_parts()

"""What a person said outlives every history of files and images."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from part_collections import COUNT, Folder, run_index
from synthetic_collection import DIMENSION, Bench, create_empty

from sokkuri.api import Collection
from sokkuri.indexing.import_features import import_features
from sokkuri.indexing.outcomes import Failed
from sokkuri.indexing.verify import verify
from sokkuri.store.content import content_of
from sokkuri.store.decisions import mark_different, mark_kept, read_decisions
from sokkuri.store.images import find_image
from sokkuri.store.labels import read_labels, set_labels

IMAGES = 2


@dataclass
class Image:
    """What the test knows about an image.

    known : a run has read its file, so that its bytes can be recognised under another name.
    """

    number: int
    path: str
    has_file: bool = False
    listed: bool = False
    known: bool = False
    label: str | None = None
    kept: bool = False
    removed: bool = False
    is_in: bool = False


@dataclass
class History:
    """A collection, and what has been done to it."""

    home: Path
    images: list[Image] = field(init=False)
    different: set[tuple[int, int]] = field(default_factory=set)
    steps: int = 0

    def __post_init__(self) -> None:
        self.root = self.home / "photos"
        self.collection = create_empty(self.root)
        self.images = [Image(number, f"{number}.jpg") for number in range(IMAGES)]

    def file(self, image: Image) -> Path:
        return self.root / image.path

    def take(self, name: str, number: int) -> None:
        self.steps += 1
        getattr(self, name)(self.images[number])

    # Steps

    def add_file(self, image: Image) -> None:
        if not image.has_file:
            self.file(image).write_bytes(f"content {image.number}".encode())
            image.has_file = True

    def delete_file(self, image: Image) -> None:
        if image.has_file and image.known:
            self.file(image).unlink()
            image.has_file = False

    def rename(self, image: Image) -> None:
        if image.has_file and image.known:
            old, image.path = self.file(image), f"{image.number} {self.steps}.jpg"
            old.rename(self.file(image))
            image.is_in = False

    def import_vector(self, image: Image) -> None:
        vectors = self.home / f"vectors {self.steps}"
        vectors.mkdir()
        vector = np.full(DIMENSION, image.number + 1, np.float32)
        np.save(vectors / f"{image.path}.npy", vector)
        for _ in import_features(self.collection, vectors):
            pass
        image.is_in = True

    def index(self, image: Image) -> None:
        run_index(self.collection)
        for one in self.images:
            one.is_in = one.is_in or one.has_file
            one.known = one.known or (one.has_file and not one.removed)
        self.check()

    def compact(self, image: Image) -> None:
        self.collection.compact()

    def purge(self, image: Image) -> None:
        self.collection.compact(purge=True)
        for one in self.images:
            one.is_in = find_image(self.collection.catalog, one.path) is not None

    def remove(self, image: Image) -> None:
        if image.is_in and image.known:
            self.collection.remove([image.path])
            image.removed = True

    def restore(self, image: Image) -> None:
        if image.is_in and image.removed:
            self.collection.restore([image.path])
            image.removed = False

    def label(self, image: Image) -> None:
        if image.is_in:
            image.label = f"label {self.steps}"
            set_labels(self.collection.catalog, [(image.path, image.label)])

    def keep(self, image: Image) -> None:
        if image.is_in:
            mark_kept(self.collection.catalog, [image.path])
            image.kept = True

    def part_from_next(self, image: Image) -> None:
        other = self.images[(image.number + 1) % IMAGES]
        if image.is_in and other.is_in:
            mark_different(self.collection.catalog, [image.path, other.path])
            self.different.add((image.number, other.number))

    # What must hold after each run

    def check(self) -> None:
        catalog = self.collection.catalog
        expected = {one.path for one in self.images if one.has_file and not one.removed}
        found = {one.path for one in self.images if self.is_live(one)}
        assert found == expected
        assert set(read_labels(catalog).items()) == {
            (one.path, one.label) for one in self.images if one.label and self.is_live(one)
        }
        decisions = read_decisions(catalog)
        contents = {
            one.number: content_of(catalog, one.path) for one in self.images if self.is_live(one)
        }
        for one in self.images:
            if one.kept and one.number in contents:
                assert contents[one.number] in decisions.kept
        for first, second in self.different:
            if {first, second} <= contents.keys():
                assert decisions.part(contents[first], contents[second])
        assert [*verify(self.collection)] == []

    def is_live(self, image: Image) -> bool:
        found = find_image(self.collection.catalog, image.path)
        return found is not None and found.live


STEPS = [
    *("add_file", "delete_file", "rename", "rename", "import_vector", "index", "index"),
    *("compact", "purge", "remove", "remove", "restore", "label", "keep", "part_from_next"),
]
STEP = st.tuples(st.sampled_from(STEPS), st.integers(0, IMAGES - 1))
STARTS = {"empty": (), "indexed": ("add_file", "index"), "imported": ("import_vector",)}


@settings(max_examples=15)
@given(
    st.sampled_from(sorted(STARTS)),
    st.lists(
        st.tuples(st.sampled_from(STEPS), st.integers(0, IMAGES - 1)), min_size=6, max_size=20
    ),
)
def test_what_a_person_said_outlives_any_history(
    tmp_path_factory: pytest.TempPathFactory, start: str, steps: list[tuple[str, int]]
) -> None:
    """Guarantee: labels, decisions and removals stay through imports, runs, renames, removals and
    compactions, in any order."""
    history = History(tmp_path_factory.mktemp("said"))
    before = [(name, number) for number in range(IMAGES) for name in STARTS[start]]
    for name, number in [*before, *steps, ("index", 0)]:
        history.take(name, number)
    history.collection.close()


@pytest.mark.parametrize("step", ["rename", "delete_file"])
def test_a_removed_image_without_its_row_stays_removed(tmp_path: Path, step: str) -> None:
    history = History(tmp_path)
    for name in ("add_file", "index", "remove", "compact", step, "index", "purge", "index"):
        history.take(name, 0)
    assert history.collection.status().removed == 1
    history.collection.close()


def save(file: Path, text: str, seconds: int) -> None:
    """Write a file with a time stamp of its own."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    os.utime(file, (seconds, seconds))


def is_live(collection: Collection, id_: str) -> bool:
    found = find_image(collection.catalog, id_)
    return found is not None and found.live


@pytest.mark.parametrize("compacted", [False, True])
@pytest.mark.parametrize("absent_before", [False, True])
def test_another_image_under_the_name_of_a_removed_one_is_found(
    tmp_path: Path, *, compacted: bool, absent_before: bool
) -> None:
    """Guarantee: a removal concerns an image, not its name. The removed image stays removed under
    another name, and when it takes its old name back."""
    root = tmp_path / "photos"
    with create_empty(root) as collection:
        save(root / "a.jpg", "removed", 1)
        run_index(collection)
        collection.remove(["a.jpg"])
        if compacted:
            collection.compact()
        if absent_before:
            (root / "a.jpg").unlink()
            run_index(collection)
        save(root / "a.jpg", "another image", 2)
        assert run_index(collection) == 1
        assert is_live(collection, "a.jpg")
        save(root / "b.jpg", "removed", 3)
        run_index(collection)
        assert not is_live(collection, "b.jpg")
        save(root / "a.jpg", "removed", 4)
        (root / "b.jpg").unlink()
        run_index(collection)
        assert not is_live(collection, "a.jpg")
        collection.restore(["a.jpg"])
        run_index(collection)
        assert is_live(collection, "a.jpg")
        assert list(verify(collection)) == []


@pytest.mark.parametrize("compacted", [False, True])
def test_a_removed_image_with_a_new_date_stays_removed(tmp_path: Path, *, compacted: bool) -> None:
    root = tmp_path / "photos"
    with create_empty(root) as collection:
        save(root / "a.jpg", "removed", 1)
        run_index(collection)
        collection.remove(["a.jpg"])
        if compacted:
            collection.compact()
        for seconds in (2, 3):
            save(root / "a.jpg", "removed", seconds)
            run_index(collection)
            assert not is_live(collection, "a.jpg")
        assert collection.status().removed == 1
        assert run_index(collection) == 0, "the new date is recorded"


def test_an_image_under_the_name_of_a_removed_one_is_merged(tmp_path: Path) -> None:
    """The mark of a part does not hide a newer image of the whole, nor that of the whole a newer
    image of a part."""
    folder = Folder(tmp_path)
    for name in (f"{number}.jpg" for number in range(8)):
        folder.write(name, name)
    folder.run_parts()
    folder.merge_parts()
    with folder.open() as whole:
        whole.remove(["0.jpg"])
        save(folder.root / "0.jpg", "another", 2)
        folder.run_parts()
        folder.merge_parts()
        assert is_live(whole, "0.jpg")
        with folder.open(folder.part_of("1.jpg")) as part:
            part.remove(["1.jpg"])
        save(folder.root / "1.jpg", "another again", 3)
        run_index(whole)
        folder.merge_parts()
        assert is_live(whole, "1.jpg")
        assert list(verify(whole)) == []


def test_marks_on_imported_vectors_go_over_to_their_files(tmp_path: Path) -> None:
    history = History(tmp_path)
    for step in ("import_vector", "label", "keep"):
        history.take(step, 0)
    history.take("import_vector", 1)
    history.take("part_from_next", 0)
    history.take("add_file", 0)
    history.take("add_file", 1)
    history.take("index", 0)
    assert read_labels(history.collection.catalog) == {"0.jpg": "label 2"}
    assert len(read_decisions(history.collection.catalog).different) == 1
    history.collection.close()


def test_of_two_labels_for_equal_bytes_the_later_one_stays(tmp_path: Path) -> None:
    history = History(tmp_path)
    catalog = history.collection.catalog
    history.take("import_vector", 0)
    (history.root / "copy.jpg").write_bytes(b"content 0")
    run_index(history.collection)
    set_labels(catalog, [("copy.jpg", "earlier")])
    set_labels(catalog, [("0.jpg", "later")])
    history.take("add_file", 0)
    run_index(history.collection)
    assert read_labels(catalog) == {"0.jpg": "later", "copy.jpg": "later"}
    history.collection.close()


def test_an_imported_vector_outlives_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """Guarantee: its vector may exist nowhere else, so it is not given up."""

    history = History(tmp_path)
    history.take("import_vector", 0)
    history.take("add_file", 0)
    bench = Bench(history.collection)
    bench.list_files("0.jpg")
    (job,) = bench.claim_jobs().values()
    bench.commit(Failed(job, "read", "permission denied"))
    assert history.is_live(history.images[0])
    assert [failure.id for failure in history.collection.status().failures] == ["0.jpg"]
    run_index(history.collection)
    assert history.is_live(history.images[0])
    assert history.collection.status().failures == ()
    bench.digests.close()
    history.collection.close()


@pytest.mark.parametrize("merged_before", [True, False])
@pytest.mark.parametrize("compacted", [True, False])
def test_a_removed_image_that_moves_to_another_part_never_comes_back(
    tmp_path: Path, merged_before: bool, compacted: bool
) -> None:
    folder = Folder(tmp_path)
    folder.write("a.jpg", "content")
    part = folder.part_of("a.jpg")
    renamed = next(name for name in map("m{}.jpg".format, range(99)) if not part.holds(name))
    for name in (f"other {number}.jpg" for number in range(6)):
        folder.write(name, name)
    folder.run_parts()
    if merged_before:
        folder.merge_parts()
    with folder.open(part) as collection:
        collection.remove(["a.jpg"])
    if merged_before:
        folder.merge_parts()
    if compacted:
        compact_all(folder)
    (folder.root / "a.jpg").rename(folder.root / renamed)
    folder.run_parts()
    folder.merge_parts()
    with folder.open() as whole:
        found = find_image(whole.catalog, renamed)
        assert found is not None
        assert found.removed
        assert not found.live


def compact_all(folder: Folder) -> None:
    for part in (*folder.parts, None):
        if part is not None or (folder.root / ".sokkuri").exists():
            with folder.open(part) as collection:
                collection.compact()


def test_labels_of_a_part_follow_images_that_the_whole_has_read(tmp_path: Path) -> None:
    """The part knows the image by its id, the whole by its bytes."""
    folder = Folder(tmp_path)
    for number in range(2 * COUNT):
        folder.write(f"{number}.jpg", f"content {number}")
    folder.run_parts()
    folder.merge_parts()
    part = folder.part_of("0.jpg")
    with folder.open(part) as collection:
        collection.catalog.execute("UPDATE images SET digest = NULL WHERE id = '0.jpg'")
        set_labels(collection.catalog, [("0.jpg", "cat")])
    folder.merge_parts()
    with folder.open() as whole:
        assert read_labels(whole.catalog) == {"0.jpg": "cat"}

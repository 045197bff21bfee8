"""sokkuri does everything that the article's scripts do, with the same file formats."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import article_loop
import numpy as np
import pytest
from draw_images import save_drawing
from run_cli import SHARED, as_json, assert_sound, read_vectors, sokkuri
from tiny_model import write_tiny_model

COUNT = 40


@pytest.fixture
def media(tmp_path: Path) -> Path:
    """A media folder with the article's layout: `object/00/01/<name>.jpg`."""
    for seed in range(COUNT):
        name = f"{seed * 7919 % 65536:04x}{seed:036x}.jpg"
        save_drawing(tmp_path / "media" / "object" / name[:2] / name[2:4] / name, seed)
    return tmp_path / "media"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """An extractor with the names and layout of tf2onnx: NHWC, `inputs:0`, `feature_vector`."""
    name = "mobilenet_v3_large_100_224_feature_vector_v5.onnx"
    return write_tiny_model(
        tmp_path / name, layout="NHWC", size=48, input="inputs:0", output="feature_vector"
    )


def run_find_and_sort(*arguments: str, cwd: Path) -> bytes:
    """Run the article's first command, and return its output in byte order."""
    paths = subprocess.run(["find", *arguments], cwd=cwd, capture_output=True, check=True)
    return subprocess.run(
        ["sort"], input=paths.stdout, env={"LC_ALL": "C"}, capture_output=True, check=True
    ).stdout


@pytest.mark.parametrize("root", ["object", "object/", "./object", "../media/object", "."])
@pytest.mark.parametrize("glob", ["*.jpg", "*", "0*"])
def test_list_prints_what_find_and_sort_print(media: Path, root: str, glob: str) -> None:
    """`list` gives the paths that `find ROOT -type f -name GLOB | sort` gives, prefix included."""
    for name in ("a.jpg/b.jpg", "a-b.jpg", "a/b.jpg", "a.b/c.jpg", "A.jpg", ".hidden.jpg", "é.jpg",
                 "写真.jpg", "with space.jpg", "caf\udce9.jpg", "0.txt", "a/.x/y.jpg"):  # fmt: skip
        write_empty(media / "object" / name)
    (media / "object" / "link.jpg").symlink_to("a-b.jpg")
    (media / "object" / "loop").symlink_to(".", target_is_directory=True)
    expected = run_find_and_sort(root, "-type", "f", "-name", glob, cwd=media)
    done = sokkuri("list", root, "--glob", glob, cwd=media)
    assert os.fsencode(done.stdout) == expected
    assert expected.count(b"\n") > 3


def write_empty(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def test_list_without_a_glob_prints_images(media: Path) -> None:
    write_empty(media / "object" / "notes.txt")
    listed = sokkuri("list", "object", cwd=media).stdout.splitlines()
    assert len(listed) == COUNT
    assert listed == sorted(listed)


def test_list_skips_names_with_newlines_and_names_them(media: Path) -> None:
    write_empty(media / "object" / "new\nline.jpg")
    done = sokkuri("list", "object", cwd=media)
    assert len(done.stdout.splitlines()) == COUNT
    assert done.stderr == (
        "object/new\\nline.jpg is skipped: its name contains a newline, "
        "and a list has one path a line\n"
    )
    failed = sokkuri("list", "nowhere", cwd=media, code=2)
    assert "nowhere is not a folder" in failed.stderr


def write_list(media: Path, tmp_path: Path) -> Path:
    text = sokkuri("list", "object", "--glob", "*.jpg", cwd=media).stdout
    (tmp_path / "objects.txt").write_text(text)
    return tmp_path / "objects.txt"


def test_the_articles_command_gives_the_articles_files(
    media: Path, model: Path, tmp_path: Path
) -> None:
    """`index --list --ids name --model --store` writes `<store>/features/<stem of the model file>/
    NNNN.features.npy` and ids. The article's search reads them unchanged."""
    feature = tmp_path / "feature"
    done = sokkuri(
        "index", "--list", write_list(media, tmp_path), "--root", media, "--ids", "name",
        "--model", model, "--store", feature,
    )  # fmt: skip
    assert "assumed RGB / 255 at 48 x 48, NHWC" in done.stderr
    folder = feature / "features" / model.stem
    features = np.load(folder / "0000.features.npy")
    ids = np.load(folder / "0000.object_ids.npy")
    assert features.shape == (COUNT, 8)
    assert features.dtype == np.float32
    assert sorted(ids.tolist()) == sorted(path.name for path in media.rglob("*.jpg"))
    # The article's search: Euclidean distance to every row, argsort, the best ten.
    query = ids.tolist().index(ids[7])
    best = np.argsort(np.sqrt(((features - features[query]) ** 2).sum(axis=1)))[:10]
    hits = as_json("search", ids[7], "-C", feature, "--metric", "l2")["hits"]
    assert [hit["id"] for hit in hits] == ids[best].tolist()
    assert hits[0]["path"] == str(next(media.rglob(str(ids[7]))))
    by_path = as_json("search", hits[0]["path"], "-C", feature)["hits"]
    assert by_path[0]["id"] == ids[7]
    assert by_path[0]["distance"] == pytest.approx(0, abs=1e-9)
    assert_sound(feature)


def test_two_files_with_one_name_are_refused(media: Path, tmp_path: Path) -> None:
    twin = next(media.rglob("*.jpg"))
    save_drawing(media / "object" / "twin" / twin.name, 999)
    refused = sokkuri("index", media, "--store", tmp_path / "store", "--ids", "name", code=2)
    assert f"object/twin/{twin.name}" in refused.stderr
    assert twin.relative_to(media).as_posix() in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_file_whose_name_is_its_id_may_move(media: Path) -> None:
    as_json("index", media, "--ids", "name")
    moved = next(media.rglob("*.jpg"))
    (media / "elsewhere").mkdir()
    moved.rename(media / "elsewhere" / moved.name)
    report = as_json("index", media)
    assert (report["moved"], report["unchanged"], report["added"]) == (1, COUNT - 1, 0)
    hit = as_json("search", moved.name, "-C", media)["hits"][0]
    assert hit["path"] == str(media / "elsewhere" / moved.name)
    refused = sokkuri("index", media, "--ids", "path", code=2)
    assert "leave --ids out" in refused.stderr
    assert_sound(media)


def test_the_list_decides_which_images_the_collection_has(media: Path, tmp_path: Path) -> None:
    """Images outside the list leave the collection. Lines without a file are reported."""
    names = write_list(media, tmp_path)
    lines = names.read_text().splitlines()
    extra = ["object/gone.jpg", "../outside.jpg", str(media), "", f"./{lines[0]}"]
    names.write_text("\n".join(lines[:10] + extra) + "\n")
    done = sokkuri("index", media, "--list", names, "--json")
    assert '"added": 10' in done.stdout
    assert "object/gone.jpg of the list is left out: No such file" in done.stderr
    assert "../outside.jpg of the list is left out: it leads out" in done.stderr
    names.write_text("\n".join(lines[5:20]))
    report = as_json("index", media, "--list", names)
    assert (report["added"], report["removed"], report["total"]) == (10, 5, 15)
    assert as_json("index", media)["total"] == COUNT
    absent = sokkuri("index", media, "--list", tmp_path / "nowhere.txt", code=2)
    assert "nowhere.txt cannot be read" in absent.stderr


def read_id_order(store: Path) -> list[str]:
    return [str(id_) for id_ in np.load(next(store.glob("features/*/0000.object_ids.npy")))]


def test_the_seed_of_shuffle_fixes_the_order(media: Path, tmp_path: Path) -> None:
    """The same seed of `--shuffle SEED` gives the same order."""
    orders = []
    for number, seed in enumerate((1, 1, 2)):
        store = tmp_path / f"{number}"
        as_json("index", media, "--store", store, "--shuffle", seed, "--workers", 1)
        orders.append(read_id_order(store))
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2]) != orders[0]


def find_odd_images() -> Iterator[Path]:
    yield from sorted((SHARED / "modes").glob("*.[jp]*g"))
    yield from sorted((SHARED / "exif").glob("*_6.jpg"))


def test_exact_decoding_equals_the_articles_loop(media: Path, model: Path, tmp_path: Path) -> None:
    """`--decode exact` gives the vectors of the article's loop to 1e-6: Pillow's full decode, no
    rotation, no draft mode, the default filter, float32 / 255."""
    for number, path in enumerate(find_odd_images()):
        (media / f"{number}{path.suffix}").write_bytes(path.read_bytes())
    save_drawing(media / "large.jpg", 77, 900, 700)
    store = tmp_path / "store"
    as_json("index", media, "--store", store, "--model", model, "--decode", "exact")
    found = read_vectors(store)
    assert len(found) >= COUNT + 1
    for id_, vector in found.items():
        expected = article_loop.extract(media / id_, model, "inputs:0", "feature_vector")
        np.testing.assert_allclose(np.frombuffer(vector, np.float32), expected, rtol=0, atol=1e-6)


def test_exact_and_fast_decoding_never_mix(media: Path, model: Path) -> None:
    """Guarantee: vectors of different preprocessing never mix. The collection keeps the choice."""
    as_json("index", media, "--model", model, "--decode", "exact")
    refused = sokkuri("index", media, "--decode", "fast", code=1)
    assert "omit --decode" in refused.stderr
    save_drawing(media / "new.jpg", 500, 900, 700)
    assert as_json("index", media)["added"] == 1
    expected = article_loop.extract(media / "new.jpg", model, "inputs:0", "feature_vector")
    found = np.frombuffer(read_vectors(media / ".sokkuri")["new.jpg"], np.float32)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    outside = media.parent / "outside.jpg"
    outside.write_bytes((media / "new.jpg").read_bytes())
    first = as_json("search", outside, "-C", media)["hits"][0]
    assert (first["id"], round(first["distance"], 9)) == ("new.jpg", 0)
    assert_sound(media)

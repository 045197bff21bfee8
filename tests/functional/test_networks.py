"""Two networks of sokkuri's own: new collections take one, older ones keep theirs, none mix."""

import os
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from draw_images import draw
from PIL import Image
from run_cli import as_json, assert_sound, read_vectors, sokkuri

FLOATS, INTEGERS = "efficientnet-lite0", "efficientnet-lite0-int8"


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos with a collection of the network that was the default before."""
    folder = tmp_path_factory.mktemp("older") / "photos"
    folder.mkdir()
    for seed in range(5):
        Image.fromarray(draw(seed, 96, 72)).save(folder / f"{seed}.bmp")
    sokkuri("index", folder, "--model", FLOATS)
    return folder


@pytest.fixture
def photos(older: Path, tmp_path: Path) -> Path:
    shutil.copytree(older, tmp_path / "photos", copy_function=shutil.copy2)
    return tmp_path / "photos"


def model_of(place: Path) -> str:
    return str(as_json("status", "-C", place)["model"])


def run_named(message: str) -> None:
    """Run the command that a message names at its end."""
    _, command, rest = message.rsplit("`", 2)
    assert rest == "\n"
    name, *words = shlex.split(command)
    assert name == "sokkuri"
    sokkuri(*words)


def test_a_collection_keeps_its_network_until_it_is_replaced(photos: Path) -> None:
    """Guarantee: the commands of before give the vectors of before, also for new pictures."""
    before = read_vectors(photos / ".sokkuri")
    Image.fromarray(draw(9, 96, 72)).save(photos / "new.bmp")
    assert as_json("index", photos)["added"] == 1
    assert as_json("index", photos, "--model", FLOATS)["unchanged"] == 6
    after = read_vectors(photos / ".sokkuri")
    assert before.items() <= after.items()
    assert model_of(photos) == FLOATS
    (hit,) = as_json("search", photos / "new.bmp", "-k", 1, "-C", photos)["hits"]
    assert (hit["id"], round(hit["distance"], 5)) == ("new.bmp", 0)
    assert as_json("verify", "-C", photos, "--deep")["ok"]
    refused = sokkuri("index", photos, "--model", INTEGERS, code=1).stderr
    assert f"holds vectors of {FLOATS} " in refused
    assert as_json("index", photos, "--model", INTEGERS, "--replace")["total"] == 6
    sokkuri("compact", "-C", photos)
    sokkuri("index", photos, "--store", photos.parent / "fresh")
    assert model_of(photos) == model_of(photos.parent / "fresh") == INTEGERS
    assert read_vectors(photos / ".sokkuri") == read_vectors(photos.parent / "fresh")
    assert_sound(photos)


def test_what_has_two_networks_is_refused_with_the_command_that_helps(
    photos: Path, tmp_path: Path
) -> None:
    sokkuri("index", photos, "--part", "1/2", "--model", FLOATS)
    sokkuri("index", photos, "--part", "2/2")
    refused = sokkuri("merge", photos, code=1).stderr
    assert f"has vectors of {FLOATS} (" in refused
    run_named(refused)
    assert as_json("merge", photos)["total"] == 5

    sokkuri("index", photos, "--part", "1/1", "--store", tmp_path / "part")
    run_named(sokkuri("merge", tmp_path / "part", "--into", photos, code=1).stderr)
    assert as_json("merge", tmp_path / "part", "--into", photos)["total"] == 5
    assert model_of(photos) == INTEGERS

    other = tmp_path / "other"
    other.mkdir()
    shutil.copy2(photos / "1.bmp", other)
    sokkuri("index", other, "--model", FLOATS)
    against = ["duplicates", "-C", photos, "--against", other]
    run_named(sokkuri(*against, code=1).stderr)
    assert len(as_json(*against)["groups"]) == 1


def test_an_export_is_imported_only_as_what_it_is(photos: Path, tmp_path: Path) -> None:
    """The vectors of both networks have 1,280 numbers: only the manifest tells them apart."""
    sokkuri("export", tmp_path / "out", "-C", photos)
    into = ["import", tmp_path / "out", "--root", photos, "--store", tmp_path / "new"]
    assert f"--model {FLOATS}" in sokkuri(*into, code=2).stderr
    refused = sokkuri(*into, "--model", INTEGERS, code=1).stderr
    assert f"has vectors of {FLOATS}, as its _manifest.json says, not of {INTEGERS}" in refused
    assert not (tmp_path / "new").exists()
    assert as_json(*into, "--model", FLOATS, "--ids", "path")["imported"] == 5
    assert model_of(tmp_path / "new") == FLOATS
    sokkuri("index", photos, "--store", tmp_path / "integers")
    refused = sokkuri("import", tmp_path / "out", "-C", tmp_path / "integers", code=1).stderr
    assert "cannot be compared" in refused
    (tmp_path / "out/_manifest.json").write_text("[]")  # of another program
    sokkuri("import", tmp_path / "out", "-C", tmp_path / "integers", code=1)


def test_deep_allows_for_the_rounding_of_integers(photos: Path, tmp_path: Path) -> None:
    """Another processor may round one number differently, which is like one pixel that differs by
    one level. Another picture is found."""
    store = tmp_path / "store"
    sokkuri("index", photos, "--store", store)

    def overwrite(path: Path, pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
        """Write other pixels into a file whose size and time stay."""
        stat = path.stat()
        Image.fromarray(pixels).save(path)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    for seed in range(5):
        pixels = draw(seed, 96, 72).copy()
        pixels[40, 50, 1] ^= 1
        overwrite(photos / f"{seed}.bmp", pixels)
    assert as_json("verify", "-C", store, "--deep") == {"ok": True, "faults": []}
    faults = as_json("verify", "-C", photos, "--deep", code=1)["faults"]
    assert {fault["kind"] for fault in faults} == {"features"}, "floats differ less"
    overwrite(photos / "2.bmp", draw(9, 96, 72))
    (fault,) = as_json("verify", "-C", store, "--deep", code=1)["faults"]
    assert (fault["kind"], fault["where"]) == ("features", "2.bmp")

"""search: filters, several query images, crops, batches, and HTML pages."""

import base64
import io
import json
import os
import re
import subprocess
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from draw_images import save_drawing
from PIL import Image
from run_cli import as_json, command_line, read_vectors, sokkuri

COUNT = 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 images in two folders. Every third image is wide. Each is a day older than the last."""
    home = tmp_path_factory.mktemp("search") / "photos"
    start = datetime(2024, 3, 1, 12).timestamp()  # noqa: DTZ001 - local time, as filters take it
    for seed in range(COUNT):
        part = "trip" if seed % 2 else "home"
        size = (400, 100) if seed % 3 == 0 else (120, 160)
        path = save_drawing(home / part / f"{seed:02d}.png", seed, *size)
        os.utime(path, (start, start - 86400 * seed))
    sokkuri("index", home)
    return home


def find_ids(*arguments: object, folder: Path) -> list[str]:
    return [hit["id"] for hit in as_json("search", *arguments, "-C", folder)["hits"]]


def test_an_exact_answer_says_so(folder: Path) -> None:
    answer = as_json("search", "home/04.png", "-C", folder)
    assert (answer["exact"], answer["recall"]) == (True, 1.0)


def test_filters_apply_before_the_ranking(folder: Path) -> None:
    """A search gives k hits if k images pass the filters, in the order of a search without them."""
    everything = find_ids("home/04.png", "-k", COUNT, folder=folder)
    assert len(everything) == COUNT
    under = find_ids("home/04.png", "-k", 10, "--under", "trip", folder=folder)
    assert under == [id_ for id_ in everything if id_.startswith("trip/")][:10]
    wide = find_ids("home/04.png", "-k", 8, "--where", "width > 300", folder=folder)
    assert wide == [id_ for id_ in everything if int(id_[5:7]) % 3 == 0][:8]
    both = find_ids("home/04.png", "-k", COUNT, "--under", folder / "trip",
               "--where", "width > 300 and modified >= 2024-02-20", folder=folder)  # fmt: skip
    assert both == [id_ for id_ in everything if id_.startswith("trip/")
                    and int(id_[5:7]) % 3 == 0 and int(id_[5:7]) <= 10]  # fmt: skip
    assert len(both) == 2


def test_max_distance_limits_the_hits(folder: Path) -> None:
    hits = as_json("search", "home/04.png", "-C", folder, "-k", COUNT)["hits"]
    limit = hits[6]["distance"]
    near = as_json("search", "home/04.png", "-C", folder, "-k", COUNT, "--max-distance", limit)
    assert near["hits"] == hits[:7]


def test_a_search_without_hits_says_so(folder: Path) -> None:
    done = sokkuri("search", "home/04.png", "-C", folder, "--where", "width > 9000")
    assert (done.stdout, done.stderr) == ("", "no image of the collection fits\n")


def test_a_mistyped_file_is_named(folder: Path, tmp_path: Path) -> None:
    """Also where no collection is nearby: the fault is not that of the collection."""
    typo = folder / "home" / "typo.png"
    refused = sokkuri("search", typo, cwd=tmp_path, code=1)
    assert refused.stderr == (
        f"sokkuri: {typo} is neither an image file nor an id of the collection in {folder}\n"
    )
    refused = sokkuri("search", tmp_path / "typo.png", cwd=tmp_path, code=1)
    assert refused.stderr.startswith(f"sokkuri: {tmp_path / 'typo.png'} does not exist, and no")


@pytest.mark.parametrize(
    "command",
    [
        ("search", "home/04.png"), ("search", "--batch", "photos/home"), ("suggest",),
        ("outliers",), ("duplicates",), ("duplicates", "--resolve", "plan.json"),
    ],
)  # fmt: skip
def test_a_folder_that_does_not_exist_is_wrong_usage(
    folder: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """A mistyped name looks like a folder without matches otherwise."""
    monkeypatch.chdir(folder.parent)
    refused = sokkuri(*command, "-C", folder, "--under", "hme", code=2)
    assert refused.stdout == ""
    assert refused.stderr == f"sokkuri: --under hme: {folder} has no such folder\n"
    assert not Path("plan.json").exists()


def test_a_folder_without_images_is_named(folder: Path) -> None:
    (folder / "empty").mkdir(exist_ok=True)
    done = sokkuri("search", "home/04.png", "-C", folder, "--under", "empty", "--json")
    assert json.loads(done.stdout)["hits"] == []
    assert done.stderr == "no image of the collection is below empty\n"
    assert "no image to show" in sokkuri("outliers", "-C", folder, "--under", "empty").stderr


def test_images_are_added_and_subtracted(folder: Path) -> None:
    """Several images are averaged. `--not` moves the query away from an image and hides it."""
    found = read_vectors(folder / ".sokkuri")
    unit = {}
    for id_, data in found.items():
        vector = np.frombuffer(data, np.float32).astype(float)
        unit[id_] = vector / np.linalg.norm(vector)
    a, b, c = "home/04.png", "trip/07.png", "trip/11.png"
    middle = (unit[a] + unit[b]) / 2
    query = middle + 0.5 * (middle - unit[c])
    expected = sorted((id_ for id_ in unit if id_ != c), key=lambda id_: -float(unit[id_] @ query))
    assert find_ids(a, b, "--not", c, "-k", 12, folder=folder) == expected[:12]
    alone = sorted(unit, key=lambda id_: -float(unit[id_] @ middle))
    hits = find_ids(a, b, "-k", 12, folder=folder)
    assert {*hits[:2]} == {a, b}, "both are equally near: rounding orders them"
    assert hits[2:] == alone[2:12]


def test_a_query_image_can_come_from_stdin(folder: Path) -> None:
    data = (folder / "trip" / "09.png").read_bytes()
    done = subprocess.run(
        command_line("search", "-", "-C", folder, "--json"),
        input=data,
        capture_output=True,
        check=True,
    )
    answer = json.loads(done.stdout)
    assert answer["query"] == ["-"]
    assert answer["hits"][0]["id"] == "trip/09.png"
    assert answer["hits"][0]["distance"] == pytest.approx(0, abs=1e-5)
    broken = subprocess.run(
        command_line("search", "-", "-C", folder),
        input=b"no image",
        capture_output=True,
        check=False,
    )
    assert broken.returncode == 1
    assert broken.stderr == (b"sokkuri: the image: it is not an image: it looks like a text file\n")
    twice = sokkuri("search", "-", "-", "-C", folder, code=2)
    assert twice.stderr == "sokkuri: - stands for one image from standard input: name it once\n"


def test_a_crop_of_the_query_image_is_searched(folder: Path, tmp_path: Path) -> None:
    """An image that was pasted into another image is found by its box."""
    with Image.open(folder / "home" / "08.png") as small:
        whole = Image.new("RGB", (500, 400), "grey")
        whole.paste(small, (200, 100))
    whole.save(tmp_path / "whole.png")
    found = as_json("search", tmp_path / "whole.png", "-C", folder, "--crop", "200,100,120,160")
    assert found["hits"][0]["id"] == "home/08.png"
    assert found["hits"][0]["distance"] == pytest.approx(0, abs=1e-5)
    of_its_own = as_json("search", "home/08.png", "-C", folder, "--crop", "0,0,60,80")
    assert of_its_own["hits"][0]["distance"] > 1e-3
    for wrong in ("1,2,3", "0,0,0,5", "a,b,c,d"):
        sokkuri("search", "home/08.png", "-C", folder, "--crop", wrong, code=2)
    beyond = sokkuri("search", "home/08.png", "-C", folder, "--crop", "100,0,100,10", code=1)
    assert "100 x 10 at 100, 0 reaches beyond its 120 x 160" in beyond.stderr


def test_a_batch_searches_with_every_image_of_a_folder(folder: Path, tmp_path: Path) -> None:
    """`--batch` gives one line for each query, equal to a single search. A broken file gives a line
    too."""
    for seed in (3, 8, 50):
        save_drawing(tmp_path / "queries" / f"{seed:02d}.png", seed)
    (tmp_path / "queries" / "broken.png").write_text("no image")
    done = sokkuri("search", "--batch", tmp_path / "queries", "-C", folder, "-k", 3, "--json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(line["query"][0]).name for line in lines] == [
        "03.png", "08.png", "50.png", "broken.png",
    ]  # fmt: skip
    for line in lines[:3]:
        alone = as_json("search", line["query"][0], "-C", folder, "-k", 3)
        assert [hit["id"] for hit in line["hits"]] == [hit["id"] for hit in alone["hits"]]
    assert "looks like a text file" in lines[3]["error"]
    assert "broken.png" in done.stderr
    sokkuri("search", "-C", folder, code=2)
    sokkuri("search", "x.png", "--batch", tmp_path, "-C", folder, code=2)


def test_an_html_page_contains_its_images(folder: Path, tmp_path: Path) -> None:
    """`--html` writes one file with the images inside, and names missing files."""
    gone = folder / "trip" / "29.png"
    data = gone.read_bytes()
    stat = gone.stat()
    gone.unlink()
    try:
        sokkuri("search", "home/04.png", "-C", folder, "-k", COUNT, "--html", tmp_path / "out.html")
    finally:
        gone.write_bytes(data)
        os.utime(gone, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    page = (tmp_path / "out.html").read_text()
    pictures = re.findall(r'<img src="data:image/jpeg;base64,([^"]+)" alt="([^"]+)">', page)
    assert len(pictures) == COUNT - 1
    assert pictures[0][1] == "home/04.png"
    with Image.open(io.BytesIO(base64.b64decode(pictures[0][0]))) as small:
        assert max(small.size) <= 240
    assert page.count("the file is gone") == 1
    assert not re.search(r"https?:|<script|src=\"(?!data:)|href=", page)
    refused = sokkuri("search", "home/04.png", "-C", folder, "--html", tmp_path / "no" / "x.html",
                      code=1)  # fmt: skip
    assert "could not be written" in refused.stderr


def test_meaningless_filters_give_one_clear_line(folder: Path) -> None:
    for arguments in (["--where", "colour = 'red'"], ["--under", "../elsewhere"],
                      ["--where", "width > 1; DROP TABLE images"]):  # fmt: skip
        refused = sokkuri("search", "home/04.png", "-C", folder, *arguments, code=2)
        assert refused.stderr.startswith("sokkuri: ")
        assert refused.stderr.count("\n") == 1

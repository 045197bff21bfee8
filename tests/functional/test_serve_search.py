"""serve: searches by id, by sent pictures, and by the article's route."""

import asyncio
import io
import json
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from draw_images import draw
from photo_folder import BROKEN, DRAWN, list_readable_ids, make_photo_folder
from PIL import Image
from run_cli import as_json, read_vectors, sokkuri
from run_server import Server, assert_problem, quote_id, serving

from sokkuri.core.types import Limits
from sokkuri.web.services.uploads import Picture, UploadReader


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = make_photo_folder(tmp_path_factory.mktemp("searches") / "photos")
    sokkuri("index", home)
    return home


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with serving(folder) as started:
        yield started


def similar(server: Server, id_: str, **params: Any) -> Any:
    return server.api(f"images/{quote_id(id_)}/similar", **params)


def post(server: Server, **form: Any) -> Any:
    answer = server.post("/api/v1/search", **form)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(result: Any) -> list[str]:
    return [hit["id"] for hit in result["hits"]]


def png(seed: int, *size: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(draw(seed, *(size or (96, 72)))).save(out, "PNG")
    return out.getvalue()


def test_an_answer_equals_the_hits_of_the_search_command(server: Server, folder: Path) -> None:
    found = similar(server, "trip/07.png", k=12)
    told = as_json("search", "trip/07.png", "-C", folder, "-k", 12)
    assert (found["metric"], found["exact"], found["recall"]) == ("cosine", True, 1.0)
    assert found["query"] == ["trip/07.png"]
    assert found["milliseconds"] > 0
    assert [hit["rank"] for hit in found["hits"]] == list(range(1, 13))
    assert ids(found) == ids(told)
    for one, other in zip(found["hits"], told["hits"], strict=True):
        assert one["distance"] == pytest.approx(other["distance"], abs=1e-6)
        document = server.api(f"images/{quote_id(one['id'])}")
        for key in ("name", "folder", "width", "height", "v"):
            assert one[key] == document[key]
        assert "angle" not in one


def test_filters_apply_before_the_ranking(server: Server, folder: Path) -> None:
    everything = ids(similar(server, "home/04.png", k=1000))
    assert sorted(everything) == sorted(list_readable_ids(folder))
    below = [one for one in everything if one.startswith("trip/")]
    assert ids(similar(server, "home/04.png", k=5, under="trip")) == below[:5]
    wide = ids(similar(server, "home/04.png", k=1000, where="width > 150", under="home"))
    assert wide == [one for one in everything if one in
                    ("home/00.png", "home/06.png", "home/12.png")]  # fmt: skip
    told = as_json("search", "home/04.png", "-C", folder, "-k", 1000, "--metric", "l2")
    euclidean = similar(server, "home/04.png", k=1000, metric="l2")
    assert euclidean["metric"] == "l2"
    assert ids(euclidean) == ids(told)
    limit = euclidean["hits"][6]["distance"]
    near = similar(server, "home/04.png", k=1000, metric="l2", max_distance=limit)
    assert near["hits"] == euclidean["hits"][:7]


def test_copies_are_collapsed_as_by_the_search_command(server: Server, folder: Path) -> None:
    """Nothing was compared, so only files with equal bytes are copies, and the answer counts the
    hits that were not compared."""
    told = as_json("search", "home/04.png", "-C", folder, "-k", 9, "--collapse")["hits"]
    found = similar(server, "home/04.png", k=9, collapse=1)
    facts = [(hit["id"], hit["copies"], hit["copy_ids"]) for hit in found["hits"]]
    assert facts == [(hit["id"], hit["copies"], hit["copy_ids"]) for hit in told]
    assert found["not_compared"] == 9
    sent = post(server, json={"ids": ["home/04.png"], "k": 9, "collapse": True})
    assert sent["hits"] == found["hits"]
    assert similar(server, "home/04.png")["not_compared"] == 0


@pytest.mark.parametrize("k", [1, 2, 3, 20])
def test_angles_are_radians_and_repeatable(server: Server, k: int) -> None:
    found = similar(server, "home/04.png", k=k, angles=1)
    angles = [hit["angle"] for hit in found["hits"]]
    assert len(angles) == k
    assert all(-math.pi <= angle < math.pi for angle in angles)
    again = similar(server, "home/04.png", k=k, angles=1)
    assert again["hits"] == found["hits"]


def test_a_sent_picture_finds_itself(server: Server, folder: Path) -> None:
    data = (folder / "trip" / "07.png").read_bytes()
    sent = post(server, files={"image": ("my cät.png", data)}, data={"k": "4"})
    assert sent["query"] == ["my cät.png"]
    assert sent["hits"][0]["id"] == "trip/07.png"
    assert sent["hits"][0]["distance"] == pytest.approx(0, abs=1e-5)
    assert ids(sent) == ids(similar(server, "trip/07.png", k=4))
    stranger = post(server, files={"image": ("new.png", png(999))}, data={"angles": "true"})
    assert len(stranger["hits"]) == 10
    assert stranger["hits"][0]["distance"] > 1e-3
    assert all("angle" in hit for hit in stranger["hits"])


def test_images_are_added_and_subtracted(server: Server, folder: Path) -> None:
    """Several pictures or ids give one mean query; `not` moves it away."""
    unit = {}
    for id_, row in read_vectors(folder / ".sokkuri").items():
        vector = np.frombuffer(row, np.float32).astype(float)
        unit[id_] = vector / np.linalg.norm(vector)
    a, b, c = "home/04.png", "trip/07.png", "trip/11.png"
    middle = (unit[a] + unit[b]) / 2
    query = middle + 0.5 * (middle - unit[c])
    expected = sorted(unit, key=lambda one: -float(unit[one] @ query))
    by_id = post(server, json={"ids": [a, b], "not_ids": [c], "k": 20})
    assert ids(by_id) == [one for one in expected if one != c][:20]
    pictures = [("image", (one, (folder / one).read_bytes())) for one in (a, b)]
    away = ("not_image", (c, (folder / c).read_bytes()))
    sent = post(server, files=[*pictures, away], data={"k": "20"})
    assert ids(sent) == expected[:20], "a picture that was sent is no image to leave out"
    mixed = post(server, files=pictures[1:], data={"id": a, "not_id": c, "k": "20"})
    assert ids(mixed) == ids(by_id)
    assert mixed["query"] == [a, b]
    alone = sorted(unit, key=lambda one: -float(unit[one] @ middle))
    assert ids(post(server, json={"ids": [a, b], "k": 20})) == alone[:20]


def test_a_form_and_json_give_the_same_hits(server: Server) -> None:
    asked: dict[str, Any] = {
        "k": 7, "metric": "l2", "under": "home", "where": "width < 150", "max_distance": 1e6,
        "angles": True,
    }  # fmt: skip
    by_json = post(server, json={"ids": ["home/04.png"], **asked})
    form = {"id": "home/04.png", **{key: str(value) for key, value in asked.items()}}
    boundary = {"Content-Type": "multipart/form-data; boundary=x"}
    body = "".join(
        f'--x\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in [*form.items(), ("crop", "")]
    )
    by_form = post(server, content=f"{body}--x--\r\n", headers=boundary)
    assert len(by_form["hits"]) == 6
    assert by_form["hits"] == by_json["hits"]


def test_a_crop_searches_by_a_part_of_a_picture(server: Server, folder: Path) -> None:
    """The crop of a collage finds the picture in it, for sent pictures and for ids."""
    with Image.open(folder / "home" / "08.png") as small:
        whole = Image.new("RGB", (500, 400), "grey")
        whole.paste(small, (200, 100))
    out = io.BytesIO()
    whole.save(out, "PNG")
    found = post(
        server, files={"image": ("whole.png", out.getvalue())}, data={"crop": "200,100,96,72"}
    )
    assert found["hits"][0]["id"] == "home/08.png"
    assert found["hits"][0]["distance"] == pytest.approx(0, abs=1e-5)
    of_its_own = post(server, json={"ids": ["home/08.png"], "crop": "0,0,48,36"})
    told = as_json("search", "home/08.png", "-C", folder, "--crop", "0,0,48,36")
    assert of_its_own["query"] == ["home/08.png"]
    assert of_its_own["hits"][0]["distance"] > 1e-3
    assert ids(of_its_own) == ids(told)


@pytest.mark.parametrize(
    "asked",
    [
        {"ids": []},
        {"not_ids": ["home/04.png"]},
        {"ids": "home/04.png"},
        {"ids": ["a\0b"]},
        {"ids": ["\ud800"]},
        {"ids": ["home/04.png"], "colour": "red"},
        {"ids": ["home/04.png"], "k": 0},
        {"ids": ["home/04.png"], "metric": "l1"},
        {"ids": ["home/04.png"], "max_distance": -1},
        {"ids": ["home/04.png"], "where": "width >"},
        {"ids": ["home/04.png"], "crop": "0,0,10"},
        {"ids": ["home/04.png"], "crop": "0,0,0,10"},
        {"ids": ["home/04.png"], "crop": "90,0,50,10"},
        {"ids": ["home/04.png"], "crop": [0, 0, 5, 5]},
        {"ids": ["x"] * 65},
        [],
        "home/04.png",
        None,
    ],
    ids=lambda asked: ascii(asked)[:40],
)
def test_invalid_requests_are_refused(server: Server, asked: Any) -> None:
    answer = server.post(
        "/api/v1/search",
        content=json.dumps(asked).encode(),
        headers={"Content-Type": "application/json"},
    )
    kind = "unreadable-image" if answer.json()["type"].endswith("unreadable-image") else "invalid"
    assert_problem(answer, 422, kind)
    assert kind == "invalid" or (isinstance(asked, dict) and asked.get("crop") == "90,0,50,10")


def test_images_without_a_vector_are_unknown(server: Server) -> None:
    for name in ("nobody.png", BROKEN[0], "/etc/passwd", ""):
        detail = assert_problem(
            server.post("/api/v1/search", json={"ids": [name]}), 404, "unknown-image"
        )
        assert name in detail
        unwanted = {"ids": ["home/04.png"], "not_ids": [name]}
        assert_problem(server.post("/api/v1/search", json=unwanted), 404, "unknown-image")


def test_the_name_of_a_sent_file_is_never_read_as_a_path(server: Server, folder: Path) -> None:
    """The name is only a label, even if it is the path of a file of this machine."""
    inside = str(folder / "home" / "04.png")
    found = post(server, files={"image": (inside, png(999))})
    assert found["hits"][0]["distance"] > 1e-3
    refused = server.post("/api/v1/search", files={"image": (inside, b"no picture")})
    assert "looks like a text file" in assert_problem(refused, 422, "unreadable-image")


def test_the_articles_route_gives_the_hundred_nearest(server: Server, folder: Path) -> None:
    """By Euclidean distance, with the field names of the article."""
    for id_ in ("trip/07.png", list_readable_ids(folder)[-1], "trip/summer 2024/größe #1?.png"):
        answer = server.get(f"/similar/{quote_id(id_)}").json()
        assert list(answer) == ["time", "queryObjectId", "similarImages"]
        assert answer["queryObjectId"] == id_
        assert answer["time"] > 0
        assert {tuple(one) for one in answer["similarImages"]} == {("objectId", "distance")}
        told = as_json("search", folder / id_, "-C", folder, "--metric", "l2", "-k", 100)["hits"]
        assert [one["objectId"] for one in answer["similarImages"]] == [hit["id"] for hit in told]
        assert [one["distance"] for one in answer["similarImages"]] == pytest.approx(
            [hit["distance"] for hit in told], abs=1e-5
        )


def test_each_of_many_parallel_requests_gets_its_own_answer(server: Server) -> None:
    """Similar requests share a batch, and no answer may go to the wrong request."""
    names = [f"{'trip' if seed % 2 else 'home'}/{seed:02d}.png" for seed in range(DRAWN)]
    alone = {name: similar(server, name, k=5)["hits"] for name in names}
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda name: similar(server, name, k=5), names * 4))
    for name, found in zip(names * 4, together, strict=True):
        assert found["query"] == [name]
        assert ids(found) == [hit["id"] for hit in alone[name]]
        assert [hit["distance"] for hit in found["hits"]] == pytest.approx(
            [hit["distance"] for hit in alone[name]], abs=1e-6
        )


def test_a_picture_that_is_named_many_times_is_read_once(server: Server, folder: Path) -> None:
    """Guarantee: one small request does not make the server hold many files."""
    reads = []

    def read() -> bytes:
        reads.append(1)
        return (folder / "trip" / "07.png").read_bytes()

    reader = UploadReader(folder, 2, 2)
    try:
        picture = Picture("07.png", read, Limits())
        vectors = asyncio.run(reader.read_all([picture] * 64, (0, 0, 40, 40)))
    finally:
        reader.close()
    assert len(vectors) == 64
    assert len(reads) == 1
    once = post(server, json={"ids": ["trip/07.png"], "crop": "0,0,40,40"})
    often = post(server, json={"ids": ["trip/07.png"] * 64, "crop": "0,0,40,40"})
    assert ids(often) == ids(once)
    assert often["query"] == ["trip/07.png"] * 64


def plain_png(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("1", (width, height)).save(out, "PNG")
    return out.getvalue()


def test_a_sent_picture_has_a_limit_of_its_own(folder: Path) -> None:
    with serving(folder, "--max-upload-pixels", 1) as server:
        answer = server.post("/api/v1/search", files={"image": ("a.png", plain_png(1001, 1000))})
        detail = assert_problem(answer, 422, "unreadable-image")
        assert detail == "a.png: 1,001 x 1,000 pixels are more than the limit of 1,000,000"
        assert post(server, files={"image": ("b.png", plain_png(1000, 1000))})["hits"]

"""Several named roots in one collection, with the real command, a real server, a real trash."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from change_server import key, post
from draw_images import save_drawing
from run_cli import as_json, assert_sound, sokkuri
from run_server import quote_id, serving
from run_watch import watching
from tiny_model import write_tiny_model
from trash_fixtures import home_environment, list_trash, trash_folder

COUNT = 12


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos in `Pictures` and `nas/photos`, three of which are in both."""
    home = tmp_path_factory.mktemp("made")
    write_tiny_model(home / "tiny.onnx")
    for seed in range(6):
        save_drawing(home / "Pictures" / "2024" / f"{seed}.png", seed)
    for seed in range(3, 9):
        save_drawing(home / "nas" / "photos" / "2024" / f"{seed}.png", seed)
    (home / "Pictures" / "2024" / "4.xmp").write_text("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    (home / "nas" / "photos" / "2024" / "4.xmp").write_text("<x:xmpmeta xmlns:x='adobe:ns:meta/'/>")
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """A copy of the folder, with the store of its collection in `store`."""
    home = shutil.copytree(made, tmp_path / "home")
    report = as_json(
        "index", home / "Pictures", f"nas={home / 'nas' / 'photos'}", "--store", home / "store",
        "--model", home / "tiny.onnx",
    )  # fmt: skip
    assert report["total"] == COUNT
    return home


def test_a_root_that_is_away_loses_no_image(home: Path) -> None:
    """Guarantee: a missing root is said in one line, its images stay, and the others go on."""
    store, nas = home / "store", home / "nas" / "photos"
    (home / "nas").rename(home / "away")
    save_drawing(home / "Pictures" / "new.png", 100)
    run = sokkuri("index", "--store", store, "--accept-removals", "--json")
    assert run.stderr == f"nas is left as it was: {nas} is not there\n"
    assert (json.loads(run.stdout)["added"], json.loads(run.stdout)["total"]) == (1, COUNT + 1)
    faults = as_json("verify", "-C", store, code=1)["faults"]
    assert [(fault["kind"], fault["where"]) for fault in faults] == [("root", str(nas))]
    status = as_json("status", "-C", store)
    assert [(root["name"], root["is_there"]) for root in status["roots"]] == [
        ("Pictures", True),
        ("nas", False),
    ]
    assert (
        "is not there"
        in sokkuri("index", "--store", store, "--replace", "--decode", "fast", code=1).stderr
    )
    (nas / "2024").mkdir(parents=True)
    for seed in (3, 4):
        shutil.copy2(home / "away" / "photos" / "2024" / f"{seed}.png", nas / "2024")
    stopped = sokkuri("index", "--store", store, code=1).stderr
    assert f"4 of 6 images of nas are not in {nas} any more, so nothing was changed" in stopped
    assert as_json("index", "--store", store, "--dry-run")["needs_accept_removals"]
    assert as_json("index", "--store", store, "--accept-removals")["total"] == COUNT - 3
    shutil.rmtree(home / "nas")
    (home / "away").rename(home / "elsewhere")
    moved = f"nas={home / 'elsewhere' / 'photos'}"
    assert as_json("index", moved, "--store", store)["total"] == COUNT + 1
    assert_sound(store)


def test_wrong_roots_are_refused_in_one_line(made: Path, tmp_path: Path) -> None:
    store, model = tmp_path / "store", made / "tiny.onnx"
    (tmp_path / "photos").mkdir()
    for folders, reason in (
        ([made / "nas" / "photos", tmp_path / "photos"], "would both have the name photos"),
        ([made / "nas" / "photos", made / "nas"], "contains the other"),
        ([made / "Pictures", made / "gone"], "gone is not a folder"),
        ([made / "Pictures", "b=s3://bucket"], "is an address"),
        ([made / "Pictures", tmp_path / "photos", "--part", "1/2"], "leave --part out"),
    ):
        refused = sokkuri("index", *folders, "--store", store, "--model", model, code=2).stderr
        assert refused.count("\n") == 1
        assert reason in refused
    assert "--store DIR" in sokkuri("index", made / "Pictures", made / "nas", code=2).stderr
    assert not store.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="the trash of freedesktop.org")
def test_files_of_both_roots_go_to_the_trash_and_back(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guarantee: a plan moves files of several roots, and an undo brings each back to its own."""
    store, plan = home / "store", home / "plan.json"
    for name, value in home_environment(home / "user").items():
        monkeypatch.setenv(name, value)
    sokkuri("duplicates", "-C", store, "--keep", "nas/", "--resolve", plan)
    moves = json.loads(plan.read_text())["moves"]
    assert [move["id"] for move in moves if not move.get("belongs_to")] == [
        f"Pictures/2024/{seed}.png" for seed in (3, 4, 5)
    ]
    done = as_json("duplicates", "--apply", plan)
    assert done["companions_moved"] == ["Pictures/2024/4.xmp"]
    assert list_trash(trash_folder(home / "user")) == ["3.png", "4.png", "4.xmp", "5.png"]
    assert as_json("status", "-C", store)["gone"] == 3
    assert as_json("index", "--store", store)["removed"] == 0, "the catalog knew it"
    sokkuri("duplicates", "-C", store, "--undo", plan.with_suffix(".log"))
    assert as_json("status", "-C", store)["total"] == COUNT, "found again without a run"
    to = home / "aside"
    sokkuri("duplicates", "--apply", plan, "--to", to)
    assert (to / "Pictures" / "2024" / "3.png").is_file()
    sokkuri("duplicates", "--undo", plan.with_suffix(".log"))
    assert_sound(store)


def test_a_server_shows_the_files_of_all_roots_and_follows_them(home: Path) -> None:
    store = home / "store"
    (home / "Pictures" / "out.png").symlink_to(home / "nas" / "photos" / "2024" / "8.png")
    with serving(store, "--watch", "--allow-changes", **home_environment(home / "user")) as server:
        server.wait_for_line("1 reused")
        folders = {entry["path"]: entry["count"] for entry in server.api("folders")["folders"]}
        assert folders.keys() == {"", "Pictures", "Pictures/2024", "nas", "nas/2024"}
        for id_ in ("Pictures/2024/3.png", "nas/2024/3.png"):
            place = {"Pictures": home / "Pictures", "nas": home / "nas" / "photos"}
            name, _, below = id_.partition("/")
            file = server.get(f"/api/v1/images/{quote_id(id_)}/file")
            assert file.content == (place[name] / below).read_bytes()
            assert server.get(f"/api/v1/images/{quote_id(id_)}/thumbnail").status_code == 200
        assert server.get("/api/v1/images/Pictures/out.png/file").status_code == 403, (
            "a link out of its root"
        )
        found = server.api("images", under="nas")["images"]
        assert {image["id"].partition("/")[0] for image in found} == {"nas"}
        body = {"ids": ["nas/2024/8.png", "Pictures/2024/0.png"]}
        done = server.post("/api/v1/trash", json=body, headers=key(server)).json()
        assert sorted(done["moved"]) == sorted(body["ids"])
        assert not (home / "nas" / "photos" / "2024" / "8.png").exists()
        assert post(server, "undo", {"log": done["log"]}).status_code == 200
    assert (home / "nas" / "photos" / "2024" / "8.png").is_file()
    hits = as_json("search", home / "nas" / "photos" / "2024" / "7.png", "-C", store)["hits"]
    assert hits[0]["id"] == "nas/2024/7.png"
    below = as_json("search", "nas/2024/7.png", "-C", store, "--under", "Pictures", "-k", COUNT)
    assert {hit["id"].partition("/")[0] for hit in below["hits"]} == {"Pictures"}


def test_a_root_that_comes_back_is_followed(home: Path) -> None:
    (home / "nas").rename(home / "away")
    with watching("-C", home / "store") as watch:
        watch.wait_for("synced", total=COUNT)
        (home / "away").rename(home / "nas")
        save_drawing(home / "nas" / "photos" / "new.png", 100)
        watch.wait_for("synced", added=1, total=COUNT + 1)
        save_drawing(home / "Pictures" / "new.png", 101)
        watch.wait_for("synced", added=1)

"""serve --allow-changes: near-duplicates, and moves to the trash and back."""

import itertools
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from change_server import ALL, ODD, changing, compare, drop, groups, key, post, state_of
from run_cli import sokkuri
from run_server import Server, assert_problem, serving
from trash_fixtures import home_environment, list_trash, trash_folder

Dropped = tuple[Path, Server]


@pytest.fixture
def uncompared(indexed_home: Path, tmp_path: Path) -> Path:
    """A home folder of this test, in which no images are compared yet."""
    return shutil.copytree(indexed_home, tmp_path / "home")


def test_groups_have_the_data_that_a_page_shows(unchanged_server: Server) -> None:
    server = unchanged_server
    page = server.api("duplicates")
    assert groups(server) == ALL
    assert page["total"] == 3
    assert page["next"] is None
    assert page["grades"]["identical"]["groups"] == 3
    assert page["grades"]["identical"]["drops"] == 4
    sizes = [image["size"] for group in page["groups"] for image in group["images"][1:]]
    assert page["grades"]["identical"]["bytes"] == sum(sizes)
    first = page["groups"][0]
    assert first["grade"] == "identical"
    assert first["images"][0]["id"] == first["keep"] == "a/0.png"
    assert first["images"][0]["v"] == first["images"][1]["v"] != ""
    assert {frozenset((pair["a"], pair["b"])) for pair in first["pairs"]} >= {
        frozenset(("a/0.png", "copies/0.png")), frozenset(("a/0.png", "copies/zero.png")),
    }  # fmt: skip
    assert all(pair["grade"] == "identical" for pair in first["pairs"])
    assert page["compared"] == page["of"]
    assert (page["running"], page["failure"]) == (None, None)


def trash(server: Server, *ids: str, **headers: str) -> httpx.Response:
    """Move chosen images to the trash, with the right key unless other headers are given."""
    body = json.dumps({"ids": ids, "batch": "0a1b2c3d"})
    sent = {"Content-Type": "application/json", **(headers or key(server))}
    return server.post("/api/v1/trash", content=body, headers=sent)


def test_chosen_images_go_to_the_trash_and_back(home: Path, server: Server) -> None:
    """No copy needs to stay. A file that was changed, a link, and an unknown image stay. What
    belongs to an image goes with it. The history lists the moves."""
    photos, only = home / "photos", "alone/10.png"
    (photos / "alone/10.xmp").write_text("edits")
    (photos / "b/2.png").unlink()
    (photos / "b/2.png").symlink_to(photos / "b/3.png")
    changed = photos / "alone/11.png"
    changed.write_bytes(changed.read_bytes() + b"more")
    before = state_of(home)
    refused = trash(server, only, **{"X-Sokkuri-Change": "x"})
    assert_problem(refused, 403, "changes")
    assert state_of(home) == before

    done = trash(server, only, "b/2.png", "alone/11.png", "nowhere.png", ODD).json()
    assert done["moved"] == [only, ODD]
    assert done["companions_moved"] == ["alone/10.xmp"]
    reasons = {entry["id"]: entry["reason"] for entry in done["left"]}
    assert reasons.keys() == {"b/2.png", "alone/11.png", "nowhere.png"}
    assert "link" in reasons["b/2.png"]
    assert "changed" in reasons["alone/11.png"]
    assert not (photos / only).exists()
    assert only not in [image["id"] for image in server.api("images")["images"]]
    (listed,) = server.api("duplicates/drops")["drops"]
    assert (listed["log"], listed["batch"], listed["plan"]) == (done["log"], "0a1b2c3d", False)
    assert set(listed["ids"]) >= {only, ODD}
    undone = post(server, "undo", {"log": done["log"]}).json()
    assert {*undone["returned"]} == {only, ODD}
    assert state_of(home) == before
    assert server.api("duplicates/drops")["drops"] == []


def test_equal_files_are_known_before_any_comparison(uncompared: Path) -> None:
    with serving(uncompared / "photos") as server:
        page = server.api("duplicates")
        assert groups(server) == ALL
        assert page["compared"] == 0 < page["of"]


def test_groups_come_in_pages_and_obey_the_filters(unchanged_server: Server) -> None:
    """Each group comes once at every page size. Both filters apply."""
    server = unchanged_server
    seen, cursor = [], None
    for _ in range(3):
        page = server.api("duplicates", limit=1, **({"cursor": cursor} if cursor else {}))
        seen += [group["keep"] for group in page["groups"]]
        cursor = page["next"]
    assert cursor is None
    assert sorted(seen) == sorted(ALL)
    assert groups(server, under="b") == {"b/2.png": {"b/3.png"}}
    assert groups(server, under="alone") == {}
    assert groups(server, where="id != 'copies/0.png'")["a/0.png"] == {"copies/zero.png"}
    assert groups(server, min_grade="identical") == ALL
    for wrong in ({"cursor": "x"}, {"cursor": "é"}, {"where": "("}, {"under": "../.."},
                  {"min_grade": "none"}, {"limit": 0}):  # fmt: skip
        assert_problem(server.get("/api/v1/duplicates", params=wrong), 422, "invalid")


def test_a_drop_can_be_undone(home: Path, server: Server) -> None:
    """The file moves to the system's trash and comes back unchanged, with its sidecar. Searches
    follow."""
    (home / "photos" / "copies" / "0.xmp").write_text("what a person did with the photo")
    (home / "photos" / "copies" / "0.wav").write_text("what a person said about it")
    before = state_of(home)
    done = drop(server, ("copies/0.png", "a/0.png"), (ODD, "a/1.png"))
    assert (done["moved"], done["left"]) == (["copies/0.png", ODD], [])
    assert done["companions"] == ["copies/0.wav"]
    assert done["companions_moved"] == ["copies/0.xmp"]
    assert state_of(home) == {
        name: what
        for name, what in before.items()
        if name not in ("copies/0.png", "copies/0.xmp", ODD)
    }
    assert len(list_trash(trash_folder(home))) == 3
    assert groups(server) == {"a/0.png": {"copies/zero.png"}, "b/2.png": {"b/3.png"}}
    hits = server.api("images/a/0.png/similar", k=50)["hits"]
    assert {"copies/0.png", ODD}.isdisjoint(hit["id"] for hit in hits)
    log = home / "photos" / ".sokkuri" / "duplicates" / done["log"]
    assert log.is_file()
    (expected,) = server.api("duplicates/drops")["drops"]  # also for another page
    assert (expected["log"], expected["ids"]) == (done["log"], ["copies/0.png", ODD])
    assert re.sub("[-:]", "", expected["time"]).startswith(done["log"][:15])
    (log.parent / "20990101T000000-000000-00000000.log").write_text("no log")
    assert server.api("duplicates/drops") == {"drops": [expected]}

    back = post(server, "undo", {"log": done["log"]}).json()
    assert (set(back["returned"]), back["left"]) == ({"copies/0.png", ODD}, [])
    assert back["companions_returned"] == ["copies/0.xmp"]
    assert server.api("duplicates/drops") == {"drops": []}
    assert state_of(home) == before
    assert list_trash(trash_folder(home)) == []
    assert groups(server) == ALL
    again = post(server, "undo", {"log": done["log"]}).json()
    assert again["left"] == []
    assert state_of(home) == before


def test_an_applied_plan_is_listed_and_undone(home: Path, server: Server) -> None:
    """It is listed once, also if it is applied again, and while its log is there."""
    before, photos, plan = state_of(home), home / "photos", home / "my plan.json"
    environment: Any = home_environment(home)
    sokkuri("duplicates", "-C", photos, "--resolve", plan, **environment)
    for _ in range(2):
        sokkuri("duplicates", "--apply", plan, **environment)
    (listed,) = server.api("duplicates/drops")["drops"]
    assert (set(listed["ids"]), listed["plan"]) == (set().union(*ALL.values()), True)
    log = home / "my plan.log"
    aside = log.rename(home / "elsewhere.log")
    assert server.api("duplicates/drops") == {"drops": []}
    assert post(server, "undo", {"log": listed["log"]}).status_code == 503
    aside.rename(log)
    back = post(server, "undo", {"log": listed["log"]}).json()
    assert (set(back["returned"]), back["left"]) == (set(listed["ids"]), [])
    assert server.api("duplicates/drops") == {"drops": []}
    assert state_of(home) == before
    (link,) = (photos / ".sokkuri" / "duplicates").glob("*.plan")
    for damaged in ("", "[]", '{"log": "relative.log"}'):
        link.write_text(damaged)
        assert server.api("duplicates/drops") == {"drops": []}
        assert post(server, "undo", {"log": listed["log"]}).status_code == 503


def test_drops_of_a_batch_are_listed_as_one(home: Path, server: Server) -> None:
    """Those that were undone take no place in the list. A half-done move can be undone."""
    for number, (id_, keep) in enumerate([("copies/0.png", "a/0.png"), (ODD, "a/1.png")]):
        body = {"drops": [{"id": id_, "keep": keep}], "batch": "0123abcd"}
        log = post(server, "drops", body).json()["log"]
        assert log.endswith("-0123abcd.log")
        listed = server.api("duplicates/drops")["drops"]
        assert (listed[0]["log"], len(listed)) == (log, number + 1)
        assert {entry["batch"] for entry in listed} == {"0123abcd"}
    wrong = {"drops": [{"id": "b/3.png", "keep": "b/2.png"}], "batch": "../../0a"}
    assert_problem(post(server, "drops", wrong), 422, "invalid")
    path = home / "photos" / ".sokkuri" / "duplicates" / log
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:-1]))  # a kill left the intent alone
    assert server.api("duplicates/drops")["drops"] == listed
    assert post(server, "undo", {"log": log}).json() == {
        "returned": [ODD], "left": [], "companions_returned": []
    }  # fmt: skip
    assert server.api("duplicates/drops")["drops"] == listed[1:]


def test_only_near_duplicates_can_be_dropped(home: Path, server: Server) -> None:
    """The image that stays must be in the same group, must exist, and must be unchanged."""
    before = state_of(home)
    for id_, keep in (("alone/10.png", "a/0.png"), ("a/0.png", "a/0.png"), ("a/0.png", "a/1.png"),
                      ("nowhere.png", "a/0.png"), ("copies/0.png", "nowhere.png")):  # fmt: skip
        done = drop(server, (id_, keep))
        assert (done["log"], done["moved"]) == (None, [])
        ((left),) = done["left"]
        assert left["id"] == id_
        assert "near-duplicate" in left["reason"]
    outside = drop(server, ("copies/0.png", "a/0.png"), under="b")
    assert outside["moved"] == []
    assert state_of(home) == before

    (home / "photos" / "a" / "0.png").write_bytes(b"something else")
    changed = drop(server, ("copies/0.png", "a/0.png"))
    assert changed["moved"] == []
    assert "changed" in changed["left"][0]["reason"]
    assert (home / "photos" / "copies" / "0.png").is_file()
    assert list_trash(trash_folder(home)) == []


def test_one_image_of_a_group_always_stays(home: Path, server: Server) -> None:
    """One request may name all images of a group."""
    three = ["a/0.png", "copies/0.png", "copies/zero.png"]
    drops = [*itertools.permutations(three, 2)]
    done = drop(server, *drops)
    assert len(done["moved"]) < len(three)
    assert any((home / "photos" / name).is_file() for name in three)
    post(server, "undo", {"log": done["log"]})
    assert all((home / "photos" / name).is_file() for name in three)


@pytest.fixture(scope="module")
def dropped(compared_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dropped]:
    """A server after one drop. The log of the drop also lies beside the folder of the logs."""
    home = shutil.copytree(compared_home, tmp_path_factory.mktemp("dropped") / "home")
    with changing(home) as server:
        drop(server, ("copies/0.png", "a/0.png"))
        store = home / "photos" / ".sokkuri"
        shutil.copyfile(next((store / "duplicates").glob("*.log")), store / "plan.log")
        yield home, server


@pytest.mark.parametrize(
    "log",
    ["", ".", "..", "nowhere.log", "../catalog.sqlite", "../plan.log", "/etc/passwd", "a/../b.log",
     "x\0.log", "x" * 200],
)  # fmt: skip
def test_the_name_of_a_log_leads_to_no_other_folder(dropped: Dropped, log: str) -> None:
    home, server = dropped
    before = state_of(home)
    assert "copies/0.png" not in before
    assert_problem(post(server, "undo", {"log": log}), 422, "invalid")
    assert state_of(home) == before


def test_a_decision_survives_a_move_and_an_index_run(home: Path, server: Server) -> None:
    """Decisions belong to the content. Undoing one brings the group back."""
    pair = ["b/2.png", "b/3.png"]
    # A copy of the same bytes cannot be told from itself: this one is another picture's.
    answer = post(server, "decisions", {"different": [["a/0.png", "a/1.png"]], "keep": [ODD]})
    assert answer.json() == {"different": 1, "keep": 1}
    again = post(server, "decisions", {"different": [["a/0.png", "a/1.png"]], "keep": [ODD]})
    assert again.json() == {"different": 0, "keep": 0}
    kept = [
        image["id"]
        for group in server.api("duplicates")["groups"]
        for image in group["images"]
        if image["kept"]
    ]
    assert sorted(kept) == ["a/1.png", ODD], "the same bytes are the same decision"
    photos = home / "photos"
    (photos / "moved").mkdir()
    (photos / ODD).rename(photos / "moved" / "x.png")
    sokkuri("index", photos)
    images = {
        image["id"]: image["kept"]
        for group in server.api("duplicates")["groups"]
        for image in group["images"]
    }
    assert images["moved/x.png"]
    assert not images["b/2.png"]
    undone = post(server, "decisions", {"keep": ["moved/x.png"], "undo": True})
    assert undone.json() == {"different": 0, "keep": 1}
    unknown = post(server, "decisions", {"different": [[pair[0], "nowhere.png"]]})
    assert_problem(unknown, 404, "unknown-image")


def test_another_run_finds_new_duplicates(home: Path, server: Server) -> None:
    """The list of groups follows index runs and comparisons."""
    shutil.copyfile(home / "photos" / "alone" / "10.png", home / "photos" / "alone" / "new.png")
    sokkuri("index", home / "photos")
    compare(server)
    assert groups(server).keys() == {*ALL, "alone/10.png"}


def test_a_server_that_compares_shuts_down_cleanly(uncompared: Path) -> None:
    with changing(uncompared) as server:
        assert post(server, "find", {}).json()["started"]
        server.stop()
    with changing(uncompared) as server:
        compare(server)
        assert groups(server) == ALL


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("find", {"min_grade": "none"}), ("find", {"other": 1}), ("find", []), ("find", None),
        ("decisions", {"different": [["a/0.png"]]}), ("decisions", {"different": "a"}),
        ("decisions", {"keep": [1]}), ("decisions", {"keep": ["\ud800"]}),
        ("drops", {"drops": []}), ("drops", {"drops": [{"id": "a/0.png"}]}), ("drops", {}),
        ("drops", {"drops": [{"id": "a/0.png", "keep": "b/2.png", "path": "/etc"}]}),
        ("drops", {"drops": [{"id": "a", "keep": "b"}] * 201}),
        ("drops", {"drops": [{"id": "a", "keep": "b"}], "under": "../.."}),
        ("undo", {}), ("undo", {"log": 1}), ("undo", {"log": "x" * 201}),
    ],
)  # fmt: skip
def test_invalid_requests_are_refused(unchanged_server: Server, path: str, body: Any) -> None:
    assert_problem(post(unchanged_server, path, body), 422, "invalid")

"""serve --allow-changes: near-duplicates, moves to the trash and back, and access control."""

import itertools
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from draw_images import save_drawing
from run_cli import sokkuri
from run_server import TIMEOUT_SECONDS, Server, assert_problem, read_all, serving
from tiny_model import write_tiny_model
from trash_fixtures import home_environment, list_trash, trash_folder

ODD = os.fsdecode(b"copies/caf\xe9.png")
COPIES = {"a/0.png": ["copies/0.png", "copies/zero.png"], "a/1.png": [ODD], "b/2.png": ["b/3.png"]}
"""Copies with equal bytes, by their original, which is the oldest file."""
POSTS = {
    "find": {},
    "decisions": {"different": [["a/0.png", "copies/0.png"]], "keep": ["copies/0.png"]},
    "drops": {"drops": [{"id": "copies/0.png", "keep": "a/0.png"}]},
    "undo": {"log": "20260101T000000-000000-00000000.log"},
}
EVIL = "https://evil.example"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with a collection in `photos`: eight images, four of which have copies."""
    photos = tmp_path / "photos"
    for seed, folder in enumerate("aabb"):
        if folder == "a" or seed == 2:
            save_drawing(photos / folder / f"{seed}.png", seed, 200, 150)
    for seed in (10, 11):
        save_drawing(photos / "alone" / f"{seed}.png", seed, 200, 150)
    for number, (original, copies) in enumerate(COPIES.items()):
        os.utime(photos / original, (1_500_000_000 + number, 1_400_000_000 + number))
        for copy in copies:
            (photos / copy).parent.mkdir(exist_ok=True)
            shutil.copyfile(photos / original, photos / copy)
            os.utime(photos / copy, (1_600_000_000, 1_600_000_000))
    sokkuri("index", photos, "--model", write_tiny_model(tmp_path / "tiny.onnx"))
    return tmp_path


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    """A server that allows changes, with a trash of its own. All images are compared."""
    with serving(home / "photos", "--allow-changes", **home_environment(home)) as started:
        compare(started)
        yield started


def compare(server: Server) -> None:
    assert post(server, "find", {}).json() == {"started": True}
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while (state := server.api("duplicates/state"))["running"]:
        assert time.monotonic() < deadline, state
    assert state["failure"] is None, state
    assert state["compared"] == state["of"] > 0


def key(server: Server) -> dict[str, str]:
    return {"X-Sokkuri-Change": server.api("changes")["key"]}


def post(server: Server, path: str, body: Any, **headers: str) -> httpx.Response:
    """Send a change as a page does, with the right key unless another one is given."""
    sent = {"Content-Type": "application/json", **(headers or key(server))}
    content = json.dumps(body)
    return server.post(f"/api/v1/duplicates/{path}", content=content, headers=sent)


def groups(server: Server, **params: Any) -> dict[str, set[str]]:
    """Return the ids of the other images of each group, by the image to keep."""
    found = server.api("duplicates", **params)["groups"]
    return {
        group["keep"]: {image["id"] for image in group["images"]} - {group["keep"]}
        for group in found
    }


def drop(server: Server, *drops: tuple[str, str], **also: Any) -> Any:
    body = {"drops": [{"id": id_, "keep": keep} for id_, keep in drops], **also}
    answer = post(server, "drops", body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def state_of(home: Path) -> dict[str, tuple[bytes, int]]:
    """Return the bytes and the date of every file."""
    photos = home / "photos"
    files = [file for file in photos.rglob("*.png") if ".sokkuri" not in file.parts]
    return {
        str(file.relative_to(photos)): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in files
    }


ALL = {keep: set(copies) for keep, copies in COPIES.items()}


def test_groups_have_the_data_that_a_page_shows(server: Server) -> None:
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


def test_equal_files_are_known_before_any_comparison(home: Path) -> None:
    with serving(home / "photos") as server:
        page = server.api("duplicates")
        assert groups(server) == ALL
        assert page["compared"] == 0 < page["of"]


def test_groups_come_in_pages_and_obey_the_filters(server: Server) -> None:
    """Each group comes once at every page size. Both filters apply."""
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
    """The file moves to the system's trash and comes back unchanged. Searches follow."""
    before = state_of(home)
    done = drop(server, ("copies/0.png", "a/0.png"), (ODD, "a/1.png"))
    assert (done["moved"], done["left"]) == (["copies/0.png", ODD], [])
    assert state_of(home) == {
        name: what for name, what in before.items() if name not in ("copies/0.png", ODD)
    }
    assert len(list_trash(trash_folder(home))) == 2
    assert groups(server) == {"a/0.png": {"copies/zero.png"}, "b/2.png": {"b/3.png"}}
    hits = server.api("images/a/0.png/similar", k=50)["hits"]
    assert {"copies/0.png", ODD}.isdisjoint(hit["id"] for hit in hits)
    log = home / "photos" / ".sokkuri" / "duplicates" / done["log"]
    assert log.is_file()
    expected = {"log": done["log"], "ids": ["copies/0.png", ODD]}
    assert server.api("duplicates/drops") == {"drops": [expected]}, "also for another page"
    (log.parent / "20990101T000000-000000-00000000.log").write_text("no log")
    assert server.api("duplicates/drops") == {"drops": [expected]}

    back = post(server, "undo", {"log": done["log"]}).json()
    assert (set(back["returned"]), back["left"]) == ({"copies/0.png", ODD}, [])
    assert server.api("duplicates/drops") == {"drops": []}
    assert state_of(home) == before
    assert list_trash(trash_folder(home)) == []
    assert groups(server) == ALL
    again = post(server, "undo", {"log": done["log"]}).json()
    assert again["left"] == []
    assert state_of(home) == before


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


@pytest.mark.parametrize(
    "log",
    ["", ".", "..", "nowhere.log", "../catalog.sqlite", "../plan.log", "/etc/passwd", "a/../b.log",
     "x\0.log", "x" * 200],
)  # fmt: skip
def test_the_name_of_a_log_leads_to_no_other_folder(home: Path, server: Server, log: str) -> None:
    before = state_of(home)
    drop(server, ("copies/0.png", "a/0.png"))
    shutil.copyfile(
        next((home / "photos" / ".sokkuri" / "duplicates").glob("*.log")),
        home / "photos" / ".sokkuri" / "plan.log",
    )
    assert_problem(post(server, "undo", {"log": log}), 422, "invalid")
    assert state_of(home).keys() == before.keys() - {"copies/0.png"}


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


def test_a_read_only_server_changes_nothing(home: Path, server: Server) -> None:
    """A key of another server does not help."""
    before = state_of(home)
    with serving(home / "photos", **home_environment(home)) as reader:
        assert reader.api("info")["changes"] is False
        assert reader.api("changes") == {"allowed": False, "key": None}
        assert groups(reader) == ALL
        for path, body in POSTS.items():
            answer = post(reader, path, body, **key(server))
            assert "--allow-changes" in assert_problem(answer, 403, "changes")
    assert state_of(home) == before
    assert groups(server) == ALL


WITHOUT = [
    {"X-Nothing": "1"}, {"X-Sokkuri-Change": ""}, {"X-Sokkuri-Change": "x" * 43},
    {"X-Sokkuri-Change": "\xe4"}, {"Authorization": "Bearer KEY"}, {"Cookie": "change=KEY"},
    {"X-Sokkuri-Change": "KEY", "Origin": EVIL}, {"X-Sokkuri-Change": "KEY", "Origin": "null"},
    {"X-Sokkuri-Change": "KEY", "Origin": "http://127.0.0.1:1"},
    {"X-Sokkuri-Change": "KEY", "Sec-Fetch-Site": "cross-site"},
    {"X-Sokkuri-Change": "KEY", "Sec-Fetch-Site": "same-site"},
    {"X-Sokkuri-Change": "KEY", "Sec-Fetch-Site": "none"},
]  # fmt: skip


def test_only_the_own_pages_of_a_server_change_something(home: Path, server: Server) -> None:
    """Requests without a key, with a wrong key, or from another site are refused."""
    before = state_of(home)
    known = key(server)["X-Sokkuri-Change"]
    for headers in WITHOUT:
        given = {name: value.replace("KEY", known) for name, value in headers.items()}
        for path, body in POSTS.items():
            target = f"/api/v1/duplicates/{path}"
            sent = {"Content-Type": "application/json", **given}
            answer = server.ask(target, "POST", sent, json.dumps(body).encode())
            assert_problem(answer, 403, "changes")
    assert state_of(home) == before
    assert groups(server) == ALL
    own = {"Origin": server.address.rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert post(server, "decisions", {"keep": []}, **key(server), **own).status_code == 200
    for kind in ("text/plain", "application/x-www-form-urlencoded"):  # what a form can send
        as_form = post(server, "drops", POSTS["drops"], **key(server), **{"Content-Type": kind})
        assert_problem(as_form, 422, "invalid")
    assert state_of(home) == before


def test_the_key_is_checked_before_the_body_is_read(server: Server) -> None:
    """Guarantee: a request without the key is refused before the server reads its body."""
    for path in ("labels", *(f"duplicates/{one}" for one in POSTS)):
        with server.connect() as connection:
            connection.sendall(
                f"POST /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
                "Content-Type: application/json\r\nConnection: close\r\n\r\n".encode()
            )
            answer = read_all(connection)
        assert answer.startswith(b"HTTP/1.1 403 "), answer
    large = server.ask(
        "/api/v1/labels", "POST", {**key(server), "Content-Length": str(2**20 + 1)}, b""
    )
    assert_problem(large, 413, "too-large")


def test_origins_that_cors_allows_may_read_but_not_change(home: Path) -> None:
    theirs = "https://gallery.example"
    options = ["--allow-changes", "--cors", theirs]
    with serving(home / "photos", *options, **home_environment(home)) as server:
        assert server.ask("/api/v1/info", headers={"Origin": theirs}).status == 200
        assert_problem(server.ask("/api/v1/changes", headers={"Origin": theirs}), 403, "changes")
        asked = {
            "Origin": theirs,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type, x-sokkuri-change",
        }
        assert server.ask("/api/v1/duplicates/drops", "OPTIONS", asked).status == 400
        answer = post(server, "drops", POSTS["drops"], **key(server), Origin=theirs)
        assert_problem(answer, 403, "changes")


def test_changes_need_the_token_and_the_key(home: Path) -> None:
    token = "sixteen-characters-and-more"
    given = {**home_environment(home), "SOKKURI_TOKEN": token}
    with serving(home / "photos", "--allow-changes", **given) as server:
        shown = {"Authorization": f"Bearer {token}"}
        rights = server.get("/api/v1/changes", headers=shown).json()
        assert rights["allowed"]
        assert rights["key"] not in (token, None)
        change = {"X-Sokkuri-Change": rights["key"]}
        assert_problem(post(server, "find", {}, **change), 401, "token")
        assert_problem(server.ask("/api/v1/changes"), 401, "token")
        assert post(server, "decisions", {}, **change, **shown).status_code == 200


def test_changes_over_the_network_need_a_token(home: Path) -> None:
    for options in (["--no-auth"], []):
        asked = ["serve", "-C", home / "photos", "--no-browser", "--host", "0.0.0.0",
                 "--allow-changes", *options]  # fmt: skip
        line = sokkuri(*asked, code=2).stderr
        assert line.count("\n") == 1
        assert "--allow-changes" in line
        assert "--token new" in line


def test_each_server_has_a_key_of_its_own(home: Path) -> None:
    keys = set()
    for _ in range(2):
        with serving(home / "photos", "--allow-changes") as server:
            keys.add(key(server)["X-Sokkuri-Change"])
    assert len(keys) == 2
    assert all(len(one) >= 40 for one in keys)


def test_another_run_finds_new_duplicates(home: Path, server: Server) -> None:
    """The list of groups follows index runs and comparisons."""
    shutil.copyfile(home / "photos" / "alone" / "10.png", home / "photos" / "alone" / "new.png")
    sokkuri("index", home / "photos")
    compare(server)
    assert groups(server).keys() == {*ALL, "alone/10.png"}


def test_a_server_that_compares_shuts_down_cleanly(home: Path) -> None:
    with serving(home / "photos", "--allow-changes", **home_environment(home)) as server:
        assert post(server, "find", {}).json()["started"]
        server.stop()
    with serving(home / "photos", "--allow-changes", **home_environment(home)) as server:
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
def test_invalid_requests_are_refused(server: Server, path: str, body: Any) -> None:
    assert_problem(post(server, path, body), 422, "invalid")

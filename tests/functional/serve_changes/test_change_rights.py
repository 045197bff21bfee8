"""serve --allow-changes: who may change something, and who may not."""

import json
from pathlib import Path

from change_server import ALL, POSTS, groups, key, post, state_of
from run_cli import sokkuri
from run_server import Server, assert_problem, read_all, serving
from trash_fixtures import home_environment

EVIL = "https://evil.example"


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


def test_the_key_is_checked_before_the_body_is_read(unchanged_server: Server) -> None:
    """Guarantee: a request without the key is refused before the server reads its body."""
    server = unchanged_server
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

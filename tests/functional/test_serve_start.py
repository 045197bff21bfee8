"""serve: start, authentication, and the messages when it cannot start."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from draw_images import save_drawing
from run_cli import sokkuri, start
from run_server import TIMEOUT_SECONDS, Server, assert_problem, serving
from tiny_model import write_tiny_model

TOKEN = "sixteen-characters-and-more"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("start")
    save_drawing(home / "photos" / "cat.png", 1)
    sokkuri("index", home / "photos", "--model", write_tiny_model(home / "tiny.onnx"))
    return home / "photos"


@pytest.fixture(scope="module")
def locked(folder: Path) -> Iterator[Server]:
    with serving(folder, SOKKURI_TOKEN=TOKEN) as server:
        yield server


def refused(folder: Path, *options: object, code: int = 2, **environment: str) -> str:
    """Return the one line of the error."""
    asked = ["serve", "-C", folder, "--no-browser", "--port", 0, *options]
    done = sokkuri(*asked, code=code, cwd=None, **environment)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("sokkuri: ")
    return done.stderr


PRIVATE = [
    "/api/v1/info", "/api/v1/images", "/api/v1/images/cat.png", "/api/v1/images/cat.png/file",
    "/api/v1/images/cat.png/thumbnail", "/api/v1/images/cat.png/similar", "/api/v1/grid",
    "/api/v1/grid/items", "/api/v1/folders", "/api/v1/failures", "/api/v1/status",
    "/api/v1/events", "/api/v1/metrics", "/api/v1/openapi.json", "/api/v1/nowhere",
    "/metrics", "/similar/cat.png", "/", "/browse", "/static/app.js", "/nowhere",
    "/healthz/", "//healthz", "/healthz/../metrics", "/login/../metrics", "/HEALTHZ",
    "/static/../metrics", "/%2fhealthz",
]  # fmt: skip


@pytest.mark.parametrize("target", PRIVATE)
def test_requests_without_the_token_are_refused(locked: Server, target: str) -> None:
    answer = locked.ask(target)
    assert "Bearer" in assert_problem(answer, 401, "token")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "set-cookie" not in answer.headers


def test_a_search_needs_the_token(locked: Server) -> None:
    answer = locked.ask(
        "/api/v1/search", "POST", {"Content-Type": "application/json"}, b'{"ids": ["cat.png"]}'
    )
    assert_problem(answer, 401, "token")


@pytest.mark.parametrize(
    "shown",
    [
        "Bearer wrong-but-long-enough", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", "Bearer",
        "Bearer ", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN.upper()}", "Bearer \xe4\xff",
        f"Bearer Bearer {TOKEN}",
    ],
)  # fmt: skip
def test_a_wrong_token_is_refused(locked: Server, shown: str) -> None:
    assert_problem(locked.ask("/api/v1/info", headers={"Authorization": shown}), 401, "token")
    cookie = {"Cookie": f"sokkuri={shown.removeprefix('Bearer ')}"}
    assert_problem(locked.ask("/api/v1/info", headers=cookie), 401, "token")


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER"])
def test_programs_authenticate_with_the_token(locked: Server, kind: str) -> None:
    shown = {"Authorization": f"{kind} {TOKEN}"}
    for target in ("/api/v1/info", "/metrics", "/", "/api/v1/images/cat.png/file"):
        answer = locked.ask(target, headers=shown)
        assert answer.status == 200
        assert "set-cookie" not in answer.headers


def test_the_health_check_needs_no_token(locked: Server) -> None:
    login = ("/login", "/static/login.css", "/static/base/theme.js")
    for target in ("/healthz", "/api/v1/healthz", *login):
        assert locked.ask(target).status == 200


def test_the_cookie_does_not_hold_the_token(locked: Server) -> None:
    """The session secret is valid until the server stops. The token would be valid longer."""
    assert locked.ask("/api/v1/info", headers={"Cookie": f"sokkuri={TOKEN}"}).status == 401


def test_the_link_logs_in_one_browser_once(folder: Path) -> None:
    with serving(folder, "--token", TOKEN) as server:
        assert server.link.startswith(f"{server.address}login?once=")
        for wrong in ("login?once=", "login?once=wrong", "login?once=%00"):
            answer = httpx.get(f"{server.address}{wrong}")
            assert "set-cookie" not in answer.headers
        with httpx.Client() as browser, httpx.Client() as other:
            first = browser.get(server.link)
            assert (first.status_code, first.headers["location"]) == (303, "/")
            cookie = first.headers["set-cookie"].lower()
            assert "httponly" in cookie
            assert "samesite=strict" in cookie
            assert TOKEN not in first.headers["set-cookie"]
            assert browser.get(f"{server.address}api/v1/info").status_code == 200
            second = other.get(server.link)
            assert second.status_code == 401
            assert not second.cookies
            assert other.get(f"{server.address}api/v1/info").status_code == 401


def test_the_login_form_logs_in_a_browser(locked: Server) -> None:
    page = {"Accept": "text/html,*/*"}
    with httpx.Client(base_url=locked.address, headers=page) as browser:
        sent_on = browser.get("/browse?at=3")
        assert (sent_on.status_code, sent_on.headers["location"]) == (303, "/login")
        form = browser.get("/login")
        assert form.headers["content-type"].startswith("text/html")
        assert 'name="token"' in form.text
        for wrong in ({"token": "wrong"}, {"token": ""}, {}, {"token": TOKEN[:-1]}):
            answer = browser.post("/login", data=wrong)
            assert answer.status_code == 401
            assert not browser.cookies
        assert_problem(browser.post("/login", data={"token": "x" * 1001}), 422, "invalid")
        right = browser.post("/login", data={"token": TOKEN})
        assert (right.status_code, right.headers["location"]) == (303, "/")
        assert browser.get("/").status_code == 200
        assert browser.get("/api/v1/info").json()["total"] == 1


def test_cookies_of_other_servers_do_no_harm(locked: Server) -> None:
    """All servers on this machine share its cookies, and some of them are malformed."""
    ((name, session),) = httpx.post(f"{locked.address}login", data={"token": TOKEN}).cookies.items()
    for other in ('settings={"a": [1, 2]}', "a b=c", "=", "päth=/;x", 'q="un;closed', "$x=1"):
        shown = f"{other}; {name}={session}".encode("latin-1").decode("latin-1")
        assert locked.ask("/api/v1/info", headers={"Cookie": shown}).status == 200, other


def test_the_server_serves_while_the_browser_is_open(folder: Path, tmp_path: Path) -> None:
    """Some browser commands return only when the browser is closed."""
    shown, browser = tmp_path / "shown", tmp_path / "browser"
    os.mkfifo(shown)
    browser.write_text(f'#!/bin/sh\necho "$1" > {shown}\n')  # waits until somebody reads
    browser.chmod(0o755)
    variables = {"BROWSER": f"{browser} %s"}
    server = Server(
        lambda stderr: start(
            "serve", "-C", folder, "--port", 0, stderr=stderr, environment=variables
        )
    )
    try:
        assert server.get("healthz").status_code == 200
        assert shown.read_text() == f"{server.link}\n"
        server.stop()
    finally:
        server.close()


def test_a_new_token_is_random(folder: Path) -> None:
    with serving(folder, "--token", "new") as server:
        drawn = server.lines[0].removeprefix("the token is ")
        assert len(drawn) >= 32
        assert server.ask("/metrics", headers={"Authorization": f"Bearer {drawn}"}).status == 200
        assert server.ask("/metrics").status == 401


def test_other_machines_get_access_only_with_an_option(folder: Path) -> None:
    for host in ("0.0.0.0", "somewhere.example"):
        line = refused(folder, "--host", host)
        assert "--token new" in line
        assert "--no-auth" in line
    assert "contradict" in refused(folder, "--token", TOKEN, "--no-auth")
    with serving(folder, "--host", "0.0.0.0", "--no-auth") as server:
        assert "there is no token" in server.lines[0]
        assert server.address.startswith("http://127.0.0.1:")
        assert server.api("info")["total"] == 1
    with serving(folder, "--host", "0.0.0.0", "--token", TOKEN) as server:
        assert "unencrypted" in server.lines[0]
        assert server.ask("/").status == 401


def test_short_tokens_are_refused(folder: Path) -> None:
    for short in ("", "x" * 15):
        assert "16 or more" in refused(folder, "--token", short)
    assert "16 or more" in refused(folder, SOKKURI_TOKEN="secret")
    with serving(folder, "--token", "x" * 16):
        pass


def test_host_names_may_have_capitals(folder: Path) -> None:
    with serving(folder, "--host", "LocalHost", "--token", TOKEN) as server:
        assert server.ask("/healthz", headers={"Host": "LocalHost"}).status == 200


def test_a_port_in_use_gives_one_line(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refused(folder, "--port", port)
    assert f"port {port} of 127.0.0.1 is in use" in line
    assert "--port" in line
    nowhere = sokkuri("serve", "-C", folder, "--host", "192.0.2.1", "--no-auth", code=2).stderr
    assert nowhere.splitlines()[-1].startswith("sokkuri: cannot listen on 192.0.2.1: ")


def test_a_folder_without_a_collection_gives_one_line(tmp_path: Path) -> None:
    assert str(tmp_path) in refused(tmp_path, code=1)
    assert "nowhere" in refused(tmp_path / "nowhere", code=1)


def test_an_unreadable_catalog_gives_one_line(tmp_path: Path, folder: Path) -> None:
    """The line comes before the address, and the exit code is not 0."""
    (tmp_path / ".sokkuri").mkdir()
    (tmp_path / ".sokkuri" / "catalog.sqlite").write_bytes(b"this is no database" * 100)
    refused(tmp_path, code=1)


def test_a_missing_extra_is_named(folder: Path) -> None:
    """No package of the extra can be imported."""
    hide = (
        "import sys\n"
        "for name in ('fastapi', 'starlette', 'uvicorn', 'prometheus_client', "
        "'python_multipart'):\n"
        "    sys.modules[name] = None\n"
        "from sokkuri.cli import main\n"
        "main()\n"
    )
    arguments = [sys.executable, "-c", hide]
    done = subprocess.run(
        [*arguments, "serve", "-C", str(folder), "--no-browser"],
        capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "pip install 'sokkuri[web]'" in done.stderr
    status = subprocess.run(
        [*arguments, "status", "-C", str(folder)],
        capture_output=True, timeout=TIMEOUT_SECONDS, check=False,
    )  # fmt: skip
    assert status.returncode == 0, "no other verb needs it"


_WITH_A_FAULT = """
import sys
from pathlib import Path
from sokkuri.web.config import ServeConfig
from sokkuri.web.server import serve
from sokkuri.web.services import browse
def fail(*_):
    raise ZeroDivisionError('a fault of the server')
def refuse(*_):
    raise PermissionError(13, 'Permission denied', 'some/file')
browse.count_folders, browse.read_failure_page = fail, refuse
try:
    serve(Path(sys.argv[1]), ServeConfig(port=0),
          lambda line: print(line, file=sys.stderr, flush=True))
except KeyboardInterrupt:
    pass
"""


def test_a_fault_is_logged_once_and_a_disk_that_refuses_is_no_fault(folder: Path) -> None:
    command = [sys.executable, "-c", _WITH_A_FAULT, str(folder)]
    server = Server(
        lambda stderr: subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=stderr, encoding="utf-8"
        )
    )
    try:
        refused_read = assert_problem(server.get("/api/v1/failures"), 503, "collection")
        assert refused_read.startswith("some/file: permission denied: ")
        answer = server.get("/api/v1/folders")
        assert "ZeroDivisionError" not in assert_problem(answer, 500, "fault")
        assert answer.headers["connection"] == "close", "uvicorn closes it after a fault"
        assert server.get("/healthz").status_code == 200  # all is logged before it is answered
    finally:
        server.close()
    text = "\n".join(server.lines)
    assert text.count("GET /api/v1/folders failed") == 1
    assert text.count("Traceback") == 1
    assert text.count("ZeroDivisionError: a fault of the server") == 1

"""serve: clients that are slow, wait, hang up, send no HTTP, or are too many."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from draw_images import save_drawing
from run_cli import sokkuri
from run_server import Server, assert_problem, read_all, serving, serving_with_config
from tiny_model import write_tiny_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("clients")
    for seed in range(3):
        save_drawing(home / "photos" / f"{seed}.png", seed, 40, 30)
    sokkuri("index", home / "photos", "--model", write_tiny_model(home / "tiny.onnx"))
    return home / "photos"


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with serving(folder) as started:
        yield started


def test_slow_clients_get_408(folder: Path) -> None:
    """Heads that never end and bodies that stop get 408, and the connection closes."""
    post = b"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n%s\r\n\r\n"
    heads = [b"", b"GET / HTTP/1.1\r\nHost: loc", b"GET /healthz HTTP/1.1\r\nA: b\r\n"]
    bodies = [
        post % (kind, length)
        for kind in (b"application/json", b"multipart/form-data; boundary=x")
        for length in (b"Content-Length: 100", b"Transfer-Encoding: chunked")
    ]
    with (
        serving_with_config(folder, header_seconds=0.3, body_seconds=0.3) as server,
        ExitStack() as held,
    ):
        waiting = []
        for sent in heads + bodies:
            waiting.append(held.enter_context(server.connect()))
            waiting[-1].sendall(sent)
        answers = [read_all(connection) for connection in waiting]
        assert server.get("/healthz").status_code == 200
    assert all(answer.startswith(b"HTTP/1.1 408 ") for answer in answers)
    for answer in answers[len(heads) :]:
        document = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert document["type"] == "urn:sokkuri:problem:slow"


def test_the_time_limit_applies_to_the_second_head_too(folder: Path) -> None:
    with serving_with_config(folder, header_seconds=0.3) as server, server.connect() as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while not answer.endswith(b'{"status":"ok"}'):
            answer += connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200 ")
        connection.sendall(b"GET / HT")
        assert read_all(connection).startswith(b"HTTP/1.1 408 ")


def test_idle_connections_delay_no_other_client(server: Server) -> None:
    with ExitStack() as held:
        for _ in range(300):
            connection = held.enter_context(server.connect())
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost:")
        assert server.ask("/api/v1/images/0.png/similar").status == 200


def test_requests_beyond_the_limit_get_503_and_a_time_to_retry(folder: Path) -> None:
    """Promise: the number of waiting requests is limited."""
    with serving_with_config(folder, searches=1) as server:
        picture = (folder / "0.png").read_bytes()
        start = threading.Barrier(24)

        def ask(_: int) -> int:
            start.wait()
            files = [("image", (f"{number}.png", picture)) for number in range(16)]
            answer = server.post("/api/v1/search", files=files)
            if answer.status_code == 503:
                assert_problem(answer, 503, "busy")
                assert answer.headers["retry-after"] == "1"
            return answer.status_code

        with ThreadPoolExecutor(24) as pool:
            assert 503 in set(pool.map(ask, range(24)))
        assert server.api("images/0.png/similar", k=1)["hits"], "it has recovered"


def test_bytes_that_are_not_http_do_no_harm(server: Server) -> None:
    for garbage in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"\r\n\r\nHELO x\r\n",
                    b"GET /\xff HTTP/1.1\r\n\r\n",
                    b"GET / HTTP/1.1\r\n\r\n", b"A" * 200_000):  # fmt: skip
        answer = b""
        with server.connect() as connection, suppress(ConnectionError):
            connection.sendall(garbage)
            answer = read_all(connection)
        assert not answer or answer.split(b" ", 2)[1] in (b"400", b"421"), answer[:80]
    assert server.get("/healthz").status_code == 200


def test_a_client_that_leaves_while_it_sends_is_no_fault(folder: Path) -> None:
    """Guarantee: clients that hang up do not fill the log."""
    with serving(folder, "--allow-changes") as server:
        key = server.api("changes")["key"].encode()
        for target, kind in (
            (b"search", b"multipart/form-data; boundary=x"),
            (b"search", b"application/json"),
            (b"labels", b"application/json"),
        ):
            with server.connect() as connection:
                connection.sendall(
                    b"POST /api/v1/%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n"
                    b"X-Sokkuri-Change: %s\r\nContent-Type: %s\r\n\r\n--x\r\n" % (target, key, kind)
                )
        assert server.get("/healthz").status_code == 200
        server.stop()
        assert [line for line in server.lines if "sokkuri serves" not in line] == ["stopped"]

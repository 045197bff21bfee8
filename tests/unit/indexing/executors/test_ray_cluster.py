"""A wrong cluster address is reported at once."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sokkuri.core.errors import ClusterError, UsageError
from sokkuri.indexing.executors.ray_cluster import check_address


@contextmanager
def answering(data: bytes) -> Iterator[str]:
    """A server that gives one fixed answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(data)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def test_a_server_that_answers_in_grpc_is_accepted() -> None:
    with answering(bytes([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 5, 0, 0, 64, 0])) as address:
        check_address(address)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n", b"+PONG\r\n", b"no", b""])
def test_another_kind_of_server_is_refused(answer: bytes) -> None:
    """Ray itself would try for minutes."""
    with (
        answering(answer) as address,
        pytest.raises(ClusterError, match="another program"),
    ):
        check_address(address)


@pytest.mark.parametrize("address", ["ray://head:10001", "head", "head:", ":6379", "head:port"])
def test_a_malformed_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError):
        check_address(address)


def test_the_environment_variable_is_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "ray://head:10001")
    for address in (None, "auto"):
        with pytest.raises(UsageError, match="on a node of the cluster, with --address auto"):
            check_address(address)
    check_address("local")
    monkeypatch.delenv("RAY_ADDRESS")
    check_address(None)
    check_address("auto")


def test_a_port_out_of_range_is_a_cluster_error() -> None:
    with pytest.raises(ClusterError, match=r"no Ray cluster at 127\.0\.0\.1:99999"):
        check_address("127.0.0.1:99999")

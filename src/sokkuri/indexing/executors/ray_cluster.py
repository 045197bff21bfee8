"""The way into a Ray cluster: an address becomes a connection, or one clear error, quickly.

Nothing of Ray's own talk reaches the shell, nothing is told to anybody outside, and a process that
is connected already stays so.
"""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sokkuri.core.errors import ClusterError, MissingExtraError, UsageError

_SECONDS = 5.0
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
_SETTINGS = 4  # the kind of frame that a server answers with

_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": "^",  # every line: deaths are told in our own words
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""Ray reads these when it is imported."""


def import_ray() -> Any:
    """The package. Raises MissingExtraError."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError:
        raise MissingExtraError("the executor ray", "ray") from None
    return ray


def check_address(address: str | None) -> None:
    """Raises UsageError for what is no address, ClusterError where no cluster answers."""
    address = _resolved(address)
    if address in ("auto", "local"):
        return
    if "://" in address:
        raise UsageError(
            f"{address} is an address of Ray Client, which the writer of a collection cannot go "
            "through: run the command on a node of the cluster, with --address auto"
        )
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise UsageError(f"no address {address}: it is auto, or HOST:PORT of the cluster's head")
    try:
        answer = _ask(host.strip("[]"), int(port))
    except (OSError, OverflowError) as error:
        raise ClusterError(f"no Ray cluster at {address}: {_said(error).lower()}") from None
    if not answer:
        raise ClusterError(f"no Ray cluster at {address}: what answers there is something else")


def _resolved(address: str | None) -> str:
    """With what the environment says, as Ray itself takes it."""
    given = os.environ.get("RAY_ADDRESS")
    return given or address or "local" if address in (None, "auto") else address


def _ask(host: str, port: int) -> bool:
    """Whether what listens there speaks as the head of a cluster does, which is gRPC."""
    with socket.create_connection((host, port), _SECONDS) as connection:
        if os.environ.get("RAY_USE_TLS", "0") not in ("0", "false", ""):
            return True  # it would want a certificate first
        connection.sendall(_GREETING)
        answer = b""
        while len(answer) < 4 and (more := connection.recv(4)):
            answer += more
    return len(answer) >= 4 and answer[3] == _SETTINGS


def connect(address: str | None, cpus: int) -> bool:
    """Join the cluster at the address, that of RAY_ADDRESS, or one of this machine's own, with so
    many CPUs. Whether there is a connection to close: not where the process had one.

    Raises UsageError, ClusterError, MissingExtraError.
    """
    ray = import_ray()
    if ray.is_initialized():
        return False
    check_address(address)
    where = _resolved(address)
    own = {"num_cpus": cpus, "include_dashboard": False} if where == "local" else {}
    try:
        with _handlers_kept():
            ray.init(address=where, log_to_driver=False, logging_level="ERROR", **own)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        found = "a Ray cluster cannot be started" if where == "local" else "no Ray cluster"
        place = "" if where == "local" else f" at {where}"
        raise ClusterError(f"{found}{place}: {_said(error)}") from error
    return True


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Ray puts a handler of its own in the place of the one that ends us in good order."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _said(error: BaseException) -> str:
    """An error in one line."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(reason.split())[:300] or type(error).__name__

"""Connect to a Ray cluster: an address becomes a connection, or one clear error, quickly.

Hides Ray's own output, turns off its usage statistics, and keeps a connection that the process
already has.
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
# The first bytes of an HTTP/2 connection (RFC 9113, 3.4): the preface and an empty SETTINGS frame.
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
_SETTINGS = 4  # the frame type that an HTTP/2 server answers with

_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": "^",  # every line: deaths are reported in our own messages
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""Ray reads these when it is imported."""


def import_ray() -> Any:
    """Return the package `ray`. Raises MissingExtraError."""
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError:
        raise MissingExtraError("the executor ray", "ray") from None
    return ray


def check_address(address: str | None) -> None:
    """Raise UsageError if this is no address, ClusterError if no cluster answers there."""
    address = _resolved(address)
    if address in ("auto", "local"):
        return
    if "://" in address:
        raise UsageError(
            f"{address} is an address of Ray Client, which sokkuri cannot use: run the command on "
            "a node of the cluster, with --address auto"
        )
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise UsageError(f"no address {address}: it is auto, or HOST:PORT of the cluster's head")
    try:
        is_cluster = _speaks_grpc(host.strip("[]"), int(port))
    except (OSError, OverflowError) as error:
        raise ClusterError(f"no Ray cluster at {address}: {_in_one_line(error).lower()}") from None
    if not is_cluster:
        raise ClusterError(f"no Ray cluster at {address}: another program answers there")


def _resolved(address: str | None) -> str:
    """Return the address that Ray would use, with RAY_ADDRESS taken into account."""
    from_environment = os.environ.get("RAY_ADDRESS")
    return from_environment or address or "local" if address in (None, "auto") else address


def _speaks_grpc(host: str, port: int) -> bool:
    """Return whether the server there answers as the head of a cluster does: in gRPC."""
    with socket.create_connection((host, port), _SECONDS) as connection:
        if os.environ.get("RAY_USE_TLS", "0") not in ("0", "false", ""):
            return True  # it would want a certificate first
        connection.sendall(_PREFACE)
        answer = b""
        while len(answer) < 4 and (more := connection.recv(4)):
            answer += more
    return len(answer) >= 4 and answer[3] == _SETTINGS


def connect(address: str | None, cpus: int) -> bool:
    """Join a cluster: at the address, at RAY_ADDRESS, or a new one on this machine.

    cpus : of a new cluster. Returns whether the caller must close the connection: False if the
    process already had one. Raises UsageError, ClusterError, MissingExtraError.
    """
    ray = import_ray()
    if ray.is_initialized():
        return False
    check_address(address)
    target = _resolved(address)
    options = {"num_cpus": cpus, "include_dashboard": False} if target == "local" else {}
    try:
        with _keep_sigterm_handler():
            ray.init(address=target, log_to_driver=False, logging_level="ERROR", **options)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        is_new = target == "local"
        what = "a Ray cluster cannot be started" if is_new else f"no Ray cluster at {target}"
        raise ClusterError(f"{what}: {_in_one_line(error)}") from error
    return True


@contextmanager
def _keep_sigterm_handler() -> Iterator[None]:
    """Restore our handler of SIGTERM, which ends the process in good order: Ray replaces it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, handler)


def _in_one_line(error: BaseException) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(reason.split())[:300] or type(error).__name__

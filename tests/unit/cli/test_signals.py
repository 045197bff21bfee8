"""How an interrupt wakes the thread that ends the process in time."""

import signal
import socket
import threading
from collections.abc import Iterator

import pytest

from sokkuri.cli import signals


@pytest.fixture
def socket_channel(monkeypatch: pytest.MonkeyPatch) -> Iterator[signals._Channel]:
    """The channel of Windows, which works on every system."""
    receiver, sender = socket.socketpair()
    with receiver, sender:
        monkeypatch.setattr(socket, "socketpair", lambda: (receiver, sender))
        yield signals._socket_channel()
        signal.set_wakeup_fd(-1)


def test_a_report_ends_the_wait(socket_channel: signals._Channel) -> None:
    for wait, report in (socket_channel, signals._pipe_channel()):
        thread = threading.Thread(target=wait)
        thread.start()
        report()
        thread.join()


def test_a_signal_ends_the_wait_without_its_handler(socket_channel: signals._Channel) -> None:
    """On Windows the handler does not run while the main thread waits for a lock."""
    wait, _ = socket_channel
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        thread = threading.Thread(target=wait)
        thread.start()
        signal.raise_signal(signal.SIGINT)
        thread.join()
    finally:
        signal.signal(signal.SIGINT, before)

"""How an interrupt wakes the thread that ends the process in time."""

import signal
import socket
from collections.abc import Iterator

import pytest

from sokkuri.cli import signals


@pytest.fixture(params=[signals._pipe_channel, signals._socket_channel])
def channel(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[signals._Channel]:
    """A channel of this system, and the one of Windows, which works on every system."""
    receiver, sender = socket.socketpair()
    with receiver, sender:
        monkeypatch.setattr(socket, "socketpair", lambda: (receiver, sender))
        yield request.param()
        signal.set_wakeup_fd(-1)


def test_a_report_ends_the_wait(channel: signals._Channel) -> None:
    receive, report = channel
    report()
    assert signals._is_interrupt(receive(), lambda *_: None)


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_signal_arrives_without_its_handler(channel: signals._Channel, is_ours: bool) -> None:
    """No handler runs while the main thread waits in a library. A signal that another handler
    handles, such as that of the server, does not end the process."""

    def ours(_number: int, _frame: object) -> None:
        """Report nothing."""

    receive, _ = channel
    before = signal.signal(signal.SIGINT, ours if is_ours else lambda *_: None)
    try:
        signal.raise_signal(signal.SIGINT)
        assert signals._is_interrupt(receive(), ours) == is_ours
    finally:
        signal.signal(signal.SIGINT, before)

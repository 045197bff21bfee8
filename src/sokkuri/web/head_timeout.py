"""A time limit for the head of a request.

uvicorn waits for ever for a client that sends its head slowly or not at all. A few hundred such
clients use up all connections. This protocol answers such a client with 408 and closes the
connection.
"""

from asyncio import TimerHandle
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

_TIMEOUT_RESPONSE = (
    b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
)


class HeadTimeoutProtocol(H11Protocol):
    """A connection with a timer that runs while the head of a request is incomplete. uvicorn
    itself limits the pause between two requests."""

    head_seconds = 10.0
    _timer: TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request
        if cycle is not None and not cycle.response_complete:
            self._stop_timer()
        elif self._timer is None:
            self._start_timer()

    def on_response_complete(self) -> None:
        self._stop_timer()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self.head_seconds, self._close_late_connection)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close_late_connection(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.write(_TIMEOUT_RESPONSE)
            self.transport.close()


def protocol_with_timeout(seconds: float) -> type[HeadTimeoutProtocol]:
    """Return the protocol class with this time limit for the head of each request."""
    return type("HeadTimeoutProtocol", (HeadTimeoutProtocol,), {"head_seconds": seconds})

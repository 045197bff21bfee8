"""HTTP that does not wait for ever: a request's head must be there in time.

uvicorn waits without end for a client that sends its head byte by byte, or none at all, and a few
hundred of those leave no room for others. Here such a connection is answered with 408 and closed.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class TimelyProtocol(H11Protocol):
    """A connection. A timer runs while a request's head is waited for, but not in the pause in
    between two requests, which uvicorn itself bounds."""

    head_seconds = 10.0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request
        if cycle is not None and not cycle.response_complete:
            self._stop_waiting()
        elif self._timer is None:
            self._wait()

    def on_response_complete(self) -> None:
        self._stop_waiting()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self.head_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.write(_SLOW)
            self.transport.close()


def in_time(seconds: float) -> type[TimelyProtocol]:
    """The protocol with so many seconds for each request's head."""
    return type("TimelyProtocol", (TimelyProtocol,), {"head_seconds": seconds})

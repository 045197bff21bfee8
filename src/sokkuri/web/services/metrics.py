"""What a monitor wants to know, in Prometheus's format: requests, how long they took, the images.

An ASGI middleware around everything; `page` is what /metrics answers.
"""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sokkuri.web.services.watcher import Pulse

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Counts:
    """The numbers of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        names = ["method", "route", "status"]
        self._requests = Counter(
            "sokkuri_requests", "Requests answered.", names, registry=self._registry
        )
        self._seconds = Histogram(
            "sokkuri_request_seconds",
            "From a request's head to the end of its answer.",
            ["route"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._images = Gauge(
            "sokkuri_images", "Images of the collection.", ["state"], registry=self._registry
        )
        self._runs = Gauge("sokkuri_index_runs", "Processes that index.", registry=self._registry)

    def took(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def page(self, pulse: Pulse) -> bytes:
        """The text of /metrics."""
        for state in ("total", "waiting", "failed"):
            self._images.labels(state).set(getattr(pulse, state))
        self._runs.set(pulse.runs)
        return generate_latest(self._registry)


class Counting:
    """Counts the requests that the app answers, by route: addresses with ids would be endless."""

    def __init__(self, app: ASGIApp, counts: Counts) -> None:
        self._app = app
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._counts.took(method, route, status, time.perf_counter() - began)


_METHODS = frozenset(("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH"))

"""Metrics in Prometheus's format: requests, their durations, the number of images.

`MetricsMiddleware` is ASGI middleware around the whole app. `Metrics.render` returns the text of
/metrics.
"""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sokkuri.web.services.watcher import CollectionState

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds
_METHODS = frozenset(("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH"))


class Metrics:
    """The metrics of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ["method", "route", "status"]
        self._requests = Counter(
            "sokkuri_requests", "Requests answered.", labels, registry=self._registry
        )
        self._seconds = Histogram(
            "sokkuri_request_seconds",
            "Time from the head of a request to the end of its answer.",
            ["route"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._images = Gauge(
            "sokkuri_images", "Images of the collection.", ["state"], registry=self._registry
        )
        self._runs = Gauge("sokkuri_index_runs", "Processes that index.", registry=self._registry)

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request and its duration."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def render(self, collection_state: CollectionState) -> bytes:
        """Return the text of /metrics."""
        for name in ("total", "waiting", "failed"):
            self._images.labels(name).set(getattr(collection_state, name))
        self._runs.set(collection_state.runs)
        return generate_latest(self._registry)


class MetricsMiddleware:
    """Counts requests by route. Paths contain ids, and would make too many time series."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        status = 500

        async def send_and_note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note_status)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.observe_request(method, route, status, time.perf_counter() - start)

"""A server runs for months: requests of any kind leave no objects behind."""

import asyncio
import gc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from draw_images import save_drawing
from fastapi import FastAPI
from tiny_model import write_tiny_model

from sokkuri.api import Collection
from sokkuri.web.app import create_app

IMAGES = 12
ROUNDS = 4
BOUNDED = frozenset(
    ["SplitResult", "Statement", "ReferenceType", "weakref", "TimerHandle", "Context"]
)
"""Types of which caches of Python, and timers of its event loop, keep a bounded number."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    for seed in range(IMAGES):
        save_drawing(home / "photos" / f"{seed:02d}.png", seed)
    (home / "photos" / "broken.png").write_bytes(b"no picture")
    model = write_tiny_model(home / "tiny.onnx")
    with Collection.create(home / "photos", model=str(model)) as collection:
        list(collection.sync())
    return home / "photos"


def requests(number: int, picture: bytes) -> Iterator[httpx.Request]:
    """Yield requests of all kinds, right and wrong. number : another one for each round."""
    image = f"/api/v1/images/{number % IMAGES:02d}.png"
    for path in (
        f"{image}/similar?k=5", f"{image}/similar?k=5&metric=l2", f"{image}/similar?k=0",
        f"{image}/similar?where={quote(f'width > {number}')}", f"{image}/similar?under=no{number}",
        f"{image}/similar?where={quote(f'({number}')}", f"/api/v1/images/no{number}/similar",
        image, f"{image}/thumbnail?size=64", f"{image}/file", f"/api/v1/images/no{number}",
        "/api/v1/images/broken.png/thumbnail", "/api/v1/images?limit=3", "/api/v1/folders",
        f"/api/v1/images?cursor=no{number}", "/api/v1/grid", "/api/v1/grid/items?limit=5",
        "/api/v1/failures", "/api/v1/damaged", "/api/v1/duplicates", "/api/v1/suggestions?n=2",
        "/api/v1/labels", "/api/v1/status", "/metrics", "/healthz", f"/no/{number}", "/browse",
    ):  # fmt: skip
        yield httpx.Request("GET", f"http://localhost{path}")
    search = "http://localhost/api/v1/search"
    yield httpx.Request("POST", search, files={"image": ("x.png", picture)})
    yield httpx.Request("POST", search, files={"image": ("x.png", picture[: 40 + number])})
    yield httpx.Request("POST", search, json={"ids": [f"no{number}"]})
    yield httpx.Request("POST", search, json={f"no{number}": 1})
    yield httpx.Request("POST", search, content=b"{" * number)
    yield httpx.Request("POST", "http://localhost/api/v1/labels", json={"labels": []})


async def soak(app: FastAPI, picture: bytes) -> list[Counter[str]]:
    """Return by how many objects of each type the server grew, in up to three times `ROUNDS` rounds
    of requests. It stops when it grew by less than one object of a type in each round."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    async def play(first: int, count: int) -> Counter[str]:
        for number in range(first, first + count):
            for request in requests(number, picture):
                response = await transport.handle_async_request(request)
                assert response.status_code < 500, request.url
                await response.aread()
        gc.collect()
        types = (type(one).__qualname__ for one in gc.get_objects())
        return Counter(name for name in types if name not in BOUNDED)

    seen: list[Counter[str]] = []
    async with app.router.lifespan_context(app):
        before = await play(1, 2)  # loads what is loaded once, and fills what is kept
        for attempt in range(3):  # a thread that starts late is no leak: it starts once
            after = await play(10 + attempt * ROUNDS, ROUNDS)
            seen.append(after - before)
            if max(seen[-1].values(), default=0) < ROUNDS:
                break
            before = after
    return seen


def test_requests_leave_no_objects_behind(folder: Path) -> None:
    """A server runs for months: one object for each request would fill its memory."""
    picture = (folder / "00.png").read_bytes()
    seen = asyncio.run(soak(create_app(folder), picture))
    assert max(seen[-1].values(), default=0) < ROUNDS, seen[-1].most_common(9)

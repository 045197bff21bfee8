"""Measure the server under load on 100,000 vectors, the article's server, and a page in a browser.

Clients and servers share the machine's cores. Needs Flask, Chromium, and the photos.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.harness import PROJECT, SHARED, run, sokkuri, table
from sokkuri.models.builtin import DEFAULT

ROWS, SECONDS, LONG_SECONDS = 100_000, 30, 60
MANY, FEW = 32, 2
"""Numbers of clients. Many overwhelm the article's server: each request copies all rows."""
UPLOADED = 50
_IDS = 5_000
_LAYOUT = """async ([count, rounds]) => {
  const {layout} = await import("/static/rings/layout.js");
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  const images = Array.from({length: count + 1}, (_, at) => ({
    id: String(at), width: 100 + 300 * random(), height: 100 + 300 * random(),
    distance: at ? 0.1 + 0.4 * random() : 0, angle: Math.PI * (2 * random() - 1),
  }));
  const took = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    layout(images, {width: 1000, height: 1000});
    took.push(performance.now() - began);
  }
  return took.sort((a, b) => a - b)[rounds >> 1];
}"""


@contextmanager
def listening(command: list[str], port: int, path: str) -> Iterator[str]:
    """Run a server, and give its address as soon as it answers."""
    process = subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for_answer(f"{address}{path}")
        yield address
    finally:
        process.terminate()
        process.wait()


def _wait_for_answer(address: str) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(address, timeout=30):
                return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"no answer at {address}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _load(clients: int, address: str, ids: Path, photos: list[Path]) -> dict[str, Any]:
    command = [
        sys.executable, "-m", "benchmarks.load", str(clients),
        str(LONG_SECONDS if clients == MANY else SECONDS), address, str(ids), *map(str, photos),
    ]  # fmt: skip
    figures: dict[str, Any] = json.loads(run(command).out)
    return figures


def _row(name: str, clients: int, figures: dict[str, Any]) -> list[str]:
    rate = figures["requests"] / figures["seconds"]
    return [name, str(clients), f"{rate:.1f}", f"{figures['p50']:.1f}", f"{figures['p99']:.1f}",
            str(len(figures["errors"]))]  # fmt: skip


def _loads(ours: str, article: str, ids: Path, photos: list[Path]) -> str:
    similar, old = "/api/v1/images/{id}/similar?k=10", "/similar/{id}"
    rows = [
        _row(name, clients, _load(clients, f"{base}{path}", ids, sent))
        for name, clients, base, path, sent in (
            ("similar, k = 10", 1, ours, similar, []),
            ("similar, k = 10", 8, ours, similar, []),
            ("similar, k = 10", MANY, ours, similar, []),
            ("a photo sent, k = 10", 1, ours, "/api/v1/search", photos),
            ("a photo sent, k = 10", 8, ours, "/api/v1/search", photos),
            ("the article's address, k = 100", FEW, ours, old, []),
            ("the article's address, k = 100", MANY, ours, old, []),
            ("the article's server, k = 100", FEW, article, old, []),
        )
    ]
    head = ["", "clients", "requests/s", "p50, ms", "p99, ms", "errors"]
    return table(head, rows)


def _page(address: str) -> str:
    """Return the seconds until the grid can be used, and the time of the rings' layout."""
    from browser import started, visiting

    with started() as browser:
        took = []
        for _ in range(5):
            with visiting(browser, address) as visit:
                began = time.perf_counter()
                visit.go("/browse")
                visit.page.locator(".cell").first.wait_for()
                took.append(time.perf_counter() - began)
                visit.expect_problems("404", "422")  # the images have no files
        with visiting(browser, address) as visit:
            visit.go("/static/login.html")
            layout = [visit.page.evaluate(_LAYOUT, [count, 15]) for count in (100, 300)]
    return (
        f"The page can be used {sorted(took)[2]:.2f} s after it is opened (median of 5, nothing in "
        f"the browser's cache). The rings' layout takes {layout[0]:.1f} ms for 100 pictures in "
        f"1000 x 1000, {layout[1]:.1f} ms for 300."
    )


def report() -> str:
    photos = sorted((SHARED / "clothing").glob("*/*.jpg"))[::30][:UPLOADED]
    with tempfile.TemporaryDirectory() as name:
        root, real, ids = Path(name) / "photos", Path(name) / "real.npy", Path(name) / "ids.json"
        run([sys.executable, "-m", "benchmarks.features", str(real)])
        run(
            [
                sys.executable,
                "-m",
                "benchmarks.large_collection",
                str(real),
                str(root),
                str(ROWS),
                "float32",
            ]
        )
        run(sokkuri("compact", "-C", root))
        step = ROWS // _IDS
        ids.write_text(json.dumps([f"object/{n * step:08d}.jpg" for n in range(_IDS)]))
        ports = _free_port(), _free_port()
        features = root / ".sokkuri" / "features" / DEFAULT
        serve = sokkuri("serve", "-C", root, "--no-browser", "--port", ports[0])
        old = [sys.executable, "-m", "benchmarks.article_server", str(features), str(ports[1])]
        with (
            listening(serve, ports[0], "/healthz") as ours,
            listening(old, ports[1], "/similar/object/00000000.jpg") as article,
        ):
            page = _page(ours)
            loads = _loads(ours, article, ids, photos)
    return (
        f"{ROWS:,} vectors of 1,280 numbers; {SECONDS} s a line, {LONG_SECONDS} s with {MANY} "
        f"clients. The clients run on the same {os.cpu_count()} cores.\n\n{loads}\n\n{page}"
    )

"""Clients that send requests to a server as fast as it answers, in their own process.

    python -m benchmarks.load CLIENTS SECONDS ADDRESS IDS.json [PHOTO...]

Each client has one connection. It replaces `{id}` in ADDRESS by a random id of the file, or, if
photos are given, posts one of them to ADDRESS. Prints JSON: requests, errors, seconds, and median
and 99th percentile of the latencies in milliseconds.
"""

import http.client
import json
import random
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

Request = tuple[str, str, bytes | None, dict[str, str]]
_BOUNDARY = "boundary-of-the-form"


def requests(address: str, ids: list[str], photos: list[Path], seed: int) -> Iterator[Request]:
    """Yield method, target, body and headers of requests, without end."""
    rng = random.Random(seed)
    parts = urlsplit(address)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    bodies = [_form(photo) for photo in photos]
    while True:
        if bodies:
            kind = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"}
            yield "POST", target, rng.choice(bodies), kind
        else:
            yield "GET", target.replace("{id}", quote(rng.choice(ids))), None, {}


def _form(photo: Path) -> bytes:
    head = f'Content-Disposition: form-data; name="image"; filename="{photo.name}"'
    start = f"--{_BOUNDARY}\r\n{head}\r\nContent-Type: image/jpeg\r\n\r\n".encode()
    return start + photo.read_bytes() + f"\r\n--{_BOUNDARY}--\r\n".encode()


class Client(threading.Thread):
    """One connection. took : seconds of each request that was answered with 200."""

    def __init__(self, address: str, requests: Iterator[Request], until: float) -> None:
        super().__init__()
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        self._requests = requests
        self._until = until
        self.took: list[float] = []
        self.errors: list[str] = []

    def run(self) -> None:
        while (started := time.perf_counter()) < self._until:
            method, target, body, headers = next(self._requests)
            try:
                self._connection.request(method, target, body, headers)
                answer = self._connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.errors.append(repr(error))
                self._connection.close()
                continue
            if answer.status == 200:
                self.took.append(time.perf_counter() - started)
            else:
                self.errors.append(str(answer.status))


def main() -> None:
    clients, seconds, address, names, *photos = sys.argv[1:]
    ids = json.loads(Path(names).read_text())
    started = time.perf_counter()
    until = started + float(seconds)
    threads = [
        Client(address, requests(address, ids, [Path(photo) for photo in photos], seed), until)
        for seed in range(int(clients))
    ]
    for client in threads:
        client.start()
    for client in threads:
        client.join()
    spent = time.perf_counter() - started
    took = sorted(1000 * seconds_ for client in threads for seconds_ in client.took)
    cuts = statistics.quantiles(took, n=100) if len(took) > 1 else [0.0] * 99
    print(json.dumps({
        "requests": len(took),
        "errors": [error for client in threads for error in client.errors][:1000],
        "seconds": spent,
        "p50": cuts[49],
        "p99": cuts[98],
    }))  # fmt: skip


if __name__ == "__main__":
    main()

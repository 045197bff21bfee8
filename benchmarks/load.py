"""Clients that ask a server as fast as it answers, in a process of their own.

    python -m benchmarks.load CLIENTS SECONDS ADDRESS IDS.json [PHOTO...]

Each client has one connection and asks for what is alike to an id drawn from the file, `{id}` in
ADDRESS; with photos it posts one of them to ADDRESS instead. Prints JSON: requests, errors, seconds
and the latencies' quantiles in milliseconds.
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
_BORDER = "a-border-of-this-form"


def requests(address: str, ids: list[str], photos: list[Path], seed: int) -> Iterator[Request]:
    """Method, target, body and headers, without end."""
    rng = random.Random(seed)
    parts = urlsplit(address)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    bodies = [_form(photo) for photo in photos]
    while True:
        if bodies:
            kind = {"Content-Type": f"multipart/form-data; boundary={_BORDER}"}
            yield "POST", target, rng.choice(bodies), kind
        else:
            yield "GET", target.replace("{id}", quote(rng.choice(ids))), None, {}


def _form(photo: Path) -> bytes:
    head = f'Content-Disposition: form-data; name="image"; filename="{photo.name}"'
    start = f"--{_BORDER}\r\n{head}\r\nContent-Type: image/jpeg\r\n\r\n".encode()
    return start + photo.read_bytes() + f"\r\n--{_BORDER}--\r\n".encode()


class Client(threading.Thread):
    """One connection. took : seconds of each request that was answered with 200."""

    def __init__(self, address: str, asked: Iterator[Request], until: float) -> None:
        super().__init__()
        self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        self._asked = asked
        self._until = until
        self.took: list[float] = []
        self.errors: list[str] = []

    def run(self) -> None:
        while (began := time.perf_counter()) < self._until:
            method, target, body, headers = next(self._asked)
            try:
                self._connection.request(method, target, body, headers)
                answer = self._connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.errors.append(repr(error))
                self._connection.close()
                continue
            if answer.status == 200:
                self.took.append(time.perf_counter() - began)
            else:
                self.errors.append(str(answer.status))


def main() -> None:
    clients, seconds, address, names, *photos = sys.argv[1:]
    ids = json.loads(Path(names).read_text())
    began = time.perf_counter()
    until = began + float(seconds)
    at_work = [
        Client(address, requests(address, ids, [Path(photo) for photo in photos], seed), until)
        for seed in range(int(clients))
    ]
    for client in at_work:
        client.start()
    for client in at_work:
        client.join()
    spent = time.perf_counter() - began
    took = sorted(1000 * one for client in at_work for one in client.took)
    cuts = statistics.quantiles(took, n=100) if len(took) > 1 else [0.0] * 99
    print(json.dumps({
        "requests": len(took),
        "errors": [error for client in at_work for error in client.errors][:1000],
        "seconds": spent,
        "p50": cuts[49],
        "p99": cuts[98],
    }))  # fmt: skip


if __name__ == "__main__":
    main()

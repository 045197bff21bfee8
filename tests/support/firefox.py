"""Firefox of the system, without a window, driven by WebDriver BiDi, which it speaks by itself."""

import asyncio
import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
_SECONDS = 120  # for an answer: on a loaded machine, Firefox takes long to start


class FirefoxPage:
    """A page of Firefox. problems : errors in its console and exceptions, a line each."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.problems: list[str] = []
        self._socket = socket
        self._number = 0
        self._context = ""

    async def open(self) -> None:
        """Begin the session, and listen for problems."""
        await self._call("session.new", capabilities={})
        await self._call("session.subscribe", events=["log.entryAdded"])
        tree = await self._call("browsingContext.getTree")
        self._context = tree["contexts"][0]["context"]

    async def go(self, address: str) -> None:
        """Show an address, and wait until it is loaded."""
        await self._call(
            "browsingContext.navigate", context=self._context, url=address, wait="complete"
        )

    async def evaluate(self, expression: str) -> Any:
        """Return the value of an expression, which may be a promise."""
        answer = await self._call(
            "script.evaluate",
            expression=expression,
            target={"context": self._context},
            awaitPromise=True,
        )
        assert answer["type"] == "success", answer
        return answer["result"].get("value")

    async def close(self) -> None:
        """End Firefox."""
        await self._call("browser.close")

    async def _call(self, method: str, **params: Any) -> Any:
        self._number += 1
        command = {"id": self._number, "method": method, "params": params}
        await self._socket.send_json(command)
        while True:
            answer = await self._socket.receive_json(timeout=_SECONDS)
            if answer.get("method") == "log.entryAdded" and answer["params"]["level"] == "error":
                self.problems.append(str(answer["params"]["text"]))
            if answer.get("id") == self._number:
                assert answer["type"] == "success", answer
                return answer["result"]


@asynccontextmanager
async def firefox() -> AsyncIterator[FirefoxPage]:
    """Start Firefox with a profile of its own, and end it after the block."""
    assert FIREFOX is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [FIREFOX, "--headless", "--no-remote", "--profile", profile]
        process = await asyncio.create_subprocess_exec(
            *command, "--remote-debugging-port", "0", stderr=subprocess.PIPE
        )
        try:
            address = await asyncio.wait_for(_address(process), _SECONDS)
            assert process.stderr is not None
            drain = asyncio.create_task(process.stderr.read())  # a full pipe would stop Firefox
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(f"{address}/session", max_msg_size=0) as socket,
            ):
                page = FirefoxPage(socket)
                await page.open()
                yield page
                await page.close()
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
        await drain


async def _address(process: asyncio.subprocess.Process) -> str:
    """Return where Firefox listens, from what it writes when it starts."""
    assert process.stderr is not None
    async for line in process.stderr:
        if found := re.search(rb"listening on (ws://\S+)", line):
            return found[1].decode()
    raise AssertionError("Firefox ended before it listened")

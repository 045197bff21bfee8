"""Run commands in processes that are forked from one that has already imported sokkuri.

A test that runs `sokkuri` wants a process of its own, with its own signals, folder and environment.
It does not want to wait for the same imports again, which are most of a command's processor time.
So each pytest worker starts this file once as a script. The script imports sokkuri and then waits
on a socket. For each request it forks a child, which runs `sokkuri.cli.main` and ends.

The test's side is `ForkedCommand`. Linux only: elsewhere `can_fork` is False.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO

import steps
import typer.main

_LIBRARIES = ("cv2", "faiss", "onnxruntime", "s3fs", "uvicorn")
"""Libraries that commands import where they use them."""

_NOT_PRELOADED = ("milvus", "pgvector", "ray")
"""Parts of the names of modules that few commands need and that take long to import."""

_READ_AT_START = ("PYTHON", "LD_", "LC_", "LANG", "TZ", "OMP_", "OPENBLAS_", "MKL_")
"""Beginnings of the names of variables that Python and the libraries read when they start."""

_LARGEST_REQUEST = 128 * 1024
_STDOUT, _STDERR, _EXIT = range(3)  # the file descriptors of a request, in their order


def can_fork(environment: Mapping[str, str]) -> bool:
    """Return whether a forked child would behave as a new process with that environment."""
    return sys.platform == "linux" and _at_start(environment) == _at_start(os.environ)


def _at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: environment[name] for name in environment if name.startswith(_READ_AT_START)}


class ForkedCommand:
    """A running `sokkuri`, with the methods of `subprocess.Popen` that the tests use."""

    def __init__(
        self, arguments: Sequence[str], cwd: Path | None, environment: Mapping[str, str],
        stderr: IO[bytes] | None = None, script: str = "", stdout: IO[bytes] | None = None,
    ) -> None:  # fmt: skip
        """Start it. stderr, stdout : where its messages and its output go; None keeps them for
        `communicate`. script : Python to run with the arguments, instead of the command."""
        self.returncode: int | None = None
        self._stdout = tempfile.TemporaryFile()  # noqa: SIM115 - closed by communicate
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115
        self._exit, exit_writing = os.pipe()
        request = {
            "arguments": list(arguments),
            "cwd": str(cwd or Path.cwd()),
            "environment": dict(environment),
            "script": script,
        }
        files = [(stdout or self._stdout).fileno(), (stderr or self._stderr).fileno(), exit_writing]
        try:
            socket.send_fds(_server(os.getpid()), [json.dumps(request).encode()], files)
        finally:
            os.close(exit_writing)
        self.pid = int(self._line())

    def _line(self) -> bytes:
        """Return the next line that the server writes about this command."""
        line = b""
        while not line.endswith(b"\n"):
            byte = os.read(self._exit, 1)
            assert byte, "the command server has ended"
            line += byte
        return line

    def poll(self) -> int | None:
        """Return the exit code, or minus the number of the signal; None while it runs."""
        if self.returncode is None and select.select([self._exit], [], [], 0)[0]:
            self.returncode = int(self._line())
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return the exit code."""
        if self.returncode is None:
            if not select.select([self._exit], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("sokkuri", timeout or 0)
            self.returncode = int(self._line())
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end and return what it wrote to stdout and stderr."""
        self.wait(timeout)
        texts = []
        for file in (self._stdout, self._stderr):
            if file.closed:
                texts.append("")
                continue
            with file:
                file.seek(0)
                texts.append(file.read().decode("utf-8", "surrogateescape"))
        if self._exit >= 0:
            os.close(self._exit)
            self._exit = -1
        return texts[0], texts[1]


@cache
def _server(_pid: int) -> socket.socket:
    """Start the server of the process with that id, and return the socket to it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def stop() -> None:
        if os.getpid() == _pid:
            ours.close()  # the server ends when nobody is left to ask
            process.wait()

    atexit.register(stop)
    return ours


def _serve(requests: socket.socket) -> None:
    """Answer requests until the other side closes the socket."""
    exits: dict[int, tuple[int, int]] = {}  # pidfd -> process id, and where its exit code goes
    poll = select.poll()
    poll.register(requests, select.POLLIN)
    while True:
        for ready, _ in poll.poll():
            if ready in exits:
                poll.unregister(ready)
                pid, exit_writing = exits.pop(ready)
                code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                _write_and_close(exit_writing, code)
                os.close(ready)
                continue
            data, files, *_ = socket.recv_fds(requests, _LARGEST_REQUEST, 3)
            if not data:
                return
            pid = os.fork()
            if pid == 0:
                requests.close()
                for pidfd, (_, exit_writing) in exits.items():
                    os.close(pidfd)
                    os.close(exit_writing)
                _run(json.loads(data), files)
            for file in files[:_EXIT]:
                os.close(file)
            os.write(files[_EXIT], b"%d\n" % pid)
            pidfd = os.pidfd_open(pid)
            exits[pidfd] = pid, files[_EXIT]
            poll.register(pidfd, select.POLLIN)


def _write_and_close(file: int, code: int) -> None:
    try:
        os.write(file, b"%d\n" % code)
    except BrokenPipeError:  # the test did not wait for it
        pass
    finally:
        os.close(file)


def _run(request: dict[str, object], files: list[int]) -> None:
    """Become the command, in the child."""
    code = 1
    try:
        os.dup2(files[_STDOUT], 1)
        os.dup2(files[_STDERR], 2)
        for file in files:
            os.close(file)
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
        sys.stderr = open(  # noqa: SIM115
            2, "w", buffering=1, errors="backslashreplace", closefd=False
        )
        environment, arguments = request["environment"], request["arguments"]
        script = request["script"]
        assert isinstance(environment, dict)
        assert isinstance(arguments, list)
        assert isinstance(script, str)
        os.environ.clear()
        os.environ.update(environment)
        time.tzset()
        os.chdir(str(request["cwd"]))
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.argv = ["sokkuri", *arguments]
        steps.install(environment)
        if script:
            exec(compile(script, "<script>", "exec"), {"__name__": "__main__"})
            code = 0
        else:
            from sokkuri.cli import main

            main()
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(code)


def share_descriptions_of_s3() -> None:
    """Let all clients of this process share botocore's descriptions of S3, a megabyte of JSON."""
    import botocore.loaders
    import botocore.session

    loader = botocore.loaders.create_loader()
    for kind in ("service-2", "endpoint-rule-set-1"):
        loader.load_service_model("s3", kind)
    for name in ("endpoints", "partitions", "sdk-default-configuration"):
        loader.load_data(name)
    botocore.session.create_loader = lambda search_path_string=None: loader


def _preload() -> None:
    """Import what commands use, so that no child has to."""
    sys.path.pop(0)  # the folder of this script
    import sokkuri

    for module in pkgutil.walk_packages(sokkuri.__path__, "sokkuri."):
        if not module.name.endswith("__main__") and not any(
            part in module.name for part in _NOT_PRELOADED
        ):
            importlib.import_module(module.name)
    for name in _LIBRARIES:
        importlib.import_module(name)
    share_descriptions_of_s3()
    from sokkuri.cli import app

    parser = typer.main.get_command(app)  # a third of a short command's time
    typer.main.get_command = lambda typer_instance: parser
    # From Python 3.12 on a fork is warned of where libraries have threads. These threads only wait.
    warnings.filterwarnings("ignore", category=DeprecationWarning, message=".*fork.*")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for pytest, which then stops us
    gc.freeze()


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as inherited:
        _preload()
        _serve(inherited)

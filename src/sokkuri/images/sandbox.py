"""Decode a suspicious image in a child process, where a decoder that crashes does no harm.

Image libraries are C code: a file can crash the process that reads it, and would do so again in
every run. An image that several processes died with is decoded here once before a worker touches
it.
"""

import dataclasses
import json
import signal
import subprocess
import sys

from sokkuri.core.errors import DecodeError, ImageError
from sokkuri.core.types import Limits, PixelSpec
from sokkuri.images.decode import decode

_TIMEOUT_SECONDS = 120.0
_WINDOWS_EXCEPTION = 0x80000000  # exit codes from here on are exceptions such as 0xC0000005


def try_decode_in_child(data: bytes, spec: PixelSpec) -> None:
    """Decode `data` in a child process. Raise DecodeError if that process crashes or hangs.

    An image that is merely broken passes: the worker's own decoding reports it.
    """
    arguments = [
        sys.executable,
        "-m",
        "sokkuri.images.sandbox",
        json.dumps(dataclasses.asdict(spec)),
    ]
    try:
        code = subprocess.run(  # noqa: S603 - our own module, no shell
            arguments,
            input=data,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        raise DecodeError(f"decoding it takes more than {_TIMEOUT_SECONDS:.0f} seconds") from None
    crash = crash_name(code)
    if crash is not None:
        raise DecodeError(f"the image library crashes on it ({crash})")


def crash_name(code: int) -> str | None:
    """Return the signal or Windows exception that ended a process; None if it ended by itself."""
    if code >= _WINDOWS_EXCEPTION:
        return f"0x{code:08X}"
    if code >= 0:
        return None
    try:
        return signal.Signals(-code).name
    except ValueError:  # a signal that this Python has no name for
        return f"signal {-code}"


def _main() -> None:
    try:
        decode(sys.stdin.buffer.read(), PixelSpec(**json.loads(sys.argv[1])), Limits())
    except ImageError:
        return


if __name__ == "__main__":
    _main()

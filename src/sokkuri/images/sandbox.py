"""Tries a picture in a process of its own, where a decoder that crashes does no harm.

Image libraries are C code: a file can end the process that reads it, and would do so again in every
run. An image that several processes died with is decoded here once before a worker touches it.
"""

import dataclasses
import json
import signal
import subprocess
import sys

from sokkuri.core.errors import DecodeError
from sokkuri.core.types import Limits, PixelSpec
from sokkuri.images.decode import decode

_SECONDS = 120.0


def try_apart(data: bytes, spec: PixelSpec) -> None:
    """Decode `data` in a child process. Raises DecodeError if that process dies or hangs; a
    picture that is merely broken says so when it is decoded here."""
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
            timeout=_SECONDS,
            check=False,
        ).returncode
    except subprocess.TimeoutExpired:
        raise DecodeError(f"decoding it takes more than {_SECONDS:.0f} seconds") from None
    if code < 0:
        raise DecodeError(f"the image library crashes on it ({signal.Signals(-code).name})")


def _main() -> None:
    try:
        decode(sys.stdin.buffer.read(), PixelSpec(**json.loads(sys.argv[1])), Limits())
    except DecodeError:
        return


if __name__ == "__main__":
    _main()

"""Ask a child process about films, where a decoder that crashes does no harm.

Takes the path of a film; returns the times of its frames. One child answers for many films, and a
new one is started after a crash. FFmpeg is C code: without this, one damaged film would end every
run.
"""

import json
import os
import subprocess
import sys
import threading
from contextlib import closing, suppress
from pathlib import Path

from sokkuri.core.errors import DecodeError, ReadError
from sokkuri.core.types import Limits
from sokkuri.images.frame_names import frame_at
from sokkuri.images.sandbox import crash_name

_SECONDS, _SCENE_SECONDS = 120.0, 3600.0  # that a film may take; for scenes it is decoded


class FilmProcess:
    """A child process that opens films. It is started by the first question."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._child: subprocess.Popen[str] | None = None

    def times_of(self, film: Path, every: int | None) -> list[int]:
        """Return the milliseconds of the frames of a film, see `films.times_of`.

        Raises ReadError if the file cannot be read now, DecodeError if the process crashes or
        hangs.
        """
        seconds = _SCENE_SECONDS if every is None else _SECONDS
        answer = self._ask({"film": os.fsencode(film).hex(), "every": every}, seconds)
        return [int(time) for time in answer]

    def try_frame(self, film: Path, milliseconds: int) -> None:
        """Read a frame, and forget it. Raises DecodeError if the process crashes or hangs."""
        self._ask({"film": os.fsencode(film).hex(), "at": milliseconds}, _SECONDS)

    def close(self) -> None:
        """End the process."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.communicate()

    def _ask(self, question: dict[str, object], seconds: float) -> list[int]:
        if self._child is None:
            arguments = [
                sys.executable, "-m", "sokkuri.images.film_process",
                json.dumps([self._limits.max_pixels, self._limits.max_memory]),
            ]  # fmt: skip
            self._child = subprocess.Popen(  # noqa: S603 - our own module, no shell
                arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        child = self._child
        assert child.stdin is not None, "it is a pipe"
        assert child.stdout is not None, "it is a pipe"
        timer = threading.Timer(seconds, child.kill)
        timer.start()
        try:
            child.stdin.write(json.dumps(question) + "\n")
            child.stdin.flush()
            line = child.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            is_late = not timer.is_alive()
            timer.cancel()
        if not line:
            self._child = None
            code = child.wait()
            child.stdout.close()
            with suppress(BrokenPipeError):
                child.stdin.close()
            if is_late:
                raise DecodeError(f"decoding it takes more than {seconds:.0f} seconds")
            raise DecodeError(f"the video library crashes on it ({crash_name(code) or code})")
        answer = json.loads(line)
        if isinstance(answer, str):
            raise ReadError(answer)
        return list(answer)


def try_frame(location: Path, limits: Limits) -> None:
    """Read the frame of a film in a child process. Raises DecodeError if it crashes or hangs.

    A location that is no frame's passes, and so does a frame that is merely broken.
    """
    frame = frame_at(location)
    if frame is not None:
        with closing(FilmProcess(limits)) as process:
            process.try_frame(*frame)


def _main() -> None:
    from sokkuri.images.films import read_frame, times_of

    max_pixels, max_memory = json.loads(sys.argv[1])
    limits = Limits(max_pixels=max_pixels, max_memory=max_memory)
    for line in sys.stdin:
        question = json.loads(line)
        film = Path(os.fsdecode(bytes.fromhex(question["film"])))
        answer: list[int] | str = []
        try:
            if "at" in question:
                read_frame(film, question["at"], limits)
            else:
                answer = times_of(film, question["every"], limits)
        except ReadError as error:
            answer = [] if "at" in question else str(error)
        except OSError as error:  # the film is gone
            answer = [] if "at" in question else (error.strerror or str(error)).lower()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    _main()

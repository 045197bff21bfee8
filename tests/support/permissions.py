"""Run checks in a child process: under file permissions even if root runs the tests, or with other
streams."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def check_without_privileges(check: Callable[[], bool]) -> bool:
    """Return what `check` returns for a user whom permissions bind. They do not bind root."""
    if os.geteuid() != 0:
        return check()
    prefix = Path(sys.prefix)
    if not all(folder.stat().st_mode & 0o001 for folder in (prefix, *prefix.parents)):
        pytest.skip(f"only root may read the packages in {prefix}")

    def check_as_nobody() -> bool:
        os.setgid(65534)
        os.setuid(65534)
        return check()

    return check_in_child(check_as_nobody)


def check_in_child(check: Callable[[], bool]) -> bool:
    """Return what `check` returns in a child process, which may change its user and streams."""
    child = os.fork()
    if child == 0:  # only _exit may end the child: pytest runs in the parent
        passed = False
        try:
            passed = check()
        finally:
            os._exit(0 if passed else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@contextmanager
def without_write_access(folder: Path) -> Iterator[None]:
    """Run the block as a user who may read the folder and not write in it."""
    if os.geteuid() == 0:
        os.seteuid(65534)
        try:
            yield
        finally:
            os.seteuid(0)
        return
    folder.chmod(0o555)
    try:
        yield
    finally:
        folder.chmod(0o755)

"""Run checks under file permissions even if root runs the tests."""

import os
from collections.abc import Callable


def check_without_privileges(check: Callable[[], bool]) -> bool:
    """Return what `check` returns for a user whom permissions bind. They do not bind root."""
    if os.geteuid() != 0:
        return check()
    child = os.fork()
    if child == 0:  # only _exit may end the child: pytest runs in the parent
        passed = False
        try:
            os.setgid(65534)
            os.setuid(65534)
            passed = check()
        finally:
            os._exit(0 if passed else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

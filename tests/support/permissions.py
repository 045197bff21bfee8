"""Permissions bind the tests even when root runs them."""

import os
from collections.abc import Callable


def check_without_privileges(what: Callable[[], bool]) -> bool:
    """Whether `what` holds for a user whom permissions bind, as they do not bind root."""
    if os.geteuid() != 0:
        return what()
    child = os.fork()
    if child == 0:  # only _exit from here on: pytest goes on in the parent alone
        good = False
        try:
            os.setgid(65534)
            os.setuid(65534)
            good = what()
        finally:
            os._exit(0 if good else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

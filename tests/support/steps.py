"""Signal a command at a chosen step of its work, for tests of kills and interrupts.

A step is a moment at which something could be left half done: before SQLite runs a statement that
writes, and before a file is opened for writing, renamed, removed or cut. Equal steps in a row count
as one. SQLite's trace and Python's audit events report the steps, so the code of sokkuri has no
hooks for tests. The server of forked commands calls `install` in the child if the environment asks
for it.
"""

import itertools
import os
import signal
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_LOG, _AT, _SIGNAL = "SOKKURI_TEST_STEPS", "SOKKURI_TEST_STEP", "SOKKURI_TEST_SIGNAL"
_REMOVAL = "SOKKURI_TEST_REMOVAL"
_WRITING = os.O_WRONLY | os.O_RDWR
_FILE_EVENTS = ("os.rename", "os.remove", "os.truncate", "os.link")
_STATEMENTS = (
    "BEGIN", "COMMIT", "CREATE", "DELETE", "DROP", "INSERT", "REPLACE", "ROLLBACK", "UPDATE",
)  # fmt: skip


def logging_environment(log: Path) -> dict[str, str]:
    """Return the environment of a command that writes a line for each step into `log`."""
    return {_LOG: str(log)}


def signal_environment(step: int, number: signal.Signals) -> dict[str, str]:
    """Return the environment of a command that sends itself a signal at that step, from 1 on.

    Choose the opening of a file for a signal that Python handles: SQLite swallows an exception
    that is raised while it traces a statement.
    """
    return {_AT: str(step), _SIGNAL: str(int(number))}


def removal_environment(number: int, ending: str) -> dict[str, str]:
    """Return the environment of a command that kills itself before it removes the file of that
    number, from 1 on, among files whose names have that ending."""
    return {_REMOVAL: f"{number} {ending}"}


def choose_evenly(steps: Sequence[str], count: int) -> list[int]:
    """Return the numbers of `count` steps at even distances, the first and the last among them."""
    last = len(steps) - 1
    return sorted({1 + last * position // (count - 1) for position in range(count)})


class _Steps:
    """Counts steps, and writes their names to a log or sends the signal at one of them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._at = int(environment.get(_AT, 0))
        self._signal = int(environment.get(_SIGNAL, 0))
        self._log = -1
        if _LOG in environment:
            self._log = os.open(environment[_LOG], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._count = itertools.count(1)
        self._last = ""

    def step(self, name: str) -> None:
        self._last, last = name, self._last
        if name == last:  # a statement for each row of a batch, or one file after another
            return
        if next(self._count) == self._at:
            os.kill(os.getpid(), self._signal)
        if self._log >= 0:
            os.write(self._log, f"{name}\n".encode())

    def statement(self, text: str) -> None:
        word = text.split(maxsplit=1)[0].upper() if text.strip() else ""
        if word in _STATEMENTS:
            self.step(word)

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _FILE_EVENTS or (event == "open" and arguments[2] & _WRITING):
            self.step(event)


def install(environment: Mapping[str, str]) -> None:
    """Count the steps of this process from now on, if the environment asks for it."""
    if _REMOVAL in environment:
        _kill_at_removal(*environment[_REMOVAL].split())
    if _LOG not in environment and _AT not in environment:
        return
    counted = _Steps(environment)
    connect = sqlite3.connect

    def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.set_trace_callback(counted.statement)
        return connection

    sqlite3.connect = traced  # type: ignore[assignment]
    sys.addaudithook(counted.audit)


def _kill_at_removal(number: str, ending: str) -> None:
    removals = itertools.count(1)

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        is_one = event == "os.remove" and os.fsdecode(arguments[0]).endswith(ending)
        if is_one and next(removals) == int(number):
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(audit)

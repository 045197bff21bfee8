"""Measure the steps of a run: how often each is called, and its seconds of the processor.

A step is a function of sokkuri, which counts its calls while it is measured. Its seconds are those
of its thread, without those of measured steps within.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any
from unittest.mock import patch

_running = threading.local()
_counting = threading.Lock()


@dataclass
class Step:
    """A step. where : its module and function. decide : names what a result decides; results
    without a name go on to the next step. A call that fails has the result None.
    """

    title: str
    where: str
    decide: Callable[[Any], str] = lambda _result: ""
    calls: int = 0
    seconds: float = 0.0
    decided: Counter[str] = field(default_factory=Counter)

    def count(self, seconds: float, result: Any) -> None:
        """Count one call."""
        with _counting:
            self.calls += 1
            self.seconds += seconds
            self.decided.update([name] if (name := self.decide(result)) else [])


@contextmanager
def measured(steps: Sequence[Step], package: str) -> Iterator[None]:
    """Measure the steps in the body. package : where their modules are."""
    with ExitStack() as stack:
        for step in steps:
            module, _, path = step.where.partition(":")
            owner = import_module(f"{package}.{module}")
            *classes, name = path.split(".")
            for class_name in classes:
                owner = getattr(owner, class_name)
            measuring = _measuring(step, getattr(owner, name))
            stack.enter_context(patch.object(owner, name, measuring))
        yield


def _measuring(step: Step, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function, which counts its calls and its seconds without those of steps within."""

    def measuring(*arguments: Any, **options: Any) -> Any:
        around = _running.__dict__.setdefault("within", [])
        around.append(0.0)
        started, result = time.thread_time(), None
        try:
            result = function(*arguments, **options)
            return result
        finally:
            seconds = time.thread_time() - started
            within = around.pop()
            if around:
                around[-1] += seconds
            step.count(seconds - within, result)

    return measuring

"""An interrupt may fall anywhere: what came back is committed all the same."""

import contextlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from synthetic_collection import DIMENSION, Bench, empty, extracted

from sokkuri.indexing import writer as writer_module
from sokkuri.indexing.sync import flushed
from sokkuri.indexing.writer import Writer
from sokkuri.store import catalog as catalog_module

_INTERRUPTED = (catalog_module.__file__, contextlib.__file__)
"""Whose instructions an interrupt is tried at: there transactions begin and end."""


@contextmanager
def interrupt_at(instruction: int) -> Iterator[list[int]]:
    """KeyboardInterrupt at that instruction of `Writer.flush` and of what it calls. The list that
    it gives has one entry when the interrupt fell."""
    fell: list[int] = []
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        code = frame.f_code
        if code.co_filename == writer_module.__file__ and code.co_name != "flush":
            return None
        if code.co_filename not in (writer_module.__file__, *_INTERRUPTED):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            count += 1
            if count == instruction:
                sys.settrace(None)
                fell.append(count)
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield fell
    finally:
        sys.settrace(before)


def test_an_interrupt_at_any_instruction_of_a_commit_loses_nothing(tmp_path: Path) -> None:
    """Also between a transaction's BEGIN and its block, where nothing undoes it by itself."""
    collection = empty(tmp_path / "photos")
    bench = Bench(collection)
    names = [f"{number:04d}" for number in range(2000)]
    bench.listed(*names)
    jobs = bench.jobs()
    done: set[str] = set()
    for instruction, name in enumerate(names, 1):
        writer = Writer(collection, bench.run, bench.known)
        writer._waiting.append(extracted(jobs[name], name.encode(), np.ones(DIMENSION, "f4")))
        with (
            suppress(KeyboardInterrupt),
            flushed(bench.catalog, writer),
            interrupt_at(instruction) as fell,
        ):
            writer.flush()
        done.add(name)
        row = bench.catalog.find(name)
        assert row is not None, name
        assert row.live, f"lost by an interrupt at instruction {instruction}"
        if not fell:
            break
    assert not fell, "an interrupt was tried at every instruction"
    assert len(done) > 100
    assert bench.catalog.counts().live == len(done)
    assert collection.counted() == {0: len(done)}
    bench.known.close()
    collection.close()

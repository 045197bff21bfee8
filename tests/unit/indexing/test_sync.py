"""An interrupt at any moment does not lose finished outcomes."""

import contextlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from synthetic_collection import DIMENSION, Bench, create_empty, make_extracted

from sokkuri.indexing import writer as writer_module
from sokkuri.indexing.sync import commit_at_end
from sokkuri.indexing.writer import Writer
from sokkuri.store import catalog as catalog_module
from sokkuri.store.images import count_images, find_image

_INTERRUPTED = (catalog_module.__file__, contextlib.__file__)
"""The files with the instructions to interrupt: transactions begin and end there."""


@contextmanager
def interrupt_at(instruction: int) -> Iterator[list[int]]:
    """Raise KeyboardInterrupt at that instruction of `Writer.flush` and of what it calls.

    Yields a list that has one entry once the interrupt was raised.
    """
    raised: list[int] = []
    steps = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal steps
        code = frame.f_code
        if code.co_filename == writer_module.__file__ and code.co_name != "flush":
            return None
        if code.co_filename not in (writer_module.__file__, *_INTERRUPTED):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            steps += 1
            if steps == instruction:
                sys.settrace(None)
                raised.append(steps)
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield raised
    finally:
        sys.settrace(before)


@pytest.mark.parametrize(
    "first", [1, *(pytest.param(first, marks=pytest.mark.full) for first in range(2, 7))]
)
def test_an_interrupt_at_any_instruction_of_a_commit_loses_nothing(
    tmp_path: Path, first: int
) -> None:
    """Also between a transaction's BEGIN and its block, where nothing rolls it back. Every sixth
    instruction in the gate, all instructions in the full suite."""
    collection = create_empty(tmp_path / "photos")
    bench = Bench(collection)
    names = [f"{number:04d}" for number in range(2000)]
    bench.list_files(*names)
    jobs = bench.claim_jobs()
    done: set[str] = set()
    for instruction, name in zip(count(first, 6), names, strict=False):
        writer = Writer(collection, bench.run, bench.digests)
        writer._waiting.append(make_extracted(jobs[name], name.encode(), np.ones(DIMENSION, "f4")))
        with (
            suppress(KeyboardInterrupt),
            commit_at_end(bench.catalog, writer),
            interrupt_at(instruction) as raised,
        ):
            writer.flush()
        done.add(name)
        row = find_image(bench.catalog, name)
        assert row is not None, name
        assert row.live, f"lost by an interrupt at instruction {instruction}"
        if not raised:
            break
    assert not raised, "an interrupt was tried up to the last instruction"
    assert len(done) > 50
    assert count_images(bench.catalog).live == len(done)
    assert collection.rows_per_shard() == {0: len(done)}
    bench.digests.close()
    collection.close()

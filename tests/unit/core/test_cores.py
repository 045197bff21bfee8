"""Pools of threads are as large as the part of the machine that the process may use."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import sokkuri
from sokkuri.core.cores import available_cores

ELSEWHERE = {"core/cores.py", "indexing/bug_report.py"}  # a report describes the whole machine


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_only_the_cores_of_the_process_count() -> None:
    allowed = os.sched_getaffinity(0)

    def count_on_one_core() -> int:
        os.sched_setaffinity(0, {min(allowed)})  # of this thread alone, which then ends
        return available_cores()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(count_on_one_core).result() == 1
    assert available_cores() == len(allowed)


def test_no_other_module_counts_the_cores_of_the_machine() -> None:
    package = Path(sokkuri.__file__).parent
    counting = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if "cpu_count" in path.read_text(encoding="utf-8")
    }
    assert counting == ELSEWHERE

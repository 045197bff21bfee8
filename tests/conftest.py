"""Settings of all tests: shared fixtures, Hypothesis profiles, and which worker runs what."""

import gc
import os
import sys
from collections.abc import Generator

import pytest
from filelock import FileLock
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = [
    "page_fixtures", "s3_server", "bucket_fixtures", "duplicate_collection", "change_server",
    "flaky_filesystem", "model_fixtures",
]  # fmt: skip

# The tests start hundreds of processes. Where the environment forbids Python to keep compiled
# modules, each of them would compile all that it imports again: more than half of its time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Several workers share the cores: threads that wait for each other keep them busy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # of faiss

# No deadlines: machines are shared, and no test judges speed.
settings.register_profile("gate", deadline=None, max_examples=25)
settings.register_profile("full", deadline=None, max_examples=200)
settings.load_profile("gate")

TOGETHER = {
    "tests/functional/pages/": "browser",
    "tests/contract/test_executors.py": "ray",
    "tests/functional/test_ray.py": "ray",
    "tests/contract/test_engines.py": "engines",
    "tests/functional/test_push.py": "engines",
    "tests/functional/test_duplicates.py": "duplicates",
    "tests/functional/test_duplicates_against.py": "duplicates",
    "tests/functional/test_duplicates_survival.py": "duplicates",
    "tests/functional/serve_changes/": "changes",
    "tests/functional/test_cloud.py": "bucket",
    "tests/functional/test_cloud_troubles.py": "bucket",
}
"""Files, or folders of files, that share a costly fixture: one worker runs them all."""

LONGEST = ("ray", "browser", "tests/functional/test_docs.py", "engines", "bucket")
"""What takes longest and starts first, so that the workers end at nearly the same time."""


def group_of(nodeid: str) -> str:
    """Return the name of the tests that run in one worker together with this test."""
    file = nodeid.partition("::")[0]
    return next((group for start, group in TOGETHER.items() if file.startswith(start)), file)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests: the longest groups, then functional, contract and unit tests."""
    kinds = ("tests/functional/", "tests/contract/", "tests/unit/")

    def rank(item: pytest.Item) -> tuple[int, int]:
        group = group_of(item.nodeid)
        longest = LONGEST.index(group) if group in LONGEST else len(LONGEST)
        kind = next((n for n, kind in enumerate(kinds) if item.nodeid.startswith(kind)), 0)
        return longest, kind

    items.sort(key=rank)


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Hands whole groups of tests to the workers, in the order of the tests."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return one worker more than there are cores: many tests wait for a server or a browser."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Let one worker collect at a time: the later ones read the modules that the first has
    compiled, in less than half of the time. What is collected stays, so Python need not look for
    garbage in it, neither now nor later."""
    cache = session.config.rootpath / ".pytest_cache"
    cache.mkdir(exist_ok=True)
    with FileLock(cache / "collection.lock"):
        gc.disable()
        try:
            return (yield)
        finally:
            gc.freeze()
            gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> GroupScheduling:
    config.option.loadscopereorder = False
    return GroupScheduling(config, log)

"""An in-memory file system of fsspec that fails as a network fails."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import fsspec
import pytest
import xxhash
from fsspec.implementations.memory import MemoryFileSystem

from sokkuri.core.locations import Address
from sokkuri.images import remote

SECRETS = "AKIAXYZ hush X-Amz-Signature=hush Authorization: hush"
"""Secrets that messages of the libraries may contain, and messages of sokkuri must not."""


class FlakyFileSystem(MemoryFileSystem):  # type: ignore[misc]
    """before : called with the name of each method and the path. It may raise."""

    protocol = "trouble"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    before: ClassVar[Callable[[str, str], None]] = staticmethod(lambda method, path: None)

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.removeprefix("trouble://")))

    def ls(self, path: str, detail: bool = True, **given: Any) -> Any:
        FlakyFileSystem.before("ls", path)
        return super().ls(path, detail, **given)

    def info(self, path: str, **given: Any) -> Any:
        FlakyFileSystem.before("info", path)
        entry = super().info(path, **given)
        if entry["type"] == "file":
            entry["ETag"] = xxhash.xxh3_64_hexdigest(self.store[entry["name"]].getvalue())
        return entry

    def cat_file(self, path: str, start: Any = None, end: Any = None, **given: Any) -> Any:
        FlakyFileSystem.before("cat", path)
        return super().cat_file(path, start, end, **given)


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Iterator[FlakyFileSystem]:
    """An empty file system without failures. Its waits take no time."""
    fsspec.register_implementation("trouble", FlakyFileSystem, clobber=True)
    monkeypatch.setattr(FlakyFileSystem, "before", staticmethod(lambda method, path: None))
    monkeypatch.setattr("sokkuri.images.remote.time.sleep", lambda seconds: None)
    FlakyFileSystem.store.clear()
    FlakyFileSystem.pseudo_dirs[:] = [""]
    remote._filesystem.cache_clear()
    yield FlakyFileSystem(skip_instance_cache=True)
    FlakyFileSystem.store.clear()


ROOT = Address("trouble://photos")


def fail_at(
    method: str, errors: Mapping[int, Exception], calls: list[int]
) -> Callable[[str, str], None]:
    """Return a `before` that raises `errors[n]` at call n of a method, and counts the calls."""

    def before(name: str, path: str) -> None:
        if name == method:
            calls.append(len(calls))
            if calls[-1] in errors:
                raise errors[calls[-1]]

    return before

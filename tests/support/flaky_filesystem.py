"""A file system of fsspec, in memory, with the troubles of a network."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import fsspec
import pytest
import xxhash
from fsspec.implementations.memory import MemoryFileSystem

from sokkuri.core.locations import Address
from sokkuri.images import remote

SECRETS = "AKIAXYZ hush X-Amz-Signature=hush Authorization: hush"
"""What the libraries may say, and nobody else should."""


class FlakyFileSystem(MemoryFileSystem):  # type: ignore[misc]
    """In memory. `before` : is called with each method's name and path, and may raise."""

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
        found = super().info(path, **given)
        if found["type"] == "file":
            found["ETag"] = xxhash.xxh3_64_hexdigest(self.store[found["name"]].getvalue())
        return found

    def cat_file(self, path: str, start: Any = None, end: Any = None, **given: Any) -> Any:
        FlakyFileSystem.before("cat", path)
        return super().cat_file(path, start, end, **given)


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Iterator[FlakyFileSystem]:
    """Empty, without trouble; waits are not waited for."""
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
    method: str, errors: Mapping[int, Exception], asked: list[int]
) -> Callable[[str, str], None]:
    """Raises at the n-th call of a method, and counts the calls."""

    def before(name: str, path: str) -> None:
        if name == method:
            asked.append(len(asked))
            if asked[-1] in errors:
                raise errors[asked[-1]]

    return before

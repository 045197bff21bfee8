"""What lies at an address, on a filesystem in memory that makes trouble: as a folder, in ranges,
again and again, and in words of ours."""

import errno
import itertools
import re
import sys
from collections.abc import Callable

import fsspec
import pytest
from flaky_filesystem import ROOT, SECRETS, FlakyFileSystem, fail_at
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sokkuri.core.errors import CollectionError, MissingExtraError, ReadError, UsageError
from sokkuri.core.locations import Address
from sokkuri.core.types import FileStat, Limits
from sokkuri.images import remote
from sokkuri.images.list_files import read_list
from sokkuri.images.read import is_file, read_file
from sokkuri.images.scan import list_images, sorted_addresses, sorted_paths

names = st.sampled_from(
    ["a", "b.jpg", "B.JPG", ".hid", ".h.png", "c d.png", "é.webp", "x.txt", "q?v=1.jpg", "#.gif"]
)
trees = st.lists(st.lists(names, min_size=1, max_size=4).map("/".join), unique=True, max_size=12)
globs = st.lists(st.sampled_from(["*.png", "a/", "a/*", "**/b.jpg", "c*"]), max_size=2)


def without_clashes(tree: list[str]) -> list[str]:
    """Those that can be files side by side on a disk: none is another's folder."""
    return [one for one in tree if not any(other.startswith(f"{one}/") for other in tree)]


@given(tree=trees, exclude=globs)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_an_address_is_listed_as_a_folder_is(
    files: FlakyFileSystem,
    tmp_path_factory: pytest.TempPathFactory,
    tree: list[str],
    exclude: list[str],
) -> None:
    FlakyFileSystem.store.clear()
    FlakyFileSystem.pseudo_dirs[:] = [""]
    folder = tmp_path_factory.mktemp("photos")
    for path in without_clashes(tree):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(b"x" * len(path))
        files.pipe_file(f"/photos/{path}", b"x" * len(path))
    here = {(ref.id, ref.path, ref.stat.size) for ref in list_images(folder, exclude=exclude)}
    there = {(ref.id, ref.path, ref.stat.size) for ref in list_images(ROOT, exclude=exclude)}
    assert there == here
    for glob in (None, "*.txt"):
        expected = [path.removeprefix(f"{folder}/") for path in sorted_paths(str(folder), glob)]
        found = [ROOT.relative_path(one.url) for one in sorted_addresses(ROOT, glob)]
        assert found == expected


@given(size=st.integers(0, 70), piece=st.integers(1, 40))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_object_is_read_in_ranges_of_any_size(
    files: FlakyFileSystem, size: int, piece: int
) -> None:
    data = bytes(range(size))
    files.pipe_file("/photos/a.jpg", data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remote, "RANGE", piece)
        found, stat = read_file(ROOT / "a.jpg", Limits())
        lines = list(remote.iter_lines(ROOT / "a.jpg"))
    assert found == data
    assert stat.size == size
    assert lines == data.removesuffix(b"\n").split(b"\n") if size else not lines


def test_a_read_that_breaks_resumes_at_its_range(
    files: FlakyFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five ranges, of which the third breaks off twice: seven requests."""
    monkeypatch.setattr(remote, "RANGE", 10)
    files.pipe_file("/photos/a.jpg", bytes(50))
    asked: list[int] = []
    broken = {2: ConnectionResetError(SECRETS), 3: TimeoutError(SECRETS)}
    monkeypatch.setattr(FlakyFileSystem, "before", staticmethod(fail_at("cat", broken, asked)))
    assert read_file(ROOT / "a.jpg", Limits())[0] == bytes(50)
    assert len(asked) == 7


def test_waits_grow_and_retries_end(
    files: FlakyFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("sokkuri.images.remote.time.sleep", waits.append)
    files.pipe_file("/photos/a.jpg", b"x")
    asked: list[int] = []
    always = {n: OSError(errno.EBUSY, SECRETS) for n in range(100)}
    monkeypatch.setattr(FlakyFileSystem, "before", staticmethod(fail_at("info", always, asked)))
    with pytest.raises(ReadError, match="too busy, or has a fault, asked 8 times"):
        read_file(ROOT / "a.jpg", Limits())
    assert len(asked) == 8
    assert len(waits) == 7
    longest = [min(0.2 * 2**n, 10.0) for n in range(7)]
    assert all(most / 2 <= wait <= most for wait, most in zip(waits, longest, strict=True))


def changing(files: FlakyFileSystem, contents: dict[int, bytes]) -> Callable[[str, str], None]:
    """Replaces the object before its n-th range is read."""
    count = itertools.count()

    def before(name: str, path: str) -> None:
        if name == "cat" and (data := contents.get(next(count))) is not None:
            files.pipe_file(path, data)

    return before


@pytest.mark.parametrize("size", [5, 19, 20, 21, 40])
@pytest.mark.parametrize("at", [0, 1])
def test_two_versions_are_never_mixed(
    files: FlakyFileSystem, monkeypatch: pytest.MonkeyPatch, size: int, at: int
) -> None:
    """It is replaced after it was looked at, before or between its ranges: the new one is read."""
    monkeypatch.setattr(remote, "RANGE", 10)
    files.pipe_file("/photos/a.jpg", b"o" * 20)
    monkeypatch.setattr(FlakyFileSystem, "before", staticmethod(changing(files, {at: b"n" * size})))
    data, stat = read_file(ROOT / "a.jpg", Limits())
    assert data == b"n" * size
    assert stat.size == size


def test_an_object_that_keeps_changing_is_a_failure(
    files: FlakyFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.pipe_file("/photos/a.jpg", b"o")
    contents = {n: b"n" * (n + 2) for n in range(50)}
    monkeypatch.setattr(FlakyFileSystem, "before", staticmethod(changing(files, contents)))
    with pytest.raises(ReadError, match="it changed while it was read"):
        read_file(ROOT / "a.jpg", Limits())


def test_a_large_object_is_not_read(
    files: FlakyFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.pipe_file("/photos/a.jpg", bytes(1001))
    asked: list[int] = []
    monkeypatch.setattr(FlakyFileSystem, "before", staticmethod(fail_at("cat", {}, asked)))
    with pytest.raises(ReadError, match="its 1,001 bytes are more than the limit of 1,000"):
        read_file(ROOT / "a.jpg", Limits(max_bytes=1000))
    assert not asked


def test_a_missing_object_is_a_failure_not_gone(files: FlakyFileSystem) -> None:
    files.pipe_file("/photos/folder/a.jpg", b"x")
    for name in ("a.jpg", "folder"):
        with pytest.raises(ReadError, match=r"no such object|a folder"):
            read_file(ROOT / name, Limits())
        assert not is_file(ROOT / name)
    assert is_file(ROOT / "folder/a.jpg")


class HttpError(Exception):
    """As gcsfs has it."""

    def __init__(self, code: int) -> None:
        super().__init__(SECRETS)
        self.code = code


class NoCredentialsError(Exception):
    """As botocore has it."""


class ClientPayloadError(Exception):
    """As aiohttp has it."""


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (FileNotFoundError(SECRETS), FileNotFoundError, "no such object"),
        (HttpError(404), FileNotFoundError, "no such object"),
        (PermissionError(SECRETS), PermissionError, "do not allow it"),
        (OSError(f"Forbidden: {SECRETS}"), PermissionError, "do not allow it"),
        (HttpError(401), PermissionError, "do not allow it"),
        (NoCredentialsError(SECRETS), PermissionError, "no usable credentials"),
        (OSError(errno.EBUSY, SECRETS), ConnectionError, "too busy"),
        (HttpError(503), ConnectionError, "too busy"),
        (HttpError(429), ConnectionError, "too busy"),
        (ClientPayloadError(SECRETS), ConnectionError, "does not answer"),
        (ConnectionRefusedError(SECRETS), ConnectionError, "does not answer"),
        (TimeoutError(SECRETS), ConnectionError, "does not answer"),
        (OSError(errno.EINVAL, f"Range {SECRETS}"), OSError, "it changed"),
        (HttpError(416), OSError, "it changed"),
        (ValueError(SECRETS), OSError, "cannot answer that (ValueError)"),
    ],
)
def test_errors_are_distinguished_in_our_own_words(
    files: FlakyFileSystem,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    kind: type[OSError],
    words: str,
) -> None:
    always = dict.fromkeys(range(100), error)
    monkeypatch.setattr(FlakyFileSystem, "before", staticmethod(fail_at("info", always, [])))
    with pytest.raises(kind, match=re.escape(words)) as told:
        remote.stat(ROOT / "a.jpg")
    assert "hush" not in f"{told.value} {told.value.args} {told.value.__cause__}"
    assert told.value.__suppress_context__, "no traceback shows what it was made of"


def test_a_folder_that_cannot_be_listed_is_skipped(
    files: FlakyFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a/1.jpg", "b/2.jpg", "3.jpg"):
        files.pipe_file(f"/photos/{name}", b"x")

    def before(method: str, path: str) -> None:
        if method == "ls" and path.endswith("/a"):
            raise PermissionError(SECRETS)

    monkeypatch.setattr(FlakyFileSystem, "before", staticmethod(before))
    skipped: list[tuple[str, str | None]] = []
    found = list_images(ROOT, on_error=lambda path, error: skipped.append((path, error.strerror)))
    assert {ref.path for ref in found} == {"3.jpg", "b/2.jpg"}
    assert skipped == [("a", "the credentials do not allow it")]


@pytest.mark.parametrize("where", ["/photos", "/photos/b"])
def test_a_server_that_does_not_answer_ends_the_listing(
    files: FlakyFileSystem, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Whatever else it held, nothing is known of it: no image may be taken for vanished."""
    for name in ("a/1.jpg", "b/2.jpg"):
        files.pipe_file(f"/photos/{name}", b"x")

    def before(method: str, path: str) -> None:
        if method == "ls" and path == where:
            raise ConnectionRefusedError(SECRETS)

    monkeypatch.setattr(FlakyFileSystem, "before", staticmethod(before))
    with pytest.raises(CollectionError, match="could not be listed, so nothing was changed"):
        list(list_images(ROOT))


def test_names_that_no_file_can_have_are_left_out(
    files: FlakyFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store takes any key; each shows up once, none leads anywhere else, and it ends."""
    entries = [remote.DirEntry(name, None) for name in ("", ".", "..")]
    stat = FileStat(1, 0)
    entries += [remote.DirEntry(name, stat) for name in ("a/b.jpg", "nul\0.jpg", "good.jpg")]
    monkeypatch.setattr(remote, "list_page", lambda folder, token=None: (entries, None))
    skipped: list[str] = []
    found = list_images(ROOT, on_error=lambda path, error: skipped.append(path))
    assert [ref.path for ref in found] == ["good.jpg"]
    assert sorted(skipped) == ["", ".", "..", "a/b.jpg", "nul\0.jpg"]


def test_missing_objects_of_a_list_are_listed(files: FlakyFileSystem) -> None:
    files.pipe_file("/photos/a.jpg", b"xyz")
    files.pipe_file("/photos/b/c.jpg", b"xy")
    lines = [
        b"a.jpg\n", b"./b/c.jpg\r\n", b"\n", b"trouble://photos/none.jpg\n", b"../up.jpg\n",
        b"/a.jpg\n", b"s3://other/x.jpg?X-Amz-Signature=hush\n", b"trouble://photos/b/c.jpg",
    ]  # fmt: skip
    told: list[str] = []
    found = list(read_list(lines, ROOT, on_error=lambda path, error: told.append(path)))
    assert [(ref.path, ref.stat.size) for ref in found] == [
        ("a.jpg", 3), ("b/c.jpg", 2), ("none.jpg", 0), ("b/c.jpg", 2),
    ]  # fmt: skip
    assert told == ["../up.jpg", "/a.jpg", "an address of s3:// with a key or a token"]


def test_results_of_concurrent_requests_come_in_order() -> None:
    def work(number: int) -> int:
        if number % 7 == 0:
            raise OSError(errno.EIO, str(number))
        return number

    endless = itertools.count()
    found = list(itertools.islice(remote.map_concurrent(work, endless), 500))
    assert [one for one, _ in found] == list(range(500))
    assert [result for _, result in found if not isinstance(result, OSError)] == [
        number for number in range(500) if number % 7
    ]
    assert next(endless) < 700, "no more is drawn than a bounded number ahead"


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    remote._filesystem.cache_clear()
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'sokkuri\[cloud\]'"):
        remote.stat(Address("s3://bucket/a.jpg"))


def test_without_the_package_of_a_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    remote._filesystem.cache_clear()
    fsspec.register_implementation("gone", "no_such_package.Files", clobber=True)
    with pytest.raises(MissingExtraError, match="an address of gone://"):
        remote.stat(Address("gone://bucket/a.jpg"))


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(UsageError, match="nonsense:// is no kind of address"):
        remote.stat(Address("nonsense://bucket/a.jpg"))


# The collection of an address.


def test_waits_between_retries_double_up_to_the_longest() -> None:
    policy = remote.RetryPolicy(attempts=9, first_wait=1.0, longest_wait=4.0)
    for attempt, longest in enumerate((1.0, 2.0, 4.0, 4.0), start=1):
        for _ in range(20):
            assert longest / 2 <= policy.wait_after(attempt) <= longest

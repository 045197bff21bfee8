"""The thumbnail cache keeps to its limit, and its errors never reach the caller."""

import os
import threading
from pathlib import Path

from permissions import check_without_privileges

from sokkuri.web.services.thumbnail_cache import ThumbnailCache, ThumbnailKey

KB = b"x" * 1000


def key(number: int, side: int = 256, *, mosaic: bool = False) -> ThumbnailKey:
    return ThumbnailKey(number.to_bytes(16, "big"), side, mosaic)


def on_disk(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_a_thumbnail_is_found_again_after_a_restart(tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path / "thumbnails", 10**6)
    asked = [key(1), key(1, 512), key(1, mosaic=True), key(2)]
    for number, one in enumerate(asked):
        assert cache.get(one) is None
        cache.put(one, b"picture %d" % number)
    again = ThumbnailCache(tmp_path / "thumbnails", 10**6)
    assert [again.get(one) for one in asked] == [b"picture %d" % n for n in range(4)]


def test_the_oldest_thumbnails_are_deleted_beyond_the_limit(tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path, 10 * len(KB))
    for number in range(40):
        cache.put(key(number), KB)
        os.utime(tmp_path / key(number).path, (number, number))
        assert on_disk(tmp_path) <= 10 * len(KB)
    left = [number for number in range(40) if cache.get(key(number))]
    assert left == list(range(40 - len(left), 40))
    assert len(left) >= 9, "only as many as necessary are deleted"


def test_files_of_earlier_servers_count_towards_the_limit(tmp_path: Path) -> None:
    """The limit may be smaller after a restart."""
    before = ThumbnailCache(tmp_path, 10**6)
    for number in range(20):
        before.put(key(number), KB)
    ThumbnailCache(tmp_path, 5 * len(KB)).put(key(99), KB)
    assert on_disk(tmp_path) <= 5 * len(KB)


def test_a_limit_of_zero_stores_nothing(tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path, 0)
    cache.put(key(1), KB)
    assert on_disk(tmp_path) == 0
    assert cache.get(key(1)) is None


def test_an_unusable_folder_is_no_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"no folder")
    cache = ThumbnailCache(blocked, 10**6)
    cache.put(key(1), KB)
    assert cache.get(key(1)) is None
    assert blocked.read_bytes() == b"no folder"


def test_a_read_only_store_is_no_error(tmp_path: Path) -> None:
    folder = tmp_path / "thumbnails"
    folder.mkdir()
    folder.chmod(0o555)

    def tried() -> bool:
        cache = ThumbnailCache(folder, 10**6)
        cache.put(key(1), KB)
        return cache.get(key(1)) is None

    for above in [tmp_path, *tmp_path.parents][:3]:
        above.chmod(above.stat().st_mode | 0o055)
    assert check_without_privileges(tried)
    assert list(folder.iterdir()) == []


def test_an_empty_file_after_a_power_cut_is_replaced(tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path, 10**6)
    cache.put(key(1), KB)
    (tmp_path / key(1).path).write_bytes(b"")
    assert cache.get(key(1)) is None


def test_many_threads_keep_to_the_limit(tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path, 10 * len(KB))

    def work(first: int) -> None:
        for number in range(first, first + 25):
            cache.put(key(number), KB)
            found = cache.get(key(number))
            assert found in (None, KB), "a whole file or none"

    threads = [threading.Thread(target=work, args=[100 * one]) for one in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert on_disk(tmp_path) <= 10 * len(KB)
    assert not list(tmp_path.rglob("*.tmp"))

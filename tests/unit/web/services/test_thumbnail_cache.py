"""ThumbnailCache on disk: found again, within a bound, and never in the way."""

import os
import threading
from pathlib import Path

from permissions import as_nobody

from sokkuri.web.services.thumbnail_cache import ThumbnailCache, ThumbnailKey

KB = b"x" * 1000


def wanted(number: int, side: int = 256, *, mosaic: bool = False) -> ThumbnailKey:
    return ThumbnailKey(number.to_bytes(16, "big"), side, mosaic)


def on_disk(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_what_was_kept_is_found_again(tmp_path: Path) -> None:
    kept = ThumbnailCache(tmp_path / "thumbnails", 10**6)
    asked = [wanted(1), wanted(1, 512), wanted(1, mosaic=True), wanted(2)]
    for number, one in enumerate(asked):
        assert kept.get(one) is None
        kept.put(one, b"picture %d" % number)
    again = ThumbnailCache(tmp_path / "thumbnails", 10**6)
    assert [again.get(one) for one in asked] == [b"picture %d" % n for n in range(4)]


def test_the_bound_is_kept_and_the_oldest_go(tmp_path: Path) -> None:
    kept = ThumbnailCache(tmp_path, 10 * len(KB))
    for number in range(40):
        kept.put(wanted(number), KB)
        os.utime(tmp_path / wanted(number).path, (number, number))
        assert on_disk(tmp_path) <= 10 * len(KB)
    left = [number for number in range(40) if kept.get(wanted(number))]
    assert left == list(range(40 - len(left), 40))
    assert len(left) >= 9, "no more is thrown away than has to be"


def test_what_others_left_counts(tmp_path: Path) -> None:
    """A server that is started anew keeps to its bound, though it may be a smaller one now."""
    before = ThumbnailCache(tmp_path, 10**6)
    for number in range(20):
        before.put(wanted(number), KB)
    ThumbnailCache(tmp_path, 5 * len(KB)).put(wanted(99), KB)
    assert on_disk(tmp_path) <= 5 * len(KB)


def test_a_bound_of_nothing_keeps_nothing(tmp_path: Path) -> None:
    kept = ThumbnailCache(tmp_path, 0)
    kept.put(wanted(1), KB)
    assert on_disk(tmp_path) == 0
    assert kept.get(wanted(1)) is None


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_bytes(b"no folder")
    kept = ThumbnailCache(blocked, 10**6)
    kept.put(wanted(1), KB)
    assert kept.get(wanted(1)) is None
    assert blocked.read_bytes() == b"no folder"


def test_a_store_that_is_only_read_is_no_error(tmp_path: Path) -> None:
    folder = tmp_path / "thumbnails"
    folder.mkdir()
    folder.chmod(0o555)

    def tried() -> bool:
        kept = ThumbnailCache(folder, 10**6)
        kept.put(wanted(1), KB)
        return kept.get(wanted(1)) is None

    for above in [tmp_path, *tmp_path.parents][:3]:
        above.chmod(above.stat().st_mode | 0o055)
    assert as_nobody(tried)
    assert list(folder.iterdir()) == []


def test_what_a_power_cut_left_empty_is_made_anew(tmp_path: Path) -> None:
    kept = ThumbnailCache(tmp_path, 10**6)
    kept.put(wanted(1), KB)
    (tmp_path / wanted(1).path).write_bytes(b"")
    assert kept.get(wanted(1)) is None


def test_many_threads_keep_to_the_bound(tmp_path: Path) -> None:
    kept = ThumbnailCache(tmp_path, 10 * len(KB))

    def work(first: int) -> None:
        for number in range(first, first + 25):
            kept.put(wanted(number), KB)
            found = kept.get(wanted(number))
            assert found in (None, KB), "whole or not at all"

    threads = [threading.Thread(target=work, args=[100 * one]) for one in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert on_disk(tmp_path) <= 10 * len(KB)
    assert not list(tmp_path.rglob("*.tmp"))

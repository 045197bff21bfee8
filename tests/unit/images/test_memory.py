"""Decoding holds a bounded number of bytes, whatever the files and the number of threads."""

import io
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from image_formats import decode_image, draw_quarters, encode_image, failure_reason
from PIL import Image

from sokkuri.core.types import Limits, PixelSpec
from sokkuri.images.decode import decode, memory_needed
from sokkuri.images.memory import ByteBudget, decoding_bytes, most_held, peak_memory
from sokkuri.images.open_image import open_image

WEBP_SIDE = 15_800


def build_huge_webp(side: int) -> bytes:
    """Return a lossless WebP of some bytes that claims to be a square of `side` pixels."""
    bits = (side - 1) | (side - 1) << 14
    body = b"\x2f" + bits.to_bytes(4, "little") + b"\x88\x88\x08"
    chunk = b"VP8L" + len(body).to_bytes(4, "little") + body
    return b"RIFF" + (len(chunk) + 4).to_bytes(4, "little") + b"WEBP" + chunk


def test_threads_hold_no_more_than_the_budget_together() -> None:
    budget = ByteBudget(10)
    lock, held, most = threading.Lock(), 0, 0

    def work(count: int) -> None:
        nonlocal held, most
        with budget.hold(count):
            with lock:
                held += count
                most = max(most, held)
            with lock:
                held -= count

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [4, 3, 10, 1, 7, 2] * 50))
    assert most <= 10
    assert budget.peak <= 10
    assert held == 0


def test_more_than_the_budget_is_held_alone_and_in_turn() -> None:
    """A large request waits for all that are before it, and later small ones wait for it."""
    budget = ByteBudget(10)
    order: list[str] = []
    with ThreadPoolExecutor(2) as pool:
        with budget.hold(1):
            large = pool.submit(lambda: _note(budget, 25, order, "large"))
            _wait_until(lambda: len(budget._waiting) == 1)
            small = pool.submit(lambda: _note(budget, 1, order, "small"))
            _wait_until(lambda: len(budget._waiting) == 2)
            assert order == []
        large.result()
        small.result()
    assert order == ["large", "small"]
    assert budget.peak == 25


def _wait_until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        time.sleep(0.001)


def _note(budget: ByteBudget, count: int, order: list[str], name: str) -> None:
    with budget.hold(count):
        order.append(name)


def test_what_fails_gives_its_bytes_back() -> None:
    budget = ByteBudget(10)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), budget.hold(10):
            raise ValueError("broken")
    with budget.hold(10):
        pass


def test_the_most_that_threads_hold_obeys_the_budgets() -> None:
    mib = 2**20
    assert most_held([], 4) == 0
    assert most_held([10 * mib, 20 * mib, 30 * mib], 2) == 50 * mib
    assert most_held([300 * mib, 200 * mib, 10 * mib], 4) == 510 * mib
    assert most_held([1000 * mib] * 9, 9) == 1024 * mib, "the others wait"
    assert most_held([1900 * mib, 1000 * mib, 1], 9) == 1900 * mib + 1, (
        "one that is larger is alone"
    )


def test_the_header_of_a_file_tells_what_decoding_it_holds() -> None:
    """Files that are refused, or are no images, hold nothing."""
    spec, limits = PixelSpec(20, 20), Limits()
    for data, expected in (
        (encode_image(draw_quarters(400, 400), "PNG"), 4 * 160_000),
        (encode_image(draw_quarters(400, 400), "JPEG"), 4 * 50 * 50),
        (b"no image", 0), (b"", 0), (build_huge_webp(WEBP_SIDE), 0),
    ):  # fmt: skip
        before = peak_memory()
        assert memory_needed(io.BytesIO(data), spec, limits) == expected
        assert peak_memory() == before


def test_a_large_tiff_on_disk_is_not_read_for_its_header(tmp_path: Path) -> None:
    path = tmp_path / "large.tif"
    path.write_bytes(encode_image(draw_quarters(400, 400), "TIFF"))
    with path.open("r+b") as grown:
        grown.truncate(2**26)
    tracemalloc.start()
    try:
        with path.open("rb") as file:
            assert memory_needed(file, PixelSpec(20, 20), Limits()) > 0
            assert memory_needed(file, PixelSpec(20, 20), Limits(max_bytes=2**25)) == 0
        assert tracemalloc.get_traced_memory()[1] < 2**22
    finally:
        tracemalloc.stop()


def test_a_small_file_that_claims_many_pixels_is_refused_before_it_is_decoded() -> None:
    data = build_huge_webp(WEBP_SIDE)
    assert len(data) < 40
    before = peak_memory()
    assert failure_reason(data) == (
        "15,800 x 15,800 pixels as WEBP need 4,285 MiB of memory, more than the limit of 2,048"
    )
    assert peak_memory() == before
    assert open_image(data).size == (WEBP_SIDE, WEBP_SIDE)


def test_a_limit_of_memory_counts_what_the_image_really_takes() -> None:
    data = encode_image(draw_quarters(400, 400), "PNG")
    assert decode_image(data, limits=Limits(max_memory=4 * 160_000)).width == 400
    reason = failure_reason(data, limits=Limits(max_memory=4 * 160_000 - 1))
    assert reason.startswith("400 x 400 pixels as PNG need 1 MiB of memory, more than the limit")


@pytest.mark.parametrize(
    ("kind", "mode", "options", "bytes_per_pixel"),
    [
        ("PNG", "RGB", {}, 4),
        ("PNG", "L", {}, 1),
        ("PNG", "1", {}, 2),
        ("PNG", "I;16", {}, 3),
        ("PNG", "RGBA", {}, 8),
        ("TIFF", "F", {}, 9),
        ("JPEG", "RGB", {"subsampling": 2}, 4),
        ("JPEG", "RGB", {"subsampling": 2, "progressive": True}, 7),
        ("JPEG", "RGB", {"subsampling": 0, "progressive": True}, 10),
        ("JPEG", "L", {"progressive": True}, 3),
    ],
)
def test_the_bytes_of_a_pixel_follow_from_mode_and_format(
    kind: str, mode: str, options: dict[str, object], bytes_per_pixel: int
) -> None:
    image = open_image(encode_image(Image.new(mode, (64, 32)), kind, **options))
    assert decoding_bytes(image, image.size) == 64 * 32 * bytes_per_pixel


def test_a_jpeg_that_is_decoded_small_is_counted_small() -> None:
    image = open_image(encode_image(draw_quarters(1600, 1600), "JPEG"))
    image.draft(None, (100, 100))
    assert decoding_bytes(image, (1600, 1600)) == 200 * 200 * 4


_PEAK = """
import re, struct, sys, zlib
from PIL import Image
from sokkuri.images.decode import decode
from sokkuri.core.types import Limits, PixelSpec
def peak():  # of this program; the one of `resource` may be of the process that started it
    return int(re.search('VmHWM: *\\t *([0-9]+)', open('/proc/self/status').read())[1]) * 1024
def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
side, depth, colour, row = (int(one) for one in sys.argv[1:])
deflate = zlib.compressobj(1)
rows = b''.join(deflate.compress(bytes(1 + side * row)) for _ in range(side)) + deflate.flush()
head = chunk(b'IHDR', struct.pack('>IIBBBBB', side, side, depth, colour, 0, 0, 0))
data = b'\\x89PNG\\r\\n\\x1a\\n' + head + chunk(b'IDAT', rows) + chunk(b'IEND', b'')
Image.new('RGB', (64, 64)).resize((32, 32))
before = peak()
decode(data, PixelSpec(224, 224), Limits())
print((peak() - before) / side**2)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory in other units")
@pytest.mark.parametrize(("depth", "colour", "row", "most"), [(16, 0, 2, 9), (8, 6, 4, 12)])
def test_16_bits_and_transparency_take_little_more_than_the_image(
    depth: int, colour: int, row: int, most: int
) -> None:
    """Guarantee: an image of 100 megapixels with 16 bits takes less than a gibibyte."""
    script = [sys.executable, "-c", _PEAK, "3000", str(depth), str(colour), str(row)]
    done = subprocess.run(script, check=True, capture_output=True, text=True)
    assert 1 < float(done.stdout) < most


def test_one_budget_bounds_all_threads_that_decode() -> None:
    """The most that was held is told, for the forecast of a dry run."""
    data = encode_image(Image.new("I;16", (2000, 2000)), "PNG")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: decode(data, PixelSpec(8, 8), Limits()), range(4)))
    assert peak_memory() >= 3 * 2000 * 2000

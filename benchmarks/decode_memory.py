"""Measure the memory that decoding takes by format: `python -m benchmarks decode_memory`.

Draws an image of 16 megapixels in each format, and decodes each file in a process of its own, with
the settings of the default network. Prints the growth of the resident memory, and what sokkuri
counts against its budget before it decodes. Writes to a temporary folder only.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIDE = 4000

_DECODE = """
import re, sys
from PIL import Image
from sokkuri.core.types import Limits, PixelSpec
from sokkuri.images.decode import decode
from sokkuri.images.open_image import open_image
from sokkuri.images.memory import peak_memory
def peak():  # of this program; the one of `resource` may be of the process that started it
    return int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]) * 1024
data = open(sys.argv[1], "rb").read()
open_image(data)
Image.new("RGB", (64, 64)).resize((32, 32))
before = peak()
decode(data, PixelSpec(224, 224), Limits())
print(peak() - before, peak_memory())
"""


def drawings() -> dict[str, Callable[[Path], None]]:
    """Return functions that write a file each, by the name of its row in the table."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    ramp = (x * 255 // SIDE).astype(np.uint8)
    rgb = Image.fromarray(np.stack([ramp, ramp.T, 255 - ramp], -1))
    rgba = rgb.copy()
    rgba.putalpha(Image.fromarray(ramp))
    deep = Image.fromarray((x * 16).astype(np.uint16))
    floats = Image.fromarray((x + y).astype(np.float32))

    def saving(image: Image.Image, kind: str, **options: Any) -> Callable[[Path], None]:
        return lambda path: image.save(path, kind, **options)

    return {
        "JPEG": saving(rgb, "JPEG"),
        "JPEG, progressive": saving(rgb, "JPEG", progressive=True),
        "PNG": saving(rgb, "PNG", compress_level=1),
        "PNG, transparent": saving(rgba, "PNG", compress_level=1),
        "PNG, 16 bits grey": saving(deep, "PNG", compress_level=1),
        "GIF": saving(rgb.quantize(64), "GIF"),
        "TIFF": saving(rgb, "TIFF"),
        "TIFF, floats": saving(floats, "TIFF"),
        "WebP": saving(rgb, "WEBP", method=0),
        "AVIF": saving(rgb, "AVIF", speed=10),
        "JPEG 2000": saving(rgb, "JPEG2000"),
    }


def report() -> str:
    """Return a table of megabytes for each format, calculated for 100 megapixels."""
    lines = ["| format | measured | counted |", "|---|---|---|"]
    per_100 = 100 / (SIDE * SIDE)  # bytes to megabytes for 100 megapixels
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "image"
        for name, write in drawings().items():
            write(path)
            done = subprocess.run(
                [sys.executable, "-c", _DECODE, str(path)],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            measured, counted = (int(word) * per_100 for word in done.stdout.split())
            lines.append(f"| {name} | {measured:,.0f} MB | {counted:,.0f} MB |")
    return "\n".join(lines)

"""Drawings with texture, which JPEG changes as it changes photos."""

from functools import cache

import numpy as np
from draw_images import draw
from PIL import Image


@cache
def picture(seed: int = 3) -> Image.Image:
    """Return a drawing with fine and coarse texture, as photos have."""
    rng = np.random.default_rng(seed)
    image = Image.fromarray(draw(seed, 480, 360))
    texture = np.zeros((360, 480), np.float32)
    for step in (1, 2, 4, 8):
        noise = rng.normal(0, 5 * step**0.5, (360 // step, 480 // step)).astype(np.float32)
        texture += np.asarray(Image.fromarray(noise).resize((480, 360), Image.Resampling.BICUBIC))
    mixed = np.asarray(image, np.float32) * 0.8 + 25 + texture[..., None]
    return Image.fromarray(mixed.clip(0, 255).astype(np.uint8))

"""What the drawn pictures share: words, colours, noise, a scene and a face."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Rng = np.random.Generator
Draw = Callable[[Rng, int], Image.Image]
"""Draws one picture. It takes the generator of the picture, and its number."""
INK, PAPER = (20, 20, 20), (255, 255, 255)
WORDS = [
    "river", "stone", "house", "green", "paper", "light", "winter", "table", "garden",
    "morning", "letter", "window", "bridge", "number", "forest", "market", "summer",
    "kitchen", "engine", "harbour", "village", "orange", "doctor", "music", "silver",
    "corner", "ticket", "season", "valley", "mirror", "button", "ladder", "candle",
    "basket", "pocket", "planet", "shadow", "copper", "saddle", "meadow",
]  # fmt: skip
NAMES = ("Anna", "Bruno", "Clara", "David", "Elena", "Felix", "Greta", "Hugo", "Irene", "Jonas")


def font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def random_words(rng: Rng, count: int) -> str:
    return " ".join(WORDS[index] for index in rng.integers(len(WORDS), size=count))


def random_digits(rng: Rng, count: int) -> str:
    return "".join(str(digit) for digit in rng.integers(10, size=count))


def random_colour(rng: Rng, low: int = 0, high: int = 256) -> tuple[int, int, int]:
    red, green, blue = rng.integers(low, high, size=3).tolist()
    return red, green, blue


def blank_page(width: int, height: int, paper: tuple[int, int, int] = PAPER) -> Image.Image:
    return Image.new("RGB", (width, height), paper)


def add_noise(image: Image.Image, rng: Rng, deviation: float) -> Image.Image:
    """Add the noise of a sensor."""
    values = np.asarray(image, np.float32) + rng.normal(
        0, deviation, (image.height, image.width, 3)
    )
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


def smooth_noise(rng: Rng, width: int, height: int, smooth: float) -> NDArray[np.float32]:
    """Return smooth noise from 0 to 1 : (height, width)."""
    small = rng.random((max(2, round(height / smooth)), max(2, round(width / smooth))))
    image = Image.fromarray((small * 255).astype(np.uint8))
    large = image.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(large, np.float32) / np.float32(255)


def draw_scene(rng: Rng, width: int = 480, height: int = 360) -> Image.Image:
    """Draw something like a photo: shapes with shades, texture and noise."""
    base = np.stack([smooth_noise(rng, width, height, 90) for _ in range(3)], axis=2) * 200
    base += (smooth_noise(rng, width, height, 4)[..., None] - 0.5) * 60
    image = Image.fromarray(np.clip(base, 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for _ in range(14):
        x, y = rng.integers(width), rng.integers(height)
        w, h = rng.integers(20, width // 3), rng.integers(20, height // 3)
        shape = (pen.ellipse, pen.rectangle)[rng.integers(2)]
        shape((int(x), int(y), int(x + w), int(y + h)), fill=random_colour(rng))
    return add_noise(image.filter(ImageFilter.GaussianBlur(1)), rng, 4)


def draw_face(pen: ImageDraw.ImageDraw, rng: Rng, x: int, y: int, size: int) -> None:
    skin = (225, 185, 150)
    pen.ellipse((x, y, x + size, y + round(size * 1.25)), fill=skin)
    eye, mouth = size // 10, int(rng.integers(-size // 8, size // 6))
    brow = int(rng.integers(0, size // 10))
    for side in (0.3, 0.7):
        cx, cy = x + round(size * side), y + round(size * 0.5)
        open_ = max(1, round(eye * (0.2 + 0.8 * rng.random())))
        pen.ellipse((cx - eye, cy - open_, cx + eye, cy + open_), fill=PAPER, outline=INK)
        pen.ellipse((cx - eye // 3, cy - open_ // 2, cx + eye // 3, cy + open_ // 2), fill=INK)
        pen.line((cx - eye, cy - 2 * eye - brow, cx + eye, cy - 2 * eye), fill=INK, width=3)
    middle, bottom = x + size // 2, y + round(size * 0.95)
    points = [
        (middle + t, bottom + mouth * (1 - (t / (size / 4)) ** 2))
        for t in range(-size // 4, size // 4)
    ]
    pen.line(points, fill=(160, 40, 50), width=5)

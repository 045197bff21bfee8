"""Draw shots of a camera that stands still: the scene stays, one thing differs, and the noise."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from benchmarks.drawing import Rng, add_noise, draw_scene, font, random_colour, random_digits


def draw_street(rng: Rng, _number: int) -> Image.Image:
    """Draw a car somewhere on a street."""
    image, pen = _scene(9, 640, 420)
    x = int(rng.integers(20, 520))
    colour = random_colour(rng, 20, 235)
    pen.rounded_rectangle((x, 270, x + 110, 320), 14, fill=colour)
    pen.rectangle((x + 20, 245, x + 85, 275), fill=colour)
    for left in (x + 12, x + 72):
        pen.ellipse((left, 305, left + 26, 331), fill=(15, 15, 15))
    return _expose(image, rng, 3)


def draw_walker(rng: Rng, number: int) -> Image.Image:
    """Draw a person somewhere in a scene; nobody in the first one."""
    image, pen = _scene(10, 640, 420)
    x, y = int(rng.integers(40, 560)), int(rng.integers(120, 300))
    if number:
        pen.ellipse((x, y, x + 24, y + 28), fill=(200, 160, 130))
        pen.rectangle((x - 4, y + 28, x + 28, y + 80), fill=random_colour(rng, 20, 200))
        pen.rectangle((x, y + 80, x + 24, y + 130), fill=(40, 40, 60))
    return _expose(image, rng, 3)


def draw_counter(rng: Rng, _number: int) -> Image.Image:
    """Draw a counter that shows a number."""
    image, pen = _scene(11, 560, 420)
    pen.rectangle((180, 150, 380, 230), fill=(20, 24, 20))
    pen.text((200, 160), random_digits(rng, 4), fill=(90, 240, 110), font=font(56))
    return _expose(image, rng, 3)


def draw_clock(rng: Rng, _number: int) -> Image.Image:
    """Draw a clock that shows a time."""
    image, pen = _scene(1, 480, 480)
    pen.ellipse((80, 80, 400, 400), fill=(235, 230, 220), outline=(90, 70, 40), width=16)
    hours = float(rng.random()) * 12
    for turns, length, width in ((hours / 12, 75, 10), (hours % 1, 115, 6)):
        x, y = math.sin(turns * 2 * math.pi), -math.cos(turns * 2 * math.pi)
        pen.line((240, 240, 240 + length * x, 240 + length * y), fill=(20, 20, 20), width=width)
    return _expose(image, rng, 2)


def draw_xray(rng: Rng, _number: int) -> Image.Image:
    """Draw the bones of a hand, with a crack in one place."""
    image = Image.new("L", (480, 600), 12)
    pen = ImageDraw.Draw(image)
    for finger, top in enumerate((140, 100, 100, 100, 140)):
        x = 90 + 70 * finger
        pen.rounded_rectangle((x - 28, top, x + 28, 480), 26, fill=60)
        for y in range(top + 20, top + 320, 75):
            pen.rounded_rectangle((x - 14, y, x + 14, y + 64), 10, fill=190)
    pen.rounded_rectangle((70, 420, 420, 590), 60, fill=60)
    image = image.filter(ImageFilter.GaussianBlur(4))
    x, y = int(rng.integers(80, 400)), int(rng.integers(160, 430))
    end = x + int(rng.integers(-25, 25)), y + int(rng.integers(5, 30))
    ImageDraw.Draw(image).line((x, y, *end), fill=20, width=4)
    return _expose(image.convert("RGB"), rng, 3)


def _scene(number: int, width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = draw_scene(np.random.default_rng([77, number]), width, height)
    return image, ImageDraw.Draw(image)


def _expose(image: Image.Image, rng: Rng, noise: float) -> Image.Image:
    """Return a picture as a lens and a sensor show it."""
    return add_noise(image.filter(ImageFilter.GaussianBlur(0.8)), rng, noise)

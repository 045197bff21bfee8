"""Draw collections of one kind each, in which every picture exists once: cards, slides, stars.

    python -m benchmarks.kinds FOLDER [--count 12]

Writes a folder for each kind. `NNN.png` is a picture, `NNN-EDIT.png` or `.jpg` is a copy of it; all
else is different. Everything is drawn from a seed, so two runs write the same pictures.
"""

import argparse
import io
import math
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

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


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _words(rng: Rng, count: int) -> str:
    return " ".join(WORDS[index] for index in rng.integers(len(WORDS), size=count))


def _digits(rng: Rng, count: int) -> str:
    return "".join(str(digit) for digit in rng.integers(10, size=count))


def _colour(rng: Rng, low: int = 0, high: int = 256) -> tuple[int, int, int]:
    red, green, blue = rng.integers(low, high, size=3).tolist()
    return red, green, blue


def _page(width: int, height: int, paper: tuple[int, int, int] = PAPER) -> Image.Image:
    return Image.new("RGB", (width, height), paper)


def _noise(image: Image.Image, rng: Rng, deviation: float) -> Image.Image:
    """Add the noise of a sensor."""
    values = np.asarray(image, np.float32) + rng.normal(
        0, deviation, (image.height, image.width, 3)
    )
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


def _waves(rng: Rng, width: int, height: int, smooth: float) -> NDArray[np.float32]:
    """Return smooth noise from 0 to 1 : (height, width)."""
    small = rng.random((max(2, round(height / smooth)), max(2, round(width / smooth))))
    image = Image.fromarray((small * 255).astype(np.uint8))
    large = image.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(large, np.float32) / np.float32(255)


def draw_scene(rng: Rng, width: int = 480, height: int = 360) -> Image.Image:
    """Draw something like a photo: shapes with shades, texture and noise."""
    base = np.stack([_waves(rng, width, height, 90) for _ in range(3)], axis=2) * 200
    base += (_waves(rng, width, height, 4)[..., None] - 0.5) * 60
    image = Image.fromarray(np.clip(base, 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for _ in range(14):
        x, y = rng.integers(width), rng.integers(height)
        w, h = rng.integers(20, width // 3), rng.integers(20, height // 3)
        shape = (pen.ellipse, pen.rectangle)[rng.integers(2)]
        shape((int(x), int(y), int(x + w), int(y + h)), fill=_colour(rng))
    return _noise(image.filter(ImageFilter.GaussianBlur(1)), rng, 4)


def _icon(ink: tuple[int, int, int]) -> Draw:
    def draw(rng: Rng, _number: int) -> Image.Image:
        image = Image.new("RGBA", (256, 256), (*ink, 0))
        pen = ImageDraw.Draw(image)
        for _ in range(int(rng.integers(2, 5))):
            x, y, size = (int(rng.integers(20, 150)) for _ in range(3))
            box = (x, y, x + size // 2 + 30, y + size // 2 + 30)
            shape = int(rng.integers(4))
            if shape == 0:
                pen.ellipse(box, outline=(*ink, 255), width=14)
            elif shape == 1:
                pen.rectangle(box, fill=(*ink, 255))
            elif shape == 2:
                pen.line(box, fill=(*ink, 255), width=18)
            else:
                pen.regular_polygon(
                    (x + 40, y + 40, 40), 3 + int(rng.integers(4)), fill=(*ink, 255)
                )
        return image

    return draw


def _bottle(rng: Rng, _number: int) -> Image.Image:
    image = _page(420, 480)
    pen = ImageDraw.Draw(image)
    pen.rectangle((185, 40, 235, 150), fill=(30, 90, 40))
    pen.rounded_rectangle((140, 140, 280, 450), 30, fill=(30, 90, 40))
    pen.rectangle((150, 220, 270, 360), fill=(250, 240, 215))
    for line in range(3):
        pen.text((160, 230 + 40 * line), _words(rng, 1), fill=INK, font=_font(22))
    return image


def _lens_cap(rng: Rng, _number: int) -> Image.Image:
    return _noise(_page(600, 400, (5, 5, 5)), rng, 1.5)


def _stars(rng: Rng, _number: int) -> Image.Image:
    values = np.zeros((400, 600), np.float32)
    count = 130
    ys, xs = rng.integers(2, 398, count), rng.integers(2, 598, count)
    for x, y, light in zip(xs, ys, 30 + 220 * rng.random(count) ** 3, strict=True):
        values[y, x] += light
    image = Image.fromarray(np.clip(values * 2, 0, 255).astype(np.uint8))
    image = image.filter(ImageFilter.GaussianBlur(0.7))
    return _noise(Image.merge("RGB", [image.point(lambda v: min(255, v * 2 + 8))] * 3), rng, 1.5)


def _face(pen: ImageDraw.ImageDraw, rng: Rng, x: int, y: int, size: int) -> None:
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


def _expression(rng: Rng, _number: int) -> Image.Image:
    image = Image.fromarray(np.asarray(draw_scene(np.random.default_rng(5), 360, 440)) // 3 + 120)
    pen = ImageDraw.Draw(image)
    pen.ellipse((70, 40, 290, 330), fill=(70, 45, 25))
    _face(pen, rng, 90, 80, 180)
    pen.rectangle((60, 340, 300, 440), fill=(40, 60, 120))
    return _noise(image.filter(ImageFilter.GaussianBlur(0.8)), rng, 2)


def _id_card(rng: Rng, _number: int) -> Image.Image:
    image = _page(640, 400, (225, 235, 245))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 640, 60), fill=(20, 60, 120))
    pen.text((20, 14), "CITY LIBRARY CARD", fill=PAPER, font=_font(30))
    pen.rectangle((30, 90, 210, 320), fill=(190, 200, 210))
    _face(pen, rng, 70, 120, 100)
    fields = {
        "Name": f"{NAMES[rng.integers(len(NAMES))]} {_words(rng, 1).title()}",
        "Number": _digits(rng, 8),
        "Born": f"{_digits(rng, 2)}.{_digits(rng, 2)}.19{_digits(rng, 2)}",
        "Valid": f"20{_digits(rng, 2)}",
    }  # fmt: skip
    for line, (label, value) in enumerate(fields.items()):
        pen.text((240, 95 + 58 * line), label, fill=(90, 90, 90), font=_font(14))
        pen.text((240, 112 + 58 * line), value, fill=INK, font=_font(24))
    pen.line((30, 350, 610, 350), fill=(20, 60, 120), width=2)
    return image


def _invoice(rng: Rng, _number: int) -> Image.Image:
    image = _page(620, 877)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 620, 80), fill=(30, 70, 60))
    pen.text((40, 22), "NORTHERN TIMBER COMPANY", fill=PAPER, font=_font(28))
    pen.text((40, 110), f"Invoice {_digits(rng, 6)}", fill=INK, font=_font(18))
    pen.text((400, 110), f"{_digits(rng, 2)}.{_digits(rng, 2)}.2026", fill=INK, font=_font(14))
    pen.rectangle((40, 180, 580, 204), fill=(215, 215, 215))
    for x, label in ((50, "Item"), (350, "Count"), (480, "Price")):
        pen.text((x, 184), label, fill=INK, font=_font(14))
    for line in range(int(rng.integers(6, 12))):
        y = 214 + 24 * line
        pen.text((50, y), _words(rng, 2), fill=INK, font=_font(13))
        pen.text((360, y), str(rng.integers(1, 99)), fill=INK, font=_font(13))
        pen.text((480, y), f"{_digits(rng, 3)}.{_digits(rng, 2)}", fill=INK, font=_font(13))
    pen.text((430, 520), f"Total {_digits(rng, 4)}.00", fill=INK, font=_font(18))
    pen.text(
        (40, 840),
        "Pay within 30 days. Northern Timber Company, Harbour Road 1",
        fill=(120, 120, 120),
        font=_font(11),
    )
    return image


def _product(rng: Rng, _number: int) -> Image.Image:
    image = _page(500, 500)
    pen = ImageDraw.Draw(image)
    body, lid = _colour(rng, 40, 220), _colour(rng, 40, 220)
    width, height = int(rng.integers(120, 190)), int(rng.integers(200, 280))
    left, top = 250 - width // 2, 420 - height
    pen.ellipse((left - 10, 405, left + width + 10, 435), fill=(225, 225, 225))
    pen.rounded_rectangle((left, top, left + width, 420), 16, fill=body)
    pen.rectangle((left + 15, top - 30, left + width - 15, top), fill=lid)
    pen.rectangle((left + 10, top + 60, left + width - 10, top + 140), fill=PAPER)
    pen.text((left + 16, top + 80), _words(rng, 1), fill=INK, font=_font(24))
    return image


def _calendar(rng: Rng, number: int) -> Image.Image:
    image = _page(600, 440)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 600, 60), fill=(150, 40, 40))
    pen.text(
        (20, 16), f"Month {number % 12 + 1} of {2000 + number // 12}", fill=PAPER, font=_font(26)
    )
    first = int(rng.integers(7))
    for row in range(6):
        for column in range(7):
            x, y = 15 + 82 * column, 75 + 60 * row
            pen.rectangle((x, y, x + 78, y + 56), outline=(180, 180, 180))
            day = row * 7 + column - first + 1
            if 1 <= day <= 31:
                pen.text((x + 6, y + 4), str(day), fill=INK, font=_font(16))
    for _ in range(3):
        x, y = 20 + 82 * int(rng.integers(7)), 100 + 60 * int(rng.integers(6))
        pen.text((x, y), _words(rng, 1), fill=(30, 60, 160), font=_font(12))
    return image


def _ct_slice(rng: Rng, number: int) -> Image.Image:
    height = width = 420
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    depth = number / 40
    values = np.full((height, width), 8.0, np.float32)

    def organ(cx: float, cy: float, rx: float, ry: float, level: float) -> None:
        values[((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1] = level

    organ(210, 210, 175, 140, 110)
    organ(210, 210, 165, 130, 85)
    organ(130, 200, 45 + 12 * math.sin(depth), 60 + 10 * math.cos(depth), 25)
    organ(290, 200, 48 + 12 * math.cos(depth), 62 + 10 * math.sin(depth * 1.3), 25)
    organ(210 + 8 * math.sin(depth * 2), 290, 24, 24, 200)
    for _ in range(12):
        organ(
            rng.uniform(90, 330), rng.uniform(140, 260), rng.uniform(2, 7), rng.uniform(2, 7), 150
        )
    grey = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(1.5)
    )
    return _noise(grey.convert("RGB"), rng, 3)


def _slide(rng: Rng, number: int) -> Image.Image:
    image = _page(960, 540)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 960, 90), fill=(40, 40, 90))
    pen.text((30, 24), _words(rng, 3).title(), fill=PAPER, font=_font(36))
    for line in range(int(rng.integers(3, 7))):
        pen.ellipse((50, 143 + 56 * line, 62, 155 + 56 * line), fill=(200, 90, 20))
        pen.text(
            (80, 133 + 56 * line), _words(rng, int(rng.integers(3, 7))), fill=INK, font=_font(26)
        )
    pen.text(
        (30, 510), "Institute of Examples, annual meeting", fill=(130, 130, 130), font=_font(14)
    )
    pen.text((900, 510), str(number + 1), fill=(130, 130, 130), font=_font(14))
    return image


def _chart_page(title: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = _page(560, 420)
    pen = ImageDraw.Draw(image)
    pen.text((220, 10), title, fill=INK, font=_font(20))
    return image, pen


def _axes(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((60, 50, 530, 370), outline=INK)
    for step in range(6):
        pen.text((24, 360 - 62 * step), str(20 * step), fill=INK, font=_font(14))
        pen.text((80 + 80 * step, 378), "ABCDEF"[step], fill=INK, font=_font(14))


def _bars(rng: Rng, _number: int) -> Image.Image:
    image, pen = _chart_page("Daily report")
    _axes(pen)
    for step in range(8):
        top = 370 - int(rng.integers(20, 300))
        pen.rectangle((75 + 56 * step, top, 115 + 56 * step, 370), fill=(40, 110, 170))
    return image


def _lines(rng: Rng, _number: int) -> Image.Image:
    image, pen = _chart_page("Daily report")
    _axes(pen)
    for colour in ((40, 110, 170), (220, 120, 30)):
        heights = 210 + np.cumsum(rng.normal(0, 25, 24))
        points = [(62 + 20 * i, float(np.clip(h, 55, 365))) for i, h in enumerate(heights)]
        pen.line(points, fill=colour, width=3)
    return image


def _pies(rng: Rng, _number: int) -> Image.Image:
    image, pen = _chart_page("Shares")
    colours = ((40, 110, 170), (220, 120, 30), (60, 150, 60), (180, 50, 50), (130, 100, 180))
    shares = rng.dirichlet(np.full(5, 2.0)) * 360
    start = 0.0
    for share, colour in zip(shares, colours, strict=True):
        pen.pieslice((140, 60, 420, 340), start, start + share, fill=colour)
        start += share
    for index, colour in enumerate(colours):
        pen.rectangle((40 + 100 * index, 380, 56 + 100 * index, 396), fill=colour)
        pen.text((62 + 100 * index, 378), f"Part {index + 1}", fill=INK, font=_font(14))
    return image


def _scatter(rng: Rng, _number: int) -> Image.Image:
    image, pen = _chart_page("Samples")
    _axes(pen)
    slope = rng.uniform(-150, 150)
    for t in rng.random(70):
        x, y = 70 + 450 * t, 210 + slope * (t - 0.5) + rng.normal(0, 35)
        pen.ellipse((x - 3, y - 3, x + 3, y + 3), fill=(40, 110, 170))
    return image


def _modules(rng: Rng, side: int) -> NDArray[np.bool_]:
    """Return something like a QR code of `side` x `side` modules."""
    modules = rng.random((side, side)) < 0.5
    finder = np.ones((8, 8), bool)
    finder[1:6, 1:6] = False
    finder[2:5, 2:5] = True
    finder[7, :] = finder[:, 7] = False
    modules[:8, :8] = finder
    modules[:8, -8:] = finder[:, ::-1]
    modules[-8:, :8] = finder[::-1]
    modules[6, 8:-8] = modules[8:-8, 6] = np.arange(side - 16) % 2 == 0
    return modules


def _qr_code(rng: Rng, _number: int) -> Image.Image:
    modules = np.pad(~_modules(rng, 33), 4, constant_values=True)
    pixels = np.repeat(np.repeat(modules, 8, 0), 8, 1)
    return Image.fromarray(np.where(pixels, 255, 0).astype(np.uint8)).convert("RGB")


def _bar_code(rng: Rng, _number: int) -> Image.Image:
    image = _page(420, 240)
    pen, x = ImageDraw.Draw(image), 30
    digits = _digits(rng, 13)
    while x < 385:
        width = 3 * int(rng.integers(1, 4))
        pen.rectangle((x, 20, x + width - 1, 190), fill=INK)
        x += width + 3 * int(rng.integers(1, 4))
    pen.text((110, 200), digits, fill=INK, font=_font(24))
    return image


def _table(rng: Rng, _number: int) -> Image.Image:
    image = _page(640, 480)
    pen = ImageDraw.Draw(image)
    for row in range(18):
        for column in range(6):
            x, y = 20 + 100 * column, 15 + 25 * row
            pen.rectangle(
                (x, y, x + 100, y + 25),
                outline=(160, 160, 160),
                fill=(225, 230, 245) if row == 0 else PAPER,
            )
            text = f"Column {column + 1}" if row == 0 else f"{_digits(rng, 3)}.{_digits(rng, 1)}"
            pen.text((x + 8, y + 5), text, fill=INK, font=_font(13))
    return image


def _desktop(rng: Rng, _number: int) -> Image.Image:
    image = _page(1100, 700, (20, 90, 120))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 670, 1100, 700), fill=(30, 30, 40))
    for icon in range(7):
        pen.rectangle(
            (10 + 40 * icon, 675, 30 + 40 * icon, 695), fill=_colour(np.random.default_rng(icon))
        )
    pen.rectangle((60, 40, 1040, 630), fill=(245, 245, 245))
    pen.rectangle((60, 40, 1040, 66), fill=(50, 50, 60))
    pen.text((70, 44), f"{_words(rng, 1)}.txt - Editor", fill=PAPER, font=_font(15))
    for row in range(22):
        pen.text((75, 85 + 24 * row), WORDS[row], fill=(60, 60, 60), font=_font(12))
    pen.rectangle((220, 75, 1030, 620), fill=PAPER)
    for row in range(22):
        pen.text(
            (230 + 20 * int(rng.integers(4)), 82 + 24 * row),
            _words(rng, int(rng.integers(1, 8))),
            fill=_colour(rng, 0, 150),
            font=_font(13),
        )
    return image


def _note(rng: Rng, _number: int) -> Image.Image:
    image = _page(500, 500, (255, 245, 160))
    pen = ImageDraw.Draw(image)
    for line in range(int(rng.integers(1, 4))):
        pen.text(
            (50, 150 + 60 * line),
            _words(rng, int(rng.integers(1, 4))),
            fill=(40, 40, 90),
            font=_font(30),
        )
    return image


def _gradient(rng: Rng, _number: int) -> Image.Image:
    t = np.linspace(0, 1, 500, dtype=np.float32)
    angle = rng.uniform(0, 2 * math.pi)
    ramp = (np.cos(angle) * t[None, :] + np.sin(angle) * t[:320, None]) * 0.5 + 0.5
    start, end = (np.array(_colour(rng), np.float32) for _ in range(2))
    return Image.fromarray(
        (start + (end - start) * np.clip(ramp, 0, 1)[..., None]).astype(np.uint8)
    )


def _flat(rng: Rng, _number: int) -> Image.Image:
    return _page(300, 300, _colour(rng))


def _video(rng: Rng, number: int) -> Image.Image:
    """Draw frames of one camera: a person walks through, the light stays."""
    image = draw_scene(np.random.default_rng(11), 640, 360)
    pen = ImageDraw.Draw(image)
    x = 30 + 9 * number % 560
    pen.ellipse((x + 8, 120, x + 40, 155), fill=(225, 185, 150))
    pen.rectangle((x, 155, x + 48, 250), fill=(160, 30, 40))
    swing = 14 * math.sin(number * 0.9)
    pen.line((x + 16, 250, x + 16 + swing, 330), fill=(30, 30, 60), width=12)
    pen.line((x + 32, 250, x + 32 - swing, 330), fill=(30, 30, 60), width=12)
    return _noise(image, rng, 3)


def _text_page(rng: Rng, _number: int) -> Image.Image:
    image = _page(620, 877)
    pen = ImageDraw.Draw(image)
    pen.text((60, 50), _words(rng, 3).title(), fill=INK, font=_font(20))
    for line in range(46):
        pen.text((60, 90 + 16 * line), _words(rng, 12)[:82], fill=INK, font=_font(11))
    return image


def _chess(rng: Rng, _number: int) -> Image.Image:
    image = _page(480, 480)
    pen = ImageDraw.Draw(image)
    for row in range(8):
        for column in range(8):
            box = (60 * column, 60 * row, 60 * column + 59, 60 * row + 59)
            pen.rectangle(box, fill=(240, 217, 181) if (row + column) % 2 == 0 else (181, 136, 99))
    for square in rng.choice(64, 14, replace=False).tolist():
        x, y = 60 * (square % 8), 60 * (square // 8)
        colour = INK if rng.integers(2) else PAPER
        sides = 3 + int(rng.integers(5))
        pen.regular_polygon((x + 30, y + 30, 22), sides, fill=colour, outline=(90, 90, 90))
    return image


def _sheet_music(rng: Rng, _number: int) -> Image.Image:
    image = _page(620, 800)
    pen = ImageDraw.Draw(image)
    for system in range(8):
        top = 60 + 90 * system
        for line in range(5):
            pen.line((40, top + 8 * line, 580, top + 8 * line), fill=INK)
        for x in range(70, 570, 26):
            y = top + 4 * int(rng.integers(0, 9))
            pen.ellipse((x, y - 4, x + 10, y + 4), fill=INK)
            pen.line((x + 10, y, x + 10, y - 28), fill=INK, width=2)
    return image


def _chat(rng: Rng, _number: int) -> Image.Image:
    image = _page(400, 700, (230, 225, 215))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 400, 56), fill=(10, 95, 85))
    pen.text((60, 16), "Family", fill=PAPER, font=_font(22))
    y = 75
    while y < 640:
        height, mine = 28 + 18 * int(rng.integers(3)), bool(rng.integers(2))
        x = 130 if mine else 15
        pen.rounded_rectangle(
            (x, y, x + 250, y + height), 10, fill=(220, 248, 198) if mine else PAPER
        )
        for line in range(height // 24):
            pen.text(
                (x + 12, y + 6 + 18 * line),
                _words(rng, int(rng.integers(1, 5))),
                fill=INK,
                font=_font(13),
            )
        y += height + 12
    pen.rectangle((0, 655, 400, 700), fill=PAPER)
    return image


def _viewer(rng: Rng, _number: int) -> Image.Image:
    """Draw a screenshot of a picture in a viewer."""
    image = _page(800, 600, (30, 30, 30))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 800, 40), fill=(60, 60, 60))
    pen.text((20, 10), "Photo viewer", fill=PAPER, font=_font(18))
    pen.rectangle((0, 550, 800, 600), fill=(60, 60, 60))
    for icon in range(8):
        pen.ellipse((200 + 50 * icon, 560, 230 + 50 * icon, 590), outline=PAPER, width=3)
    image.paste(draw_scene(rng, 400, 300), (200, 140))
    return image


def _meme(rng: Rng, _number: int) -> Image.Image:
    image = _page(480, 520, (255, 255, 255))
    pen = ImageDraw.Draw(image)
    pen.text((30, 30), "WHEN THE WEEK IS OVER", fill=INK, font=_font(32))
    pen.text((30, 90), "and nobody calls", fill=INK, font=_font(28))
    image.paste(draw_scene(rng), (0, 160))
    return image


def _signature(rng: Rng, _number: int) -> Image.Image:
    image = _page(500, 220)
    t = np.linspace(0, 1, 160)
    x, y = 60 + 380 * t, np.full_like(t, 110)
    for wave in range(1, 9):
        x = x + rng.normal(0, 22 / wave**0.5) * np.sin(wave * 6.3 * t + rng.uniform(0, 6))
        y = y + rng.normal(0, 30 / wave**0.5) * np.sin(wave * 6.3 * t + rng.uniform(0, 6))
    ImageDraw.Draw(image).line(
        list(zip(x.tolist(), y.tolist(), strict=True)), fill=(20, 30, 110), width=3
    )
    return image


def _map(rng: Rng, _number: int) -> Image.Image:
    image = _page(520, 520, (240, 238, 230))
    pen = ImageDraw.Draw(image)
    for _ in range(5):
        x, y, size = (int(rng.integers(0, 480)) for _ in range(3))
        pen.ellipse((x, y, x + 40 + size // 4, y + 40 + size // 4), fill=(200, 225, 190))
    for index in range(22):
        points = [tuple(rng.integers(0, 520, 2).tolist()) for _ in range(3)]
        pen.line(
            points,
            fill=(250, 215, 140) if index % 4 == 0 else PAPER,
            width=6 if index % 4 == 0 else 3,
        )
    for _ in range(8):
        pen.text(
            tuple(rng.integers(20, 440, 2).tolist()),
            _words(rng, 1),
            fill=(90, 90, 90),
            font=_font(12),
        )
    return image


def _one_number(rng: Rng, _number: int) -> Image.Image:
    """Draw one bill, of which only one line differs."""
    image = _invoice(np.random.default_rng(7), 0)
    pen = ImageDraw.Draw(image)
    pen.rectangle((470, 280, 560, 300), fill=PAPER)
    pen.text((480, 282), f"{_digits(rng, 3)}.00", fill=INK, font=_font(13))
    return image


def _one_word(rng: Rng, _number: int) -> Image.Image:
    """Draw one page of text, of which only one word differs."""
    image = _text_page(np.random.default_rng(7), 0)
    pen = ImageDraw.Draw(image)
    pen.rectangle((60, 90 + 16 * 20, 620, 105 + 16 * 20), fill=PAPER)
    pen.text((60, 90 + 16 * 20), f"the {_words(rng, 2)} stands here", fill=INK, font=_font(11))
    return image


def _one_spot(rng: Rng, _number: int) -> Image.Image:
    """Draw one photo, in which only one small thing is elsewhere."""
    image = draw_scene(np.random.default_rng(7))
    x, y = int(rng.integers(20, 440)), int(rng.integers(20, 320))
    ImageDraw.Draw(image).ellipse((x, y, x + 12, y + 12), fill=(230, 200, 40), outline=INK)
    return image


KINDS: dict[str, Draw] = {
    "photo-like": lambda rng, _number: draw_scene(rng),
    "white-icons": _icon((255, 255, 255)), "black-icons": _icon((0, 0, 0)),
    "bottles": _bottle, "lens-cap": _lens_cap, "stars": _stars, "id-cards": _id_card,
    "invoices": _invoice, "products": _product, "calendars": _calendar, "ct-slices": _ct_slice,
    "slides": _slide, "pies": _pies, "lines": _lines, "bars": _bars, "scatter": _scatter,
    "qr-codes": _qr_code, "bar-codes": _bar_code, "tables": _table, "desktops": _desktop,
    "notes": _note, "gradients": _gradient, "flat-colours": _flat, "expressions": _expression,
    "video": _video, "text-pages": _text_page, "chess": _chess, "sheet-music": _sheet_music,
    "chats": _chat, "viewer": _viewer, "memes": _meme, "signatures": _signature, "maps": _map,
    "one-number": _one_number, "one-word": _one_word, "one-spot": _one_spot,
}  # fmt: skip
"""The kinds that are one still picture a file."""


@dataclass(frozen=True)
class Picture:
    """A file of a collection. name : `NNN.ext` for a picture, `NNN-EDIT.ext` for a copy of it."""

    name: str
    data: bytes


def _caption(image: Image.Image, rng: Rng) -> Image.Image:
    bar = max(24, image.height // 8)
    framed = Image.new("RGB", (image.width, image.height + bar), (0, 0, 0))
    framed.paste(image.convert("RGB"), (0, bar))
    pen = ImageDraw.Draw(framed)
    pen.text((10, bar // 5), _words(rng, 3).upper(), fill=PAPER, font=_font(bar * 0.5))
    return framed


def _cut(image: Image.Image, rng: Rng) -> Image.Image:
    """Crop to 92 % of the area."""
    width, height = (round(side * 0.96) for side in image.size)
    x, y = int(rng.integers(image.width - width + 1)), int(rng.integers(image.height - height + 1))
    return image.crop((x, y, x + width, y + height))


def _half(image: Image.Image, _rng: Rng) -> Image.Image:
    return image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS)


COPIES: dict[str, tuple[Callable[[Image.Image, Rng], Image.Image], str, int]] = {
    "half": (_half, "png", 0),
    "j40": (lambda image, _rng: image.convert("RGB"), "jpg", 40),
    "crop": (_cut, "png", 0),
    "cap": (_caption, "png", 0),
}
"""The edits of the copies, with format and JPEG quality."""


def draw_kind(kind: str, count: int, copied: int) -> Iterator[Picture]:
    """Draw `count` pictures, and the copies of the first `copied` of them."""
    seed = zlib.crc32(kind.encode())
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        image = KINDS[kind](rng, number)
        yield Picture(f"{number:03d}.png", _encode(image, "png", 0))
        if number < copied:
            for edit, (make, extension, quality) in COPIES.items():
                data = _encode(make(image, rng), extension, quality)
                yield Picture(f"{number:03d}-{edit}.{extension}", data)


def _encode(image: Image.Image, extension: str, quality: int) -> bytes:
    out = io.BytesIO()
    if extension == "jpg":
        image.convert("RGB").save(out, "JPEG", quality=quality)
    else:
        image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def draw_moving(format_: str, count: int) -> Iterator[Picture]:
    """Draw animations or documents whose first frame or page is the same, and a still of it."""
    first = draw_scene(np.random.default_rng(3), 240, 180).convert("RGB")
    extension = {"GIF": "gif", "WEBP": "webp", "PNG": "png", "TIFF": "tif", "AVIF": "avif"}[format_]
    for number in range(count):
        rest = [
            draw_scene(np.random.default_rng([4, number, frame]), 240, 180) for frame in range(2)
        ]
        out = io.BytesIO()
        first.save(out, format_, save_all=True, append_images=rest)
        yield Picture(f"{number:03d}.{extension}", out.getvalue())
    yield Picture(f"{count:03d}.png", _encode(first, "png", 0))


MOVING = {
    "animations-gif": "GIF", "animations-webp": "WEBP", "animations-png": "PNG",
    "documents-tiff": "TIFF", "animations-avif": "AVIF",
}  # fmt: skip
"""The kinds with several frames or pages a file."""


def write_kinds(folder: Path, kinds: Sequence[str], count: int, copied: int) -> None:
    """Write a folder for each kind."""
    for kind in kinds:
        (folder / kind).mkdir(parents=True, exist_ok=True)
        pictures = (
            draw_moving(MOVING[kind], count) if kind in MOVING else draw_kind(kind, count, copied)
        )
        for picture in pictures:
            (folder / kind / picture.name).write_bytes(picture.data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--copied", type=int, default=2)
    parser.add_argument("--kind", action="append")
    options = parser.parse_args()
    kinds = options.kind or [*KINDS, *MOVING]
    write_kinds(options.folder, kinds, options.count, options.copied)


if __name__ == "__main__":
    main()

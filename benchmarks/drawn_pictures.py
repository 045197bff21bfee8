"""Draw pictures of one kind each: icons, stars, faces, slices of a body, frames, maps."""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from benchmarks.drawing import (
    INK,
    PAPER,
    Draw,
    Rng,
    add_noise,
    blank_page,
    draw_face,
    draw_scene,
    font,
    random_colour,
    random_words,
)


def make_icon_drawer(ink: tuple[int, int, int]) -> Draw:
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


def draw_bottle(rng: Rng, _number: int) -> Image.Image:
    image = blank_page(420, 480)
    pen = ImageDraw.Draw(image)
    pen.rectangle((185, 40, 235, 150), fill=(30, 90, 40))
    pen.rounded_rectangle((140, 140, 280, 450), 30, fill=(30, 90, 40))
    pen.rectangle((150, 220, 270, 360), fill=(250, 240, 215))
    for line in range(3):
        pen.text((160, 230 + 40 * line), random_words(rng, 1), fill=INK, font=font(22))
    return image


def draw_lens_cap(rng: Rng, _number: int) -> Image.Image:
    return add_noise(blank_page(600, 400, (5, 5, 5)), rng, 1.5)


def draw_stars(rng: Rng, _number: int) -> Image.Image:
    values = np.zeros((400, 600), np.float32)
    count = 130
    ys, xs = rng.integers(2, 398, count), rng.integers(2, 598, count)
    for x, y, light in zip(xs, ys, 30 + 220 * rng.random(count) ** 3, strict=True):
        values[y, x] += light
    image = Image.fromarray(np.clip(values * 2, 0, 255).astype(np.uint8))
    image = image.filter(ImageFilter.GaussianBlur(0.7))
    return add_noise(Image.merge("RGB", [image.point(lambda v: min(255, v * 2 + 8))] * 3), rng, 1.5)


def draw_expression(rng: Rng, _number: int) -> Image.Image:
    image = Image.fromarray(np.asarray(draw_scene(np.random.default_rng(5), 360, 440)) // 3 + 120)
    pen = ImageDraw.Draw(image)
    pen.ellipse((70, 40, 290, 330), fill=(70, 45, 25))
    draw_face(pen, rng, 90, 80, 180)
    pen.rectangle((60, 340, 300, 440), fill=(40, 60, 120))
    return add_noise(image.filter(ImageFilter.GaussianBlur(0.8)), rng, 2)


def draw_product(rng: Rng, _number: int) -> Image.Image:
    image = blank_page(500, 500)
    pen = ImageDraw.Draw(image)
    body, lid = random_colour(rng, 40, 220), random_colour(rng, 40, 220)
    width, height = int(rng.integers(120, 190)), int(rng.integers(200, 280))
    left, top = 250 - width // 2, 420 - height
    pen.ellipse((left - 10, 405, left + width + 10, 435), fill=(225, 225, 225))
    pen.rounded_rectangle((left, top, left + width, 420), 16, fill=body)
    pen.rectangle((left + 15, top - 30, left + width - 15, top), fill=lid)
    pen.rectangle((left + 10, top + 60, left + width - 10, top + 140), fill=PAPER)
    pen.text((left + 16, top + 80), random_words(rng, 1), fill=INK, font=font(24))
    return image


def draw_ct_slice(rng: Rng, number: int) -> Image.Image:
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
    return add_noise(grey.convert("RGB"), rng, 3)


def draw_gradient(rng: Rng, _number: int) -> Image.Image:
    t = np.linspace(0, 1, 500, dtype=np.float32)
    angle = rng.uniform(0, 2 * math.pi)
    ramp = (np.cos(angle) * t[None, :] + np.sin(angle) * t[:320, None]) * 0.5 + 0.5
    start, end = (np.array(random_colour(rng), np.float32) for _ in range(2))
    return Image.fromarray(
        (start + (end - start) * np.clip(ramp, 0, 1)[..., None]).astype(np.uint8)
    )


def draw_flat_colour(rng: Rng, _number: int) -> Image.Image:
    return blank_page(300, 300, random_colour(rng))


def draw_video(rng: Rng, number: int) -> Image.Image:
    """Draw frames of one camera: a person walks through, the light stays."""
    image = draw_scene(np.random.default_rng(11), 640, 360)
    pen = ImageDraw.Draw(image)
    x = 30 + 9 * number % 560
    pen.ellipse((x + 8, 120, x + 40, 155), fill=(225, 185, 150))
    pen.rectangle((x, 155, x + 48, 250), fill=(160, 30, 40))
    swing = 14 * math.sin(number * 0.9)
    pen.line((x + 16, 250, x + 16 + swing, 330), fill=(30, 30, 60), width=12)
    pen.line((x + 32, 250, x + 32 - swing, 330), fill=(30, 30, 60), width=12)
    return add_noise(image, rng, 3)


def draw_chess(rng: Rng, _number: int) -> Image.Image:
    image = blank_page(480, 480)
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


def draw_viewer(rng: Rng, _number: int) -> Image.Image:
    """Draw a screenshot of a picture in a viewer."""
    image = blank_page(800, 600, (30, 30, 30))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 800, 40), fill=(60, 60, 60))
    pen.text((20, 10), "Photo viewer", fill=PAPER, font=font(18))
    pen.rectangle((0, 550, 800, 600), fill=(60, 60, 60))
    for icon in range(8):
        pen.ellipse((200 + 50 * icon, 560, 230 + 50 * icon, 590), outline=PAPER, width=3)
    image.paste(draw_scene(rng, 400, 300), (200, 140))
    return image


def draw_meme(rng: Rng, _number: int) -> Image.Image:
    image = blank_page(480, 520, (255, 255, 255))
    pen = ImageDraw.Draw(image)
    pen.text((30, 30), "WHEN THE WEEK IS OVER", fill=INK, font=font(32))
    pen.text((30, 90), "and nobody calls", fill=INK, font=font(28))
    image.paste(draw_scene(rng), (0, 160))
    return image


def draw_signature(rng: Rng, _number: int) -> Image.Image:
    image = blank_page(500, 220)
    t = np.linspace(0, 1, 160)
    x, y = 60 + 380 * t, np.full_like(t, 110)
    for wave in range(1, 9):
        x = x + rng.normal(0, 22 / wave**0.5) * np.sin(wave * 6.3 * t + rng.uniform(0, 6))
        y = y + rng.normal(0, 30 / wave**0.5) * np.sin(wave * 6.3 * t + rng.uniform(0, 6))
    ImageDraw.Draw(image).line(
        list(zip(x.tolist(), y.tolist(), strict=True)), fill=(20, 30, 110), width=3
    )
    return image


def draw_map(rng: Rng, _number: int) -> Image.Image:
    image = blank_page(520, 520, (240, 238, 230))
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
            random_words(rng, 1),
            fill=(90, 90, 90),
            font=font(12),
        )
    return image


def draw_one_spot(rng: Rng, _number: int) -> Image.Image:
    """Draw one photo, in which only one small thing is elsewhere."""
    image = draw_scene(np.random.default_rng(7))
    x, y = int(rng.integers(20, 440)), int(rng.integers(20, 320))
    ImageDraw.Draw(image).ellipse((x, y, x + 12, y + 12), fill=(230, 200, 40), outline=INK)
    return image

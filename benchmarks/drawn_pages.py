"""Draw pages and screens of one kind each: cards, bills, charts, codes, slides, text."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks.drawing import (
    INK,
    NAMES,
    PAPER,
    WORDS,
    Rng,
    blank_page,
    draw_face,
    font,
    random_colour,
    random_digits,
    random_words,
)


def draw_id_card(rng: Rng, _number: int) -> Image.Image:
    image = blank_page(640, 400, (225, 235, 245))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 640, 60), fill=(20, 60, 120))
    pen.text((20, 14), "CITY LIBRARY CARD", fill=PAPER, font=font(30))
    pen.rectangle((30, 90, 210, 320), fill=(190, 200, 210))
    draw_face(pen, rng, 70, 120, 100)
    fields = {
        "Name": f"{NAMES[rng.integers(len(NAMES))]} {random_words(rng, 1).title()}",
        "Number": random_digits(rng, 8),
        "Born": f"{random_digits(rng, 2)}.{random_digits(rng, 2)}.19{random_digits(rng, 2)}",
        "Valid": f"20{random_digits(rng, 2)}",
    }  # fmt: skip
    for line, (label, value) in enumerate(fields.items()):
        pen.text((240, 95 + 58 * line), label, fill=(90, 90, 90), font=font(14))
        pen.text((240, 112 + 58 * line), value, fill=INK, font=font(24))
    pen.line((30, 350, 610, 350), fill=(20, 60, 120), width=2)
    return image


def draw_invoice(rng: Rng, _number: int) -> Image.Image:
    image = blank_page(620, 877)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 620, 80), fill=(30, 70, 60))
    pen.text((40, 22), "NORTHERN TIMBER COMPANY", fill=PAPER, font=font(28))
    pen.text((40, 110), f"Invoice {random_digits(rng, 6)}", fill=INK, font=font(18))
    pen.text(
        (400, 110), f"{random_digits(rng, 2)}.{random_digits(rng, 2)}.2026", fill=INK, font=font(14)
    )
    pen.rectangle((40, 180, 580, 204), fill=(215, 215, 215))
    for x, label in ((50, "Item"), (350, "Count"), (480, "Price")):
        pen.text((x, 184), label, fill=INK, font=font(14))
    for line in range(int(rng.integers(6, 12))):
        y = 214 + 24 * line
        pen.text((50, y), random_words(rng, 2), fill=INK, font=font(13))
        pen.text((360, y), str(rng.integers(1, 99)), fill=INK, font=font(13))
        pen.text(
            (480, y), f"{random_digits(rng, 3)}.{random_digits(rng, 2)}", fill=INK, font=font(13)
        )
    pen.text((430, 520), f"Total {random_digits(rng, 4)}.00", fill=INK, font=font(18))
    pen.text(
        (40, 840),
        "Pay within 30 days. Northern Timber Company, Harbour Road 1",
        fill=(120, 120, 120),
        font=font(11),
    )
    return image


def draw_calendar(rng: Rng, number: int) -> Image.Image:
    image = blank_page(600, 440)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 600, 60), fill=(150, 40, 40))
    pen.text(
        (20, 16), f"Month {number % 12 + 1} of {2000 + number // 12}", fill=PAPER, font=font(26)
    )
    first = int(rng.integers(7))
    for row in range(6):
        for column in range(7):
            x, y = 15 + 82 * column, 75 + 60 * row
            pen.rectangle((x, y, x + 78, y + 56), outline=(180, 180, 180))
            day = row * 7 + column - first + 1
            if 1 <= day <= 31:
                pen.text((x + 6, y + 4), str(day), fill=INK, font=font(16))
    for _ in range(3):
        x, y = 20 + 82 * int(rng.integers(7)), 100 + 60 * int(rng.integers(6))
        pen.text((x, y), random_words(rng, 1), fill=(30, 60, 160), font=font(12))
    return image


def draw_slide(rng: Rng, number: int) -> Image.Image:
    image = blank_page(960, 540)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 960, 90), fill=(40, 40, 90))
    pen.text((30, 24), random_words(rng, 3).title(), fill=PAPER, font=font(36))
    for line in range(int(rng.integers(3, 7))):
        pen.ellipse((50, 143 + 56 * line, 62, 155 + 56 * line), fill=(200, 90, 20))
        pen.text(
            (80, 133 + 56 * line),
            random_words(rng, int(rng.integers(3, 7))),
            fill=INK,
            font=font(26),
        )
    pen.text(
        (30, 510), "Institute of Examples, annual meeting", fill=(130, 130, 130), font=font(14)
    )
    pen.text((900, 510), str(number + 1), fill=(130, 130, 130), font=font(14))
    return image


def _chart_page(title: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = blank_page(560, 420)
    pen = ImageDraw.Draw(image)
    pen.text((220, 10), title, fill=INK, font=font(20))
    return image, pen


def _axes(pen: ImageDraw.ImageDraw) -> None:
    pen.rectangle((60, 50, 530, 370), outline=INK)
    for step in range(6):
        pen.text((24, 360 - 62 * step), str(20 * step), fill=INK, font=font(14))
        pen.text((80 + 80 * step, 378), "ABCDEF"[step], fill=INK, font=font(14))


def draw_bars(rng: Rng, _number: int) -> Image.Image:
    image, pen = _chart_page("Daily report")
    _axes(pen)
    for step in range(8):
        top = 370 - int(rng.integers(20, 300))
        pen.rectangle((75 + 56 * step, top, 115 + 56 * step, 370), fill=(40, 110, 170))
    return image


def draw_lines(rng: Rng, _number: int) -> Image.Image:
    image, pen = _chart_page("Daily report")
    _axes(pen)
    for colour in ((40, 110, 170), (220, 120, 30)):
        heights = 210 + np.cumsum(rng.normal(0, 25, 24))
        points = [(62 + 20 * i, float(np.clip(h, 55, 365))) for i, h in enumerate(heights)]
        pen.line(points, fill=colour, width=3)
    return image


def draw_pies(rng: Rng, _number: int) -> Image.Image:
    image, pen = _chart_page("Shares")
    colours = ((40, 110, 170), (220, 120, 30), (60, 150, 60), (180, 50, 50), (130, 100, 180))
    shares = rng.dirichlet(np.full(5, 2.0)) * 360
    start = 0.0
    for share, colour in zip(shares, colours, strict=True):
        pen.pieslice((140, 60, 420, 340), start, start + share, fill=colour)
        start += share
    for index, colour in enumerate(colours):
        pen.rectangle((40 + 100 * index, 380, 56 + 100 * index, 396), fill=colour)
        pen.text((62 + 100 * index, 378), f"Part {index + 1}", fill=INK, font=font(14))
    return image


def draw_scatter(rng: Rng, _number: int) -> Image.Image:
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


def draw_qr_code(rng: Rng, _number: int) -> Image.Image:
    modules = np.pad(~_modules(rng, 33), 4, constant_values=True)
    pixels = np.repeat(np.repeat(modules, 8, 0), 8, 1)
    return Image.fromarray(np.where(pixels, 255, 0).astype(np.uint8)).convert("RGB")


def draw_bar_code(rng: Rng, _number: int) -> Image.Image:
    image = blank_page(420, 240)
    pen, x = ImageDraw.Draw(image), 30
    digits = random_digits(rng, 13)
    while x < 385:
        width = 3 * int(rng.integers(1, 4))
        pen.rectangle((x, 20, x + width - 1, 190), fill=INK)
        x += width + 3 * int(rng.integers(1, 4))
    pen.text((110, 200), digits, fill=INK, font=font(24))
    return image


def draw_table(rng: Rng, _number: int) -> Image.Image:
    image = blank_page(640, 480)
    pen = ImageDraw.Draw(image)
    for row in range(18):
        for column in range(6):
            x, y = 20 + 100 * column, 15 + 25 * row
            pen.rectangle(
                (x, y, x + 100, y + 25),
                outline=(160, 160, 160),
                fill=(225, 230, 245) if row == 0 else PAPER,
            )
            text = (
                f"Column {column + 1}"
                if row == 0
                else f"{random_digits(rng, 3)}.{random_digits(rng, 1)}"
            )
            pen.text((x + 8, y + 5), text, fill=INK, font=font(13))
    return image


def draw_desktop(rng: Rng, _number: int) -> Image.Image:
    image = blank_page(1100, 700, (20, 90, 120))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 670, 1100, 700), fill=(30, 30, 40))
    for icon in range(7):
        pen.rectangle(
            (10 + 40 * icon, 675, 30 + 40 * icon, 695),
            fill=random_colour(np.random.default_rng(icon)),
        )
    pen.rectangle((60, 40, 1040, 630), fill=(245, 245, 245))
    pen.rectangle((60, 40, 1040, 66), fill=(50, 50, 60))
    pen.text((70, 44), f"{random_words(rng, 1)}.txt - Editor", fill=PAPER, font=font(15))
    for row in range(22):
        pen.text((75, 85 + 24 * row), WORDS[row], fill=(60, 60, 60), font=font(12))
    pen.rectangle((220, 75, 1030, 620), fill=PAPER)
    for row in range(22):
        pen.text(
            (230 + 20 * int(rng.integers(4)), 82 + 24 * row),
            random_words(rng, int(rng.integers(1, 8))),
            fill=random_colour(rng, 0, 150),
            font=font(13),
        )
    return image


def draw_note(rng: Rng, _number: int) -> Image.Image:
    image = blank_page(500, 500, (255, 245, 160))
    pen = ImageDraw.Draw(image)
    for line in range(int(rng.integers(1, 4))):
        pen.text(
            (50, 150 + 60 * line),
            random_words(rng, int(rng.integers(1, 4))),
            fill=(40, 40, 90),
            font=font(30),
        )
    return image


def draw_text_page(rng: Rng, _number: int) -> Image.Image:
    image = blank_page(620, 877)
    pen = ImageDraw.Draw(image)
    pen.text((60, 50), random_words(rng, 3).title(), fill=INK, font=font(20))
    for line in range(46):
        pen.text((60, 90 + 16 * line), random_words(rng, 12)[:82], fill=INK, font=font(11))
    return image


def draw_sheet_music(rng: Rng, _number: int) -> Image.Image:
    image = blank_page(620, 800)
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


def draw_chat(rng: Rng, _number: int) -> Image.Image:
    image = blank_page(400, 700, (230, 225, 215))
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 400, 56), fill=(10, 95, 85))
    pen.text((60, 16), "Family", fill=PAPER, font=font(22))
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
                random_words(rng, int(rng.integers(1, 5))),
                fill=INK,
                font=font(13),
            )
        y += height + 12
    pen.rectangle((0, 655, 400, 700), fill=PAPER)
    return image


def draw_one_number(rng: Rng, _number: int) -> Image.Image:
    """Draw one bill, of which only one line differs."""
    image = draw_invoice(np.random.default_rng(7), 0)
    pen = ImageDraw.Draw(image)
    pen.rectangle((470, 280, 560, 300), fill=PAPER)
    pen.text((480, 282), f"{random_digits(rng, 3)}.00", fill=INK, font=font(13))
    return image


def draw_one_word(rng: Rng, _number: int) -> Image.Image:
    """Draw one page of text, of which only one word differs."""
    image = draw_text_page(np.random.default_rng(7), 0)
    pen = ImageDraw.Draw(image)
    pen.rectangle((60, 90 + 16 * 20, 620, 105 + 16 * 20), fill=PAPER)
    pen.text((60, 90 + 16 * 20), f"the {random_words(rng, 2)} stands here", fill=INK, font=font(11))
    return image

"""Render pictures that look like photos: mountains, sea, dunes, flowers, meadows, lights.

    python tools/render_photos.py FOLDER COUNT

The screenshots of README show them. They are computed, so they may be shown and given away.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

WIDTH, HEIGHT = 600, 450

Array = NDArray[np.float64]
Colour = tuple[float, float, float]

SKIES: tuple[tuple[Colour, Colour], ...] = (
    ((0.22, 0.45, 0.80), (0.75, 0.87, 0.96)),  # day
    ((0.15, 0.20, 0.42), (0.98, 0.62, 0.35)),  # sunset
    ((0.35, 0.33, 0.55), (0.97, 0.78, 0.70)),  # dawn
    ((0.55, 0.60, 0.66), (0.84, 0.86, 0.87)),  # overcast
    ((0.05, 0.07, 0.18), (0.28, 0.26, 0.45)),  # dusk
)
"""The colours at the top and at the horizon."""


def noise(rng: np.random.Generator, height: int, width: int, cells: int, octaves: int) -> Array:
    """Return fractal noise from 0 to 1, (height, width). The largest shapes are width / cells."""
    total = np.zeros((height, width))
    for octave in range(octaves):
        across = cells * 2**octave + 1
        down = max(2, across * height // width + 1)
        grid = Image.fromarray(rng.random((down, across)).astype(np.float32))
        total += np.asarray(grid.resize((width, height), Image.Resampling.BICUBIC)) / 2**octave
    total -= total.min()
    scaled: Array = total / max(float(total.max()), 1e-9)
    return scaled


def mix(first: Array, second: Array, share: Array | float) -> Array:
    """Return the colours between two pictures; share 1 is the second."""
    part = np.asarray(share)
    mixed: Array = first + (second - first) * (part[..., None] if part.ndim == 2 else part)
    return mixed


def sky(rng: np.random.Generator, colours: tuple[Colour, Colour], horizon: float) -> Array:
    """Return a sky with clouds and a sun or moon, (HEIGHT, WIDTH, 3)."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] / HEIGHT
    top, low = (np.array(colour) for colour in colours)
    picture = mix(np.broadcast_to(top, (HEIGHT, WIDTH, 3)), low, np.clip(y / horizon, 0, 1) ** 0.8)
    sun_x, sun_y = rng.uniform(0.2, 1.1), rng.uniform(0.25, 0.95) * horizon
    distance = np.hypot(x - sun_x, y - sun_y)
    glow = np.clip(np.exp(-distance * 5) * 0.8 + (distance < 0.025), 0, 1)
    picture = mix(picture, np.array((1.0, 0.93, 0.80)), glow)
    clouds = noise(rng, HEIGHT, WIDTH, int(rng.integers(2, 5)), 7)
    cover = np.clip((clouds - rng.uniform(0.45, 0.65)) * 4, 0, 1) * np.clip(1.1 - y / horizon, 0, 1)
    light = mix(np.broadcast_to(low, (HEIGHT, WIDTH, 3)), np.ones(3), 0.55)
    return mix(picture, light, cover * 0.85)


def ridge(
    rng: np.random.Generator, picture: Array, at: float, rough: float, colour: Array, trees: bool
) -> Array:
    """Return the picture with a ridge of hills or mountains laid over it."""
    line = noise(rng, 2, WIDTH, int(rng.integers(2, 5)), 7 if rough > 0.1 else 4)[0]
    line = at - rough * line
    if trees:
        line = line - 0.035 * noise(rng, 2, WIDTH, 90, 2)[0] ** 3
    y = np.arange(HEIGHT)[:, None] / HEIGHT
    below = np.clip((y - line[None, :]) * HEIGHT, 0, 1)
    relief = noise(rng, HEIGHT, WIDTH, 14, 5)
    slope = (
        np.gradient(relief, axis=1) * 14
        + np.gradient(np.broadcast_to(line, relief.shape), axis=1) * 30
    )
    shade = np.clip(1 + slope + (relief - 0.5) * 0.5, 0.45, 1.6)
    return mix(picture, np.clip(colour * shade[..., None], 0, 1), below)


def landscape(rng: np.random.Generator, greens: bool, rough: float) -> Array:
    """Return layers of ridges that fade into the colour of the horizon."""
    colours = SKIES[int(rng.integers(len(SKIES)))]
    horizon = rng.uniform(0.55, 0.7)
    picture = sky(rng, colours, horizon)
    haze = np.array(colours[1])
    near = np.array((0.16, 0.27, 0.10)) if greens else np.array((0.22, 0.20, 0.22))
    near = near * rng.uniform(0.7, 1.5) * (0.35 + 0.75 * haze.mean())
    layers = int(rng.integers(3, 6))
    for layer in range(layers):
        share = (layer + 1) / layers
        at = horizon + (1.02 - horizon) * share**1.5 - 0.12 * (1 - share)
        colour = haze * (1 - share) * 0.85 + near * share
        picture = ridge(rng, picture, at, rough * (1.2 - share), colour, greens and share > 0.4)
    return picture


def mountains(rng: np.random.Generator) -> Array:
    return landscape(rng, greens=False, rough=0.55)


def meadow(rng: np.random.Generator) -> Array:
    return landscape(rng, greens=True, rough=0.18)


def sea(rng: np.random.Generator) -> Array:
    """Return a sea that mirrors its sky, with waves."""
    colours = SKIES[int(rng.integers(len(SKIES)))]
    horizon = rng.uniform(0.45, 0.62)
    picture = sky(rng, colours, horizon)
    if rng.integers(2):
        picture = ridge(
            rng, picture, horizon + 0.01, 0.14, np.array(colours[1]) * 0.45, trees=False
        )
    edge = int(horizon * HEIGHT)
    depth = HEIGHT - edge
    waves = np.asarray(
        Image.fromarray(noise(rng, HEIGHT, 160, 12, 6).astype(np.float32)).resize(
            (WIDTH, HEIGHT), Image.Resampling.BICUBIC
        )
    )[edge:]
    far = np.linspace(0.15, 1, depth)[:, None]
    rows = np.clip(
        edge - 1 - np.arange(depth)[:, None] * 0.8 + (waves - 0.5) * 130 * far, 0, edge - 1
    )
    mirrored = picture[rows.astype(int), np.arange(WIDTH)[None, :]]
    tint = np.array((0.06, 0.22, 0.30)) * (0.4 + np.array(colours[1]).mean())
    water = mix(mirrored, tint, np.clip(0.25 + 0.5 * far + (waves - 0.5) * 0.5, 0, 0.85))
    return np.concatenate((picture[:edge], water))


def dunes(rng: np.random.Generator) -> Array:
    """Return dunes with rippled sand, lit from one side."""
    horizon = rng.uniform(0.35, 0.5)
    picture = sky(rng, SKIES[int(rng.integers(3))], horizon)
    sand = np.array((0.86, 0.62, 0.36)) * rng.uniform(0.75, 1.1)
    y, x = np.mgrid[:HEIGHT, :WIDTH] / HEIGHT
    for layer in range(4):
        share = (layer + 1) / 4
        line = horizon + (0.95 - horizon) * share - 0.2 * noise(rng, 2, WIDTH, 2, 3)[0]
        warp = noise(rng, HEIGHT, WIDTH, 3, 3)
        ripples = np.sin((y * 70 + warp * 30 + x * 4) * (1.5 - share * 0.6)) * 0.05
        light = np.clip(0.75 + np.gradient(line)[None, :] * 120 + ripples + warp * 0.3, 0.35, 1.3)
        below = np.clip((y - line[None, :]) * HEIGHT, 0, 1)
        picture = mix(picture, np.clip(sand * light[..., None], 0, 1), below)
    return picture


def lights(rng: np.random.Generator) -> Array:
    """Return blurred lights of a town at night: discs over a dark ground."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    picture = np.full((HEIGHT, WIDTH, 3), 0.03) + noise(rng, HEIGHT, WIDTH, 3, 4)[..., None] * 0.06
    hues = rng.random((4, 3)) * 0.6 + np.array((0.4, 0.25, 0.1))
    for _ in range(int(rng.integers(60, 140))):
        at_x, at_y = rng.uniform(0, WIDTH), rng.normal(HEIGHT * 0.55, HEIGHT * 0.17)
        size = rng.uniform(6, 34)
        disc = np.clip(size - np.hypot(x - at_x, y - at_y), 0, 2) / 2 * rng.uniform(0.15, 0.6)
        picture = picture + disc[..., None] * hues[int(rng.integers(4))]
    return picture


def flowers(rng: np.random.Generator) -> Array:
    """Return blossoms before a blurred garden."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    green = np.array((0.20, 0.38, 0.12)) * rng.uniform(0.7, 1.3)
    blur = noise(rng, HEIGHT, WIDTH, 4, 3)
    picture = mix(
        np.broadcast_to(green * 0.5, (HEIGHT, WIDTH, 3)), np.array((0.55, 0.68, 0.35)), blur**2
    )
    hue = np.array(
        ((0.93, 0.35, 0.45), (0.97, 0.80, 0.25), (0.62, 0.42, 0.85), (0.95, 0.93, 0.90))[
            int(rng.integers(4))
        ]
    )
    for size in sorted(rng.uniform(25, 120, int(rng.integers(4, 10)))):
        at_x, at_y = rng.uniform(0, WIDTH), rng.uniform(HEIGHT * 0.2, HEIGHT)
        petals, turn = int(rng.integers(5, 9)), rng.uniform(0, 6)
        radius, angle = np.hypot(x - at_x, (y - at_y) * 1.25) / size, np.arctan2(y - at_y, x - at_x)
        edge = 0.55 + 0.45 * np.abs(np.cos(petals * angle / 2 + turn)) ** 0.6
        inside = np.clip((edge - radius) * size / 3, 0, 1)
        veins = 0.8 + 0.2 * np.cos(angle * petals * 4 + turn) * radius
        shade = np.clip((0.55 + 0.6 * radius) * veins, 0.3, 1.15)
        picture = mix(picture, np.clip(hue * shade[..., None], 0, 1), inside)
        centre = np.clip((0.2 - radius) * size / 2, 0, 1)
        picture = mix(picture, np.array((0.75, 0.55, 0.10)) * (0.6 + blur[..., None] * 0.6), centre)
    return picture


SCENES: tuple[Callable[[np.random.Generator], Array], ...] = (
    mountains, sea, meadow, dunes, flowers, lights,
)  # fmt: skip


def render(number: int) -> Image.Image:
    """Return photo `number`, WIDTH x HEIGHT: a scene with a lens' vignette and a sensor's grain."""
    rng = np.random.default_rng([8, number])
    picture = SCENES[number % len(SCENES)](rng)
    y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    picture = picture * (1 - 0.22 * (x**2 + y**2) ** 1.2)[..., None]
    picture = picture + rng.normal(0, 0.012, (HEIGHT, WIDTH, 1))
    image = Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8))
    return image.filter(ImageFilter.GaussianBlur(0.6))


def main(folder: Path, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        name = f"{SCENES[number % len(SCENES)].__name__} {number // len(SCENES) + 1:02d}.jpg"
        render(number).save(folder / name, quality=90)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

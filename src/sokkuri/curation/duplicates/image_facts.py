"""Read from an image file what tells an original from a copy of it.

Takes a file's bytes and returns ImageFacts: metadata of a camera, colour, losses of JPEG, and how
much detail the pixels hold. The pixels are read once, and only samples of them are kept.
"""

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.types import Limits, PixelSpec
from sokkuri.images.decode import decode, read_size
from sokkuri.images.file_header import read_file_header

BLOCK = 8  # pixels along each side of a JPEG block
BINS = 32  # of a spectrum
_SEGMENT = 2 * BINS  # pixels
_MAX_PIXELS = 60_000_000  # an image with more is not looked at in detail
_LEAST_SAMPLES = 60
_RESIZED_SPREAD = 0.7  # found with enlargements 0.1 to 0.6, and 0.84 to 1 without
_BLOCKS, _TRIED_BLOCKS = 192, 600
_LINES, _SEGMENTS = 48, 24
_THUMBNAIL_SIDE = 64
_COLOUR_LEVELS = 1.5
_LOSSLESS = frozenset({"PNG", "BMP", "DIB", "TGA", "PPM", "QOI", "PSD", "SGI", "FITS"})
_LOW = np.array([(0, 1), (1, 0), (2, 0), (1, 1), (0, 2), (0, 3), (1, 2), (2, 1), (3, 0), (3, 1),
                 (2, 2), (1, 3)])  # fmt: skip
"""The frequencies (row, column) that are sampled: the lowest of a block, without its mean."""

Coefficients = NDArray[np.float32]


def _no_blocks() -> Coefficients:
    return np.empty((0, len(_LOW)), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class ImageFacts:
    """What a file says about itself.

    width, height : pixels of the upright image. format, camera, taken : see FileHeader. colour :
    levels of chroma that the brightness does not explain. quantisation : (12,) steps of a JPEG's
    brightness at the sampled frequencies; None for other files. spectrum_x, spectrum_y : (BINS,)
    logarithm of the power by frequency along a row and a column of the upright image; empty if
    unknown. blocks, mirrored_blocks : (N, 12) samples of a JPEG grid that begins at the left and at
    the right edge.
    """

    width: int
    height: int
    format: str = ""
    camera: bool = False
    taken: int = 0
    colour: float = 255.0
    quantisation: tuple[int, ...] | None = None
    spectrum_x: tuple[float, ...] = ()
    spectrum_y: tuple[float, ...] = ()
    blocks: Coefficients = field(default_factory=_no_blocks)
    mirrored_blocks: Coefficients = field(default_factory=_no_blocks)

    @property
    def monochrome(self) -> bool:
        """Whether its colours are shades of one."""
        return self.colour < _COLOUR_LEVELS

    @property
    def lossless(self) -> bool:
        """Whether its format loses nothing."""
        return self.format in _LOSSLESS

    @property
    def losses(self) -> float:
        """The mean step of the quantisation; 0 for files that are no JPEG."""
        return 0.0 if self.quantisation is None else float(np.mean(self.quantisation))

    def to_row(self) -> tuple[str, bytes]:
        """Return the facts as JSON, and the samples as bytes."""
        fields = asdict(self)
        samples = [np.asarray(fields.pop(name), np.float16) for name in _SAMPLES]
        return json.dumps({**fields, "split": len(samples[0])}), np.concatenate(samples).tobytes()

    @classmethod
    def from_row(cls, text: str, data: bytes) -> "ImageFacts":
        """Return the facts of a row that `to_row` made."""
        fields: dict[str, Any] = json.loads(text)
        split = fields.pop("split")
        samples = np.frombuffer(data, np.float16).reshape(-1, len(_LOW)).astype(np.float32)
        for name in ("quantisation", "spectrum_x", "spectrum_y"):
            fields[name] = None if fields[name] is None else tuple(fields[name])
        return cls(**fields, blocks=samples[:split], mirrored_blocks=samples[split:])


_SAMPLES = ("blocks", "mirrored_blocks")


def read_image_facts(data: bytes, limits: Limits) -> ImageFacts:
    """Return the facts of an image file. Raises DecodeError."""
    upright = PixelSpec(_THUMBNAIL_SIDE, _THUMBNAIL_SIDE, "bilinear")
    width, height = read_size(data, upright)
    stored = replace(upright, orientation=False, draft=False)
    stored_width, stored_height = read_size(data, stored)
    header = read_file_header(data)
    steps = header.quantisation
    facts = ImageFacts(
        width, height, header.format, header.camera, header.taken,
        _measure_colour(decode(data, upright, limits).rgb),
        None if steps is None else tuple(steps[_LOW[:, 0], _LOW[:, 1]].tolist()),
    )  # fmt: skip
    if width * height > _MAX_PIXELS:
        return facts
    rgb = decode(data, replace(stored, width=stored_width, height=stored_height), limits).rgb
    spectra = _spectrum(rgb), _spectrum(rgb.transpose(1, 0, 2))
    if (width, height) != (stored_width, stored_height):
        spectra = spectra[::-1]
    shift = stored_width % BLOCK
    blocks = _sample_blocks(rgb)
    return replace(
        facts,
        spectrum_x=spectra[0],
        spectrum_y=spectra[1],
        blocks=blocks,
        mirrored_blocks=_sample_blocks(rgb[:, shift:]) if shift else blocks,
    )


def _measure_colour(rgb: NDArray[np.uint8]) -> float:
    """Return the deviation of the chroma from what the brightness explains: about 0 in grey and in
    toned pictures."""
    pixels = rgb.reshape(-1, 3).astype(np.float32)
    luma = pixels @ np.array([0.299, 0.587, 0.114], np.float32)
    chroma = pixels[:, [0, 2]] - luma[:, None]
    level = luma / 255
    powers = np.stack([np.ones_like(level), level, level**2], axis=1)
    fitted, *_ = np.linalg.lstsq(powers, chroma, rcond=None)
    return float(np.sqrt(np.mean((chroma - powers @ fitted) ** 2)))


def _luma(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    luma: NDArray[np.float32] = rgb.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return luma


def _spectrum(rgb: NDArray[np.uint8]) -> tuple[float, ...]:
    """Return the mean power along the rows, by frequency, as logarithms : (BINS,)."""
    height, width = rgb.shape[:2]
    if width < _SEGMENT or height < BLOCK:
        return ()
    rows = np.unique(np.linspace(0, height - 1, _LINES).astype(int))
    starts = np.unique(
        np.linspace(0, width - _SEGMENT, min(_SEGMENTS, width // _SEGMENT)).astype(int)
    )
    lines = _luma(rgb[rows])
    segments = np.concatenate([lines[:, start : start + _SEGMENT] for start in starts])
    segments = segments - segments.mean(1, keepdims=True)
    power = np.abs(np.fft.rfft(segments * np.hanning(_SEGMENT), axis=1)) ** 2
    return tuple(np.round(np.log10(power[:, 1:].mean(0) + 1e-3), 3).tolist())


def _cosines() -> Coefficients:
    """Return the matrix of the discrete cosine transform of a row : (BLOCK, BLOCK)."""
    k, n = np.arange(BLOCK)[:, None], np.arange(BLOCK)
    matrix = 0.5 * np.cos((2 * n + 1) * k * np.pi / (2 * BLOCK))
    matrix[0] /= np.sqrt(2)
    return matrix.astype(np.float32)


_DCT = _cosines()


def _sample_blocks(rgb: NDArray[np.uint8]) -> Coefficients:
    """Return the low frequencies of the blocks with most detail, among some : (N, 12)."""
    rows, columns = rgb.shape[0] // BLOCK, rgb.shape[1] // BLOCK
    numbers = np.unique(np.linspace(0, max(rows * columns - 1, 0), _TRIED_BLOCKS).astype(int))
    if not rows * columns:
        return _no_blocks()
    cut = rgb[: rows * BLOCK, : columns * BLOCK]
    cut = cut.reshape(rows, BLOCK, columns, BLOCK, 3).transpose(0, 2, 1, 3, 4)
    blocks = _luma(cut[numbers // columns, numbers % columns])
    coefficients = (_DCT @ blocks @ _DCT.T)[:, _LOW[:, 0], _LOW[:, 1]]
    detail = np.argsort(-np.abs(coefficients).sum(1), kind="stable")[:_BLOCKS]
    return coefficients[np.sort(detail)].astype(np.float32)


def lies_on_grid(
    coefficients: Coefficients, steps: tuple[int, ...], own: float, *, resized: bool = False
) -> bool:
    """Return whether pixels were once saved as a JPEG with these steps.

    Their coefficients are then near multiples of the steps. steps : of the other file, at the
    sampled frequencies. own : mean step of the file that holds the pixels, 0 if it is no JPEG.
    resized : whether the pixels were resized since, which blurs the multiples.
    """
    wanted = np.array(steps, np.float32)
    coarse = (wanted >= 3) & (wanted >= 1.7 * max(own, 1.0))
    wanted, values = wanted[coarse], coefficients[:, coarse]
    counts = np.abs(values) > 0.75 * wanted  # smaller ones say little: zero is a multiple
    if np.count_nonzero(counts) < _LEAST_SAMPLES:
        return False
    rest = values - wanted * np.rint(values / wanted)
    spread = float(np.mean((rest / wanted)[counts] ** 2)) * 12  # 1 for values at random
    if resized:
        return spread < _RESIZED_SPREAD
    noise = (max(own, 1.0) ** 2 + 1) / float(np.mean(wanted**2))
    return spread < (1 + min(noise, 1.0)) / 2


def is_enlargement(data: bytes, of: ImageFacts, limits: Limits) -> bool:
    """Return whether an image, shrunk to the size of a JPEG, shows the losses of that JPEG.

    Raises DecodeError.
    """
    if of.quantisation is None or of.width * of.height > _MAX_PIXELS:
        return False
    spec = PixelSpec(of.height, of.width, "lanczos", draft=False)
    blocks = _sample_blocks(decode(data, spec, limits).rgb)
    return lies_on_grid(blocks, of.quantisation, 0.0, resized=True)

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
MAX_PIXELS = 60_000_000  # an image with more is not looked at in detail
_BLOCKS, _TRIED_BLOCKS = 192, 600
_LINES, _SEGMENTS = 48, 24
_THUMBNAIL_SIDE = 64
_COLOUR_LEVELS = 1.5
_PALETTE, _SAMPLED_PIXELS = 256, 4096
_LOSSLESS = frozenset({"PNG", "BMP", "DIB", "TGA", "PPM", "QOI", "PSD", "SGI", "FITS"})
_LOW = np.array([(row, total - row) for total in range(1, 7) for row in range(total + 1)])
"""The frequencies (row, column) that are sampled: the lowest of a block, without its mean."""
_COLUMNS = 1 + len(_LOW)  # of samples
TRANSPOSED = np.array([int(np.flatnonzero((pair[::-1] == _LOW).all(1))[0]) for pair in _LOW])
"""Where the frequency is after rows became columns."""
CORNERS = ((False, False), (True, False), (False, True), (True, True))
"""The corners at which a JPEG grid can begin: whether at the right, and whether at the bottom."""

Samples = NDArray[np.float32]
Grids = tuple[Samples, ...]


def _no_blocks() -> Samples:
    return np.empty((0, _COLUMNS), np.float32)


def _no_grids() -> Grids:
    return (_no_blocks(),) * len(CORNERS)


@dataclass(frozen=True, slots=True, eq=False)
class ImageFacts:
    """What a file says about itself.

    width, height : pixels of the upright image. format, camera, taken : see FileHeader. colour :
    levels of chroma that the brightness does not explain. quantisation : (27,) steps of a JPEG's
    brightness at the sampled frequencies; None for other files. spectrum_x, spectrum_y : (BINS,)
    logarithm of the power by frequency along a row and a column of the upright image; empty if
    unknown. grids : samples each, see sample_blocks, of the upright image's blocks if the blocks
    begin at the corner top left, top right, bottom left, bottom right. orientation : how to
    turn the stored image upright, 1 to 8 as in EXIF. few_colours : whether the pixels have at most
    256 colours, as in a file with a palette.
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
    grids: Grids = field(default_factory=_no_grids)
    orientation: int = 1
    few_colours: bool = False

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
        """Return the facts as JSON, and the samples as bytes. Equal grids are stored once."""
        fields = asdict(self)
        del fields["grids"]
        distinct = {id(grid): grid for grid in self.grids}
        places = [*distinct]
        fields["lengths"] = [len(grid) for grid in distinct.values()]
        fields["places"] = [places.index(id(grid)) for grid in self.grids]
        return json.dumps(fields), np.concatenate([*distinct.values()]).astype(np.float16).tobytes()

    @classmethod
    def from_row(cls, text: str, data: bytes) -> "ImageFacts":
        """Return the facts of a row that `to_row` made."""
        fields: dict[str, Any] = json.loads(text)
        lengths, places = fields.pop("lengths"), fields.pop("places")
        samples = np.frombuffer(data, np.float16).reshape(-1, _COLUMNS).astype(np.float32)
        for name in ("quantisation", "spectrum_x", "spectrum_y"):
            fields[name] = None if fields[name] is None else tuple(fields[name])
        distinct = np.split(samples, np.cumsum(lengths)[:-1])
        return cls(**fields, grids=tuple(distinct[place] for place in places))


def read_image_facts(data: bytes, limits: Limits) -> ImageFacts:
    """Return the facts of an image file. Raises DecodeError."""
    upright = PixelSpec(_THUMBNAIL_SIDE, _THUMBNAIL_SIDE, "bilinear")
    width, height = read_size(data, upright)
    header = read_file_header(data)
    steps = header.quantisation
    facts = ImageFacts(
        width, height, header.format, header.camera, header.taken,
        _measure_colour(decode(data, upright, limits).rgb),
        None if steps is None else tuple(steps[_LOW[:, 0], _LOW[:, 1]].tolist()),
        orientation=header.orientation,
    )  # fmt: skip
    if width * height > MAX_PIXELS:
        return facts
    rgb = decode(data, replace(upright, width=width, height=height, draft=False), limits).rgb
    return replace(
        facts,
        spectrum_x=_spectrum(rgb),
        spectrum_y=_spectrum(rgb.transpose(1, 0, 2)),
        grids=_sample_grids(rgb),
        few_colours=_has_few_colours(rgb),
    )


def _has_few_colours(rgb: NDArray[np.uint8]) -> bool:
    """Return whether the pixels have at most 256 colours."""
    packed = rgb.reshape(-1, 3).astype(np.uint32) @ np.array([1, 256, 65536], np.uint32)
    # A sample settles nearly every photo, without sorting all pixels.
    parts = packed[:: len(packed) // _SAMPLED_PIXELS + 1], packed
    return all(len(np.unique(part)) <= _PALETTE for part in parts)


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


def _cosines() -> NDArray[np.float32]:
    """Return the matrix of the discrete cosine transform of a row : (BLOCK, BLOCK)."""
    k, n = np.arange(BLOCK)[:, None], np.arange(BLOCK)
    matrix = 0.5 * np.cos((2 * n + 1) * k * np.pi / (2 * BLOCK))
    matrix[0] /= np.sqrt(2)
    return matrix.astype(np.float32)


_DCT = _cosines()


def _sample_grids(rgb: NDArray[np.uint8]) -> Grids:
    """Return the samples of the grids that begin at each corner. Equal ones are one array."""
    by_shift: dict[tuple[int, int], Samples] = {}
    grids = []
    for corner in CORNERS:
        x, y = grid_shift(rgb.shape, corner)
        if (x, y) not in by_shift:
            by_shift[x, y] = sample_blocks(rgb[y:, x:])
        grids.append(by_shift[x, y])
    return tuple(grids)


def grid_shift(size: tuple[int, ...], corner: tuple[bool, bool]) -> tuple[int, int]:
    """Return where the first whole block of a grid begins, from the left and from the top. size :
    height and width."""
    right, bottom = corner
    return size[1] % BLOCK if right else 0, size[0] % BLOCK if bottom else 0


def sample_blocks(rgb: NDArray[np.uint8]) -> Samples:
    """Return the low frequencies of the blocks with most detail, among some : (N, 28).

    The first column numbers the blocks that were tried. In images of one size, a number names one
    place.
    """
    rows, columns = rgb.shape[0] // BLOCK, rgb.shape[1] // BLOCK
    numbers = np.unique(np.linspace(0, max(rows * columns - 1, 0), _TRIED_BLOCKS).astype(int))
    if not rows * columns:
        return _no_blocks()
    cut = rgb[: rows * BLOCK, : columns * BLOCK]
    cut = cut.reshape(rows, BLOCK, columns, BLOCK, 3).transpose(0, 2, 1, 3, 4)
    blocks = _luma(cut[numbers // columns, numbers % columns])
    coefficients = (_DCT @ blocks @ _DCT.T)[:, _LOW[:, 0], _LOW[:, 1]]
    detail = np.argsort(-np.abs(coefficients).sum(1), kind="stable")[:_BLOCKS]
    chosen = np.sort(detail)
    return np.column_stack([chosen, coefficients[chosen]]).astype(np.float32)

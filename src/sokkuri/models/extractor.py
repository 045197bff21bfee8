"""Compute feature vectors from RGB pixels, with the preprocessing of the model card.

One extractor serves any number of threads. A network computes on the calling thread alone: with
threads of the session's own, workers slow each other down (0.56 times the rate on two cores).
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import ExtractError, ModelError
from sokkuri.core.types import Features
from sokkuri.models import Model
from sokkuri.models.session import Device, first_line, open_session, runtime_errors


class Extractor:
    """A loaded network. Raises ModelError when ONNX Runtime cannot load it."""

    def __init__(
        self,
        model: Model,
        *,
        device: Device = "cpu",
        threads: int = 1,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.dimension = model.card.dimension
        self._card = model.card
        # (x / scale - mean) / std as x / divisor - shift: two passes over the pixels, not three,
        # and without mean and std exactly the article's x / 255.
        std = np.asarray(model.card.std, np.float32)
        channels = (3, 1, 1) if model.card.layout == "NCHW" else (3,)
        self._divisor = (np.float32(model.card.scale) * std).reshape(channels)
        self._shift = (np.asarray(model.card.mean, np.float32) / std).reshape(channels)
        self._centre = np.asarray(model.card.centre, np.float32)
        self._session = open_session(model, device, threads, say)
        self._takes_bytes = self._session.dtype is np.uint8
        if self._takes_bytes and ((self._divisor != 1).any() or self._shift.any()):
            raise ModelError(
                f"{model.path} takes bytes from 0 to 255: its card must have scale = 1, and "
                "neither mean nor std"
            )

    @property
    def on_gpu(self) -> bool:
        return self._session.provider != "CPUExecutionProvider"

    def extract(self, rgb: NDArray[np.uint8]) -> Features:
        """rgb : (B, H, W, 3) uint8 of the card's size -> (B, D) float32, C-contiguous.

        Safe to call from many threads. Pass one image at a time where a vector's bits must not
        depend on its batch. Raises ExtractError when the network fails or returns no finite vector.
        """
        try:
            out = np.concatenate([self._session.run(part) for part in self.network_inputs(rgb)])
        except runtime_errors() as error:
            raise ExtractError(f"the network failed: {first_line(error)}") from error
        if self._card.pooling == "first" and out.ndim == 3:
            out = out[:, 0]
        features: Features = np.ascontiguousarray(
            np.reshape(out[: len(rgb)], (len(rgb), -1)), np.float32
        )
        if features.shape[1] != self.dimension:
            raise ExtractError(
                f"the network returned {features.shape[1]} numbers, "
                f"not {self.dimension} as its card says"
            )
        if not np.isfinite(features).all():
            raise ExtractError("the network returned a vector that is not finite")
        if self._centre.size:
            features = features - self._centre
        return features

    def network_inputs(self, rgb: NDArray[np.uint8]) -> Iterator[NDArray[Any]]:
        """Yield the network's input for these images, in parts of its batch size.

        rgb : (B, H, W, 3) uint8 of the card's size.
        """
        return self._parts(self._input_values(rgb))

    def _input_values(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8 | np.float32]:
        """Return the network's input for these pixels, not yet of its dtype and batch size."""
        ordered = rgb.transpose(0, 3, 1, 2) if self._card.layout == "NCHW" else rgb
        if self._takes_bytes:
            return np.ascontiguousarray(ordered)
        # One pass for layout and conversion is six times as fast as two.
        values: NDArray[np.float32] = np.divide(ordered, self._divisor, order="C")
        if self._shift.any():
            values -= self._shift
        return values

    def _parts(self, values: NDArray[np.uint8 | np.float32]) -> Iterator[NDArray[Any]]:
        """Yield the values in the network's type and batch size. A network with a fixed batch size
        gets its last batch filled up with copies of the last image."""
        converted = values.astype(self._session.dtype, copy=False)
        step = self._session.batch or len(values)
        for start in range(0, len(values), step):
            part = converted[start : start + step]
            missing = step - len(part)
            yield np.concatenate([part, part[-1:].repeat(missing, 0)]) if missing else part
